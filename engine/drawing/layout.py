"""Places panels beside faces, so that they cover neither faces nor each other. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle in pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    def overlaps(self, other: "Area") -> bool:
        horizontally = self.left < other.right and other.left < self.right
        return horizontally and self.top < other.bottom and other.top < self.bottom

    def narrowed(self, share: float) -> "Area":
        """Return the left part of the area; `share`: of its width."""
        return Area(self.left, self.top, self.left + round(share * (self.right - self.left)), self.bottom)


Size = tuple[int, int]  # width, height


class Placing:
    """Places panels, each on the same side of its face from frame to frame, so that it can be read."""

    def __init__(self) -> None:
        self._sides: dict[str, int] = {}

    def place(
        self, boxes: Mapping[str, Area], cores: Mapping[str, Area], panel: Size, frame: Size, gap: int
    ) -> dict[str, Area | None]:
        """Return the area of each face's panel, by name; None where there is no room.

        It is beside the box if possible; else, for a single face, in a corner of the frame. There it may
        cover the box but not the core.
        """
        placed: dict[str, Area | None] = {}
        for name, box in boxes.items():
            others = [area for other, area in boxes.items() if other != name]
            others += [area for area in placed.values() if area is not None]
            candidates = [_free(area, frame, [*others, box]) for area in _beside(box, panel, gap)]
            if not others:
                candidates += [_free(area, frame, [cores[name]]) for area in _corners(panel, frame, gap)]
            placed[name] = self._choose(name, candidates)
        self._sides = {name: side for name, side in self._sides.items() if name in boxes}
        return placed

    def _choose(self, name: str, candidates: list[Area | None]) -> Area | None:
        free = [side for side, area in enumerate(candidates) if area is not None]
        if not free:
            return None
        if self._sides.get(name) not in free:
            self._sides[name] = free[0]
        return candidates[self._sides[name]]


def _beside(box: Area, panel: Size, gap: int) -> list[Area]:
    """Return the panel's area at the right of a box, at its left, below and above."""
    width, height = panel
    above = box.top - 6 * gap - height  # the name is between
    return [
        Area(box.right + gap, box.top, box.right + gap + width, box.top + height),
        Area(box.left - gap - width, box.top, box.left - gap, box.top + height),
        Area(box.left, box.bottom + gap, box.left + width, box.bottom + gap + height),
        Area(box.left, above, box.left + width, above + height),
    ]


def _corners(panel: Size, frame: Size, gap: int) -> list[Area]:
    lefts = (frame[0] - panel[0] - gap, gap)
    tops = (frame[1] - panel[1] - gap, gap)
    return [Area(left, top, left + panel[0], top + panel[1]) for top in tops for left in lefts]


def _free(area: Area, frame: Size, blocked: Iterable[Area]) -> Area | None:
    """Return the area moved into the frame; None if it is too large, or overlaps a blocked one."""
    width, height = area.right - area.left, area.bottom - area.top
    left = min(max(0, area.left), frame[0] - width)
    top = min(max(0, area.top), frame[1] - height)
    moved = Area(left, top, left + width, top + height)
    if left < 0 or top < 0 or any(moved.overlaps(other) for other in blocked):
        return None
    return moved
