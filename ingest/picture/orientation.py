"""The eight orientations of a picture: in which way it is turned and mirrored to be shown. Pure."""

import struct
from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # (height, width) or (height, width, channels)

# The 3 x 3 matrix of a track header (ISO/IEC 14496-12, 8.3.2) as FFmpeg gives it: rows a b u, c d v, x y w of
# native integers. A stored point (p, q) is shown at (ap + cq + x, bp + dq + y).
DISPLAY_MATRIX = struct.Struct("=9i")


@dataclass(frozen=True, slots=True)
class Orientation:
    """The steps from stored to shown pixels, in this order."""

    transposed: bool = False  # rows become columns
    mirrored: bool = False  # left and right change places
    flipped: bool = False  # top and bottom change places

    @classmethod
    def of_axes(cls, a: float, b: float, c: float, d: float) -> Self:
        """Return the orientation nearest to a matrix that shows (p, q) at (ap + cq, bp + dq)."""
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return cls(mirrored=a < 0, flipped=d < 0)
        return cls(transposed=True, mirrored=c < 0, flipped=b < 0)

    @classmethod
    def of_matrix(cls, matrix: Any) -> Self:
        """Return the orientation of a display matrix: bytes of FFmpeg's side data DISPLAYMATRIX."""
        a, b, _, c, d, *_ = DISPLAY_MATRIX.unpack(bytes(matrix))
        return cls.of_axes(a, b, c, d)

    @classmethod
    def of_exif(cls, value: int) -> Self:
        """Return the orientation of EXIF's tag 0x0112 (CIPA DC-008); upright for a value beyond 1 to 8."""
        return cls(*EXIF.get(value, (False, False, False)))

    def then(self, after: "Orientation") -> "Orientation":
        """Return one orientation that does the work of this one and then of another."""
        a, b, c, d = self._axes()
        e, f, g, h = after._axes()
        return Orientation.of_axes(a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h)

    def apply(self, pixels: Pixels) -> Pixels:
        """Return pixels as they are shown, contiguous; the same array if they are stored that way."""
        if self.transposed:
            pixels = cv2.transpose(pixels)  # type: ignore[assignment]
        if self.mirrored or self.flipped:
            pixels = cv2.flip(pixels, FLIPS[self.mirrored, self.flipped])  # type: ignore[assignment]
        return pixels

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return the width and height after a turn; of a shown picture, those before."""
        return (height, width) if self.transposed else (width, height)

    def _axes(self) -> tuple[int, int, int, int]:
        x, y = -1 if self.mirrored else 1, -1 if self.flipped else 1
        return (0, y, x, 0) if self.transposed else (x, 0, 0, y)


UPRIGHT = Orientation()

EXIF = {
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}

FLIPS = {(True, False): 1, (False, True): 0, (True, True): -1}  # codes of cv2.flip by mirrored, flipped
