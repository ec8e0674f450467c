"""The files of one input's results: events go in while it is read, the files are complete after `close`."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from api.disk import DISK_FULL
from api.exports.formats import EXPORTS
from api.exports.message import Message, message_of
from api.exports.writer import RECORDING, Writer
from api.results.names import REPORT, RESULT_FILES, SUMMARY
from api.results.report import StillsReport, VideoReport
from api.results.summary import Facts, Summary
from engine.records import Event


class WriteFailedError(Exception):
    """Results cannot be written; the message names the folder and the reason."""


class DiskFullError(WriteFailedError):
    """Results cannot be written because the disk is full."""


@contextmanager
def write_errors(folder: Path) -> Iterator[None]:
    """Raises WriteFailedError for every OSError inside, and DiskFullError where the disk is full."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
        kind = DiskFullError if error.errno in DISK_FULL else WriteFailedError
        raise kind(f"{folder}: cannot write: {reason.lower()}") from error


@contextmanager
def open_results(folder: Path, *, stills: bool = False) -> Iterator["ResultFiles"]:
    """Open the files, and close them in any case: rows that were written before a failure stay readable."""
    with write_errors(folder):
        results = ResultFiles(folder, stills=stills)
    try:
        yield results
    finally:
        results.abandon()


class ResultFiles:
    """Writes exports while events come, report and summary at the end. Methods raise WriteFailedError."""

    def __init__(self, folder: Path, *, stills: bool) -> None:
        self.folder = folder
        self._summary = Summary()
        self._report = StillsReport() if stills else VideoReport()
        self._exports: list[_ExportFile] = []
        folder.mkdir(parents=True, exist_ok=True)
        # Complete files of an earlier run must not lie beside the incomplete ones of this run.
        for stale in [*(folder / name for name in RESULT_FILES), *folder.glob("annotated.*")]:
            stale.unlink(missing_ok=True)
        for export in EXPORTS:
            if export.file is not None:
                self._exports.append(_ExportFile(folder / export.file, export.new_writer(RECORDING)))

    def add(self, events: Iterable[Event]) -> None:
        messages = []
        for event in events:
            self._summary.add(event)
            self._report.add(event)
            messages.append(message_of(event))
        with write_errors(self.folder):
            for export in self._exports:
                export.add(messages)

    def close(self, facts: Facts) -> dict[str, Any]:
        """Complete all files; return the summary as JSON types."""
        summary = self._summary.to_json(facts)
        with write_errors(self.folder):
            while self._exports:
                self._exports.pop(0).close()
            self._report.write(self.folder / REPORT, summary)
            text = json.dumps(summary, indent=2, ensure_ascii=False)
            (self.folder / SUMMARY).write_text(text + "\n", encoding="utf-8")
        return summary

    def abandon(self) -> None:
        """Close the exports that are still open; the error that led here has been raised already."""
        while self._exports:
            with suppress(OSError):
                self._exports.pop(0).close()


class _ExportFile:
    """One export on the disk; the file appears with its first byte."""

    def __init__(self, path: Path, writer: Writer) -> None:
        self._path = path
        self._writer = writer
        self._file: BinaryIO | None = None
        self._write(writer.begin())

    def add(self, messages: Sequence[Message]) -> None:
        self._write(self._writer.add(messages))

    def close(self) -> None:
        try:
            self._write(self._writer.end())
        finally:
            if self._file is not None:
                self._file.close()

    def _write(self, data: bytes) -> None:
        if data and self._file is None:
            self._file = self._path.open("wb")
        if self._file is not None:
            self._file.write(data)
