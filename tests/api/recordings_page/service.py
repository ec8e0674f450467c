"""An API with a worker and a recording that is read, and checks of the recording's page."""

import base64
from dataclasses import dataclass
from pathlib import Path

import cv2
import httpx
import numpy as np
from playwright.sync_api import Locator, Page

from deploy.redis_server import RedisServer
from engine.drawing.palette import LABEL_COLOURS
from tests.api.browsing import SHARE, wait_for_share
from tests.api.serving import Api
from tests.waiting import until

HAPPY = LABEL_COLOURS["happy"]
TIMELINE = '[data-track="1"] canvas'
READ_TIMEOUT = 120  # seconds within which a short video is read, on a machine with other things to do
TIMEOUT = 300  # seconds that a test may take; the reader waits for all other work
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}

# What dropping a file on the page does; the browser's own drag cannot be driven from outside.
DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  for (const type of ["dragenter", "dragover", "drop"]) {
    const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
    document.getElementById("drop").dispatchEvent(event);
  }
}"""


@dataclass(frozen=True, slots=True)
class Service:
    """An API with a worker, and a recording that is read: a happy face that is away from 2 s to 4 s of 6."""

    api: Api
    data: Path
    clip: Path
    id: str

    @property
    def page(self) -> str:
        return f"{self.api.http}/recordings.html"

    def add(self, path: str, rate: float | str = 10, **options: str) -> str:
        """Have a file of the media folder read; return its id."""
        added = {"path": path, "rate": rate, **options}
        answer = httpx.post(f"{self.api.http}/v1/recordings", json=added, timeout=READ_TIMEOUT)
        assert answer.status_code == 201, answer.text
        id: str = answer.json()["id"]
        return id

    def state(self, id: str) -> str:
        return str(httpx.get(f"{self.api.http}/v1/recordings/{id}").json()["state"])

    def wait(self, id: str) -> None:
        until(lambda: self.state(id) == "completed", READ_TIMEOUT, "it is read")


def drop(page: Page, name: str, data: bytes) -> None:
    page.evaluate(DROP, [name, base64.b64encode(data).decode()])


def database(server: RedisServer, number: int) -> str:
    """Return the URL of another, empty database of the server."""
    return server.url.replace("db=0", f"db={number}")


def line_of(page: Page, name: str) -> Locator:
    return page.locator("#recording-list li", has=page.get_by_role("link", name=name, exact=True))


def open_player(page: Page, service: Service, id: str = "") -> None:
    page.goto(f"{service.page}#{id or service.id}")
    wait_for_share(page, TIMELINE, HAPPY, 0.2)


def played(page: Page) -> float:
    return float(page.locator("#video").evaluate("(video) => video.currentTime"))


def playhead(page: Page) -> float:
    """Return the second at which the playhead is."""
    ratio = page.locator("#tracks").evaluate("(tracks) => tracks.style.getPropertyValue('--playhead')")
    return 6 * float(ratio)


def boxed(page: Page) -> bool:
    """Check whether a happy face's box is over the video."""
    return float(page.locator("#overlay").evaluate(SHARE, [HAPPY, 0, 1, 0, 1])) > 0.001


def grey_ends(page: Page) -> dict[str, bool]:
    """Return for both ends of the video whether there is nothing but grey, as beside the portrait."""
    picture = cv2.imdecode(np.frombuffer(page.locator("#video").screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    height, width, _ = picture.shape
    rows, inner, outer = slice(height // 4, -height // 4), width // 4, width // 8  # the corners are rounded
    ends = {"left": picture[rows, outer:inner], "right": picture[rows, -inner:-outer]}
    return {name: float(end.std()) < 5 for name, end in ends.items()}
