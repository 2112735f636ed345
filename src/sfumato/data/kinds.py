"""The kinds of samples: how each is stored, shown, augmented, scored and named. Another kind is another row."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sfumato.data.pictures import scatter, tile
from sfumato.errors import SfumatoError, unknown

Labels = Sequence[int] | Tensor | None
Show = Callable[[Tensor, Labels, int | None, int | None, int], Image.Image]


@dataclass(frozen=True)
class Kind:
    """One kind of samples.

    `name` is what many are called. One has the `axes`, and is stored as `dtype`: in bytes, 0 to 255 is −1 to 1. It is
    `augmented` where its mirror image and its parts are samples too. Scores compare samples by their `space`; with
    `features`, networks that know pictures give features of them. `show` makes one picture of a batch, of which a
    preview has `previewed` samples, or two rows of classes where that is None.
    """

    name: str
    axes: tuple[str, ...]
    dtype: type[np.generic]
    augmented: bool
    space: str
    features: bool
    show: Show
    previewed: int | None = None

    @property
    def spatial(self) -> bool:
        """Whether samples have a height and a width: they can be resized, halved, masked, and conditioned on images."""
        return self.axes[-2:] == ("height", "width")

    @property
    def moving(self) -> bool:
        """Whether samples have frames, which are shown one after another."""
        return self.axes[0] == "frame"

    def places(self, shape: Sequence[int]) -> int:
        """How many pixels a sample of `shape` has, those of all frames together; of points one."""
        return math.prod(size for size, axis in zip(shape, self.axes, strict=True) if axis not in ("channel", "number"))

    @property
    def bin(self) -> float | None:
        """How far apart two neighbouring stored values are; None where they are as good as continuous."""
        return 2 / 255 if self.dtype is np.uint8 else None

    def decoded(self, stored: NDArray[Any]) -> Tensor:
        """Samples as the network takes them, float32, from those that are stored."""
        x = torch.from_numpy(stored)
        return x.float() if self.bin is None else x.float().div_(127.5).sub_(1)

    def rounded(self, samples: Tensor) -> Tensor:
        """Samples with the values that storing them would leave."""
        return samples if self.bin is None else ((samples.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1

    def described(self, shape: Sequence[int]) -> str:
        """Its samples of `shape` in words, without height and width: "pictures of 3 channels"."""
        sizes = [
            f"{size} {axis if size == 1 else f'{axis}s'}"
            for size, axis in zip(shape, self.axes, strict=True)
            if axis not in ("height", "width")
        ]
        return f"{self.name} of {' and '.join(sizes)}"


def _frames(samples: Tensor, labels: Labels, columns: int | None, scale: int | None, gap: int) -> Image.Image:
    """The frames of each clip beside each other, one clip a row."""
    return tile(samples.flatten(0, 1), samples.shape[1], scale, gap)


def _channels(samples: Tensor, labels: Labels, columns: int | None, scale: int | None, gap: int) -> Image.Image:
    """The channels of each latent as grey pictures beside each other, as far from grey as the largest value."""
    largest = samples.abs().amax().clamp(min=1e-9)
    return tile((samples / largest).flatten(0, 1)[:, None], samples.shape[1], scale, gap)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "points", ("number",), np.float32, False, "coordinates", False,
            lambda samples, labels, columns, scale, gap: scatter(samples, labels), 1000,
        ),
        Kind(
            "pictures", ("channel", "height", "width"), np.uint8, True, "pixels", True,
            lambda samples, labels, columns, scale, gap: tile(samples, columns, scale, gap),
        ),
        Kind("clips", ("frame", "channel", "height", "width"), np.uint8, False, "pixels", False, _frames, 4),
        Kind("latents", ("channel", "height", "width"), np.float16, False, "latents", False, _channels, 8),
        Kind(
            "latent clips", ("frame", "channel", "height", "width"), np.float16, False, "latents", False,
            lambda samples, labels, columns, scale, gap: _channels(samples.flatten(0, 1), labels, columns, scale, gap),
            4,
        ),
    )
}  # fmt: skip
"""The kinds of samples by name: points, pictures, clips and latents of both; how each is stored, shown, named."""

LATENTS_OF = {"pictures": "latents", "clips": "latent clips"}
"""The kind of latents of each kind that has any."""


def kind_of_shape(shape: Sequence[int]) -> Kind:
    """The first kind whose samples have so many axes: what is meant where nobody says it, and was before kinds were."""
    for kind in KINDS.values():
        if len(kind.axes) == len(shape):
            return kind
    known = ", ".join(f"{kind.name} ({' × '.join(kind.axes)})" for kind in KINDS.values())
    raise SfumatoError(f"a sample of {' × '.join(map(str, shape)) or 'one number'} is of no kind: there are {known}.")


def named_kind(name: str, shape: Sequence[int]) -> Kind:
    """The kind called `name`, or that of the `shape` where it is empty; raises SfumatoError where they don't agree."""
    if not name:
        return kind_of_shape(shape)
    if name not in KINDS:
        raise unknown("kind of samples", name, KINDS)
    kind = KINDS[name]
    if len(shape) != len(kind.axes):
        raise SfumatoError(
            f"{name} are {' × '.join(kind.axes)}, and a sample of {' × '.join(map(str, shape))} is none of them."
        )
    return kind


def picture(
    samples: Tensor,
    labels: Labels = None,
    columns: int | None = None,
    scale: int | None = None,
    gap: int = 1,
    kind: str = "",
) -> Image.Image:
    """A batch of samples as one picture, whatever they are: a grid of pictures or a scatter plot of points.

    `kind` is their name in KINDS, by default that of their shape.
    """
    return named_kind(kind, samples.shape[1:]).show(samples, labels, columns, scale, gap)
