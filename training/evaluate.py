"""Measures the shipped networks on the test sets, which are looked at once per release.

Run as `python -m training.evaluate`: it prints the tables and leaves them with plots in training/report/;
`--json` prints the figures alone; `--cards` writes them into the cards and into training/figures.json.
"""

import argparse
import hashlib
import json
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from engine.card import MODELS, read_card
from engine.labels import FIVE, KEYPOINTS, LABELS
from engine.runtimes.cpu import has_byte_dot_products
from training.command import run_script
from training.detector.evaluate import Figures, Found, measure
from training.emotion.evaluate import Emotion, read_emotion
from training.emotion.metrics import five_view
from training.keypoints.evaluate import Keypoints, read_keypoints
from training.paths import CHECKPOINTS, REPORT, RUNS, SHARED, TRAINING, YUNET
from training.plots import draw_calibration, draw_confusion, draw_curves, draw_keypoints, draw_precision
from training.speed import beside_resnet18
from training.tables import (
    calibration_table,
    classification_table,
    confusion_table,
    keypoint_table,
    precision_table,
)

FIGURES = TRAINING / "figures.json"  # of the shipped weights
NETWORKS = ("emotion", "keypoints", "detector")
# The same recipe as the emotion network's on splits in which versions of test photos were learnt from.
LEAKY = ("official7", "mission5")


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """All that was measured of one set of weights."""

    emotion: Emotion
    keypoints: Keypoints
    detector: Figures
    found: Found
    speed: dict[str, float]  # time over that of a ResNet-18
    emotion_int8: Emotion | None = None  # where there is a file of 8 bits
    keypoints_int8: Keypoints | None = None


def measure_all(models: Path, shared: Path) -> Measured:
    detector, found = measure(shared, models)
    emotion, keypoints = read_card("emotion", LABELS, models), read_card("keypoints", KEYPOINTS, models)
    # Without dot products of bytes the sums may overflow.
    small = (emotion.int8, keypoints.int8) if has_byte_dot_products() else (None, None)
    read_faces = partial(read_emotion, data=shared / "data", teacher=shared / YUNET, part="test")
    read_points = partial(read_keypoints, data=shared / "data", part="test")
    return Measured(
        emotion=read_faces(emotion),
        keypoints=read_points(keypoints),
        detector=detector,
        found=found,
        speed={
            card.file.stem: round(beside_resnet18(card.file), 3)
            for card in (emotion, keypoints, *small)
            if card is not None
        },
        emotion_int8=read_faces(small[0]) if small[0] else None,
        keypoints_int8=read_points(small[1]) if small[1] else None,
    )


def figures(measured: Measured, runs: Path = RUNS) -> dict[str, Any]:
    """The figures that a release is judged by; None for a run that has left no report."""
    said, pointed, found = measured.emotion.metrics, measured.keypoints.metrics, asdict(measured.detector)
    speed = {"detector_vs_yunet": found.pop("detector_vs_yunet")}
    return {
        "emotion": {
            "clean5": said["five"],
            "clean7": said["seven"],
            **{name: _report_of(runs / f"{name}.json") for name in LEAKY},
            "ece": said["ece"],
        },
        "keypoints": {"rmse": pointed["rmse"], "nme": pointed["nme"]},
        "detector": found,
        "int8": _lost(measured),
        "speed": speed
        | {f"{name.replace('.', '_')}_vs_resnet18": ratio for name, ratio in measured.speed.items()},
    }


def _lost(measured: Measured) -> dict[str, float] | None:
    """What 8 bits cost: share of the pictures that are no longer read right, pixels of error more."""
    if measured.emotion_int8 is None or measured.keypoints_int8 is None:
        return None
    right = [said.metrics["seven"]["accuracy"] for said in (measured.emotion, measured.emotion_int8)]
    error = [said.metrics["rmse"] for said in (measured.keypoints, measured.keypoints_int8)]
    return {"accuracy_lost": round(right[0] - right[1], 4), "rmse_added": round(error[1] - error[0], 4)}


