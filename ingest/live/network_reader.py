"""Reads network sources: streams as they arrive, files in real time, single JPEGs again and again."""

import time
from collections.abc import Iterator

from ingest.files.parts import Video
from ingest.live.player import IDLE_INTERVAL, Player
from ingest.live.snapshots import Snapshots, UnknownAnswerError
from ingest.live.stream import (
    LiveFrame,
    LiveStream,
    LoginRefusedError,
    SourceLostError,
    TransportRefusedError,
    is_real_time,
    open_jpeg,
    open_network,
)
from ingest.network.address import Address
from ingest.network.egress_proxy import restricted
from ingest.picture.options import DisplayOptions
from ingest.settings import IngestSettings

SINGLE_JPEG = "jpeg_pipe"  # FFmpeg's name; also of JPEGs one after the other


class NetworkReader:
    """Reads one source, whose connection may use UDP the second time."""

    def __init__(self, settings: IngestSettings, options: DisplayOptions, rate: float) -> None:
        """`rate`: single pictures a second."""
        self._settings = settings
        self._options = options
        self._interval = 1 / rate  # seconds

    def frames(self, address: Address) -> Iterator[list[LiveFrame]]:
        """Yield the frames of a connection. Raise SourceLostError or ForbiddenError."""
        with restricted(address, self._settings.networks, self._settings.open_timeout) as upstream:
            try:
                yield from self._frames(upstream.address)
            except TransportRefusedError:
                raise
            except SourceLostError as error:
                raise SourceLostError(upstream.reason or str(error)) from error

    def _frames(self, address: Address) -> Iterator[list[LiveFrame]]:
        try:
            container, stream = open_network(address, self._settings)
        except LoginRefusedError:
            # FFmpeg's Digest knows MD5 alone, and takes the last challenge: single pictures need no FFmpeg
            # (findings/ffmpeg_takes_the_last_digest_challenge.sh).
            yield from self._poll(address)
            return
        if container.format.name == SINGLE_JPEG:
            container.close()
            yield from self._poll(address)
            return
        if address.type.real_time or is_real_time(container):
            yield from LiveStream(container, stream, self._options)
            return
        has_end = container.duration is not None
        yield from Player([Video(container, stream)], self._options)
        if not has_end:
            raise SourceLostError("the server ended the stream")

    def _poll(self, address: Address) -> Iterator[list[LiveFrame]]:
        """Fetch a JPEG at the source's rate, or read JPEGs that follow each other on one connection."""
        with Snapshots(address.target, self._settings) as snapshots:
            while True:
                began, count = time.monotonic(), 0
                try:
                    for frames in self._jpegs(address, snapshots):
                        count += len(frames)
                        yield frames
                except SourceLostError:
                    if count != 1:
                        raise
                yield from _waited(began + self._interval)

    def _jpegs(self, address: Address, snapshots: Snapshots) -> Iterator[list[LiveFrame]]:
        try:
            container, stream = open_jpeg(snapshots.fetch(), self._settings)
        except UnknownAnswerError:
            container, stream = open_network(address, self._settings)
        yield from LiveStream(container, stream, self._options)


def _waited(until: float) -> Iterator[list[LiveFrame]]:
    """Wait until a time (monotonic, seconds); yield nothing each second, as a sign of life."""
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, IDLE_INTERVAL))
        yield []
