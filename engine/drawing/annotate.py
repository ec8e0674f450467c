"""Draws what was read onto a colour picture: box, 15 points, name, label, the distribution as bars."""

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
PLATE = 0.72  # how much a panel covers what is behind it


@dataclass(frozen=True, slots=True, eq=False)
class FaceAnnotation:
    """One face as it is drawn."""

    name: str
    box: Box
    keypoints: Floats  # (15, 2) ratios of the frame
    label: Label | None  # None: abstained
    distribution: Floats  # (7,)


class Annotator:
    """Draws on the pictures of one video, or on one still; panels keep their side from frame to frame."""

    def __init__(self) -> None:
        self._placing = Placing()

    def draw(self, picture: Image, marks: Sequence[FaceAnnotation]) -> None:
        """Draws in place."""
        style = _Style.of(picture)
        boxes = {mark.name: _area(mark.box, picture) for mark in marks}
        for mark in marks:
            _draw_face(picture, mark, boxes[mark.name], style)
        cores = {mark.name: _core(mark, picture) for mark in marks}
        size = (picture.shape[1], picture.shape[0])
        places = self._placing.place(boxes, cores, style.panel, size, style.gap)
        for mark in marks:
            place = places[mark.name]
            if place is None:
                _draw_strip(picture, mark, boxes[mark.name], style)
            else:
                _draw_panel(picture, mark, place, style)
        for mark in marks:
            _draw_name(picture, mark, boxes, style)


@dataclass(frozen=True, slots=True)
class _Style:
    """Sizes in pixels that suit a picture: text of 10 pixels at 320x240, of 23 at 1920x1080."""

    text: int
    line: int
    gap: int
    row: int  # height of a bar with its text
    names: int  # width of the label names
    panel: tuple[int, int]

    @classmethod
    def of(cls, picture: Image) -> "_Style":
        text = int(np.clip(6 + min(picture.shape[:2]) / 64, 10, 48))
        gap, row = max(3, text // 3), round(1.28 * text)
        names = round(4.9 * text)
        panel = (names + round(3.6 * text) + 3 * gap, len(LABELS) * row + 2 * gap)
        return cls(text, max(1, round(text / 9)), gap, row, names, panel)


def _draw_face(picture: Image, mark: FaceAnnotation, box: Area, style: _Style) -> None:
    colour = colour_of(mark.label)
    frame(picture, box, INK, style.line + 2)
    frame(picture, box, colour, style.line)
    height, width = picture.shape[:2]
    radius = float(np.clip((box.bottom - box.top) / 80, 1.0, 9))
    for x, y in mark.keypoints * (width, height) - 0.5:
        dot(picture, float(x), float(y), radius + max(0.8, radius / 3), INK)
        dot(picture, float(x), float(y), radius, WHITE)


def _draw_name(picture: Image, mark: FaceAnnotation, boxes: Mapping[str, Area], style: _Style) -> None:
    """Name, label and its share above the box; the name alone where the rest would cover another face."""
    share = "" if mark.label is None else f" {mark.distribution[LABELS.index(mark.label)]:.0%}"
    text = f"{mark.name}: {mark.label or 'unsure'}{share}"
    area = _name_plate(picture, text, boxes[mark.name], style)
    if any(area.overlaps(box) for name, box in boxes.items() if name != mark.name):
        text = mark.name
        area = _name_plate(picture, text, boxes[mark.name], style)
    colour = colour_of(mark.label)
    plate(picture, area, colour, 0.94)
    bottom = area.top + baseline(area.bottom - area.top, style.text)
    write(picture, text, (area.left + style.gap, bottom), _ink_on(colour), style.text)


def _name_plate(picture: Image, text: str, box: Area, style: _Style) -> Area:
    width = text_width(text, style.text) + 2 * style.gap
    height = style.row + style.gap // 2
    left = max(0, min(box.left - style.line, picture.shape[1] - width))
    top = box.top - height - style.line if box.top >= height + style.line else max(0, box.top)
    return Area(left, top, left + width, top + height)


def _draw_panel(picture: Image, mark: FaceAnnotation, place: Area, style: _Style) -> None:
    plate(picture, place, INK, PLATE)
    start = place.left + style.gap + style.names
    full = place.right - style.gap - start
    thickness = max(3, round(style.text * 0.55))
    for number, (label, value) in enumerate(zip(LABELS, mark.distribution.tolist(), strict=True)):
        top = place.top + style.gap + number * style.row
        bold = WHITE if label == mark.label else ABSTAINED
        write(
            picture, label, (place.left + style.gap, top + baseline(style.row, style.text)), bold, style.text
        )
        middle = top + style.row // 2
        bar = Area(start, middle - thickness // 2, start + full, middle - thickness // 2 + thickness)
        fill(picture, bar, (70, 64, 60))
        fill(picture, bar.narrowed(value), colour_of(label))


def _draw_strip(picture: Image, mark: FaceAnnotation, box: Area, style: _Style) -> None:
    """Draw, if there is no room for names, seven upright bars along the lower edge of the box."""
    height = max(8, min(style.text * 2, (box.bottom - box.top) // 4))
    width = max(14, box.right - box.left)
    bottom = min(picture.shape[0], box.bottom)
    plate(picture, Area(box.left, bottom - height, box.left + width, bottom), INK, PLATE)
    for number, (label, value) in enumerate(zip(LABELS, mark.distribution.tolist(), strict=True)):
        left = box.left + number * width // len(LABELS)
        right = box.left + (number + 1) * width // len(LABELS) - 1
        fill(picture, Area(left, bottom - round(value * (height - 1)), right, bottom), colour_of(label))


def colour_of(label: Label | None) -> Colour:
    if label is None:
        return ABSTAINED
    red, green, blue = bytes.fromhex(LABEL_COLOURS[label].removeprefix("#"))
    return blue, green, red


def _ink_on(colour: Colour) -> Colour:
    blue, green, red = colour
    return INK if 0.114 * blue + 0.587 * green + 0.299 * red > 125 else WHITE


def _area(box: Box, picture: Image) -> Area:
    height, width = picture.shape[:2]
    return Area(
        round(box.left * width), round(box.top * height), round(box.right * width), round(box.bottom * height)
    )


def _core(mark: FaceAnnotation, picture: Image) -> Area:
    """The part of a face that must stay in sight: its points."""
    (left, top), (right, bottom) = mark.keypoints.min(axis=0), mark.keypoints.max(axis=0)
    return _area(Box(float(left), float(top), float(right), float(bottom)), picture)
