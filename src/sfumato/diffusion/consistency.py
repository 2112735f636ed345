"""Consistency: a network that answers, from any level, with the clean end of its walk (Song et al. 2023).

It is trained by its own answers. Two levels of one walk lead to one end, so what it answers at the noisier one is to be
what it answers at the cleaner one, and on clean data that is the sample itself. The direction of the walk from x to
there is known but for chance from the sample that x was made of (easy consistency tuning: Geng et al. 2025).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.diffusion.denoiser import Condition, Denoiser
from sfumato.diffusion.levels import Level, rows_on
from sfumato.diffusion.objective import WEIGHTS, Drawn, Objective


def lower(level: Level, closeness: float, data_std: float) -> Level:
    """The cleaner level `(batch,)` that answers at `level` are compared with: the nearer, the greater `closeness`.

    sigma/alpha shrinks by the share (1 + 8·sigmoid(−sigma/alpha))/closeness, down to 0 (Geng et al. 2025, section 3.3).
    """
    ratio = level.ratio
    share = (1 + 8 * torch.sigmoid(-0.5 / data_std * ratio)) / closeness  # theirs is for a deviation of 0.5
    return Level(torch.ones_like(ratio), ratio * (1 - share).clamp(min=0))


@dataclass(frozen=True, eq=False)
class Consistency(Objective):
    """The distance of the answers at two levels of one walk, `(batch,)`, times the root of `weight` (see Objective).

    The root mean square over a sample, which unlike its square lets the levels come near; by "edm" a network's output
    is pulled as hard at each level. `closeness` is that of the
    levels: the nearer, the more of what is compared is rounding, in bf16 from about 100 on. It grows to that, by the
    same factor in each part of the budget, from `closeness_from`: levels far apart teach fast, and near ones truly.
    `guided` adds to the sample what it is for walks under guidance: `(x, level, cond) → shift`.
    """

    closeness: float = 16.0
    closeness_from: float | None = None
    guided: Denoiser | None = None

    def loss(
        self, denoiser: Denoiser, x0: Tensor, cond: Condition | None, drawn: Drawn, fraction: float = 1.0
    ) -> Tensor:
        """The loss per sample `(batch,)` with what was drawn before, where a `fraction` of the budget is spent."""
        first = self.closeness if self.closeness_from is None else self.closeness_from
        closeness = first * (self.closeness / first) ** fraction
        here = Level(torch.ones_like(drawn.level.sigma), drawn.level.ratio)
        there = lower(here, closeness, self.data_std)
        counts = WEIGHTS[self.weight](here.ratio**-2, self.data_std).sqrt()
        high, low, weight = rows_on(x0, here.numbers[1], there.numbers[1], counts.numpy())
        x = x0 + high * drawn.eps.to(x0, non_blocking=True)
        # The same dropout in both calls: as the block ends, the generators are where they were as it began.
        with torch.no_grad(), torch.random.fork_rng([x0.device] if x0.device.type == "cuda" else []):
            end = x0 if self.guided is None else x0 + self.guided(x, here, cond)
            answer = denoiser(torch.lerp(end, x, low / high), there, cond)
            answer = torch.where(low > 0, answer, end)
        error = (denoiser(x, here, cond) - answer).flatten(1)
        loss: Tensor = weight.flatten() * torch.linalg.vector_norm(error, dim=1) / error.shape[1] ** 0.5
        return loss
