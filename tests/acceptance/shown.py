"""`mien run` on clips that are not stored as they are shown: eight orientations, and pixels not square."""

import csv
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.acceptance.check import Check, Row, video

MIEN = Path(sys.executable).with_name("mien")

# a, b, c, d of the display matrix: a stored point (p, q) is shown at (ap + cq, bp + dq).
ORIENTATIONS = [(1, 0, 0, 1), (-1, 0, 0, 1), (1, 0, 0, -1), (-1, 0, 0, -1)]
ORIENTATIONS += [(0, 1, 1, 0), (0, 1, -1, 0), (0, -1, 1, 0), (0, -1, -1, 0)]
CONTAINERS = ("mp4", "mov", "mkv")

SQUEEZED = {"704x480": "40:33", "720x576": "64:45", "640x480": "4:3", "352x576": "2:1"}

Reading = dict[str, str]  # of readings.csv
Change = Callable[[av.VideoFrame], av.VideoFrame]


def orientations(out: Path) -> Iterator[Row]:
    """Compare clips that are stored turned, without loss, and shown upright."""
    folder = out / "orientations"
    folder.mkdir()
    for suffix in CONTAINERS:
        for number, axes in enumerate(ORIENTATIONS):
            _stored_as(axes, folder / f"{suffix}{number}.{suffix}")
    found = _readings(folder)
    upright = found[f"{CONTAINERS[0]}0"]
    for suffix in CONTAINERS:
        others = [found[f"{suffix}{number}"] for number in range(len(ORIENTATIONS))]
        labels = min(_agreement(upright, other) for other in others)
        boxes = max(_largest_shift(upright, other) for other in others)
        ok = labels == 1 and boxes <= 0.01
        yield Row(
            f"eight orientations, {suffix}: labels, boxes",
            f"{labels:.0%} agree, <= {boxes:.2%} off",
            "the same, <= 1 % off",
            ok,
        )


def not_square(out: Path) -> Iterator[Row]:
    """Compare squeezed clips with clips of the same size as shown whose pixels are square."""
    folder = out / "not_square"
    folder.mkdir()
    for size, ratio in SQUEEZED.items():
        width, height = (int(side) for side in size.split("x"))
        _resized(folder / f"{size}.mp4", (width, height), Fraction(ratio.replace(":", "/")))
        even = round(width * Fraction(ratio.replace(":", "/")) / 2) * 2
        _resized(folder / f"{size}_square.mp4", (even, height), Fraction(1))
    found = _readings(folder)
    for size, ratio in SQUEEZED.items():
        squeezed, square = found[size], found[f"{size}_square"]
        labels, boxes = _agreement(square, squeezed), _largest_shift(square, squeezed)
        yield Row(
            f"{size} with pixels of {ratio}: labels, boxes",
            f"{labels:.1%} agree, <= {boxes:.2%} off",
            ">= 85 %, <= 2 % off",
            labels >= 0.85 and boxes <= 0.02,
        )


def _stored_as(axes: tuple[int, ...], target: Path) -> None:
    """Store the first two seconds of a clip so that a display matrix with these axes shows it upright."""
    a, b, c, d = axes

    def change(frame: av.VideoFrame) -> av.VideoFrame:
        shown = np.asarray(frame.to_ndarray(format="gray"), dtype=np.uint8)[:: b + d, :: a + c]
        return av.VideoFrame.from_ndarray(np.ascontiguousarray(shown.T if b else shown), format="gray")

    matrix = [65536 * a, 65536 * b, 0, 65536 * c, 65536 * d, 0, 0, 0, 1 << 30]
    clip = video("pyfeat_WolfgangLanger_Pexels.mp4")
    _encode(clip, target, change, {"qp": "0"}, seconds=2.0, matrix=matrix)


def _resized(target: Path, size: tuple[int, int], ratio: Fraction) -> None:
    width, height = size
    clip = video("fer_woman2.mp4")
    _encode(clip, target, lambda frame: frame.reformat(width, height, interpolation="BICUBIC"), ratio=ratio)


def _encode(
    clip: Path,
    target: Path,
    change: Change,
    options: dict[str, str] | None = None,
    *,
    seconds: float = 60.0,
    ratio: Fraction = Fraction(1),
    matrix: list[int] | None = None,
) -> None:
    with av.open(str(clip)) as reader, av.open(str(target), "w") as writer:
        stream: Any = writer.add_stream("libx264", rate=reader.streams.video[0].average_rate, options=options)
        for frame in reader.decode(video=0):
            if frame.time is None or frame.time >= seconds:
                break
            image = change(frame).reformat(format="yuv420p")
            if not stream.codec_context.is_open:
                stream.width, stream.height, stream.pix_fmt = image.width, image.height, "yuv420p"
                stream.codec_context.sample_aspect_ratio = ratio
                stream.set_display_matrix(matrix or [65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30])
            image.pts, image.time_base, image.pict_type = frame.pts, frame.time_base, 0
            writer.mux(stream.encode(image))
        writer.mux(stream.encode(None))


def _readings(folder: Path) -> dict[str, list[Reading]]:
    """Read all clips of a folder; return the readings of each by its name without suffix."""
    subprocess.run([str(MIEN), "run", str(folder), "--out", str(folder)], check=True, capture_output=True)
    return {path.parent.name: _rows(path) for path in folder.glob("*/readings.csv")}


def _rows(path: Path) -> list[Reading]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _agreement(one: list[Reading], other: list[Reading]) -> float:
    """Return the share of readings with the same label; 0 where a face is missing."""
    if len(one) != len(other) or not one:
        return 0.0
    return sum(a["label"] == b["label"] for a, b in zip(one, other, strict=True)) / len(one)


def _largest_shift(one: list[Reading], other: list[Reading]) -> float:
    """Return the largest distance between the sides of two boxes, in widths or heights of the picture."""
    sides = ("left", "top", "right", "bottom")
    pairs = list(zip(one, other, strict=False))
    return max((abs(float(a[side]) - float(b[side])) for a, b in pairs for side in sides), default=1.0)


CHECKS: list[Check] = [orientations, not_square]
