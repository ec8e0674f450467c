"""Measures the shipped emotion and keypoint networks on held-out faces: `python -m training.evaluate`."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.card import MODELS, read_card
from engine.classify import softmax
from engine.crop import align
from engine.labels import FIVE, KEYPOINTS, LABELS
from engine.records import Floats
from engine.runtimes.onnx import OnnxRuntime
from training.augment import Jitter
from training.emotion import YUNET
from training.emotion_batches import cut_all as cut_expressions
from training.faces import Pixels, read_expressions, read_portraits
from training.keypoint_batches import DETECTOR
from training.keypoint_batches import cut_all as cut_portraits
from training.keypoints import score
from training.landmarks import landmarks_of, with_mean
from training.plots import draw_calibration, draw_confusion, draw_curves, draw_keypoints
from training.scores import Numbers, calibration, confusion, emotion_metrics, five_view, report
from training.speed import beside_resnet18
from training.state import CHECKPOINTS

BATCH = 256
EXACT = Jitter(place=0.0, size=0.0, roll=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Emotion:
    """What the emotion network says of the held-out pictures."""

    logits: Floats  # (n, 7)
    label: Numbers  # (n,)
    temperature: float

    @property
    def metrics(self) -> dict[str, Any]:
        return emotion_metrics(self.logits, self.label, self.temperature)

    @property
    def probability(self) -> Floats:
        return softmax(self.logits / np.float32(self.temperature))


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """Where the keypoint network sees the points of the held-out faces, and where they are."""

    crops: Pixels  # (n, 96, 96) misplaced as a detector does it
    found: Floats  # (n, 15, 2) pixels of the crops
    points: Floats
    aligned: dict[str, float]  # the figures on crops aligned by the points themselves, which flatters

    @property
    def metrics(self) -> dict[str, Any]:
        figures = {name: round(value, 4) for name, value in score(self.found, self.points).items()}
        return figures | {"n": len(self.points), "aligned_by_truth": self.aligned}


def read_emotion(models: Path, data: Path, teacher: Path, part: str) -> Emotion:
    """Runs the emotion network over `part` (test, validation) of FER2013's clean split."""
    card = read_card("emotion", LABELS, models)
    faces = read_expressions(data)
    alignments = [align(points) for points in with_mean(landmarks_of(faces.pixels, teacher))]
    chosen = getattr(faces, part)
    logits = _run(OnnxRuntime(card.file), cut_expressions(faces, alignments, chosen))
    return Emotion(logits, faces.label[chosen], card.temperature)


def read_keypoints(models: Path, data: Path, part: str) -> Keypoints:
    """Runs the keypoint network over the people of `part` (test, validation)."""
    runtime = OnnxRuntime(read_card("keypoints", KEYPOINTS, models).file)
    portraits = read_portraits(data)
    crops, points = cut_portraits(portraits, getattr(portraits, part), DETECTOR)
    aligned, true_points = cut_portraits(portraits, getattr(portraits, part), EXACT)
    exact = score(_run(runtime, aligned), true_points)
    flattered = {name: round(value, 4) for name, value in exact.items()}
    return Keypoints(crops, _run(runtime, crops), points, flattered)


def _run(runtime: OnnxRuntime, crops: Pixels) -> Floats:
    pixels = crops[:, None].astype(np.float32)
    parts = [runtime.run({"crops": pixels[k : k + BATCH]}) for k in range(0, len(pixels), BATCH)]
    return np.concatenate([next(iter(part.values())) for part in parts])


def classification_table(probability: Floats, label: Numbers, names: Sequence[str]) -> str:
    """Precision, recall, F1 and support by class, then accuracy and macro mean: the mission's form."""
    matrix = confusion(probability, label)
    by_class, support = report(matrix), matrix.sum(axis=1)
    lines = [f"{'':>12}{'precision':>11}{'recall':>9}{'f1-score':>10}{'support':>9}", ""]
    lines += [
        f"{name:>12}{p:>11.2f}{r:>9.2f}{f:>10.2f}{n:>9}"
        for name, (p, r, f), n in zip(names, by_class, support, strict=True)
    ]
    p, r, f = by_class.mean(axis=0)
    accuracy = np.trace(matrix) / matrix.sum()
    lines += ["", f"{'accuracy':>12}{'':>20}{accuracy:>10.3f}{support.sum():>9}"]
    lines += [f"{'macro avg':>12}{p:>11.2f}{r:>9.2f}{f:>10.2f}{support.sum():>9}"]
    return "\n".join(lines)


def confusion_table(probability: Floats, label: Numbers, names: Sequence[str]) -> str:
    """Rows: what the data says; columns: what the network says."""
    lines = [" " * 12 + "".join(f"{name:>10}" for name in names)]
    for name, row in zip(names, confusion(probability, label), strict=True):
        lines.append(f"{name:>12}" + "".join(f"{count:>10}" for count in row))
    return "\n".join(lines)


