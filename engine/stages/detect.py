"""Detects faces in grey frames: shrinks them, runs the network on batches, decodes and merges its boxes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.records import Box, Face, Floats
from engine.runtimes.runtime import Runtime
from engine.tensors import LONG_SIDE, STRIDES, containment, decode_boxes, grid, iou

SAME_FACE_IOU = 0.45  # boxes from this IoU on are one face; as in YuNet's demo
PART_OF_FACE = 0.75  # a box with this share in another, or the other way round, is part of its face; a guess

Grey = NDArray[np.uint8]
Shape = tuple[int, int]  # height, width


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    """Boxes of one frame above the threshold, in pixels of the shrunk frame."""

    scores: Floats  # (k,)
    boxes: Floats  # (k, 4) left, top, right, bottom
    landmarks: Floats  # (k, 5, 2)


class Detector:
    """Detects faces in grey frames.

    The network takes `frames` (n, 1, height, width), 0..255, and returns `score` (n, cells), `box`
    (n, cells, 4) and `landmark` (n, cells, 10): for each cell of engine.tensors.grid, in its strides, the
    offset of the box's centre and the logarithms of its sides, and the offsets of five landmarks.
    """

    def __init__(self, runtime: Runtime, threshold: float) -> None:
        """`threshold`: the lowest score of a face that is returned."""
        self._runtime = runtime
        self._threshold = threshold

    def detect(self, greys: Sequence[Grey]) -> list[list[Face]]:
        """Return the faces of each (height, width) frame, the best score first; one list per frame.

        Frames that have the same shape after padding go through the network as one batch.
        """
        shrunk = [_shrink(grey) for grey in greys]
        by_shape: dict[Shape, list[int]] = {}
        for number, grey in enumerate(shrunk):
            by_shape.setdefault(_padded_shape(grey), []).append(number)
        faces: dict[int, list[Face]] = {}
        for shape, numbers in by_shape.items():
            batch = self._detect_batch([shrunk[number] for number in numbers], shape)
            faces |= zip(numbers, batch, strict=True)
        return [faces[number] for number in range(len(greys))]

    def _detect_batch(self, greys: Sequence[Grey], shape: Shape) -> list[list[Face]]:
        outputs = self._runtime.run({"frames": _padded(greys, shape)})
        cells = grid(*shape)
        return [
            _merge(self._decode({name: output[i] for name, output in outputs.items()}, cells), grey.shape)
            for i, grey in enumerate(greys)
        ]

    def _decode(self, outputs: Mapping[str, Floats], cells: Floats) -> _Candidates:
        confident = np.flatnonzero(outputs["score"] >= self._threshold)
        centre, stride = cells[confident, :2], cells[confident, 2:]
        offsets = outputs["landmark"][confident].reshape(-1, 5, 2)
        return _Candidates(
            scores=outputs["score"][confident],
            boxes=decode_boxes(cells[confident], outputs["box"][confident]),
            landmarks=centre[:, None] + offsets * stride[:, None],
        )


def _shrink(grey: Grey) -> Grey:
    height, width = grey.shape
    scale = LONG_SIDE / max(height, width)
    if scale >= 1.0:
        return grey
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _padded_shape(grey: Grey) -> Shape:
    """Return height and width, each rounded up to a multiple of the largest stride."""
    height, width = grey.shape
    step = STRIDES[-1]
    return -(-height // step) * step, -(-width // step) * step


def _padded(greys: Sequence[Grey], shape: Shape) -> Floats:
    frames = np.zeros((len(greys), 1, *shape), dtype=np.float32)
    for frame, grey in zip(frames, greys, strict=True):
        rows, columns = grey.shape
        frame[0, :rows, :columns] = grey
    return frames


def _merge(candidates: _Candidates, shape: tuple[int, ...]) -> list[Face]:
    """Merge overlapping candidates into faces: their mean, weighted by their scores.

    A box that contains most of the face's box, or lies mostly within it, is left out of the mean.
    """
    faces = []
    remaining = np.argsort(-candidates.scores, kind="stable")
    while len(remaining):
        best, boxes = candidates.boxes[remaining[0]], candidates.boxes[remaining]
        same = iou(best, boxes) >= SAME_FACE_IOU
        group = remaining[same]
        remaining = remaining[~same & (containment(best, boxes) < PART_OF_FACE)]
        faces.append(_mean_face(candidates, group, shape))
    return faces


def _mean_face(candidates: _Candidates, group: NDArray[np.intp], shape: tuple[int, ...]) -> Face:
    size = np.array(shape[::-1], dtype=np.float32)
    weights = candidates.scores[group] / candidates.scores[group].sum()
    (left, top), (right, bottom) = ((weights @ candidates.boxes[group]).reshape(2, 2) / size).tolist()
    mean = np.tensordot(weights, candidates.landmarks[group], axes=1)
    landmarks = np.asarray(mean / size, dtype=np.float32)
    landmarks.setflags(write=False)
    return Face(Box(left, top, right, bottom), float(candidates.scores[group[0]]), landmarks)
