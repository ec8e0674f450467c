"""The tables that `training.evaluate` prints."""

from collections.abc import Sequence

import numpy as np

from engine.labels import KEYPOINTS
from engine.records import Floats
from training.detector.evaluate import Found
from training.detector.matching import count
from training.emotion.metrics import Numbers, calibration, confusion, report

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


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


def keypoint_table(found: Floats, points: Floats) -> str:
    """Mean distance by point."""
    distance = np.linalg.norm(found - points, axis=2).mean(axis=0)
    return "\n".join(f"{name:>26}{pixels:>7.2f} px" for name, pixels in zip(KEYPOINTS, distance, strict=True))


def precision_table(found: Found) -> str:
    """Precision and recall of the detector by threshold."""
    lines = [f"{'threshold':>12}{'precision':>11}{'recall':>9}{'invented':>10}"]
    for threshold in THRESHOLDS:
        said = count(found.labels, found.guesses, threshold)
        precision = said.found / max(1, said.found + said.invented)
        lines.append(f"{threshold:>12.1f}{precision:>11.3f}{said.recall:>9.3f}{said.invented:>10}")
    return "\n".join(lines)
