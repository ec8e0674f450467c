"""The keypoint loop overfits eight faces, and a resumed run gives the same weights."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.training.keypoints.spots import spotted_faces
from training.crops import CropSettings
from training.data.faces import Portraits
from training.inference import predict
from training.keypoints.batches import cut_jittered_faces
from training.keypoints.evaluate import NO_JITTER
from training.keypoints.train import keypoint_metrics, train
from training.paths import RUNS
from training.state import CheckpointMismatchError, read_settings


@pytest.fixture
def portraits() -> Portraits:
    return spotted_faces()


@pytest.fixture
def settings() -> CropSettings:
    """A small network, without augmentation."""
    return replace(
        read_settings(RUNS / "keypoints.toml", CropSettings),
        stem_width=8,
        widths=[16, 32, 32],
        epochs=120,
        batch_size=8,
        learning_rate=1e-2,
        ema_decay=0.8,
        translate=0.0,
        scale=0.0,
        rotate=0.0,
        degrade_prob=0.0,
        erase_prob=0.0,
    )


def test_a_network_overfits_eight_faces(tmp_path: Path, portraits: Portraits, settings: CropSettings) -> None:
    state = train(settings, portraits, tmp_path / "checkpoint.pt")
    crops, points = cut_jittered_faces(portraits, portraits.train, NO_JITTER)
    assert keypoint_metrics(predict(state.average, crops), points)["rmse"] < 2.0


def test_a_resumed_run_gives_the_same_weights(
    tmp_path: Path, portraits: Portraits, settings: CropSettings
) -> None:
    settings = replace(settings, translate=0.05, degrade_prob=0.5, erase_prob=0.5)
    uninterrupted = train(settings, portraits, tmp_path / "uninterrupted.pt", until=3)
    train(settings, portraits, tmp_path / "interrupted.pt", until=1)
    resumed = train(settings, portraits, tmp_path / "interrupted.pt", until=3)
    for network in ("network", "average"):
        weights = getattr(resumed, network).state_dict()
        for name, expected in getattr(uninterrupted, network).state_dict().items():
            assert torch.equal(weights[name], expected)
    assert resumed.history == uninterrupted.history


def test_a_run_may_start_from_the_weights_of_another(
    tmp_path: Path, portraits: Portraits, settings: CropSettings
) -> None:
    first = train(settings, portraits, tmp_path / "first.pt", until=1)
    second = train(settings, portraits, tmp_path / "second.pt", until=0, start=tmp_path / "first.pt")
    assert second.steps == 0
    for name, weights in first.average.state_dict().items():
        assert torch.equal(second.average.state_dict()[name], weights)


def test_a_checkpoint_of_other_settings_is_refused(
    tmp_path: Path, portraits: Portraits, settings: CropSettings
) -> None:
    train(settings, portraits, tmp_path / "checkpoint.pt", until=1)
    with pytest.raises(
        CheckpointMismatchError,
        match=r"checkpoint\.pt has learning_rate = 0\.01, and this run 0\.1; delete it to start again$",
    ):
        train(replace(settings, learning_rate=0.1), portraits, tmp_path / "checkpoint.pt")
