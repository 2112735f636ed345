"""Rows of a batch, as they are trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch.nn.functional as F
from torch import Tensor

from sfumato.diffusion import Level


@dataclass(frozen=True)
class Slice:
    """Rows of a batch, as they are trained: `x0` and `eps` `(rows, ...)`, a level and a condition a row; on the CPU."""

    x0: Tensor
    cond: dict[str, Tensor]
    level: Level
    eps: Tensor


def halved(part: Slice) -> Slice:
    """The same rows at half the height and width; their noise has unit variance again."""
    x0, eps = (F.avg_pool2d(pixels, 2) for pixels in (part.x0, part.eps))
    return replace(part, x0=x0, eps=2 * eps, cond=halved_images(part.cond))


def halved_images(told: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What the network is told by name, with images `(batch, channels, height, width)` at half the height and width."""
    return {name: F.avg_pool2d(value, 2) if value.ndim == 4 else value for name, value in told.items()}
