"""Evaluate the shipped networks on the test sets, which are used once per release.

Prints the tables and writes them, with plots, to training/report/. `--json` prints the figures only;
`--cards` also writes them to the cards and to training/figures.json.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.card import read_card
from engine.labels import FIVE, KEYPOINTS, LABELS
from engine.runtimes.cpu import has_byte_dot_products
from training.command import evaluation_parser, run_script
from training.detector.evaluate import DetectorMetrics, evaluate_detector
from training.detector.matching import DetectionResults
from training.emotion.evaluate import EmotionResults, evaluate_emotion
from training.emotion.metrics import five_classes
from training.keypoints.evaluate import KeypointResults, evaluate_keypoints
from training.paths import CHECKPOINTS, REPORT, RUNS, TRAINING, YUNET
from training.plots import draw_calibration, draw_confusion, draw_curves, draw_keypoints, draw_precision
from training.speed import ratio_to_resnet18
from training.tables import (
    calibration_table,
    classification_table,
    confusion_table,
    keypoint_table,
    precision_table,
)

FIGURES = TRAINING / "figures.json"  # of the shipped weights
NETWORKS = ("emotion", "keypoints", "detector")
# Runs of the emotion network on splits whose training sets have versions of test photos.
LEAKY_RUNS = ("official7", "mission5")


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Results of one set of weights."""

    emotion: EmotionResults
    keypoints: KeypointResults
    detector: DetectorMetrics
    detections: DetectionResults
    speed: dict[str, float]  # ratio of a network's time to that of a ResNet-18
    emotion_int8: EmotionResults | None = None  # None without a file of 8 bits
    keypoints_int8: KeypointResults | None = None

    @property
    def int8_loss(self) -> dict[str, float] | None:
        """Accuracy lost and pixels of error added by quantization; None without files of 8 bits."""
        if self.emotion_int8 is None or self.keypoints_int8 is None:
            return None
        before, after = (one.metrics["seven"]["accuracy"] for one in (self.emotion, self.emotion_int8))
        rmse, rmse_int8 = (one.metrics["rmse"] for one in (self.keypoints, self.keypoints_int8))
        return {"accuracy_lost": round(before - after, 4), "rmse_added": round(rmse_int8 - rmse, 4)}


def evaluate(models: Path, shared: Path) -> Evaluation:
    """Evaluate the weights in `models` on the test sets in `shared`; takes some minutes."""
    data, yunet = shared / "data", shared / YUNET
    detector, detections = evaluate_detector(shared, models)
    emotion, keypoints = read_card("emotion", LABELS, models), read_card("keypoints", KEYPOINTS, models)
    # On other CPUs the sums of 8-bit products may overflow.
    emotion_int8, keypoints_int8 = (emotion.int8, keypoints.int8) if has_byte_dot_products() else (None, None)
    cards = [card for card in (emotion, keypoints, emotion_int8, keypoints_int8) if card is not None]
    return Evaluation(
        emotion=evaluate_emotion(emotion, data, yunet, "test"),
        keypoints=evaluate_keypoints(keypoints, data, "test"),
        detector=detector,
        detections=detections,
        speed={card.file.stem: round(ratio_to_resnet18(card.file), 3) for card in cards},
        emotion_int8=evaluate_emotion(emotion_int8, data, yunet, "test") if emotion_int8 else None,
        keypoints_int8=evaluate_keypoints(keypoints_int8, data, "test") if keypoints_int8 else None,
    )


def figures(evaluation: Evaluation, runs: Path = RUNS) -> dict[str, Any]:
    """Return the figures that decide on a release; None for a leaky run that has left no report in `runs`."""
    emotion, keypoints = evaluation.emotion.metrics, evaluation.keypoints.metrics
    detector = asdict(evaluation.detector)
    speed = {"detector_vs_yunet": detector.pop("detector_vs_yunet")}
    for name, ratio in evaluation.speed.items():
        speed[f"{name.replace('.', '_')}_vs_resnet18"] = ratio
    return {
        "emotion": {
            "clean5": emotion["five"],
            "clean7": emotion["seven"],
            **{name: _report_metrics(runs / f"{name}.json") for name in LEAKY_RUNS},
            "ece": emotion["ece"],
        },
        "keypoints": {"rmse": keypoints["rmse"], "nme": keypoints["nme"]},
        "detector": detector,
        "int8": evaluation.int8_loss,
        "speed": speed,
    }