def calibration_table(probability: Floats, label: Numbers) -> str:
    """How often the network is right when it is that sure."""
    rows = calibration(probability, label)
    lines = [f"{'confidence':>12}{'right':>9}{'share':>9}"]
    lines += [f"{said:>12.2f}{right:>9.2f}{share:>9.3f}" for said, right, share in rows if share]
    return "\n".join(lines)


def keypoint_table(keypoints: Keypoints) -> str:
    """Mean distance by point."""
    distance = np.linalg.norm(keypoints.found - keypoints.points, axis=2).mean(axis=0)
    return "\n".join(f"{name:>26}{pixels:>7.2f} px" for name, pixels in zip(KEYPOINTS, distance, strict=True))


def show(emotion: Emotion, keypoints: Keypoints, part: str) -> None:
    """Prints the tables."""
    probability, label = emotion.probability, emotion.label
    five, five_label = five_view(probability, label)
    print(f"emotion, seven classes, {part}\n{classification_table(probability, label, LABELS)}\n")
    print(f"{confusion_table(probability, label, LABELS)}\n")
    print(f"emotion, five-class view, {part}\n{classification_table(five, five_label, FIVE)}\n")
    print(f"{confusion_table(five, five_label, FIVE)}\n")
    print(
        f"calibration: expected error {emotion.metrics['ece']:.4f}\n{calibration_table(probability, label)}\n"
    )
    figures = keypoints.metrics
    print(f"keypoints, {part}: rmse {figures['rmse']:.2f} px, mean error / eye distance {figures['nme']:.4f}")
    print(keypoint_table(keypoints))


def draw(emotion: Emotion, keypoints: Keypoints, folder: Path) -> None:
    """Writes the plots; training curves where this machine has the checkpoints."""
    folder.mkdir(parents=True, exist_ok=True)
    probability, label = emotion.probability, emotion.label
    draw_confusion(probability, label, LABELS, folder / "confusion7.png")
    draw_confusion(*five_view(probability, label), FIVE, folder / "confusion5.png")
    draw_calibration(probability, label, folder / "calibration.png")
    draw_keypoints(keypoints.crops, keypoints.found, keypoints.points, folder / "keypoints.png")
    for name in ("emotion", "keypoints"):
        if (CHECKPOINTS / f"{name}.pt").exists():
            draw_curves(CHECKPOINTS / f"{name}.pt", folder / f"{name}_curves.png")


def as_json(emotion: Emotion, keypoints: Keypoints, speed: dict[str, float]) -> str:
    said = emotion.metrics
    return json.dumps(
        {
            "emotion": {"clean5": said["five"], "clean7": said["seven"], "ece": said["ece"]},
            "keypoints": keypoints.metrics,
            "speed": speed,
        },
        indent=2,
    )


def write_metrics(models: Path, name: str, part: str, metrics: dict[str, Any]) -> None:
    """Puts the figures of `part` into the card of the network `name`."""
    path = models / f"{name}.json"
    card = json.loads(path.read_text())
    card["metrics"][part] = metrics
    path.write_text(json.dumps(card, indent=2) + "\n")


def main() -> None:
    shared = Path(__file__).parents[2] / "shared"
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--data", type=Path, default=shared / "data")
    parser.add_argument(
        "--teacher", type=Path, default=shared / "models" / YUNET, help="finds the eyes, once"
    )
    parser.add_argument("--part", choices=("test", "validation"), default="test")
    parser.add_argument("--json", action="store_true", help="print the figures only")
    parser.add_argument("--report", type=Path, help="folder for plots, such as training/report")
    parser.add_argument("--cards", action="store_true", help="write the figures into the cards")
    asked = parser.parse_args()

    emotion = read_emotion(asked.models, asked.data, asked.teacher, asked.part)
    keypoints = read_keypoints(asked.models, asked.data, asked.part)
    names = ("emotion", "keypoints")
    speed = {
        f"{name}_vs_resnet18": round(beside_resnet18(asked.models / f"{name}.onnx"), 3) for name in names
    }
    if asked.json:
        print(as_json(emotion, keypoints, speed))
    else:
        show(emotion, keypoints, asked.part)
        print(
            "\n".join(f"time of {name.replace('_vs_', ' over ')}: {ratio}" for name, ratio in speed.items())
        )
    if asked.report:
        draw(emotion, keypoints, asked.report)
    if asked.cards:
        write_metrics(asked.models, "emotion", asked.part, emotion.metrics)
        write_metrics(asked.models, "keypoints", asked.part, keypoints.metrics)


if __name__ == "__main__":
    main()
