"""Tuning of a walk of few steps to one denoiser, without training it: where its levels lie, and what its steps weigh.

The levels that a fine walk, the teacher's, is best cut down to are found by dynamic programming over what one jump
between any two of its levels errs (GITS, Chen et al. 2024), for which the teacher's own answers are enough. From there
the levels (LD3, Tong et al. 2025) and additive corrections of the solver's weights (GS, Oganov et al. 2025) are learnt
by gradient descent, so that the walk ends where the teacher's does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sfumato.diffusion import Condition, Denoiser, Level, NetDenoiser
from sfumato.diffusion.levels import broadcast
from sfumato.sampling.program import Arrive, Ask, trace
from sfumato.sampling.steppers import Stepper
from sfumato.sampling.tuned import Corrections

SHIFT = 1e-4  # of a level in log sigma, to see how a solver's weights change with it


@dataclass(frozen=True)
class Walked:
    """A walk with its answers: `x` and `x0_hat` at each of `levels` but the last, `(steps, batch, ...)`."""

    levels: Level
    x: Tensor
    x0_hat: Tensor


def jump_errors(walked: Walked) -> Tensor:
    """How far one first-order step from level i to j < steps ends from the walk, `(steps, steps + 1)`.

    Root mean square in x/alpha; infinite where j ≤ i. The last column is the jump to the clean end, the last answer.
    """
    levels, steps = walked.levels, len(walked.x)
    clean = [walked.x[i].double() / float(levels[i].alpha) for i in range(steps)]
    clean.append(walked.x0_hat[-1].double())
    ratio = levels.ratio
    errors = torch.full((steps, steps + 1), torch.inf, dtype=torch.float64)
    for i in range(steps):
        answer = walked.x0_hat[i].double()
        for j in range(i + 1, steps + 1):
            jumped = torch.lerp(answer, clean[i], float(ratio[j] / ratio[i]))
            errors[i, j] = (jumped - clean[j]).square().mean().sqrt()
    return errors


def cheapest(errors: Tensor, steps: int, amplified: float) -> list[int]:
    """The levels, from the first to the last, of the walk of `steps` jumps that errs least in all.

    What the jumps after one err counts `amplified` times as much, again and again (Chen et al. 2024 take 1.15).
    """
    fine = errors.shape[0]
    cost = torch.full((steps + 1, fine + 1), torch.inf, dtype=torch.float64)
    onward = torch.zeros(steps + 1, fine + 1, dtype=torch.int64)
    cost[0, fine] = 0
    for left in range(1, steps + 1):
        both = errors + amplified * cost[left - 1]
        cost[left, :fine], onward[left, :fine] = both.min(1)
    places = [0]
    for left in range(steps, 0, -1):
        places.append(int(onward[left, places[-1]]))
    return places


def weights_of(stepper: Stepper, grid: Level) -> Tensor:
    """What each step weighs, `(steps, 2·steps)`, float64: x at each level so far, then each answer so far."""
    steps = len(grid) - 1
    table = torch.zeros(steps, 2 * steps, dtype=torch.float64)
    column, asked, arrived = {0: 0}, 0, 0
    for register, line in enumerate(trace(stepper, grid).lines, 1):
        if isinstance(line, Ask):
            column[register] = steps + asked
            asked += 1
        elif isinstance(line, Arrive):
            for of, weight in line.terms:
                table[arrived, column[of]] = weight
            arrived += 1
            column[register] = arrived
    return table


@dataclass(frozen=True)
class Pairs:
    """Noise and where the teacher's walk leads it, `(count, ...)`; `denoiser(rows)` answers for some of them."""

    start: Tensor  # standard normal
    end: Tensor
    denoiser: Callable[[Sequence[int]], Denoiser]


