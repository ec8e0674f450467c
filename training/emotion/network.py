"""The network that reads the expression of an aligned face."""

from torch import Tensor, nn

from engine.labels import LABELS
from training.emotion.batches import EmotionSettings
from training.resnet import Trunk


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
