"""Composes the scenes that the detector learns from: photos moved, turned, tiled, pasted, spoiled.

Scene `number` of a seed is always the same, so a run can be resumed anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from training.mining import Invention
from training.photos import Floats, Grey, Photo
from training.spoil import spoil

SMALLEST = 12.0  # pixels; smaller faces are neither face nor background
LEAST_VISIBLE = 0.5  # of a face's box; less is neither face nor background
MOST_ENLARGED = 2.0
MINED = 0.25  # share of the photos that are shown for what was once invented in them
DRAWN = 0.03  # share of scenes that become line drawings: a face of lines, as a wire frame, is no face


@dataclass(slots=True, eq=False)
class Scene:
    """A square grey picture under composition, with its faces in pixels."""

    grey: Grey
    clean: Grey  # the same before it was spoiled
    boxes: Floats  # (n, 4) left, top, right, bottom
    landmarks: Floats  # (n, 5, 2)
    sure: NDArray[np.bool_]  # (n,)


@dataclass(frozen=True, slots=True)
class Rectangle:
    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.right - self.left, self.bottom - self.top


class Composer:
    """Draws scenes from photos with sure faces, photos without any, and faces with little around them.

    `inventions` are shown more often than their photos would be.
    """

    def __init__(
        self,
        photos: Sequence[Photo],
        faces: Sequence[Photo],
        seed: int,
        inventions: Sequence[Invention] = (),
    ) -> None:
        self._peopled = [photo for photo in photos if photo.sure.any()]
        self._empty = [photo for photo in photos if len(photo.boxes) == 0]
        self._unsure = [photo for photo in photos if len(photo.boxes) and not photo.sure.any()]
        self._faces = [*faces, *(photo for photo in self._peopled if photo.name.startswith("lfw/"))]
        # LFW is a fifth of the photos and all of one kind: one in three of its photos is enough.
        self._peopled = [
            photo for number, photo in enumerate(self._peopled) if number % 3 == 0 or "lfw/" not in photo.name
        ]
        self._inventions = inventions
        self._seed = seed

    def compose(self, number: int, side: int) -> Scene:
        """Scene `number`, `side` pixels wide and high."""
        random = np.random.default_rng((self._seed, number))
        canvas = np.full((side, side), random.integers(0, 256), dtype=np.uint8)
        scene = Scene(
            grey=canvas,
            clean=canvas,
            boxes=np.zeros((0, 4), dtype=np.float32),
            landmarks=np.zeros((0, 5, 2), dtype=np.float32),
            sure=np.zeros(0, dtype=np.bool_),
        )
        kind = random.random()
        if kind < 0.62:
            self._photo(scene, random)
        elif kind < 0.85:
            self._mosaic(scene, random)
        else:
            self._pasted(scene, random)
        if random.random() < DRAWN:
            _draw_lines(scene, random)
        scene.clean = scene.grey
        scene.grey = spoil(scene.clean, random)
        return scene

    def _photo(self, scene: Scene, random: np.random.Generator) -> None:
        side = scene.grey.shape[0]
        everything = Rectangle(0, 0, side, side)
        if random.random() < 0.8:
            self._background(scene, random)
            self._draw(scene, everything, random)
        else:
            self._draw(scene, everything, random, beyond=cv2.BORDER_REPLICATE)

    def _mosaic(self, scene: Scene, random: np.random.Generator) -> None:
        self._background(scene, random)
        side = scene.grey.shape[0]
        x, y = (int(side * random.uniform(0.3, 0.7)) for _ in range(2))
        for left, right in ((0, x), (x, side)):
            for top, bottom in ((0, y), (y, side)):
                self._draw(scene, Rectangle(left, top, right, bottom), random)

    def _pasted(self, scene: Scene, random: np.random.Generator) -> None:
        """Faces cut out softly, at all sizes, in a picture that has none."""
        self._background(scene, random)
        side = scene.grey.shape[0]
        for _ in range(int(random.integers(1, 7))):
            photo = self._faces[random.integers(len(self._faces))]
            reach = int(np.exp(random.uniform(np.log(40), np.log(1.2 * side))))
            left, top = (int(random.uniform(-0.2 * reach, side - 0.8 * reach)) for _ in range(2))
            where = Rectangle(left, top, left + reach, top + reach)
            _place(scene, photo, where, _about_face(photo, where, random, cut_out=True), cut_out=True)

    def _background(self, scene: Scene, random: np.random.Generator) -> None:
        """Fills the scene with one photo that has no face, enlarged, or with some at about their own size."""
        side = scene.grey.shape[0]
        columns = int(random.integers(1, 4))
        edges = np.linspace(0, side, columns + 1).astype(int).tolist()
        for left, right in pairwise(edges):
            for top, bottom in pairwise(edges):
                photo = self._empty[int(random.integers(len(self._empty)))]
                where = Rectangle(left, top, right, bottom)
                to_where = _filling(photo, where, random) if columns == 1 else _anywhere(photo, where, random)
                scene.grey[top:bottom, left:right] = _warp(
                    photo.grey, to_where, where.size, cv2.BORDER_REFLECT
                )

    def _draw(
        self,
        scene: Scene,
        where: Rectangle,
        random: np.random.Generator,
        *,
        beyond: int = cv2.BORDER_CONSTANT,
    ) -> None:
        """Paints a photo that is drawn by lot into a rectangle of the scene."""
        if self._inventions and random.random() < MINED:
            invention = self._inventions[int(random.integers(len(self._inventions)))]
            photo, to_where = invention.photo, _about(invention.box, where, random)
        else:
            kind = random.random()
            pool = self._peopled if kind < 0.66 else self._empty if kind < 0.9 else self._unsure
            pool = pool or self._peopled
            photo = pool[random.integers(len(pool))]
            to_where = (
                _about_face(photo, where, random) if photo.sure.any() else _anywhere(photo, where, random)
            )
        _place(scene, photo, where, to_where, beyond=beyond)


def _draw_lines(scene: Scene, random: np.random.Generator) -> None:
    edges = cv2.Canny(cv2.GaussianBlur(scene.grey, (0, 0), random.uniform(0.6, 1.5)), 40, 100)
    lines = (np.asarray(edges, dtype=np.float32) * random.uniform(0.4, 1.0)).astype(np.uint8)
    scene.grey = lines if random.random() < 0.5 else 255 - lines
    scene.boxes, scene.landmarks, scene.sure = scene.boxes[:0], scene.landmarks[:0], scene.sure[:0]


def _place(
    scene: Scene,
    photo: Photo,
    where: Rectangle,
    to_where: Floats,
    *,
    beyond: int = cv2.BORDER_CONSTANT,
    cut_out: bool = False,
) -> None:
    """Paints a photo into a rectangle of the scene and adds its faces; earlier faces may be covered.

    `to_where` is the (2, 3) affine from the photo to the rectangle. Beyond the photo's border the scene stays
    as it is, or the edge is repeated.
    """
    mirrored = np.linalg.det(to_where[:, :2]) < 0
    painted = _warp(photo.grey, to_where, where.size, beyond)
    opaque = _warp(np.full_like(photo.grey, 255), to_where, where.size, beyond)
    if cut_out:
        opaque = _oval(photo, to_where, where, opaque)
    _paint(scene.grey, painted, opaque, where)
    _hide(scene, opaque, where)
    _add(scene, photo, to_where, where, mirrored=bool(mirrored))


def _filling(photo: Photo, where: Rectangle, random: np.random.Generator) -> Floats:
    """The affine that makes a photo so large that it fills the rectangle."""
    scale = float(max(where.size) / min(photo.grey.shape) * random.uniform(1.0, 1.6))
    centre = np.array(photo.grey.shape[::-1]) / 2
    mirrored = bool(random.random() < 0.5)
    return _turn(centre, (where.size[0] / 2, where.size[1] / 2), scale, 0.0, mirrored)


def _anywhere(photo: Photo, where: Rectangle, random: np.random.Generator) -> Floats:
    """The affine that brings some part of a photo into the middle of the rectangle."""
    scale = float(np.exp(random.uniform(np.log(0.4), np.log(1.8))))
    anchor = np.array(photo.grey.shape[::-1]) * random.uniform(0.2, 0.8, 2)
    return _turn(anchor, (where.size[0] / 2, where.size[1] / 2), scale, *_lie(random))


def _about(box: Floats, where: Rectangle, random: np.random.Generator) -> Floats:
    """The affine that brings a box somewhere into the rectangle, at about its own size."""
    scale = float(np.exp(random.uniform(np.log(0.6), np.log(1.6))))
    place = (where.size[0] * random.uniform(0.1, 0.9), where.size[1] * random.uniform(0.1, 0.9))
    return _turn((box[:2] + box[2:]) / 2, place, scale, *_lie(random))


def _about_face(
    photo: Photo, where: Rectangle, random: np.random.Generator, *, cut_out: bool = False
) -> Floats:
    """The affine that brings one of the photo's sure faces into the rectangle, at a size that is drawn."""
    width, height = where.size
    lie = _lie(random)
    box = photo.boxes[random.choice(np.flatnonzero(photo.sure))]
    size = float(np.sqrt(np.prod(box[2:] - box[:2])))
    least, most = SMALLEST + 1.0, 0.8 * min(width, height)
    wanted = 0.5 * width if cut_out else float(np.exp(random.uniform(np.log(least), np.log(most))))
    scale = min(wanted / size, MOST_ENLARGED if size > 16 else 1.2)
    margin = 0.5 if cut_out else min(0.4, 0.4 * scale * size / min(width, height))
    place = (width * random.uniform(margin, 1 - margin), height * random.uniform(margin, 1 - margin))
    return _turn((box[:2] + box[2:]) / 2, place, scale, *lie)


