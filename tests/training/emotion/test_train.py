"""The emotion loop overfits eight faces, resumes exactly, and distils."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.stages.crop import Alignment, align
from training.data.faces import Expressions
from training.emotion.batches import EmotionSettings, cut_aligned, rows_of_epoch, targets
from training.emotion.release import write_report
from training.emotion.train import train
from training.inference import predict
from training.paths import RUNS
from training.state import read_settings

RUN = RUNS / "emotion.toml"
LANDMARKS = np.array([(14, 18), (33, 18), (24, 28), (16, 37), (31, 37)], dtype=np.float32)


@pytest.fixture
def faces() -> Expressions:
    """Eight pictures of coarse noise, the last with the label of the first."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, size=(8, 6, 6), dtype=np.uint8)
    everything = np.ones(8, dtype=bool)
    return Expressions(
        pixels=coarse.repeat(8, axis=1).repeat(8, axis=2),
        labels=np.arange(8) % 7,
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
def settings() -> EmotionSettings:
    """A small network, without augmentation."""
    return replace(
        read_settings(RUN, EmotionSettings),
        stem_width=8,
        stem_stride=3,
        widths=[16, 32],
        depths=[1, 1],
        epochs=80,
        batch_size=10,
        ema_decay=0.8,
        learning_rate=0.2,
        translate=0.0,
        scale=0.0,
        rotate=0.0,
        degrade_prob=0.0,
        erase_prob=0.0,
        mixup_prob=0.0,
        dropout=0.0,
    )


def test_a_network_overfits_eight_faces(
    tmp_path: Path, faces: Expressions, alignments: list[Alignment], settings: EmotionSettings
) -> None:
    state = train(settings, faces, alignments, tmp_path / "checkpoint.pt")
    logits = predict(state.average, cut_aligned(faces, alignments, faces.train))
    assert (logits.argmax(axis=1) == faces.labels).all()


def test_a_resumed_run_gives_the_same_weights(
    tmp_path: Path, faces: Expressions, alignments: list[Alignment], settings: EmotionSettings
) -> None:
    settings = replace(
        settings, translate=0.05, degrade_prob=0.5, erase_prob=0.5, mixup_prob=0.5, dropout=0.3
    )
    uninterrupted = train(settings, faces, alignments, tmp_path / "uninterrupted.pt", until=4)
    train(settings, faces, alignments, tmp_path / "interrupted.pt", until=2)
    resumed = train(settings, faces, alignments, tmp_path / "interrupted.pt", until=4)
    for network in ("network", "average"):
        weights = getattr(resumed, network).state_dict()
        for name, expected in getattr(uninterrupted, network).state_dict().items():
            assert torch.equal(weights[name], expected)
    assert resumed.history == uninterrupted.history


def test_a_network_learns_from_its_teacher_what_no_label_contains(
    tmp_path: Path, faces: Expressions, alignments: list[Alignment], settings: EmotionSettings
) -> None:
    """The student's labels are all the same; the teacher has learned the true ones."""
    train(settings, faces, alignments, tmp_path / "teacher.pt")
    distilled = replace(settings, teachers=["teacher"], distill_weight=1.0)
    unlabelled = replace(faces, labels=np.zeros(8, dtype=np.int64), votes=faces.votes[np.zeros(8, dtype=int)])
    student = train(distilled, unlabelled, alignments, tmp_path / "student.pt", until=60)
    logits = predict(student.network.eval(), cut_aligned(faces, alignments, faces.train))
    assert (logits.argmax(axis=1) == faces.labels).sum() >= 7


def test_an_epoch_repeats_the_rare_class_and_omits_pictures_without_a_face(faces: Expressions) -> None:
    faces = replace(faces, is_face=np.arange(8) != 5)
    repeats = np.bincount(rows_of_epoch(faces, disgust_repeats=3), minlength=8)
    assert repeats.tolist() == [1, 3, 1, 1, 1, 0, 1, 1]


def test_targets_are_distributions_that_follow_label_and_votes(
    faces: Expressions, settings: EmotionSettings
) -> None:
    votes = faces.votes.copy()
    votes[0], votes[1] = np.eye(7)[3], 0  # votes for another label; no votes
    target = targets(replace(faces, votes=votes), settings)
    assert np.allclose(target.sum(axis=1), 1)
    assert target[0, 0] > target[0, 3] > target[0, 1]
    assert target[1].argmax() == 1


def test_the_runs_for_comparison_differ_in_split_and_length_only() -> None:
    own = read_settings(RUN, EmotionSettings)
    assert own.split == "clean"
    for name, split in (("official7", "official"), ("mission5", "mission")):
        other = read_settings(RUNS / f"{name}.toml", EmotionSettings)
        assert other == replace(own, split=split, epochs=other.epochs, learning_rate=other.learning_rate)


def test_a_run_may_start_from_the_weights_of_another(
    tmp_path: Path, faces: Expressions, alignments: list[Alignment], settings: EmotionSettings
) -> None:
    first = train(settings, faces, alignments, tmp_path / "first.pt", until=1)
    second = train(settings, faces, alignments, tmp_path / "second.pt", until=0, start=tmp_path / "first.pt")
    assert second.steps == 0
    for name, weights in first.average.state_dict().items():
        assert torch.equal(second.average.state_dict()[name], weights)


def test_a_run_for_comparison_reports_its_metrics_with_its_settings(
    tmp_path: Path, settings: EmotionSettings
) -> None:
    metrics = {"seven": {"accuracy": 0.7}, "five": {"accuracy": 0.9}}
    for split, accuracy in (("official", 0.7), ("mission", 0.9)):
        write_report(metrics, replace(settings, split=split), 3, tmp_path / "report.json")
        report = json.loads((tmp_path / "report.json").read_text())
        assert report["test"]["accuracy"] == accuracy
        assert (report["epochs_done"], report["settings"]["seed"]) == (3, settings.seed)
        assert "versions of test photos" in report["leak"]
