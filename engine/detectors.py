"""Detectors to choose from: the shipped one, and YuNet, whose weights `mien models get yunet` downloads."""

from pathlib import Path
from typing import Any

from engine.card import MODELS, Card, CardMismatchError, card_of, check_weights, read_card
from engine.labels import LANDMARKS
from engine.settings import DetectorName
from ingest.settings import data_folder

YUNET: dict[str, Any] = {
    "name": "yunet",
    "file": "yunet.onnx",
    "sha256": "daede24002cc8590f457998cc5e6c9e8b82f45f6bd969506a8913cd4ed10a2d3",
    "outputs": list(LANDMARKS),
    "input_size": None,
    "mean": 0.0,
    "deviation": 1.0,
    "temperature": 1.0,
    # On 169 pictures, whose boxes it helped to draw: recall .996, 4 false positives; at 0.8: .963 and 1.
    "metrics": {"threshold": 0.6},
    "bytes": 237_823,
    "source": "https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/"
    "0047ac24afb1a50a0c6105001c89d1b5b805dbf1/onnx/yunet_s_dynamic.onnx",
    "data": "WIDER FACE (Yang et al. 2016), by those who made it",
    "limits": "Faces on statues, paintings and posters count; full profiles and backs of heads often do not.",
    "terms": "Weights: MIT. WIDER FACE: research use.",
    "not_for": "identifying people, counting crowds, deciding anything about a person",
}


def weights_folder(data: Path) -> Path:
    """Return the folder of downloaded weights in the data folder."""
    return data / "models"


def detector_card(name: DetectorName, models: Path = MODELS, data: Path | None = None) -> Card:
    """Return the card of a detector, YuNet's from the data folder `data`. Raises CardMismatchError."""
    if name == "mien":
        return read_card("detector", LANDMARKS, models)
    card = card_of(YUNET, weights_folder(data or data_folder()))
    if not card.file.exists():
        raise CardMismatchError(f"{card.file}: no such weight file; `mien models get yunet` downloads it")
    check_weights(card)
    return card
