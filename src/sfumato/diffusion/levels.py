"""The noise level: the one quantity that schedules make, grids list and denoisers are asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Level:
    """One noise level, or a row of them: `x_t = alpha·x0 + sigma·eps` with `eps ~ N(0, I)`.

    `alpha` and `sigma` are float64 tensors on the CPU of equal shape: `()` for one level shared by a batch,
    `(batch,)` for a level per sample, `(steps + 1,)` for a grid. Both ends are legal: `sigma = 0` is clean
    data, `alpha = 0` is pure noise. Only their ratio carries information; a common factor rescales `x_t`.
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

    def on(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """`(alpha, sigma)` in the dtype and on the device of `x`, shaped to broadcast over its samples."""
        return broadcast(self.alpha, x), broadcast(self.sigma, x)

    def add_noise(self, x0: Tensor, eps: Tensor) -> Tensor:
        """The closed form of the forward process, `alpha·x0 + sigma·eps` (Ho et al. 2020, eq. 4)."""
        alpha, sigma = self.on(x0)
        return alpha * x0 + sigma * eps

    def eps(self, x: Tensor, x0: Tensor) -> Tensor:
        """The noise that turns `x0` into `x` at this level: `(x − alpha·x0) / sigma`; zero where sigma is."""
        if self.sigma.ndim == 0 and float(self.sigma) > 0:
            return torch.sub(x, x0, alpha=float(self.alpha)) / float(self.sigma)  # in this order, or digits are lost
        alpha, sigma = self.on(x)
        noisy = sigma > 0  # the other rows are divided by 1, not 0, or their gradient would be NaN
        return torch.where(noisy, (x - alpha * x0) / torch.where(noisy, sigma, 1.0), 0.0)


def combine(terms: Sequence[tuple[Any, Tensor]]) -> Tensor:
    """`Σ coefficient·tensor` in the tensors' dtype, in as few passes over memory as it takes.

    Coefficients are numbers for all samples, or NumPy arrays `(batch,)` with one for each.
    """
    pairs: list[tuple[Any, Tensor]] = [
        (float(c) if np.ndim(c) == 0 else broadcast(torch.from_numpy(c), t), t) for c, t in terms
    ]
    (first, x), *others = pairs[:1] + [(c, t) for c, t in pairs[1:] if not (isinstance(c, float) and abs(c) < 1e-14)]
    if len(others) == 1 and isinstance(first, float) and isinstance(others[0][0], float):
        second, y = others[0]
        if abs(first + second - 1) < 1e-12:
            return torch.lerp(y, x, first)
    total, ours = (x, False) if isinstance(first, float) and first == 1 else (x * first, True)
    for coefficient, tensor in others:
        if not isinstance(coefficient, float):
            total = total.addcmul_(tensor, coefficient) if ours else torch.addcmul(total, tensor, coefficient)
        else:
            total = total.add_(tensor, alpha=coefficient) if ours else torch.add(total, tensor, alpha=coefficient)
        ours = True
    return total


def broadcast(value: Tensor, x: Tensor) -> Tensor:
    """`value` of shape `()` or `(batch,)` as a tensor that broadcasts over the samples of `x`."""
    if value.ndim > 1 or (value.ndim == 1 and len(value) != len(x)):
        raise ValueError(f"a level of shape {tuple(value.shape)} does not fit a batch of {len(x)} samples")
    return value.to(x.dtype).to(x.device).reshape(-1, *[1] * (x.ndim - 1))


def stack(levels: list[Level]) -> Level:
    """Levels of shape `()` as one level of shape `(len(levels),)`."""
    return Level(torch.stack([v.alpha for v in levels]), torch.stack([v.sigma for v in levels]))
