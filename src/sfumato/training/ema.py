"""The running average of the weights, which draws better pictures than the weights themselves."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def ema_decay(step: int, gamma: float) -> float:
    """The decay of a power-function average at `step` ≥ 1: `(1 − 1/step)^(gamma + 1)` (Karras et al. 2024, eq. 127).

    It warms up by construction: the first step is taken whole, and the window grows with training, to about
    `1 / (gamma + 2)` of its length.
    """
    return float((1 - 1 / step) ** (gamma + 1))


def update_ema(average: Sequence[Tensor], weights: Sequence[Tensor], step: int, gamma: float) -> None:
    """Move `average` towards `weights`, in place, after optimiser step `step`."""
    with torch.no_grad():
        torch._foreach_lerp_(list(average), list(weights), 1 - ema_decay(step, gamma))
