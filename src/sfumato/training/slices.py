"""Rows of a batch, as they are trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from sfumato.diffusion import Objective

Value = TypeVar("Value")


@dataclass(frozen=True)
class Slice:
    """Rows of a batch, as they are trained: `x0` `(rows, ...)`, conditions, what the objective drew; on the CPU."""

    x0: Tensor
    cond: dict[str, Tensor]
    drawn: Any


def rows_of(drawn: Value, rows: slice) -> Value:
    """The `rows` of what was drawn for a whole batch, whatever it is made of.

    Of tensors and arrays `(batch, ...)` their rows; of tuples, mappings and dataclasses those of all they hold; None
    stays.
    """
    found: Any = drawn
    if isinstance(drawn, Tensor | np.ndarray):
        found = drawn[rows]
    elif isinstance(drawn, Mapping):
        found = {name: rows_of(one, rows) for name, one in drawn.items()}
    elif isinstance(drawn, tuple):
        parts = [rows_of(one, rows) for one in drawn]
        found = type(drawn)(*parts) if hasattr(drawn, "_fields") else tuple(parts)
    elif is_dataclass(drawn) and not isinstance(drawn, type):
        found = replace(drawn, **{one.name: rows_of(getattr(drawn, one.name), rows) for one in fields(drawn)})
    elif drawn is not None:
        raise TypeError(f"what is drawn for a batch is made of tensors, not of {type(drawn).__name__}")
    return found  # type: ignore[no-any-return]


def half_size(part: Slice, objective: Objective) -> Slice:
    """The same rows at half the height and width."""
    return Slice(F.avg_pool2d(part.x0, 2), half_size_images(part.cond), objective.half_size(part.drawn))


def half_size_images(cond: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Conditions by name, with images `(batch, channels, height, width)` at half the height and width."""
    return {name: F.avg_pool2d(value, 2) if value.ndim == 4 else value for name, value in cond.items()}
