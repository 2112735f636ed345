"""Walks: generators that yield a call and are sent its answer, and show where they have arrived."""

from __future__ import annotations

from collections.abc import Callable, Generator
from itertools import pairwise
from typing import Any

from torch import Tensor

from sfumato.diffusion import Condition, Denoiser, Level
from sfumato.diffusion.levels import broadcast
from sfumato.errors import SfumatoError
from sfumato.sampling.calls import Call, Guided, Rows, Rule, Step, Walk, relay
from sfumato.sampling.guidance import plain
from sfumato.sampling.steppers import Noise, Stepper

OwnSteps = Generator[tuple[Tensor, Level], Tensor, Tensor]  # yields (x, level), is sent x0_hat, returns the last x
OwnWalk = Callable[[Tensor, Level, Noise], OwnSteps]


def walk(
    stepper: Stepper | OwnWalk,
    grid: Level,
    noise: Noise,
    start: Tensor | None = None,
    finish: Callable[[Tensor], Tensor] | None = None,
) -> Walk:
    """Down `grid`, a Level of shape `(steps + 1,)`: yields its calls, the start and every step.

    `noise()` gives standard normal noise `(batch, ...)` (see ImageNoise). The walk begins at `start`, by default noise
    of the variance that unit-variance data has at `grid[0]`, alpha² + sigma². `finish` has the last word on the last
    picture. A walk of one's own takes the place of the stepper: a generator function of the start, the grid and
    `noise` that yields `(x, level)`, is sent x0_hat, and returns the picture where it ends.
    """
    total, levels = len(grid) - 1, list(grid)
    if start is None:
        start = noise()
        start = start * broadcast((grid[0].alpha.square() + grid[0].sigma.square()).sqrt(), start)

    def arrived(index: int, x: Tensor) -> Step:
        x = finish(x) if finish is not None and index == total else x
        return Step(index, total, levels[index], x.clone())  # a copy: what a reader writes into it is the reader's own

    yield arrived(0, start)
    if callable(stepper):
        yield from _own(stepper(start, grid, noise), start, levels, arrived)
        return
    x, state = start, stepper.init(start, grid)
    for index, (here, there) in enumerate(pairwise(levels), 1):
        x, state = yield from stepper.step(x, here, there, state, noise)
        other = yield arrived(index, x)
        x = x if other is None else other


def _own(steps: OwnSteps, start: Tensor, levels: list[Level], arrived: Callable[[int, Tensor], Step]) -> Walk:
    """A walk of one's own: where it asks at the grid's next level, it has arrived there."""
    index = 0

    def reply(event: tuple[Tensor, Level]) -> Generator[Call | Step, Any, Tensor]:
        nonlocal index
        x, level = event
        if index + 2 < len(levels) and level.numbers == levels[index + 1].numbers:
            index += 1
            yield arrived(index, x)
        answer: Tensor = yield Call(x, level)
        return answer

    x = yield from relay(steps, reply)
    if not isinstance(x, Tensor) or x.shape != start.shape:
        raise SfumatoError(
            f"a walk of one's own returns the picture where it ends, of {tuple(start.shape)}; add `return x`."
        )
    yield arrived(len(levels) - 1, x)


def guide(walk: Walk, rule: Rule = plain, cond: Condition | None = None, first: Denoiser | None = None) -> Guided:
    """`walk` with each of its calls, given `cond`, answered as `rule` has it; its steps know of answers and calls.

    `first` answers the first call in the denoiser's place, at no call (the analytical first step; see Gaussian).
    """
    x0_hat: Tensor | None = None
    calls = 0

    def reply(event: Call | Step) -> Generator[Rows | Step, Any, Any]:
        nonlocal x0_hat, calls, first
        if isinstance(event, Step):
            seen = None if x0_hat is None else x0_hat.clone()
            return (yield Step(event.index, event.total, event.level, event.x, seen, calls))
        if first is not None:
            x0_hat, first = first(event.x, event.level, cond), None
        else:
            x0_hat = yield from rule(Call(event.x, event.level, cond))
            calls += 1
        return x0_hat

    return relay(walk, reply)
