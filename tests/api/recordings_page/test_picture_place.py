"""A box lies on its face however the browser's picture is turned and stretched."""

import numpy as np
import pytest
from playwright.sync_api import Page

from ingest.picture.display import turn_of
from ingest.picture.options import TURNS, DisplayOptions, Turn

pytestmark = pytest.mark.browser

FRAME = (4, 2)  # pixels of the browser's picture
MARKED = (3, 0)  # column and row of a pixel

# Lays out an element like the player's video, with a child where the marked pixel is. Returns where the child
# is seen, and where a box over that pixel of the shown picture is drawn, both in css px of the area.
LAY_OUT = """async ([turn, stretch, [width, height], [x, y], box]) => {
  const { placeOf, shapeOf, styleOf } = await import("/player/picture-place.js");
  const area = { width: 400, height: 300 };
  const place = placeOf(shapeOf({ width, height }, turn, stretch), area);
  const make = (parent, style) => {
    const element = parent.appendChild(document.createElement("div"));
    return Object.assign(element, { style: `position: absolute; ${style}` });
  };
  const outer = make(document.body, "top: 0; left: 0; width: 400px; height: 300px");
  const element = make(outer, "top: 50%; left: 50%");
  Object.assign(element.style, styleOf(place, turn));
  const size = `width: ${100 / width}%; height: ${100 / height}%`;
  const child = make(element, `left: ${100 * x / width}%; top: ${100 * y / height}%; ${size}`);
  const seen = child.getBoundingClientRect();
  outer.remove();
  const drawn = [place.left + box[0] * place.width, place.top + box[1] * place.height,
                 place.left + box[2] * place.width, place.top + box[3] * place.height];
  return { seen: [seen.left, seen.top, seen.right, seen.bottom], drawn, place };
}"""


def shown_box(turn: Turn) -> list[float]:
    """Return the box of the marked pixel in the picture as mien shows it."""
    stored = np.zeros((FRAME[1], FRAME[0]), np.uint8)
    stored[MARKED[1], MARKED[0]] = 1
    shown = turn_of(DisplayOptions(turn)).apply(stored)
    height, width = shown.shape
    [(y, x)] = np.argwhere(shown)
    return [x / width, y / height, (x + 1) / width, (y + 1) / height]


@pytest.mark.parametrize("stretch", [1, 2, 0.5])
def test_a_box_lies_on_the_turned_picture(page: Page, stretch: float) -> None:
    for turn in TURNS:
        found = page.evaluate(LAY_OUT, [turn, stretch, FRAME, MARKED, shown_box(turn)])
        assert found["seen"] == pytest.approx(found["drawn"], abs=0.01), turn
        place = found["place"]
        shape = turn_of(DisplayOptions(turn)).size(*FRAME)
        assert place["width"] / place["height"] == pytest.approx(stretch * shape[0] / shape[1])
        assert place["width"] == pytest.approx(400) or place["height"] == pytest.approx(300)


@pytest.mark.parametrize(
    ("frame", "turn", "shown", "stretch"),
    [
        ((320, 240), "0", (640, 240), 2),
        ((480, 704), "90", (853, 480), 853 / 704),
        ((704, 480), "0", (703, 480), 1),
    ],
)
def test_the_browsers_picture_is_stretched_to_the_shape_that_was_read(
    page: Page, frame: tuple[int, int], turn: Turn, shown: tuple[int, int], stretch: float
) -> None:
    code = """async ([frame, turn, shown]) => {
      const { stretchOf } = await import("/player/picture-place.js");
      const size = ([width, height]) => ({ width, height });
      return stretchOf(size(frame), turn, size(shown));
    }"""
    assert page.evaluate(code, [frame, turn, shown]) == pytest.approx(stretch)
