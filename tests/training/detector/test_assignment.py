"""Targets of the detector's cells, and the loss that compares predictions with them."""

import math
from dataclasses import replace

import numpy as np
import torch

from engine.tensors import grid
from tests.training.detector.photos import face_photo, scene_of
from training.data.yunet import DensePredictions
from training.detector.assignment import FACE_SCORE, assign
from training.detector.batches import collate
from training.detector.loss import compute_loss, decode_boxes, diou_loss
from training.detector.network import OUTPUTS
from training.detector.scenes import Scene


def one_face(cells: int, cell: int, score: float) -> DensePredictions:
    """Return predictions of a teacher that sees one face, at `cell`."""
    scores = np.zeros(cells, np.float32)
    scores[cell] = score
    box, points = np.array([121, 41, 191, 136], np.float32), np.full((5, 2), 99, np.float32)
    return DensePredictions(scores, np.tile(box, (cells, 1)), np.tile(points, (cells, 1, 1)))


def test_cells_near_the_centre_are_positive_at_the_stride_that_suits_the_size() -> None:
    for size, stride in ((12.0, 8.0), (70.0, 16.0), (200.0, 32.0)):
        box = np.array([[130 - size / 2, 130 - size / 2, 130 + size / 2, 130 + size / 2]], np.float32)
        black = np.zeros((320, 320), np.uint8)
        scene = Scene(black, black, box, np.zeros((1, 5, 2), np.float32), np.ones(1, np.bool_))
        cells = grid(320, 320)[assign(scene).cells]
        assert len(cells) >= 1
        assert (cells[:, 2] == stride).all()
        assert (np.abs(cells[:, :2] - 130) <= size / 2).all()


def test_unsure_faces_are_neither_face_nor_background() -> None:
    scene = scene_of(replace(face_photo(), sure=np.zeros(1, np.bool_)))
    targets = assign(scene)
    cells = grid(*scene.grey.shape)
    inside = ((cells[:, :2] >= scene.boxes[0, :2]) & (cells[:, :2] <= scene.boxes[0, 2:])).all(axis=1)
    assert len(targets.cells) == 0
    np.testing.assert_array_equal(targets.counted, ~inside)


def test_the_teacher_counts_in_unsure_boxes_and_not_outside_of_boxes() -> None:
    scene = scene_of(replace(face_photo(), sure=np.zeros(1, np.bool_)))
    cells = grid(*scene.grey.shape)
    inside = int(np.abs(cells[:, :2] - (155, 88)).sum(axis=1).argmin())
    targets = assign(scene, one_face(len(cells), inside, 0.5))
    np.testing.assert_array_equal(targets.cells, [inside])
    np.testing.assert_array_equal(targets.boxes, [[121, 41, 191, 136]])
    assert targets.scores[inside] == 0.5
    assert targets.counted.all()
    outside = assign(scene, one_face(len(cells), 0, 0.9))
    assert len(outside.cells) == 0
    assert not outside.scores.any()


def test_a_labelled_face_keeps_its_score_against_an_unsure_teacher() -> None:
    scene = scene_of(face_photo())
    alone = assign(scene)
    targets = assign(scene, one_face(len(alone.scores), int(alone.cells[0]), 0.2))
    np.testing.assert_array_equal(targets.cells, alone.cells)
    np.testing.assert_array_equal(targets.boxes, alone.boxes)
    assert (targets.scores[targets.cells] == np.float32(FACE_SCORE)).all()


def test_the_loss_is_near_zero_for_a_perfect_prediction_and_large_for_a_wrong_one() -> None:
    batch = collate([scene_of(face_photo())])
    outputs = torch.full((1, OUTPUTS, batch.counted.shape[1]), 0.0)
    outputs[:, 0] = -20.0
    cells, box = batch.grid[batch.cell], batch.boxes
    outputs[0, 0, batch.cell] = math.log(FACE_SCORE / (1 - FACE_SCORE))
    outputs[0, 1:3, batch.cell] = (((box[:, :2] + box[:, 2:]) / 2 - cells[:, :2]) / cells[:, 2:]).T
    outputs[0, 3:5, batch.cell] = torch.log((box[:, 2:] - box[:, :2]) / cells[:, 2:]).T
    points = (batch.landmarks - cells[:, None, :2]) / cells[:, None, 2:]
    outputs[0, 5:, batch.cell] = points.reshape(-1, 10).T
    torch.testing.assert_close(decode_boxes(outputs[0, 1:5, batch.cell].T, cells), box)
    torch.testing.assert_close(diou_loss(box, box), torch.zeros(len(box)))
    assert compute_loss(outputs, batch)[0] < 1e-3
    assert compute_loss(-outputs, batch)[0] > 5.0
