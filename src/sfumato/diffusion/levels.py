"""The noise level: the one quantity that schedules make, grids list and denoisers are asked about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Level:
    """One noise level, or a row of them: `x_t = alpha·x0 + sigma·eps` with `eps ~ N(0, I)`.

    `alpha` and `sigma` are float64 tensors on the CPU of equal shape: `()` for one level shared by a batch, `(batch,)`
    for a level per sample, `(batch, frames)` for one per frame of each clip, `(steps + 1,)` for a grid. Both ends are
    legal: `sigma = 0` is clean data, `alpha = 0` is pure noise. Only their ratio carries information; a common factor
    rescales `x_t`.
    """

    alpha: Tensor
    sigma: Tensor

    @staticmethod
    def of(alpha: float | Tensor, sigma: float | Tensor) -> Level:
        """A level from numbers or tensors, broadcast against each other and kept in float64."""
        a, s = torch.as_tensor(alpha, dtype=torch.float64), torch.as_tensor(sigma, dtype=torch.float64)
        return Level(a + torch.zeros_like(s), s + torch.zeros_like(a))

    @property
    def logsnr(self) -> Tensor:
        """`log(alpha² / sigma²)`; `+inf` at clean data, `-inf` at pure noise."""
        return 2 * (self.alpha.log() - self.sigma.log())

    @property
    def ratio(self) -> Tensor:
        """`sigma / alpha`: the noise per unit of signal, EDM's sigma; `inf` at pure noise."""
        return self.sigma / self.alpha

    @property
    def shape(self) -> torch.Size:
        return self.alpha.shape

    def __len__(self) -> int:
        return len(self.alpha)

    def __getitem__(self, index: int | slice | Tensor) -> Level:
        return Level(self.alpha[index], self.sigma[index])

    def __iter__(self) -> Iterator[Level]:
        return (self[index] for index in range(len(self)))

    @cached_property
    def numbers(self) -> tuple[Any, Any]:
        """`(alpha, sigma)` as NumPy numbers, scalars for one level: what a step computes with costs it microseconds."""
        return self.alpha.numpy()[()], self.sigma.numpy()[()]

    @cached_property
    def half_logsnr(self) -> Any:
        """λ = log(alpha/sigma) as NumPy numbers; infinite at the ends."""
        alpha, sigma = self.numbers
        if isinstance(alpha, float) and alpha > 0 and sigma > 0:
            return np.log(alpha / sigma)
        with np.errstate(divide="ignore"):
            return np.log(alpha) - np.log(sigma)

    def on(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """`(alpha, sigma)` in the dtype and on the device of `x`, shaped to broadcast over its samples."""
        return broadcast(self.alpha, x), broadcast(self.sigma, x)

    def add_noise(self, x0: Tensor, eps: Tensor) -> Tensor:
        """The closed form of the forward process, `alpha·x0 + sigma·eps` (Ho et al. 2020, eq. 4)."""
        alpha, sigma = self.on(x0)
        return alpha * x0 + sigma * eps

    def eps(self, x: Tensor, x0: Tensor) -> Tensor:
        """The noise that turns `x0` into `x` at this level: `(x − alpha·x0) / sigma`; zero where sigma is."""
        signal, noise = self.numbers
        if isinstance(noise, float) and noise > 0:
            return torch.sub(x, x0, alpha=signal).div_(noise)  # in this order, or float32 loses digits near sigma 0
        alpha, sigma = self.on(x)
        noisy = sigma > 0  # the other rows are divided by 1, not 0, or their gradient would be NaN
        return torch.where(noisy, (x - alpha * x0) / torch.where(noisy, sigma, 1.0), 0.0)


def combine(terms: Sequence[tuple[Any, Tensor]]) -> Tensor:
    """`Σ coefficient·tensor` in the tensors' dtype, as a new tensor, in as few passes over memory as it takes.

    Coefficients are floats for all samples, or NumPy arrays with one for each `(batch,)`, or each frame of each.
    """
    for coefficient, _ in terms:
        if not isinstance(coefficient, float):
            return _combine_rows(terms)
    (first, x), *others = terms
    second, y = others[0] if others else (None, x)
    if second is not None and abs(first + second - 1) < 1e-12:
        total, others = torch.lerp(y, x, first), others[1:]
    elif second is not None and first == 1:
        total, others = torch.add(x, y, alpha=second), others[1:]
    else:
        total = x * first
    for coefficient, tensor in others:
        add_to(total, coefficient, tensor)
    return total


def _combine_rows(terms: Sequence[tuple[Any, Tensor]]) -> Tensor:
    (_, x), *others = terms
    first, *rest = rows_on(x, *(coefficient for coefficient, _ in terms))
    total: Tensor = x * first
    for coefficient, (_, tensor) in zip(rest, others, strict=True):
        total.addcmul_(tensor, coefficient)
    return total


def add_to(total: Tensor, coefficient: Any, tensor: Tensor) -> Tensor:
    """`total += coefficient·tensor` in place, the coefficient as in `combine`; returns `total`."""
    if not isinstance(coefficient, float):
        return total.addcmul_(tensor, rows_on(tensor, coefficient)[0])
    return total.add_(tensor, alpha=coefficient) if abs(coefficient) > 1e-14 else total


def rows_on(x: Tensor, *numbers: Any) -> Tensor:
    """NumPy numbers, each one for all, `(batch,)` or `(batch, frames)`, as `(numbers, batch or 1, 1, …)` in the dtype
    and on the device of `x`: moved there once, without waiting."""
    together: Tensor = torch.from_numpy(np.stack(np.broadcast_arrays(*numbers)))
    shape = together.shape[1:] or (1,)
    return together.to(x.dtype).to(x.device, non_blocking=True).reshape(len(numbers), *fitting(shape, x))


def broadcast(value: Tensor, x: Tensor) -> Tensor:
    """`value` of shape `()`, `(batch,)` or `(batch, frames)` as a tensor that broadcasts over the samples of `x`."""
    if value.shape != x.shape[: value.ndim] or value.ndim > 2:
        raise ValueError(f"a level of shape {tuple(value.shape)} does not fit a batch of {len(x)} samples")
    return value.to(x.dtype).to(x.device, non_blocking=True).reshape(fitting(value.shape or (1,), x))


def fitting(shape: Sequence[int], x: Tensor) -> tuple[int, ...]:
    """`shape`, of rows or of rows and frames, with as many ones behind as make it broadcast over `x`."""
    return (*shape, *[1] * (x.ndim - len(shape)))


def stack(levels: list[Level]) -> Level:
    """Levels of shape `()` as one level of shape `(len(levels),)`."""
    return Level(torch.stack([v.alpha for v in levels]), torch.stack([v.sigma for v in levels]))
