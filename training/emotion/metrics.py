"""Metrics of predicted distributions over labels: accuracy, F1, calibration. Pure functions of arrays."""

from typing import Any

import numpy as np

from engine.labels import FIVE
from engine.records import Floats
from engine.tensors import softmax
from training.arrays import Integers

# Nats per picture within which two temperatures are equally likely; the mean over 3,403 pictures has a
# standard error of about 0.015.
LIKELIHOOD_TOLERANCE = 0.002
BINS = 15  # of the confidence, as in Guo et al. 2017


def fit_temperature(logits: Floats, labels: Integers) -> float:
    """Return the temperature, to 1 %, that maximises the likelihood of the labels (Guo et al. 2017).

    Among those within LIKELIHOOD_TOLERANCE of the maximum, the one with the least calibration error wins.
    """
    rows = np.arange(len(labels))
    tried: list[tuple[float, float, float]] = []
    for temperature in np.geomspace(0.25, 4, 280).tolist():
        probabilities = softmax(logits / np.float32(temperature))
        likelihood = float(np.log(probabilities[rows, labels] + 1e-12).mean())
        tried.append((likelihood, calibration_error(probabilities, labels), temperature))
    highest, *_ = max(tried)
    lowest = highest - LIKELIHOOD_TOLERANCE
    return min((error, temperature) for likelihood, error, temperature in tried if likelihood > lowest)[1]


def confusion(probabilities: Floats, labels: Integers) -> Integers:
    """Return the (classes, classes) confusion matrix: rows are labels, columns predictions."""
    count = probabilities.shape[1]
    cells = labels * count + probabilities.argmax(axis=1)
    return np.bincount(cells, minlength=count * count).reshape(count, count)


def precision_recall_f1(matrix: Integers) -> Floats:
    """Return (classes, 3) precision, recall and F1 of a confusion matrix; 0 where a class does not occur."""
    correct = np.diag(matrix).astype(np.float64)
    precision = correct / np.maximum(matrix.sum(axis=0), 1)
    recall = correct / np.maximum(matrix.sum(axis=1), 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return np.stack([precision, recall, f1], axis=1).astype(np.float32)


def calibration(probabilities: Floats, labels: Integers) -> Floats:
    """Return (BINS, 3) mean confidence, accuracy, and share of the pictures, by bin of confidence."""
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    size = np.bincount(bins, minlength=BINS)
    sums = (np.bincount(bins, weights, BINS) for weights in (confidence, correct))
    mean_confidence, accuracy = (total / np.maximum(size, 1) for total in sums)
    return np.stack([mean_confidence, accuracy, size / len(labels)], axis=1).astype(np.float32)


def calibration_error(probabilities: Floats, labels: Integers) -> float:
    """Return the expected calibration error: the mean gap between confidence and accuracy."""
    confidence, accuracy, share = calibration(probabilities, labels).T
    return float((np.abs(confidence - accuracy) * share).sum())


def five_classes(probabilities: Floats, labels: Integers) -> tuple[Floats, Integers]:
    """Restrict to the pictures and probabilities of the first five labels, and renormalise."""
    chosen = labels < len(FIVE)
    five = probabilities[chosen, : len(FIVE)]
    return five / five.sum(axis=1, keepdims=True), labels[chosen]


def summary(probabilities: Floats, labels: Integers) -> dict[str, Any]:
    """Return `accuracy`, `macro_f1` and `n`."""
    matrix = confusion(probabilities, labels)
    return {
        "accuracy": round(float(np.trace(matrix) / matrix.sum()), 4),
        "macro_f1": round(float(precision_recall_f1(matrix)[:, 2].mean()), 4),
        "n": len(labels),
    }


def emotion_metrics(logits: Floats, labels: Integers, temperature: float) -> dict[str, Any]:
    """Return the metrics that a card holds for one set of pictures: `seven`, `five` and `ece`."""
    probabilities = softmax(logits / np.float32(temperature))
    return {
        "seven": summary(probabilities, labels),
        "five": summary(*five_classes(probabilities, labels)),
        "ece": round(calibration_error(probabilities, labels), 4),
    }
