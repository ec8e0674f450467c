"""The demo's source: draws its moving picture once, and adds it to a running service.

The picture is drawn, not filmed: two portraits (deploy/portraits.py says whose) that drift, lean and change
their expressions by a script. What the timelines then show is what the networks see in such drawings.
"""

import argparse
import json
import math
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.portraits import Expression, Floats, Picture, Portrait, Puppet, portraits
from deploy.video import write_video

WIDTH, HEIGHT, RATE = 640, 360, 25
SECONDS = 24  # it is played again and again: everything that moves comes back to where it began

FILE = "demo.mp4"
SOURCE = {"name": "Demo", "url": f"{FILE}?loop"}

EYE_DISTANCE = 56.0  # pixels; makes faces about 115 wide
CHANGE = 0.8  # seconds that a change of expression takes
TOP, BOTTOM = (64, 72, 84), (28, 32, 40)  # the background's colours

AS_PHOTOGRAPHED: Expression = {}
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
    """One portrait's role in the play."""

    phase: float  # radians, so that the heads do not move in step
    script: tuple[tuple[float, Expression], ...]  # from which second on which expression, from second 0


# Collins smiles in her photograph, Hopper looks at us calmly.
ROLES = (
    Role(0.0, ((0, AS_PHOTOGRAPHED), (9, SURPRISED), (15, AS_PHOTOGRAPHED))),
    Role(2.0, ((0, AS_PHOTOGRAPHED), (4, HAPPY), (10, SURPRISED), (15, SAD), (20, AS_PHOTOGRAPHED))),
)


class Actor:
    """A portrait that plays its part."""

    def __init__(self, portrait: Portrait, role: Role) -> None:
        self._portrait = portrait
        self._role = role
        self._puppet = Puppet(portrait)
        self._mask = fading_ellipse(portrait)
        self._shown: tuple[Expression, Picture] | None = None

    def draw(self, background: Picture, second: float) -> Picture:
        """The portrait as it is at this second, before its half of the background."""
        place, size = self._place(second), (background.shape[1], background.shape[0])
        head = cv2.warpAffine(self._show(second), place, size, borderMode=cv2.BORDER_REPLICATE)
        mask = np.asarray(cv2.warpAffine(self._mask, place, size), dtype=np.float32)
        return np.asarray(cv2.blendLinear(head, background, mask, 1 - mask), dtype=np.uint8)

    def _show(self, second: float) -> Picture:
        expression = expression_at(self._role.script, second)
        if self._shown is None or self._shown[0] != expression:
            self._shown = expression, self._puppet.show(expression)
        return self._shown[1]

    def _place(self, second: float) -> Floats:
        """The (2, 3) affine from the portrait to its half of the picture."""
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


def fading_ellipse(portrait: Portrait) -> NDArray[np.float32]:
    """What is shown of a portrait, 0..1 for each pixel."""
    (x, y), (wide, high) = portrait.head
    height, width = portrait.picture.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return np.asarray(
        np.clip((1 - np.hypot((columns - x) / wide, (rows - y) / high)) / 0.12, 0, 1), np.float32
    )


def expression_at(script: tuple[tuple[float, Expression], ...], second: float) -> Expression:
    """The expression of a second: the script's, with a smooth change from the one before."""
    number = max(k for k, (begins, _) in enumerate(script) if begins <= second)
    begins, wanted = script[number]
    before = script[number - 1][1]  # the first follows the last
    part = min(1.0, (second - begins) / CHANGE)
    part = part * part * (3 - 2 * part)
    return {
        name: (1 - part) * before.get(name, 0.0) + part * wanted.get(name, 0.0) for name in {*before, *wanted}
    }


def pictures(seconds: float = SECONDS) -> Iterator[Picture]:
    """The pictures of the play, one after the other, or only those of its first seconds."""
    heads = [portrait.scaled(EYE_DISTANCE) for portrait in portraits()]
    actors = [Actor(head, role) for head, role in zip(heads, ROLES, strict=True)]
    down = np.linspace(0, 1, HEIGHT)[:, None, None]
    background = np.tile((1 - down) * np.array(TOP) + down * np.array(BOTTOM), (1, WIDTH // 2, 1))
    for number in range(round(seconds * RATE)):
        yield np.hstack([actor.draw(background.astype(np.uint8), number / RATE) for actor in actors])


def draw(file: Path, seconds: float = SECONDS) -> None:
    """Draws the play into a video; the file is there only once it is complete."""
    write_video(file, pictures(seconds), RATE)


def add_source(api: str) -> None:
    """Adds the picture to the sources of the service at this address; raises OSError."""
    request = urllib.request.Request(
        f"{api}/v1/sources", json.dumps(SOURCE).encode(), {"Content-Type": "application/json"}
    )
    try:
        urllib.request.urlopen(request, timeout=10).close()
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.CONFLICT:  # there from the last time
            raise


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description=__doc__)
    parser.add_argument("api", help="where the service is, such as http://127.0.0.1:8400")
    arguments = parser.parse_args()
    file = Path(os.environ["MIEN_MEDIA"]) / FILE
    try:
        if not file.exists():
            print("drawing the demo's picture, once", flush=True)
            draw(file)
        add_source(arguments.api)
    except OSError as error:
        print(f"cannot make the demo: {error}", file=sys.stderr)
        return 1
    print(f"watch it at {arguments.api}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
