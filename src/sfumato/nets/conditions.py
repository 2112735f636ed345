"""What conditions a network besides class and prompt: numbers, vectors and images, each by a name of its own.

A condition that isn't given adds nothing, so that the network is then the one without it, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.arguments import bounded, whole
from sfumato.errors import SfumatoError
from sfumato.nets.bounds import COUNT
from sfumato.nets.layers import zeroed

Kind = Literal["number", "vector", "image"]
RESERVED_NAMES = ("self", "x", "c_noise", "label", "text", "strength")  # what else a network is called with
SINUSOIDS = 8  # of a number
GUIDANCE = "guidance"  # the number by which a student is told the weight of guidance


@dataclass(frozen=True)
class ConditionConfig:
    """One condition: float32, and NaN where it isn't given.

    A number is `(batch,)`, a vector `(batch, size)`, an image `(batch, size, height, width)`, as high and wide as the
    picture, which of latents is `scale` times as high and wide as they are. Numbers and vectors are given as they are:
    `mean` and `std`, for each of their `size` numbers, are those of the training data, by which the network
    standardises them. An image is `computed` from the picture by the row of its name in data/controls.py, or comes with
    the data. Where training makes it from a picture with `noise` of up to that standard deviation, its last channel is
    the noise's own.
    """

    name: str
    kind: Kind
    size: int = 1
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    computed: bool = False
    noise: float = 0.0
    scale: int = 1

    def __post_init__(self) -> None:
        bounded(self, mean=(-1e30, 1e30), std=(0.0, 1e30), noise=(0.0, 1e6), scale=(1, 64))
        if self.name in RESERVED_NAMES or not self.name:
            raise SfumatoError(f"a condition can't be called '{self.name}', which means something else; rename it.")
        if not 1 <= whole(f"the size of '{self.name}'", self.size) <= COUNT[1] or (
            self.kind == "number" and self.size > 1
        ):
            raise SfumatoError(f"the {self.kind} '{self.name}' can't have the size {self.size}.")


def told_guidance(low: float, high: float) -> ConditionConfig:
    """The condition by which a student is told weights of guidance from `low` to `high`, evenly spread in training."""
    return ConditionConfig(GUIDANCE, "number", 1, ((low + high) / 2,), ((high - low) / 12**0.5,))


def guidance_range(conditions: Sequence[ConditionConfig]) -> tuple[float, float] | None:
    """Which weights of guidance a network is told among its `conditions`; None where it is told none."""
    for one in conditions:
        if one.name == GUIDANCE:
            half = one.std[0] * 3**0.5
            return round(one.mean[0] - half, 6), round(one.mean[0] + half, 6)
    return None


def check_names(conditions: Sequence[ConditionConfig]) -> None:
    """Raises SfumatoError where two conditions have one name."""
    names = [condition.name for condition in conditions]
    for name in names:
        if names.count(name) > 1:
            raise SfumatoError(f"two conditions are called '{name}'; name each once.")


def check_known(conditions: Sequence[ConditionConfig], given: Mapping[str, Tensor | None]) -> None:
    """Raises TypeError, as Python does for an unknown argument, for a name that is no condition's."""
    for name in given:
        if all(name != condition.name for condition in conditions):
            raise TypeError(f"the network has no condition called {name}")


class NumberEncoder(nn.Module):
    """A number `(batch,)` or a vector `(batch, size)` → features `(batch, width)`, zero where any of it is NaN.

    A number comes with sinusoids of wavelengths from 8 standard deviations down to a quarter. What it adds
    starts at zero too, so that a trained network can be given another condition.
    """

    mean: Tensor
    std: Tensor
    frequencies: Tensor

    def __init__(self, config: ConditionConfig, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(config.mean or (0.0,) * config.size), persistent=False)
        self.register_buffer("std", torch.tensor(config.std or (1.0,) * config.size), persistent=False)
        frequencies = 2 * math.pi / torch.logspace(3, -2, SINUSOIDS, base=2)
        self.register_buffer("frequencies", frequencies, persistent=False)
        inputs = 1 + 2 * SINUSOIDS if config.kind == "number" else config.size
        self.sinusoids = config.kind == "number"
        self.mlp = nn.Sequential(nn.Linear(inputs, width), nn.SiLU(), zeroed(nn.Linear(width, width)))

    def forward(self, value: Tensor) -> Tensor:
        value = value.reshape(value.shape[0], -1)
        given = ~value.isnan().any(1, keepdim=True)
        features = torch.where(given, (value - self.mean) / self.std, 0.0)
        if self.sinusoids:
            angle = features * self.frequencies
            features = torch.cat([features, angle.cos(), angle.sin()], dim=1)
        return torch.where(given, self.mlp(features), 0.0)


class ImageEncoder(nn.Module):
    """An image `(batch, size, height, width)` → what is added where the picture enters, `(batch, width, …)`.

    A pixel that is NaN in any channel isn't given, and a channel says where those are. All add zero at first, and
    those that aren't given always.
    """

    def __init__(self, config: ConditionConfig, width: int, patch: int = 1) -> None:
        super().__init__()
        self.patch = patch * config.scale
        self.conv = zeroed(nn.Conv2d((config.size + 1) * self.patch**2, width, 3, padding=1, bias=False))

    def forward(self, image: Tensor) -> Tensor:
        given = ~image.isnan().any(1, keepdim=True)
        both = torch.cat([torch.where(given, image, 0.0), given.to(image.dtype)], dim=1)
        out: Tensor = self.conv(unshuffled(both, self.patch))
        return out


def unshuffled(x: Tensor, patch: int) -> Tensor:
    """Each square of `patch`×`patch` pixels as one with as many times the channels; the border repeats to fill it."""
    if patch == 1:
        return x
    height, width = x.shape[-2:]
    return F.pixel_unshuffle(F.pad(x, (0, -width % patch, 0, -height % patch), mode="replicate"), patch)
