"""Whether another runtime reads what ONNX Runtime reads, within the bounds that a plan must keep to serve."""

from dataclasses import dataclass

import numpy as np

from engine.records import Floats
from engine.runtimes.faults import PlanError
from engine.runtimes.onnx import Runtime
from engine.runtimes.tensorrt.synthetic_faces import drawn_crops, drawn_frames
from engine.stages.classify import softmax
from engine.stages.detect import boxes_at, grid, overlap

PROBABILITY = 0.01  # largest difference of a class's probability
PIXELS = 0.1  # largest difference of a keypoint, in pixels of the crop
SAME_BOX = 0.95  # least IoU of a box with its counterpart

CROPS = 64
ODD = 5  # crops of a second batch, which fills none of the sizes
# (frames, height, width) as the detector gets them from usual cameras; the first are more than go at once.
FRAMES = ((17, 384, 640), (2, 480, 640), (2, 640, 384), (2, 256, 320))
STEADY = 0.02  # score by which one runtime may lie below the threshold where the other reaches it


@dataclass(frozen=True, slots=True)
class Parity:
    """How far two runtimes lie apart; None where it was not asked."""

    probability: float | None = None
    pixels: float | None = None
    overlap: float | None = None  # the least of a cell's two boxes, 0 where one runtime finds nothing there

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
    """Both runtimes on drawn frames; `threshold`: score from which a find is sure.

    Cell by cell: a face is the mean of its sure cells, and moves when one comes to be just sure or just not.
    """
    least = 1.0
    for count, height, width in FRAMES:
        frames = drawn_frames(count, height, width)
        one, other = ours.run({"frames": frames}), theirs.run({"frames": frames})
        for number in range(count):
            here = _Found(one["score"][number], one["box"][number])
            there = _Found(other["score"][number], other["box"][number])
            # np.minimum keeps what is no number.
            least = float(np.minimum(least, _least_overlap(here, there, grid(height, width), threshold)))
    return Parity(overlap=least)


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What a runtime says of one frame, cell by cell."""

    score: Floats  # (cells,)
    box: Floats  # (cells, 4) as the network gives it


def _least_overlap(one: _Found, other: _Found, cells: Floats, threshold: float) -> float:
    """Of the boxes at each cell that either is sure of; 0 where the other is far from it."""
    unsure = (one.score < threshold) & (other.score < threshold)
    sure = np.flatnonzero(~unsure)  # so what is no number counts
    if not len(sure):
        return 1.0
    if not np.minimum(one.score[sure], other.score[sure]).min() >= threshold - STEADY:
        return 0.0
    ours, theirs = boxes_at(cells[sure], one.box[sure]), boxes_at(cells[sure], other.box[sure])
    return float(np.min([overlap(here, there[None]) for here, there in zip(ours, theirs, strict=True)]))
