"""Rows of a batch, as they are trained."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.diffusion import Objective
from sfumato.diffusion.objective import halved

Value = TypeVar("Value")
Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True)
class Slice:
    """Rows of a batch, as they are trained: `x0` `(rows, ...)`, conditions, what the objective drew; on the CPU.

    `weight` is what each row counts, where they don't count alike.
    """

    x0: Tensor
    cond: dict[str, Tensor]
    drawn: Any
    weight: Tensor | None = None


def rows_of(drawn: Value, rows: slice) -> Value:
    """The `rows` of what was drawn for a whole batch: of all tensors and arrays `(batch, ...)` that it is made of."""
    return mapped(drawn, lambda one: one[rows])


def pinned(drawn: Value) -> Value:
    """The same in page-locked memory, from which an accelerator copies while the program goes on."""
    return mapped(drawn, lambda one: one.pin_memory() if isinstance(one, Tensor) else one)


def mapped(drawn: Value, of: Callable[[Any], Any]) -> Value:
    """`of` each tensor and array in tuples, mappings and dataclasses; None stays."""
    found: Any = drawn
    if isinstance(drawn, Tensor | np.ndarray):
        found = of(drawn)
    elif isinstance(drawn, Mapping):
        found = {name: mapped(one, of) for name, one in drawn.items()}
    elif isinstance(drawn, tuple):
        parts = [mapped(one, of) for one in drawn]
        found = type(drawn)(*parts) if hasattr(drawn, "_fields") else tuple(parts)
    elif is_dataclass(drawn) and not isinstance(drawn, type):
        found = replace(drawn, **{one.name: mapped(getattr(drawn, one.name), of) for one in fields(drawn)})
    elif drawn is not None:
        raise TypeError(f"what is drawn for a batch is made of tensors, not of {type(drawn).__name__}")
    return found  # type: ignore[no-any-return]


def half_size(part: Slice, objective: Objective) -> Slice:
    """The same rows at half the height and width."""
    small = halved(part.x0)
    return Slice(small, half_size_images(part.cond), objective.half_size(part.drawn), part.weight)


def half_size_images(cond: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Conditions by name, with images `(batch, channels, height, width)` at half the height and width."""
    return {name: F.avg_pool2d(value, 2) if value.ndim == 4 else value for name, value in cond.items()}


def shared_copy(net: Net) -> Net:
    """A copy of `net` that shares the weights that aren't trained, which take no memory again."""
    return copy.deepcopy(net, {id(weight): weight for weight in net.parameters() if not weight.requires_grad})
