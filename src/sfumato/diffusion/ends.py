"""Ends: a network that answers, at the few levels that its walk visits, with where its teacher's walks end.

The teacher walks on from there in several steps, of which the network learns to make one (Luhman & Luhman 2021,
"Knowledge distillation in iterative generative models"). Where that walk leads is no matter of chance, so that, unlike
by its own answers, the network is told exactly what to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.diffusion.denoiser import Condition, Denoiser
from sfumato.diffusion.drifting import draw_visited
from sfumato.diffusion.levels import Level, rows_on
from sfumato.diffusion.objective import WEIGHTS, Drawn, Objective

Walked = Callable[[Tensor, Level, Condition | None, int], Tensor]
"""`(x, level, cond, steps)` → where a walk from x, at one level for all rows, ends in so many steps."""


@dataclass(frozen=True, eq=False)
class Ends(Objective):
    """How far answers are from where walks `end`, `(batch,)`: root mean square, times the root of `weight`.

    What is trained are the levels that a walk of so many `steps` down `schedule` visits, noise alone more often than
    the others. A walk from noise alone takes `walked` steps, and from less noise its share of them.
    """

    steps: int = 2
    walked: int = 6
    end: Walked | None = None

    def draw(self, shape: Sequence[int], generator: torch.Generator) -> Drawn:
        return draw_visited(self.schedule, self.steps, shape, generator)

    def loss(
        self, denoiser: Denoiser, x0: Tensor, cond: Condition | None, drawn: Drawn, fraction: float = 1.0
    ) -> Tensor:
        """The loss per sample `(batch,)` with what was drawn before."""
        assert self.end is not None
        x = drawn.level.add_noise(x0, drawn.eps.to(x0, non_blocking=True))
        ends = torch.empty_like(x)
        for step in range(1, self.steps + 1):
            level = self.schedule(torch.tensor(step / self.steps, dtype=torch.float64))
            here = drawn.level.sigma == level.sigma
            if here.any():
                rows = here.to(x.device)
                own = {name: value[rows] for name, value in (cond or {}).items()}
                steps = -(-self.walked * step // self.steps)
                with torch.no_grad():
                    ends[rows] = self.end(x[rows], level, own or None, steps)
        weights = WEIGHTS[self.weight](drawn.level.ratio**-2, self.data_std).sqrt()
        (weight,) = rows_on(x0, weights.numpy())
        error = (denoiser(x, drawn.level, cond) - ends).flatten(1)
        loss: Tensor = weight.flatten() * torch.linalg.vector_norm(error, dim=1) / error.shape[1] ** 0.5
        return loss
