"""Random scenes that the detector learns from: photos moved, rotated, tiled and pasted, then degraded.

Scene `number` of a seed is always the same, so that a run can be resumed at any step.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.random import Generator

from engine.records import Floats
from training.arrays import Mask, Pixels
from training.detector.degrade import degrade
from training.detector.hard_negatives import HardNegative
from training.detector.photos import Photo
from training.detector.placement import (
    MIN_FACE,
    Rectangle,
    fill,
    place_box,
    place_face,
    place_part,
    scale_of,
    warp,
)

MIN_VISIBLE = 0.5  # share of a face's box; a face with less is ignored, neither face nor background
MAX_COVERED = 0.33  # share of a face's box; a face with more paint over it is ignored
SMALL_FACE = 36.0  # pixels; square root of a box's area
HARD_NEGATIVE_PROB = 0.25  # of a photo: show a hard negative, if there are any
SMALL_FACES_PROB = 0.25  # of a photo with faces: choose one with small faces, and keep their size
KEEP_SIZE_PROB = 0.3  # of other photos with faces: keep about their own size
LINES_PROB = 0.03  # of a scene: make it a line drawing without faces, since a face of lines is none


@dataclass(slots=True, eq=False)
class Scene:
    """A square grey picture under composition, with its faces in pixels."""

    grey: Pixels
    clean: Pixels  # the same before it was degraded
    boxes: Floats  # (n, 4) left, top, right, bottom
    landmarks: Floats  # (n, 5, 2)
    sure: Mask  # (n,) False: to be ignored, neither face nor background


class Composer:
    """Composes scenes from photos with and without faces, and from close-ups of `faces`."""

    def __init__(
        self,
        photos: Sequence[Photo],
        faces: Sequence[Photo],
        seed: int,
        hard_negatives: Sequence[HardNegative] = (),
        *,
        hard_negative_prob: float = HARD_NEGATIVE_PROB,
        small_faces_prob: float = SMALL_FACES_PROB,
        degrade: Callable[[Pixels, Generator], Pixels] = degrade,
    ) -> None:
        with_faces = [photo for photo in photos if photo.sure.any()]
        self._small = [photo for photo in with_faces if (photo.sizes[photo.sure] < SMALL_FACE).any()]
        self._empty = [photo for photo in photos if len(photo.boxes) == 0]
        self._unsure = [photo for photo in photos if len(photo.boxes) and not photo.sure.any()]
        self._close_ups = [*faces, *(photo for photo in with_faces if photo.name.startswith("lfw/"))]
        # A fifth of the photos are LFW's, which are all alike: one in three of them is enough.
        self._with_faces = [p for n, p in enumerate(with_faces) if n % 3 == 0 or "lfw/" not in p.name]
        self._hard_negatives = hard_negatives
        self._seed = seed
        self._hard_negative_prob = hard_negative_prob if hard_negatives else 0.0
        self._small_faces_prob = small_faces_prob if self._small else 0.0
        self._degrade = degrade

    def compose(self, number: int, side: int) -> Scene:
        """Return scene `number`, `side` pixels wide and high."""
        rng = np.random.default_rng((self._seed, number))
        canvas = np.full((side, side), rng.integers(0, 256), dtype=np.uint8)
        scene = Scene(
            grey=canvas,
            clean=canvas,
            boxes=np.zeros((0, 4), dtype=np.float32),
            landmarks=np.zeros((0, 5, 2), dtype=np.float32),
            sure=np.zeros(0, dtype=np.bool_),
        )
        kind = rng.random()
        if kind < 0.62:
            self._one_photo(scene, rng)
        elif kind < 0.85:
            self._mosaic(scene, rng)
        else:
            self._collage(scene, rng)
        if rng.random() < LINES_PROB:
            _draw_lines(scene, rng)
        scene.clean = scene.grey
        scene.grey = self._degrade(scene.clean, rng)
        return scene

    def _one_photo(self, scene: Scene, rng: Generator) -> None:
        side = scene.grey.shape[0]
        whole = Rectangle(0, 0, side, side)
        if rng.random() < 0.8:
            self._paint_background(scene, rng)
            self._paint_random_photo(scene, whole, rng)
        else:
            self._paint_random_photo(scene, whole, rng, border=cv2.BORDER_REPLICATE)

    def _mosaic(self, scene: Scene, rng: Generator) -> None:
        """Paint one photo into each of four parts (mosaic augmentation, Bochkovskiy et al. 2020)."""
        self._paint_background(scene, rng)
        side = scene.grey.shape[0]
        x, y = (int(side * rng.uniform(0.3, 0.7)) for _ in range(2))
        for left, right in ((0, x), (x, side)):
            for top, bottom in ((0, y), (y, side)):
                self._paint_random_photo(scene, Rectangle(left, top, right, bottom), rng)

    def _collage(self, scene: Scene, rng: Generator) -> None:
        """Paste faces with soft edges, of all sizes, onto a background without faces."""
        self._paint_background(scene, rng)
        side = scene.grey.shape[0]
        for _ in range(int(rng.integers(1, 7))):
            photo = self._close_ups[rng.integers(len(self._close_ups))]
            size = int(np.exp(rng.uniform(np.log(40), np.log(1.2 * side))))
            left, top = (int(rng.uniform(-0.2 * size, side - 0.8 * size)) for _ in range(2))
            target = Rectangle(left, top, left + size, top + size)
            _paint(scene, photo, target, place_face(photo, target, rng, cut_out=True), cut_out=True)

    def _paint_background(self, scene: Scene, rng: Generator) -> None:
        """Fill the scene with one enlarged photo without faces, or with 4 or 9 at about their own size."""
        columns = int(rng.integers(1, 4))
        edges = np.linspace(0, scene.grey.shape[0], columns + 1).astype(int).tolist()
        for left, right in pairwise(edges):
            for top, bottom in pairwise(edges):
                photo = self._empty[int(rng.integers(len(self._empty)))]
                target = Rectangle(left, top, right, bottom)
                affine = fill(photo, target, rng) if columns == 1 else place_part(photo, target, rng)
                tile = warp(photo.grey, affine, target.size, cv2.BORDER_REFLECT)
                scene.grey[top:bottom, left:right] = tile

    def _paint_random_photo(
        self, scene: Scene, target: Rectangle, rng: Generator, *, border: int = cv2.BORDER_CONSTANT
    ) -> None:
        if self._hard_negative_prob and rng.random() < self._hard_negative_prob:
            negative = self._hard_negatives[int(rng.integers(len(self._hard_negatives)))]
            photo, affine = negative.photo, place_box(negative.box, target, rng)
        else:
            photo, affine = self._random_photo(target, rng)
        _paint(scene, photo, target, affine, border=border)

    def _random_photo(self, target: Rectangle, rng: Generator) -> tuple[Photo, Floats]:
        """Choose a photo at random, and its affine to the rectangle."""
        kind = rng.random()
        pool = self._with_faces if kind < 0.66 else self._empty if kind < 0.9 else self._unsure
        may_be_small = pool is self._with_faces and bool(self._small_faces_prob)
        is_small = may_be_small and rng.random() < self._small_faces_prob
        pool = self._small if is_small else pool or self._with_faces
        photo = pool[rng.integers(len(pool))]
        if not photo.sure.any():
            return photo, place_part(photo, target, rng)
        keep_size = is_small or rng.random() < KEEP_SIZE_PROB
        return photo, place_face(photo, target, rng, keep_size=keep_size)


def _draw_lines(scene: Scene, rng: Generator) -> None:
    """Turn the scene into a line drawing and drop its faces."""
    edges = cv2.Canny(cv2.GaussianBlur(scene.grey, (0, 0), rng.uniform(0.6, 1.5)), 40, 100)
    lines = (np.asarray(edges, dtype=np.float32) * rng.uniform(0.4, 1.0)).astype(np.uint8)
    scene.grey = lines if rng.random() < 0.5 else 255 - lines
    scene.boxes, scene.landmarks, scene.sure = scene.boxes[:0], scene.landmarks[:0], scene.sure[:0]


def _paint(
    scene: Scene,
    photo: Photo,
    target: Rectangle,
    affine: Floats,
    *,
    border: int = cv2.BORDER_CONSTANT,
    cut_out: bool = False,
) -> None:
    """Paint a photo into a rectangle of the scene and add its faces; it may cover earlier ones.

    `affine` is the (2, 3) transform from the photo to the rectangle. Past the photo's border the scene stays
    as it is (BORDER_CONSTANT) or the photo's edge is repeated (BORDER_REPLICATE).
    """
    painted = warp(photo.grey, affine, target.size, border)
    opacity = warp(np.full_like(photo.grey, 255), affine, target.size, border)
    if cut_out:
        opacity = np.minimum(_oval(photo, affine, target), opacity)
    _blend(scene.grey, painted, opacity, target)
    _ignore_covered_faces(scene, opacity, target)
    _add_faces(scene, photo, affine, target)


def _oval(photo: Photo, affine: Floats, target: Rectangle) -> Pixels:
    """Return the opacity of a soft oval about the photo's first face, hair and neck included."""
    left, top, right, bottom = photo.boxes[0]
    x, y = affine[:, :2] @ ((left + right) / 2, (top + bottom) / 2) + affine[:, 2]
    scale = scale_of(affine)
    wide, high = scale * (right - left) * 0.85, scale * (bottom - top) * 0.8  # semi-axes
    mask = np.zeros(target.size[::-1], dtype=np.uint8)
    cv2.ellipse(mask, ((float(x), float(y)), (2 * float(wide), 2 * float(high)), 0.0), 255, -1)
    softness = 2 * int(0.05 * wide) + 1
    return np.asarray(cv2.GaussianBlur(mask, (softness, softness), 0), dtype=np.uint8)


