"""The detector's data, loss and loop, on one real face."""

import math
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from engine.card import read_card
from engine.labels import LANDMARKS
from engine.runtimes.onnx import OnnxRuntime
from engine.stages.detect import Detector
from engine.tensors import grid, iou
from tests.engine.portrait import portrait
from training.data.yunet import Dense
from training.detector.assignment import SURE, assign
from training.detector.hard_negatives import Invention, mine
from training.detector.loss import decode_boxes, fit, loss
from training.detector.matching import (
    Guessed,
    Labelled,
    average_precision,
    count,
    least_threshold,
    recall_by_size,
)
from training.detector.network import OUTPUTS, DetectorNetwork, Exported, Widths
from training.detector.photos import Photo, load, store
from training.detector.release import SIGNATURE, fields
from training.detector.scenes import Composer, Scene
from training.detector.train import Batches, Settings, collate, train
from training.export import export

SETTINGS = Settings(
    seed=3,
    epochs=2,
    steps_an_epoch=3,
    rate=3e-3,
    warm=0.1,
    decay=0.0,
    average=0.9,
    sides=[128],
    pixels=40_000,
)

NARROW = Widths(half=8, quarter=16, eighth=24, sixteenth=32, last=32, pyramid=24)


def photo() -> Photo:
    """The portrait and where its face is."""
    return Photo(
        name="portrait",
        grey=portrait(),
        boxes=np.array([[120, 40, 190, 135]], np.float32),
        landmarks=np.array([[[140, 82], [170, 80], [158, 98], [142, 110], [172, 108]]], np.float32),
        sure=np.ones(1, np.bool_),
    )


def empty() -> Photo:
    """The portrait's lower left part: no face."""
    none = np.zeros((0, 4), np.float32)
    return Photo("nobody", portrait()[200:, :140], none, none.reshape(0, 5, 2), np.zeros(0, np.bool_))


def distant() -> Photo:
    """The portrait from further away: a face of 20 pixels."""
    near = photo()
    grey = np.asarray(cv2.resize(near.grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), np.uint8)
    return replace(
        near,
        name="distant",
        grey=grey,
        boxes=near.boxes / np.float32(4),
        landmarks=near.landmarks / np.float32(4),
    )


def composer() -> Composer:
    return Composer([photo(), empty()], [photo()], seed=1)


def scene_of(photo: Photo) -> Scene:
    side = min(photo.grey.shape) // 32 * 32
    grey = photo.grey[:side, :side].copy()
    return Scene(grey, grey, photo.boxes, photo.landmarks, photo.sure)


def test_a_scene_is_the_same_each_time_and_scenes_differ() -> None:
    first, again, other = (composer().compose(number, 160) for number in (7, 7, 8))
    np.testing.assert_array_equal(first.grey, again.grey)
    np.testing.assert_array_equal(first.boxes, again.boxes)
    assert (first.grey != other.grey).any()


def test_scenes_keep_landmarks_on_the_face_and_their_sides() -> None:
    faces = 0
    for number in range(60):
        scene = composer().compose(number, 256)
        for box, points in zip(scene.boxes[scene.sure], scene.landmarks[scene.sure], strict=True):
            faces += 1
            size = float(np.sqrt(np.prod(box[2:] - box[:2])))
            assert (points > box[:2] - 0.2 * size).all()
            assert (points < box[2:] + 0.2 * size).all()
            # Turned by 35 degrees at most, the subject's right eye stays at the left.
            assert points[0, 0] < points[1, 0]
            assert points[3, 0] < points[4, 0]
    assert faces > 30


