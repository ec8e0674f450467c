"""Figures, tables, plots and cards of an evaluation with known predictions."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.card import MODELS, read_card
from engine.labels import LABELS
from training.detector.evaluate import DetectorMetrics
from training.detector.matching import DetectionResults, Detections, GroundTruth
from training.emotion.evaluate import EmotionResults
from training.evaluate import (
    FIGURES,
    NETWORKS,
    Evaluation,
    figures,
    tables,
    with_weights,
    write_cards,
    write_report,
)
from training.keypoints.evaluate import KeypointResults


@pytest.fixture
def evaluation() -> Evaluation:
    """Two faces of each label, one happy one predicted as neutral; all points are 1 px too far right."""
    labels = np.arange(14) % 7
    logits = np.full((14, 7), -4, dtype=np.float32)
    logits[np.arange(14), labels] = 4
    logits[3] = logits[6]
    points = np.random.default_rng(0).uniform(20, 70, (30, 15, 2)).astype(np.float32)
    box, none = np.array([[0, 0, 10, 10]], np.float32), np.zeros((0, 4), np.float32)
    return Evaluation(
        emotion=EmotionResults(logits, labels, np.where(labels == 0, -1, labels), temperature=1.0),
        keypoints=KeypointResults(
            crops=np.zeros((30, 96, 96), np.uint8),
            predicted=points + np.array([1, 0], np.float32),
            points=points,
            aligned={"rmse": 0.5, "nme": 0.01},
        ),
        detector=DetectorMetrics(
            recall=0.97, false_positives=3, ap=0.9, yunet_ap=0.98, detector_vs_yunet=0.5
        ),
        detections=DetectionResults(
            [GroundTruth(box, none), GroundTruth(none, none)],
            [Detections(box, np.array([0.9], np.float32)), Detections(box, np.array([0.55], np.float32))],
        ),
        speed={"emotion": 0.2, "keypoints": 0.1},
    )


def test_the_figures_have_the_fields_of_figures_json(evaluation: Evaluation, tmp_path: Path) -> None:
    mission = {"accuracy": 0.9, "macro_f1": 0.8, "n": 1229}
    (tmp_path / "mission5.json").write_text(json.dumps({"seed": 1, "test": mission}))
    numbers = json.loads(json.dumps(figures(evaluation, tmp_path)))
    assert numbers["emotion"]["clean7"] == {"accuracy": 0.9286, "macro_f1": 0.9238, "n": 14}
    assert numbers["emotion"]["clean5"] == {"accuracy": 0.9, "macro_f1": 0.8933, "n": 10}
    assert set(numbers["emotion"]) == {"clean5", "clean7", "official7", "mission5", "ece"}
    assert numbers["emotion"]["official7"] is None
    assert numbers["emotion"]["mission5"] == mission
    assert 0 < numbers["emotion"]["ece"] < 0.1
    assert numbers["keypoints"]["rmse"] == pytest.approx(0.5**0.5, abs=1e-3)
    assert numbers["detector"] == {"recall": 0.97, "false_positives": 3, "ap": 0.9, "yunet_ap": 0.98}
    assert numbers["speed"] == {
        "detector_vs_yunet": 0.5,
        "emotion_vs_resnet18": 0.2,
        "keypoints_vs_resnet18": 0.1,
    }


def test_the_loss_by_8_bits_is_reported_if_there_are_such_files(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    assert figures(evaluation, tmp_path)["int8"] is None
    logits = evaluation.emotion.logits.copy()
    logits[0] = logits[1]  # one more of 14 is wrong
    moved = evaluation.keypoints.predicted + np.array([0, 1], np.float32)
    with_int8 = replace(
        evaluation,
        emotion_int8=replace(evaluation.emotion, logits=logits),
        keypoints_int8=replace(evaluation.keypoints, predicted=moved),
        speed={**evaluation.speed, "emotion.int8": 0.11},
    )
    numbers = figures(with_int8, tmp_path)
    assert numbers["int8"] == {
        "accuracy_lost": 0.0715,
        "rmse_added": pytest.approx(1 - 0.5**0.5, abs=1e-3),
    }
    assert numbers["speed"]["emotion_int8_vs_resnet18"] == 0.11
    assert "8 bits, seven classes and keypoints: accuracy -0.0715, rmse +0.2929 px" in tables(with_int8)


def test_the_tables_have_the_figures(evaluation: Evaluation) -> None:
    lines = tables(evaluation).splitlines()
    happy = next(line.split() for line in lines if line.split()[:1] == ["happy"])
    assert any(line.startswith("majority of the FER+ votes: accuracy 0.917, macro F1") for line in lines)
    assert happy == ["happy", "1.00", "0.50", "0.67", "2"]
    thresholds = {line.split()[0]: line.split()[1:] for line in lines if line.strip().startswith("0.")}
    assert thresholds["0.5"] == ["0.500", "1.000", "1"]
    assert thresholds["0.6"] == ["1.000", "1.000", "0"]
    assert sum("1.00 px" in line for line in lines) == 15


def test_the_report_has_tables_and_plots(evaluation: Evaluation, tmp_path: Path) -> None:
    write_report(evaluation, tmp_path)
    assert (tmp_path / "tables.txt").read_text() == tables(evaluation)
    plots = {file.name for file in tmp_path.glob("*.png")}
    assert {"confusion7.png", "calibration.png", "keypoints.png", "precision_recall.png"} <= plots


def test_the_shipped_cards_agree_with_figures_json() -> None:
    numbers = json.loads(FIGURES.read_text())
    cards = {name: json.loads((MODELS / f"{name}.json").read_text()) for name in NETWORKS}
    int8 = {f"{name}.int8": card["int8"]["sha256"] for name, card in cards.items() if "int8" in card}
    assert {name: card["sha256"] for name, card in cards.items()} | int8 == numbers["sha256"]
    emotion = cards["emotion"]["metrics"]["test"]
    assert emotion["five"] == numbers["emotion"]["clean5"]
    assert emotion["seven"] == numbers["emotion"]["clean7"]
    assert emotion["ece"] == numbers["emotion"]["ece"]
    assert numbers["keypoints"].items() <= cards["keypoints"]["metrics"]["test"].items()
    assert numbers["detector"].items() <= cards["detector"]["metrics"].items()
    assert cards["detector"]["metrics"]["detector_vs_yunet"] == numbers["speed"]["detector_vs_yunet"]


def test_the_figures_are_added_to_the_cards(evaluation: Evaluation, tmp_path: Path) -> None:
    models = Path(shutil.copytree(MODELS, tmp_path / "models"))
    before = read_card("emotion", LABELS, models)
    write_cards(evaluation, models)
    after = read_card("emotion", LABELS, models)
    assert after.metrics["test"]["seven"]["accuracy"] == 0.9286
    assert after.metrics["validation"] == before.metrics["validation"]
    assert json.loads((models / "detector.json").read_text())["metrics"]["recall"] == 0.97
    sha256 = json.loads((models / "keypoints.json").read_text())["sha256"]
    assert with_weights({}, models)["sha256"]["keypoints"] == sha256
