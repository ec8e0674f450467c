"""The fields `turn` and `aspect` of requests, for sources and recordings alike."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from ingest.picture.options import BadOptionError, Turn, checked_aspect, checked_turn

TURN = "degrees clockwise, on top of what the video declares; the mirrored ones exchange left and right first"
ASPECT = "width:height of the picture as shown, such as 16:9; null: as the video declares"


def _no_boolean(turn: Any) -> Any:
    """Refuse false and true, which Python takes for 0 and 1."""
    if isinstance(turn, bool):
        raise ValueError("must be a number of degrees or a text")
    return turn


def turn_text(turn: str | int) -> Turn:
    return checked_turn(str(turn))


def _valid_aspect(aspect: str | None) -> str | None:
    try:
        return checked_aspect(aspect)
    except BadOptionError:
        raise PydanticCustomError("aspect", "no width:height") from None


TurnField = Annotated[
    Turn | Literal[0, 90, 180, 270],
    BeforeValidator(_no_boolean),
    AfterValidator(turn_text),
    Field(description=TURN),
]
AspectField = Annotated[str | None, AfterValidator(_valid_aspect), Field(description=ASPECT)]
