"""The cards of the networks that this service runs: what they are, and how good they are."""

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
    """The cards as they lie beside the weights."""
    return read_cards(services.settings.models, services.settings.detector)


def read_cards(folder: Path, detector: DetectorName) -> list[dict[str, Any]]:
    """All cards of a folder by name, with that of the detector in use; what is damaged /readyz tells."""
    cards = [YUNET] if detector == "yunet" else []
    for path in sorted(folder.glob("*.json")):
        if path.stem == "detector" and detector != "mien":
            continue
        try:
            cards.append(json.loads(path.read_text()))
        except (OSError, ValueError):
            continue
    return cards
