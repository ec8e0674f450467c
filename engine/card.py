"""Reads the model cards of weight files, and checks that card, weights and service fit together."""

import hashlib
import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

MODELS = Path(__file__).parent / "models"


class CardMismatchError(Exception):
    """A weight file, its card and this service do not fit together."""


@dataclass(frozen=True, slots=True)
class Card:
    """The fields of a card that the engine uses. The file has more, for people: data, metrics, limits."""

    name: str  # detector, keypoints, emotion
    file: Path
    sha256: str
    outputs: tuple[str, ...]  # labels, keypoint names or landmark names, in the order of the outputs
    input_size: tuple[int, int] | None  # (height, width); None: any multiples of 32
    mean: float
    deviation: float
    temperature: float
    metrics: dict[str, Any]
    bits: int = 32  # of its weights, and of the activations
    int8: "Card | None" = None  # the same network in 8 bits

    @property
    def version(self) -> str:
        """Name and first digits of the hash, as readings cite them."""
        return f"{self.name}-{self.sha256[:8]}"

    @property
    def threshold(self) -> float:
        """Lowest score of a face, if this is a detector. Raises CardMismatchError."""
        score = self.metrics.get("threshold")
        if not isinstance(score, float):
            raise CardMismatchError(f"card of {self.file}: metrics.threshold must be below 1, got {score}")
        return score


def read_card(name: str, outputs: tuple[str, ...], folder: Path = MODELS) -> Card:
    """Read `<folder>/<name>.json`; check its outputs and its weights. Raises CardMismatchError."""
    path = folder / f"{name}.json"
    try:
        card = card_of(json.loads(path.read_text()), folder)
    except FileNotFoundError:
        raise CardMismatchError(f"{path}: no such model card") from None
    except OSError as error:
        raise CardMismatchError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CardMismatchError(f"{path}: not a model card: {error!r}") from error
    if card.outputs != outputs:
        raise CardMismatchError(f"{path}: its outputs are {card.outputs}, but this version needs {outputs}")
    check_weights(card)
    return card


def card_of(fields: dict[str, Any], folder: Path) -> Card:
    """Return the card of a JSON object, with weights in `folder`. Raises KeyError, ValueError, TypeError."""
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
    if (int8 := fields.get("int8")) is None:
        return card
    return replace(card, int8=replace(card, file=folder / int8["file"], sha256=int8["sha256"], bits=8))


def check_weights(card: Card) -> None:
    """Raise CardMismatchError unless the weight files have the card's hashes."""
    try:
        written = card.file.stat()
        sha256 = _hash(card.file, written.st_mtime_ns, written.st_size)
    except FileNotFoundError:
        raise CardMismatchError(f"{card.file}: no such weight file") from None
    except OSError as error:
        raise CardMismatchError(f"{card.file}: cannot be read: {error.strerror}") from error
    if sha256 != card.sha256:
        raise CardMismatchError(f"{card.file}: its sha256 is {sha256}, but its card says {card.sha256}")
    if card.int8 is not None:
        check_weights(card.int8)


@lru_cache(maxsize=16)
def _hash(file: Path, _written: int, _size: int) -> str:
    """Return a file's SHA-256; cached until the file changes, since readiness checks it each second."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
