"""Matching of detections with labelled faces: true and false positives, recall, average precision."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.records import Floats
from engine.tensors import iou

MIN_IOU = 0.5  # from which a detection matches a labelled box
SIZES = (0, 12, 16, 24, 36, 60, 120)  # pixels, lower ends of the bands of face sizes


@dataclass(frozen=True, slots=True, eq=False)
class GroundTruth:
    """The labelled faces of a picture; boxes are left, top, right, bottom in pixels."""

    faces: Floats  # (n, 4) must be detected
    ignored: Floats  # (m, 4) may be detected or not


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """The detected faces of a picture, highest score first."""

    boxes: Floats  # (k, 4)
    scores: Floats  # (k,)


@dataclass(frozen=True, slots=True, eq=False)
class DetectionResults:
    """Ground truth and detections of several pictures."""

    truths: Sequence[GroundTruth]
    detections: Sequence[Detections]

    @property
    def faces(self) -> int:
        return sum(len(truth.faces) for truth in self.truths)

    def above(self, threshold: float) -> Iterator[tuple[GroundTruth, Detections]]:
        """Yield each picture's labels and its detections of at least this score."""
        for truth, detections in zip(self.truths, self.detections, strict=True):
            chosen = detections.scores >= threshold
            yield truth, Detections(detections.boxes[chosen], detections.scores[chosen])


@dataclass(frozen=True, slots=True)
class Counts:
    """Detections and faces at one threshold."""

    true_positives: int
    false_positives: int
    false_negatives: int

    @property
    def recall(self) -> float:
        return self.true_positives / max(1, self.true_positives + self.false_negatives)

    @property
    def precision(self) -> float:
        return self.true_positives / max(1, self.true_positives + self.false_positives)


def match(truth: GroundTruth, detections: Detections) -> NDArray[np.object_]:
    """Return (k,) True for a true positive, False for a false one, None for a match with an ignored box."""
    unmatched = np.ones(len(truth.faces), dtype=np.bool_)
    verdicts: NDArray[np.object_] = np.full(len(detections.boxes), False, dtype=object)
    for number, box in enumerate(detections.boxes):
        ious = np.where(unmatched, iou(box, truth.faces), 0.0)
        if len(ious) and ious.max() >= MIN_IOU:
            unmatched[ious.argmax()] = False
            verdicts[number] = True
        elif (iou(box, truth.ignored) >= MIN_IOU).any():
            verdicts[number] = None
    return verdicts


def count(results: DetectionResults, threshold: float) -> Counts:
    """Count over all pictures the detections with at least this score."""
    verdicts = [one for truth, detections in results.above(threshold) for one in match(truth, detections)]
    true_positives = sum(one is True for one in verdicts)
    return Counts(
        true_positives=true_positives,
        false_positives=sum(one is False for one in verdicts),
        false_negatives=results.faces - true_positives,
    )


def lowest_threshold(results: DetectionResults, max_false_positives: int) -> float:
    """Return the lowest hundredth of a score with no more than so many false positives."""
    return next(
        hundredth / 100
        for hundredth in range(101)
        if count(results, hundredth / 100).false_positives <= max_false_positives
    )


def recall_by_size(results: DetectionResults, threshold: float) -> dict[str, tuple[int, int]]:
    """Return detected and labelled faces by the lower end of their band of SIZES (root of the area)."""
    labelled, detected = np.zeros((2, len(SIZES)), dtype=np.int64)
    for truth, detections in results.above(threshold):
        for face in truth.faces:
            size = float(np.sqrt(np.prod(face[2:] - face[:2])))
            band = int(np.searchsorted(SIZES, size, side="right")) - 1
            labelled[band] += 1
            detected[band] += bool((iou(face, detections.boxes) >= MIN_IOU).any())
    return {str(size): (int(f), int(n)) for size, f, n in zip(SIZES, detected, labelled, strict=True)}


def average_precision(results: DetectionResults) -> float:
    """Return the area under the curve of precision over recall, as PASCAL VOC from 2010 on.

    Each precision is the highest at its recall or a higher one. Needs detections down to a low score.
    """
    verdicts, scores = [], []
    for truth, detections in results.above(0.0):
        verdict = match(truth, detections)
        counts = np.array([one is not None for one in verdict], dtype=np.bool_)
        verdicts.append(verdict[counts].astype(np.bool_))
        scores.append(detections.scores[counts])
    correct = np.concatenate(verdicts)[np.argsort(-np.concatenate(scores), kind="stable")]
    precision = np.cumsum(correct) / np.arange(1, len(correct) + 1)
    highest = np.maximum.accumulate(precision[::-1])[::-1]
    return float(highest[correct].sum() / max(1, results.faces))
