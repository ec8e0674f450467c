"""Why faces are read, and where that is not allowed; what those who are watched are to be told.

Regulation (EU) 2024/1689 (the AI Act), Art. 5(1)(f): emotions of people at work and in education may not be
inferred, unless for medical or safety reasons. Art. 50(3): those who are exposed to it must be told.
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

REFUSED = ("workplace", "education")

PROHIBITED = (
    "inferring emotions at work or in education is prohibited (EU AI Act, Art. 5(1)(f)) "
    "unless for medical or safety reasons: expected a ground of medical or safety, actual none"
)
MISSING = f"expected why faces are read: one of {', '.join(get_args(Purpose))}"

WORDS = {"public_space": "watching over a public space", "personal": "personal use"}
PICTURE_SEEN = {
    "shown": "Whoever has access to this service can see the live picture.",
    "blurred": "Whoever has access to this service sees the live picture too coarsely to tell a face.",
    "none": "Nobody can see the picture.",
}


class PurposeError(Exception):
    """A purpose that faces may not be read for; the message is a sentence for the field `purpose`."""


def checked_purpose(purpose: str | None, ground: str | None, default: str | None) -> str:
    """The purpose, or `default` where none is given. Raises PurposeError."""
    chosen = purpose or default
    if chosen is None:
        raise PurposeError(MISSING)
    if chosen in REFUSED and ground is None:
        raise PurposeError(PROHIBITED)
    return chosen


def contact() -> str:
    """Whom those who are watched may ask: MIEN_CONTACT."""
    return " ".join(ApiSettings.read("contact").contact.split())


def notice(config: SourceConfig, kept: float) -> str:
    """What is to be put up where the camera looks; `kept`: seconds that timelines are kept."""
    why = WORDS.get(config.purpose, config.purpose)
    if config.ground:
        why = f"{why}, for {config.ground} reasons"
    return f"""\
EMOTION RECOGNITION IN USE

Where: {config.name}

What happens: a computer finds faces in the picture of this camera and infers from their expressions, up to
{config.rate:g} times a second, which emotion each face shows: {", ".join(LABELS)}.
It can be wrong: an expression is not a feeling.

Why: {why}

What is kept: for each face when and where in the picture it was seen, the position of 15 points of it, and
the inferred emotions. It is deleted after {_length(kept)}. No picture of a face is stored, and nobody is
identified. {PICTURE_SEEN[config.picture]}

Whom to ask, also about access to such data, its deletion, and objection:
{contact() or "whoever runs this camera"}

This is the notice that Article 50(3) of Regulation (EU) 2024/1689 (AI Act) requires.
"""


def _length(seconds: float) -> str:
    """`24 hours`, `7 days`, `90 minutes`."""
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * unit or (seconds >= unit and seconds % unit == 0):
            count = seconds / unit
            return f"{count:g} {name}{'' if count == 1 else 's'}"
    return f"{seconds:g} seconds"