def test_a_pasted_face_is_where_its_box_says() -> None:
    """The labelled box of each scene, cut out and shrunk, looks like the portrait's face."""
    only = photo()
    left, top, right, bottom = only.boxes[0].astype(int)
    face = cv2.resize(only.grey[top:bottom, left:right], (16, 16), interpolation=cv2.INTER_AREA).ravel()
    alike = []
    for number in range(80):
        scene = composer().compose(number, 256)
        for box in scene.boxes[scene.sure]:
            x0, y0, x1, y1 = np.clip(np.rint(box), 0, 256).astype(int)
            cut = cv2.resize(scene.grey[y0:y1, x0:x1], (16, 16), interpolation=cv2.INTER_AREA)
            alike.append(max(np.corrcoef(face, one.ravel())[0, 1] for one in (cut, cut[:, ::-1])))
    assert np.median(alike) > 0.8


def test_photos_come_back_from_the_cache_as_they_were(tmp_path: Path) -> None:
    photos = [photo(), empty()]
    store(photos, tmp_path / "photos")
    for kept, original in zip(load(tmp_path / "photos"), photos, strict=True):
        assert kept.name == original.name
        for name in ("grey", "boxes", "landmarks", "sure"):
            np.testing.assert_array_equal(getattr(kept, name), getattr(original, name))


def test_cells_near_the_middle_answer_at_the_stride_that_suits_the_size() -> None:
    for size, stride in ((12.0, 8.0), (70.0, 16.0), (200.0, 32.0)):
        box = np.array([[130 - size / 2, 130 - size / 2, 130 + size / 2, 130 + size / 2]], np.float32)
        black = np.zeros((320, 320), np.uint8)
        scene = Scene(black, black, box, np.zeros((1, 5, 2), np.float32), np.ones(1, np.bool_))
        cells = grid(320, 320)[assign(scene).cells]
        assert len(cells) >= 1
        assert (cells[:, 2] == stride).all()
        assert (np.abs(cells[:, :2] - 130) <= size / 2).all()


def test_unsure_faces_are_neither_face_nor_background() -> None:
    scene = scene_of(replace(photo(), sure=np.zeros(1, np.bool_)))
    targets = assign(scene)
    cells = grid(*scene.grey.shape)
    inside = ((cells[:, :2] >= scene.boxes[0, :2]) & (cells[:, :2] <= scene.boxes[0, 2:])).all(axis=1)
    assert len(targets.cells) == 0
    np.testing.assert_array_equal(targets.counted, ~inside)


def taught(cells: int, at: int, score: float) -> Dense:
    """A teacher that sees one face, at the cell `at`."""
    scores = np.zeros(cells, np.float32)
    scores[at] = score
    box, points = np.array([121, 41, 191, 136], np.float32), np.full((5, 2), 99, np.float32)
    return Dense(scores, np.tile(box, (cells, 1)), np.tile(points, (cells, 1, 1)))


def test_in_unsure_boxes_the_teacher_is_believed_and_outside_of_boxes_it_is_not() -> None:
    scene = scene_of(replace(photo(), sure=np.zeros(1, np.bool_)))
    cells = grid(*scene.grey.shape)
    inside = int(np.abs(cells[:, :2] - (155, 88)).sum(axis=1).argmin())
    targets = assign(scene, taught(len(cells), inside, 0.5))
    np.testing.assert_array_equal(targets.cells, [inside])
    np.testing.assert_array_equal(targets.boxes, [[121, 41, 191, 136]])
    assert targets.scores[inside] == 0.5
    assert targets.counted.all()
    vetoed = assign(scene, taught(len(cells), 0, 0.9))
    assert len(vetoed.cells) == 0
    assert not vetoed.scores.any()


def test_a_labelled_face_is_sure_though_the_teacher_doubts_it() -> None:
    scene = scene_of(photo())
    alone = assign(scene)
    doubted = assign(scene, taught(len(alone.scores), int(alone.cells[0]), 0.2))
    np.testing.assert_array_equal(doubted.cells, alone.cells)
    np.testing.assert_array_equal(doubted.boxes, alone.boxes)
    assert (doubted.scores[doubted.cells] == np.float32(SURE)).all()


