"""Finds faces in grey frames: shrinks, batches, runs the network, decodes the few cells that are sure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.records import Box, Face, Floats
from engine.runtimes.onnx import Runtime

LONG_SIDE = 640  # pixels; larger frames are shrunk to it
STRIDES = (8, 16, 32)
SAME_FACE = 0.45  # IoU from which two boxes are one face; as in YuNet's demo
WITHIN = 0.75  # share of the smaller of two boxes from which it is a part of the same face; a guess
LARGEST = 4.0  # natural logarithm of a box's side in strides, where the exponential is cut

Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    """What the sure cells of one frame say, in pixels of the shrunk frame."""

    scores: Floats  # (k,)
    boxes: Floats  # (k, 4) left, top, right, bottom
    landmarks: Floats  # (k, 5, 2)


class Detector:
    """Finds faces in grey frames.

    The runtime's network takes `frames` (n, 1, height, width), 0..255, and gives `score` (n, cells), `box`
    (n, cells, 4) and `landmark` (n, cells, 10) as training.detector.network.DetectorNetwork says.
    """

    def __init__(self, runtime: Runtime, threshold: float) -> None:
        """`threshold`: score from which a find is told."""
        self._runtime = runtime
        self._threshold = threshold

    def find(self, greys: Sequence[Grey]) -> list[list[Face]]:
        """The faces of each (height, width) frame, the surest first; one list per frame.

        Frames that come to the same shape go through the network together.
        """
        shrunk = [_shrink(grey) for grey in greys]
        by_shape: dict[tuple[int, int], list[int]] = {}
        for number, grey in enumerate(shrunk):
            by_shape.setdefault(_padded(grey), []).append(number)
        found: list[list[Face]] = [[] for _ in greys]
        for (height, width), numbers in by_shape.items():
            frames = np.zeros((len(numbers), 1, height, width), dtype=np.float32)
            for place, number in enumerate(numbers):
                rows, columns = shrunk[number].shape
                frames[place, 0, :rows, :columns] = shrunk[number]
            outputs = self._runtime.run({"frames": frames})
            cells = grid(height, width)
            for place, number in enumerate(numbers):
                candidates = self._decode({name: output[place] for name, output in outputs.items()}, cells)
                found[number] = _faces(candidates, shrunk[number].shape)
        return found

    def _decode(self, outputs: Mapping[str, Floats], cells: Floats) -> _Candidates:
        sure = np.flatnonzero(outputs["score"] >= self._threshold)
        middle, stride = cells[sure, :2], cells[sure, 2:]
        landmark = outputs["landmark"][sure]
        return _Candidates(
            scores=outputs["score"][sure],
            boxes=boxes_at(cells[sure], outputs["box"][sure]),
            landmarks=middle[:, None] + landmark.reshape(-1, 5, 2) * stride[:, None],
        )


def grid(height: int, width: int) -> Floats:
    """(cells, 3): x and y of each cell's middle and its stride in pixels, in the network's order."""
    levels = []
    for stride in STRIDES:
        y, x = np.mgrid[0 : height // stride, 0 : width // stride].reshape(2, -1)
        levels.append(np.stack([(x + 0.5) * stride, (y + 0.5) * stride, np.full(x.shape, stride)], axis=1))
    return np.concatenate(levels).astype(np.float32)


def boxes_at(cells: Floats, box: Floats) -> Floats:
    """(k, 4) left, top, right, bottom in pixels, of what the network says at these cells of `grid`."""
    middle, stride = cells[:, :2], cells[:, 2:]
    centre = middle + box[:, :2] * stride
    half = np.exp(np.minimum(box[:, 2:], LARGEST)) * stride / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def _shrink(grey: Grey) -> Grey:
    height, width = grey.shape
    scale = LONG_SIDE / max(height, width)
    if scale >= 1.0:
        return grey
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _padded(grey: Grey) -> tuple[int, int]:
    """Height and width, each brought up to a multiple of the largest stride."""
    height, width = grey.shape
    step = STRIDES[-1]
    return -(-height // step) * step, -(-width // step) * step


def _faces(candidates: _Candidates, shape: tuple[int, ...]) -> list[Face]:
    """Makes one face of the candidates that overlap: the mean of them, weighted by their scores.

    A box that lies within another, or about it, says nothing of where the face is and is left out.
    """
    height, width = shape
    size = np.array([width, height], dtype=np.float32)
    faces = []
    left = np.argsort(-candidates.scores, kind="stable")
    while len(left):
        best, boxes = candidates.boxes[left[0]], candidates.boxes[left]
        same = overlap(best, boxes) >= SAME_FACE
        group, left = left[same], left[~same & (_shared(best, boxes) < WITHIN)]
        weights = candidates.scores[group] / candidates.scores[group].sum()
        box = (weights @ candidates.boxes[group]).reshape(2, 2) / size
        mean = np.tensordot(weights, candidates.landmarks[group], axes=1)
        landmarks = np.asarray(mean / size, dtype=np.float32)
        landmarks.setflags(write=False)
        (x0, y0), (x1, y1) = box.tolist()
        faces.append(Face(Box(x0, y0, x1, y1), float(candidates.scores[group[0]]), landmarks))
    return faces


def overlap(box: Floats, boxes: Floats) -> Floats:
    """IoU of one box (4,) with (k, 4) others."""
    shared, smaller, larger = _areas(box, boxes)
    return np.asarray(shared / np.maximum(smaller + larger - shared, 1e-9), dtype=np.float32)


def _shared(box: Floats, boxes: Floats) -> Floats:
    """Which share of the smaller one a box (4,) and each of (k, 4) others have in common."""
    shared, smaller, _ = _areas(box, boxes)
    return np.asarray(shared / np.maximum(smaller, 1e-9), dtype=np.float32)


def _areas(box: Floats, boxes: Floats) -> tuple[Floats, Floats, Floats]:
    """Of a box and each other: the area that they share, that of the smaller, that of the larger."""
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    shared = np.clip(sides, 0.0, None).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    own = (box[2:] - box[:2]).prod()
    return shared, np.minimum(areas, own), np.maximum(areas, own)
