"""Reads one video into a folder of results."""

import time
from dataclasses import dataclass
from pathlib import Path

from api.results.annotated import annotate_video
from api.results.files import open_results, write_errors
from api.results.networks import LoadedNetworks
from api.results.progress import ProgressListener, ReadOptions, ReadResult
from api.results.summary import video_facts
from engine.recording import RecordingReader
from ingest.files.recording import Recording, open_recording
from ingest.pace import SECOND

REAL_TIME = "x real time"


@dataclass(frozen=True, slots=True)
class VideoReader:
    """Reads one video: tables, summary and report first, then the annotated video."""

    path: Path
    folder: Path  # of the results
    source: str
    options: ReadOptions
    listener: ProgressListener

    def open(self) -> Recording:
        """Open the video. Raises UnreadableError."""
        return open_recording(self.path, self.source, self.options.rate, options=self.options.display)

    def read(self, recording: Recording, loaded: LoadedNetworks) -> ReadResult:
        """Read the video, and write all results but the annotated video. Raises WriteFailedError."""
        started = time.monotonic()
        reader = RecordingReader(recording, self.source, loaded.networks, overlapped=loaded.overlapped)
        with open_results(self.folder) as results:
            self.listener.start_stage("", recording.duration / SECOND, REAL_TIME)
            for events in reader.steps(self.listener.stopped):
                results.add(events)
                self.listener.advance(reader.position / SECOND)
            elapsed = time.monotonic() - started
            facts = video_facts(recording, reader, self.source, elapsed, loaded.models)
            return ReadResult(results.close(facts), facts.damage)

    def annotate(self, result: ReadResult) -> Path:
        """Write the annotated video from the tables. Raises WriteFailedError."""
        self.listener.start_stage("drawing", result.summary["duration"], REAL_TIME)
        with write_errors(self.folder):
            return annotate_video(
                self.path,
                self.folder,
                self.options,
                advance=lambda media_time: self.listener.advance(media_time / SECOND),
                stopped=self.listener.stopped,
            )
