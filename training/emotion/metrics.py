"""How good a distribution over labels is: accuracy, F1, calibration. Pure functions of arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.labels import FIVE
from engine.records import Floats
from engine.tensors import softmax

Numbers = NDArray[np.int64]

AS_LIKELY = 0.002  # nats a picture; of 3,403 pictures the mean is known to about 0.015
BINS = 15  # of the confidence, as in Guo et al. 2017


def fit_temperature(logits: Floats, label: Numbers) -> float:
    """The temperature, to 1 %, under which the labels are likeliest (Guo et al. 2017).

    Of those under which they are as likely, to AS_LIKELY, the one with the least calibration error.
    """
    rows = np.arange(len(label))
    tried: list[tuple[float, float, float]] = []
    for candidate in np.geomspace(0.25, 4, 280).tolist():
        probability = softmax(logits / np.float32(candidate))
        likelihood = float(np.log(probability[rows, label] + 1e-12).mean())
        tried.append((likelihood, calibration_error(probability, label), candidate))
    likeliest, *_ = max(tried)
    alike = [
        (error, candidate) for likelihood, error, candidate in tried if likelihood > likeliest - AS_LIKELY
    ]
    return min(alike)[1]


def confusion(probability: Floats, label: Numbers) -> Numbers:
    """(labels, labels) counts: rows are what the data says, columns what the network says."""
    count = probability.shape[1]
    cells = label * count + probability.argmax(axis=1)
    return np.bincount(cells, minlength=count * count).reshape(count, count)


def report(matrix: Numbers) -> Floats:
    """(labels, 3) precision, recall and F1; 0 where nothing was said or nothing was there."""
    right = np.diag(matrix).astype(np.float64)
    precision = right / np.maximum(matrix.sum(axis=0), 1)
    recall = right / np.maximum(matrix.sum(axis=1), 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return np.stack([precision, recall, f1], axis=1).astype(np.float32)


def calibration(probability: Floats, label: Numbers) -> Floats:
    """(BINS, 3) mean confidence, share right, and share of the pictures, by confidence."""
    confidence = probability.max(axis=1)
    right = probability.argmax(axis=1) == label
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    size = np.bincount(bins, minlength=BINS)
    said = np.bincount(bins, confidence, BINS) / np.maximum(size, 1)
    was = np.bincount(bins, right, BINS) / np.maximum(size, 1)
    return np.stack([said, was, size / len(label)], axis=1).astype(np.float32)


def calibration_error(probability: Floats, label: Numbers) -> float:
    """Expected calibration error: the mean gap between confidence and share right."""
    said, was, share = calibration(probability, label).T
    return float((np.abs(said - was) * share).sum())


def five_view(probability: Floats, label: Numbers) -> tuple[Floats, Numbers]:
    """The pictures with one of the first five labels, and the distribution restricted to those."""
    chosen = label < len(FIVE)
    five = probability[chosen, : len(FIVE)]
    return five / five.sum(axis=1, keepdims=True), label[chosen]


def summary(probability: Floats, label: Numbers) -> dict[str, Any]:
    """`accuracy`, `macro_f1` and `n`."""
    matrix = confusion(probability, label)
    return {
        "accuracy": round(float(np.trace(matrix) / matrix.sum()), 4),
        "macro_f1": round(float(report(matrix)[:, 2].mean()), 4),
        "n": len(label),
    }


def emotion_metrics(logits: Floats, label: Numbers, temperature: float) -> dict[str, Any]:
    """What a card says of an emotion network on one set of pictures."""
    probability = softmax(logits / np.float32(temperature))
    return {
        "seven": summary(probability, label),
        "five": summary(*five_view(probability, label)),
        "ece": round(calibration_error(probability, label), 4),
    }
