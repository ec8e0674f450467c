"""What cameras and their codecs do to a picture: bad light, blur, noise, few pixels, JPEG."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Random = np.random.Generator


def spoil(grey: Grey, random: Random) -> Grey:
    """Spoils a (height, width) picture in the order of a camera; one in three stays as it is."""
    if random.random() < 0.33:
        return grey
    for chance, spoiler in _SPOILERS:
        if random.random() < chance:
            grey = spoiler(grey, random)
    return grey


def _light(grey: Grey, random: Random) -> Grey:
    """Contrast, brightness and gamma."""
    levels = np.arange(256) / 255.0
    curve = levels ** np.exp(random.uniform(-0.8, 0.8))
    low, high = random.uniform(-0.15, 0.25), random.uniform(0.45, 1.15)
    table = np.clip(255.0 * (low + (high - low) * curve), 0, 255).astype(np.uint8)
    return np.asarray(table[grey], dtype=np.uint8)


def _dark(grey: Grey, random: Random) -> Grey:
    brightness = random.uniform(0.15, 0.5)
    return (grey * brightness).astype(np.uint8)


def _shade(grey: Grey, random: Random) -> Grey:
    """Light from one side."""
    height, width = grey.shape
    angle, strength = random.uniform(0, 2 * np.pi), random.uniform(0.2, 0.7)
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.float32(np.cos(angle))
    down = np.linspace(-0.5, 0.5, height, dtype=np.float32) * np.float32(np.sin(angle))
    gain = 1.0 + np.float32(strength) * 2 * (across[None] + down[:, None])
    return np.clip(grey * gain, 0, 255).astype(np.uint8)


def _blur(grey: Grey, random: Random) -> Grey:
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), random.uniform(0.4, 2.2)), dtype=np.uint8)


def _move(grey: Grey, random: Random) -> Grey:
    """Motion blur along a line."""
    length = int(random.integers(3, 10))
    kernel = np.zeros((length, length), dtype=np.float32)
    kernel[length // 2] = 1.0
    turn = cv2.getRotationMatrix2D((length / 2 - 0.5, length / 2 - 0.5), random.uniform(0, 180), 1.0)
    kernel = np.asarray(cv2.warpAffine(kernel, turn, (length, length)), dtype=np.float32)
    return np.asarray(cv2.filter2D(grey, -1, kernel / max(float(kernel.sum()), 1e-3)), dtype=np.uint8)


def _coarse(grey: Grey, random: Random) -> Grey:
    """As if enlarged from fewer pixels."""
    height, width = grey.shape
    share = random.uniform(0.4, 0.9)
    small = cv2.resize(grey, (int(width * share), int(height * share)), interpolation=cv2.INTER_AREA)
    way = cv2.INTER_LINEAR if random.random() < 0.7 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(small, (width, height), interpolation=way), dtype=np.uint8)


def _noise(grey: Grey, random: Random) -> Grey:
    noise = random.standard_normal(grey.shape, dtype=np.float32) * np.float32(random.uniform(2, 14))
    return np.clip(grey + noise, 0, 255).astype(np.uint8)


def _jpeg(grey: Grey, random: Random) -> Grey:
    quality = int(random.integers(18, 85))
    _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


_SPOILERS: tuple[tuple[float, Callable[[Grey, Random], Grey]], ...] = (
    (0.5, _light),
    (0.12, _shade),
    (0.12, _dark),
    (0.2, _blur),
    (0.08, _move),
    (0.15, _coarse),
    (0.25, _noise),
    (0.3, _jpeg),
)
