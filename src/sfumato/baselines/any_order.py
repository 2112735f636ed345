"""An autoregressive model of small pictures that draws their pixels in any order, one at a time or many.

Uria, Murray & Larochelle 2014; Hoogeboom et al. 2022, "Autoregressive diffusion models". Drawing many at a time is
masked diffusion (Austin et al. 2021, "Structured denoising diffusion models", section 3.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.baselines.plain import dense, train_plain
from sfumato.seeds import seeded, torch_generator

LEVELS = 4  # shades of grey
WIDTH, DROPOUT = 128, 0.15
STEPS, BATCH = 5000, 128
UNKNOWN = -1


def to_levels(x: Tensor) -> Tensor:
    """Pictures in [−1, 1] as whole numbers below LEVELS, `(batch, pixels)`."""
    return ((x.flatten(1).clamp(-1, 1) + 1) / 2 * (LEVELS - 1)).round().long()


class AnyOrderNet(nn.Module):
    """Shades known so far `(batch, pixels)`, UNKNOWN elsewhere → logits of each pixel's, `(batch, pixels, LEVELS)`."""

    def __init__(self, pixels: int) -> None:
        super().__init__()
        self.pixels = pixels
        self.layers = dense(pixels * LEVELS, WIDTH, WIDTH, pixels * LEVELS, dropout=DROPOUT)

    def forward(self, known: Tensor) -> Tensor:
        shades = F.one_hot(known.clamp(min=0), LEVELS) * (known != UNKNOWN)[..., None]
        logits: Tensor = self.layers(shades.float().flatten(1))
        shaped: Tensor = logits.unflatten(1, (self.pixels, LEVELS))
        return shaped

    def loss(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """An unbiased estimate of the nats a picture, over all orders (Hoogeboom et al. 2022, eq. 5)."""
        place = torch.rand(x.shape, generator=generator).argsort(1).argsort(1)  # of each pixel in a random order
        known = torch.randint(self.pixels, (len(x), 1), generator=generator)
        asked = place >= known
        logits = self(x.masked_fill(asked, UNKNOWN))
        nats = F.cross_entropy(logits.flatten(0, 1), x.flatten(), reduction="none").unflatten(0, x.shape)
        loss: Tensor = ((nats * asked).sum(1) * self.pixels / (self.pixels - known[:, 0])).mean()
        return loss


def train_any_order(x: Tensor, seed: int = 0, steps: int = STEPS) -> AnyOrderNet:
    """A network trained on shades `x` `(count, pixels)`; about a minute on one core."""
    with seeded("baseline weights", seed):
        net = AnyOrderNet(x.shape[1])
        generator = torch_generator("baseline noise", seed)
        train_plain(net, x, net.loss, generator, steps=steps, batch=BATCH, learning_rate=3e-3, weight_decay=0.1)
    return net


@torch.no_grad()
def pixel_bits(net: AnyOrderNet, x: Tensor, order: Sequence[int]) -> Tensor:
    """Of each pixel's shade, in `order`, −log₂ of what the network gave it before: exact, `(batch, pixels)`."""
    known, bits = torch.full_like(x, UNKNOWN), []
    for place in order:
        chances = net(known)[:, place].log_softmax(1)
        known[:, place] = x[:, place]
        bits.append(-chances.gather(1, x[:, place, None])[:, 0] / math.log(2))
    return torch.stack(bits, dim=1)


@torch.no_grad()
def draw_pixels(net: AnyOrderNet, uniform: Tensor, order: Sequence[int], together: int = 1) -> Tensor:
    """Pictures by `uniform` numbers `(batch, pixels)`, `together` pixels a call, in `order`: `(batch, pixels)` shades.

    Those drawn in one call don't see one another.
    """
    known = torch.full(uniform.shape, UNKNOWN)
    for first in range(0, len(order), together):
        places = torch.as_tensor(order[first : first + together])
        below = net(known)[:, places].softmax(2).cumsum(2)
        known[:, places] = (below <= uniform[:, places, None]).sum(2).clamp(max=LEVELS - 1)
    return known
