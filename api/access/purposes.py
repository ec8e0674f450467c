"""Purposes of emotion recognition, their limits in EU law, and the notice for people in front of a camera.

Regulation (EU) 2024/1689 (the AI Act), Art. 5(1)(f): inferring emotions at work and in education is
prohibited, except for medical or safety reasons. Art. 50(3): people exposed to it must be informed.
"""

from typing import Literal, get_args

from api.settings import ApiSettings
from engine.labels import LABELS
from ingest.bus.source_config import SourceConfig

Purpose = Literal[
    "personal",
    "research",
    "accessibility",
    "entertainment",
    "retail",
    "public_space",
    "safety",
    "medical",
    "workplace",
    "education",
]
Ground = Literal["medical", "safety"]

NEED_GROUND = ("workplace", "education")

PROHIBITED = (
    "inferring emotions at work or in education is prohibited (EU AI Act, Art. 5(1)(f)) "
    "except for medical or safety reasons: give the ground medical or safety"
)
MISSING = f"give the purpose of reading faces: one of {', '.join(get_args(Purpose))}"

PHRASES = {"public_space": "watching over a public space", "personal": "personal use"}
PICTURE_VISIBILITY = {
    "shown": "Users of this service can see the live picture.",
    "blurred": "Users of this service see the live picture too coarsely to recognise a face.",
    "none": "Nobody can see the picture.",
}


NOTICE = """\
EMOTION RECOGNITION IN USE

Where: {name}

What happens: a computer finds faces in the picture of this camera and infers from their expressions, up to
{rate:g} times a second, which emotion each face shows: {labels}.
It can be wrong: an expression is not a feeling.

Why: {why}

What is stored: for each face when and where in the picture it was seen, the position of 15 points of it,
and the inferred emotions. It is deleted after {retention}. No picture of a face is stored, and
nobody is identified. {visibility}

Contact, also for access to such data, its deletion, and objection:
{contact}

This is the notice that Article 50(3) of Regulation (EU) 2024/1689 (AI Act) requires.
"""


class PurposeError(Exception):
    """A missing or prohibited purpose; the message is a sentence for the field `purpose`."""


def checked_purpose(purpose: str | None, ground: str | None, default: str | None) -> str:
    """Return the purpose, or `default` if none is given. Raises PurposeError."""
    chosen = purpose or default
    if chosen is None:
        raise PurposeError(MISSING)
    if chosen in NEED_GROUND and ground is None:
        raise PurposeError(PROHIBITED)
    return chosen


def contact() -> str:
    """Return the contact for the people in front of a camera: MIEN_CONTACT."""
    return " ".join(ApiSettings.read("contact").contact.split())


def notice(config: SourceConfig, retention: float) -> str:
    """Write the notice to put up in view of the camera; `retention` is that of timelines, in seconds."""
    why = PHRASES.get(config.purpose, config.purpose)
    return NOTICE.format(
        name=config.name,
        rate=config.rate,
        labels=", ".join(LABELS),
        why=f"{why}, for {config.ground} reasons" if config.ground else why,
        retention=_duration(retention),
        visibility=PICTURE_VISIBILITY[config.picture],
        contact=contact() or "the operator of this camera",
    )


def _duration(seconds: float) -> str:
    """Format a duration as `24 hours`, `7 days` or `90 minutes`."""
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * unit or (seconds >= unit and seconds % unit == 0):
            count = seconds / unit
            return f"{count:g} {name}{'' if count == 1 else 's'}"
    return f"{seconds:g} seconds"
