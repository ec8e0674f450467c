"""Opens a live source and yields its frames as they arrive, until it ends or fails, without retries."""

import errno
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import av
from av.codec.context import Flags
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from ingest.clock import starts_again
from ingest.decoder_threads import use_threads
from ingest.files.lengths import nanoseconds
from ingest.files.packets import packets_of
from ingest.memory import TOO_MUCH
from ingest.network.address import Address
from ingest.network.source_types import HTTP, RTSP
from ingest.pace import SECOND
from ingest.picture.display import Display, Picture
from ingest.picture.limit import SizeLimit, decoder_limit, too_large
from ingest.picture.options import NO_CORRECTION, DisplayOptions
from ingest.settings import IngestSettings
from ingest.video_streams import NoStreamError, chosen_stream

# Streams of bare images carry no times: FFmpeg assumes 25 a second, or nothing.
TIMELESS = ("mjpeg", "mpjpeg", "image2pipe", "jpeg_pipe", "h264", "hevc")

# A camera's clock is used if it agrees with ours: captured before the arrival, and not long before.
MAX_CLOCK_AHEAD, MAX_CLOCK_BEHIND = 0.5, 2.0  # seconds

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
    av.error.ArgumentError: "not a video stream",  # for example a format that is not allowed
    av.error.FileNotFoundError: "no such device",
    av.error.MemoryError: TOO_MUCH,
}


NO_VIDEO_ERRORS = (av.error.InvalidDataError, av.error.ArgumentError)

TRANSPORT_ERRORS = (av.error.HTTPBadRequestError, av.error.HTTPOtherClientError)


class SourceLostError(Exception):
    """A source cannot be opened or sends nothing more; the message is one line without its address."""


class NoVideoError(SourceLostError):
    """An answer that FFmpeg does not recognise as video."""


class LoginRefusedError(SourceLostError):
    """An HTTP server that refuses the user name or password as FFmpeg sends them."""


