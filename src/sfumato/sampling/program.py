"""A walk as data: what a stepper does on a grid, as sums that any language can carry out.

Every step is linear in the picture, in the denoiser's answers and in fresh noise, with coefficients that are known once
the grid is. So a stepper can be traced: it walks over coefficient vectors in place of pictures, and each thing that it
asks, draws or arrives at becomes a line of the program. A viewer without Python needs no sampler of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sfumato.diffusion import Condition, Denoiser, Level
from sfumato.diffusion.levels import combine
from sfumato.errors import SfumatoError
from sfumato.sampling.calls import Answering, Call, Rows, Step
from sfumato.sampling.calls import run as run_walk
from sfumato.sampling.guidance import classifier_free
from sfumato.sampling.singlestep import Adaptive
from sfumato.sampling.steppers import Stepper
from sfumato.sampling.walks import guide, walk

Terms = tuple[tuple[int, float], ...]  # (register, coefficient)


@dataclass(frozen=True)
class Ask:
    """The denoiser's answer at the sum `terms` and the level (alpha, sigma); `null`: without its condition."""

    terms: Terms
    alpha: float
    sigma: float
    null: bool = False


@dataclass(frozen=True)
class Draw:
    """Fresh standard normal noise."""


@dataclass(frozen=True)
class Arrive:
    """The picture after a step: the sum `terms`."""

    terms: Terms


@dataclass(frozen=True)
class Clip:
    """The sum `terms` with each number kept in [−1, 1]."""

    terms: Terms


Line = Ask | Draw | Arrive | Clip


@dataclass(frozen=True)
class Program:
    """Line i fills register i + 1; register 0 is the start, standard normal noise times `scale`."""

    scale: float
    lines: tuple[Line, ...]

    @property
    def calls(self) -> int:
        return sum(isinstance(line, Ask) for line in self.lines)


def trace(stepper: Stepper, grid: Level, guidance: float = 1.0, clip: bool = False) -> Program:
    """The program of `stepper` on `grid` `(steps + 1,)`, under classifier-free guidance of this scale.

    With `clip`, each guided answer is kept in [−1, 1] (see `clamped`).

    Raises SfumatoError for the adaptive sampler, which decides as it goes.
    """
    if isinstance(stepper, Adaptive):
        raise SfumatoError("the adaptive sampler decides as it goes and can't be exported; choose another sampler.")
    room = 1 + 16 * len(grid)  # no step of ours asks, draws and arrives as often
    lines: list[Line] = []

    def terms(vector: Tensor) -> Terms:
        filled = vector[0].nonzero()[:, 0]
        return tuple(zip(filled.tolist(), vector[0, filled].tolist(), strict=True))

    def register(line: Line) -> Tensor:
        lines.append(line)
        return _unit(len(lines), room)

    nothing: Condition = {}
    pushed = classifier_free(guidance, nothing)

    def clipped(call: Call) -> Answering:
        return register(Clip(terms((yield from pushed(call)))))

    steps = walk(stepper, grid, lambda: register(Draw()), _unit(0, room))
    by_rule = guide(steps, clipped if clip else pushed)

    def asked(call: Call) -> Ask:
        return Ask(terms(call.x), float(call.level.alpha), float(call.level.sigma), null=call.cond is nothing)

    def reply(event: Rows | Step) -> Any:
        if not isinstance(event, Step):
            return [register(asked(call)) for call in event]
        # After a step the walk goes on from one register, so that no sum grows.
        return register(Arrive(terms(event.x))) if event.index else None

    run_walk(by_rule, reply)
    return Program(float((grid[0].alpha ** 2 + grid[0].sigma ** 2).sqrt()), tuple(lines))


def _unit(register: int, room: int) -> Tensor:
    vector = torch.zeros(1, room, dtype=torch.float64)
    vector[0, register] = 1
    return vector


def run(
    program: Program,
    denoiser: Denoiser,
    noise: Callable[[], Tensor],
    cond: Condition | None = None,
    null: Condition | None = None,
) -> Iterator[Tensor]:
    """Carry `program` out, yielding the start and the picture after each step: what an importer has to do."""
    registers = [noise() * program.scale]
    yield registers[0].clone()

    def total(terms: Terms) -> Tensor:
        return combine([(coefficient, registers[index]) for index, coefficient in terms])

    for line in program.lines:
        if isinstance(line, Ask):
            registers.append(denoiser(total(line.terms), Level.of(line.alpha, line.sigma), null if line.null else cond))
        elif isinstance(line, Draw):
            registers.append(noise())
        elif isinstance(line, Clip):
            registers.append(total(line.terms).clamp(-1, 1))
        else:
            registers.append(total(line.terms))
            yield registers[-1].clone()
