"""A weight file and its card are refused when they do not fit; one line says why."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from engine.card import MODELS, CardMismatchError, read_card
from engine.labels import KEYPOINTS, LABELS, LANDMARKS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in MODELS.glob("keypoints.*"):
        shutil.copy(file, tmp_path)
    return tmp_path


def change(folder: Path, **fields: Any) -> None:
    card = folder / "keypoints.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | fields))


@pytest.mark.parametrize(
    ("name", "outputs"), [("detector", LANDMARKS), ("keypoints", KEYPOINTS), ("emotion", LABELS)]
)
def test_shipped_weights_fit_their_cards(name: str, outputs: tuple[str, ...]) -> None:
    card = read_card(name, outputs)
    assert card.version == f"{name}-{card.sha256[:8]}"


def test_other_outputs_are_refused(folder: Path) -> None:
    change(folder, outputs=["nose"])
    with pytest.raises(
        CardMismatchError, match=r"its outputs are \('nose',\), but this version needs \('left_eye_center'"
    ):
        read_card("keypoints", KEYPOINTS, folder)


def test_damaged_weights_are_refused(folder: Path) -> None:
    weights = folder / "keypoints.onnx"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    with pytest.raises(
        CardMismatchError, match=r"keypoints.onnx: its sha256 is \w{64}, but its card says \w{64}$"
    ):
        read_card("keypoints", KEYPOINTS, folder)


def test_damaged_weights_of_8_bits_are_refused(folder: Path) -> None:
    weights = folder / "keypoints.int8.onnx"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    with pytest.raises(
        CardMismatchError, match=r"keypoints.int8.onnx: its sha256 is \w{64}, but its card says \w{64}$"
    ):
        read_card("keypoints", KEYPOINTS, folder)


@pytest.mark.parametrize(
    ("file", "reason"), [("keypoints.json", "no such model card"), ("keypoints.onnx", "no such weight file")]
)
def test_a_missing_file_is_named(folder: Path, file: str, reason: str) -> None:
    (folder / file).unlink()
    with pytest.raises(CardMismatchError, match=f"{file}: {reason}$"):
        read_card("keypoints", KEYPOINTS, folder)


@pytest.mark.parametrize("file", ["keypoints.json", "keypoints.onnx"])
def test_an_unreadable_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    (folder / file).mkdir()
    with pytest.raises(CardMismatchError, match=f"{file}: cannot be read: Is a directory$"):
        read_card("keypoints", KEYPOINTS, folder)


@pytest.mark.parametrize("text", ["{}", "[]", "not JSON", '{"name": 1'])
def test_a_file_that_is_no_card_is_refused(folder: Path, text: str) -> None:
    (folder / "keypoints.json").write_text(text)
    with pytest.raises(CardMismatchError, match="not a model card"):
        read_card("keypoints", KEYPOINTS, folder)


def test_shipped_weights_are_small() -> None:
    assert sum(file.stat().st_size for file in MODELS.glob("*.onnx")) <= 12_000_000
