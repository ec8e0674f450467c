"""The three networks, loaded for the CPU, with what is to bring them to a GPU."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.card import read_card
from engine.labels import KEYPOINTS, LABELS
from engine.runtimes.cpu import suited
from engine.runtimes.onnx import OnnxRuntime, Runtime
from engine.runtimes.tensorrt.acceleration import Acceleration, can_accelerate
from engine.runtimes.tensorrt.plans import plans_folder
from engine.stages.classify import Classifier, Network, OneAfterOther
from engine.stages.detect import Detector
from engine.stages.track import UNSURE_BY
from engine.stages.yunet import YuNetRuntime
from engine.yunet import detector_card
from ingest.settings import DetectorName, PrecisionName, RuntimeName, data_folder


@dataclass(frozen=True, slots=True)
class Networks:
    """The three networks, loaded."""

    detector: Detector
    classifier: Classifier
    starts_from: float  # the detector's score of a face that begins a track
    versions: Mapping[str, str]  # of detector, keypoints and emotion
    acceleration: Acceleration | None = None  # where the GPU is to be used; not yet started


def load_networks(
    threads: int = 1,
    detector: DetectorName = "mien",
    runtime: RuntimeName = "onnx",
    precision: PrecisionName = "auto",
) -> Networks:
    """Loads the weights on the CPU, and says what is to bring them to the GPU where `runtime` has it so.

    There both compute from the same weights, since they are compared; a CPU that is alone takes those of
    8 bits where they suit it. Raises CardMismatchError when a file does not fit its card, NoGpuError where
    `runtime` asks for a GPU in vain.
    """
    finding = detector_card(detector)
    keypoints = read_card("keypoints", KEYPOINTS)
    emotion = read_card("emotion", LABELS)
    accelerated = can_accelerate(runtime)
    if not accelerated:
        keypoints, emotion = suited(keypoints, precision), suited(emotion, precision)
    finder: Runtime = OnnxRuntime(finding.file, threads)
    if detector == "yunet":
        finder = YuNetRuntime(finder)
    both: Runtime = OneAfterOther(
        keypoints=Network(OnnxRuntime(keypoints.file, threads), keypoints),
        emotion=Network(OnnxRuntime(emotion.file, threads), emotion),
    )
    acceleration = None
    if accelerated:
        cards = {"keypoints": keypoints, "emotion": emotion}
        if detector == "mien":
            cards["detector"] = finding
        acceleration = Acceleration(cards, finder, both, plans_folder(data_folder()))
        finder, both = acceleration.finder, acceleration.both
    return Networks(
        detector=Detector(finder, finding.threshold - UNSURE_BY),
        classifier=Classifier(both, emotion),
        starts_from=finding.threshold,
        versions={
            "detector": finding.version,
            "keypoints": keypoints.version,
            "emotion": emotion.version,
        },
        acceleration=acceleration,
    )
