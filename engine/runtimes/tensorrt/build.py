"""Builds one network's plan: `python -m engine.runtimes.tensorrt.build NETWORK FOLDER`.

It is a process of its own: a build takes minutes, holds Python's lock at times, and may crash, which must not
end the engine.

Versions of TensorRT differ in half precision. Up to 8.6 a flag of the builder allows it, layer by layer, in a
float32 network of explicit batch. From 10 on, a strongly typed network has the types of its ONNX; 11 has no
other networks and neither flag. The attributes of the module show which flags there are.
"""

import argparse
import os
import sys
from pathlib import Path

import tensorrt

from engine.card import CardMismatchError, read_card
from engine.labels import KEYPOINTS, LABELS, LANDMARKS
from engine.runtimes.runtime import GpuError
from engine.runtimes.tensorrt.device import Device
from engine.runtimes.tensorrt.fp16 import NotConvertibleError, for_gpu
from engine.runtimes.tensorrt.log import TensorRTLog
from engine.runtimes.tensorrt.plans import PlanError, Profile, write_plan

OUTPUTS = {"detector": LANDMARKS, "keypoints": KEYPOINTS, "emotion": LABELS}
WORKSPACE = 1 << 30  # bytes of GPU memory for one layer
NICENESS = 10  # live work has priority

CREATION = tensorrt.NetworkDefinitionCreationFlag


def strongly_typed() -> bool:
    """Return whether this TensorRT takes half precision from the ONNX."""
    return hasattr(CREATION, "STRONGLY_TYPED") or not hasattr(tensorrt.BuilderFlag, "FP16")


def build(model: bytes, profile: Profile) -> bytes:
    """Build the plan of an ONNX network, which is in half precision if `strongly_typed`, else in float32.

    Raises PlanError, OutOfMemoryError.
    """
    trt_log = TensorRTLog()
    builder = tensorrt.Builder(trt_log)
    network = builder.create_network(_creation_flags())
    # The parser must live until the plan is built: the network uses its memory.
    parser = tensorrt.OnnxParser(network, trt_log)
    if not parser.parse(model):
        reasons = "; ".join(str(parser.get_error(index).desc()) for index in range(parser.num_errors))
        raise PlanError(f"TensorRT cannot read the network: {reasons}")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(tensorrt.MemoryPoolType.WORKSPACE, WORKSPACE)
    # Layers in float32 need its precision, which TF32 does not have.
    config.clear_flag(tensorrt.BuilderFlag.TF32)
    if not strongly_typed():
        config.set_flag(tensorrt.BuilderFlag.FP16)
    shapes = builder.create_optimization_profile()
    shapes.set_shape(profile.input, profile.least, profile.likely, profile.most)
    if config.add_optimization_profile(shapes) < 0:
        raise trt_log.failed(f"TensorRT does not take the shapes of {profile.input}")
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise trt_log.failed("TensorRT cannot build the plan")
    return bytes(plan)


def _creation_flags() -> int:
    """Return the flags that this version of TensorRT has; 10 ignores the first, 11 has neither."""
    names = ("EXPLICIT_BATCH", "STRONGLY_TYPED")
    return sum(1 << int(getattr(CREATION, name)) for name in names if hasattr(CREATION, name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=OUTPUTS)
    parser.add_argument("folder", type=Path, help="folder of the plans")
    arguments = parser.parse_args()
    os.nice(NICENESS)
    try:
        card = read_card(arguments.network, OUTPUTS[arguments.network])
        device = Device()
        key = device.key(arguments.network, card)
        with device.entered():
            plan = build(for_gpu(card.file, half=strongly_typed()), key.profile)
        write_plan(arguments.folder, key, plan)
    except (CardMismatchError, GpuError, NotConvertibleError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
