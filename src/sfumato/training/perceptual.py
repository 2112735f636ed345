"""How different two pictures look to a network that knows photographs."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.nets.efficientnet import load_efficientnet

STAGES = (0, 2, 4, 10)  # the last blocks at a half, a quarter, an eighth and a sixteenth of the size


class Perceptual(nn.Module):
    """`(pictures, others) → (batch,)`: the mean squared distance of EfficientNet-Lite0's features at four stages.

    Features of each place have length 1 (Zhang et al. 2018, eq. 1, all channels weighed alike). Pictures are resized to
    what the network was trained at; at another size it knows nothing. Raises SfumatoError where the package that brings
    its weights is not installed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.net, self.weights = load_efficientnet()

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Of pictures `(batch, 1 or 3, height, width)` in [−1, 1]; `x` is compared with, and needs no gradient."""
        with torch.no_grad():
            wanted = self.net.stages(x, STAGES)
        found = self.net.stages(y, STAGES)
        pairs = zip(map(_unit, found), map(_unit, wanted), strict=True)
        return torch.stack([(own - other).square().sum(1).mean((1, 2)) for own, other in pairs]).mean(0)


def _unit(features: Tensor) -> Tensor:
    return F.normalize(features.float(), dim=1, eps=1e-4)
