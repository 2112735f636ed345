"""What the lesson on video says of frames that see one another, measured on clips whose exact denoiser is known."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sfumato.data.bouncing import RANGE, bouncing_clips, things
from sfumato.diffusion import SCHEDULES, FiniteClips
from sfumato.evaluation.finding import Cell, Check, Finding
from sfumato.evaluation.intervals import Estimate, share_of
from sfumato.evaluation.laboratory import Laboratory
from sfumato.sampling import grid, last, sample, stepper

CLIPS, STEPS = 8, 10
STD = 0.05  # of the data about its clips
WHOLE = 0.15  # root mean square over the pixels, within which a frame shows a thing


def frames_agree(lab: Laboratory) -> Finding:
    """The exact guesses need no network, and so nothing of `lab` but its seeds."""
    clips = bouncing_clips()
    noise = torch.randn(CLIPS, *clips.shape[1:], generator=lab.generator())
    levels = grid("trailing", SCHEDULES["flow"](), STEPS)
    rows: list[tuple[Cell, ...]] = []
    shares: dict[str, list[Estimate]] = {}
    for name, linked in (("see one another", True), ("see themselves alone", False)):
        drawn = last(sample(FiniteClips(clips, STD, linked), levels, stepper("euler"), lambda: noise)).x
        whole, fits = whole_frames(drawn), going_on(drawn)
        shares[name] = [share_of(float(each.sum()), each.numel()) for each in (whole, fits)]
        rows.append((name, *shares[name]))
    return Finding(
        ("frames", "show one whole thing", "go on from the frame before"),
        tuple(rows),
        (
            *(Check(f"frames that show one whole thing, where they {name}", shares[name][0], least=0.9)
              for name in shares),
            Check("frames that go on from the one before, linked", shares["see one another"][1], least=0.9),
            Check("frames that go on from the one before, apart", shares["see themselves alone"][1], most=0.2),
        ),
        (
            f"{CLIPS} clips of {clips.shape[1]} frames from the same noise in {STEPS} steps, by the exact denoiser of "
            f"{len(clips):,} clips; to go on is to show the same thing a pixel away at most.",
        ),
        shown=(1, 2),
        unit="share of frames",
    )  # fmt: skip


def whole_frames(clips: Tensor) -> Tensor:
    """For each frame `(count, frames)` whether it shows one of the data's things."""
    return _apart(clips).amin(-1) < WHOLE


def going_on(clips: Tensor) -> Tensor:
    """For each frame but the first whether it shows what the one before it shows, a pixel away at most."""
    which = _apart(clips).argmin(-1)
    thing, place = which // RANGE**2, which % RANGE**2
    moved = torch.maximum((place // RANGE).diff().abs(), (place % RANGE).diff().abs())
    return (thing.diff() == 0) & (moved <= 1)


def _apart(clips: Tensor) -> Tensor:
    frames = clips.double().flatten(2)
    apart: Tensor = torch.cdist(frames, things().flatten(2).flatten(0, 1))
    return apart / math.sqrt(frames.shape[-1])
