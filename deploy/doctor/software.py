"""The software: the decoder, the networks, ONNX Runtime, the GPU and the packages of the demo.

Each check imports what it needs: where a package is missing, the other checks still run.
"""

import importlib.util
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from deploy.doctor.finding import Finding

PORTRAITS = ("matplotlib", "skimage")  # of the extra `demo`


def decoder() -> Iterator[Finding]:
    from ingest.codecs import decoder_version, missing_decoders

    missing = missing_decoders()
    if "h264" in missing:
        yield Finding("decoder", "fault", f"{decoder_version()} lacks h264", "install PyAV from its wheel")
    elif missing:
        found = f"{decoder_version()} lacks {', '.join(missing)}"
        yield Finding("decoder", "note", found, "install PyAV from its wheel to read such video")
    else:
        yield Finding("decoder", "ok", f"{decoder_version()}; the program ffmpeg is not needed")


def networks(data: Path) -> Iterator[Finding]:
    """Check that the weights match their cards, and select those for this CPU."""
    from engine.card import CardMismatchError, read_card
    from engine.detectors import detector_card
    from engine.labels import KEYPOINTS, LABELS
    from engine.runtimes.cpu import select_weights
    from engine.settings import EngineSettings

    try:
        settings = EngineSettings.read("detector", "precision")
        cards = [
            detector_card(settings.detector, data=data),
            select_weights(read_card("keypoints", KEYPOINTS), settings.precision),
            select_weights(read_card("emotion", LABELS), settings.precision),
        ]
    except CardMismatchError as error:
        yield Finding("networks", "fault", str(error), "reinstall mien, or download the file again")
    else:
        versions = [f"{card.version} ({card.bits} bits)" for card in cards]
        yield Finding("networks", "ok", f"on the CPU {', '.join(versions)}")


def onnx_runtime() -> Iterator[Finding]:
    """Run the emotion network once."""
    import numpy as np

    from engine.card import CardMismatchError, read_card
    from engine.labels import LABELS
    from engine.runtimes.cpu import select_weights
    from engine.runtimes.onnx import OnnxRuntime
    from engine.tensors import CROP_SIDE

    try:
        runtime = OnnxRuntime(select_weights(read_card("emotion", LABELS)).file)
    except CardMismatchError:
        return  # a finding of `networks`
    runtime.run({"crops": np.zeros((1, 1, CROP_SIDE, CROP_SIDE), dtype=np.float32)})
    yield Finding("ONNX Runtime", "ok", f"{version('onnxruntime')} runs the networks on the CPU")


def gpu() -> Iterator[Finding]:
    """Check the driver before TensorRT is imported: without one some of its calls end the process."""
    from engine.runtimes.runtime import NoGpuError
    from engine.runtimes.tensorrt.driver import check_gpu
    from engine.settings import EngineSettings

    required = EngineSettings.read("runtime").runtime == "tensorrt"
    try:
        check_gpu()
    except NoGpuError as error:
        if required:
            yield Finding("GPU", "fault", str(error), "or set MIEN_RUNTIME=auto, which works without a GPU")
        else:
            advice = "to use one install its driver and the extra `gpu`"
            yield Finding("GPU", "note", f"{error}: the networks run on the CPU", advice)
    else:
        versions = ", ".join(f"{name} {version(name)}" for name in ("pycuda", "tensorrt"))
        yield Finding("GPU", "ok", f"NVIDIA's driver starts; {versions}")


def portraits() -> Iterator[Finding]:
    missing = [name for name in PORTRAITS if importlib.util.find_spec(name) is None]
    if missing:
        advice = "the extra `demo` has them; without it `mien serve --demo` does not work"
        yield Finding("demo", "note", f"{', '.join(missing)} missing", advice)
    else:
        yield Finding("demo", "ok", "its portraits are installed")
