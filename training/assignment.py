"""Which cells of the detector answer for which face, and what they are told."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.detect import grid
from training.photos import Floats
from training.scenes import Scene

# Sizes of faces (root of the area, pixels) that each stride answers for; neighbours share a band.
REACH = {8: (0.0, 40.0), 16: (32.0, 112.0), 32: (88.0, np.inf)}
CENTRAL = 0.3  # a cell answers when it is nearer to the middle of the face than this share of its sides
NARROWEST, WIDEST = 0.75, 1.5  # strides; any nearer cell answers, no further one does


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What one scene asks of the network."""

    cells: NDArray[np.int64]  # (k,) the cells that answer for a face
    boxes: Floats  # (k, 4) left, top, right, bottom in pixels
    landmarks: Floats  # (k, 5, 2) in pixels
    counted: NDArray[np.bool_]  # (cells,) False: neither face nor background


def assign(scene: Scene) -> Targets:
    """Gives each sure face the cells near its middle, at the strides that suit its size.

    Where two faces want the same cell the smaller one has it.
    """
    cells = grid(*scene.grey.shape)
    owner = np.full(len(cells), -1)
    sizes = np.sqrt(np.prod(scene.boxes[:, 2:] - scene.boxes[:, :2], axis=1))
    counted = np.ones(len(cells), dtype=np.bool_)
    for number in np.argsort(-sizes):
        box = scene.boxes[number]
        if scene.sure[number]:
            owner[_central(cells, box, float(sizes[number]))] = number
        else:
            counted &= ~_inside(cells, box)
    taken = np.flatnonzero(owner >= 0)
    counted[taken] = True
    return Targets(
        cells=taken, boxes=scene.boxes[owner[taken]], landmarks=scene.landmarks[owner[taken]], counted=counted
    )


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
