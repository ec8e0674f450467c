"""Compares another runtime with ONNX Runtime on synthetic faces; a plan must stay within the bounds below."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.records import Floats
from engine.runtimes.runtime import Runtime, Tensors
from engine.runtimes.tensorrt.plans import PlanError
from engine.runtimes.tensorrt.synthetic_faces import synthetic_crops, synthetic_frames
from engine.tensors import decode_boxes, grid, iou, softmax

MAX_PROBABILITY_DIFFERENCE = 0.01
MAX_KEYPOINT_DISTANCE = 0.1  # pixels of the crop
MIN_IOU = 0.95  # of a box with its counterpart

CROPS = 64
ODD = 5  # crops of a second batch, which fills none of the batch sizes
# (frames, height, width) that usual cameras give; the first are more than fit into one batch.
FRAMES = ((17, 384, 640), (2, 480, 640), (2, 640, 384), (2, 256, 320))
SCORE_TOLERANCE = 0.02  # below the threshold, in one runtime where the other reaches it


@dataclass(frozen=True, slots=True)
class Parity:
    """Largest differences between two runtimes; None where they were not compared."""

    probability: float | None = None
    keypoint: float | None = None  # pixels of the crop
    iou: float | None = None  # the lowest of a cell's two boxes; 0 where only one runtime detects a face

    def check(self) -> None:
        """Raise PlanError where a difference is beyond its bound, or NaN."""
        if self.probability is not None and not self.probability <= MAX_PROBABILITY_DIFFERENCE:
            bound = MAX_PROBABILITY_DIFFERENCE
            raise PlanError(f"probabilities differ by {self.probability:.4f}, more than {bound}")
        if self.keypoint is not None and not self.keypoint <= MAX_KEYPOINT_DISTANCE:
            raise PlanError(f"keypoints differ by {self.keypoint:.3f} px, more than {MAX_KEYPOINT_DISTANCE}")
        if self.iou is not None and not self.iou >= MIN_IOU:
            raise PlanError(f"boxes overlap at an IoU of {self.iou:.3f}, less than {MIN_IOU}")


def compare_readings(one: Runtime, other: Runtime, temperature: float) -> Parity:
    """Compare both ResNets on synthetic crops; `temperature`: of the emotion network, from its card."""
    crops = synthetic_crops(CROPS + ODD)
    probability = keypoint = 0.0
    for batch in (crops[:CROPS], crops[CROPS:]):
        outputs = [runtime.run({"crops": batch}) for runtime in (one, other)]
        first, second = (softmax(output["logits"] / np.float32(temperature)) for output in outputs)
        # np.maximum keeps NaN; max() would lose it.
        probability = float(np.maximum(probability, np.abs(first - second).max()))
        distances = np.linalg.norm(outputs[0]["keypoints"] - outputs[1]["keypoints"], axis=-1)
        keypoint = float(np.maximum(keypoint, distances.max()))
    return Parity(probability=probability, keypoint=keypoint)


def compare_detections(one: Runtime, other: Runtime, threshold: float) -> Parity:
    """Compare detectors on synthetic frames; `threshold`: the lowest score of a face.

    Cells are compared, not faces: a face is the mean of its cells above the threshold, and moves when one
    more or one less is above it.
    """
    lowest = []
    for count, height, width in FRAMES:
        frames = synthetic_frames(count, height, width)
        outputs = [runtime.run({"frames": frames}) for runtime in (one, other)]
        lowest.append(_lowest_iou(outputs, grid(height, width), threshold))
    return Parity(iou=float(np.min(lowest)))  # NaN if one of them is


def _lowest_iou(outputs: Sequence[Tensors], cells: Floats, threshold: float) -> float:
    """Return the lowest IoU at cells where either reaches the threshold; 0 where the other is far below."""
    scores = np.stack([output["score"] for output in outputs])  # (2, frames, cells)
    compared = ~(scores < threshold).all(axis=0)  # NaN is compared
    if not compared.any():
        return 1.0
    if not scores[:, compared].min() >= threshold - SCORE_TOLERANCE:
        return 0.0
    places = np.broadcast_to(cells, (*compared.shape, 3))[compared]
    boxes = [decode_boxes(places, output["box"][compared]) for output in outputs]
    return float(np.min([iou(first, second[None]) for first, second in zip(*boxes, strict=True)]))
