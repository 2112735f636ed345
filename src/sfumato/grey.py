"""What the grey of a colour is, wherever one is made of the other."""

from __future__ import annotations

import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601)


def grey(pictures: Tensor) -> Tensor:
    """The lightness of each pixel: `(..., 1 or 3, height, width)` to `(..., 1, height, width)`."""
    if pictures.shape[-3] == 1:
        return pictures
    return (pictures * torch.tensor(LUMA).to(pictures)[:, None, None]).sum(-3, keepdim=True)
