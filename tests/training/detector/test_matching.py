"""Counts and average precision of hand-made detections."""

import numpy as np
import pytest

from training.detector.matching import (
    DetectionResults,
    Detections,
    GroundTruth,
    average_precision,
    count,
    lowest_threshold,
    recall_by_size,
)


def test_average_precision_and_counts() -> None:
    box = np.array([[0, 0, 10, 10]], np.float32)
    none = np.zeros((0, 4), np.float32)
    results = DetectionResults(
        [GroundTruth(box, none), GroundTruth(box, none), GroundTruth(none, box)],
        [
            Detections(np.concatenate([box, box + 100]), np.array([0.9, 0.8], np.float32)),
            Detections(box + 1, np.array([0.7], np.float32)),
            Detections(box, np.array([0.95], np.float32)),  # an ignored box: neither right nor wrong
        ],
    )
    # In order of score: right, wrong, right; precisions 1, 1/2, 2/3 at recalls 1/2, 1/2, 1.
    assert average_precision(results) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    counts = count(results, 0.75)
    assert (counts.true_positives, counts.false_negatives, counts.false_positives) == (1, 1, 1)
    assert lowest_threshold(results, 0) == 0.81
    assert lowest_threshold(results, 1) == 0.0


def test_recall_is_counted_by_the_size_of_the_faces() -> None:
    faces = np.array([[0, 0, 20, 20], [50, 50, 70, 70], [100, 100, 160, 160]], np.float32)
    truth = GroundTruth(faces, np.zeros((0, 4), np.float32))
    detections = Detections(faces[[2, 0, 1]], np.array([0.9, 0.8, 0.2], np.float32))
    recall = recall_by_size(DetectionResults([truth], [detections]), 0.5)
    assert recall["16"] == (1, 2)
    assert recall["60"] == (1, 1)
    assert sum(labelled for _, labelled in recall.values()) == 3
