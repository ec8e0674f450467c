"""Frames with a real face: the public-domain portrait of Eileen Collins (NASA) that scikit-image carries."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.frame import Frame
from tests.engine.faces import frame


@cache
def portrait() -> NDArray[np.uint8]:
    """Grey, (360, 360), one frontal smiling face of about 85 px."""
    data = pytest.importorskip("skimage.data")
    grey = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (360, 360), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def portrait_frame(number: int, *, source: str = "lobby", connection: int = 0, live: bool = False) -> Frame:
    """A 640x360 picture in which the portrait has moved by two pixels a frame."""
    picture = np.full((360, 640), 60, dtype=np.uint8)
    left = 20 + 2 * number % 240
    picture[:, left : left + 360] = portrait()
    return replace(frame(number, source=source, connection=connection, live=live), grey=picture)


def empty_frame(number: int, *, source: str = "lobby", connection: int = 0) -> Frame:
    return replace(
        frame(number, source=source, connection=connection), grey=np.full((360, 640), 60, dtype=np.uint8)
    )
