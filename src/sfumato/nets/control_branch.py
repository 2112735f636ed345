"""A control branch beside a frozen UNet, by which an image steers it (Zhang et al. 2023, "ControlNet", section 3)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.nets.layers import zeroed

Prompt = tuple[Tensor, Tensor]


def descend(
    down: nn.ModuleList,
    middle: nn.Module,
    h: Tensor,
    embedding: Tensor,
    prompt: Prompt | None,
    along: Callable[[int, Tensor], Tensor] = lambda _, h: h,
) -> tuple[Tensor, list[Tensor]]:
    """The downward half of a UNet: what comes out of its middle, and what each block on the way there hands across.

    `along` changes what comes out of each stage, by its number, and of the middle.
    """
    skips: list[Tensor] = []
    for stage, blocks in enumerate(down):
        if stage:
            h = F.avg_pool2d(h, 2, ceil_mode=True)
        for block in cast(nn.ModuleList, blocks):
            h = block(h, embedding, prompt)
            skips.append(h)
        h = skips[-1] = along(stage, h)
    return along(len(down), middle(h, embedding, prompt)), skips


class ControlBranch(nn.Module):
    """A copy of a UNet's downward half that takes an image as well, and what it adds to the outputs of that half.

    The image comes in through `image`, and what it finds goes out through convolutions that are zero at first:
    until it has learnt something, the UNet answers as it does without.
    """

    def __init__(self, down: nn.ModuleList, middle: nn.Module, image: nn.Module, widths: Sequence[int]) -> None:
        super().__init__()
        self.image = image
        self.down = copy.deepcopy(down)
        self.middle = copy.deepcopy(middle)
        outputs = [width for width, blocks in zip(widths, down, strict=True) for _ in cast(nn.ModuleList, blocks)]
        self.zero_convs = nn.ModuleList(zeroed(nn.Conv2d(width, width, 1)) for width in [*outputs, widths[-1]])

    def follow(self, down: nn.ModuleList, middle: nn.Module) -> None:
        """Begin again from the weights of this downward half."""
        self.down.load_state_dict(down.state_dict())
        self.middle.load_state_dict(middle.state_dict())

    def forward(
        self, h: Tensor, image: Tensor, strength: Tensor | None, embedding: Tensor, prompt: Prompt | None
    ) -> tuple[Tensor, list[Tensor]]:
        """What to add to the middle and to each skip of the UNet: nothing for samples without an image.

        `h` is the picture after the first layer, `image` `(batch, size, height, width)`; `strength` `(batch,)`
        multiplies what is added, 1 where it isn't given.
        """
        given = (~image.isnan()).flatten(1).any(1).to(h.dtype)
        weight = (given if strength is None else given * strength.to(h.dtype))[:, None, None, None]
        out, skips = descend(self.down, self.middle, h + self.image(image), embedding, prompt)
        *across, middle = (
            weight * convolution(found) for convolution, found in zip(self.zero_convs, [*skips, out], strict=True)
        )
        return middle, across
