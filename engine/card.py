"""A weight file's card: what it is, what it was trained on, how good it is; refused when it does not fit."""

import hashlib
import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

MODELS = Path(__file__).parent / "models"


class CardMismatchError(Exception):
    """A weight file or its card is not what the engine expects; the message says expected and actual."""


@dataclass(frozen=True, slots=True)
class Card:
    """The part of a card that the engine acts on. The file holds more, for people: data, metrics, limits."""

    name: str  # detector, keypoints, emotion
    file: Path
    sha256: str
    outputs: tuple[str, ...]  # labels, keypoint names or landmark names, in the order of the outputs
    input_size: tuple[int, int] | None  # (height, width); None where any multiple of 32 will do
    mean: float
    deviation: float
    temperature: float
    metrics: dict[str, Any]
    bits: int = 32  # of its weights, and of what they are multiplied by
    int8: "Card | None" = None  # the same network in 8 bits, where there is one

    @property
    def version(self) -> str:
        """Name and first digits of the hash, as readings cite it."""
        return f"{self.name}-{self.sha256[:8]}"

    @property
    def threshold(self) -> float:
        """Of a detector: the score from which what it finds is a face. Raises CardMismatchError."""
        threshold = self.metrics.get("threshold")
        if not isinstance(threshold, float):
            raise CardMismatchError(
                f"the card of {self.file}: expected metrics.threshold, a number below 1, actual {threshold}"
            )
        return threshold


def read_card(name: str, expected_outputs: tuple[str, ...], folder: Path = MODELS) -> Card:
    """Reads `<folder>/<name>.json` and checks it against its weight file and the expected outputs."""
    path = folder / f"{name}.json"
    try:
        card = card_of(json.loads(path.read_text()), folder)
    except FileNotFoundError:
        raise CardMismatchError(f"{path}: no such model card") from None
    except OSError as error:
        raise CardMismatchError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CardMismatchError(f"{path}: not a model card: {error!r}") from error
    if card.outputs != expected_outputs:
        raise CardMismatchError(f"{path}: expected outputs {expected_outputs}, actual {card.outputs}")
    check_weights(card)
    return card


def card_of(fields: dict[str, Any], folder: Path) -> Card:
    """The card that a JSON file says, its weights in `folder`. Raises KeyError, ValueError, TypeError."""
    card = Card(
        name=fields["name"],
        file=folder / fields["file"],
        sha256=fields["sha256"],
        outputs=tuple(fields["outputs"]),
        input_size=tuple(fields["input_size"]) if fields["input_size"] else None,
        mean=float(fields["mean"]),
        deviation=float(fields["deviation"]),
        temperature=float(fields["temperature"]),
        metrics=fields["metrics"],
    )
    if "int8" not in fields:
        return card
    small = fields["int8"]
    return replace(card, int8=replace(card, file=folder / small["file"], sha256=small["sha256"], bits=8))


def check_weights(card: Card) -> None:
    """Raises CardMismatchError unless the weight files are the card's."""
    try:
        written = card.file.stat()
        actual = _hash(card.file, written.st_mtime_ns, written.st_size)
    except FileNotFoundError:
        raise CardMismatchError(f"{card.file}: no such weight file") from None
    except OSError as error:
        raise CardMismatchError(f"{card.file}: cannot be read: {error.strerror}") from error
    if actual != card.sha256:
        raise CardMismatchError(f"{card.file}: expected sha256 {card.sha256}, actual {actual}")
    if card.int8 is not None:
        check_weights(card.int8)


@lru_cache(maxsize=16)
def _hash(file: Path, _written: int, _size: int) -> str:
    """SHA-256 of a file, computed anew when it was written: readiness asks each second."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
