"""What is measured on: the video that is given, else the demo's drawn one, else a pattern without a face."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deploy.video import write_video

WIDTH, HEIGHT, RATE = 640, 360, 25
NO_FACES = "a drawn pattern without a face: install the extra `demo`, or name a video, for one with faces"


@dataclass(frozen=True, slots=True)
class Clip:
    """A video, and in words which one."""

    path: Path
    about: str


def clip_to_measure(given: Path | None, folder: Path, seconds: float) -> Clip:
    """`given`, or so many seconds drawn into `folder`. Raises OSError."""
    if given is not None:
        return Clip(given, given.name)
    drawn = folder / "bench.mp4"
    try:
        from deploy.demo.scene import render
    except ModuleNotFoundError:  # its portraits lie in packages of the extra `demo`
        write_video(drawn, pattern(round(seconds * RATE)), RATE)
        return Clip(drawn, NO_FACES)
    render(drawn, seconds)
    return Clip(drawn, "the demo's drawn picture")


def pattern(pictures: int) -> Iterator[NDArray[np.uint8]]:
    """Noise as of a camera's sensor, over stripes that move: about as hard to decode as a quiet scene."""
    noise = np.random.default_rng(0).integers(0, 24, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    columns = np.arange(WIDTH)
    for number in range(pictures):
        stripes = (100 + 60 * np.sin((columns + 3 * number) / 40)).astype(np.uint8)
        yield stripes[None, :, None] + np.roll(noise, 7 * number, axis=1)
