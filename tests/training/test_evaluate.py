"""What `training.evaluate` says of networks whose answers are known, and how it leaves it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.card import MODELS, read_card
from engine.labels import LABELS
from training.detector.evaluate import Figures, Found
from training.detector.matching import Guessed, Labelled
from training.emotion.evaluate import Emotion
from training.evaluate import (
    FIGURES,
    NETWORKS,
    Measured,
    figures,
    leave_report,
    tables,
    with_weights,
    write_cards,
)
from training.keypoints.evaluate import Keypoints


@pytest.fixture
def measured() -> Measured:
    """Two faces of each label, one happy one taken for neutral; all points are 1 px too far right."""
    label = np.arange(14) % 7
    logits = np.full((14, 7), -4, dtype=np.float32)
    logits[np.arange(14), label] = 4
    logits[3] = logits[6]
    points = np.random.default_rng(0).uniform(20, 70, (30, 15, 2)).astype(np.float32)
    box, none = np.array([[0, 0, 10, 10]], np.float32), np.zeros((0, 4), np.float32)
    return Measured(
        emotion=Emotion(logits, label, np.where(label == 0, -1, label), temperature=1.0),
        keypoints=Keypoints(
            crops=np.zeros((30, 96, 96), np.uint8),
            found=points + np.array([1, 0], np.float32),
            points=points,
            aligned={"rmse": 0.5, "nme": 0.01},
        ),
        detector=Figures(recall=0.97, false_positives=3, ap=0.9, yunet_ap=0.98, detector_vs_yunet=0.5),
        found=Found(
            [Labelled(box, none), Labelled(none, none)],
            [Guessed(box, np.array([0.9], np.float32)), Guessed(box, np.array([0.55], np.float32))],
        ),
        speed={"emotion": 0.2, "keypoints": 0.1},
    )


def test_the_figures_have_their_promised_form(measured: Measured, tmp_path: Path) -> None:
    (tmp_path / "mission5.json").write_text(
        json.dumps({"seed": 1, "test": {"accuracy": 0.9, "macro_f1": 0.8, "n": 1229}})
    )
    said = json.loads(json.dumps(figures(measured, tmp_path)))
    assert said["emotion"]["clean7"] == {"accuracy": 0.9286, "macro_f1": 0.9238, "n": 14}
    assert said["emotion"]["clean5"] == {"accuracy": 0.9, "macro_f1": 0.8933, "n": 10}
    assert set(said["emotion"]) == {"clean5", "clean7", "official7", "mission5", "ece"}
    assert said["emotion"]["official7"] is None
    assert said["emotion"]["mission5"] == {"accuracy": 0.9, "macro_f1": 0.8, "n": 1229}
    assert 0 < said["emotion"]["ece"] < 0.1
    assert said["keypoints"]["rmse"] == pytest.approx(0.5**0.5, abs=1e-3)
    assert said["detector"] == {"recall": 0.97, "false_positives": 3, "ap": 0.9, "yunet_ap": 0.98}
    assert said["speed"] == {
        "detector_vs_yunet": 0.5,
        "emotion_vs_resnet18": 0.2,
        "keypoints_vs_resnet18": 0.1,
    }


def test_what_8_bits_cost_is_told_where_there_are_such(measured: Measured, tmp_path: Path) -> None:
    assert figures(measured, tmp_path)["int8"] is None
    logits = measured.emotion.logits.copy()
    logits[0] = logits[1]  # one of 14 more is wrong
    moved = measured.keypoints.found + np.array([0, 1], np.float32)
    small = replace(
        measured,
        emotion_int8=replace(measured.emotion, logits=logits),
        keypoints_int8=replace(measured.keypoints, found=moved),
        speed={**measured.speed, "emotion.int8": 0.11},
    )
    said = figures(small, tmp_path)
    assert said["int8"] == {"accuracy_lost": 0.0715, "rmse_added": pytest.approx(1 - 0.5**0.5, abs=1e-3)}
    assert said["speed"]["emotion_int8_vs_resnet18"] == 0.11
    assert "8 bits, seven classes and keypoints: 0.0715 of the accuracy lost" in tables(small)


def test_the_tables_name_what_was_seen(measured: Measured) -> None:
    lines = tables(measured).splitlines()
    happy = next(line.split() for line in lines if line.split()[:1] == ["happy"])
    assert any(line.startswith("most FER+ votes: accuracy 0.917, macro F1") for line in lines)
    assert happy == ["happy", "1.00", "0.50", "0.67", "2"]
    thresholds = {line.split()[0]: line.split()[1:] for line in lines if line.strip().startswith("0.")}
    assert thresholds["0.5"] == ["0.500", "1.000", "1"]
    assert thresholds["0.6"] == ["1.000", "1.000", "0"]
    assert sum("1.00 px" in line for line in lines) == 15


def test_the_report_holds_tables_and_plots(measured: Measured, tmp_path: Path) -> None:
    leave_report(measured, tmp_path)
    assert (tmp_path / "tables.txt").read_text() == tables(measured)
    plots = {file.name for file in tmp_path.glob("*.png")}
    assert {"confusion7.png", "calibration.png", "keypoints.png", "precision_recall.png"} <= plots


@pytest.mark.skipif(not FIGURES.exists(), reason="nothing was measured for the cards yet")
def test_the_cards_tell_what_was_measured_of_their_weights() -> None:
    said = json.loads(FIGURES.read_text())
    cards = {name: json.loads((MODELS / f"{name}.json").read_text()) for name in NETWORKS}
    small = {f"{name}.int8": card["int8"]["sha256"] for name, card in cards.items() if "int8" in card}
    assert {name: card["sha256"] for name, card in cards.items()} | small == said["sha256"]
    emotion = cards["emotion"]["metrics"]["test"]
    assert (emotion["five"], emotion["seven"]) == (said["emotion"]["clean5"], said["emotion"]["clean7"])
    assert emotion["ece"] == said["emotion"]["ece"]
    assert said["keypoints"].items() <= cards["keypoints"]["metrics"]["test"].items()
    assert said["detector"].items() <= cards["detector"]["metrics"].items()
    assert cards["detector"]["metrics"]["detector_vs_yunet"] == said["speed"]["detector_vs_yunet"]


def test_the_cards_take_the_figures_beside_what_they_hold(measured: Measured, tmp_path: Path) -> None:
    models = Path(shutil.copytree(MODELS, tmp_path / "models"))
    before = read_card("emotion", LABELS, models)
    write_cards(measured, models)
    after = read_card("emotion", LABELS, models)
    assert after.metrics["test"]["seven"]["accuracy"] == 0.9286
    assert after.metrics["validation"] == before.metrics["validation"]
    assert json.loads((models / "detector.json").read_text())["metrics"]["recall"] == 0.97
    sha256 = json.loads((models / "keypoints.json").read_text())["sha256"]
    assert with_weights({}, models)["sha256"]["keypoints"] == sha256
