"""Copies the sound of a file into another one, packet by packet, without decoding it."""

import io
from collections.abc import Iterator
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from ingest.files.demuxer import Demuxer
from ingest.files.parts import VideoFile
from ingest.gaps import UsualInterval
from ingest.pace import SECOND
from ingest.picture.options import DisplayOptions

MAX_STEP = 1.0  # seconds; sound that goes on does so within less


class Sound:
    """The audio streams of a file, opened a second time beside its video."""

    def __init__(self, path: Path, options: DisplayOptions, interval: int) -> None:
        """`interval`: ns, the usual one between two pictures."""
        self._input = VideoFile(path, options)
        self._demuxer = Demuxer(self._input, UsualInterval(interval), lambda _time, _reason: None)
        # PyAV has no context for a stream without a decoder, although its types say so.
        self._streams = [s for s in self._input.container.streams.audio if getattr(s, "codec_context", None)]
        self._formats = {stream.index: _format(stream) for stream in self._streams}
        self._outputs: dict[int, AudioStream] = {}  # by the index of the input stream
        self._packets = self._in_order()
        self._next: Packet[Stream] | None = None

    def fits(self, container_format: str) -> bool:
        """Return whether files of this format can carry these streams."""
        with av.open(io.BytesIO(), "w", format=container_format) as container:
            return {stream.codec_context.name for stream in self._streams} <= container.supported_codecs

    def add_to(self, output: OutputContainer) -> None:
        """Add the streams to a new file, before its first packet."""
        for stream in self._streams:
            self._outputs[stream.index] = output.add_stream_from_template(stream)
        self._next = next(self._packets, None)

    def write_until(self, output: OutputContainer, time: float) -> None:
        """Write all packets up to `time` (seconds on the file's clock)."""
        while self._next is not None and _time(self._next) <= time:
            self._next.stream = self._outputs[self._next.stream_index]
            output.mux(self._next)
            self._next = next(self._packets, None)

    def close(self) -> None:
        self._input.close()

    def _in_order(self) -> Iterator["Packet[Stream]"]:
        """Yield packets whose times grow within their stream, as containers require; leave out the others."""
        last: dict[int, int] = {}
        for packet in self._moved():
            if packet.dts is None or packet.dts <= last.get(packet.stream_index, packet.dts - 1):
                continue
            last[packet.stream_index] = packet.dts
            yield packet

    def _moved(self) -> Iterator["Packet[Stream]"]:
        """Yield the packets, moved behind a seam as the pictures are.

        Sound may come before the first picture behind a seam, whose shift is then not known yet.
        """
        held: list[Packet[Stream]] = []
        last: dict[int, float] = {}  # seconds, of each stream on the file's clock
        shift = 0  # ns
        for packet in self._demuxer.all_packets() if self._streams else ():
            if packet.stream.index == self._demuxer.stream.index:
                new_shift = self._demuxer.clock.shift
                yield from _shifted(held, last, shift, new_shift)
                held, shift = [], new_shift
            elif packet.dts is not None and self._formats.get(packet.stream_index) == _format(packet.stream):
                held.append(packet)
        yield from _shifted(held, last, shift, shift)


def _shifted(
    packets: list["Packet[Stream]"], last: dict[int, float], shift: int, new_shift: int
) -> Iterator["Packet[Stream]"]:
    """Move packets by `shift` (ns), or from where their clock jumps on by `new_shift`."""
    jumped: set[int] = set()
    for packet in packets:
        time, before = _time(packet), last.get(packet.stream_index)
        if before is not None and not before <= time <= before + MAX_STEP:
            jumped.add(packet.stream_index)
        last[packet.stream_index] = time
        moved = new_shift if packet.stream_index in jumped else shift
        ticks = round(moved / (packet.time_base * SECOND))
        assert packet.dts is not None
        packet.pts = None if packet.pts is None else packet.pts + ticks
        packet.dts += ticks
        yield packet


def _format(stream: Stream) -> tuple[object, ...] | None:
    """Return the properties that all packets of a stream of sound share; None for other streams."""
    context = getattr(stream, "codec_context", None)
    if not isinstance(context, av.AudioCodecContext):
        return None
    return context.name, context.sample_rate, context.layout.name, context.extradata


def _time(packet: "Packet[Stream]") -> float:
    assert packet.dts is not None  # see Sound._moved
    return float(packet.dts * packet.time_base)
