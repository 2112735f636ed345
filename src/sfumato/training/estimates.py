"""What a plan will come to, in words: how often each sample is seen, and what would help where that is too little."""

from __future__ import annotations

import torch

from sfumato.data import KINDS
from sfumato.hub.checkpoints import megabytes
from sfumato.nets import SIZES, name_of
from sfumato.readable import duration
from sfumato.training.planning import FEW, Plan
from sfumato.training.run_loop import RunLoop
from sfumato.training.saving import FIRST_SAVE, disk_bytes
from sfumato.training.trainer import Trainer

SEEN = 1.0  # times at least that each sample is to be seen
SHIPPED_SIDE = 32  # pixels a side of the emoji that ship
LARGE = 96  # pixels a side, from which on latents are far cheaper


def expectation(plan: Plan, trained: int, processes: int = 1) -> str | None:
    """About how many steps the budget holds, of which `trained` samples are seen how often; None if nobody measured."""
    if plan.rate is None:
        return None
    config = plan.config
    slices = f" in {config.machine.accumulate} slices" if config.machine.accumulate > 1 else ""
    words = f"about {_steps(plan)} of {config.batch} samples{slices}; each of {trained:,} is seen "
    words += _times(plan.images / trained)
    if config.minutes is None:
        words += f"; about {duration(plan.steps * plan.rate.seconds(config.batch / processes))}"
    return words


def too_few(plan: Plan, trained: int, fresh: bool) -> str | None:
    """That the budget, or the `trained` samples, are little, and what would help; None where they aren't.

    A run that isn't `fresh` starts from a trained model.
    """
    if not KINDS[plan.model.kind].spatial:
        return None
    latent, (height, width) = plan.model.codec is not None, plan.model.seen[1][-2:]
    times, side = plan.images / trained, None if latent else plan.enough_at
    others = [] if side in (None, max(height, width)) else [f"`size` {side}"]
    if (own := name_of(plan.model.net, plan.model.shape)) in SIZES[1:] and fresh:
        others.insert(0, f"`net` {SIZES[SIZES.index(own) - 1]}")
    others.append("more `minutes`" if plan.config.minutes is not None else "more `images`")
    shipped = fresh and plan.model.shape[0] == 3 and plan.model.kind == "pictures"
    from_emoji = f"`base` emoji{'' if max(height, width) <= SHIPPED_SIDE else f' with `size` {SHIPPED_SIDE}'}"
    if not plan.enough and fresh:  # a trained model generates no noise, whatever it is trained on
        others += [from_emoji] if shipped else []
        help = ", ".join([*others, *([] if torch.cuda.is_available() else ["or a GPU"])])
        pixels = plan.model.kind == "pictures" and max(height, width) >= LARGE
        cheaper = " (in latents a step is far cheaper, `latent`)" if pixels else ""
        return (
            f"about {_steps(plan)} {'is' if plan.steps == 1 else 'are'} too few for {height}×{width} pixels, and each "
            f"of {trained:,} is seen {_times(times)}: what is generated will look like noise{cheaper}; use {help}."
        )
    if times < SEEN:
        return f"each of {trained:,} samples is seen {_times(times)}: {', '.join(others)} would show more of them."
    if shipped and trained < FEW:
        return (
            f"{trained:,} pictures are few to begin anew with: {from_emoji} starts from a model that knows drawings, "
            "and takes minutes instead of hours."
        )
    return None


def _times(times: float) -> str:
    return "once" if 0.95 <= times < 1.5 else f"{times:.1g} times" if times < 1 else f"{round(times):,} times"


def saving(trainer: RunLoop) -> str:
    """What a run takes on the disk, and from when on there is something to sample from."""
    words = f"about {megabytes(disk_bytes(trainer))} in the end"
    first, minutes = min(FIRST_SAVE, 60 * trainer.config.keeping.save_minutes), trainer.config.minutes
    sooner = minutes is not None and 60 * minutes <= first  # the run ends
    return (
        words
        if trainer.step or sooner or not isinstance(trainer, Trainer)
        else f"{words}; to sample from after {duration(first)}"
    )


def _steps(plan: Plan) -> str:
    return "one step" if plan.steps == 1 else f"{plan.steps:,} steps"


def remarks(trainer: Trainer) -> list[str]:
    """What is to be said of a run that begins or goes on."""
    config, model = trainer.config, trainer.model
    found = []
    trained = sum(weight.numel() for weight in model.denoiser.parameters() if weight.requires_grad) / 1e6
    if config.lora is not None:
        found.append(f"only adapters of rank {config.lora} are trained: {trained:.2f} M parameters.")
    if config.machine.shard and not trainer.sharded:
        found.append(
            "one process has none to share the weights out with, and holds them all; start several with torchrun."
        )
    if (sees := model.config.control_branch) is not None:
        found.append(f"only a control branch for {sees.name} is trained: {trained:.2f} M parameters.")
    if trainer.low_resolution:
        found.append(
            f"the first {config.data.low_resolution:.0%} of the budget is trained at half the height and width: steps "
            "are faster there, and most of what a picture looks like is learnt."
        )
    if config.machine.compile:
        found.append(
            "the first step waits for the network to be compiled, for a minute or two; the others are faster for it."
        )
    return found
