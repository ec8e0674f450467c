"""Opens a live source and yields its pictures as they arrive, until it ends or fails. No retry here."""

import errno
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass

import av
from av.codec.context import Flags
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from ingest.files.containers import STREAMS, only
from ingest.files.decoder import packets_of
from ingest.network.address import Address
from ingest.pace import SECOND
from ingest.settings import IngestSettings

# Nothing is held back before the first picture. Not "nobuffer": it loses the packets looked into, and with
# them the first whole picture, so that the next must be waited for (measured: up to 2 s).
AT_ONCE = {"flags": "low_delay"}
KNOWN_FROM_SDP = {"probesize": "32", "analyzeduration": "0"}
# Over HTTP only the stream itself says what it holds; what was looked into is decoded, too.
LOOKED_INTO = {"probesize": "500000", "analyzeduration": "500000"}  # bytes, microseconds

# Bare pictures carry no times: FFmpeg counts 25 a second, or nothing, whatever comes.
TIMELESS = ("mjpeg", "mpjpeg", "image2pipe", "jpeg_pipe", "h264", "hevc")

# A camera's own clock is believed where it fits ours: captured before arrival, and not long before.
CLOCK_AHEAD, CLOCK_BEHIND = 0.5, 2.0  # seconds

# Cameras that save bits send a key frame every few seconds only; after this time the stream is garbage.
DECODE_TIMEOUT = 20.0  # seconds without a decoded frame

PRODUCER_TIME = struct.Struct("@qi")  # AVProducerReferenceTime: microseconds since the epoch, flags

REASONS = {
    av.error.ExitError: "no data in time",
    av.error.TimeoutError: "no answer in time",
    av.error.ConnectionRefusedError: "connection refused",
    av.error.HTTPUnauthorizedError: "user name or password refused",
    av.error.HTTPForbiddenError: "access refused",
    av.error.HTTPNotFoundError: "no such stream on the server",
    av.error.InvalidDataError: "not a video stream",
    av.error.ArgumentError: "not a video stream",  # of a format that is not opened, for one
    av.error.FileNotFoundError: "no such device",
}


class SourceLostError(Exception):
    """A source that cannot be opened, or that gives no more; one line without its address."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is noted with a packet and found again with its picture."""

    at: float  # seconds since the epoch
    captured: float | None  # the same, by the camera's clock


@dataclass(frozen=True, slots=True, eq=False)
class LivePicture:
    """A picture of a live source."""

    pts: int  # ns of the stream's own time
    arrived: float  # seconds since the epoch, when its packet was here
    captured: float | None  # seconds since the epoch by the camera's clock, where it tells it
    pixels: av.VideoFrame
    damaged: bool  # something was lost since the picture before


