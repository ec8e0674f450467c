"""Whether another runtime reads what ONNX Runtime reads, within the bounds that a plan must keep to serve."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.classify import softmax
from engine.detect import Detector, overlap
from engine.records import Box, Face, Floats
from engine.runtimes.drawn import drawn_crops, drawn_frames
from engine.runtimes.faults import PlanError
from engine.runtimes.onnx import Runtime

PROBABILITY = 0.01  # largest difference of a class's probability
PIXELS = 0.1  # largest difference of a keypoint, in pixels of the crop
SAME_BOX = 0.95  # least IoU of a box with its counterpart

CROPS = 64
ODD = 5  # crops of a second batch, which fills none of the sizes
FRAMES = 20  # more than go through the detector at once
STEADY = 0.02  # score above the threshold from which a face must not be missing on either side


@dataclass(frozen=True, slots=True)
class Parity:
    """How far two runtimes lie apart; None where it was not asked."""

    probability: float | None = None
    pixels: float | None = None
    overlap: float | None = None  # the least of a box with its counterpart, 0 where it has none

    def check(self) -> None:
        """Raises PlanError where a bound is not kept; what is no number keeps none."""
        if self.probability is not None and not self.probability <= PROBABILITY:
            raise PlanError(f"expected probabilities within {PROBABILITY}, actual {self.probability:.4f} off")
        if self.pixels is not None and not self.pixels <= PIXELS:
            raise PlanError(f"expected keypoints within {PIXELS} px, actual {self.pixels:.3f} px off")
        if self.overlap is not None and not self.overlap >= SAME_BOX:
            raise PlanError(f"expected boxes at an IoU of {SAME_BOX}, actual {self.overlap:.3f}")


def compare_readings(ours: Runtime, theirs: Runtime, temperature: float) -> Parity:
    """Both runtimes on drawn crops; `temperature` as the emotion network's card says."""
    crops = drawn_crops(CROPS + ODD)
    probability = pixels = 0.0
    for batch in (crops[:CROPS], crops[CROPS:]):
        one, other = ours.run({"crops": batch}), theirs.run({"crops": batch})
        distributions = [softmax(each["logits"] / np.float32(temperature)) for each in (one, other)]
        # np.maximum keeps what is no number; max() would lose it.
        probability = float(np.maximum(probability, np.abs(distributions[0] - distributions[1]).max()))
        apart = np.linalg.norm(one["keypoints"] - other["keypoints"], axis=-1)
        pixels = float(np.maximum(pixels, apart.max()))
    return Parity(probability=probability, pixels=pixels)


def compare_finds(ours: Runtime, theirs: Runtime, threshold: float) -> Parity:
    """Both runtimes on drawn frames; `threshold`: score from which a face is sure."""
    frames = drawn_frames(FRAMES)
    unsure = threshold - STEADY  # a face that one side finds just below the threshold is no other face
    one, other = (Detector(runtime, unsure).find(frames) for runtime in (ours, theirs))
    least = 1.0
    for here, there in zip(one, other, strict=True):
        least = min(least, _least_overlap(here, there, threshold), _least_overlap(there, here, threshold))
    return Parity(overlap=least)


def _least_overlap(faces: Sequence[Face], others: Sequence[Face], threshold: float) -> float:
    """Of each sure face with the best of the others."""
    boxes = np.array([_corners(other.box) for other in others], dtype=np.float32).reshape(-1, 4)
    sure = (face for face in faces if face.score >= threshold)
    return min((float(overlap(_corners(face.box), boxes).max(initial=0.0)) for face in sure), default=1.0)


def _corners(box: Box) -> Floats:
    return np.array([box.left, box.top, box.right, box.bottom], dtype=np.float32)
