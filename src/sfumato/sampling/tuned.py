"""A walk tuned to one model, as numbers: levels of its own, and what was learnt to add to its solver's weights."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from sfumato.diffusion import Level
from sfumato.diffusion.levels import add_to
from sfumato.errors import SfumatoError
from sfumato.sampling.calls import Asking, Call, relay
from sfumato.sampling.steppers import Noise, Stepper

Corrections = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Tuned:
    """How the model whose weights have the SHA-256 `weights` walks in a few steps (see tuning.py).

    `levels` are (alpha, sigma), noisiest first and the last one clean. `corrections` have a row a step: what is added
    to the solver's weights of x and of each answer x0_hat so far, oldest first; without any, the step is the plain one.
    """

    weights: str
    levels: tuple[tuple[float, float], ...]
    corrections: Corrections = ()

    def __post_init__(self) -> None:
        numbers = [*self.levels, *self.corrections]
        if not all(math.isfinite(number) for row in numbers for number in row):
            raise SfumatoError("a tuned walk holds numbers that are not finite; tune again.")
        falling = all(a * sigma > alpha * s >= 0 for (alpha, sigma), (a, s) in pairwise(self.levels))
        if len(self.levels) < 2 or not falling or self.levels[-1][1] != 0:
            raise SfumatoError("the levels of a tuned walk fall to a clean end, sigma = 0; tune again.")
        if self.corrections and [len(row) for row in self.corrections] != list(range(2, self.steps + 2)):
            raise SfumatoError(
                f"the corrections of a walk of {self.steps} steps have a row a step, of 2 to {self.steps + 1} numbers; "
                "tune again."
            )

    @property
    def steps(self) -> int:
        return len(self.levels) - 1

    @property
    def grid(self) -> Level:
        """The levels, `(steps + 1,)`."""
        return Level(*torch.tensor(self.levels, dtype=torch.float64).T)

    @property
    def words(self) -> str:
        """What it is tuned to, for people."""
        return f"to weights {self.weights[:12]}"

    def over(self, stepper: Stepper) -> Stepper:
        """`stepper` with the corrections."""
        return Corrected(stepper, self.corrections) if self.corrections else stepper


@dataclass(frozen=True)
class Corrected:
    """`base`, which asks once a step, with `corrections` added to what its steps weigh (see Tuned).

    They are those of a whole walk, which begins at its first level.
    """

    base: Stepper
    corrections: Corrections

    def init(self, x: Tensor, grid: Level | None = None) -> tuple[Any, tuple[Tensor, ...]]:
        return self.base.init(x, grid), ()

    def step(
        self, x: Tensor, here: Level, there: Level, state: tuple[Any, tuple[Tensor, ...]], noise: Noise
    ) -> Asking[tuple[Tensor, tuple[Any, tuple[Tensor, ...]]]]:
        own, known = state
        answers = list(known)

        def heard(call: Call) -> Generator[Call, Tensor, Tensor]:
            answers.append((yield call))
            return answers[-1]

        moved, own = yield from relay(self.base.step(x, here, there, own, noise), heard)
        weights = self.corrections[len(known)]
        if any(weights):
            moved = moved.clone()
            for weight, tensor in zip(weights, (x, *answers), strict=True):
                add_to(moved, weight, tensor)
        return moved, (own, tuple(answers))
