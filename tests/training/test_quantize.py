"""An 8-bit network says about the same as the one it was made of, else it is not shipped."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor

from engine.runtimes.onnx import OnnxRuntime
from training.emotion.network import EmotionNetwork
from training.export import EMOTION, ExportError, export
from training.quantize import Subject, quantize, ship
from training.resnet import Trunk

CARD: dict[str, Any] = {
    "name": "emotion",
    "outputs": [],
    "input_size": [96, 96],
    "temperature": 1.0,
    "metrics": {},
}


@pytest.fixture
def crops() -> Tensor:
    return 255 * torch.rand(8, 1, 96, 96, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def whole(tmp_path: Path, crops: Tensor) -> Path:
    """An untrained network's file, with its card beside it."""
    torch.manual_seed(0)
    network = EmotionNetwork(Trunk(8, 3, [16, 16], [1, 1]), dropout=0.0).eval()
    return export(network, [crops[:2], crops[:3]], EMOTION, CARD, tmp_path)


def test_an_8_bit_network_answers_like_its_original(whole: Path, crops: Tensor, tmp_path: Path) -> None:
    small = tmp_path / "small.onnx"
    quantize(whole, [{"crops": crop[None].numpy()} for crop in crops], small)
    before, after = (OnnxRuntime(file).run({"crops": crops.numpy()})["logits"] for file in (whole, small))
    assert 0 < np.abs(after - before).max() < 0.1 * np.abs(before).max()
    stored = {tensor.name: tensor.data_type for tensor in onnx.load(small).graph.initializer}
    kinds = [kind for name, kind in stored.items() if "head" in name]
    assert kinds
    assert set(kinds) == {onnx.TensorProto.FLOAT}
    assert onnx.TensorProto.INT8 in stored.values()


def test_it_is_shipped_beside_its_original_unless_it_loses_too_much(
    whole: Path, crops: Tensor, tmp_path: Path
) -> None:
    worth = iter([0.9, 0.85, 0.9, 0.88])
    examples = [{"crops": crop[None].numpy()} for crop in crops]
    subject = Subject("emotion", examples, "accuracy", lambda _: next(worth), most=0.03)
    before = whole.with_suffix(".json").read_text()
    with pytest.raises(
        ExportError, match=r"^emotion in 8 bits: expected accuracy 0.9 within 0.03, actual 0.85$"
    ):
        ship(subject, tmp_path)
    assert whole.with_suffix(".json").read_text() == before
    assert not (tmp_path / "emotion.int8.onnx").exists()
    assert ship(subject, tmp_path).startswith("emotion: accuracy 0.9000 -> 0.8800, ")
    told = json.loads(whole.with_suffix(".json").read_text())["int8"]
    actual = hashlib.sha256((tmp_path / told["file"]).read_bytes()).hexdigest()
    assert (told["sha256"], told["validation"]) == (actual, {"accuracy": 0.88})