def tables(evaluation: Evaluation) -> str:
    """Return all tables, in the form of the mission's report."""
    probabilities, labels = evaluation.emotion.probabilities, evaluation.emotion.labels
    five, five_labels = five_classes(probabilities, labels)
    emotion, keypoints = evaluation.emotion.metrics, evaluation.keypoints.metrics
    detector = evaluation.detector
    ratios = {**evaluation.speed, "detector": detector.detector_vs_yunet}
    parts = {
        "emotion, seven classes": classification_table(probabilities, labels, LABELS),
        "confusion (rows: labels, columns: predictions)": confusion_table(probabilities, labels, LABELS),
        **_ferplus(emotion),
        "emotion, five classes": classification_table(five, five_labels, FIVE),
        "confusion, five classes": confusion_table(five, five_labels, FIVE),
        f"calibration, expected error {emotion['ece']:.4f}": calibration_table(probabilities, labels),
        f"keypoints, rmse {keypoints['rmse']:.2f} px, mean error / eye distance {keypoints['nme']:.4f}": (
            keypoint_table(evaluation.keypoints.predicted, evaluation.keypoints.points)
        ),
        f"detector, average precision {detector.ap:.4f} (YuNet {detector.yunet_ap:.4f})": precision_table(
            evaluation.detections
        ),
        f"detector as served: recall {detector.recall:.4f}, {detector.false_positives} false positives": "",
        **_int8(evaluation.int8_loss),
        "time / ResNet-18's; the detector's / YuNet's": "\n".join(
            f"{name:>16}{ratio:>8.3f}" for name, ratio in ratios.items()
        ),
    }
    return "\n".join(f"{title}\n{table}\n" for title, table in parts.items())


def _ferplus(metrics: dict[str, Any]) -> dict[str, str]:
    """Return a line on seven classes against the majority of the FER+ votes, if the data has them."""
    if "ferplus" not in metrics:
        return {}
    ferplus = metrics["ferplus"]
    line = f"accuracy {ferplus['accuracy']:.3f}, macro F1 {ferplus['macro_f1']:.3f}, {ferplus['n']} pictures"
    return {f"majority of the FER+ votes: {line}": ""}


def _int8(loss: dict[str, float] | None) -> dict[str, str]:
    if loss is None:
        return {}
    line = f"accuracy -{loss['accuracy_lost']:.4f}, rmse +{loss['rmse_added']:.4f} px"
    return {f"8 bits, seven classes and keypoints: {line}": ""}


def write_report(evaluation: Evaluation, folder: Path) -> None:
    """Write tables and plots; training curves only of the checkpoints on this machine."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tables.txt").write_text(tables(evaluation))
    probabilities, labels = evaluation.emotion.probabilities, evaluation.emotion.labels
    draw_confusion(probabilities, labels, LABELS, folder / "confusion7.png")
    draw_confusion(*five_classes(probabilities, labels), FIVE, folder / "confusion5.png")
    draw_calibration(probabilities, labels, folder / "calibration.png")
    draw_keypoints(evaluation.keypoints, folder / "keypoints.png")
    draw_precision(evaluation.detections, folder / "precision_recall.png")
    for name in NETWORKS:
        if (CHECKPOINTS / f"{name}.pt").exists():
            draw_curves(CHECKPOINTS / f"{name}.pt", folder / f"{name}_curves.png")


def write_cards(evaluation: Evaluation, models: Path) -> None:
    """Add the test metrics to the cards, next to those of the validation sets."""
    emotion, keypoints = {"test": evaluation.emotion.metrics}, {"test": evaluation.keypoints.metrics}
    if evaluation.emotion_int8 is not None and evaluation.keypoints_int8 is not None:
        emotion["test_int8"] = evaluation.emotion_int8.metrics
        keypoints["test_int8"] = evaluation.keypoints_int8.metrics
    added = {"emotion": emotion, "keypoints": keypoints, "detector": asdict(evaluation.detector)}
    for name, metrics in added.items():
        path = models / f"{name}.json"
        card = json.loads(path.read_text())
        card["metrics"] |= metrics
        path.write_text(json.dumps(card, indent=2) + "\n")


def with_weights(figures: dict[str, Any], models: Path) -> dict[str, Any]:
    """Add the SHA-256 of the weight files to their figures."""
    weights = {}
    for name in NETWORKS:
        card = json.loads((models / f"{name}.json").read_text())
        for file in (card["file"], *([card["int8"]["file"]] if "int8" in card else [])):
            weights[Path(file).stem] = hashlib.sha256((models / file).read_bytes()).hexdigest()
    return {**figures, "sha256": weights}


def _report_metrics(file: Path) -> dict[str, Any] | None:
    """Return `accuracy`, `macro_f1` and `n` of a run's report, None if there is none."""
    if not file.exists():
        return None
    metrics: dict[str, Any] = json.loads(file.read_text())["test"]
    return metrics


def main() -> None:
    parser = evaluation_parser("evaluate", __doc__)
    parser.add_argument("--report", type=Path, default=REPORT, help="folder for tables and plots")
    parser.add_argument("--json", action="store_true", help="print the figures only")
    parser.add_argument("--cards", action="store_true", help="write the figures into the cards")
    options = parser.parse_args()
    evaluation = evaluate(options.models, options.shared)
    numbers = figures(evaluation)
    if options.cards:
        write_cards(evaluation, options.models)
        FIGURES.write_text(json.dumps(with_weights(numbers, options.models), indent=2) + "\n")
    if options.json:
        print(json.dumps(numbers))
    else:
        print(tables(evaluation))
        write_report(evaluation, options.report)


if __name__ == "__main__":
    run_script(main)
