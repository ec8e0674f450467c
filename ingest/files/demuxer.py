"""Demuxes a file's video stream: the packets of all its parts, on one clock, and the damage between them."""

from collections.abc import Callable, Iterator

import av
from av.packet import Packet
from av.stream import Stream

from ingest.clock import FileClock
from ingest.decoder_threads import use_threads
from ingest.files.layout.filling import MAX_OVERHEAD, FillingCheck
from ingest.files.lengths import (
    END_TOLERANCE,
    declared_duration,
    largest_hole,
    nanoseconds,
    started,
    video_end,
)
from ingest.files.opening import UnreadableError
from ingest.files.packets import packets_of
from ingest.files.parts import Video
from ingest.files.shown_times import AviTimes, GifTimes
from ingest.gaps import UsualInterval
from ingest.memory import is_exhausted
from ingest.pace import SECOND

MAX_FAILURES = 100  # in a row; the demuxer gets past a damaged position at once or never

POSITIONS = 128  # packets that a decoder may hold back

# Containers in which pictures come until the end of the file. Behind the pictures of the stream that is read
# may be those of a new one, which FFmpeg does not add to the streams that it found at the start.
WITHOUT_TAIL = ("mpegts", "mpeg", "flv")
MIN_REST = 4 * 1024  # bytes


