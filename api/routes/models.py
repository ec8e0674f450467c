"""The cards of the networks that this service runs: what they are, and how good they are."""

import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter

from api.services import Here

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("")
async def list_models(here: Here) -> list[dict[str, Any]]:
    """The cards as they lie beside the weights."""
    return read_cards(here.settings.models)


def read_cards(folder: Path) -> list[dict[str, Any]]:
    """All cards of a folder by name; one that cannot be read is left to /readyz to tell."""
    cards = []
    for path in sorted(folder.glob("*.json")):
        try:
            cards.append(json.loads(path.read_text()))
        except (OSError, ValueError):
            continue
    return cards
