"""Live sources through the real service, with real RTSP servers, a real Redis and their failures."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from deploy.redis_server import RedisServer
from ingest.bus.keys import beat_key, preview_key, timeline_key, watch_key
from ingest.clock import MAX_CORRECTION
from ingest.frame import Frame
from ingest.pace import SECOND
from tests.clips import even, make_clip
from tests.ingest.live.service import Ingest, live
from tests.processes import is_alive
from tests.servers import RtspServer
from tests.waiting import until

Serve = Callable[[dict[str, Path]], RtspServer]

FRAME_INTERVAL = SECOND // 25  # ns
PAUSE = 500  # ms, in which a camera sends five frames that are picked

pytestmark = pytest.mark.rtsp


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a long clip, a short one, and a file that is no video."""
    folder = tmp_path_factory.mktemp("media")
    make_clip(folder / "camera.mp4", even(750), size=(160, 120))
    make_clip(folder / "short.mp4", even(20), size=(160, 120))
    (folder / "text.mp4").write_text("not a video")
    return folder


@pytest.fixture(scope="module")
def service(redis_server: RedisServer, media: Path) -> Iterator[Ingest]:
    """One service for all tests of this module."""
    started = Ingest(redis_server.url, media)
    yield started
    started.stop()


@pytest.fixture
def ingest(service: Ingest, redis_url: str) -> Ingest:
    for _ in range(2):  # after the second reading of the configuration the keeper has dropped all sources
        service.client.execute_command("FLUSHALL")
        until(lambda: service.client.exists(beat_key("ingest")), 60, "the keeper's heartbeat")
    service.client.execute_command("FLUSHALL")
    return service


def frames_of(ingest: Ingest, source: str, count: int, seconds: float) -> list[Frame]:
    """The source's frames, once there are at least `count`."""
    until(lambda: len(ingest.frames(source)) >= count, seconds, f"{count} frames of {source}")
    return ingest.frames(source)


def frames_since(ingest: Ingest, before: Frame) -> list[Frame]:
    """Return the source's frames of later connections: its state may be live before the first one is sent."""
    return [frame for frame in ingest.frames(before.source) if frame.connection != before.connection]


def captured_apart(first: Frame, last: Frame) -> float:
    """Seconds between the wall-clock times of two frames."""
    assert first.captured_at is not None
    assert last.captured_at is not None
    return (last.captured_at - first.captured_at).total_seconds()


def assert_even(frames: list[Frame]) -> None:
    """Expect every second frame of 25 a second; a busy machine skips some, which the numbers count.

    Over UDP it also loses packets: then a gap has any number of frames, and the next one is damaged. If
    frames arrive more than half a second late, the clock is corrected a little with each.
    """
    pairs = [pair for pair in pairwise(frames) if pair[0].connection == pair[1].connection]
    assert pairs
    for earlier, later in pairs:
        gap = later.media_time - earlier.media_time
        count = round(gap / FRAME_INTERVAL)
        assert abs(gap - count * FRAME_INTERVAL) <= count * MAX_CORRECTION
        assert count == 2 * (later.number - earlier.number) or later.damaged


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_camera_is_read(ingest: Ingest, rtsp_server: Serve, media: Path, transport: str) -> None:
    server = rtsp_server({"door": media / "camera.mp4"})
    ingest.add("door", server.url("door") + f"?mien_transport={transport}")
    live(ingest, "door")
    ingest.client.execute_command("CLIENT PAUSE", PAUSE)  # frames are skipped meanwhile
    frames = frames_of(ingest, "door", 25, seconds=60)
    states = ingest.states("door")
    assert (states[0], states[-1]) == ("connecting", "live")  # a slow machine misses a time limit in between
    assert_even(frames)
    assert max(later.number - earlier.number for earlier, later in pairwise(frames)) > 1
    assert frames[0].grey.shape == (120, 160)
    assert {frame.clock for frame in frames} <= {"rtcp", "arrival"}


