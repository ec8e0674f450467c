"""Decides how the decoded pictures of a stream are shown: orientation, and square pixels."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import av
from av.video.stream import VideoStream

from ingest.picture.options import NO_CORRECTION, DisplayOptions, parse_aspect
from ingest.picture.orientation import UPRIGHT, Orientation

# No standard has pixels further from square than 1:4; beyond this the header is damaged.
MAX_PIXEL_RATIO = 10

# Encoders round: 853x480 at 1279:1280 was meant to be square.
SQUARE_TOLERANCE = Fraction(1, 200)

SQUARE = Fraction(1)
CLOCKWISE = Orientation(transposed=True, mirrored=True)  # a quarter turn


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a picture as it is shown, and the way there from the decoded one."""

    width: int  # pixels, all square, after the turn
    height: int
    orientation: Orientation = UPRIGHT

    def __str__(self) -> str:
        return f"{self.width}x{self.height} {self.orientation}"


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded image and its shape; valid as long as the image."""

    image: av.VideoFrame
    shape: Shape


class Display:
    """The rule of one opened stream. `picture` gets its images in the order in which they are shown."""

    def __init__(self, stream: VideoStream, options: DisplayOptions = NO_CORRECTION) -> None:
        self._context = stream.codec_context
        self._options = options
        self._turn = turn_of(options)
        declared, coded = stream.sample_aspect_ratio, self._context.sample_aspect_ratio
        # The container's ratio goes before that in the codec, unless both began the same: then the codec's
        # is the newer one after a change.
        self._container_ratio = declared if declared != coded else None
        self._coded_ratio: Fraction | None = None
        self._orientation = self._turn  # of the newest image

    def picture(self, image: av.VideoFrame) -> Picture:
        """Return the image with its shape."""
        orientation = self._shown_orientation(image)
        ratio = self._pixel_ratio(image)
        return Picture(image, shape_of(image.width, image.height, ratio, orientation, self._options.aspect))

    def _shown_orientation(self, image: av.VideoFrame) -> Orientation:
        """Return that of the image, or of the last one that has one: H.26x tells it at key frames only."""
        matrix = image.side_data.get("DISPLAYMATRIX")
        if matrix is not None:
            self._orientation = Orientation.of_matrix(matrix).then(self._turn)
        return self._orientation

    def _pixel_ratio(self, image: av.VideoFrame) -> Fraction:
        """Return width / height of a pixel, by FFmpeg's rule (av_guess_sample_aspect_ratio)."""
        if self._container_ratio:
            return self._container_ratio
        coded = self._context.sample_aspect_ratio or SQUARE
        # The decoder knows a new ratio some images before it returns the first one that has it: a key frame.
        if self._coded_ratio is None or (coded != self._coded_ratio and image.key_frame):
            self._coded_ratio = coded
        return self._coded_ratio


def shape_of(width: int, height: int, ratio: Fraction, orientation: Orientation, aspect: str | None) -> Shape:
    """Return the shape of an image with pixels of `ratio`, or of an `aspect` that replaces it."""
    if aspect is not None:
        shown = parse_aspect(aspect)
        ratio = (1 / shown if orientation.transposed else shown) * height / width
    return Shape(*orientation.size(*square_size(width, height, ratio)), orientation)


def turn_of(options: DisplayOptions) -> Orientation:
    """Return the correction by the user as an orientation."""
    degrees = options.turn.removeprefix("mirrored").strip("-") or "0"
    orientation = Orientation(mirrored=options.turn.startswith("mirrored"))
    for _ in range(int(degrees) // 90):
        orientation = orientation.then(CLOCKWISE)
    return orientation


@lru_cache
def square_size(width: int, height: int, ratio: Fraction) -> tuple[int, int]:
    """Return the size in square pixels of an image with pixels of `ratio`: one side grows, none shrinks."""
    if abs(ratio - 1) <= SQUARE_TOLERANCE or not Fraction(1, MAX_PIXEL_RATIO) <= ratio <= MAX_PIXEL_RATIO:
        return width, height
    return (round(width * ratio), height) if ratio > 1 else (width, round(height / ratio))
