"""Weights of a fine-tuned model as what it adds to those it came from: large ones as products of two thin matrices.

What fine-tuning adds is nearly of low rank (Hu et al. 2021, "LoRA"); here it is trained whole and made so afterwards,
by the singular values that matter most. What is new, or small, is kept as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

UP, DOWN = ".up", ".down"  # of a weight's name: what is added to it is up @ down


def thin(weights: Mapping[str, Tensor], base: Mapping[str, Tensor], rank: int) -> dict[str, Tensor]:
    """`weights` as what they add to those of `base`, of at most that `rank`, where that is smaller than they are."""
    found = {}
    for name, value in weights.items():
        before = base.get(name)
        rows = value.shape[0] if value.ndim else 1
        small = value.ndim < 2 or rank * (rows + value.numel() // rows) >= value.numel()
        if small or before is None or before.shape != value.shape:
            found[name] = value
            continue
        u, s, v = torch.linalg.svd((value.float() - before.float()).flatten(1), full_matrices=False)
        root = s[:rank].sqrt()
        found[name + UP], found[name + DOWN] = u[:, :rank] * root, root[:, None] * v[:rank]
    return found


def whole(kept: Mapping[str, Tensor], base: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights that `thin` kept, with those of the same `base`."""
    found = {name: value for name, value in kept.items() if not name.endswith((UP, DOWN))}
    for name in (name.removesuffix(UP) for name in kept if name.endswith(UP)):
        added = kept[name + UP].float() @ kept[name + DOWN].float()
        found[name] = base[name].float() + added.reshape(base[name].shape)
    return found
