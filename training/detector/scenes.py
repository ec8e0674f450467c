"""Composes the scenes that the detector learns from: photos moved, turned, tiled, pasted, spoiled.

Scene `number` of a seed is always the same, so a run can be resumed anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from training.detector.degrade import spoil
from training.detector.hard_negatives import Invention
from training.detector.photos import Floats, Grey, Photo
from training.detector.placement import SMALLEST, Rectangle, about, about_face, anywhere, filling, warp

LEAST_VISIBLE = 0.5  # of a face's box; less is neither face nor background
MINED = 0.25  # share of the photos that are shown for what was once invented in them
FAR = 0.25  # share of the photos with faces that have small ones
SMALL = 36.0  # pixels; the root of a box's area
AS_TAKEN = 0.3  # share of the photos with faces that keep about their own size; all of those with small ones
DRAWN = 0.03  # share of scenes that become line drawings: a face of lines, as a wire frame, is no face


@dataclass(slots=True, eq=False)
class Scene:
    """A square grey picture under composition, with its faces in pixels."""

    grey: Grey
    clean: Grey  # the same before it was spoiled
    boxes: Floats  # (n, 4) left, top, right, bottom
    landmarks: Floats  # (n, 5, 2)
    sure: NDArray[np.bool_]  # (n,)


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
        self._far = [photo for photo in self._peopled if (_sizes(photo)[photo.sure] < SMALL).any()]
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
            _place(scene, photo, where, about_face(photo, where, random, cut_out=True), cut_out=True)

    def _background(self, scene: Scene, random: np.random.Generator) -> None:
        """Fills the scene with one photo that has no face, enlarged, or with some at about their own size."""
        side = scene.grey.shape[0]
        columns = int(random.integers(1, 4))
        edges = np.linspace(0, side, columns + 1).astype(int).tolist()
        for left, right in pairwise(edges):
            for top, bottom in pairwise(edges):
                photo = self._empty[int(random.integers(len(self._empty)))]
                where = Rectangle(left, top, right, bottom)
                to_where = filling(photo, where, random) if columns == 1 else anywhere(photo, where, random)
                scene.grey[top:bottom, left:right] = warp(
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
            photo, to_where = invention.photo, about(invention.box, where, random)
        else:
            photo, to_where = self._drawn(where, random)
        _place(scene, photo, where, to_where, beyond=beyond)

    def _drawn(self, where: Rectangle, random: np.random.Generator) -> tuple[Photo, Floats]:
        """A photo that is drawn by lot, and how it comes to lie in a rectangle."""
        kind = random.random()
        pool = self._peopled if kind < 0.66 else self._empty if kind < 0.9 else self._unsure
        far = pool is self._peopled and bool(self._far) and random.random() < FAR
        pool = self._far if far else pool or self._peopled
        photo = pool[random.integers(len(pool))]
        if not photo.sure.any():
            return photo, anywhere(photo, where, random)
        as_taken = far or random.random() < AS_TAKEN
        return photo, about_face(photo, where, random, as_taken=as_taken)


def _sizes(photo: Photo) -> Floats:
    """(n,) sizes of the faces in pixels: the roots of their boxes' areas."""
    return np.asarray(np.sqrt(np.prod(photo.boxes[:, 2:] - photo.boxes[:, :2], axis=1)), dtype=np.float32)


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
    painted = warp(photo.grey, to_where, where.size, beyond)
    opaque = warp(np.full_like(photo.grey, 255), to_where, where.size, beyond)
    if cut_out:
        opaque = _oval(photo, to_where, where, opaque)
    _paint(scene.grey, painted, opaque, where)
    _hide(scene, opaque, where)
    _add(scene, photo, to_where, where, mirrored=bool(mirrored))


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
