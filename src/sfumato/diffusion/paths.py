"""Paths through noise levels: what all schedules are, and the scales that they keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from sfumato.diffusion.levels import Level

Scale = Literal["preserving", "exploding", "flow"]


def level_at(logsnr: Tensor, scale: Scale) -> Level:
    """The level with this logSNR on a path of this scale; any shape, `±inf` allowed."""
    logsnr = logsnr.double()
    if scale == "preserving":
        return Level(torch.sigmoid(logsnr).sqrt(), torch.sigmoid(-logsnr).sqrt())
    if scale == "flow":
        return Level(torch.sigmoid(logsnr / 2), torch.sigmoid(-logsnr / 2))
    return Level(torch.ones_like(logsnr), torch.exp(-logsnr / 2))


@dataclass(frozen=True)
class Schedule:
    """Base of all schedules: values with parameters, which a config can hold. A subclass gives `__call__`.

    `steps` is the number of discrete timesteps that training counts (1000 unless a table says otherwise);
    timestep k in 1..steps lies at t = k/steps.
    """

    @property
    def scale(self) -> Scale:
        """What the path keeps."""
        return "preserving"

    @property
    def steps(self) -> int:
        return 1000

    def __call__(self, t: Tensor | float) -> Level:
        raise NotImplementedError

    def at(self, logsnr: Tensor) -> Level:
        """The level on this path with the given logSNR."""
        return level_at(logsnr, self.scale)

    def time(self, logsnr: Tensor) -> Tensor:
        """The t in [0, 1] at which the path has this logSNR (float64); values beyond the ends are clamped."""
        low, high = torch.zeros_like(logsnr, dtype=torch.float64), torch.ones_like(logsnr, dtype=torch.float64)
        for _ in range(60):  # logSNR falls with t, so halving the bracket 60 times reaches float64's limit
            middle = (low + high) / 2
            noisier = self(middle).logsnr < logsnr
            low, high = torch.where(noisier, low, middle), torch.where(noisier, middle, high)
        return (low + high) / 2


def as_time(t: Tensor | float) -> Tensor:
    """A time in float64, as all that is computed of it."""
    return torch.as_tensor(t, dtype=torch.float64)
