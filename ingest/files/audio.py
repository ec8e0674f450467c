"""Copies the sound of a file into another one, packet by packet, without decoding it."""

import io
from collections.abc import Iterator
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from ingest.files.demuxer import MAX_FAILURES
from ingest.files.opening import open_container


class Sound:
    """The audio streams of a file, opened a second time beside its video."""

    def __init__(self, path: Path, max_pixels: int) -> None:
        self._input = open_container(path, max_pixels)
        # PyAV has no context for a stream without a decoder, although its types say so.
        self._streams = [s for s in self._input.streams.audio if getattr(s, "codec_context", None)]
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
        failures = 0
        while self._streams and failures < MAX_FAILURES:
            try:
                for packet in self._input.demux(*self._streams):
                    failures = 0
                    if packet.dts is None or packet.dts <= last.get(packet.stream_index, packet.dts - 1):
                        continue
                    last[packet.stream_index] = packet.dts
                    yield packet
                return
            except av.error.InvalidDataError:
                failures += 1


def _time(packet: "Packet[Stream]") -> float:
    assert packet.dts is not None  # see _in_order
    return float(packet.dts * packet.time_base)
