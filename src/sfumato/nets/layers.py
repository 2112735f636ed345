"""Layers that the networks share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def zeroed(layer: nn.Linear | nn.Conv2d) -> nn.Linear | nn.Conv2d:
    """The same layer, answering zero: a residual branch then starts as the identity, a network as the zero map."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


THETA = 100.0  # between the fastest and the slowest rotation (Heo et al. 2024, section 3.2)


def rope_speeds(count: int, device: torch.device) -> Tensor:
    """How far `count` pairs of features turn from one place to the next, in radians: from 1 down to 1/THETA."""
    return THETA ** -torch.linspace(0, 1, count, device=device)


def apply_rope(x: Tensor, angles: Tensor) -> Tensor:
    """Pairs of the features of `x` `(batch, heads, tokens, size)` rotated by `angles` (Su et al. 2021, eq. 13)."""
    cos, sin = angles.cos(), angles.sin()
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)


FEW_KEYS = 256  # of which a query's weights are small enough to be kept


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    """Attention `(batch, heads, queries, size)` of each query to the keys, or to those where `mask` is true.

    Over as few keys as networks for small pictures have, PyTorch's kernel is slow backwards in bf16 on a CPU: by its
    parts, one by one, a step takes a fifth less time (`python benchmarks/clips.py --steps`).
    """
    if not (query.requires_grad and query.dtype is torch.bfloat16 and query.is_cpu and key.shape[-2] <= FEW_KEYS):
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
    weights = scores if mask is None else scores.masked_fill(~mask, -math.inf)
    mixed: Tensor = weights.softmax(-1).to(value) @ value
    return mixed


class NoiseEmbedding(nn.Module):
    """c_noise `(batch,)`, about [−2, 2], → features `(batch, width)` through sinusoids and a two-layer MLP.

    The wavelengths run from twice that range down to a 64th of it: fine enough to tell neighbouring levels of a
    1,000-step grid apart, coarse enough to stay smooth in between.
    """

    frequencies: Tensor

    def __init__(self, width: int, waves: int = 32) -> None:
        super().__init__()
        # On the CPU: what computes logspace on the meta device takes longer to import than a model to load.
        frequencies = 2 * math.pi / torch.logspace(math.log2(8), math.log2(1 / 16), waves, base=2, device="cpu")
        self.register_buffer("frequencies", frequencies.to(torch.get_default_device()), persistent=False)
        self.mlp = nn.Sequential(nn.Linear(2 * waves, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, noise: Tensor) -> Tensor:
        angle = noise[:, None] * self.frequencies
        out: Tensor = self.mlp(torch.cat([angle.cos(), angle.sin()], dim=1))
        return out


class ConditionEmbedding(nn.Module):
    """The noise level and, if there are any, class, prompt and numbers, as one vector `(batch, width)` for every block.

    `label` is int64 `(batch,)` in 0..classes, where `classes` itself (the default) is the null class; `prompt` features
    `(batch, text)`; `numbers` one for each of its encoders of numbers, None where it isn't given; `frame`
    `(batch, width)` says which frame of a clip it is.
    """

    def __init__(self, width: int, classes: int, text: int = 0) -> None:
        super().__init__()
        self.classes = classes
        self.noise = NoiseEmbedding(width)
        self.label = nn.Embedding(classes + 1, width) if classes else None
        self.prompt = nn.Linear(text, width) if text else None
        self.numbers = nn.ModuleList()  # encoders of numbers and vectors (see conditions.py)

    @torch.no_grad()
    def adopt_classes(self, source: ConditionEmbedding, known: Mapping[int, int]) -> None:
        """Go on from the classes of `source`, whose other weights are here already; `known` has its number of one here.

        The null class is its null class, or where `source` has none adds nothing; other classes keep the random rows
        that they have here. Without a class here, the null class of `source` becomes part of a bias: what it answers
        without one stays the same.
        """
        if self.label is not None and source.label is not None:
            self.label.weight[-1] = source.label.weight[-1]
            for number, before in known.items():
                self.label.weight[number] = source.label.weight[before]
        elif self.label is not None:
            self.label.weight[-1].zero_()  # the others as well would take thousands of images to part
        elif source.label is not None:
            bias = cast(nn.Linear, self.noise.mlp[2]).bias
            bias.copy_(bias + source.label.weight[-1].to(bias))

    def forward(
        self,
        c_noise: Tensor,
        label: Tensor | None,
        prompt: Tensor | None = None,
        numbers: Sequence[Tensor | None] = (),
        frame: Tensor | None = None,
    ) -> Tensor:
        embedding: Tensor = self.noise(c_noise)
        if frame is not None:
            embedding = embedding + frame
        if self.label is not None:
            null = torch.full((c_noise.shape[0],), self.classes, device=c_noise.device) if label is None else label
            embedding = embedding + self.label(null)
        if self.prompt is not None and prompt is not None:
            embedding = embedding + self.prompt(prompt)
        for encode, number in zip(self.numbers, numbers, strict=True):
            if number is not None:
                embedding = embedding + encode(number)
        return F.silu(embedding)
