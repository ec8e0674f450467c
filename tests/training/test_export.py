"""Exported files have the outputs of the network and a card that the engine reads; others are refused."""

import json
from pathlib import Path

import onnx
import pytest
import torch
from torch import Tensor, nn

from engine.card import MODELS, read_card
from engine.labels import LABELS
from engine.runtimes.onnx import OnnxRuntime
from training.emotion.network import EmotionNetwork
from training.export import EMOTION, ExportError, Signature, check, export
from training.resnet import Trunk

CARD = {"temperature": 1.5, "metrics": {}}


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return EmotionNetwork(Trunk(8, 3, [16, 16], [1, 1]), dropout=0.5).eval()


@pytest.fixture
def examples() -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [255 * torch.rand(count, 1, 96, 96, generator=generator) for count in (2, 5)]


def test_the_engine_reads_an_exported_network(
    tmp_path: Path, network: nn.Module, examples: list[Tensor]
) -> None:
    export(network, examples, EMOTION, CARD | {"limits": "few"}, tmp_path)
    card = read_card("emotion", LABELS, tmp_path)
    assert (card.mean, card.deviation, card.temperature) == (0.0, 1.0, 1.5)
    logits = OnnxRuntime(card.file).run({"crops": examples[1].numpy()})["logits"]
    assert torch.allclose(torch.from_numpy(logits), network(examples[1]), atol=1e-4)
    assert json.loads((tmp_path / "emotion.json").read_text())["limits"] == "few"


def test_a_weight_file_has_no_paths_of_the_machine(
    tmp_path: Path, network: nn.Module, examples: list[Tensor]
) -> None:
    checkout = str(Path(torch.__file__).parent).encode(), str(Path(__file__).parents[2]).encode()
    exported = export(network, examples, EMOTION, CARD, tmp_path)
    for weights in (exported, *MODELS.glob("*.onnx")):
        content = weights.read_bytes()
        assert not any(path in content for path in (*checkout, b"networks.py")), weights


class Flat(nn.Module):
    """A head that flattens its map, as a detector's."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(1, 3, 3, 2, 1)

    def forward(self, frames: Tensor) -> Tensor:
        return self.head(frames).flatten(2)  # type: ignore[no-any-return]


def test_shapes_are_constants_in_the_graph(tmp_path: Path) -> None:
    signature = Signature("flat", (), None, "frames", ("cells",), {0: "frames", 2: "height", 3: "width"})
    frames = [torch.rand(2, 1, 64, 96), torch.rand(3, 1, 32, 160)]  # two sizes, both of which `export` checks
    weights = export(Flat(), frames, signature, CARD, tmp_path)
    assert {node.op_type for node in onnx.load(weights).graph.node} == {"Conv", "Reshape"}


def test_a_file_of_other_weights_is_refused(
    tmp_path: Path, network: nn.Module, examples: list[Tensor]
) -> None:
    weights = export(network, examples, EMOTION, CARD, tmp_path)
    other = EmotionNetwork(Trunk(8, 3, [16, 16], [1, 1]), dropout=0.5).eval()
    with pytest.raises(
        ExportError, match=r"logits differs by .* in ONNX Runtime from PyTorch, more than 0\.001"
    ):
        check(weights, other, examples[0])


def test_a_refused_export_leaves_no_file(tmp_path: Path, network: nn.Module, examples: list[Tensor]) -> None:
    with torch.no_grad():
        network.get_parameter("head.weight").fill_(float("nan"))
    with pytest.raises(ExportError, match="logits differs by nan"):
        export(network, examples, EMOTION, CARD, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_incomplete_card_is_refused(tmp_path: Path, network: nn.Module, examples: list[Tensor]) -> None:
    with pytest.raises(ExportError, match="the card lacks temperature, metrics"):
        export(network, examples, EMOTION, {"limits": "few"}, tmp_path)
