"""The detector on real pictures with the shipped weights, and its decoding on made-up outputs."""

import json
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.card import read_card
from engine.labels import LANDMARKS
from engine.records import Face, Floats
from engine.runtimes.onnx import OnnxRuntime
from engine.runtimes.runtime import Pixels
from engine.stages.detect import Detector
from engine.tensors import grid, iou


@pytest.fixture(scope="module")
def detector() -> Detector:
    card = read_card("detector", LANDMARKS)
    return Detector(OnnxRuntime(card.file), card.threshold)


def grey(path: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert picture is not None, path
    return np.asarray(picture, dtype=np.uint8)


def pixels(face: Face, picture: NDArray[np.uint8]) -> Floats:
    height, width = picture.shape
    box = face.box
    return np.array([box.left * width, box.top * height, box.right * width, box.bottom * height], np.float32)


class RecordingRuntime:
    """A runtime that returns given cells, and records the shapes of its inputs."""

    def __init__(self, cells: Mapping[int, tuple[float, list[float]]]) -> None:
        self._cells = cells  # number of the cell: score, box
        self.shapes: list[tuple[int, ...]] = []

    def run(self, inputs: Mapping[str, Pixels]) -> dict[str, Floats]:
        frames = inputs["frames"]
        self.shapes.append(frames.shape)
        count = len(grid(*frames.shape[2:]))
        outputs = {
            "score": np.zeros((len(frames), count), np.float32),
            "box": np.zeros((len(frames), count, 4), np.float32),
            "landmark": np.zeros((len(frames), count, 10), np.float32),
        }
        for cell, (score, box) in self._cells.items():
            outputs["score"][:, cell] = score
            outputs["box"][:, cell] = box
        return outputs


def test_finds_every_face_of_a_photo_where_it_is(detector: Detector, shared: Path) -> None:
    labels = json.loads((shared / "pictures" / "boxes.json").read_text())
    for name in ("pyfeat_single_face.jpg", "pyfeat_multi_face.jpg", "facerec_two_people.jpg"):
        picture = grey(shared / "pictures" / name)
        found = np.stack([pixels(face, picture) for face in detector.detect([picture])[0]])
        boxes = np.array([face["box"] for face in labels[name]["faces"]], np.float32)
        boxes[:, 2:] += boxes[:, :2]
        assert len(found) == len(boxes), name
        for box in boxes:
            assert iou(box, found).max() > 0.6, (name, box)


def test_landmarks_are_the_subjects_left_and_right(detector: Detector, shared: Path) -> None:
    (face,) = detector.detect([grey(shared / "pictures" / "pyfeat_single_face.jpg")])[0]
    right_eye, left_eye, nose, right_mouth, left_mouth = face.landmarks
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_mouth[0] < left_mouth[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


@pytest.mark.parametrize("name", ["pyfeat_no_face_vector", "liveportrait_s25_shiba", "liveportrait_s39_cat"])
def test_finds_no_face_where_there_is_none(detector: Detector, shared: Path, name: str) -> None:
    assert detector.detect([grey(shared / "pictures" / f"{name}.jpg")]) == [[]]


def test_frames_of_many_shapes_come_back_in_order(detector: Detector, shared: Path) -> None:
    names = ("pyfeat_multi_face.jpg", "liveportrait_s25_shiba.jpg", "facerec_two_people.jpg")
    pictures = [grey(shared / "pictures" / name) for name in names]
    together = detector.detect([*pictures, *pictures[::-1]])
    alone = [detector.detect([picture])[0] for picture in pictures]
    assert [len(faces) for faces in alone] == [5, 0, 2]
    for pair in zip(together, [*alone, *alone[::-1]], strict=True):
        batched, single = ([(*face.landmarks.ravel(), face.score) for face in faces] for faces in pair)
        np.testing.assert_allclose(batched, single, atol=1e-3)


def test_equal_shapes_share_a_batch_and_the_long_side_is_640() -> None:
    runtime = RecordingRuntime({})
    shapes = [(720, 1280), (360, 640), (100, 60), (360, 640), (1280, 720)]
    assert Detector(runtime, 0.8).detect([np.zeros(shape, np.uint8) for shape in shapes]) == [[]] * 5
    assert runtime.shapes == [(3, 1, 384, 640), (1, 1, 128, 64), (1, 1, 640, 384)]


def test_no_frames_make_no_faces() -> None:
    assert Detector(RecordingRuntime({}), 0.8).detect([]) == []


def test_boxes_are_ratios_of_the_frame_not_of_the_padding() -> None:
    # Cell 0 of stride 8 has its middle at 4, 4; the box is 16 by 8 pixels of 40 by 20.
    runtime = RecordingRuntime({0: (0.9, [0.5, 0.5, float(np.log(2)), 0.0])})
    ((face,),) = Detector(runtime, 0.8).detect([np.zeros((20, 40), np.uint8)])
    assert (face.box.left, face.box.right) == pytest.approx((0.0, 16 / 40))
    assert (face.box.top, face.box.bottom) == pytest.approx((4 / 20, 12 / 20))
    np.testing.assert_allclose(face.landmarks, [[4 / 40, 4 / 20]] * 5, atol=1e-6)


def test_overlapping_cells_become_one_face_at_their_weighted_mean() -> None:
    wide = float(np.log(4))
    runtime = RecordingRuntime(
        {0: (0.9, [0.0, 0.0, wide, wide]), 1: (0.6, [-0.25, 0.0, wide, wide]), 7: (0.7, [0, 0, 0, 0])}
    )
    ((first, second),) = Detector(runtime, threshold=0.5).detect([np.zeros((64, 64), np.uint8)])
    # Middles at x 4 and 12 - 2 = 10, weighted 0.6 and 0.4.
    assert (first.box.left + first.box.right) / 2 == pytest.approx(6.4 / 64)
    assert first.score == pytest.approx(0.9)
    assert second.score == pytest.approx(0.7)


def test_scores_below_the_threshold_are_not_faces() -> None:
    runtime = RecordingRuntime({3: (0.4, [0.0, 0.0, 0.0, 0.0])})
    frame = np.zeros((32, 32), np.uint8)
    assert Detector(runtime, threshold=0.5).detect([frame]) == [[]]
    assert len(Detector(runtime, threshold=0.3).detect([frame])[0]) == 1
