"""The one sampling loop. Command line, reports, tests and every viewer read this same stream of steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.diffusion import Condition, Denoiser, Level
from sfumato.diffusion.levels import broadcast
from sfumato.sampling.steppers import Noise, Stepper


@dataclass(frozen=True)
class Step:
    """What sampling looks like after `index` of `total` steps.

    `x` is the picture at `level`; `x0_hat` the denoiser's latest guess of where it will end (None before the
    first call); `calls` how often the denoiser has been asked so far.
    """

    index: int
    total: int
    level: Level
    x: Tensor
    x0_hat: Tensor | None
    calls: int


def sample(
    denoiser: Denoiser,
    grid: Level,
    stepper: Stepper,
    noise: Noise,
    cond: Condition | None = None,
    start: Tensor | None = None,
    analytical: Denoiser | None = None,
) -> Iterator[Step]:
    """Walk down `grid` (a Level of shape `(steps + 1,)`), yielding the start and then every step.

    `noise()` gives standard normal noise `(batch, ...)` (see ImageNoise). The walk begins at `start`, by default noise
    of the variance that unit-variance data has at `grid[0]`, alpha² + sigma². `analytical` answers the first question
    in the denoiser's place, at no call (the analytical first step; see Gaussian). The last Step's `x` is the result.
    """
    total = len(grid) - 1
    levels = [grid[index] for index in range(total + 1)]
    if start is None:
        x = noise()
        x = x * broadcast((grid[0].alpha.square() + grid[0].sigma.square()).sqrt(), x)
    else:
        x = start
    state = stepper.init(x, grid)
    answers: list[Tensor] = []
    calls, free = 0, analytical

    def denoise(at: Tensor, level: Level) -> Tensor:
        nonlocal calls, free
        if free is not None:
            answers[:], free = [free(at, level, cond)], None
        else:
            calls += 1
            answers[:] = [denoiser(at, level, cond)]
        return answers[0]

    yield Step(0, total, levels[0], x.clone(), None, 0)  # copies: what a reader writes into them is the reader's own
    for index in range(total):
        with torch.no_grad():  # around the step alone: a generator must not leak the mode to whoever reads it
            x, state = stepper.step(denoise, x, levels[index], levels[index + 1], state, noise)
        yield Step(index + 1, total, levels[index + 1], x.clone(), answers[0].clone(), calls)


def last(steps: Iterator[Step]) -> Step:
    """The final step of a stream."""
    final = None
    for step in steps:
        final = step
    if final is None:
        raise ValueError("the stream holds no steps")
    return final
