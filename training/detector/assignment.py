"""Assignment of training targets to the cells of the detector's grid."""

from dataclasses import dataclass

import numpy as np

from engine.records import Floats
from engine.tensors import grid
from training.arrays import Integers, Mask
from training.data.yunet import DensePredictions
from training.detector.scenes import Scene

# Sizes of faces (square root of the area, pixels) that each stride detects; neighbours share a band.
SIZE_RANGES = {8: (0.0, 40.0), 16: (32.0, 112.0), 32: (88.0, np.inf)}
CENTRE_SHARE = 0.3  # a cell is positive within this share of the face's sides from its centre (as in FCOS),
MIN_RADIUS, MAX_RADIUS = 0.75, 1.5  # but within these limits, in strides
FACE_SCORE = 0.95  # least target score of a labelled face: of 90 sure boxes 1 was wrong and 3 doubtful
MIN_TEACHER_SCORE = 0.1  # below this score of the teacher a cell is background
MIN_TEACHER_BOX_SCORE = 0.3  # from this score on the teacher's box and landmarks are targets too


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Targets of one scene."""

    scores: Floats  # (cells,) 0 for background
    cells: Integers  # (k,) indices of the positive cells
    boxes: Floats  # (k, 4) left, top, right, bottom in pixels
    landmarks: Floats  # (k, 5, 2) in pixels
    counted: Mask  # (cells,) False: left out of the loss, neither face nor background


def assign(scene: Scene, teacher: DensePredictions | None = None) -> Targets:
    """Make the cells near the centre of each sure face positive, at the strides that suit its size.

    A cell of two faces belongs to the smaller one. The other cells in labelled boxes, unsure ones included,
    get the teacher's predictions as targets; without a teacher, cells in unsure boxes are not counted. All
    cells outside of boxes are background, even where the teacher sees a face: a second detector vetoed those.
    """
    cells = grid(*scene.grey.shape)
    owner, unsure, labelled = _owners(scene, cells)
    owned = owner >= 0
    positive, scores = owned, np.zeros(len(cells), dtype=np.float32)
    if teacher is not None:
        trusted = labelled & (teacher.scores >= MIN_TEACHER_SCORE)
        scores[trusted] = teacher.scores[trusted]
        positive = owned | (scores >= MIN_TEACHER_BOX_SCORE)
    scores[owned] = np.maximum(scores[owned], FACE_SCORE)
    boxes, landmarks = _boxes_and_landmarks(scene, owner, positive, teacher)
    return Targets(
        scores=scores,
        cells=np.flatnonzero(positive),
        boxes=boxes,
        landmarks=landmarks,
        counted=owned | ~unsure if teacher is None else np.ones(len(cells), dtype=np.bool_),
    )


def _owners(scene: Scene, cells: Floats) -> tuple[Integers, Mask, Mask]:
    """Return each cell's sure face (-1: none), and the cells inside an unsure box and inside any box."""
    owner = np.full(len(cells), -1)
    unsure, labelled = np.zeros((2, len(cells)), dtype=np.bool_)
    sizes = np.sqrt(np.prod(scene.boxes[:, 2:] - scene.boxes[:, :2], axis=1))
    for number in np.argsort(-sizes):
        box = scene.boxes[number]
        inside = _inside(cells, box)
        labelled |= inside
        if scene.sure[number]:
            owner[_near_centre(cells, box, float(sizes[number]))] = number
        else:
            unsure |= inside
    return owner, unsure, labelled


def _boxes_and_landmarks(
    scene: Scene, owner: Integers, positive: Mask, teacher: DensePredictions | None
) -> tuple[Floats, Floats]:
    """Return the targets of the positive cells: those of their face, else the teacher's."""
    face = owner[positive]
    has_face = face >= 0
    boxes, landmarks = (np.zeros((len(face), *shape), np.float32) for shape in ((4,), (5, 2)))
    boxes[has_face], landmarks[has_face] = scene.boxes[face[has_face]], scene.landmarks[face[has_face]]
    if teacher is not None:
        boxes[~has_face] = teacher.boxes[positive][~has_face]
        landmarks[~has_face] = teacher.landmarks[positive][~has_face]
    return boxes, landmarks


def _near_centre(cells: Floats, box: Floats, size: float) -> Mask:
    centre, sides = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    stride = cells[:, 2:]
    radius = np.clip(CENTRE_SHARE * sides[None], MIN_RADIUS * stride, MAX_RADIUS * stride)
    suits = np.zeros(len(cells), dtype=np.bool_)
    for level, (smallest, largest) in SIZE_RANGES.items():
        suits |= (stride[:, 0] == level) & (smallest <= size < largest)
    return np.asarray(suits & (np.abs(cells[:, :2] - centre) <= radius).all(axis=1))


def _inside(cells: Floats, box: Floats) -> Mask:
    return np.asarray(((cells[:, :2] >= box[:2]) & (cells[:, :2] <= box[2:])).all(axis=1))
