"""The emotion loop learns eight faces by heart, resumes exactly, and keeps a photo to one set."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.stages.crop import Alignment, align
from training.data.faces import Expressions
from training.emotion.batches import Settings, cut_all, rows_of_epoch, targets
from training.emotion.metrics import calibration_error, emotion_metrics, fit_temperature
from training.emotion.release import leave_report
from training.emotion.train import predict, train
from training.state import read_settings

RUN = Path(__file__).parents[3] / "training" / "runs" / "emotion.toml"
LANDMARKS = np.array([(14, 18), (33, 18), (24, 28), (16, 37), (31, 37)], dtype=np.float32)


@pytest.fixture
def faces() -> Expressions:
    """Eight pictures of coarse noise, the last with the label of the first."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, size=(8, 6, 6), dtype=np.uint8)
    everything = np.ones(8, dtype=bool)
    return Expressions(
        pixels=coarse.repeat(8, axis=1).repeat(8, axis=2),
        label=np.arange(8) % 7,
        votes=np.eye(7, dtype=np.float32)[np.arange(8) % 7],
        is_face=everything,
        train=everything,
        validation=everything,
        test=everything,
    )


@pytest.fixture
def alignments() -> list[Alignment]:
    return [align(LANDMARKS)] * 8


@pytest.fixture
def settings() -> Settings:
    small: dict[str, Any] = {
        "stem": 8,
        "stride": 3,
        "widths": [16, 32],
        "depths": [1, 1],
        "epochs": 80,
        "batch": 10,
        "average": 0.8,
        "rate": 0.2,
    }
    plain: dict[str, Any] = {
        "place": 0.0,
        "size": 0.0,
        "roll": 0.0,
        "spoiled": 0.0,
        "covered": 0.0,
        "mixed": 0.0,
        "dropout": 0.0,
    }
    return replace(read_settings(RUN, Settings), **small, **plain)


def test_eight_faces_are_learnt_by_heart(
    tmp_path: Path, faces: Expressions, alignments: list[Alignment], settings: Settings
) -> None:
    state = train(settings, faces, alignments, tmp_path / "checkpoint.pt")
    logits = predict(state.average, cut_all(faces, alignments, faces.train))
    assert (logits.argmax(axis=1) == faces.label).all()


def test_resumed_run_gives_the_same_weights(
    tmp_path: Path, faces: Expressions, alignments: list[Alignment], settings: Settings
) -> None:
    settings = replace(settings, place=0.05, spoiled=0.5, covered=0.5, mixed=0.5, dropout=0.3)
    unbroken = train(settings, faces, alignments, tmp_path / "unbroken.pt", until=4)
    train(settings, faces, alignments, tmp_path / "broken.pt", until=2)
    resumed = train(settings, faces, alignments, tmp_path / "broken.pt", until=4)
    for network in ("network", "average"):
        ours, theirs = getattr(resumed, network).state_dict(), getattr(unbroken, network).state_dict()
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert resumed.history == unbroken.history


def test_a_network_learns_from_its_teachers_what_no_label_says(
    tmp_path: Path, faces: Expressions, alignments: list[Alignment], settings: Settings
) -> None:
    """All labels are alike for the pupil; the teacher has learnt the true ones."""
    taught = replace(settings, teachers=["teacher"], taught=1.0)
    train(settings, faces, alignments, tmp_path / "teacher.pt")
    blind = replace(faces, label=np.zeros(8, dtype=np.int64), votes=faces.votes[np.zeros(8, dtype=int)])
    pupil = train(taught, blind, alignments, tmp_path / "pupil.pt", until=60)
    logits = predict(pupil.network.eval(), cut_all(faces, alignments, faces.train))
    assert (logits.argmax(axis=1) == faces.label).sum() >= 7


def test_rare_class_is_shown_more_often_and_what_is_no_face_never(
    faces: Expressions, settings: Settings
) -> None:
    faces = replace(faces, is_face=np.arange(8) != 5)
    shown = np.bincount(rows_of_epoch(faces, settings), minlength=8)
    assert shown.tolist() == [1, settings.disgust, 1, 1, 1, 0, 1, 1]


def test_targets_are_distributions_that_follow_label_and_votes(
    faces: Expressions, settings: Settings
) -> None:
    votes = faces.votes.copy()
    votes[0], votes[1] = np.eye(7)[3], 0  # the taggers saw another label; nobody voted
    target = targets(replace(faces, votes=votes), settings)
    assert np.allclose(target.sum(axis=1), 1)
    assert target[0, 0] > target[0, 3] > target[0, 1]
    assert target[1].argmax() == 1


def test_temperature_makes_an_overconfident_network_honest() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 1.5, size=(4000, 7)).astype(np.float32)
    chances = np.exp(honest) / np.exp(honest).sum(axis=1, keepdims=True)
    label = np.array([rng.choice(7, p=row / row.sum()) for row in chances.astype(np.float64)])
    temperature = fit_temperature(3 * honest, label)
    assert temperature == pytest.approx(3, rel=0.1)
    assert emotion_metrics(3 * honest, label, temperature)["ece"] < 0.03
    assert calibration_error(chances, label) < 0.03


def test_the_runs_for_comparison_have_the_same_recipe_but_for_how_long_they_last() -> None:
    own = read_settings(RUN, Settings)
    assert own.split == "clean"
    for name, split in (("official7", "official"), ("mission5", "mission")):
        other = read_settings(RUN.with_name(f"{name}.toml"), Settings)
        assert other == replace(own, split=split, epochs=other.epochs, rate=other.rate)


def test_a_run_may_begin_with_the_weights_of_another(
    tmp_path: Path, faces: Expressions, alignments: list[Alignment], settings: Settings
) -> None:
    first = train(settings, faces, alignments, tmp_path / "first.pt", until=1)
    second = train(settings, faces, alignments, tmp_path / "second.pt", until=0, start=tmp_path / "first.pt")
    assert second.steps == 0
    for name, weights in first.average.state_dict().items():
        assert torch.equal(second.average.state_dict()[name], weights)


def test_a_run_for_comparison_leaves_its_figures_with_settings_and_seed(
    tmp_path: Path, settings: Settings
) -> None:
    said = {"seven": {"accuracy": 0.7}, "five": {"accuracy": 0.9}}
    for split, accuracy in (("official", 0.7), ("mission", 0.9)):
        leave_report(said, replace(settings, split=split), 3, tmp_path / "report.json")
        report = json.loads((tmp_path / "report.json").read_text())
        assert report["test"]["accuracy"] == accuracy
        assert (report["epochs_done"], report["settings"]["seed"]) == (3, settings.seed)
        assert "learnt from" in report["leak"]
