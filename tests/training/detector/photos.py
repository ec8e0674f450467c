"""Photos made of one real portrait, and scenes of them."""

from dataclasses import replace

import cv2
import numpy as np

from tests.engine.portrait import portrait
from training.detector.batches import DetectorSettings
from training.detector.network import Widths
from training.detector.photos import Photo
from training.detector.scenes import Composer, Scene

SETTINGS = DetectorSettings(
    seed=3,
    epochs=2,
    steps_per_epoch=3,
    learning_rate=3e-3,
    warmup=0.1,
    weight_decay=0.0,
    ema_decay=0.9,
    scene_sides=[128],
    pixels_per_step=40_000,
)

NARROW = Widths(half=8, quarter=16, eighth=24, sixteenth=32, last=32, pyramid=24)


def face_photo() -> Photo:
    """Return the portrait, with its face labelled."""
    return Photo(
        name="portrait",
        grey=portrait(),
        boxes=np.array([[120, 40, 190, 135]], np.float32),
        landmarks=np.array([[[140, 82], [170, 80], [158, 98], [142, 110], [172, 108]]], np.float32),
        sure=np.ones(1, np.bool_),
    )


def empty_photo() -> Photo:
    """Return the lower left part of the portrait, without a face."""
    none = np.zeros((0, 4), np.float32)
    return Photo("empty", portrait()[200:, :140], none, none.reshape(0, 5, 2), np.zeros(0, np.bool_))


def distant_photo() -> Photo:
    """Return the portrait from a greater distance: a face of 20 pixels."""
    near = face_photo()
    grey = np.asarray(cv2.resize(near.grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), np.uint8)
    boxes, landmarks = near.boxes / np.float32(4), near.landmarks / np.float32(4)
    return replace(near, name="distant", grey=grey, boxes=boxes, landmarks=landmarks)


def small_composer() -> Composer:
    return Composer([face_photo(), empty_photo()], [face_photo()], seed=1)


def scene_of(photo: Photo) -> Scene:
    """Return the photo, cut to a square, as a scene."""
    side = min(photo.grey.shape) // 32 * 32
    grey = photo.grey[:side, :side].copy()
    return Scene(grey, grey, photo.boxes, photo.landmarks, photo.sure)
