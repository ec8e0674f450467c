"""Keypoints of mirrored crops."""

import numpy as np

from engine.stages.crop import align, crop_face, crop_transform
from tests.training.keypoints.spots import spotted_faces
from training.augment import mirror, points_in_crop
from training.data.faces import LANDMARK_POINTS


def test_the_bias_of_the_points_keeps_its_sign_in_a_mirrored_crop() -> None:
    points = spotted_faces().points[0]
    alignment = align(points[list(LANDMARK_POINTS)])
    to_picture = mirror(crop_transform(alignment))
    biased = points_in_crop(points + np.array([2, 0], np.float32), to_picture, x_bias=2.0)
    error = biased - points_in_crop(points, to_picture)
    assert np.allclose(error[:, 0], 2 * 36.5 / alignment.eye_distance, atol=0.1)
    assert np.abs(error[:, 1]).max() < 0.3  # the roll


def test_mirrored_points_keep_their_names() -> None:
    portraits = spotted_faces()
    points = portraits.points[0]
    to_picture = mirror(crop_transform(align(points[list(LANDMARK_POINTS)])))
    moved = points_in_crop(points, to_picture)
    assert moved[0, 0] > moved[1, 0]  # the subject's left eye is still on the right of the picture
    crop = crop_face(portraits.pixels[0], to_picture)
    x, y = moved[11].round().astype(int)
    assert crop[y, x] > 200  # and the left corner of the mouth on its spot
