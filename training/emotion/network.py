"""The network that reads the expression of an aligned face, and ensembles of it as teachers."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.labels import LABELS
from training.emotion.batches import EmotionSettings
from training.resnet import Trunk
from training.state import device, read_checkpoint


class EmotionNetwork(nn.Module):
    """(n, 1, 96, 96) pixels 0..255 to (n, 7) logits.

    FER2013's pictures are 48x48: a stem with stride 2 keeps all of their detail; one with stride 3 more than
    halves the cost of the later layers.
    """

    def __init__(self, trunk: Trunk, dropout: float) -> None:
        super().__init__()
        self.trunk = trunk
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(trunk.channels, len(LABELS))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.dropout(self.trunk(x).mean(dim=(2, 3))))  # type: ignore[no-any-return]


def build_network(settings: EmotionSettings) -> EmotionNetwork:
    """Return an untrained network of the size that the settings name."""
    trunk = Trunk(settings.stem_width, settings.stem_stride, settings.widths, settings.depths)
    return EmotionNetwork(trunk, settings.dropout)


class Ensemble(nn.Module):
    """(n, 1, 96, 96) pixels to (n, 7) probabilities: the mean of trained networks.

    They are the targets of a smaller network (knowledge distillation, Hinton et al. 2015).
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks).eval().requires_grad_(False)

    def forward(self, crops: Tensor) -> Tensor:
        return torch.stack([network(crops).float().softmax(dim=1) for network in self.networks]).mean(dim=0)


def read_teachers(runs: Sequence[str], folder: Path) -> Ensemble:
    """Read the averaged networks of these runs from their checkpoints in `folder`."""
    networks = []
    for run in runs:
        checkpoint = read_checkpoint(folder / f"{run}.pt")
        network = build_network(EmotionSettings(**checkpoint["settings"]))
        network.load_state_dict(checkpoint["average"])
        networks.append(network.to(device()))
    return Ensemble(networks)
