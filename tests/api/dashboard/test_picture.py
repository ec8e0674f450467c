"""The live picture in a real browser: each frame with its own boxes, and only while somebody views it."""

import threading
from itertools import count

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from api.stream.messages import error
from engine.drawing.palette import LABEL_COLOURS
from ingest.bus.connection import connect
from ingest.bus.previews import Previews
from tests.api.browsing import SHARE, page_of
from tests.api.dashboard.sources import set_state
from tests.api.serving import Api, configure, reading, write
from tests.waiting import until

pytestmark = pytest.mark.browser


GREYS = (40, 120)  # of the dark and light pictures that the tests show


def test_the_picture_carries_the_readings_of_its_own_moment(page: Page, api: Api) -> None:
    """Faces are angry in dark frames and sad in light ones: each box has the colour that fits its frame."""
    set_state(api.redis_url, "live")
    stop = threading.Event()
    camera = threading.Thread(target=stream_frames, args=(api.redis_url, stop))
    camera.start()
    try:
        page.wait_for_selector("#picture-text", state="hidden")
        canvas = page.locator("#picture")
        seen: list[tuple[str, str]] = []

        def both_kinds() -> bool:
            seen.append(shown_in(canvas))
            return len(seen) >= 40 and len(set(seen)) >= 2

        until(both_kinds, 20, "both kinds of frame")
        assert set(seen) <= {("dark", "angry"), ("light", "sad"), ("dark", "none"), ("light", "none")}
        assert {("dark", "angry"), ("light", "sad")} <= set(seen)
        assert canvas.evaluate(SHARE, ["#ffffff", 0.4, 0.6, 0.4, 0.6]) > 0.0005  # keypoints
        expect(page.locator("#faces-in-view li")).to_have_count(1)
        expect(page.locator("#faces-in-view .face-text")).to_contain_text("76 %")
        assert "76\N{NO-BREAK SPACE}%" in (page.locator("#faces-in-view .face-text").text_content() or "")
    finally:
        stop.set()
        camera.join()


def test_a_source_without_a_picture_has_not_the_shape_of_the_one_before(page: Page, api: Api) -> None:
    set_state(api.redis_url, "live")
    show_portrait(page, api)
    configure(api.redis_url, "hall")
    set_state(api.redis_url, "reconnecting", "connection refused", "hall")
    page.goto(f"{api.http}/#hall")
    expect(page.locator("#source-name")).to_have_text("Hall")
    until(lambda: abs(shape(page) - 16 / 9) < 0.01, 5, "the shape of a screen")


def test_an_upright_picture_leaves_room_and_keeps_its_boxes(page: Page, api: Api) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    set_state(api.redis_url, "live")
    show_portrait(page, api)
    place = page.locator("#picture").bounding_box()
    assert place is not None
    assert place["height"] <= 0.62 * 800 + 1
    canvas = page.locator("#picture")

    numbers = count(1)

    def boxed() -> bool:
        """Check the box's left and right edge: a quarter from each side of the picture, which moves on."""
        number = next(numbers)
        put_portrait(api, number * 100_000_000)
        write(api.redis_url, [reading(number, "angry")])
        angry = LABEL_COLOURS["angry"]
        edges = [(0.24, 0.26), (0.74, 0.76)]
        return all(canvas.evaluate(SHARE, [angry, left, right, 0.4, 0.6]) > 0.05 for left, right in edges)

    until(boxed, 10, "the box is where the face is")


def show_portrait(page: Page, api: Api) -> None:
    """Show an upright frame of the lobby, as from a telephone."""
    put_portrait(api, 0)
    expect(page.locator("#picture")).to_be_visible()
    until(lambda: abs(shape(page) - 180 / 320) < 0.01, 10, "the shape of the frame")


def put_portrait(api: Api, media_time: int) -> None:
    jpeg = cv2.imencode(".jpg", np.full((320, 180, 3), GREYS[1], np.uint8))[1].tobytes()
    with connect(api.redis_url) as client:
        Previews(client).put("lobby", jpeg, media_time)


def shape(page: Page) -> float:
    """Return width / height of the picture as it is laid out."""
    place = page.locator("#picture").bounding_box()
    assert place is not None
    return place["width"] / place["height"]


