"""What callers give, looked at once where it enters: a number, a list of them, texts; or one sentence that says no."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np
from torch import Tensor

from sfumato.errors import SfumatoError, unknown
from sfumato.seeds import check_seed


def whole(name: str, value: Any, low: int = 0, high: int | None = None) -> int:
    """`value` as an int, NumPy's and PyTorch's whole numbers included.

    Raises SfumatoError for anything else, and for one that doesn't lie from `low` to `high`.
    """
    try:
        number = None if _truth(value) else operator.index(value)
    except (TypeError, RuntimeError, ValueError):  # PyTorch's word for a tensor of many
        number = None
    if number is None:
        raise SfumatoError(f"{name} is a whole number, not {shown(value)}.")
    if number < low or (high is not None and number > high):
        span = f"at least {low:,}" if high is None else f"from {low:,} to {high:,}"
        raise SfumatoError(f"{name} is {span}, got {number}.")
    return number


def finite(name: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """`value` as a float. Raises SfumatoError unless it is a finite number from `low` to `high`."""
    try:
        number = math.nan if _truth(value) or isinstance(value, str | bytes) else float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        number = math.nan
    if not (math.isfinite(number) and low <= number <= high):
        span = (
            f"between {low:g} and {high:g}"
            if math.inf not in (-low, high)
            else ""
            if low == -math.inf
            else f"from {low:g}"
        )
        given = f"{number:g}" if math.isfinite(number) else shown(value)
        raise SfumatoError(f"{name} is a finite number {span}, got {given}.".replace(" ,", ","))
    return number


def bounded(config: object, **bounds: tuple[float, float]) -> None:
    """Hold fields of a frozen `config` to their bounds (low, high): whole numbers where both are, else finite ones.

    A tuple is held element by element; None is let be. NumPy's numbers become Python's, which JSON can hold.
    """
    kind = type(config).__name__.removesuffix("Config")
    for name, (low, high) in bounds.items():
        value, label = getattr(config, name), f"{kind}.{name}"

        def held(one: Any, label: str = label, low: float = low, high: float = high) -> float:
            return (
                whole(label, one, low, high)
                if isinstance(low, int) and isinstance(high, int)
                else finite(label, one, low, high)
            )

        if value is None:
            continue
        if isinstance(value, tuple | list):
            object.__setattr__(config, name, tuple(held(one) for one in value))
        else:
            object.__setattr__(config, name, held(value))


def one_of(kind: str, name: Any, known: Iterable[str] | None = None) -> str:
    """`name`, a text, which is one of the `known`, if they are given; raises SfumatoError with the closest of them."""
    if not isinstance(name, str):
        raise SfumatoError(f"a {kind} is given by its name, not by {shown(name)}.")
    if known is not None and name not in known:
        raise unknown(kind, name, known)
    return name


def listed(name: str, values: Any, example: str) -> list[Any]:
    """The elements of a list, a range, an array or a tensor of one dimension.

    Raises SfumatoError for a text, a mapping, a set, which has no order, a lone value or a table; `example` says how a
    list is written.
    """
    found = None
    if not isinstance(values, str | bytes | Mapping | Set) and getattr(values, "ndim", 1) == 1:
        elements = values.tolist() if hasattr(values, "tolist") else values
        if isinstance(elements, Iterable):
            found = list(elements)
    if found is None:
        raise SfumatoError(f"{name} are a list such as {example}, not {shown(values)}.")
    return found


def as_seeds(seeds: Any) -> Sequence[int]:
    """Seeds of 64 bits, one an image and at least one; a range stays a range."""
    listing = seeds if isinstance(seeds, range) else listed("seeds", seeds, "[7] or range(16)")
    if not len(listing):
        raise SfumatoError("there are no seeds and so nothing to generate; give one an image, such as range(16).")
    ends = [listing[0], listing[-1]] if isinstance(listing, range) else listing
    if any(map(_truth, ends)):
        raise SfumatoError("a seed is a whole number, not True or False.")
    checked = [check_seed(seed) for seed in ends]
    return listing if isinstance(listing, range) else checked


def as_labels(labels: Any, count: int, classes: Sequence[str]) -> list[int | None] | None:
    """The number of a class for each of `count` images, None for those of none; one label alone is for all.

    Labels are names of the `classes` or their numbers. Raises SfumatoError for any other, and for more or fewer than
    `count`.
    """
    if labels is None:
        return None
    if not classes:
        raise SfumatoError("the model was trained without classes; leave `labels` out.")
    if isinstance(labels, str) or (not _truth(labels) and _is_whole(labels)):
        labels = [labels] * count
    numbers = {name: number for number, name in enumerate(classes)}
    checked: list[int | None] = []
    for one in listed("labels", labels, f'["{classes[0]}"] or [0]'):
        if isinstance(one, str) and one not in numbers:
            raise unknown("class", one, classes)
        if isinstance(one, str):
            checked.append(numbers[one])
        else:
            checked.append(None if one is None else whole("a label", one, 0, len(classes) - 1))
    _as_many("labels", len(checked), count)
    return checked


def as_texts(name: str, texts: Any, count: int) -> list[str] | None:
    """A text for each of `count` images; a single one is for all."""
    if texts is None:
        return None
    given = [texts] * count if isinstance(texts, str) else listed(name, texts, '["a red heart"]')
    for one in given:
        if not isinstance(one, str):
            raise SfumatoError(f"{name} are texts, not {shown(one)}.")
    _as_many(name, len(given), count)
    return [str(one) for one in given]


def check_pictures(name: str, x: Any, dimensions: int | None = None) -> None:
    """Raises SfumatoError unless `x` is a tensor of finite floating-point numbers, of so many `dimensions` if given."""
    if not isinstance(x, Tensor) or not x.is_floating_point():
        kind = str(x.dtype) if isinstance(x, Tensor) else type(x).__name__
        raise SfumatoError(f"{name} is a tensor of floats, pictures in [−1, 1], not {kind}.")
    if x.ndim != (dimensions or max(x.ndim, 1)) or not x.numel():
        raise SfumatoError(
            f"{name} has the shape {tuple(x.shape)}, which is none of {'a picture' if dimensions else 'samples'}."
        )
    if x.device.type != "meta" and not bool(x.isfinite().all()):
        raise SfumatoError(f"{name} holds numbers that are not finite.")


def shown(value: Any) -> str:
    """What was given, short enough for a sentence."""
    text = " ".join(repr(value).split())
    return f"{text[:40]}… ({type(value).__name__})" if len(text) > 40 else f"{text} ({type(value).__name__})"


def _as_many(name: str, given: int, count: int) -> None:
    if given != count:
        seeds = "1 seed needs" if count == 1 else f"{count} seeds need"
        raise SfumatoError(f"{seeds} as many {name}, got {given}.")


def _truth(value: Any) -> bool:
    return isinstance(value, bool | np.bool_) or str(getattr(value, "dtype", "")) in ("bool", "torch.bool")


def _is_whole(value: Any) -> bool:
    try:
        operator.index(value)
    except (TypeError, RuntimeError, ValueError):
        return False
    return True