class TransportRefusedError(SourceLostError):
    """A camera that does not send RTSP over TCP."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """The times of a packet, which the decoder attaches to the frame from it."""

    at: float  # seconds since the epoch
    captured: float | None  # seconds since the epoch by the camera's clock, if that agrees with ours


@dataclass(frozen=True, slots=True, eq=False)
class LiveFrame:
    """A decoded frame of a live source."""

    pts: int  # ns of the stream's own time
    arrived: float  # seconds since the epoch, of its packet
    captured: float | None  # seconds since the epoch by the camera's clock, if it sends that
    picture: Picture
    damaged: bool  # data was lost since the frame before


class LiveStream:
    """An open connection to a camera."""

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        options: DisplayOptions = NO_CORRECTION,
        *,
        decode_timeout: float = DECODE_TIMEOUT,
    ) -> None:
        """`decode_timeout`: seconds without a decoded frame."""
        self._container = container
        self._stream = stream
        self._display = Display(stream, options)
        self._limit = SizeLimit(stream, options.max_pixels)
        self._decode_timeout = decode_timeout
        self._timeless = container.format.name in TIMELESS
        self._last_pts: int | None = None
        self._damaged = False
        self._decoded_at = time.monotonic()
        # Threads for whole frames would delay each by one.
        use_threads(stream, "SLICE")
        # With COPY_OPAQUE the decoder attaches a packet's `opaque` to its frame, also when it reorders them.
        stream.codec_context.flags |= Flags.low_delay | Flags.copy_opaque

    def __iter__(self) -> Iterator[list[LiveFrame]]:
        """Yield the frames of each packet, mostly one, of sound none. Raise SourceLostError at the end."""
        try:
            for packet in packets_of(self._container):
                frames = self._decode(packet) if packet.stream.index == self._stream.index else []
                self._check_progress(frames)
                yield frames
        except av.FFmpegError as error:
            raise SourceLostError(_reason(error)) from error
        finally:
            self._container.close()
        raise SourceLostError("the camera closed the stream")

    def _decode(self, packet: "Packet[Stream]") -> list[LiveFrame]:
        arrived = time.time()
        packet.opaque = Arrival(arrived, _capture_time(packet, arrived))
        self._damaged = self._damaged or packet.is_corrupt
        try:
            images = [image for image in packet.decode() if isinstance(image, av.VideoFrame)]
            return [frame for image in images if (frame := self._frame(image)) is not None]
        except av.error.EOFError:
            return []
        except av.FFmpegError as error:
            if refused := self._limit.check_error(error):
                raise SourceLostError(refused) from error
            self._damaged = True
            return []

    def _check_progress(self, frames: list[LiveFrame]) -> None:
        """Give up a camera that sends sound or garbage, but no frames."""
        if frames:
            self._decoded_at = time.monotonic()
        elif time.monotonic() - self._decoded_at > self._decode_timeout:
            raise SourceLostError(f"no frame could be decoded for {self._decode_timeout:.0f} s")

    def _frame(self, image: av.VideoFrame) -> LiveFrame | None:
        arrival = image.opaque
        assert isinstance(arrival, Arrival)
        picture = self._display.picture(image)  # of each: an orientation may be told once
        if refused := self._limit.check(picture.shape.width, picture.shape.height):
            raise SourceLostError(refused)
        if image.is_corrupt:
            self._damaged = True
            return None
        if image.pts is None and not self._timeless:
            return None  # the first frame of an RTSP session, before its clock is known
        pts = round(arrival.at * SECOND) if self._timeless else nanoseconds(self._stream, image.pts or 0)
        last = self._last_pts
        if last is not None and pts <= last and not starts_again(last, pts):
            return None  # out of order
        self._last_pts = pts
        damaged, self._damaged = self._damaged, False
        return LiveFrame(pts, arrival.at, arrival.captured, picture, damaged)


def open_network(address: Address, settings: IngestSettings) -> tuple[InputContainer, VideoStream]:
    """Connect to a camera or a network stream; the caller closes it. Raise SourceLostError."""
    try:
        container, stream = _open(address, settings, address.type.device)
    except NoVideoError as error:
        # FFmpeg takes some paths for a list of files, a format that is not allowed here
        # (findings/ffmpeg_takes_space_in_address_for_number.sh).
        is_by_suffix = isinstance(error.__cause__, av.error.ArgumentError)
        return _open_jpegs(address, settings, "jpeg_pipe" if is_by_suffix else "mjpeg")
    # FFmpeg's reader of multipart streams finds nothing in parts whose headers it does not expect.
    if container.format.name != "mpjpeg" or stream.codec_context.width:
        return container, stream
    container.close()
    return _open_jpegs(address, settings)


def _open_jpegs(
    address: Address, settings: IngestSettings, reader: str = "mjpeg"
) -> tuple[InputContainer, VideoStream]:
    """Read JPEGs whatever is between them: small cameras get the boundaries and headers of parts wrong.

    With `mjpeg` each picture ends where the next begins, so it comes one picture late.
    """
    container, stream = _open(address, settings, reader)
    if not stream.codec_context.width:
        container.close()
        raise NoVideoError("not a video stream")
    return container, stream


def _open(
    address: Address, settings: IngestSettings, container_format: str | None
) -> tuple[InputContainer, VideoStream]:
    began = time.monotonic()
    try:
        container = av.open(
            address.target,
            format=container_format,
            options={**address.options(), "max_pixels": decoder_limit(settings.pixels)},
            metadata_errors="replace",
            timeout=(settings.open_timeout, settings.read_timeout),
        )
    except av.FFmpegError as error:
        # FFmpeg's error for its own timeout depends on what it was doing at that moment.
        late = time.monotonic() - began >= settings.open_timeout
        raise _refusal(error, address) or SourceLostError(
            "no answer in time" if late else _reason(error)
        ) from error
    return _with_video(container, address.stream, settings)


def open_jpeg(data: bytes, settings: IngestSettings) -> tuple[InputContainer, VideoStream]:
    """Open one picture; the caller closes it. Raise SourceLostError."""
    try:
        container = av.open(
            BytesIO(data), "r", format="jpeg_pipe", options={"max_pixels": decoder_limit(settings.pixels)}
        )
    except av.FFmpegError as error:
        raise SourceLostError("not a picture") from error
    return _with_video(container, None, settings)


def _with_video(
    container: InputContainer, number: int | None, settings: IngestSettings
) -> tuple[InputContainer, VideoStream]:
    """Return the container and its chosen video stream. Raise SourceLostError."""
    try:
        stream = chosen_stream(container, number)
    except NoStreamError as error:
        container.close()
        raise SourceLostError(str(error) if number is not None else "no video in the stream") from error
    context = stream.codec_context
    if refused := too_large(context.width, context.height, settings.pixels):
        container.close()
        raise SourceLostError(refused)
    return container, stream


def _refusal(error: av.FFmpegError, address: Address) -> SourceLostError | None:
    """Return the error of a server that answers, but not with a stream that was asked for."""
    if isinstance(error, NO_VIDEO_ERRORS) and address.type is HTTP:
        return NoVideoError(_reason(error))
    if isinstance(error, av.error.HTTPUnauthorizedError) and address.type is HTTP:
        return LoginRefusedError(_reason(error))
    # 461 Unsupported Transport (RFC 7826, 17.4.25), and what servers answer that do not know this status.
    is_refused = error.errno == errno.EPROTONOSUPPORT or isinstance(error, TRANSPORT_ERRORS)
    if is_refused and address.type is RTSP and address.transport != "udp":
        return TransportRefusedError("the camera refuses RTSP over TCP")
    return None


def is_real_time(container: InputContainer) -> bool:
    """Return whether frames arrive as they are captured: those of a file or playlist arrive in bursts.

    A fragmented MP4 without a size is a camera's, whatever duration its first fragments add up to.
    """
    is_endless = container.duration is None or ("mov" in container.format.name and container.size <= 0)
    return is_endless and container.format.name != "hls"


def _capture_time(packet: "Packet[Stream]", arrived: float) -> float | None:
    """Return the camera's time, from RTCP sender reports (RFC 3550, 6.4.1), if it agrees with our clock."""
    if not packet.has_sidedata("prft"):
        return None
    microseconds, _ = PRODUCER_TIME.unpack_from(bytes(packet.get_sidedata("prft")))
    captured = float(microseconds) / 1e6
    return captured if -MAX_CLOCK_AHEAD <= arrived - captured <= MAX_CLOCK_BEHIND else None


def _reason(error: av.FFmpegError) -> str:
    """Describe an error without FFmpeg's own message, which shows the address with its password."""
    for kind, reason in REASONS.items():
        if isinstance(error, kind):
            return reason
    if error.errno == errno.EIO:
        return "the connection broke"
    return (error.strerror or type(error).__name__).lower()
