"""Faces drawn as 15 bright spots."""

import numpy as np

from training.data.faces import Portraits

# Approximate keypoints of a face 144 pixels wide, in Kaggle's order.
EYES = [(89, 62), (55, 62), (82, 62), (95, 62), (61, 62), (48, 62)]
BROWS = [(82, 51), (102, 53), (62, 51), (40, 53)]
NOSE_AND_MOUTH = [(72, 83), (86, 100), (58, 100), (72, 96), (72, 107)]
FACE = np.array([*EYES, *BROWS, *NOSE_AND_MOUTH], dtype=np.float32)


def spotted_faces() -> Portraits:
    """Return eight faces, each with its spots at other places."""
    rng = np.random.default_rng(0)
    points = FACE + rng.normal(0, 4, size=(8, 15, 2)).astype(np.float32)
    y, x = np.mgrid[:144, :144].astype(np.float32)
    squared = (x - points[..., 0, None, None]) ** 2 + (y - points[..., 1, None, None]) ** 2
    pixels = (40 + 200 * np.exp(-squared / 18).max(axis=1)).astype(np.uint8)
    everybody = np.ones(8, dtype=bool)
    return Portraits(pixels, points, train=everybody, validation=everybody, test=everybody)
