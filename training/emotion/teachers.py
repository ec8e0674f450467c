"""Knowledge distillation: larger networks give the targets of a smaller one (Hinton et al. 2015)."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from training.emotion.batches import EmotionSettings
from training.emotion.network import build_network
from training.state import device, read_checkpoint


class Ensemble(nn.Module):
    """(n, 1, 96, 96) pixels to (n, 7) probabilities: the mean of trained networks."""

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