class Demuxer:
    """Yields the packets of one stream of a file, with the times of a clock that goes on at each seam."""

    def __init__(self, video: Video, usual: UsualInterval, add_error: Callable[[int, str], None]) -> None:
        """`add_error`: called with the media time (ns) of damage and a reason."""
        self.stream = video.stream  # of the part that is read
        self.delay: int | None = None  # ns; of the first frame, by the reordering of packets
        self.others_end = 0  # ns; the end of the sound so far
        self.packet_time = 0  # ns; media time of the current packet
        self._video = video
        self._usual = usual
        self._add_error = add_error
        self._start = started(video.container)  # ns
        self._clock = FileClock(largest_hole(video.container))
        self._seams_before = 0  # up to the first packet of the newest part that has one
        self._declared: tuple[int | None, int | None] = (
            self._declare()
        )  # ns; the ends of that part and its video
        self._positions: dict[int, int | None] = {}  # bytes, of the last packets by PTS
        self._latest_time = 0  # ns; the latest media time of a packet so far
        self._begin_part()

    def _begin_part(self) -> None:
        self.stream = self._video.stream
        use_threads(self.stream, "FRAME")
        self.broken: str | None = None  # the reason if nothing more can be read before the file's end
        self._is_new = True  # until the first packet of this part
        format_name = self._video.container.format.name
        self._filling = FillingCheck(self._video.path, format_name, self._video.start)
        self.avi = AviTimes() if format_name == "avi" else None
        self._gif = GifTimes() if format_name == "gif" else None
        self._position_known: int | None = None  # bytes; of the newest packet that has one
        self._bytes_end = 0  # of the packets so far
        self._pictures_bytes_end = 0  # of the packets of the stream so far

    @property
    def clock(self) -> FileClock:
        return self._clock

    @property
    def declared_end(self) -> int | None:
        """The end of the video according to the container, in ns of media time; None if it has none.

        The length of a file whose sound reaches its end says nothing about the video.
        """
        end, own = self._declared
        if end is None or self._clock.seams != self._seams_before:
            return None
        if own is not None:
            return min(end, own)
        return None if self.others_end >= end - END_TOLERANCE else end

    def _declare(self) -> tuple[int | None, int | None]:
        container = self._video.container
        moved = started(container) + self._clock.shift - self._start
        ends = declared_duration(container), video_end(container, self.stream)
        return ends[0] and ends[0] + moved, None if ends[1] is None else ends[1] + moved

    def position(self, pts: int | None) -> int | None:
        """Return the byte of the packet with a PTS."""
        return None if pts is None else self._positions.get(pts)

    def since_start(self, pts: int) -> int:
        """Convert a time of the stream, moved behind its seams, to media time (ns)."""
        return nanoseconds(self.stream, pts) - self._start

    def seek(self, media_time: int) -> None:
        """Go to a key frame before a media time (ns) in the first part. Raise av.FFmpegError."""
        base = self.stream.time_base
        assert base is not None
        ticks = (media_time + self._start) * base.denominator // (base.numerator * SECOND)
        self._video.container.seek(ticks, stream=self.stream)
        self._is_new = False

    def __iter__(self) -> "Iterator[Packet[Stream]]":
        """Yield the packets, and after those of each part an empty one."""
        return (packet for packet in self.all_packets() if packet.stream.index == self.stream.index)

    def all_packets(self) -> "Iterator[Packet[Stream]]":
        """Yield the packets of all streams; only those of the video are moved behind a seam."""
        yield from self._packets()
        while self._open_next():
            yield from self._packets()
            if self._is_new:
                self._leave_out("no picture in it")

    def _open_next(self) -> bool:
        """Open the next part that is a video; return whether there is one."""
        while (start := self._next_start()) is not None:
            try:
                self._video.open_part(start)
            except UnreadableError as error:
                self._leave_out(error.reason)
            else:
                self._begin_part()
                return True
        return False

    def _next_start(self) -> int | None:
        start = self._video.next_start
        if start is not None or self.broken or self._video.container.format.name not in WITHOUT_TAIL:
            return start
        rest = self._pictures_bytes_end
        return rest if rest > self._video.start and self._video.size - rest > MIN_REST else None

    def _leave_out(self, reason: str) -> None:
        """Count the bytes of the newest part behind all packets so far, without padding."""
        start = max(self._video.start, self._bytes_end)
        end = self._video.next_start or self._video.content_end(start)
        if end - start > MAX_OVERHEAD:
            self._add_error(self._latest_time + 1, f"{end - start} bytes left out: {reason}")

    def _packets(self) -> "Iterator[Packet[Stream]]":
        failures = 0
        while failures < MAX_FAILURES:
            try:
                for packet in packets_of(self._video.container):
                    failures = 0
                    self._check(packet)
                    yield packet
                return
            except (av.error.InvalidDataError, av.error.BlockingIOError, av.error.MemoryError) as error:
                if isinstance(error, MemoryError) and is_exhausted():
                    raise
                # A transport stream has no packet in the next 64 KiB: it is read on behind them.
                failures += 0 if isinstance(error, av.error.BlockingIOError) else 1
                if self._video.start == 0 or not self._is_new:
                    self._add_error(self.packet_time, "damaged data")
            except av.FFmpegError as error:
                self.broken = (error.strerror or type(error).__name__).lower()
                self._add_error(self.packet_time, self.broken)
                return

    def _check(self, packet: "Packet[Stream]") -> None:
        """Find damage that the demuxer skips silently."""
        is_video = packet.stream.index == self.stream.index
        if self._filling.lost_before(packet.stream.index, packet.pos, packet.size):
            # All frames so far are before the gap, in whatever order they come.
            self._add_error(self._latest_time + 1, "data missing")
        if packet.pos is not None and packet.pos >= 0:
            self._follow_bytes(self._video.start + packet.pos, packet.size, is_video=is_video)
        if is_video:
            if self.avi is not None:
                packet.pts = packet.dts
            if self._gif is not None:
                self._gif.stretch(packet)
            if packet.pts is not None:
                self._check_video(packet, packet.pts)
        elif packet.pts is not None and packet.stream.type == "audio":
            ended = nanoseconds(packet.stream, packet.pts + (packet.duration or 0)) - self._start
            self.others_end = max(self.others_end, ended + self._clock.shift)

    def _follow_bytes(self, position: int, size: int, *, is_video: bool) -> None:
        self._bytes_end = max(self._bytes_end, position + size)
        if is_video:
            self._position_known = position
            self._pictures_bytes_end = max(self._pictures_bytes_end, position + size)

    def _check_video(self, packet: "Packet[Stream]", pts: int) -> None:
        pts = self._follow(packet, pts)
        self.packet_time = self.since_start(pts)
        self._latest_time = max(self._latest_time, self.packet_time)
        if packet.is_corrupt:
            self._add_error(self.packet_time, "damaged data")
        if self.avi is not None:
            self.avi.take(packet)
        self._positions[pts] = self._position_known
        if len(self._positions) > POSITIONS:
            del self._positions[next(iter(self._positions))]

    def _follow(self, packet: "Packet[Stream]", pts: int) -> int:
        """Move a packet behind a seam to where it belongs, before it is decoded; return its PTS."""
        shown = nanoseconds(self.stream, pts)
        decoded = None if packet.dts is None else nanoseconds(self.stream, packet.dts)
        if self._is_new:
            self._clock.begin_part()
        jump = self._clock.follow(shown, decoded, self._usual.value, is_key=packet.is_keyframe)
        if self._is_new:
            self._is_new, self._seams_before, self._declared = False, self._clock.seams, self._declare()
        if self.delay is None and decoded is not None:
            self.delay = shown - decoded
        if not self._clock.shift:
            return pts
        base = self.stream.time_base
        assert base is not None
        ticks = round(self._clock.shift / (base * SECOND))
        packet.pts = pts + ticks
        packet.dts = None if packet.dts is None else packet.dts + ticks
        if jump is not None:
            self._add_error(self.since_start(pts + ticks), jump)
        return pts + ticks
