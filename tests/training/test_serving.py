"""Crops at serving are framed as those at training, by what the keypoint network sees in them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.card import read_card
from engine.labels import KEYPOINTS, LANDMARKS
from engine.runtimes.onnx import OnnxRuntime
from engine.stages.crop import EYE_DISTANCE, EYE_MIDPOINT
from engine.stages.detect import Detector
from training.inference import run
from training.serving import NAMED, framing, served_crops


def test_framing_is_told_in_pixels_of_the_crop() -> None:
    points = np.zeros((2, 15, 2), np.float32)
    points[:, 0], points[:, 1] = (66, 37), (30, 37)  # the eyes; the left one is on the right
    points[1] += (2, 4)
    points[:, 11, 1], points[:, 12, 1] = 78, 80
    told = framing(points)
    assert told["eyes x"] == (49, 1)
    assert told["eyes y"] == (39, 2)
    assert told["eyes apart"] == (36, 0)
    assert told["mouth y"] == (79, 0)


def test_the_engine_frames_faces_as_the_networks_learnt_them(shared: Path) -> None:
    card = read_card("detector", LANDMARKS)
    detector = Detector(OnnxRuntime(card.file), card.threshold)
    pictures = [cv2.imread(str(shared / "pictures" / name)) for name in NAMED]
    crops = np.stack([served_crops([np.asarray(picture, np.uint8)], detector)[0] for picture in pictures])
    told = framing(run(OnnxRuntime(read_card("keypoints", KEYPOINTS).file), crops))
    assert told["eyes x"][0] == pytest.approx(EYE_MIDPOINT[0], abs=3)
    assert told["eyes y"][0] == pytest.approx(EYE_MIDPOINT[1], abs=4)
    assert told["eyes apart"][0] == pytest.approx(EYE_DISTANCE, rel=0.08)
