"""Pictures of high dynamic range with the curve PQ, mapped to the standard range of the networks and of JPEG.

Their code values are absolute brightness (SMPTE ST 2084), and read as ordinary video they look dark and flat.
Video with HLG needs nothing: its curve was made for ordinary screens (ITU-R BT.2100).
"""

from functools import cache

import av
import cv2
import numpy as np
from numpy.typing import NDArray

SMPTE2084 = 16  # the transfer characteristics of PQ (ITU-T H.273)

# Constants of the curve (SMPTE ST 2084, ITU-R BT.2100).
M1, M2 = 2610 / 16384, 128 * 2523 / 4096
C1, C2, C3 = 3424 / 4096, 32 * 2413 / 4096, 32 * 2392 / 4096
PEAK = 10_000.0  # cd/m2 of the largest code value

WHITE = 203.0  # cd/m2 of a white sheet (ITU-R BT.2408)
GAMMA = 2.4  # of ordinary screens (ITU-R BT.1886)

# Brightness is kept up to this code value (0..1); lights brighter than white share the rest.
KNEE = 0.85

BT2020_TO_BT709 = np.array(  # of linear red, green, blue (ITU-R BT.2087)
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], dtype=np.float32
)


def is_pq(image: av.VideoFrame) -> bool:
    return bool(image.color_trc == SMPTE2084)


def _light(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the light of code values 0..1; white is 1."""
    power = codes ** (1 / M2)
    return np.asarray(PEAK / WHITE * (np.maximum(power - C1, 0) / (C2 - C3 * power)) ** (1 / M1))


def _rolled_off(codes: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return code values below 1, with those up to KNEE unchanged."""
    room = 1 - KNEE
    over = np.maximum(codes - KNEE, 0)
    return np.asarray(np.minimum(codes, KNEE) + room * (1 - np.exp(-over / room)))


@cache
def light_of_codes() -> NDArray[np.float32]:
    """Return the light of each code value of 16 bits: (65536,), white is 1."""
    return _light(np.arange(65536) / 65535).astype(np.float32)


@cache
def luma_of_codes() -> NDArray[np.uint8]:
    """Return the luma of ordinary video for each code value of 16 bits: (65536,)."""
    codes = _rolled_off(light_of_codes().astype(np.float64) ** (1 / GAMMA))
    return np.asarray(np.round(255 * codes), dtype=np.uint8)


def standard_luma(plane: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return the luma of ordinary video, full range, of that of PQ in 16 bits."""
    return luma_of_codes()[plane]


def standard_colour(colour: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return blue, green, red of BT.709 for red, green, blue of BT.2020 with PQ: (height, width, 3)."""
    light = np.maximum(cv2.transform(light_of_codes()[colour], BT2020_TO_BT709[::-1]), 0)
    codes = _rolled_off(np.asarray(cv2.pow(light, 1 / GAMMA), dtype=np.float32))
    return np.asarray(np.round(255 * codes), dtype=np.uint8)
