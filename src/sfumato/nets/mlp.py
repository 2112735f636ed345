"""A residual MLP for points in the plane or in space, where a picture's UNet would have nothing to convolve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.arguments import bounded
from sfumato.nets.bounds import CLASSES, COUNT, DEPTH, WIDTH
from sfumato.nets.layers import ConditionEmbedding, zeroed
from sfumato.nets.protocol import NetDefaults, Parts, mismatch


@dataclass(frozen=True)
class MLPConfig(NetDefaults):
    """`dimension` of a point; `classes` (0: unconditional); `blocks` residual blocks of `width` features."""

    dimension: int
    classes: int = 0
    kind: Literal["mlp"] = "mlp"
    width: int = 128
    blocks: int = 3

    def __post_init__(self) -> None:
        bounded(self, dimension=COUNT, classes=CLASSES, width=WIDTH, blocks=DEPTH)

    def check_shape(self, shape: Sequence[int]) -> None:
        if tuple(shape) != (self.dimension,):
            raise mismatch(f"points of {self.dimension}", shape)


class MLPBlock(nn.Module):
    """`h + narrow(silu(widen(norm(h)) + modulate(embedding)))`, four times as wide inside."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, 4 * width)
        self.modulate = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, h: Tensor, embedding: Tensor) -> Tensor:
        out: Tensor = h + self.fc2(F.silu(self.fc1(self.norm(h)) + self.modulate(embedding)))
        return out


class MLP(nn.Module):
    """`net(x, c_noise, label) → Tensor` like `x`: `(batch, dimension)`; `c_noise` and `label` as in UNet."""

    def __init__(self, config: MLPConfig) -> None:
        super().__init__()
        self.config = config
        self.condition = ConditionEmbedding(config.width, config.classes)
        self.proj_in = nn.Linear(config.dimension, config.width)
        self.blocks = nn.ModuleList(MLPBlock(config.width) for _ in range(config.blocks))
        self.proj_out = zeroed(nn.Linear(config.width, config.dimension))

    def parts(self) -> Parts:
        blocks = [cast(MLPBlock, block) for block in self.blocks]
        return Parts(
            ends=(self.proj_in, self.proj_out),
            conditioning=(self.condition, *(block.modulate for block in blocks)),
            blocks=blocks,
            condition=self.condition,
        )

    def forward(self, x: Tensor, c_noise: Tensor, label: Tensor | None = None) -> Tensor:
        embedding = self.condition(c_noise, label)
        h = self.proj_in(x)
        for block in self.blocks:
            h = block(h, embedding)
        out: Tensor = self.proj_out(h)
        return out
