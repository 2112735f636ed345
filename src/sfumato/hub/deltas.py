"""Weights of a fine-tuned model as what it adds to those it came from, in eight bits a number (float8, E4M3).

What training changes is small beside what was there, and of all ranks where the optimizer makes it so (Jordan et al.
2024, "Muon"), so that fewer bits lose less than fewer ranks. What is new is kept as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

ADDED, SCALE = ".added", ".scale"  # of a weight's name: what is added to it, in these units
EIGHT_BITS = torch.float8_e4m3fn
NEAR = 2**-4  # of each number that is added, except for those far below the largest of their tensor


def thin(weights: Mapping[str, Tensor], base: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`weights` as what they add to those of `base`."""
    found = {}
    for name, value in weights.items():
        before = base.get(name)
        if before is None or before.shape != value.shape:
            found[name] = value
            continue
        added = value.float() - before.float()
        scale = (added.abs().amax() / torch.finfo(EIGHT_BITS).max).clamp(min=1e-30)
        found[name + ADDED], found[name + SCALE] = (added / scale).to(EIGHT_BITS), scale
    return found


def whole(kept: Mapping[str, Tensor], base: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights that `thin` kept, with those of the same `base`."""
    found = {name: value for name, value in kept.items() if not name.endswith((ADDED, SCALE))}
    for name in (name.removesuffix(ADDED) for name in kept if name.endswith(ADDED)):
        found[name] = base[name].float() + kept[name + ADDED].float() * kept[name + SCALE].float()
    return found