def stream_frames(redis_url: str, stop: threading.Event) -> None:
    """Put ten pictures and readings of one face a second; every three frames both change."""
    jpegs = [cv2.imencode(".jpg", np.full((240, 320, 3), grey, np.uint8))[1].tobytes() for grey in GREYS]
    with connect(redis_url) as client:
        for number in range(10_000):
            kind = number // 3 % 2
            Previews(client).put("lobby", jpegs[kind], number * 100_000_000)
            write(redis_url, [reading(number, ("angry", "sad")[kind])])
            if stop.wait(0.1):
                return


def shown_in(canvas: Locator) -> tuple[str, str]:
    """Return the frame that is shown and the box on it, read at the same moment."""
    colours = {
        "dark": f"#{GREYS[0]:02x}{GREYS[0]:02x}{GREYS[0]:02x}",
        "light": f"#{GREYS[1]:02x}{GREYS[1]:02x}{GREYS[1]:02x}",
        "angry": LABEL_COLOURS["angry"],
        "sad": LABEL_COLOURS["sad"],
    }
    left_edge = "[colour, 0.245, 0.255, 0.35, 0.65]"
    shares = canvas.evaluate(
        f"(canvas, colours) => colours.map((colour) => ({SHARE})(canvas, {left_edge}))",
        list(colours.values()),
    )
    found = dict(zip(colours, shares, strict=True))
    box = max(("angry", "sad"), key=found.__getitem__)
    return max(("dark", "light"), key=found.__getitem__), box if found[box] else "none"


def test_a_frame_waits_for_readings_only_while_a_face_is_there(page: Page) -> None:
    waits = page.evaluate("""async () => {
      const { History } = await import("/live/source/history.js");
      const history = new History(10);
      const waits = (later) => history.expectsReadings(performance.now() + later);
      const at = new Date().toISOString();
      const answers = [waits(0)];
      history.add({ type: "reading", track: 1, media_time: 0, smoothed: {}, label: null, captured_at: at });
      answers.push(waits(0), waits(1000));
      history.add({ type: "face.end", track: 1 });
      return [...answers, waits(0)];
    }""")
    assert waits == [False, True, False, False]


def test_names_do_not_cover_each_other(page: Page) -> None:
    heights = page.evaluate("""async () => {
      const { drawReadings } = await import("/lib/boxes.js");
      const context = document.createElement("canvas").getContext("2d");
      const heights = [];
      context.fillText = (text, x, y) => heights.push(y);
      const face = { label: "sad", smoothed: { sad: 1 }, keypoints: {} };
      drawReadings(context, [{ ...face, track: 1, box: [0.3, 0.3, 0.6, 0.6] },
        { ...face, track: 2, box: [0.35, 0.32, 0.65, 0.62] }], 640, 360);
      return heights;
    }""")
    assert heights[1] - heights[0] > 21


def test_frames_are_requested_again_when_the_messages_broke_off(browser: Browser, api: Api) -> None:
    """The connection of the frames may be broken without a sign."""
    opened: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        opened.append(socket)

    def count(kind: str) -> int:
        return sum(f"/{kind}" in socket.url for socket in opened)

    with page_of(browser, api) as page:
        page.route_web_socket("**/v1/**", pass_on)
        page.goto(api.http)
        write(api.redis_url, [reading(1)])
        expect(page.locator("#faces-in-view .face-name")).to_have_text("Face 1")
        next(socket for socket in opened if "/live" in socket.url).close(code=1012)
        expect(page.locator("#banner")).to_be_visible()
        expect(page.locator("#banner")).to_be_hidden()
        assert (count("live"), count("frames")) == (2, 2)


def test_a_text_message_is_no_frame(browser: Browser, api: Api) -> None:
    asked: list[str] = []

    def end(socket: WebSocketRoute) -> None:
        asked.append(socket.url)
        socket.send(error("lobby", "unavailable", "Redis does not answer"))
        socket.close(code=1013)

    with page_of(browser, api) as page:
        page.route_web_socket("**/frames*", end)
        page.goto(api.http)
        until(lambda: page.evaluate("1") and len(asked) >= 2, 10, "it is requested again")


def test_a_hidden_page_requests_no_frames(page: Page, api: Api) -> None:
    with connect(api.redis_url) as client:
        previews = Previews(client)
        until(lambda: previews.is_watched("lobby"), 5, "the page watches")
        hide = """(state) => {
          Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
        page.evaluate(hide, "hidden")
        until(lambda: not previews.is_watched("lobby"), 8, "nobody watches")
        page.evaluate(hide, "visible")
        until(lambda: previews.is_watched("lobby"), 5, "the page watches again")