def test_a_perfect_answer_costs_next_to_nothing_and_a_wrong_one_much() -> None:
    batch = collate([scene_of(photo())])
    outputs = torch.full((1, OUTPUTS, batch.counted.shape[1]), 0.0)
    outputs[:, 0] = -20.0
    place, box = batch.grid[batch.cell], batch.boxes
    outputs[0, 0, batch.cell] = math.log(SURE / (1 - SURE))
    outputs[0, 1:3, batch.cell] = (((box[:, :2] + box[:, 2:]) / 2 - place[:, :2]) / place[:, 2:]).T
    outputs[0, 3:5, batch.cell] = torch.log((box[:, 2:] - box[:, :2]) / place[:, 2:]).T
    points = (batch.landmarks - place[:, None, :2]) / place[:, None, 2:]
    outputs[0, 5:, batch.cell] = points.reshape(-1, 10).T
    torch.testing.assert_close(decode_boxes(outputs[0, 1:5, batch.cell].T, place), box)
    torch.testing.assert_close(fit(box, box)[0], torch.ones(len(box)))
    assert loss(outputs, batch)[0] < 1e-3
    assert loss(-outputs, batch)[0] > 5.0


def test_overfits_eight_scenes_and_the_exported_file_finds_their_faces(tmp_path: Path) -> None:
    torch.manual_seed(0)
    scenes = [scene for scene in map(composer().compose, range(60), [128] * 60) if scene.sure.sum() == 1]
    scenes = [scene for scene in scenes if len(scene.sure) == 1][:8]
    batch = collate(scenes)
    network = DetectorNetwork(NARROW).train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(70):
        optimiser.zero_grad()
        total, _ = loss(network(batch.frames), batch)
        total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    # Their own statistics, since the running ones have not settled after so few steps.
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
            module.reset_running_stats()
    with torch.no_grad():
        network(batch.frames)
    examples = [batch.frames[:2], torch.zeros(1, 1, 96, 160)]
    export(Exported(network), examples, SIGNATURE, fields(asdict(SETTINGS), {}), folder=tmp_path)
    detector = Detector(OnnxRuntime(read_card("detector", LANDMARKS, tmp_path).file), 0.5)
    found = 0
    for scene, faces in zip(scenes, detector.detect([scene.grey for scene in scenes]), strict=True):
        for face in faces[:1]:
            box = np.array([face.box.left, face.box.top, face.box.right, face.box.bottom], np.float32) * 128
            found += int(iou(box, scene.boxes)[0] > 0.5)
    assert found >= 7


def test_a_run_cut_off_gives_the_same_weights_as_an_unbroken_one(tmp_path: Path) -> None:
    unbroken = train(Batches(composer(), SETTINGS), tmp_path / "unbroken.pt")
    train(Batches(composer(), SETTINGS), tmp_path / "broken.pt", until=1)
    resumed = train(Batches(composer(), SETTINGS), tmp_path / "broken.pt")
    assert resumed.steps == unbroken.steps == 6
    for name, weights in unbroken.average.state_dict().items():
        torch.testing.assert_close(resumed.average.state_dict()[name], weights, rtol=0, atol=0)


def test_a_run_may_begin_with_the_weights_of_another(tmp_path: Path) -> None:
    batches = Batches(composer(), SETTINGS)
    first = train(batches, tmp_path / "first.pt", until=1)
    second = train(batches, tmp_path / "second.pt", until=0, start=tmp_path / "first.pt")
    assert second.steps == 0
    for name, weights in first.average.state_dict().items():
        torch.testing.assert_close(second.average.state_dict()[name], weights, rtol=0, atol=0)


def set_face_bias(network: DetectorNetwork, bias: float) -> None:
    for head in network.head:
        assert isinstance(head, torch.nn.Conv2d)
        assert head.bias is not None
        head.bias.data[0] = bias


