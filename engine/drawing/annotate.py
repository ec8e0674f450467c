"""Annotates colour images with faces: box, keypoints, name, label, and the distribution as bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.drawing.layout import Area, Placing
from engine.drawing.palette import LABEL_COLOURS
from engine.drawing.primitives import Colour, Image, baseline, dot, fill, frame, plate, text_width, write
from engine.labels import LABELS, Label
from engine.records import Box, Floats

WHITE: Colour = (255, 255, 255)
INK: Colour = (24, 20, 18)
ABSTAINED: Colour = (190, 184, 178)
PLATE = 0.72  # opacity of a panel


@dataclass(frozen=True, slots=True, eq=False)
class FaceAnnotation:
    """A face to draw."""

    name: str
    box: Box
    keypoints: Floats  # (15, 2) ratios of the frame
    label: Label | None  # None where the networks abstained
    distribution: Floats  # (7,)


class Annotator:
    """Draws on the frames of one video, or on one still; panels stay on their side from frame to frame."""

    def __init__(self) -> None:
        self._placing = Placing()

    def draw(self, image: Image, faces: Sequence[FaceAnnotation]) -> None:
        """Draw in place."""
        style = _Style.of(image)
        boxes = {face.name: _area(face.box, image) for face in faces}
        for face in faces:
            _draw_face(image, face, boxes[face.name], style)
        cores = {face.name: _core(face, image) for face in faces}
        size = (image.shape[1], image.shape[0])
        panels = self._placing.place(boxes, cores, style.panel, size, style.gap)
        for face in faces:
            if (panel := panels[face.name]) is None:
                _draw_strip(image, face, boxes[face.name], style)
            else:
                _draw_panel(image, face, panel, style)
        for face in faces:
            _draw_name(image, face, boxes, style)


@dataclass(frozen=True, slots=True)
class _Style:
    """Sizes in pixels for an image: text of 10 pixels at 320x240, of 23 at 1920x1080."""

    text: int
    line: int
    gap: int
    row: int  # height of a bar with its text
    names: int  # width of the label names
    panel: tuple[int, int]

    @classmethod
    def of(cls, image: Image) -> "_Style":
        text = int(np.clip(6 + min(image.shape[:2]) / 64, 10, 48))
        gap, row = max(3, text // 3), round(1.28 * text)
        names = round(4.9 * text)
        panel = (names + round(3.6 * text) + 3 * gap, len(LABELS) * row + 2 * gap)
        return cls(text, max(1, round(text / 9)), gap, row, names, panel)


def _draw_face(image: Image, face: FaceAnnotation, box: Area, style: _Style) -> None:
    colour = colour_of(face.label)
    frame(image, box, INK, style.line + 2)
    frame(image, box, colour, style.line)
    height, width = image.shape[:2]
    radius = float(np.clip((box.bottom - box.top) / 80, 1.0, 9))
    for x, y in face.keypoints * (width, height) - 0.5:
        dot(image, float(x), float(y), radius + max(0.8, radius / 3), INK)
        dot(image, float(x), float(y), radius, WHITE)


def _draw_name(image: Image, face: FaceAnnotation, boxes: Mapping[str, Area], style: _Style) -> None:
    """Write name, label and its probability above the box; only the name if more would cover a face."""
    share = "" if face.label is None else f" {face.distribution[LABELS.index(face.label)]:.0%}"
    text = f"{face.name}: {face.label or 'unsure'}{share}"
    area = _name_plate(image, text, boxes[face.name], style)
    if any(area.overlaps(box) for name, box in boxes.items() if name != face.name):
        text = face.name
        area = _name_plate(image, text, boxes[face.name], style)
    colour = colour_of(face.label)
    plate(image, area, colour, 0.94)
    bottom = area.top + baseline(area.bottom - area.top, style.text)
    write(image, text, (area.left + style.gap, bottom), _ink_on(colour), style.text)


def _name_plate(image: Image, text: str, box: Area, style: _Style) -> Area:
    width = text_width(text, style.text) + 2 * style.gap
    height = style.row + style.gap // 2
    left = max(0, min(box.left - style.line, image.shape[1] - width))
    top = box.top - height - style.line if box.top >= height + style.line else max(0, box.top)
    return Area(left, top, left + width, top + height)


def _draw_panel(image: Image, face: FaceAnnotation, place: Area, style: _Style) -> None:
    plate(image, place, INK, PLATE)
    start = place.left + style.gap + style.names
    full = place.right - style.gap - start
    thickness = max(3, round(style.text * 0.55))
    for number, (label, value) in enumerate(zip(LABELS, face.distribution.tolist(), strict=True)):
        top = place.top + style.gap + number * style.row
        bold = WHITE if label == face.label else ABSTAINED
        write(image, label, (place.left + style.gap, top + baseline(style.row, style.text)), bold, style.text)
        middle = top + style.row // 2
        bar = Area(start, middle - thickness // 2, start + full, middle - thickness // 2 + thickness)
        fill(image, bar, (70, 64, 60))
        fill(image, bar.narrowed(value), colour_of(label))


def _draw_strip(image: Image, face: FaceAnnotation, box: Area, style: _Style) -> None:
    """Draw seven upright bars along the lower edge of the box, where a panel has no room."""
    height = max(8, min(style.text * 2, (box.bottom - box.top) // 4))
    width = max(14, box.right - box.left)
    bottom = min(image.shape[0], box.bottom)
    plate(image, Area(box.left, bottom - height, box.left + width, bottom), INK, PLATE)
    for number, (label, value) in enumerate(zip(LABELS, face.distribution.tolist(), strict=True)):
        left = box.left + number * width // len(LABELS)
        right = box.left + (number + 1) * width // len(LABELS) - 1
        fill(image, Area(left, bottom - round(value * (height - 1)), right, bottom), colour_of(label))


def colour_of(label: Label | None) -> Colour:
    if label is None:
        return ABSTAINED
    red, green, blue = bytes.fromhex(LABEL_COLOURS[label].removeprefix("#"))
    return blue, green, red


def _ink_on(colour: Colour) -> Colour:
    blue, green, red = colour
    return INK if 0.114 * blue + 0.587 * green + 0.299 * red > 125 else WHITE


def _area(box: Box, image: Image) -> Area:
    height, width = image.shape[:2]
    left, right = round(box.left * width), round(box.right * width)
    return Area(left, round(box.top * height), right, round(box.bottom * height))


def _core(face: FaceAnnotation, image: Image) -> Area:
    """Return the part of a face that must stay visible: around its keypoints."""
    return _area(Box(*face.keypoints.min(axis=0).tolist(), *face.keypoints.max(axis=0).tolist()), image)
