"""The overview of a whole recording, also while it is read."""

import json
from pathlib import Path

from api.jobs.checkpoint import newest_checkpoint
from api.jobs.event_log import INTERVALS, SECONDS, read_log
from api.timelines.overview import OverviewDocument
from ingest.pace import SECOND


def read_overview(parts: Path, source: str) -> tuple[OverviewDocument, float]:
    """Return the document, and the position in seconds at which it ends. Raises BadCheckpointError."""
    document = OverviewDocument(source)
    checkpoint = newest_checkpoint(parts)
    if checkpoint is None:
        return document, 0.0
    for line in read_log(parts, checkpoint, SECONDS):
        document.add_seconds(line.rstrip())
    for line in read_log(parts, checkpoint, INTERVALS):
        message = json.loads(line)
        if message["type"] == "coverage":
            document.add_coverage(message, "started", "ended")
    return document, checkpoint.state["position"] / SECOND