def _lie(random: np.random.Generator) -> tuple[float, bool]:
    """By how many degrees a photo is turned, and whether it is mirrored."""
    mirrored = bool(random.random() < 0.5)
    degrees = random.choice([0.0, random.uniform(-15, 15), random.uniform(-35, 35)], p=[0.4, 0.5, 0.1])
    return float(degrees), mirrored


def _turn(
    anchor: NDArray[np.floating], place: tuple[float, float], scale: float, degrees: float, mirrored: bool
) -> Floats:
    """The affine that scales and turns about `anchor` and brings it to `place`."""
    angle = np.deg2rad(degrees)
    flip = -1.0 if mirrored else 1.0
    linear = scale * np.array([[flip * np.cos(angle), -np.sin(angle)], [flip * np.sin(angle), np.cos(angle)]])
    return np.column_stack([linear, np.array(place) - linear @ anchor]).astype(np.float32)


def _warp(grey: Grey, affine: Floats, size: tuple[int, int], border: int) -> Grey:
    """Warps without aliasing: a picture that shrinks much is reduced by area first."""
    scale = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
    while scale < 0.6 and min(grey.shape) >= 8:
        half = (grey.shape[1] // 2, grey.shape[0] // 2)
        grey = np.asarray(cv2.resize(grey, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        # Pixel centres: x of the picture is 2 x + 0.5, x of its half.
        affine = np.column_stack([affine[:, :2] * 2, affine[:, 2] + affine[:, :2].sum(axis=1) / 2])
        affine = affine.astype(np.float32)
        scale *= 2
    return np.asarray(cv2.warpAffine(grey, affine, size, borderMode=border), dtype=np.uint8)


def _oval(photo: Photo, to_where: Floats, where: Rectangle, opaque: Grey) -> Grey:
    """A soft oval about the first face, hair and neck included."""
    left, top, right, bottom = photo.boxes[0]
    centre = to_where[:, :2] @ ((left + right) / 2, (top + bottom) / 2) + to_where[:, 2]
    scale = float(np.sqrt(abs(np.linalg.det(to_where[:, :2]))))
    axes = (scale * (right - left) * 0.85, scale * (bottom - top) * 0.8)
    mask = np.zeros(where.size[::-1], dtype=np.uint8)
    cv2.ellipse(mask, (tuple(map(float, centre)), tuple(2 * float(axis) for axis in axes), 0.0), 255, -1)
    softness = 2 * int(0.05 * axes[0]) + 1
    mask = np.asarray(cv2.GaussianBlur(mask, (softness, softness), 0), dtype=np.uint8)
    return np.asarray(np.minimum(mask, opaque), dtype=np.uint8)


def _paint(canvas: Grey, painted: Grey, opaque: Grey, where: Rectangle) -> None:
    side = canvas.shape[0]
    left, top = max(0, where.left), max(0, where.top)
    right, bottom = min(side, where.right), min(side, where.bottom)
    inner = (slice(top - where.top, bottom - where.top), slice(left - where.left, right - where.left))
    region = canvas[top:bottom, left:right]
    share = opaque[inner].astype(np.float32) / 255.0
    region[:] = np.rint(painted[inner] * share + region * (1.0 - share)).astype(np.uint8)


def _hide(scene: Scene, opaque: Grey, where: Rectangle) -> None:
    """Faces that the paint covers to a third or more become neither face nor background."""
    side = scene.grey.shape[0]
    for number, box in enumerate(scene.boxes):
        left, top, right, bottom = np.clip(np.rint(box), 0, side).astype(int)
        shifted = opaque[
            max(0, top - where.top) : max(0, bottom - where.top),
            max(0, left - where.left) : max(0, right - where.left),
        ]
        if (shifted > 127).sum() > 0.33 * max(1, (right - left) * (bottom - top)):
            scene.sure[number] = False


def _add(scene: Scene, photo: Photo, to_where: Floats, where: Rectangle, *, mirrored: bool) -> None:
    if len(photo.boxes) == 0:
        return
    shift = to_where[:, 2] + (where.left, where.top)
    scale = float(np.sqrt(abs(np.linalg.det(to_where[:, :2]))))
    centres = (photo.boxes[:, :2] + photo.boxes[:, 2:]) / 2 @ to_where[:, :2].T + shift
    half = (photo.boxes[:, 2:] - photo.boxes[:, :2]) / 2 * scale
    landmarks = photo.landmarks @ to_where[:, :2].T + shift
    if mirrored:
        landmarks = landmarks[:, [1, 0, 2, 4, 3]]
    boxes = np.concatenate([centres - half, centres + half], axis=1).astype(np.float32)
    side = scene.grey.shape[0]
    low = np.maximum((where.left, where.top), 0)
    high = np.minimum((where.right, where.bottom), side)
    seen = np.clip(np.minimum(boxes[:, 2:], high) - np.maximum(boxes[:, :2], low), 0, None).prod(axis=1)
    share = seen / np.maximum((2 * half).prod(axis=1), 1e-6)
    large = np.sqrt((2 * half).prod(axis=1)) >= SMALLEST
    inside = share > 0.05
    scene.boxes = np.concatenate([scene.boxes, boxes[inside]])
    scene.landmarks = np.concatenate([scene.landmarks, landmarks[inside].astype(np.float32)])
    scene.sure = np.concatenate([scene.sure, (photo.sure & large & (share > LEAST_VISIBLE))[inside]])