def test_what_a_network_invents_beside_the_labelled_faces_is_mined() -> None:
    network = DetectorNetwork(NARROW)
    set_face_bias(network, 5.0)  # all is a face to it
    mined = mine(network, [photo(), empty()])
    assert {invention.photo.name for invention in mined} == {"portrait", "nobody"}
    for invention in mined:
        assert not (iou(invention.box, invention.photo.boxes) >= 0.3).any()
    set_face_bias(network, -5.0)
    assert mine(network, [photo(), empty()]) == []


def test_inventions_are_shown_about_as_large_as_they_were_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A white square in a black photo: where only inventions are shown it is in nearly every scene."""
    monkeypatch.setattr("training.detector.scenes.MINED", 1.0)
    monkeypatch.setattr("training.detector.scenes.spoil", lambda grey, _: grey)
    black = replace(empty(), grey=np.zeros((100, 300), np.uint8))
    marked = replace(black, grey=black.grey.copy())
    marked.grey[40:60, 240:260] = 255
    invention = Invention(marked, np.array([240, 40, 260, 60], np.float32))
    composer = Composer([photo(), black], [photo()], 1, [invention])
    scenes = [composer.compose(number, 160) for number in range(60)]
    alone = [int((scene.grey > 127).sum()) for scene in scenes if not len(scene.boxes)]
    assert len(alone) > 30
    # Once in a photo of its own, four times in a mosaic; each 20 pixels wide by 0.6 to 1.6.
    assert np.mean([100 < area < 4 * 1100 for area in alone]) > 0.9


def test_small_faces_are_shown_as_they_were_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not enlarged, and not only as large ones shrunk."""
    far = distant()
    own = float(np.sqrt(np.prod(far.boxes[0, 2:] - far.boxes[0, :2])))
    monkeypatch.setattr("training.detector.scenes.FAR", 1.0)
    composer = Composer([photo(), far, empty()], [photo()], seed=1)
    scenes = [composer.compose(number, 256) for number in range(40)]
    boxes = np.concatenate([scene.boxes[scene.sure] for scene in scenes])
    sizes = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)) / own
    assert ((sizes > 0.8) & (sizes < 1.3)).mean() > 0.6


def test_a_batch_keeps_the_pixels_about_the_same() -> None:
    batch = Batches(composer(), replace(SETTINGS, sides=[64], pixels=20_000))[0]
    assert batch.frames.shape == (4, 1, 64, 64)
    assert batch.counted.shape == (4, len(batch.grid))


def test_average_precision_and_counts_of_a_hand_made_case() -> None:
    box = np.array([[0, 0, 10, 10]], np.float32)
    none = np.zeros((0, 4), np.float32)
    labels = [Labelled(box, none), Labelled(box, none), Labelled(none, box)]
    guesses = [
        Guessed(np.concatenate([box, box + 100]), np.array([0.9, 0.8], np.float32)),
        Guessed(box + 1, np.array([0.7], np.float32)),
        Guessed(box, np.array([0.95], np.float32)),  # an ignored box: neither right nor wrong
    ]
    # In order of score: right, wrong, right; precisions 1, 1/2, 2/3 at recalls 1/2, 1/2, 1.
    assert average_precision(labels, guesses) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    counted = count(labels, guesses, 0.75)
    assert (counted.found, counted.missed, counted.invented) == (1, 1, 1)
    assert least_threshold(labels, guesses, 0) == 0.81
    assert least_threshold(labels, guesses, 1) == 0.0


def test_recall_is_told_by_the_size_of_the_faces() -> None:
    faces = np.array([[0, 0, 20, 20], [50, 50, 70, 70], [100, 100, 160, 160]], np.float32)
    labels = [Labelled(faces, np.zeros((0, 4), np.float32))]
    guesses = [Guessed(faces[[2, 0, 1]], np.array([0.9, 0.8, 0.2], np.float32))]
    told = recall_by_size(labels, guesses, 0.5)
    assert told["16"] == (1, 2)
    assert told["60"] == (1, 1)
    assert sum(there for _, there in told.values()) == 3
