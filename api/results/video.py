"""Reads one video into a folder of results."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.results.annotated import annotate_video
from api.results.files import open_results, write_errors
from api.results.networks import LoadedNetworks
from api.results.progress import ProgressListener, ReadOptions, ReadResult
from api.results.summary import Facts
from engine.recording import RecordingReader
from ingest.files.recording import Recording, UnreadableError, open_recording
from ingest.pace import SECOND

REAL_TIME = "x real time"


class VideoReader:
    """Reads one video: tables, summary and report first, then the annotated video."""

    def __init__(
        self, path: Path, folder: Path, *, source: str, options: ReadOptions, listener: ProgressListener
    ) -> None:
        self._path = path
        self._folder = folder
        self._source = source
        self._options = options
        self._listener = listener

    @contextmanager
    def open(self) -> Iterator[Recording]:
        """Open the video. Raises UnreadableError where no frame can be decoded."""
        with open_recording(self._path, self._source, self._options.rate) as recording:
            if recording.frames_decoded == 0:
                raise UnreadableError(self._path, "no frame in it can be decoded")
            yield recording

    def read(self, recording: Recording, loaded: LoadedNetworks) -> ReadResult:
        """Read the video, and write all results but the annotated video. Raises WriteFailedError."""
        started = time.monotonic()
        reader = RecordingReader(recording, self._source, loaded.networks, overlapped=loaded.overlapped)
        with open_results(self._folder) as results:
            self._listener.start_stage("", recording.duration / SECOND, REAL_TIME)
            for events in reader.steps(self._listener.stopped):
                results.add(events)
                self._listener.advance(reader.position / SECOND)
            facts = Facts(
                source=self._source,
                kind="video",
                duration=reader.position,
                width=recording.width,
                height=recording.height,
                frames_decoded=recording.frames_decoded,
                rate=self._options.rate,
                elapsed=time.monotonic() - started,
                models=loaded.models,
                damage=tuple(recording.damage),
                interrupted=reader.interrupted,
            )
            return ReadResult(results.close(facts), facts.damage)

    def annotate(self, result: ReadResult) -> Path:
        """Write the annotated video from the tables. Raises WriteFailedError."""
        self._listener.start_stage("drawing", result.summary["duration"], REAL_TIME)
        with write_errors(self._folder):
            return annotate_video(
                self._path,
                self._folder,
                self._options.rate,
                advance=lambda media_time: self._listener.advance(media_time / SECOND),
                stopped=self._listener.stopped,
            )
