"""Layers that both networks share."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def zeroed(layer: nn.Linear | nn.Conv2d) -> nn.Linear | nn.Conv2d:
    """The same layer, answering zero: a residual branch then starts as the identity, a network as the zero map."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class NoiseEmbedding(nn.Module):
    """c_noise `(batch,)`, about [−2, 2], → features `(batch, width)` through sinusoids and a two-layer MLP.

    The wavelengths run from twice that range down to a 64th of it: fine enough to tell neighbouring levels of a
    1,000-step grid apart, coarse enough to stay smooth in between.
    """

    frequencies: Tensor

    def __init__(self, width: int, waves: int = 32) -> None:
        super().__init__()
        frequencies = 2 * math.pi / torch.logspace(math.log2(8), math.log2(1 / 16), waves, base=2)
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.mlp = nn.Sequential(nn.Linear(2 * waves, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, noise: Tensor) -> Tensor:
        angle = noise[:, None] * self.frequencies
        out: Tensor = self.mlp(torch.cat([angle.cos(), angle.sin()], dim=1))
        return out
