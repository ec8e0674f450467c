"""The contract of an export format: messages in, bytes of one file out.

A writer keeps no more of the messages than its format demands (WebVTT: 40 bytes a span), so that the export
of a day with ten faces, nine million readings, needs little more memory than that of a minute.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from api.exports.message import Message

Layout = Literal["mien", "fex"]  # the columns of tables: mien's own, or those of Py-feat


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """Choices of one export; a format reads those that concern it."""

    layout: Layout = "mien"
    clock: Literal["day", "media"] = "day"  # of the times in subtitles
    start: int | None = None  # ms on that clock, where subtitles begin to count; None: with the first span
    recorded: bool = False  # of a recording, whose frames are numbered as in its file
    row_group: int = 20_000  # rows; a Parquet file lists each group at its end: 430 for ten faces in a day


RECORDING = ExportOptions(
    clock="media", start=0, recorded=True, row_group=1000
)  # of the files in a folder of results


class Writer(Protocol):
    """Writes one file, from its first byte to its last."""

    def begin(self) -> bytes:
        return b""

    def add(self, messages: Sequence[Message]) -> bytes: ...

    def end(self) -> bytes:
        return b""
