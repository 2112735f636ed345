"""The Fréchet distance between two sets of features."""

from __future__ import annotations

import torch
from torch import Tensor


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """`‖μ_a − μ_b‖² + tr(C_a + C_b − 2·(C_a C_b)^½)` of Gaussians fitted to `a` and `b` (Heusel et al. 2017, eq. 6).

    `a` and `b` are features `(count, dimension)`, at least 2 rows each. In the units of the features squared, ≥ 0, and
    biased upwards by small counts: compare scores of equal counts and equal features only.
    """
    a, b = a.double(), b.double()
    covariance_a, covariance_b = torch.atleast_2d(a.T.cov()), torch.atleast_2d(b.T.cov())
    values, vectors = torch.linalg.eigh(covariance_a)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ covariance_b @ root).clamp(min=0).sqrt().sum()
    means = (a.mean(0) - b.mean(0)).square().sum()
    return max(0.0, float(means + covariance_a.trace() + covariance_b.trace() - 2 * cross))


def half_to_half(features: Tensor, splits: int = 32, seed: int = 0) -> tuple[float, float]:
    """What "the same data" scores: mean and standard deviation of the distance between random halves."""
    generator = torch.Generator().manual_seed(seed)
    distances = []
    for _ in range(splits):
        first, second = torch.randperm(len(features), generator=generator).tensor_split(2)
        distances.append(frechet_distance(features[first], features[second]))
    values = torch.tensor(distances)
    return float(values.mean()), float(values.std())
