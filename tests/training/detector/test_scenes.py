"""Scenes composed of photos: repeatable, with labels that follow the faces."""

from dataclasses import replace

import cv2
import numpy as np

from tests.training.detector.photos import distant_photo, empty_photo, face_photo, small_composer
from training.detector.hard_negatives import HardNegative
from training.detector.scenes import Composer


def test_a_scene_is_repeatable_and_scenes_differ() -> None:
    first, again, other = (small_composer().compose(number, 160) for number in (7, 7, 8))
    np.testing.assert_array_equal(first.grey, again.grey)
    np.testing.assert_array_equal(first.boxes, again.boxes)
    assert (first.grey != other.grey).any()


def test_landmarks_stay_on_their_face_and_side() -> None:
    faces = 0
    for number in range(60):
        scene = small_composer().compose(number, 256)
        for box, points in zip(scene.boxes[scene.sure], scene.landmarks[scene.sure], strict=True):
            faces += 1
            size = float(np.sqrt(np.prod(box[2:] - box[:2])))
            assert (points > box[:2] - 0.2 * size).all()
            assert (points < box[2:] + 0.2 * size).all()
            # Rotated by 35 degrees at most, the subject's right eye stays on the left.
            assert points[0, 0] < points[1, 0]
            assert points[3, 0] < points[4, 0]
    assert faces > 30


def test_a_box_contains_its_face() -> None:
    """The labelled box of each scene, cut out and shrunk, correlates with the portrait's face."""
    only = face_photo()
    left, top, right, bottom = only.boxes[0].astype(int)
    face = cv2.resize(only.grey[top:bottom, left:right], (16, 16), interpolation=cv2.INTER_AREA).ravel()
    correlations = []
    for number in range(80):
        scene = small_composer().compose(number, 256)
        for box in scene.boxes[scene.sure]:
            x0, y0, x1, y1 = np.clip(np.rint(box), 0, 256).astype(int)
            cut = cv2.resize(scene.grey[y0:y1, x0:x1], (16, 16), interpolation=cv2.INTER_AREA)
            correlations.append(max(np.corrcoef(face, one.ravel())[0, 1] for one in (cut, cut[:, ::-1])))
    assert np.median(correlations) > 0.8


def test_hard_negatives_keep_about_their_size() -> None:
    """A white square in a black photo is in nearly every scene if all photos are hard negatives."""
    black = replace(empty_photo(), grey=np.zeros((100, 300), np.uint8))
    marked = replace(black, grey=black.grey.copy())
    marked.grey[40:60, 240:260] = 255
    negative = HardNegative(marked, np.array([240, 40, 260, 60], np.float32))
    composer = Composer(
        [face_photo(), black],
        [face_photo()],
        1,
        [negative],
        hard_negative_prob=1.0,
        degrade=lambda grey, _: grey,
    )
    scenes = [composer.compose(number, 160) for number in range(60)]
    areas = [int((scene.grey > 127).sum()) for scene in scenes if not len(scene.boxes)]
    assert len(areas) > 30
    # One square in a scene of one photo, four in a mosaic; each 20 pixels wide, scaled by 0.6 to 1.6.
    assert np.mean([100 < area < 4 * 1100 for area in areas]) > 0.9


def test_small_faces_keep_about_their_size() -> None:
    distant = distant_photo()
    composer = Composer([face_photo(), distant, empty_photo()], [face_photo()], seed=1, small_faces_prob=1.0)
    scenes = [composer.compose(number, 256) for number in range(40)]
    boxes = np.concatenate([scene.boxes[scene.sure] for scene in scenes])
    sizes = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)) / distant.sizes[0]
    assert ((sizes > 0.8) & (sizes < 1.3)).mean() > 0.6
