"""What the generator, the discriminator, the encoder and the decoder are made of: pictures to vectors, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.nets.residual import GAIN, SLOPE, Residual, he

COARSEST, BLOCKS = 4, 1  # pixels a side of the coarsest stage, blocks a stage


class Down(nn.Module):
    """Pictures `(batch, channels, height, width)` → vectors `(batch, width)`, where `width` is the coarsest stage's."""

    def __init__(self, shape: Sequence[int], width: int) -> None:
        super().__init__()
        channels, *sides = shape
        sizes, widths = stages(sides, width)
        self.enter = he(nn.Conv2d(channels, widths[0], 3, padding=1), gain=1)
        self.blocks = nn.ModuleList(nn.Sequential(*(Residual(own) for _ in range(BLOCKS))) for own in widths)
        self.widen = nn.ModuleList(he(nn.Conv2d(fine, coarse, 1), gain=1) for fine, coarse in pairwise(widths))
        self.gather = nn.Parameter(GAIN * torch.randn(width, *sizes[-1]) / math.sqrt(math.prod(sizes[-1])))

    def forward(self, x: Tensor) -> Tensor:
        h = self.enter(x)
        for number, blocks in enumerate(self.blocks):
            if number:
                h = self.widen[number - 1](F.avg_pool2d(h, 2, ceil_mode=True))
            h = blocks(h)
        return (F.leaky_relu(h, SLOPE) * self.gather).sum((2, 3))


class Up(nn.Module):
    """Vectors `(batch, inputs)` → pictures `(batch, channels, height, width)`: `Down`, the other way round."""

    def __init__(self, shape: Sequence[int], width: int, inputs: int) -> None:
        super().__init__()
        channels, *sides = shape
        self.sizes, widths = stages(sides, width)
        self.spread = he(nn.Linear(inputs, width * math.prod(self.sizes[-1])), gain=1)
        self.blocks = nn.ModuleList(nn.Sequential(*(Residual(own) for _ in range(BLOCKS))) for own in widths)
        self.narrow = nn.ModuleList(he(nn.Conv2d(coarse, fine, 1), gain=1) for fine, coarse in pairwise(widths))
        self.leave = he(nn.Conv2d(widths[0], channels, 3, padding=1))

    def forward(self, vector: Tensor) -> Tensor:
        h = self.spread(vector).unflatten(1, (-1, *self.sizes[-1]))
        for number in reversed(range(len(self.sizes))):
            h = self.blocks[number](h)
            if number:
                h = F.interpolate(self.narrow[number - 1](h), size=self.sizes[number - 1], mode="nearest")
        out: Tensor = self.leave(F.leaky_relu(h, SLOPE))
        return out


def stages(sides: Sequence[int], width: int) -> tuple[list[tuple[int, int]], list[int]]:
    """The sizes of the stages, finest first, each half of the one before, and their widths, which double to `width`."""
    number = 1 + max(0, math.ceil(math.log2(max(sides) / COARSEST)))
    sizes = [(-(-sides[0] // 2**stage), -(-sides[1] // 2**stage)) for stage in range(number)]
    return sizes, [max(8, width // 2**stage) for stage in reversed(range(number))]


class Labels(nn.Module):
    """A class `(batch,)` as a vector `(batch, width)` of unit variance; of no numbers at all without classes."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.width = width if classes else 0
        self.embedding = nn.Embedding(classes, width) if classes else None

    def forward(self, label: Tensor | None, like: Tensor) -> Tensor:
        if self.embedding is None or label is None:
            return torch.empty(len(like), 0, device=like.device)
        out: Tensor = self.embedding(label)
        return out
