"""The network that reads the expression of an aligned face."""

from torch import Tensor, nn

from engine.labels import LABELS
from training.resnet import Trunk


class EmotionNetwork(nn.Module):
    """(n, 1, 96, 96) pixels to (n, 7) logits.

    FER2013's pictures are 48x48: a stem that shrinks by 2 keeps all there is of them, one that shrinks by 3
    makes all that follows cost less than half.
    """

    def __init__(self, trunk: Trunk, dropout: float) -> None:
        super().__init__()
        self.trunk = trunk
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(trunk.width, len(LABELS))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.dropout(self.trunk(x).mean(dim=(2, 3))))  # type: ignore[no-any-return]
