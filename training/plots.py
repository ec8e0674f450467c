"""Plots of an evaluation: confusion, calibration, training curves, precision and recall, sample keypoints."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from engine.records import Floats
from training.arrays import Integers
from training.detector.matching import DetectionResults, count
from training.emotion.metrics import calibration, confusion
from training.keypoints.evaluate import KeypointResults
from training.state import read_checkpoint

matplotlib.use("agg")

SAMPLES = 24  # faces in the plot of keypoints


def draw_confusion(probabilities: Floats, labels: Integers, names: Sequence[str], path: Path) -> None:
    """Draw the confusion matrix as shares of each label."""
    matrix = confusion(probabilities, labels)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6, 5.4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(share):
        color = "white" if value > 0.5 else "black"
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=color)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="predicted", ylabel="label")
    figure.savefig(path, dpi=110)


def draw_calibration(probabilities: Floats, labels: Integers, path: Path) -> None:
    """Draw accuracy over confidence; a calibrated network is on the diagonal."""
    confidence, accuracy, share = calibration(probabilities, labels).T
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.scatter(confidence[share > 0], accuracy[share > 0], s=2000 * share[share > 0], alpha=0.6)
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    figure.savefig(path, dpi=110)


def draw_curves(checkpoint: Path, path: Path) -> None:
    """Draw each metric of a run over its epochs."""
    history = read_checkpoint(checkpoint)["history"]
    names = list(history[0])
    figure = Figure(figsize=(3.2 * len(names), 3), layout="constrained")
    for axes, name in zip(np.atleast_1d(figure.subplots(1, len(names))), names, strict=True):
        axes.plot(range(1, len(history) + 1), [row[name] for row in history])
        axes.set(title=name, xlabel="epoch")
    figure.savefig(path, dpi=110)


def draw_precision(results: DetectionResults, path: Path) -> None:
    """Draw the detector's precision over its recall, with a dot at each tenth of the threshold."""
    thresholds = np.linspace(0.05, 0.95, 91)
    counts = [count(results, threshold) for threshold in thresholds]
    recall, precision = np.array([(one.recall, one.precision) for one in counts]).T
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot(recall, precision)
    axes.scatter(recall[5::10], precision[5::10])
    for number in range(5, len(thresholds), 10):
        axes.annotate(f"{thresholds[number]:.1f}", (recall[number], precision[number]))
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))
    figure.savefig(path, dpi=110)


def draw_keypoints(results: KeypointResults, path: Path) -> None:
    """Draw evenly chosen faces with the predicted points in red over the labels in green."""
    rows = np.linspace(0, len(results.crops) - 1, SAMPLES).astype(int)
    figure = Figure(figsize=(12, 8), layout="constrained")
    for axes, row in zip(figure.subplots(4, SAMPLES // 4).flat, rows, strict=True):
        axes.imshow(results.crops[row], cmap="grey", vmin=0, vmax=255)
        axes.scatter(*results.points[row].T, s=8, color="limegreen")
        axes.scatter(*results.predicted[row].T, s=8, color="red")
        axes.axis("off")
    figure.savefig(path, dpi=110)
