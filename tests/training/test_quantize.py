"""An 8-bit network says about the same as the one it was made of, and its last layer keeps its precision."""

from pathlib import Path

import numpy as np
import onnx
import torch

from engine.runtimes.onnx import OnnxRuntime
from training.export import EMOTION, export
from training.networks import EmotionNetwork, Trunk
from training.quantize import quantize

CARD = {"name": "emotion", "outputs": [], "input_size": [96, 96], "temperature": 1.0, "metrics": {}}


def test_an_8_bit_network_answers_like_its_original(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = EmotionNetwork(Trunk(8, 3, [16, 16], [1, 1]), dropout=0.0).eval()
    crops = 255 * torch.rand(8, 1, 96, 96, generator=torch.Generator().manual_seed(0))
    whole = export(network, [crops[:2], crops[:3]], EMOTION, CARD, tmp_path)
    small = tmp_path / "small.onnx"
    quantize(whole, [{"crops": crop[None].numpy()} for crop in crops], small)
    before, after = (OnnxRuntime(file).run({"crops": crops.numpy()})["logits"] for file in (whole, small))
    assert 0 < np.abs(after - before).max() < 0.1 * np.abs(before).max()
    stored = {tensor.name: tensor.data_type for tensor in onnx.load(small).graph.initializer}
    kinds = [kind for name, kind in stored.items() if "head" in name]
    assert kinds
    assert set(kinds) == {onnx.TensorProto.FLOAT}
    assert onnx.TensorProto.INT8 in stored.values()
