"""What a plan will come to, in words: how often each sample is seen, and what would help where that is too little."""

from __future__ import annotations

import torch

from sfumato.hub.checkpoints import megabytes
from sfumato.readable import duration
from sfumato.training.planning import Plan
from sfumato.training.run_loop import RunLoop
from sfumato.training.saving import FIRST_SAVE, disk_bytes


def expectation(plan: Plan, trained: int, processes: int = 1) -> str | None:
    """About how many steps the budget holds, of which `trained` samples are seen how often; None if nobody measured."""
    if plan.rate is None:
        return None
    config = plan.config
    slices = f" in {config.machine.accumulate} slices" if config.machine.accumulate > 1 else ""
    times = plan.images / trained
    words = f"about {_steps(plan)} of {config.batch} samples{slices}; each of {trained:,} is seen "
    words += f"{round(times):,} times" if times >= 1.5 else "once" if times >= 0.75 else "not even once"
    if config.minutes is None:
        words += f"; about {duration(plan.steps * plan.rate.seconds(config.batch / processes))}"
    return words


def too_few(plan: Plan) -> str:
    """That little will come of so few steps, and what would help."""
    height, width = plan.model.shape[1:]
    side = plan.enough_at
    smaller = "" if side is None else f"`size` {side}, "
    others = f"{smaller}more `minutes`" if plan.config.minutes is not None else f"{smaller}more `images`"
    there = "" if torch.cuda.is_available() else ", or a GPU"
    verb = "is" if plan.steps == 1 else "are"
    return (
        f"about {_steps(plan)} {verb} too few for {height}×{width} pixels: what is generated will look like noise; "
        f"use {others}{there}."
    )


def saving(trainer: RunLoop) -> str:
    """What a run takes on the disk, and from when on there is something to sample from."""
    words = f"about {megabytes(disk_bytes(trainer))} in the end"
    first = min(FIRST_SAVE, 60 * trainer.config.keeping.save_minutes)
    return words if trainer.step else f"{words}; to sample from after {duration(first)}"


def _steps(plan: Plan) -> str:
    return "one step" if plan.steps == 1 else f"{plan.steps:,} steps"
