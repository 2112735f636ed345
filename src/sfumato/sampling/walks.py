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
GENERATOR = "a walk of one's own is a generator function of (x, grid, noise) that yields (x, level)"


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
        yield from _own(_begun(stepper, start, grid, noise), start, levels, arrived)
        return
    x, state = start, stepper.init(start, grid)
    for index, (here, there) in enumerate(pairwise(levels), 1):
        x, state = yield from stepper.step(x, here, there, state, noise)
        other = yield arrived(index, x)
        x = x if other is None else other


def _begun(own: OwnWalk, start: Tensor, grid: Level, noise: Noise) -> OwnSteps:
    """A walk of one's own from `start`; raises SfumatoError where it is no generator function of these three."""
    try:
        steps = own(start, grid, noise)
    except (TypeError, AttributeError) as error:  # of other arguments than these, such as k-diffusion's
        raise SfumatoError(f"{GENERATOR}, and it can't be called so: {error}.") from error
    if not isinstance(steps, Generator):
        raise SfumatoError(f"{GENERATOR}, not a function that returns {type(steps).__name__}.")
    return steps


def _own(steps: OwnSteps, start: Tensor, levels: list[Level], arrived: Callable[[int, Tensor], Step]) -> Walk:
    """A walk of one's own: where it asks at the grid's next level, it has arrived there."""
    index = 0

    def reply(event: tuple[Tensor, Level]) -> Generator[Call | Step, Any, Tensor]:
        nonlocal index
        x, level = _asked(event, start)
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


def _asked(event: object, start: Tensor) -> tuple[Tensor, Level]:
    """What a walk of one's own yielded; raises SfumatoError where that is no x like `start` and a level of it."""
    shape = tuple(start.shape)
    if not isinstance(event, tuple) or len(event) != 2:
        found = type(event).__name__
    elif not isinstance(x := event[0], Tensor) or tuple(x.shape) != shape:
        found = f"x of {tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__}"
    elif not isinstance(level := event[1], Level):
        found = f"a level that is of {type(level).__name__}"
    elif tuple(level.shape) not in ((), shape[:1]):
        found = f"a level of the shape {tuple(level.shape)}"
    else:
        return x, level
    raise SfumatoError(
        f"a walk of one's own yields (x, level), x of the start's shape {shape} and a Level, such as grid[0], "
        f"not {found}."
    )


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
