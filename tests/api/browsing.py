"""A real browser for tests of the dashboard: pages that must not err, and the pixels of their canvases."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.api.serving import Api
from tests.waiting import until

SYSTEM_CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ("--no-sandbox", "--disable-background-networking")

# Share of a part of a canvas that has a colour, within a tolerance for smoothed edges.
SHARE = """(canvas, [colour, left, right, top, bottom]) => {
  const wide = Math.max(1, Math.floor(canvas.width * (right - left)));
  const high = Math.max(1, Math.floor(canvas.height * (bottom - top)));
  const data = canvas.getContext("2d")
    .getImageData(Math.floor(canvas.width * left), Math.floor(canvas.height * top), wide, high).data;
  const target = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  let hits = 0;
  for (let at = 0; at < data.length; at += 4) {
    hits += data[at + 3] > 200 && target.every((part, index) => Math.abs(part - data[at + index]) < 12);
  }
  return hits / (wide * high);
}"""


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """Start the system's Chromium, else Playwright's; skip the test where neither starts."""
    path = str(SYSTEM_CHROMIUM) if SYSTEM_CHROMIUM.exists() else None
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *more])
        except Error as error:
            pytest.skip(f"Chromium does not start: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@contextmanager
def page_of(browser: Browser, api: Api, **context: Any) -> Iterator[Page]:
    """Make a page that must raise no error and must send requests to the API alone; nothing is open yet."""
    made = browser.new_context(
        **{"viewport": {"width": 1200, "height": 900}, "color_scheme": "light"} | context
    )
    page = made.new_page()
    errors: list[str] = []
    requested: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requested.append(request.url))
    yield page
    made.close()
    assert not errors, errors
    assert not [url for url in requested if not url.startswith((api.http, api.ws, "blob:"))]


def share(page: Page, canvas: str, colour: str, *, part: tuple[float, float] = (0.0, 1.0)) -> float:
    """Return the share of a colour in the upper two thirds of a canvas, between two ratios of its width."""
    return float(page.locator(canvas).first.evaluate(SHARE, [colour, *part, 0.0, 0.66]))


def wait_for_share(page: Page, canvas: str, colour: str, least: float, **part: Any) -> None:
    page.locator(canvas).first.wait_for(timeout=10_000)
    until(lambda: share(page, canvas, colour, **part) >= least, 10, f"{colour} on {canvas}")