def tables(measured: Measured) -> str:
    """All tables, in the form of the mission's report."""
    probability, label = measured.emotion.probability, measured.emotion.label
    five, five_label = five_view(probability, label)
    pointed, found = measured.keypoints.metrics, measured.detector
    ratios = {**measured.speed, "detector": found.detector_vs_yunet}
    parts = {
        "emotion, seven classes": classification_table(probability, label, LABELS),
        "rows: the data, columns: the network": confusion_table(probability, label, LABELS),
        **_beside_votes(measured.emotion),
        "emotion, five-class view": classification_table(five, five_label, FIVE),
        "rows: the data, columns: the network, five-class view": confusion_table(five, five_label, FIVE),
        f"calibration, expected error {measured.emotion.metrics['ece']:.4f}": calibration_table(
            probability, label
        ),
        f"keypoints, rmse {pointed['rmse']:.2f} px, mean error / eye distance {pointed['nme']:.4f}": (
            keypoint_table(measured.keypoints.found, measured.keypoints.points)
        ),
        f"detector, average precision {found.ap:.4f} (YuNet {found.yunet_ap:.4f})": precision_table(
            measured.found
        ),
        f"detector as served: recall {found.recall:.4f}, {found.false_positives} inventions": "",
        **_in_8_bits(measured),
        "time over ResNet-18's, the detector's over YuNet's": "\n".join(
            f"{name:>16}{ratio:>8.3f}" for name, ratio in ratios.items()
        ),
    }
    return "\n".join(f"{title}\n{table}\n" for title, table in parts.items())


def _beside_votes(emotion: Emotion) -> dict[str, str]:
    """Seven classes against what most FER+ taggers said, where the data has their votes."""
    if "ferplus" not in (said := emotion.metrics):
        return {}
    voted = said["ferplus"]
    line = f"accuracy {voted['accuracy']:.3f}, macro F1 {voted['macro_f1']:.3f}, {voted['n']} pictures"
    return {f"most FER+ votes: {line}": ""}


def _in_8_bits(measured: Measured) -> dict[str, str]:
    lost = _lost(measured)
    if lost is None:
        return {}
    told = f"{lost['accuracy_lost']:.4f} of the accuracy lost, {lost['rmse_added']:.4f} px of error added"
    return {f"8 bits, seven classes and keypoints: {told}": ""}


def leave_report(measured: Measured, folder: Path) -> None:
    """Writes tables and plots; training curves where this machine has the checkpoints."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tables.txt").write_text(tables(measured))
    probability, label = measured.emotion.probability, measured.emotion.label
    draw_confusion(probability, label, LABELS, folder / "confusion7.png")
    draw_confusion(*five_view(probability, label), FIVE, folder / "confusion5.png")
    draw_calibration(probability, label, folder / "calibration.png")
    pointed = measured.keypoints
    draw_keypoints(pointed.crops, pointed.found, pointed.points, folder / "keypoints.png")
    draw_precision(measured.found, folder / "precision_recall.png")
    for name in NETWORKS:
        if (CHECKPOINTS / f"{name}.pt").exists():
            draw_curves(CHECKPOINTS / f"{name}.pt", folder / f"{name}_curves.png")


def write_cards(measured: Measured, models: Path) -> None:
    """Puts the figures into the cards, beside those of the validation sets."""
    _into_card(models / "emotion.json", {"test": measured.emotion.metrics})
    _into_card(models / "keypoints.json", {"test": measured.keypoints.metrics})
    if measured.emotion_int8 is not None and measured.keypoints_int8 is not None:
        _into_card(models / "emotion.json", {"test_int8": measured.emotion_int8.metrics})
        _into_card(models / "keypoints.json", {"test_int8": measured.keypoints_int8.metrics})
    _into_card(models / "detector.json", asdict(measured.detector))


def with_weights(said: dict[str, Any], models: Path) -> dict[str, Any]:
    """The figures with the weight files that they are of."""
    weights = {}
    for name in NETWORKS:
        card = json.loads((models / f"{name}.json").read_text())
        for file in (card["file"], *([card["int8"]["file"]] if "int8" in card else [])):
            weights[Path(file).stem] = hashlib.sha256((models / file).read_bytes()).hexdigest()
    return {**said, "sha256": weights}


def _into_card(path: Path, metrics: dict[str, Any]) -> None:
    card = json.loads(path.read_text())
    card["metrics"] |= metrics
    path.write_text(json.dumps(card, indent=2) + "\n")


def _report_of(file: Path) -> dict[str, Any] | None:
    """Accuracy, macro F1 and number of pictures that a run left."""
    if not file.exists():
        return None
    said: dict[str, Any] = json.loads(file.read_text())["test"]
    return said


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--shared", type=Path, default=SHARED, help="data, models, pictures, videos")
    parser.add_argument("--report", type=Path, default=REPORT, help="folder for tables and plots")
    parser.add_argument("--json", action="store_true", help="print the figures alone")
    parser.add_argument("--cards", action="store_true", help="write the figures into the cards")
    asked = parser.parse_args()

    measured = measure_all(asked.models, asked.shared)
    said = figures(measured)
    if asked.cards:
        write_cards(measured, asked.models)
        kept = json.dumps(with_weights(said, asked.models), indent=2)
        FIGURES.write_text(kept + "\n")
    if asked.json:
        print(json.dumps(said))
    else:
        print(tables(measured))
        leave_report(measured, asked.report)


if __name__ == "__main__":
    run_script(main)
