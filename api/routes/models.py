"""Model cards of the networks: their data, metrics and limits."""

import json
from typing import Any

from fastapi import APIRouter

from api.services import ServicesDep
from engine.detectors import YUNET

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("")
async def list_models(services: ServicesDep) -> list[dict[str, Any]]:
    """Return the model cards of the networks in use, by name.

    Damaged cards are left out; /readyz reports them.
    """
    detector = services.settings.detector
    cards = [YUNET] if detector == "yunet" else []
    for path in sorted(services.settings.models.glob("*.json")):
        if path.stem == "detector" and detector != "mien":
            continue
        try:
            cards.append(json.loads(path.read_text()))
        except (OSError, ValueError):
            continue
    return cards
