"""Residual blocks without normalisation, of the baselines, the autoencoder and its critic."""

from __future__ import annotations

import math
from typing import TypeVar

import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.nets.layers import zeroed

Layer = TypeVar("Layer", nn.Linear, nn.Conv2d)
SLOPE = 0.2  # of leaky ReLUs below 0
GAIN = math.sqrt(2 / (1 + SLOPE**2))  # of what comes behind a leaky ReLU


class Residual(nn.Module):
    """`x + conv(φ(conv(φ(x))))` without normalisation, at first the identity (Huang et al. 2024, section 4)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = he(nn.Conv2d(width, width, 3, padding=1))
        self.conv2 = zeroed(nn.Conv2d(width, width, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.conv2(F.leaky_relu(self.conv1(F.leaky_relu(x, SLOPE)), SLOPE))
        return out


def he(layer: Layer, gain: float = GAIN) -> Layer:
    """`layer` with weights that keep the variance behind a leaky ReLU or, with `gain` 1, nothing (He et al. 2015)."""
    nn.init.normal_(layer.weight, std=gain / math.sqrt(layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
