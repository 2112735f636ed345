"""What students learn: the objectives of distillation, with the teacher's walks in them."""

from __future__ import annotations

import math
from functools import partial
from typing import cast

import torch
from torch import Tensor

from sfumato.diffusion import (
    Condition,
    Consistency,
    Denoiser,
    Drifting,
    Ends,
    Level,
    NetDenoiser,
    Objective,
    RectifiedFlow,
)
from sfumato.diffusion.ends import Walked
from sfumato.diffusion.levels import broadcast
from sfumato.hub import Model
from sfumato.nets.conditions import GUIDANCE
from sfumato.sampling import STEPPERS, grid, last, sample
from sfumato.sampling.calls import Call, ask
from sfumato.training.config import ObjectiveConfig

WALKED = RectifiedFlow()  # best in few steps without tuning (benchmarks/few_steps.py)


def student_objective(model: Model, settings: ObjectiveConfig, teacher: NetDenoiser | None) -> Objective | None:
    """What `model` is trained by as a student of the `teacher`; None where it learns means."""
    data_std, steps = model.config.data_std, model.config.sampling.steps
    if settings.drifting:
        return Drifting(settings.noise, settings.schedule, data_std=data_std, steps=steps)
    if settings.walked:
        assert teacher is not None
        return Ends(
            settings.noise,
            settings.schedule,
            settings.weight,
            data_std=data_std,
            steps=steps,
            walked=settings.walked,
            end=_end(model, settings, teacher),
        )
    if settings.consistency:
        return Consistency(
            settings.noise,
            settings.schedule,
            settings.weight,
            data_std=data_std,
            closeness=settings.closeness,
            closeness_from=settings.closeness_from,
            guided=None if teacher is None else _guided(model, settings, teacher),
        )
    return None


def _guided(model: Model, settings: ObjectiveConfig, teacher: NetDenoiser) -> Denoiser:
    """What guidance by the `teacher` adds to an answer: nothing, where there is no condition."""

    def shift(x: Tensor, level: Level, cond: Condition | None = None, /) -> Tensor:
        conditional, unconditional = ask(teacher, [Call(x, level, cond), Call(x, level)], model.null())
        return (weights_told(model, settings, cond, x) - 1) * (conditional - unconditional)

    return shift


def _end(model: Model, settings: ObjectiveConfig, teacher: NetDenoiser) -> Walked:
    """Where walks of the `teacher` under guidance end."""

    def end(x: Tensor, level: Level, cond: Condition | None, steps: int, /) -> Tensor:
        weights, plain = weights_told(model, settings, cond, x), settings.guidance == 1

        def answer(x: Tensor, level: Level, _: Condition | None = None, /) -> Tensor:
            if plain:
                return cast(Tensor, teacher(x, level, cond))
            given, without = ask(teacher, [Call(x, level, cond), Call(x, level)], model.null())
            return torch.lerp(without, given, weights)

        ratio = float(level.ratio)
        levels = grid("trailing", WALKED, steps, None if math.isinf(ratio) else ratio)
        own, first = (float((one.alpha**2 + one.sigma**2).sqrt()) for one in (level, levels[0]))
        nothing = partial(torch.zeros_like, x)
        return last(sample(answer, levels, STEPPERS["dpm++2m"], nothing, start=x * (first / own))).x

    return end


def weights_told(model: Model, settings: ObjectiveConfig, cond: Condition | None, x: Tensor) -> Tensor:
    """The weight of guidance of each of `x`: the one that is told, and where none is that of its sampling."""
    if not isinstance(settings.guidance, tuple):
        return x.new_tensor(settings.guidance)
    told = (cond or {})[GUIDANCE]
    return broadcast(told.nan_to_num(model.config.sampling.guidance), x)
