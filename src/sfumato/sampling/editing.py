"""Generating from a picture that is there: variations of it, and what belongs into its holes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.arguments import check_pictures, finite, listed, whole
from sfumato.diffusion import Level
from sfumato.errors import SfumatoError
from sfumato.sampling.calls import Answering, Call, Rule
from sfumato.sampling.guidance import plain
from sfumato.sampling.steppers import Noise

MAX_FEATHER = 256  # pixels


@dataclass(frozen=True, eq=False)
class Edit:
    """What is generated begins with `picture`, `(channels, height, width)` in [−1, 1].

    `strength` is how much of the walk is taken, from the picture with noise: 0 returns it, 1 never sees it. With
    `mask`, `(1, height, width)`, only the pixels where it is true are generated, and the picture may be larger than the
    model's. With `upscale` the picture is a small one, of a whole fraction of the model's size, and the sample is one
    that it is the reduction of, to rounding. A model of latents decodes known pixels a little otherwise, and puts them
    back: within `feather` pixels of them, what is generated is moved along with them, so that no seam shows.
    """

    picture: Tensor
    strength: float = 1.0
    mask: Tensor | None = None
    upscale: bool = False
    feather: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "feather", whole("the feather of an edit", self.feather, 0, MAX_FEATHER))
        if isinstance(self.picture, Tensor) and self.picture.ndim != 3:
            raise SfumatoError(
                "the picture of an edit is one, (channels, height, width), without a batch, and has the shape "
                f"{tuple(self.picture.shape)}; give one of them, such as pictures[0]."
            )
        check_pictures("the picture of an edit", self.picture, dimensions=3)
        object.__setattr__(self, "picture", self.picture.float())
        object.__setattr__(self, "strength", finite("the strength of an edit", self.strength, 0, 1))
        if self.mask is not None and (self.mask.dtype != torch.bool or self.mask.ndim not in (2, 3)):
            raise SfumatoError(
                "a mask is of bool, (1, height, width), true where to generate, not "
                f"{tuple(self.mask.shape)} of {self.mask.dtype}."
            )


def begin_from(picture: Tensor, levels: Level, strength: float, noise: Noise) -> tuple[Level, Tensor | None]:
    """The last share `strength` of the walk down `levels`, and `picture` with the noise of where that begins.

    `picture` is `(batch, ...)` or broadcasts to it. Strength 0 returns the picture itself, after no step; 1 is the
    whole walk from noise alone (a start of None), which never sees the picture (SDEdit, Meng et al. 2021, algorithm 1).
    """
    strength = finite("the strength of an edit", strength, 0, 1)
    total = len(levels) - 1
    first = total - math.ceil(strength * total - 1e-9)
    rest = levels[first:]
    if strength == 1:
        return levels, None
    if first == total:
        return rest, picture
    eps = noise()
    return rest, rest[0].add_noise(picture.to(eps).expand_as(eps), eps)


def inpainted(picture: Tensor, mask: Tensor, inner: Rule = plain) -> Rule:
    """The answer of `inner` where `mask` is true, and elsewhere `picture`, which is known there.

    Both broadcast to a batch. Known pixels then walk straight from the noise to what they are, so that the network sees
    them at every level with the noise that belongs there.
    """

    def fill(call: Call) -> Answering:
        answer = yield from inner(call)
        return torch.where(mask.to(answer.device, non_blocking=True), answer, picture.to(answer, non_blocking=True))

    return fill


def restored(x: Tensor, picture: Tensor, mask: Tensor) -> Tensor:
    """`x`, equal to `picture`, bit for bit, where `mask` is false: how an inpainted walk finishes."""
    return torch.where(mask.to(x.device, non_blocking=True), x, picture.to(x, non_blocking=True))


def reduced(x: Tensor, small: Tensor, factor: int) -> Tensor:
    """`x` moved as little as makes it reduce to `small`, in [−1, 1], to rounding: how an enlarging walk finishes.

    Of the pictures in [−1, 1] whose every `factor`×`factor` pixels have the mean that `small` has there, it is the
    nearest: each such square is shifted by one number and clamped.
    """

    def squares(picture: Tensor) -> Tensor:
        found: Tensor = F.pixel_unshuffle(picture, factor).unflatten(1, (x.shape[1], factor**2))
        return found

    apart, wanted = (
        squares(x.double()),
        small.to(x.device, non_blocking=True).double().clamp(-1, 1).expand(*x.shape[:2], -1, -1)[:, :, None],
    )
    low, high = -1 - apart.amax(2, keepdim=True), 1 - apart.amin(2, keepdim=True)
    for _ in range(60):
        shift = (low + high) / 2
        over = (apart + shift).clamp(-1, 1).mean(2, keepdim=True) > wanted
        low, high = torch.where(over, low, shift), torch.where(over, shift, high)
    moved: Tensor = F.pixel_shuffle((apart + (low + high) / 2).clamp(-1, 1).flatten(1, 2), factor)
    return moved.to(x.dtype)


def outpaint(picture: Tensor, margins: Sequence[int]) -> tuple[Tensor, Tensor]:
    """A larger canvas with `picture` `(channels, height, width)` on it, and the mask of what is to be generated.

    `margins` are pixels (left, right, top, bottom), at least 0. The canvas is grey where nothing is known.
    """
    given = [whole("a margin", one) for one in listed("margins", margins, "[left, right, top, bottom]")]
    if len(given) != 4:
        raise SfumatoError(f"margins are four, (left, right, top, bottom), got {len(given)}.")
    left, right, top, bottom = given
    canvas = F.pad(picture, (left, right, top, bottom))
    mask = F.pad(torch.zeros_like(picture[:1], dtype=torch.bool), (left, right, top, bottom), value=True)
    return canvas, mask
