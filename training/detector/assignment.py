"""Which cells of the detector answer for which face, and what they are told."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.tensors import grid
from training.data.yunet import Dense
from training.detector.photos import Floats
from training.detector.scenes import Scene

# Sizes of faces (root of the area, pixels) that each stride answers for; neighbours share a band.
REACH = {8: (0.0, 40.0), 16: (32.0, 112.0), 32: (88.0, np.inf)}
CENTRAL = 0.3  # a cell answers when it is nearer to the middle of the face than this share of its sides
NARROWEST, WIDEST = 0.75, 1.5  # strides; any nearer cell answers, no further one does
SURE = 0.95  # what a labelled face is worth: of 90 sure boxes 1 was wrong and 3 doubtful
FAINTEST = 0.1  # the teacher's score below which a cell is background
TAUGHT = 0.3  # the teacher's score from which its box and landmarks are learnt too


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What one scene asks of the network."""

    scores: Floats  # (cells,) 0 for background
    cells: NDArray[np.int64]  # (k,) the cells that answer for a face
    boxes: Floats  # (k, 4) left, top, right, bottom in pixels
    landmarks: Floats  # (k, 5, 2) in pixels
    counted: NDArray[np.bool_]  # (cells,) False: neither face nor background


def assign(scene: Scene, taught: Dense | None = None) -> Targets:
    """Gives each sure face the cells near its middle, at the strides that suit its size.

    Where two faces want the same cell the smaller one has it. In labelled boxes, the unsure ones too, the
    other cells are told what the teacher says there; without a teacher, cells of unsure boxes do not count.
    Outside of every box all is background, whatever the teacher says: the labels' second opinion vetoed it.
    """
    cells = grid(*scene.grey.shape)
    owner, unsure, labelled = _owners(scene, cells)
    taken = owner >= 0
    answering, scores = taken, np.zeros(len(cells), dtype=np.float32)
    if taught is not None:
        believed = labelled & (taught.scores >= FAINTEST)
        scores[believed] = taught.scores[believed]
        answering = taken | (scores >= TAUGHT)
    scores[taken] = np.maximum(scores[taken], SURE)
    boxes, landmarks = _answers(scene, owner, answering, taught)
    return Targets(
        scores=scores,
        cells=np.flatnonzero(answering),
        boxes=boxes,
        landmarks=landmarks,
        counted=taken | ~unsure if taught is None else np.ones(len(cells), dtype=np.bool_),
    )


def _owners(scene: Scene, cells: Floats) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """The sure face of each cell (-1: none), and which cells lie in an unsure box, and in any."""
    owner = np.full(len(cells), -1)
    unsure, labelled = np.zeros((2, len(cells)), dtype=np.bool_)
    sizes = np.sqrt(np.prod(scene.boxes[:, 2:] - scene.boxes[:, :2], axis=1))
    for number in np.argsort(-sizes):
        box = scene.boxes[number]
        inside = _inside(cells, box)
        labelled |= inside
        if scene.sure[number]:
            owner[_central(cells, box, float(sizes[number]))] = number
        else:
            unsure |= inside
    return owner, unsure, labelled


def _answers(
    scene: Scene, owner: NDArray[np.int64], answering: NDArray[np.bool_], taught: Dense | None
) -> tuple[Floats, Floats]:
    """Box and landmarks of each answering cell: those of its face, else the teacher's."""
    of_face = owner[answering]
    theirs = of_face < 0
    boxes, landmarks = (np.zeros((len(of_face), *shape), np.float32) for shape in ((4,), (5, 2)))
    boxes[~theirs], landmarks[~theirs] = scene.boxes[of_face[~theirs]], scene.landmarks[of_face[~theirs]]
    if taught is not None:
        boxes[theirs], landmarks[theirs] = (
            taught.boxes[answering][theirs],
            taught.landmarks[answering][theirs],
        )
    return boxes, landmarks


def _central(cells: Floats, box: Floats, size: float) -> NDArray[np.bool_]:
    middle, sides = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    stride = cells[:, 2:]
    near = np.clip(CENTRAL * sides[None], NARROWEST * stride, WIDEST * stride)
    suits = np.zeros(len(cells), dtype=np.bool_)
    for one, (least, most) in REACH.items():
        suits |= (stride[:, 0] == one) & (least <= size < most)
    return np.asarray(suits & (np.abs(cells[:, :2] - middle) <= near).all(axis=1))


def _inside(cells: Floats, box: Floats) -> NDArray[np.bool_]:
    return np.asarray(((cells[:, :2] >= box[:2]) & (cells[:, :2] <= box[2:])).all(axis=1))
