"""Denoisers whose answer is known in closed form: what every sampler and objective here is tested against.

Each is the true E[x0 | x_t] of its data, with the data's own `sample` and the `log_density` of the noised data.
Arithmetic is float64 inside and comes back in the dtype of `x`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.diffusion.denoiser import Condition
from sfumato.diffusion.levels import Level


def _columns(level: Level) -> tuple[Tensor, Tensor]:
    """alpha and sigma, `()` or `(batch,)`, shaped to broadcast against `(batch, components, dimension)`."""
    return level.alpha.reshape(-1, 1, 1), level.sigma.reshape(-1, 1, 1)


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    """Data from a mixture of Gaussians with diagonal covariances.

    `means` and `stds` have shape `(components, *sample)`, float64, stds > 0; `weights` `(components,)` sums to 1.
    """

    means: Tensor
    stds: Tensor
    weights: Tensor

    @staticmethod
    def gaussian(mean: Tensor, std: Tensor) -> GaussianMixture:
        """A single Gaussian of this mean and standard deviation, each of shape `(*sample,)`."""
        return GaussianMixture(mean[None].double(), std[None].double(), torch.ones(1, dtype=torch.float64))

    def _log_joint(self, x: Tensor, level: Level) -> tuple[Tensor, Tensor]:
        """log p(component, x) `(batch, components)` and x − alpha·mean `(batch, components, dimension)`."""
        alpha, sigma = _columns(level)
        offset = x.double().flatten(1)[:, None] - alpha * self.means.flatten(1)
        variance = (alpha * self.stds.flatten(1)) ** 2 + sigma**2
        log_normal = -0.5 * (offset**2 / variance + (2 * math.pi * variance).log()).sum(-1)
        return self.weights.log() + log_normal, offset

    def __call__(self, x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        """E[x0 | x] for `x` of shape `(batch, *sample)`."""
        alpha, sigma = _columns(level)
        log_joint, offset = self._log_joint(x, level)
        variance = self.stds.flatten(1) ** 2
        each = self.means.flatten(1) + alpha * variance / (alpha**2 * variance + sigma**2) * offset
        mean = (log_joint.softmax(1)[..., None] * each).sum(1)
        return mean.reshape(x.shape).to(x.dtype)

    def log_density(self, x: Tensor, level: Level) -> Tensor:
        """log p_t(x) in nats, shape `(batch,)`."""
        return self._log_joint(x, level)[0].logsumexp(1)

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """`count` samples of the clean data, float64 `(count, *sample)`."""
        which = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        noise = torch.randn(count, *self.means.shape[1:], dtype=torch.float64, generator=generator)
        return self.means[which] + self.stds[which] * noise

    def moments(self) -> tuple[Tensor, Tensor]:
        """The mean `(dimension,)` and covariance `(dimension, dimension)` of the clean data."""
        means, stds = self.means.flatten(1), self.stds.flatten(1)
        mean = self.weights @ means
        second = torch.einsum("k,ki,kj->ij", self.weights, means, means) + torch.diag(self.weights @ stds**2)
        return mean, second - torch.outer(mean, mean)


@dataclass(frozen=True, eq=False)
class FiniteSet:
    """Data that is exactly these points, equally likely: what a network that memorised its set would answer.

    `points` has shape `(count, *sample)`. With `std` > 0 each is the centre of a Gaussian of this width: a cloud.
    """

    points: Tensor
    std: float | Tensor = 0.0
    precision: torch.dtype = torch.float64

    def _spread(self, level: Level) -> tuple[Tensor, Tensor]:
        """alpha and the variance of `x` about alpha·point, each `(batch or 1, 1)`."""
        alpha, sigma = level.alpha.reshape(-1, 1), level.sigma.reshape(-1, 1)
        return alpha.to(self.precision), ((alpha * self.std) ** 2 + sigma**2).to(self.precision)

    def _log_joint(self, x: Tensor, alpha: Tensor, variance: Tensor) -> Tensor:
        points = self.points.to(self.precision).flatten(1)
        flat = x.to(self.precision).flatten(1)
        # ‖x − alpha·p‖² without forming (batch, count, dimension)
        distance2 = (flat**2).sum(1, keepdim=True) - 2 * alpha * flat @ points.T + alpha**2 * (points**2).sum(1)
        count, dimension = points.shape
        log_count = torch.full((), count, dtype=self.precision).log()  # a tensor, so that a graph takes any count
        return -distance2 / (2 * variance) - dimension / 2 * (2 * math.pi * variance).log() - log_count

    def __call__(self, x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        """E[x0 | x]: the points weighted by how likely each is to have become `x` (`x / alpha` where that is sure)."""
        alpha, variance = self._spread(level)
        sure = variance == 0
        variance = torch.where(sure, 1.0, variance)
        weights = self._log_joint(x, alpha, variance).softmax(1)
        share = alpha * self.std**2 / variance  # of what x strays from alpha·point
        flat = x.to(self.precision).flatten(1)
        mean = share * flat + (1 - alpha * share) * (weights @ self.points.to(self.precision).flatten(1))
        mean = torch.where(sure, flat / torch.where(alpha > 0, alpha, 1.0), mean)
        return mean.reshape(x.shape).to(x.dtype)

    def log_density(self, x: Tensor, level: Level) -> Tensor:
        """log p_t(x) in nats, shape `(batch,)`; std or sigma > 0."""
        return self._log_joint(x, *self._spread(level)).logsumexp(1)

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """`count` of the points, drawn with replacement, each with its Gaussian's noise."""
        drawn = self.points[torch.randint(len(self.points), (count,), generator=generator)]
        if isinstance(self.std, float) and self.std == 0:
            return drawn
        return drawn + self.std * torch.randn(drawn.shape, dtype=drawn.dtype, generator=generator)


@dataclass(frozen=True, eq=False)
class FiniteClips:
    """Clips that are exactly these, equally likely, with a Gaussian of width `std` > 0 about each number.

    `clips` has shape `(count, frames, *sample)`; a level may be one for each frame. Unless `linked`, the answer for a
    frame is what that frame says alone: that of a model whose frames don't see one another.
    """

    clips: Tensor
    std: float
    linked: bool = True

    def __call__(self, x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        """E[x0 | x] for `x` of shape `(batch, frames, *sample)`."""
        frames, clips = x.double().flatten(2), self.clips.double().flatten(2)
        rows = (-1, level.alpha.shape[1] if level.alpha.ndim == 2 else 1, 1)
        alpha, sigma = level.alpha.reshape(rows), level.sigma.reshape(rows)
        variance = (alpha * self.std) ** 2 + sigma**2
        fit = alpha.mT * torch.einsum("bfd,cfd->bcf", frames, clips) - alpha.mT**2 * (clips**2).sum(-1) / 2
        log_weights = fit / variance.mT  # but for ‖x‖², which is the same for all clips
        if self.linked:
            log_weights = log_weights.sum(-1, keepdim=True).expand_as(log_weights)
        mean = torch.einsum("bcf,cfd->bfd", log_weights.softmax(1), clips)
        share = alpha * self.std**2 / variance
        return (share * frames + (1 - alpha * share) * mean).reshape(x.shape).to(x.dtype)
