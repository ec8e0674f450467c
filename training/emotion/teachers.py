"""Larger networks teach a smaller one: what they think of each crop as it is shown (Hinton et al. 2015)."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from training.emotion.batches import Settings
from training.emotion.network import EmotionNetwork
from training.paths import CHECKPOINTS
from training.resnet import Trunk
from training.state import averaged, device, kept_settings


def build(settings: Settings) -> EmotionNetwork:
    """A fresh network of this size."""
    trunk = Trunk(settings.stem, settings.stride, settings.widths, settings.depths)
    return EmotionNetwork(trunk, settings.dropout)


class Teachers(nn.Module):
    """The mean opinion of trained networks: (n, 1, 96, 96) pixels to (n, 7) probabilities."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks).eval().requires_grad_(False)

    def forward(self, crops: Tensor) -> Tensor:
        return torch.stack([network(crops).float().softmax(dim=1) for network in self.networks]).mean(dim=0)


def read_teachers(runs: Sequence[str], folder: Path = CHECKPOINTS) -> Teachers:
    """The averaged networks of these runs, from their checkpoints."""
    networks = []
    for run in runs:
        checkpoint = folder / f"{run}.pt"
        network = build(kept_settings(checkpoint, Settings))
        network.load_state_dict(averaged(checkpoint))
        networks.append(network.to(device()))
    return Teachers(networks)
