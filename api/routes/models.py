"""Model cards of the networks: their data, metrics and limits."""

import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter

from api.services import ServicesDep
from engine.detectors import YUNET
from engine.settings import DetectorName

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("")
async def list_models(services: ServicesDep) -> list[dict[str, Any]]:
    """Return the model cards that lie beside the weights."""
    return read_cards(services.settings.models, services.settings.detector)


def read_cards(folder: Path, detector: DetectorName) -> list[dict[str, Any]]:
    """Read all cards of a folder by name, with the card of the detector in use.

    Damaged cards are left out; /readyz reports them.
    """
    cards = [YUNET] if detector == "yunet" else []
    for path in sorted(folder.glob("*.json")):
        if path.stem == "detector" and detector != "mien":
            continue
        try:
            cards.append(json.loads(path.read_text()))
        except (OSError, ValueError):
            continue
    return cards
