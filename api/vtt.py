"""Spans as WebVTT, so that any video player shows them as subtitles: one voice per face."""

from collections.abc import Iterable
from pathlib import Path

from engine.records import Span

MILLISECOND = 1_000_000  # ns


def write_vtt(path: Path, spans: Iterable[Span]) -> None:
    """Writes the cues in order of their start, as WebVTT demands; spans come in order of their end."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("WEBVTT\n")
        for number, span in enumerate(sorted(spans, key=lambda span: (span.started, span.track)), start=1):
            file.write(f"\n{number}\n{cue(span)}\n")


def cue(span: Span) -> str:
    # A player drops a cue that ends where it begins.
    started = span.started // MILLISECOND
    ended = max(span.ended // MILLISECOND, started + 1)
    text = f"<v face {span.track}>face {span.track}: {span.label} {span.confidence:.0%}</v>"
    return f"{timestamp(started)} --> {timestamp(ended)}\n{text}"


def timestamp(milliseconds: int) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}"
