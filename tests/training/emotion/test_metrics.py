"""Calibration of predicted distributions."""

import numpy as np
import pytest

from training.emotion.metrics import calibration_error, emotion_metrics, fit_temperature


def test_the_temperature_calibrates_an_overconfident_network() -> None:
    rng = np.random.default_rng(0)
    calibrated = rng.normal(0, 1.5, size=(4000, 7)).astype(np.float32)
    probabilities = np.exp(calibrated) / np.exp(calibrated).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(7, p=row / row.sum()) for row in probabilities.astype(np.float64)])
    temperature = fit_temperature(3 * calibrated, labels)
    assert temperature == pytest.approx(3, rel=0.1)
    assert emotion_metrics(3 * calibrated, labels, temperature)["ece"] < 0.03
    assert calibration_error(probabilities, labels) < 0.03
