"""The decode child of one source; by itself, to see what it says: `python -m ingest.live.process SOURCE`.

It tells the keeper how it fares, one word a line on its standard output, with a reason behind it where
there is one: `live` at the first picture, `beat` once a second, and at the end `ended`, `lost` or `error`.
"""

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from av.container import InputContainer
from av.video.stream import VideoStream

from ingest.bus.client import Redis
from ingest.bus.connection import REDIS_ERRORS, connect
from ingest.bus.frame_stream import FrameStream
from ingest.bus.previews import Previews
from ingest.bus.source_config import SourceConfig, configured_sources
from ingest.files.recording import UnreadableError, open_video
from ingest.frame import Frame
from ingest.live.clock import LiveClock
from ingest.live.latest import Newest
from ingest.live.player import Player
from ingest.live.sender import Sender, Shot
from ingest.live.stream import LivePicture, LiveStream, SourceLostError, comes_in_real_time, open_network
from ingest.luma import grey_of, shown_size
from ingest.network.address import Address, AddressError, parse_address
from ingest.network.allowlist import ForbiddenError
from ingest.network.egress_proxy import Way, way_out
from ingest.pace import Pace
from ingest.settings import IngestSettings

BEAT_EVERY = 1.0  # seconds
SENT_WITHIN = 1.0  # seconds that the last frame has got to reach the bus


class Camera:
    """Makes frames of a source's pictures: gives them their times and numbers, and picks."""

    def __init__(self, config: SourceConfig, after: int) -> None:
        """`after`: ns, the source's last media time so far."""
        self._source = config.id
        self._clock = LiveClock(config.created_at, after)
        self._pace = Pace(config.rate)
        self._size: tuple[int, int] | None = None
        self._connection = 0
        self._number = 0
        self._damaged = False

    def shoot(self, picture: LivePicture) -> Shot | None:
        """The frame of a picture; None when it is not picked."""
        self._damaged = self._damaged or picture.damaged
        media_time = self._clock.media_time(picture.pts, picture.arrived)
        size = shown_size(picture.pixels)
        if size != self._size:  # tracks start anew: what they know of places fits no more
            self._size, self._connection, self._number = size, round(picture.arrived * 1000), 0
        if not self._pace.picks(media_time):
            return None
        frame = Frame(
            source=self._source,
            connection=self._connection,
            number=self._number,
            media_time=media_time,
            captured_at=datetime.fromtimestamp(picture.captured or picture.arrived, UTC),
            clock="arrival" if picture.captured is None else "rtcp",
            damaged=self._damaged,
            grey=grey_of(picture.pixels),
        )
        self._number += 1
        self._damaged = False
        return Shot(frame, picture.pixels)


def open_pictures(address: Address, settings: IngestSettings) -> Iterator[list[LivePicture]]:
    """The pictures of a source when they are due. Raises SourceLostError or UnreadableError."""
    if address.kind == "file":
        yield from Player(_files(address))
        return
    with way_out(address, settings.networks, settings.open_timeout) as way:
        try:
            yield from _fetched(way, settings)
        except SourceLostError as error:
            raise SourceLostError(way.reason or str(error)) from error


def _fetched(way: Way, settings: IngestSettings) -> Iterator[list[LivePicture]]:
    container, stream = open_network(way.address, settings)
    if way.address.kind != "http" or comes_in_real_time(container):
        yield from LiveStream(container, stream)
        return
    has_end = container.duration is not None
    yield from Player([(container, stream)])
    if not has_end:
        raise SourceLostError("the server ended the stream")


def _files(address: Address) -> Iterator[tuple[InputContainer, VideoStream]]:
    yield open_video(Path(address.target))
    while address.loop:
        yield open_video(Path(address.target))


def watch(config: SourceConfig, client: Redis, settings: IngestSettings) -> None:
    """Sends the source's frames until it ends. Raises what opening and reading raise."""
    shots: Newest[Shot] = Newest()
    frames = FrameStream(client, config.shard)
    sender = Sender(frames, Previews(client), shots)
    camera = Camera(config, frames.position(config.id))
    sender.start()
    try:
        live, told_at = False, 0.0
        for pictures in open_pictures(parse_address(config.url, settings.media), settings):
            for picture in pictures:
                shot = camera.shoot(picture)
                if shot is not None:
                    shots.put(shot)
            if (pictures and not live) or time.monotonic() - told_at >= BEAT_EVERY:
                live, told_at = live or bool(pictures), time.monotonic()
                tell("live" if live else "beat")
    finally:
        shots.close()
        sender.join(SENT_WITHIN)


def tell(word: str, reason: str = "") -> None:
    print(f"{word} {reason}".rstrip(), flush=True)  # noqa: T201


def decode(source: str) -> int:
    """Sends a configured source's frames until it ends or fails; returns the exit code."""
    try:
        client = connect(retries=1)
        watch(configured_sources(client)[source], client, IngestSettings.read())
    except KeyError:
        tell("error", "not configured")
    except (AddressError, UnreadableError) as error:
        tell("error", error.reason if isinstance(error, UnreadableError) else str(error))
    except (SourceLostError, ForbiddenError) as error:
        tell("lost", str(error))
    except REDIS_ERRORS as error:
        tell("lost", f"redis: {error}")
    else:
        tell("ended")
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(decode(sys.argv[1]))
