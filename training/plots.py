"""Draws what `training.evaluate` measured: confusion, calibration, training curves, sample keypoints."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import torch
from matplotlib.figure import Figure

from engine.records import Floats
from training.data.faces import Pixels
from training.detector.evaluate import Found
from training.detector.matching import count
from training.emotion.metrics import Numbers, calibration, confusion

matplotlib.use("agg")

SAMPLES = 24  # faces on the sheet of keypoints


def draw_confusion(probability: Floats, label: Numbers, names: Sequence[str], path: Path) -> None:
    """Shares of each row: what the network says where the data says so."""
    matrix = confusion(probability, label)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6, 5.4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(share):
        ink = "white" if value > 0.5 else "black"
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="the network says", ylabel="the data says")
    figure.savefig(path, dpi=110)


def draw_calibration(probability: Floats, label: Numbers, path: Path) -> None:
    """How often the network is right when it is that sure; the diagonal is honest."""
    said, right, share = calibration(probability, label).T
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.scatter(said[share > 0], right[share > 0], s=2000 * share[share > 0], alpha=0.6)
    axes.set(xlabel="confidence", ylabel="share right", xlim=(0, 1), ylim=(0, 1))
    figure.savefig(path, dpi=110)


def draw_curves(checkpoint: Path, path: Path) -> None:
    """One panel for each figure that the training run wrote down after its epochs."""
    history = torch.load(checkpoint, weights_only=True)["history"]
    names = list(history[0])
    figure = Figure(figsize=(3.2 * len(names), 3), layout="constrained")
    for axes, name in zip(np.atleast_1d(figure.subplots(1, len(names))), names, strict=True):
        axes.plot(range(1, len(history) + 1), [row[name] for row in history])
        axes.set(title=name, xlabel="epoch")
    figure.savefig(path, dpi=110)


def draw_precision(found: Found, path: Path) -> None:
    """The detector's precision over its recall, a dot for each tenth of the threshold."""
    thresholds = np.linspace(0.05, 0.95, 91)
    counts = [count(found.labels, found.guesses, threshold) for threshold in thresholds]
    recall = np.array([said.recall for said in counts])
    precision = np.array([said.found / max(1, said.found + said.invented) for said in counts])
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot(recall, precision)
    axes.scatter(recall[5::10], precision[5::10])
    for place in range(5, len(thresholds), 10):
        axes.annotate(f"{thresholds[place]:.1f}", (recall[place], precision[place]))
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))
    figure.savefig(path, dpi=110)


def draw_keypoints(crops: Pixels, found: Floats, points: Floats, path: Path) -> None:
    """Every so many-th face, with the network's points in red over the data's in green."""
    chosen = np.linspace(0, len(crops) - 1, SAMPLES).astype(int)
    figure = Figure(figsize=(12, 8), layout="constrained")
    for axes, row in zip(figure.subplots(4, SAMPLES // 4).flat, chosen, strict=True):
        axes.imshow(crops[row], cmap="grey", vmin=0, vmax=255)
        axes.scatter(*points[row].T, s=8, color="limegreen")
        axes.scatter(*found[row].T, s=8, color="red")
        axes.axis("off")
    figure.savefig(path, dpi=110)