def test_cameras_that_do_not_answer_are_reported(ingest: Ingest, rtsp_server: Serve, media: Path) -> None:
    server = rtsp_server({"door": media / "camera.mp4"})
    ingest.add("nobody", "rtsp://user:secret@127.0.0.1:1/door")
    ingest.add("nowhere", server.url("nowhere"))
    ingest.add("door", server.url("door"))
    live(ingest, "door")
    until(lambda: len(ingest.states("nobody")) > 1 and len(ingest.states("nowhere")) > 1, 10, "reasons")
    assert ingest.states("nobody") == ["connecting", "reconnecting: connection refused"]
    assert ingest.states("nowhere") == ["connecting", "reconnecting: no such stream on the server"]
    assert ingest.states("door") == ["connecting", "live"]


@pytest.mark.parametrize(
    ("answer", "reason"), [(b"", "no answer in time"), (b"\x00garbage\r\n" * 1000, "not a video stream")]
)
def test_a_server_that_is_no_camera_is_reported(ingest: Ingest, answer: bytes, reason: str) -> None:
    """A server accepts the connection, but is silent or sends garbage."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        ingest.add("door", f"rtsp://user:secret@127.0.0.1:{listening.getsockname()[1]}/door")
        taken: list[socket.socket] = []

        def has_reason() -> bool:
            with contextlib.suppress(TimeoutError):
                taken.append(listening.accept()[0])
                taken[-1].sendall(answer)
            return len(ingest.states("door")) > 1

        until(has_reason, 10, "a reason")
        for connection in taken:
            connection.close()
    assert ingest.states("door")[1] == f"reconnecting: {reason}"


def test_a_camera_that_stalls_is_read_again(ingest: Ingest, rtsp_server: Serve, media: Path) -> None:
    server = rtsp_server({"door": media / "camera.mp4"})
    ingest.add("door", server.url("door"))
    live(ingest, "door")
    server.process.send_signal(signal.SIGSTOP)
    until(lambda: len(ingest.states("door")) > 2, 10, "the stall is noticed")
    assert ingest.states("door")[2] == "reconnecting: no data in time"
    server.process.send_signal(signal.SIGCONT)
    until(lambda: ingest.states("door")[-1] == "live", 15, "live again")


def test_a_camera_that_comes_back_is_read_again(ingest: Ingest, rtsp_server: Serve, media: Path) -> None:
    server, other = rtsp_server({"door": media / "camera.mp4"}), rtsp_server({"hall": media / "camera.mp4"})
    ingest.add("door", server.url("door"))
    ingest.add("hall", other.url("hall"))
    live(ingest, "door")
    live(ingest, "hall")
    server.kill()
    killed_at = time.monotonic()
    until(lambda: ingest.states("door")[-1].startswith("reconnecting"), 5, "the end is noticed")
    before = ingest.frames("door")[-1]
    until(lambda: time.monotonic() - killed_at > 5.0, 6, "an outage of 5 s")
    server.start()
    after = until(lambda: frames_since(ingest, before), 3.0, "frames of the camera that is back")[0]
    assert after.media_time - before.media_time == pytest.approx(
        captured_apart(before, after) * SECOND, abs=SECOND
    )
    assert ingest.states("hall") == ["connecting", "live"]
    assert len({frame.connection for frame in ingest.frames("hall")}) == 1


def test_a_killed_decoder_is_replaced(ingest: Ingest, media: Path) -> None:
    ingest.add("clip", "camera.mp4?loop")
    live(ingest, "clip")
    before = ingest.frames("clip")[-1]
    (decoder,) = ingest.children()
    os.kill(decoder, signal.SIGKILL)
    until(lambda: len(ingest.states("clip")) == 4, 30, "a new decoder")
    assert ingest.states("clip")[2:] == ["reconnecting: the decoder was killed by SIGKILL", "live"]
    after = until(lambda: frames_since(ingest, before), 30, "frames of the new decoder")[0]
    assert after.media_time > before.media_time


def test_a_hanging_decoder_is_replaced(ingest: Ingest, media: Path) -> None:
    ingest.add("clip", "camera.mp4?loop")
    live(ingest, "clip")
    (decoder,) = ingest.children()
    os.kill(decoder, signal.SIGSTOP)
    until(lambda: ingest.states("clip")[2:] == ["reconnecting: decoding hung", "live"], 15, "a new decoder")
    assert not is_alive(decoder)


def test_a_file_is_repeated(ingest: Ingest, media: Path) -> None:
    """The clip lasts 0.8 s; time runs on from each repetition to the next."""
    ingest.add("clip", "file:short.mp4?loop")
    frames = frames_of(ingest, "clip", 40, seconds=15)
    assert_even(frames)
    assert captured_apart(frames[0], frames[-1]) == pytest.approx(
        (frames[-1].media_time - frames[0].media_time) / SECOND, abs=0.2
    )


def test_the_end_and_the_errors_of_files(ingest: Ingest, media: Path) -> None:
    ingest.add("short", "short.mp4")
    ingest.add("text", "text.mp4")
    ingest.add("missing", "missing.mp4")
    ingest.add("outside", "../camera.mp4")
    until(lambda: ingest.states("short") == ["connecting", "live", "ended"], 15, "the clip's end")
    assert ingest.states("text") == ["connecting", "error: not a video"]
    assert ingest.states("missing") == ["connecting", "error: no such file"]
    assert ingest.states("outside")[-1].startswith("error: a file must be inside the media folder")


def test_sources_are_added_changed_and_removed(ingest: Ingest, media: Path) -> None:
    ingest.add("clip", "camera.mp4?loop")
    live(ingest, "clip")
    (first,) = ingest.children()
    ingest.add("clip", "short.mp4?loop")
    until(lambda: ingest.children() not in (set(), {first}), 5, "a decoder for the new address")
    ingest.remove("clip")
    until(lambda: ingest.children() == set(), 5, "no decoder")


def test_previews_are_made_only_for_viewers(ingest: Ingest, media: Path) -> None:
    ingest.add("clip", "camera.mp4?loop")
    live(ingest, "clip")
    assert not ingest.client.exists(preview_key("clip"))
    ingest.client.set(watch_key("clip"), "1")
    until(lambda: ingest.client.exists(preview_key("clip")), 5, "a preview")
    jpeg = ingest.client.hget(preview_key("clip"), "jpeg")
    assert jpeg is not None
    assert jpeg[:2] == b"\xff\xd8"


def test_a_change_for_viewers_does_not_restart_the_decoder(ingest: Ingest, media: Path) -> None:
    ingest.add("clip", "camera.mp4?loop")
    live(ingest, "clip")
    ingest.client.set(watch_key("clip"), "1")
    until(lambda: ingest.client.exists(preview_key("clip")), 5, "a preview")
    (decoder,) = ingest.children()

    ingest.change("clip", name="Hall", picture="none")
    newest = ingest.frames("clip")[-1].number
    until(lambda: ingest.frames("clip")[-1].number > newest + 20, 10, "two seconds more")
    assert not ingest.client.exists(preview_key("clip"))

    ingest.change("clip", picture="blurred")
    until(lambda: ingest.client.exists(preview_key("clip")), 5, "a blurred preview")
    coarse = ingest.client.hget(preview_key("clip"), "jpeg")
    ingest.change("clip", picture="shown")
    until(lambda: ingest.client.exists(preview_key("clip")), 5, "the clear preview")
    shown = ingest.client.hget(preview_key("clip"), "jpeg")
    assert coarse is not None
    assert shown is not None
    assert len(coarse) < len(shown) / 2, "an image of few squares is small"
    assert ingest.children() == {decoder}


def test_no_image_reaches_the_disk(redis_server: RedisServer, ingest: Ingest, media: Path) -> None:
    ingest.client.set(watch_key("clip"), "1")
    ingest.add("clip", "camera.mp4?loop")
    until(
        lambda: len(ingest.frames("clip")) > 10 and ingest.client.exists(preview_key("clip")),
        15,
        "frames",
    )
    written = b"".join(
        file.read_bytes() for file in redis_server.socket.parent.rglob("*.aof") if file.is_file()
    )
    assert timeline_key("clip").encode() in written
    frame = ingest.frames("clip")[-1]
    assert frame.grey.tobytes()[-1000:] not in written
    assert b"\xff\xd8\xff\xe0" not in written
