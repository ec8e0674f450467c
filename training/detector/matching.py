"""Compares found faces with labelled ones: who was found, what was invented, average precision."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.records import Floats
from engine.tensors import iou

OVERLAP = 0.5  # IoU from which a found box counts as the labelled one
SIZES = (0, 12, 16, 24, 36, 60, 120)  # pixels, where bands of faces begin


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A picture's faces; boxes are left, top, right, bottom in pixels."""

    faces: Floats  # (n, 4) must be found
    ignored: Floats  # (m, 4) may be found or not


@dataclass(frozen=True, slots=True, eq=False)
class Guessed:
    """What a detector found in a picture, the surest first."""

    boxes: Floats  # (k, 4)
    scores: Floats  # (k,)


@dataclass(frozen=True, slots=True)
class Count:
    """Faces that were found, missed and invented at one threshold."""

    found: int
    missed: int
    invented: int

    @property
    def recall(self) -> float:
        return self.found / max(1, self.found + self.missed)


def judge(labelled: Labelled, guessed: Guessed) -> NDArray[np.object_]:
    """(k,) True: a face; False: invented; None: neither, since it covers an ignored box."""
    free = np.ones(len(labelled.faces), dtype=np.bool_)
    verdict: NDArray[np.object_] = np.full(len(guessed.boxes), False, dtype=object)
    for number, box in enumerate(guessed.boxes):
        overlaps = np.where(free, iou(box, labelled.faces), 0.0)
        if len(overlaps) and overlaps.max() >= OVERLAP:
            free[overlaps.argmax()] = False
            verdict[number] = True
        elif (iou(box, labelled.ignored) >= OVERLAP).any():
            verdict[number] = None
    return verdict


def count(labels: Sequence[Labelled], guesses: Sequence[Guessed], threshold: float) -> Count:
    """Counts over all pictures what is found with at least this score."""
    found = invented = 0
    for labelled, guessed in zip(labels, guesses, strict=True):
        sure = guessed.scores >= threshold
        verdict = judge(labelled, Guessed(guessed.boxes[sure], guessed.scores[sure]))
        found += sum(one is True for one in verdict)
        invented += sum(one is False for one in verdict)
    faces = sum(len(labelled.faces) for labelled in labels)
    return Count(found=found, missed=faces - found, invented=invented)


def least_threshold(labels: Sequence[Labelled], guesses: Sequence[Guessed], inventions: int) -> float:
    """The least hundredth of a score at which no more than so many faces are invented."""
    return next(
        hundredth / 100
        for hundredth in range(101)
        if count(labels, guesses, hundredth / 100).invented <= inventions
    )


def recall_by_size(
    labels: Sequence[Labelled], guesses: Sequence[Guessed], threshold: float
) -> dict[str, tuple[int, int]]:
    """Faces found and faces there, by the least size (root of the area, pixels) of each band of SIZES."""
    there, found = np.zeros((2, len(SIZES)), dtype=np.int64)
    for labelled, guessed in zip(labels, guesses, strict=True):
        boxes = guessed.boxes[guessed.scores >= threshold]
        for face in labelled.faces:
            size = float(np.sqrt(np.prod(face[2:] - face[:2])))
            band = int(np.searchsorted(SIZES, size, side="right")) - 1
            there[band] += 1
            found[band] += bool((iou(face, boxes) >= OVERLAP).any())
    return {str(size): (int(f), int(n)) for size, f, n in zip(SIZES, found, there, strict=True)}


def average_precision(labels: Sequence[Labelled], guesses: Sequence[Guessed]) -> float:
    """The area under precision over recall, each precision the best at that recall or a higher one.

    As PASCAL VOC from 2010 on; needs guesses down to a low score.
    """
    verdicts, scores = [], []
    for labelled, guessed in zip(labels, guesses, strict=True):
        verdict = judge(labelled, guessed)
        counts = np.array([one is not None for one in verdict], dtype=np.bool_)
        verdicts.append(verdict[counts].astype(np.bool_))
        scores.append(guessed.scores[counts])
    right = np.concatenate(verdicts)[np.argsort(-np.concatenate(scores), kind="stable")]
    faces = sum(len(labelled.faces) for labelled in labels)
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best[right].sum() / max(1, faces))