class LiveStream:
    """An open connection to a camera."""

    def __init__(
        self, container: InputContainer, stream: VideoStream, *, decode_timeout: float = DECODE_TIMEOUT
    ) -> None:
        self._decode_timeout = decode_timeout  # seconds
        self._container = container
        self._stream = stream
        self._timeless = container.format.name in TIMELESS
        self._last_pts: int | None = None
        self._damaged = False
        self._seen_at = time.monotonic()
        # Frame threads would hold back a picture each.
        stream.thread_type = "SLICE"
        # COPY_OPAQUE takes what was noted with a packet on to its picture, whatever their order.
        stream.codec_context.flags |= Flags.low_delay | Flags.copy_opaque

    def __iter__(self) -> Iterator[list[LivePicture]]:
        """What each packet gave, mostly one picture, of sound none. Raises SourceLostError."""
        try:
            for packet in packets_of(self._container):
                pictures = self._decode(packet) if packet.stream.index == self._stream.index else []
                self._note(pictures)
                yield pictures
        except av.FFmpegError as error:
            raise SourceLostError(_reason(error)) from error
        finally:
            self._container.close()
        raise SourceLostError("the camera closed the stream")

    def _decode(self, packet: "Packet[Stream]") -> list[LivePicture]:
        packet.opaque = Arrival(time.time(), _captured(packet))
        self._damaged = self._damaged or packet.is_corrupt
        try:
            pictures = [
                self._picture(pixels) for pixels in packet.decode() if isinstance(pixels, av.VideoFrame)
            ]
        except av.error.EOFError:
            pictures = []
        except av.FFmpegError:
            self._damaged = True
            pictures = []
        return [picture for picture in pictures if picture is not None]

    def _note(self, pictures: list[LivePicture]) -> None:
        """A camera whose sound goes on without pictures is as lost as one that sends garbage."""
        if pictures:
            self._seen_at = time.monotonic()
        elif time.monotonic() - self._seen_at > self._decode_timeout:
            raise SourceLostError(f"no frame could be decoded for {self._decode_timeout:.0f} s")

    def _picture(self, pixels: av.VideoFrame) -> LivePicture | None:
        arrival = pixels.opaque
        assert isinstance(arrival, Arrival)
        if pixels.is_corrupt:
            self._damaged = True
            return None
        if pixels.pts is None and not self._timeless:
            return None  # an RTSP session's first picture, before its clock is known
        pts = round(arrival.at * SECOND) if self._timeless else self._ns(pixels.pts or 0)
        if self._last_pts is not None and self._last_pts - SECOND < pts <= self._last_pts:
            return None  # out of order; further back the camera has set its clock
        self._last_pts = pts
        damaged, self._damaged = self._damaged, False
        return LivePicture(pts, arrival.at, _believed(arrival), pixels, damaged)

    def _ns(self, pts: int) -> int:
        base = self._stream.time_base
        assert base is not None
        return pts * base.numerator * SECOND // base.denominator


def open_network(address: Address, settings: IngestSettings) -> tuple[InputContainer, VideoStream]:
    """Connects to a camera or a network stream; the caller closes it. Raises SourceLostError."""
    began = time.monotonic()
    try:
        container = av.open(
            address.target,
            format="v4l2" if address.kind == "webcam" else None,
            options=_options(address),
            metadata_errors="replace",
            timeout=(settings.open_timeout, settings.read_timeout),
        )
    except av.FFmpegError as error:
        # What FFmpeg makes of its own timeout depends on where it was at that moment.
        late = time.monotonic() - began >= settings.open_timeout
        raise SourceLostError("no answer in time" if late else _reason(error)) from error
    if not container.streams.video:
        container.close()
        raise SourceLostError("no video in the stream")
    return container, container.streams.video[0]


def comes_in_real_time(container: InputContainer) -> bool:
    """Whether pictures come when they are taken; a file or a playlist comes as fast as the network goes."""
    return container.duration is None and container.format.name != "hls"


def _options(address: Address) -> dict[str, str]:
    if address.kind == "rtsp":
        return {**AT_ONCE, **KNOWN_FROM_SDP, "rtsp_transport": address.transport}
    if address.kind == "http":
        # What a server answers must not send the decoder to files of this machine.
        return {**LOOKED_INTO, **only(STREAMS), "protocol_whitelist": "http,https,tcp,tls,crypto,httpproxy"}
    return dict(AT_ONCE)


def _captured(packet: "Packet[Stream]") -> float | None:
    """The camera's time of capture, which FFmpeg derives from RTCP sender reports (RFC 3550, 6.4.1)."""
    if not packet.has_sidedata("prft"):
        return None
    microseconds, _ = PRODUCER_TIME.unpack_from(bytes(packet.get_sidedata("prft")))
    return float(microseconds) / 1e6


def _believed(arrival: Arrival) -> float | None:
    if arrival.captured is None or not -CLOCK_AHEAD <= arrival.at - arrival.captured <= CLOCK_BEHIND:
        return None
    return arrival.captured


def _reason(error: av.FFmpegError) -> str:
    """Without the address, which FFmpeg's own message shows with its password."""
    for kind, reason in REASONS.items():
        if isinstance(error, kind):
            return reason
    if error.errno == errno.EIO:
        return "the connection broke"
    return (error.strerror or type(error).__name__).lower()
