"""Weights of a fine-tuned model as what it adds to those it came from, in eight bits a number (float8, E4M3), or four.

What training changes is small beside what was there, and of all ranks where the optimizer makes it so (Jordan et al.
2024, "Muon"), so that fewer bits lose less than fewer ranks. What is new is kept as it is. In four bits, whole numbers
from −7 to 7 with a scale a row, a ninth of what is added is lost: of a student of the emoji that costs nothing that is
measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import safetensors
import torch
from torch import Tensor

SHIPPED = Path(__file__).parents[1] / "zoo"  # a folder each model
ADDED, SCALE = ".added", ".scale"  # of a weight's name: what is added to it, in these units
PACKED = ".packed"  # the same in four bits, two numbers a byte, and the units of each row
MOST = 7  # a number of four bits lies from −7 to 7
CLIPPED = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)  # of the largest in a row: what is beyond is cut, where that errs less
EIGHT_BITS = torch.float8_e4m3fn
NEAR = 2**-4  # of each number that is added, except for those far below the largest of their tensor


def thin(weights: Mapping[str, Tensor], base: Mapping[str, Tensor], bits: int = 8) -> dict[str, Tensor]:
    """`weights` as what they add to those of `base`, in so many `bits`, 8 or 4; rows of numbers alone have 4."""
    found = {}
    for name, value in weights.items():
        before = base.get(name)
        if before is None or before.shape != value.shape:
            found[name] = value
            continue
        added = value.float() - before.float()
        if bits == 4 and value.ndim > 1:
            found[name + PACKED], found[name + SCALE] = _packed(added.flatten(1))
            continue
        scale = (added.abs().amax() / torch.finfo(EIGHT_BITS).max).clamp(min=1e-30)
        found[name + ADDED], found[name + SCALE] = (added / scale).to(EIGHT_BITS), scale
    return found


def whole(kept: Mapping[str, Tensor], base: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights that `thin` kept, with those of the same `base`."""
    found = {name: value for name, value in kept.items() if not name.endswith((ADDED, PACKED, SCALE))}
    for name in (name.removesuffix(PACKED) for name in kept if name.endswith(PACKED)):
        rows = _unpacked(kept[name + PACKED], kept[name + SCALE])[:, : base[name][0].numel()]
        found[name] = base[name].float() + rows.reshape(base[name].shape)
    for name in (name.removesuffix(ADDED) for name in kept if name.endswith(ADDED)):
        found[name] = base[name].float() + kept[name + ADDED].float() * kept[name + SCALE].float()
    return found


def base_of(file: Path) -> str:
    """The name of the model that ships to whose weights those in a file of safetensors add; "" for what is whole."""
    with safetensors.safe_open(file, "pt") as opened:
        found: str = (opened.metadata() or {}).get("base", "")
    return found


def _packed(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Numbers of four bits, two a byte, and the scale of each row."""
    largest = rows.abs().amax(1, keepdim=True)
    scale, error = torch.zeros_like(largest), torch.full_like(largest, math.inf)
    for share in CLIPPED:
        tried = (largest * share / MOST).bfloat16().float()
        own = (_numbers(rows, tried) * tried - rows).square().sum(1, keepdim=True)
        scale, error = torch.where(own < error, tried, scale), torch.minimum(own, error)
    numbers = (_numbers(rows, scale) + 8).to(torch.uint8)
    if numbers.shape[1] % 2:
        numbers = torch.cat([numbers, torch.full_like(numbers[:, :1], 8)], 1)
    return numbers[:, ::2] * 16 + numbers[:, 1::2], scale.bfloat16()


def _numbers(rows: Tensor, scale: Tensor) -> Tensor:
    return (rows / scale.clamp(min=1e-30)).round().clamp(-MOST, MOST)


def _unpacked(packed: Tensor, scale: Tensor) -> Tensor:
    numbers = torch.stack([packed // 16, packed % 16], 2).flatten(1).float() - 8
    return numbers * scale.float()
