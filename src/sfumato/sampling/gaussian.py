"""What a Gaussian fitted to the data knows: the way down from high noise, without asking the network.

Where the noise is much stronger than the data, the data's finer shape does not show and its best denoiser is that of
the Gaussian with its mean and covariance (Wang & Vastola 2023). So the network's first answer can be had for nothing
(the analytical first step, Dockhorn et al. 2022), or the first part of the walk altogether (the Gaussian teleport).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.diffusion import Condition, Level
from sfumato.diffusion.levels import broadcast
from sfumato.errors import SfumatoError
from sfumato.seeds import torch_generator


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A Gaussian over samples of one shape: `mean` `(*shape,)`, principal directions and variances. Levels: `()`.

    `basis` is `(dimension, rank)` with orthonormal columns, `variances` `(rank,)` along them, and `rest` the variance
    along every other direction.
    """

    mean: Tensor
    basis: Tensor
    variances: Tensor
    rest: float

    @staticmethod
    def fit(samples: Tensor, rank: int = 256) -> Gaussian:
        """The Gaussian of `samples` `(count, *shape)`, count ≥ 2; past `rank` directions variances are averaged."""
        if len(samples) < 2:
            raise SfumatoError(f"a Gaussian is fitted to at least 2 samples, got {len(samples)}.")
        mean = samples.mean(0)
        centred = (samples - mean).flatten(1)
        count, dimension = centred.shape
        rank = min(rank, dimension, count - 1)
        if dimension <= 1024:
            values, vectors = torch.linalg.eigh(centred.T @ centred / (count - 1))
            basis, variances = vectors.flip(1)[:, :rank], values.flip(0)[:rank].clamp(min=0)
        else:  # Halko et al. 2011, algorithm 4.4, with a generator of our own
            random = torch.randn(dimension, rank + 16, generator=torch_generator("sketch")).to(samples)
            sketch = centred.T @ (centred @ random)
            for _ in range(2):
                sketch = centred.T @ (centred @ torch.linalg.qr(sketch)[0])
            _, scale, directions = torch.linalg.svd(centred @ torch.linalg.qr(sketch)[0], full_matrices=False)
            basis = (torch.linalg.qr(sketch)[0] @ directions.T)[:, :rank]
            variances = scale[:rank].square() / (count - 1)
        total = centred.square().sum() / (count - 1)
        rest = float((total - variances.sum()).clamp(min=0)) / max(dimension - rank, 1)
        return Gaussian(mean, basis, variances, rest if dimension > rank else 0.0)

    def __call__(self, x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        """E[x0 | x] were the data this Gaussian: a Denoiser."""

        def gain(variance: Tensor) -> Tensor:
            return level.alpha * variance / (level.alpha**2 * variance + level.sigma**2)

        mean = self.mean.to(x, non_blocking=True)
        return mean + self._scaled(x - broadcast(level.alpha, x) * mean, gain)

    def teleport(self, x: Tensor, here: Level, there: Level) -> Tensor:
        """`x` at level `here` carried to `there` along the exact probability-flow ODE of this Gaussian."""

        def gain(variance: Tensor) -> Tensor:
            return ((there.alpha**2 * variance + there.sigma**2) / (here.alpha**2 * variance + here.sigma**2)).sqrt()

        mean = self.mean.to(x, non_blocking=True)
        return broadcast(there.alpha, x) * mean + self._scaled(x - broadcast(here.alpha, x) * mean, gain)

    def _scaled(self, offset: Tensor, gain: Callable[[Tensor], Tensor]) -> Tensor:
        """`offset` `(batch, *shape)` with each principal direction multiplied by the gain of its variance."""
        flat, basis = offset.flatten(1), self.basis.to(offset, non_blocking=True)
        along = flat @ basis
        common = gain(torch.tensor(self.rest, dtype=torch.float64))
        own = gain(self.variances.double().cpu())
        scaled = float(common) * flat + (along * (own - common).to(offset, non_blocking=True)) @ basis.T
        return scaled.reshape(offset.shape)