def _blend(canvas: Pixels, painted: Pixels, opacity: Pixels, target: Rectangle) -> None:
    side = canvas.shape[0]
    left, top = max(0, target.left), max(0, target.top)
    right, bottom = min(side, target.right), min(side, target.bottom)
    inner = (slice(top - target.top, bottom - target.top), slice(left - target.left, right - target.left))
    region = canvas[top:bottom, left:right]
    share = opacity[inner].astype(np.float32) / 255.0
    region[:] = np.rint(painted[inner] * share + region * (1.0 - share)).astype(np.uint8)


def _ignore_covered_faces(scene: Scene, opacity: Pixels, target: Rectangle) -> None:
    side = scene.grey.shape[0]
    for number, box in enumerate(scene.boxes):
        left, top, right, bottom = np.clip(np.rint(box), 0, side).astype(int)
        over_face = opacity[
            max(0, top - target.top) : max(0, bottom - target.top),
            max(0, left - target.left) : max(0, right - target.left),
        ]
        if (over_face > 127).sum() > MAX_COVERED * max(1, (right - left) * (bottom - top)):
            scene.sure[number] = False


def _add_faces(scene: Scene, photo: Photo, affine: Floats, target: Rectangle) -> None:
    """Add the photo's faces that are visible in the rectangle; small and mostly hidden ones as unsure."""
    if len(photo.boxes) == 0:
        return
    linear, shift = affine[:, :2].T, affine[:, 2] + (target.left, target.top)
    centres = (photo.boxes[:, :2] + photo.boxes[:, 2:]) / 2 @ linear + shift
    half = (photo.boxes[:, 2:] - photo.boxes[:, :2]) / 2 * scale_of(affine)
    landmarks = photo.landmarks @ linear + shift
    if np.linalg.det(linear) < 0:
        landmarks = landmarks[:, [1, 0, 2, 4, 3]]  # left and right change places in a mirror
    boxes = np.concatenate([centres - half, centres + half], axis=1).astype(np.float32)
    side = scene.grey.shape[0]
    low = np.maximum((target.left, target.top), 0)
    high = np.minimum((target.right, target.bottom), side)
    seen = np.clip(np.minimum(boxes[:, 2:], high) - np.maximum(boxes[:, :2], low), 0, None).prod(axis=1)
    visible = seen / np.maximum((2 * half).prod(axis=1), 1e-6)
    large = np.sqrt((2 * half).prod(axis=1)) >= MIN_FACE
    inside = visible > 0.05
    scene.boxes = np.concatenate([scene.boxes, boxes[inside]])
    scene.landmarks = np.concatenate([scene.landmarks, landmarks[inside].astype(np.float32)])
    scene.sure = np.concatenate([scene.sure, (photo.sure & large & (visible > MIN_VISIBLE))[inside]])
