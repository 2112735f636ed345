"""A model whose pictures are exact: no row depends on how many there are, to the bit."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from sfumato.diffusion import Condition, Level
from sfumato.hub import Model
from tiny import TINY


class Exact(nn.Module):
    """E[x0 | x] of Gaussian data, a Gaussian a class, row by row; it fails as a whole on a row that isn't finite."""

    def __init__(self, seed: int, seconds: Callable[[int], object] = lambda rows: None) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        means = torch.randn(len(TINY.classes) + 1, *TINY.shape, dtype=torch.float64, generator=generator) / 3
        self.means = nn.Parameter(means, requires_grad=False)
        self.seconds = seconds

    def forward(self, x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        self.seconds(len(x))
        if not bool(x.isfinite().all()):
            raise RuntimeError("a row isn't finite")
        mean = self.means[(cond or {})["label"]]
        alpha, sigma = (value.reshape(-1, 1, 1, 1) for value in (level.alpha, level.sigma))
        gain = alpha * 0.2 / (alpha**2 * 0.2 + sigma**2)
        return (mean + gain * (x.double() - alpha * mean)).to(x.dtype)


def exact(seed: int, seconds: Callable[[int], object] = lambda rows: None) -> Model:
    return Model(TINY, Exact(seed, seconds), f"exact {seed}")  # type: ignore[arg-type]
