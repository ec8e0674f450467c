"""The keypoint loop learns eight faces by heart, and a resumed run gives the same weights."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.stages.crop import align, cut, transform
from training.augment import Jitter, mirrored, points_in_crop
from training.data.faces import LANDMARK_POINTS, Portraits
from training.keypoints.batches import Settings, cut_all
from training.keypoints.train import predict, score, train
from training.state import CheckpointMismatchError, read_settings

RUN = Path(__file__).parents[3] / "training" / "runs" / "keypoints.toml"
EXACT = Jitter(place=0, size=0, roll=0)

# About where the points lie in a face 144 pixels wide, in Kaggle's order.
EYES = [(89, 62), (55, 62), (82, 62), (95, 62), (61, 62), (48, 62)]
BROWS = [(82, 51), (102, 53), (62, 51), (40, 53)]
NOSE_AND_MOUTH = [(72, 83), (86, 100), (58, 100), (72, 96), (72, 107)]
FACE = np.array([*EYES, *BROWS, *NOSE_AND_MOUTH], dtype=np.float32)


@pytest.fixture
def portraits() -> Portraits:
    """Eight faces of 15 bright spots each, no two with the spots in the same places."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    points = FACE + rng.normal(0, 4, size=(8, 15, 2)).astype(np.float32)
    y, x = np.mgrid[:144, :144].astype(np.float32)
    squared = (x - points[..., 0, None, None]) ** 2 + (y - points[..., 1, None, None]) ** 2
    pixels = (40 + 200 * np.exp(-squared / 18).max(axis=1)).astype(np.uint8)
    everybody = np.ones(8, dtype=bool)
    return Portraits(pixels, points, train=everybody, validation=everybody, test=everybody)


@pytest.fixture
def settings() -> Settings:
    small: dict[str, Any] = {
        "stem": 8,
        "widths": [16, 32, 32],
        "epochs": 120,
        "batch": 8,
        "rate": 1e-2,
        "average": 0.8,
    }
    plain: dict[str, Any] = {"place": 0.0, "size": 0.0, "roll": 0.0, "spoiled": 0.0, "covered": 0.0}
    return replace(read_settings(RUN, Settings), **small, **plain)


def test_eight_faces_are_learnt_by_heart(tmp_path: Path, portraits: Portraits, settings: Settings) -> None:
    state = train(settings, portraits, tmp_path / "checkpoint.pt")
    crops, points = cut_all(portraits, portraits.train, EXACT)
    assert score(predict(state.average, crops), points)["rmse"] < 2.0


def test_resumed_run_gives_the_same_weights(tmp_path: Path, portraits: Portraits, settings: Settings) -> None:
    settings = replace(settings, place=0.05, spoiled=0.5, covered=0.5)
    unbroken = train(settings, portraits, tmp_path / "unbroken.pt", until=3)
    train(settings, portraits, tmp_path / "broken.pt", until=1)
    resumed = train(settings, portraits, tmp_path / "broken.pt", until=3)
    for network in ("network", "average"):
        ours, theirs = getattr(resumed, network).state_dict(), getattr(unbroken, network).state_dict()
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert resumed.history == unbroken.history


def test_a_run_may_begin_with_the_weights_of_another(
    tmp_path: Path, portraits: Portraits, settings: Settings
) -> None:
    first = train(settings, portraits, tmp_path / "first.pt", until=1)
    second = train(settings, portraits, tmp_path / "second.pt", until=0, start=tmp_path / "first.pt")
    assert second.steps == 0
    for name, weights in first.average.state_dict().items():
        assert torch.equal(second.average.state_dict()[name], weights)


def test_checkpoint_of_other_settings_is_refused(
    tmp_path: Path, portraits: Portraits, settings: Settings
) -> None:
    train(settings, portraits, tmp_path / "checkpoint.pt", until=1)
    with pytest.raises(CheckpointMismatchError, match=r"expected rate = 0\.1, actual 0\.01"):
        train(replace(settings, rate=0.1), portraits, tmp_path / "checkpoint.pt")


def test_points_that_lie_to_the_right_do_so_in_the_mirror_too(portraits: Portraits) -> None:
    marks = portraits.points[0]
    alignment = align(marks[list(LANDMARK_POINTS)])
    to_picture = mirrored(transform(alignment))
    labelled = points_in_crop(marks + np.array([2, 0], np.float32), to_picture, rightward=2.0)
    off = labelled - points_in_crop(marks, to_picture)
    assert np.allclose(off[:, 0], 2 * 36.5 / alignment.eye_distance, atol=0.1)
    assert np.abs(off[:, 1]).max() < 0.3  # the roll


def test_mirrored_points_keep_their_names(portraits: Portraits) -> None:
    points = portraits.points[0]
    to_picture = mirrored(transform(align(points[list(LANDMARK_POINTS)])))
    moved = points_in_crop(points, to_picture)
    assert moved[0, 0] > moved[1, 0]  # the subject's left eye is still on the right of the picture
    crop = cut(portraits.pixels[0], to_picture)
    x, y = moved[11].round().astype(int)
    assert crop[y, x] > 200  # and the left corner of the mouth on its spot
