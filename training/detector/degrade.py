"""Degradation of scenes as by cameras and codecs: light, blur, resolution, noise, JPEG."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

from training.arrays import Pixels
from training.augment import compress


def degrade(grey: Pixels, rng: Generator) -> Pixels:
    """Degrade a (height, width) picture, in the order of a camera; a third of them stay as they are."""
    if rng.random() < 0.33:
        return grey
    for probability, operation in _OPERATIONS:
        if rng.random() < probability:
            grey = operation(grey, rng)
    return grey


def _tone_curve(grey: Pixels, rng: Generator) -> Pixels:
    """Change contrast, brightness and gamma."""
    levels = np.arange(256) / 255.0
    curve = levels ** np.exp(rng.uniform(-0.8, 0.8))
    low, high = rng.uniform(-0.15, 0.25), rng.uniform(0.45, 1.15)
    table = np.clip(255.0 * (low + (high - low) * curve), 0, 255).astype(np.uint8)
    return np.asarray(table[grey], dtype=np.uint8)


def _darken(grey: Pixels, rng: Generator) -> Pixels:
    brightness = rng.uniform(0.15, 0.5)
    return (grey * brightness).astype(np.uint8)


def _side_light(grey: Pixels, rng: Generator) -> Pixels:
    height, width = grey.shape
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.7)
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.float32(np.cos(angle))
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32) * np.float32(np.sin(angle))
    gain = 1.0 + np.float32(strength) * 2 * (x[None] + y[:, None])
    return np.clip(grey * gain, 0, 255).astype(np.uint8)


def _blur(grey: Pixels, rng: Generator) -> Pixels:
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.4, 2.2)), dtype=np.uint8)


def _motion_blur(grey: Pixels, rng: Generator) -> Pixels:
    length = int(rng.integers(3, 10))
    kernel = np.zeros((length, length), dtype=np.float32)
    kernel[length // 2] = 1.0
    rotation = cv2.getRotationMatrix2D((length / 2 - 0.5, length / 2 - 0.5), rng.uniform(0, 180), 1.0)
    kernel = np.asarray(cv2.warpAffine(kernel, rotation, (length, length)), dtype=np.float32)
    return np.asarray(cv2.filter2D(grey, -1, kernel / max(float(kernel.sum()), 1e-3)), dtype=np.uint8)


def _downsample(grey: Pixels, rng: Generator) -> Pixels:
    """Shrink the picture and enlarge it again."""
    height, width = grey.shape
    share = rng.uniform(0.4, 0.9)
    small = cv2.resize(grey, (int(width * share), int(height * share)), interpolation=cv2.INTER_AREA)
    interpolation = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(small, (width, height), interpolation=interpolation), dtype=np.uint8)


def _noise(grey: Pixels, rng: Generator) -> Pixels:
    noise = rng.standard_normal(grey.shape, dtype=np.float32) * np.float32(rng.uniform(2, 14))
    return np.clip(grey + noise, 0, 255).astype(np.uint8)


def _jpeg(grey: Pixels, rng: Generator) -> Pixels:
    return compress(grey, int(rng.integers(18, 85)))


_OPERATIONS: tuple[tuple[float, Callable[[Pixels, Generator], Pixels]], ...] = (
    (0.5, _tone_curve),
    (0.12, _side_light),
    (0.12, _darken),
    (0.2, _blur),
    (0.08, _motion_blur),
    (0.15, _downsample),
    (0.25, _noise),
    (0.3, _jpeg),
)
