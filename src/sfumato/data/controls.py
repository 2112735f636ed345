"""Images to condition a picture on that are computed from the picture itself: its edges, its half size, and the like.

Each row takes pictures `(batch, channels, height, width)` in [−1, 1] and numbers `(batch, 4)` in [0, 1) for what is
left to chance, and answers with an image of the same height and width. Pixels that are NaN aren't given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.errors import unknown
from sfumato.grey import grey
from sfumato.nets import ConditionConfig

Control = Callable[[Tensor, Tensor], Tensor]
EDGE_STRENGTH = 0.15  # the strength of an edge, of 1 between black and white, from which it is a line of a sketch
FACTOR = 2  # between a picture and its small version
MAX_NOISE = 0.5  # of the small version in training, at most: generated ones are no cleaner (Ho et al. 2021b, section 3)


def lightness(pictures: Tensor, chance: Tensor | None = None) -> Tensor:
    """The lightness of each pixel, one channel."""
    return grey(pictures)


def slope(pictures: Tensor) -> Tensor:
    """How strong an edge is at each pixel, in [0, 1], by Sobel's filters on the grey."""
    across = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]).to(pictures) / 8
    filters = torch.stack([across, across.T])[:, None]
    found = F.conv2d(F.pad(grey(pictures), (1, 1, 1, 1), mode="replicate"), filters)
    return found.square().sum(1, keepdim=True).sqrt().clamp(max=1)


def edges(pictures: Tensor, chance: Tensor | None = None) -> Tensor:
    """Edges, the stronger the lighter, on black; one channel."""
    return 2 * slope(pictures) - 1


def sketch(pictures: Tensor, chance: Tensor | None = None) -> Tensor:
    """Black lines on white, as a pen would draw them; one channel."""
    return torch.where(slope(pictures) > EDGE_STRENGTH, -1.0, 1.0).to(pictures)


def reduced(pictures: Tensor) -> Tensor:
    """Pictures of half the height and width (rounded up), each pixel the mean of those it covers."""
    return F.avg_pool2d(pictures, FACTOR, ceil_mode=True)


def enlarged(pictures: Tensor, height: int, width: int) -> Tensor:
    """Pictures of `height` and `width`, each pixel a square of them."""
    squares = pictures.repeat_interleave(FACTOR, -2).repeat_interleave(FACTOR, -1)
    return squares[..., :height, :width]


def small(pictures: Tensor, chance: Tensor | None = None) -> Tensor:
    """The picture at half its size, brought back to its own."""
    return enlarged(reduced(pictures), *pictures.shape[-2:])


def blurred(pictures: Tensor, chance: Tensor | None = None) -> Tensor:
    """The picture through a Gaussian whose standard deviation is a tenth of the longer side."""
    deviation = max(pictures.shape[-2:]) / 10
    for axis in (-2, -1):
        places = torch.arange(pictures.shape[axis]).to(pictures)
        weights = torch.exp(-((places[:, None] - places) ** 2) / (2 * deviation**2))
        weights = weights / weights.sum(1, keepdim=True)
        pictures = (pictures.movedim(axis, -1) @ weights.T).movedim(-1, axis)
    return pictures


def masked(pictures: Tensor, chance: Tensor | None = None) -> Tensor:
    """The picture with a rectangle unknown (NaN), from a quarter to three quarters as high and wide."""
    chance = torch.full((len(pictures), 4), 0.5) if chance is None else chance
    inside = torch.ones(len(pictures), 1, 1, 1, dtype=torch.bool)
    for axis, (extent, place) in ((-2, chance[:, :2].T), (-1, chance[:, 2:].T)):
        share = 0.25 + 0.5 * extent
        begins = place * (1 - share)
        side = pictures.shape[axis]
        places = (torch.arange(side) + 0.5) / side
        within = (places >= begins[:, None]) & (places < (begins + share)[:, None])
        inside = inside & (within[:, None, :, None] if axis == -2 else within[:, None, None, :])
    return torch.where(inside.to(pictures.device), math.nan, pictures)


CONTROLS: dict[str, Control] = {
    "edges": edges,
    "sketch": sketch,
    "grey": lightness,
    "small": small,
    "blurred": blurred,
    "masked": masked,
}


def control_config(name: str, shape: Sequence[int]) -> ConditionConfig:
    """The condition that is computed from pictures of `shape` (channels, height, width) by the row `name`."""
    channels = CONTROLS[name](torch.zeros(1, *shape), torch.zeros(1, 4)).shape[1]
    noise = MAX_NOISE if name == "small" else 0.0
    return ConditionConfig(name, "image", channels + bool(noise), computed=True, noise=noise)


def control_image(config: ConditionConfig, pictures: Tensor, chance: Tensor, noise: Tensor, eps: Tensor) -> Tensor:
    """The computed condition of `pictures`: `(batch, config.size, height, width)`.

    Where the condition has noise, the picture gets some before: its standard deviation in the image is `noise`
    `(batch,)`, which the last channel tells; `eps` is standard normal, like `pictures`.
    """
    if config.name not in CONTROLS:
        raise unknown("control", config.name, CONTROLS)
    row = CONTROLS[config.name]
    if not config.noise:
        return row(pictures, chance)
    level = noise.to(pictures)[:, None, None, None]
    image = row(pictures + FACTOR * level * eps, chance)  # a mean of FACTOR² pixels halves it
    return torch.cat([image, level.expand(-1, 1, *image.shape[-2:])], dim=1)


def plain_control(config: ConditionConfig, pictures: Tensor) -> Tensor:
    """The computed condition of `pictures` without noise, and with nothing left to chance."""
    batch = len(pictures)
    return control_image(config, pictures, torch.full((batch, 4), 0.5), torch.zeros(batch), torch.zeros_like(pictures))
