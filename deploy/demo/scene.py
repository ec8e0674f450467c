"""The demo's video: two portraits that drift, lean and change their expressions by a script."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from deploy.demo.portraits import Expression, Floats, Portrait, Puppet, Rgb, portraits
from deploy.video import write_video

WIDTH, HEIGHT, RATE = 640, 360, 25
SECONDS = 24  # the video loops: each movement ends as it began

EYE_DISTANCE = 56.0  # pixels; faces are then about 115 pixels wide
TRANSITION = 0.8  # seconds from one expression to the next
TOP, BOTTOM = (64, 72, 84), (28, 32, 40)  # colours of the background

NEUTRAL: Expression = {}
HAPPY: Expression = {"mouth_corners_up": 1.0, "cheeks_up": 1.0}
SURPRISED: Expression = {
    "brows_up": 1.0,
    "eyes_wide": 0.5,
    "jaw_down": 1.0,
    "mouth_corners_down": 0.3,
    "cheeks_up": -0.6,
}
SAD: Expression = {"inner_brows_up": 1.0, "mouth_corners_down": 1.0, "eyes_wide": -1.0}


@dataclass(frozen=True, slots=True)
class Role:
    """Movement and script of one portrait."""

    phase: float  # radians, so that the heads move independently
    script: tuple[tuple[float, Expression], ...]  # (start in seconds, expression), from 0


# In their photographs Collins smiles, and Hopper is calm.
ROLES = (
    Role(0.0, ((0, NEUTRAL), (9, SURPRISED), (15, NEUTRAL))),
    Role(2.0, ((0, NEUTRAL), (4, HAPPY), (10, SURPRISED), (15, SAD), (20, NEUTRAL))),
)


class Actor:
    """A portrait that follows its role."""

    def __init__(self, portrait: Portrait, role: Role) -> None:
        self._portrait = portrait
        self._role = role
        self._puppet = Puppet(portrait)
        self._mask = soft_ellipse(portrait)
        self._last: tuple[Expression, Rgb] | None = None

    def render(self, background: Rgb, second: float) -> Rgb:
        """Return the background with the portrait in front, at this second; both (height, width, 3)."""
        transform, size = self._transform(second), (background.shape[1], background.shape[0])
        head = cv2.warpAffine(self._face(second), transform, size, borderMode=cv2.BORDER_REPLICATE)
        mask = np.asarray(cv2.warpAffine(self._mask, transform, size), dtype=np.float32)
        return np.asarray(cv2.blendLinear(head, background, mask, 1 - mask), dtype=np.uint8)

    def _face(self, second: float) -> Rgb:
        expression = expression_at(self._role.script, second)
        if self._last is None or self._last[0] != expression:
            self._last = expression, self._puppet.render(expression)
        return self._last[1]

    def _transform(self, second: float) -> Floats:
        """Return the (2, 3) affine transform from the portrait to its half of the frame."""
        turn, phase = 2 * math.pi * second / SECONDS, self._role.phase
        lean = math.radians(5) * math.sin(2 * turn + phase)
        scale = 1 + 0.06 * math.sin(turn + phase)
        x = WIDTH / 4 + 14 * math.sin(turn + 2 * phase)
        y = HEIGHT / 2 + 8 * math.sin(3 * turn + phase)
        (from_x, from_y), _ = self._portrait.head
        cos, sin = scale * math.cos(lean), scale * math.sin(lean)
        return np.array(
            [[cos, -sin, x - cos * from_x + sin * from_y], [sin, cos, y - sin * from_x - cos * from_y]],
            dtype=np.float32,
        )


def soft_ellipse(portrait: Portrait) -> Floats:
    """Return the opacity of each pixel of a portrait, 0..1: an ellipse with a soft edge."""
    (x, y), (wide, high) = portrait.head
    height, width = portrait.image.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    distance = np.hypot((columns - x) / wide, (rows - y) / high)
    return np.asarray(np.clip((1 - distance) / 0.12, 0, 1), np.float32)


def expression_at(script: tuple[tuple[float, Expression], ...], second: float) -> Expression:
    """Return the script's expression at a second, with a smooth transition from the one before."""
    number = max(k for k, (begins, _) in enumerate(script) if begins <= second)
    begins, target = script[number]
    before = script[number - 1][1]  # the first follows the last
    progress = min(1.0, (second - begins) / TRANSITION)
    weight = progress * progress * (3 - 2 * progress)  # smoothstep
    return {
        name: (1 - weight) * before.get(name, 0.0) + weight * target.get(name, 0.0)
        for name in {*before, *target}
    }


def frames(seconds: float = SECONDS) -> Iterator[Rgb]:
    """Yield the frames of the first `seconds`."""
    heads = [portrait.scaled(EYE_DISTANCE) for portrait in portraits()]
    actors = [Actor(head, role) for head, role in zip(heads, ROLES, strict=True)]
    down = np.linspace(0, 1, HEIGHT)[:, None, None]
    background = np.tile((1 - down) * np.array(TOP) + down * np.array(BOTTOM), (1, WIDTH // 2, 1))
    for number in range(round(seconds * RATE)):
        yield np.hstack([actor.render(background.astype(np.uint8), number / RATE) for actor in actors])


def render(file: Path, seconds: float = SECONDS, *, on_frame: Callable[[], object] = lambda: None) -> None:
    """Write the video, and call `on_frame` before each frame.

    The file appears only when it is complete. Raises OSError.
    """

    def reported() -> Iterator[Rgb]:
        for frame in frames(seconds):
            on_frame()
            yield frame

    write_video(file, reported(), RATE)
