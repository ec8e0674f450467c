"""Tables that `training.evaluate` prints."""

from collections.abc import Sequence

import numpy as np

from engine.labels import KEYPOINTS
from engine.records import Floats
from training.arrays import Integers
from training.detector.matching import DetectionResults, count
from training.emotion.metrics import calibration, confusion, precision_recall_f1

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def classification_table(probabilities: Floats, labels: Integers, names: Sequence[str]) -> str:
    """Return precision, recall, F1 and support by class, then accuracy and macro mean."""
    matrix = confusion(probabilities, labels)
    by_class, support = precision_recall_f1(matrix), matrix.sum(axis=1)
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


def confusion_table(probabilities: Floats, labels: Integers, names: Sequence[str]) -> str:
    """Return the confusion matrix: rows are labels, columns predictions."""
    lines = [" " * 12 + "".join(f"{name:>10}" for name in names)]
    for name, row in zip(names, confusion(probabilities, labels), strict=True):
        lines.append(f"{name:>12}" + "".join(f"{count:>10}" for count in row))
    return "\n".join(lines)


def calibration_table(probabilities: Floats, labels: Integers) -> str:
    """Return the accuracy by confidence."""
    rows = calibration(probabilities, labels)
    lines = [f"{'confidence':>12}{'accuracy':>10}{'share':>9}"]
    lines += [f"{mean:>12.2f}{accuracy:>10.2f}{share:>9.3f}" for mean, accuracy, share in rows if share]
    return "\n".join(lines)


def keypoint_table(predicted: Floats, points: Floats) -> str:
    """Return the mean distance by keypoint."""
    distance = np.linalg.norm(predicted - points, axis=2).mean(axis=0)
    return "\n".join(f"{name:>26}{pixels:>7.2f} px" for name, pixels in zip(KEYPOINTS, distance, strict=True))


def precision_table(results: DetectionResults) -> str:
    """Return the detector's precision, recall and false positives by threshold."""
    lines = [f"{'threshold':>12}{'precision':>11}{'recall':>9}{'false positives':>17}"]
    for threshold in THRESHOLDS:
        one = count(results, threshold)
        lines.append(f"{threshold:>12.1f}{one.precision:>11.3f}{one.recall:>9.3f}{one.false_positives:>17}")
    return "\n".join(lines)