def learn(
    stepper: Stepper, grid: Level, pairs: Pairs, iterations: int, batch: int, rate: float
) -> Iterator[tuple[Level, Corrections, float]]:
    """Learn levels and corrections of `stepper` from `grid`; yields both, and the loss, after each iteration.

    The first level stays, and the last is clean. The loss is how far the walk ends from the teacher's, root mean
    square over a sample. Which of the `pairs` each iteration takes is a function of its number.
    """
    steps = len(grid) - 1
    alpha, shrinks = grid.alpha[:-1], grid.ratio[:-1].log().diff().neg().log()
    logits = shrinks.clone().requires_grad_()
    added = torch.zeros(steps, steps + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([logits, added], betas=(0.9, 0.99))
    first = grid.ratio[:1].log()

    def levels_of(logits: Tensor) -> Level:
        ratio = torch.cat([first, first - logits.exp().cumsum(0)]).exp()
        size = (alpha**2 + grid.sigma[:-1] ** 2).sqrt()  # a common factor of both is free: it stays
        signal = size / (1 + ratio**2).sqrt()
        one, zero = torch.ones(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
        return Level(torch.cat([signal, one]), torch.cat([signal * ratio, zero]))

    for iteration in range(iterations):
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 + np.cos(np.pi * iteration / iterations)) / 2
        rows = [(iteration * batch + i) % len(pairs.start) for i in range(batch)]
        levels = levels_of(logits)
        table = _differentiable(lambda values: weights_of(stepper, levels_of(values)), logits)
        at_end = ended(levels, table, _scaled(added, levels), pairs.start[rows], pairs.denoiser(rows))
        loss = (at_end - pairs.end[rows]).flatten(1).square().mean(1).add(1e-8).sqrt().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            found = levels_of(logits)
            scaled = _scaled(added, found)
        yield found, tuple(tuple(scaled[k, : k + 2].tolist()) for k in range(steps)), float(loss.detach())


def _scaled(added: Tensor, levels: Level) -> Tensor:
    """Corrections of what x weighs at unit variance as those of x, which is as large as its level."""
    size = (levels.alpha**2 + levels.sigma**2).sqrt()[:-1]
    return torch.cat([added[:, :1] / size[:, None], added[:, 1:]], 1)


def _differentiable(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """`function(at)`, which knows no gradients, with those of its central differences."""
    values = at.detach()
    result = function(values)
    for index in range(len(values)):
        step = torch.zeros_like(values)
        step[index] = SHIFT
        slope = (function(values + step) - function(values - step)) / (2 * SHIFT)
        result = result + slope * (at[index] - values[index])
    return result


def ended(levels: Level, table: Tensor, added: Tensor, noise: Tensor, denoiser: Denoiser) -> Tensor:
    """Where the walk from standard normal `noise` ends whose steps weigh `table` and `added`, with gradients."""
    steps = len(levels) - 1
    size = float((levels.alpha[0] ** 2 + levels.sigma[0] ** 2).sqrt().detach())
    xs, answers = [noise * size], list[Tensor]()
    table = table.to(noise)
    extra = added.to(noise)
    for k in range(steps):
        answers.append(denoiser(xs[-1], levels[k]))
        x = extra[k, 0] * xs[-1]
        for j in range(k + 1):
            x = x + table[k, j] * xs[j] + (table[k, steps + j] + extra[k, j + 1]) * answers[j]
        xs.append(x)
    return xs[-1]


class Differentiable:
    """A network's denoiser that answers with gradients by the level `()` too; at both ends it has none."""

    def __init__(self, denoiser: NetDenoiser) -> None:
        self.denoiser = denoiser

    def __call__(self, x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        by = self.denoiser.parameterization
        skip, out = (broadcast(one, x) for one in by.skip_out(level))
        number = (level.ratio.log() / 4).clamp(-2, 2).to(x.dtype).to(x.device).expand(len(x))
        answer: Tensor = self.denoiser.net(broadcast(by.c_in(level), x) * x, number, **(cond or {}))
        return skip * x + out * answer.to(x.dtype)
