"""A whole recording in brief, also while it is read."""

import json
from pathlib import Path

from api.jobs.checkpoint import Checkpoint, newest_checkpoint
from api.jobs.event_log import read_log
from api.timelines.overview import OverviewDocument
from ingest.pace import SECOND


def read_overview(parts: Path, source: str) -> tuple[OverviewDocument, float]:
    """The document, and up to which second it goes. Raises BadCheckpointError."""
    document = OverviewDocument(source)
    checkpoint = newest_checkpoint(parts)
    if checkpoint is None:
        return document, 0.0
    for line in read_log(parts, checkpoint, "seconds"):
        document.add_seconds(line.rstrip())
    _add_coverage(document, parts, checkpoint)
    return document, checkpoint.state["position"] / SECOND


def _add_coverage(document: OverviewDocument, parts: Path, checkpoint: Checkpoint) -> None:
    for line in read_log(parts, checkpoint, "stretches"):
        stretch = json.loads(line)
        if stretch["type"] == "coverage":
            document.add_coverage({name: stretch[name] for name in ("kind", "started", "ended", "frames")})
