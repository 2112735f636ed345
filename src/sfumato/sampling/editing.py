"""Drawing from a picture that is there: variations of it, and what belongs into its holes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.diffusion import Condition, Denoiser, Level
from sfumato.sampling.loop import Step
from sfumato.sampling.steppers import Noise


@dataclass(frozen=True, eq=False)
class Edit:
    """What is drawn begins with `picture`, `(channels, height, width)` in [−1, 1].

    `strength` is how much of the walk is taken, from the picture with noise: 0 returns it, 1 never sees it. With
    `mask`, `(1, height, width)`, only the pixels where it is true are drawn, and the picture may be larger than the
    model's. With `upscale` the picture is a small one, of a whole fraction of the model's size, and the drawing is one
    that it is the reduction of.
    """

    picture: Tensor
    strength: float = 1.0
    mask: Tensor | None = None
    upscale: bool = False


def begin_from(picture: Tensor, levels: Level, strength: float, noise: Noise) -> tuple[Level, Tensor | None]:
    """The last share `strength` of the walk down `levels`, and `picture` with the noise of where that begins.

    `picture` is `(batch, ...)` or broadcasts to it. Strength 0 returns the picture itself, after no step; 1 is the
    whole walk from noise alone (a start of None), which never sees the picture (SDEdit, Meng et al. 2021, algorithm 1).
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"a strength lies between 0 and 1, got {strength}")
    total = len(levels) - 1
    first = total - math.ceil(strength * total - 1e-9)
    rest = levels[first:]
    if strength == 1:
        return levels, None
    if first == total:
        return rest, picture
    drawn = noise()
    return rest, rest[0].add_noise(picture.to(drawn).expand_as(drawn), drawn)


def inpainted(denoiser: Denoiser, picture: Tensor, mask: Tensor) -> Denoiser:
    """The denoiser where `mask` is true, and elsewhere `picture`, which is known there.

    Both broadcast to a batch. Known pixels then walk straight from the noise to what they are, so that the network sees
    them at every level with the noise that belongs there. Guidance goes inside.
    """

    def fill(x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        return torch.where(mask.to(x.device), denoiser(x, level, cond), picture.to(x))

    return fill


def restored(steps: Iterator[Step], picture: Tensor, mask: Tensor) -> Iterator[Step]:
    """The same stream, its last picture equal to `picture`, bit for bit, where `mask` is false."""
    for step in steps:
        if step.index == step.total:
            step = replace(step, x=torch.where(mask.to(step.x.device), step.x, picture.to(step.x)))
        yield step


def outpaint(picture: Tensor, margins: Sequence[int]) -> tuple[Tensor, Tensor]:
    """A larger canvas with `picture` `(channels, height, width)` on it, and the mask of what is to be drawn.

    `margins` are pixels (left, right, top, bottom), at least 0. The canvas is grey where nothing is known.
    """
    left, right, top, bottom = margins
    if min(margins) < 0:
        raise ValueError(f"margins are at least 0, got {tuple(margins)}")
    canvas = F.pad(picture, (left, right, top, bottom))
    mask = F.pad(torch.zeros_like(picture[:1], dtype=torch.bool), (left, right, top, bottom), value=True)
    return canvas, mask
