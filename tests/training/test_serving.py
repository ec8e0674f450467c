"""Crops of the engine have the framing of the training crops, as the keypoint network sees it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.card import read_card
from engine.labels import KEYPOINTS, LANDMARKS
from engine.runtimes.onnx import OnnxRuntime
from engine.stages.crop import EYE_DISTANCE, EYE_MIDPOINT
from engine.stages.detect import Detector
from training.inference import run_onnx
from training.serving import EXPRESSIONS, framing, served_crops


def test_framing_is_in_pixels_of_the_crop() -> None:
    points = np.zeros((2, 15, 2), np.float32)
    points[:, 0], points[:, 1] = (66, 37), (30, 37)  # the eyes; the left one is on the right
    points[1] += (2, 4)
    points[:, 11, 1], points[:, 12, 1] = 78, 80
    statistics = framing(points)
    assert statistics["eyes x"] == (49, 1)
    assert statistics["eyes y"] == (39, 2)
    assert statistics["eye distance"] == (36, 0)
    assert statistics["mouth y"] == (79, 0)


def test_the_engine_frames_faces_as_in_the_training_data(shared: Path) -> None:
    card = read_card("detector", LANDMARKS)
    detector = Detector(OnnxRuntime(card.file), card.threshold)
    pictures = [cv2.imread(str(shared / "pictures" / name)) for name in EXPRESSIONS]
    crops = np.stack([served_crops([np.asarray(picture, np.uint8)], detector)[0] for picture in pictures])
    statistics = framing(run_onnx(OnnxRuntime(read_card("keypoints", KEYPOINTS).file), crops))
    assert statistics["eyes x"][0] == pytest.approx(EYE_MIDPOINT[0], abs=3)
    assert statistics["eyes y"][0] == pytest.approx(EYE_MIDPOINT[1], abs=4)
    assert statistics["eye distance"][0] == pytest.approx(EYE_DISTANCE, rel=0.08)
