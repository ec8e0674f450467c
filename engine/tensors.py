"""Shapes of the networks' tensors, and the meaning of the numbers in them."""

import numpy as np

from engine.records import Floats

CROP_SIDE = 96  # pixels of a face crop
CROP_BATCH = 64  # crops that go through the ResNets at once

LONG_SIDE = 640  # pixels of a frame; larger frames are shrunk to it
STRIDES = (8, 16, 32)  # pixels between two cells on each level of the detector
MAX_LOG_SIDE = 4.0  # natural logarithm of a box's side in strides; larger outputs are cut off


def softmax(logits: Floats) -> Floats:
    """Return probabilities along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)


def grid(height: int, width: int) -> Floats:
    """Return (cells, 3): x and y of each cell's centre and its stride in pixels, in the detector's order."""
    levels = []
    for stride in STRIDES:
        y, x = np.mgrid[0 : height // stride, 0 : width // stride].reshape(2, -1)
        levels.append(np.stack([(x + 0.5) * stride, (y + 0.5) * stride, np.full(x.shape, stride)], axis=1))
    return np.concatenate(levels).astype(np.float32)


def decode_boxes(cells: Floats, outputs: Floats) -> Floats:
    """Decode (k, 4) box outputs at (k, 3) cells of `grid` to left, top, right, bottom in pixels."""
    centre, stride = cells[:, :2], cells[:, 2:]
    middle = centre + outputs[:, :2] * stride
    half = np.exp(np.minimum(outputs[:, 2:], MAX_LOG_SIDE)) * stride / 2
    return np.concatenate([middle - half, middle + half], axis=1)


def iou(box: Floats, boxes: Floats) -> Floats:
    """Return the intersection over union of one box (4,) with each of (k, 4) others."""
    intersection, smaller, larger = _areas(box, boxes)
    return np.asarray(intersection / np.maximum(smaller + larger - intersection, 1e-9), dtype=np.float32)


def containment(box: Floats, boxes: Floats) -> Floats:
    """Return the intersection of one box (4,) with each of (k, 4) others as a share of the smaller one."""
    intersection, smaller, _ = _areas(box, boxes)
    return np.asarray(intersection / np.maximum(smaller, 1e-9), dtype=np.float32)


def _areas(box: Floats, boxes: Floats) -> tuple[Floats, Floats, Floats]:
    """Return, for each pair of boxes, the area of the intersection, of the smaller and of the larger one."""
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    intersection = np.clip(sides, 0.0, None).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    own = (box[2:] - box[:2]).prod()
    return intersection, np.minimum(areas, own), np.maximum(areas, own)
