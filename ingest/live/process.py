"""The decoder process of one source: `python -m ingest.live.process SOURCE`.

It reports to its supervisor in lines on standard output, a status and if there is one a reason: `live` with
the first frame and then once a second, before that `alive`, `udp` when a camera refuses TCP, and at the end
`ended`, `lost` or `error`.
"""

import os
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ingest.bus.client import Redis
from ingest.bus.connection import REDIS_ERRORS, connect
from ingest.bus.frame_stream import FrameStream
from ingest.bus.lease import process_name
from ingest.bus.previews import Previews
from ingest.bus.source_config import DEFAULT_RATE, SourceConfig, configured_sources
from ingest.clock import LiveClock
from ingest.files.opening import UnreadableError, check_no_link
from ingest.files.parts import VideoFile
from ingest.frame import Frame
from ingest.live.latest import LatestSlot
from ingest.live.network_reader import NetworkReader
from ingest.live.player import Player
from ingest.live.sender import CapturedFrame, Sender
from ingest.live.stream import LiveFrame, SourceLostError, TransportRefusedError
from ingest.memory import TOO_MUCH
from ingest.network.address import Address, AddressError, Transport, parse_address
from ingest.network.allowlist import ForbiddenError
from ingest.network.source_types import FILE
from ingest.pace import Pace
from ingest.picture.display import Shape
from ingest.picture.luma import grey_of
from ingest.picture.options import NO_CORRECTION, DisplayOptions
from ingest.settings import IngestSettings

REPORT_INTERVAL = 1.0  # seconds
SEND_TIMEOUT = 1.0  # seconds for the last frame
MIN_STEP = 1.0  # seconds by which the wall clock is set; a smaller difference is its slow correction


def decode(source: str, transport: Transport = "auto") -> int:
    """Send a configured source's frames until it ends or fails; return the exit code.

    `transport`: that of an RTSP camera whose address leaves it open.
    """
    try:
        client = connect(retries=0)  # a frame that is sent again would be read twice
        run(configured_sources(client)[source], client, IngestSettings.read(), transport)
    except KeyError:
        report("error", "not configured")
    except (AddressError, UnreadableError) as error:
        report("error", error.reason if isinstance(error, UnreadableError) else str(error))
    except (SourceLostError, ForbiddenError) as error:
        report("lost", str(error))
    except REDIS_ERRORS as error:
        report("lost", f"redis: {error}")
    except MemoryError:
        report("lost", TOO_MUCH)
    except Exception as error:  # a traceback at each of endless attempts would fill the log
        report("lost", describe_bug(error))
    else:
        report("ended")
        return 0
    return 1


def run(config: SourceConfig, client: Redis, settings: IngestSettings, transport: Transport = "auto") -> None:
    """Send the source's frames until it ends. Raise what opening and reading raise."""
    stream = FrameStream(client, config.shard, process_name(os.getppid()))
    sampler = FrameSampler(config, stream.position(config.id))
    with sending(stream, Previews(client)) as slot:
        live, reported_at = False, 0.0
        options = replace(config.display, max_pixels=settings.pixels)
        address = parse_address(config.url, settings.media)
        if address.transport == "auto":
            address = replace(address, transport=transport)
        for frames in open_frames(address, settings, options, config.rate):
            for frame in frames:
                captured = sampler.sample(frame)
                if captured is not None:
                    slot.put(captured)
            if (frames and not live) or time.monotonic() - reported_at >= REPORT_INTERVAL:
                live, reported_at = live or bool(frames), time.monotonic()
                report("live" if live else "alive")


def report(status: str, reason: str = "") -> None:
    print(f"{status} {reason}".rstrip(), flush=True)  # noqa: T201


def describe_bug(error: Exception) -> str:
    """Describe an unexpected error in one line, without its message, which may quote an address."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"internal error: {type(error).__name__} in line {place.lineno} of {Path(place.filename).name}"


@contextmanager
def sending(stream: FrameStream, previews: Previews) -> Iterator[LatestSlot[CapturedFrame]]:
    """Run a sender of the frames in a slot."""
    slot: LatestSlot[CapturedFrame] = LatestSlot()
    sender = Sender(stream, previews, slot)
    sender.start()
    try:
        yield slot
    finally:
        slot.close()
        sender.join(SEND_TIMEOUT)


def open_frames(
    address: Address,
    settings: IngestSettings,
    options: DisplayOptions = NO_CORRECTION,
    rate: float = DEFAULT_RATE,
) -> Iterator[list[LiveFrame]]:
    """Yield the frames of a source in real time, single pictures `rate` times a second.

    A camera that refuses RTSP over TCP is tried over UDP, unless its address names the transport; the line
    `udp` says so. Raise SourceLostError, ForbiddenError or UnreadableError.
    """
    if address.type is FILE:
        yield from Player(_files(address, replace(options, stream=address.stream)), options)
        return
    reader = NetworkReader(settings, options, rate)
    try:
        yield from reader.frames(address)
    except TransportRefusedError as error:
        if address.transport != "auto":
            raise
        report("udp")
        try:
            yield from reader.frames(replace(address, transport="udp"))
        except (SourceLostError, ForbiddenError) as second:
            raise type(second)(f"{error}, and {second}") from second


def _files(address: Address, options: DisplayOptions) -> Iterator[VideoFile]:
    path = Path(address.target)  # without links
    yield _open_file(path, options)
    while address.loop:
        yield _open_file(path, options)


def _open_file(path: Path, options: DisplayOptions) -> VideoFile:
    video = VideoFile(path, options)
    try:
        check_no_link(path)
    except UnreadableError:
        video.close()
        raise
    return video


class FrameSampler:
    """Picks frames of a source at its rate, and gives them media times and numbers."""

    def __init__(self, config: SourceConfig, position: int) -> None:
        """`position`: ns, the media time of the source's last frame so far."""
        self._source = config.id
        self._clock = LiveClock(config.created_at, position)
        self._pace = Pace(config.rate)
        self._shape: Shape | None = None
        self._started = wall_offset()
        self._connection = 0
        self._number = 0
        self._damaged = False

    def sample(self, frame: LiveFrame) -> CapturedFrame | None:
        """Return the frame if it is picked, else None."""
        self._damaged = self._damaged or frame.damaged
        media_time = self._clock.media_time(frame.pts, self._steady(frame.arrived))
        shape = frame.picture.shape
        if shape != self._shape:  # a new connection: the positions of tracks mean other places now
            self._shape, self._connection, self._number = shape, round(frame.arrived * 1000), 0
        if not self._pace.picks(media_time):
            return None
        picked = Frame(
            source=self._source,
            connection=self._connection,
            number=self._number,
            media_time=media_time,
            captured_at=datetime.fromtimestamp(frame.captured or frame.arrived, UTC),
            clock="arrival" if frame.captured is None else "rtcp",
            damaged=self._damaged,
            grey=grey_of(frame.picture),
        )
        self._number += 1
        self._damaged = False
        return CapturedFrame(picked, frame.picture)

    def _steady(self, arrived: float) -> float:
        """Return a wall-clock time as if the clock had not been set since this process started."""
        step = wall_offset() - self._started
        return arrived - step if abs(step) >= MIN_STEP else arrived


def wall_offset() -> float:
    """Return by how many seconds the wall clock is ahead of the monotonic one."""
    return time.time() - time.monotonic()


if __name__ == "__main__":
    sys.exit(decode(sys.argv[1]))
