"""The three networks, loaded into a runtime."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.card import read_card
from engine.detectors import detector_card
from engine.labels import KEYPOINTS, LABELS
from engine.runtimes.registry import RuntimeName, find_backend
from engine.runtimes.runtime import Accelerator, Cards, PrecisionName
from engine.settings import DetectorName
from engine.stages.classify import Classifier
from engine.stages.detect import Detector
from engine.stages.track import LOW_SCORE_MARGIN


@dataclass(frozen=True, slots=True)
class Networks:
    """The three networks as the stages use them."""

    detector: Detector
    classifier: Classifier
    new_track_score: float  # of the detector: a face with this score begins a track
    versions: Mapping[str, str]  # of detector, keypoints and emotion
    accelerator: Accelerator | None = None  # not started; None where the runtime has none


def load_networks(
    threads: int = 1,
    detector: DetectorName = "mien",
    runtime: RuntimeName = "onnx",
    precision: PrecisionName = "auto",
) -> Networks:
    """Load the networks into a runtime; `threads`: CPU threads for each of them.

    Raises CardMismatchError when a weight file does not fit its card, NoGpuError where `runtime` needs a GPU
    and this machine has none.
    """
    cards = Cards(detector_card(detector), read_card("keypoints", KEYPOINTS), read_card("emotion", LABELS))
    loaded = find_backend(runtime).load(cards, threads, precision)
    threshold = loaded.cards.detector.threshold
    return Networks(
        detector=Detector(loaded.detector, threshold - LOW_SCORE_MARGIN),
        classifier=Classifier(loaded.resnets, loaded.cards.emotion),
        new_track_score=threshold,
        versions={
            "detector": loaded.cards.detector.version,
            "keypoints": loaded.cards.keypoints.version,
            "emotion": loaded.cards.emotion.version,
        },
        accelerator=loaded.accelerator,
    )
