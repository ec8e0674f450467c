"""The sound of a file, copied packet by packet into another without decoding it."""

import io
from collections.abc import Iterator
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from ingest.files.decoder import DEAD_END
from ingest.files.recording import FILE_ONLY


class Sound:
    """The audio streams of a file, read beside its pictures."""

    def __init__(self, path: Path) -> None:
        self._input: InputContainer = av.open(
            f"file:{path.absolute()}", options=dict(FILE_ONLY), metadata_errors="replace"
        )
        # PyAV leaves out the context where it has no decoder, whatever its types say.
        self._streams = [s for s in self._input.streams.audio if getattr(s, "codec_context", None)]
        self._joined: dict[int, AudioStream] = {}  # index in the input to stream of the output
        self._packets = self._in_order()
        self._next: Packet[Stream] | None = None

    def fits(self, form: str) -> bool:
        """Whether files of this format can carry these streams."""
        with av.open(io.BytesIO(), "w", format=form) as container:
            return {stream.codec_context.name for stream in self._streams} <= container.supported_codecs

    def join(self, output: OutputContainer) -> None:
        """Adds the streams to a file that is about to be written."""
        for stream in self._streams:
            self._joined[stream.index] = output.add_stream_from_template(stream)
        self._next = next(self._packets, None)

    def write_until(self, output: OutputContainer, time: float) -> None:
        """Hands over all packets up to `time` (seconds by the file's clock)."""
        while self._next is not None and _time(self._next) <= time:
            self._next.stream = self._joined[self._next.stream_index]
            output.mux(self._next)
            self._next = next(self._packets, None)

    def close(self) -> None:
        self._input.close()

    def _in_order(self) -> Iterator["Packet[Stream]"]:
        """Packets in growing order of time within their stream, as containers demand; damaged ones not."""
        newest: dict[int, int] = {}
        failures = 0
        while self._streams and failures < DEAD_END:
            try:
                for packet in self._input.demux(*self._streams):
                    failures = 0
                    if packet.dts is None or packet.dts <= newest.get(packet.stream_index, packet.dts - 1):
                        continue
                    newest[packet.stream_index] = packet.dts
                    yield packet
                return
            except av.error.InvalidDataError:
                failures += 1


def _time(packet: "Packet[Stream]") -> float:
    assert packet.dts is not None  # only such are passed on
    return float(packet.dts * packet.time_base)
