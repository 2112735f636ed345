"""Precision, recall, density and coverage: are the samples where the data is, and is all of the data covered?"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.evaluation.intervals import Estimate, check_features, estimate, share_of, subsampling_error

MAX_DISTANCES = 2**22  # distances that are held at a time
NAMES = ("precision", "recall", "density", "coverage")


def precision_recall_density_coverage(
    samples: Tensor, real: Tensor, neighbours: int = 5, repeats: int = 50, seed: int = 0
) -> dict[str, Estimate]:
    """The four by name, with intervals by leaving random parts out `repeats` times (none for 0).

    A set's balls reach from each of its features `(count, dimension)` to its `neighbours`-th nearest neighbour.
    Precision is the share of samples in any of the real balls, recall the share of real ones in any of the samples'
    (Kynkäänniemi et al. 2019, eq. 1 and 2); density counts the real balls around a sample in units of `neighbours`, and
    coverage is the share of real balls that hold a sample (Naeem et al. 2020, eq. 3 and 4). Density ≥ 0, the others in
    [0, 1]. They depend on the counts: compare equal ones. Memory doesn't grow with the counts.
    Raises SfumatoError unless both sets hold more than `neighbours`, twice as many with intervals.
    """
    samples, real = check_features(samples, real, (2 if repeats else 1) * (neighbours + 1))
    if neighbours < 1:
        raise SfumatoError(f"neighbours are counted from 1, got {neighbours}.")
    values = _shares(samples, real, neighbours)
    errors = torch.zeros(4)
    if repeats:
        errors = subsampling_error(lambda a, b: _shares(a, b, neighbours), samples, real, repeats, seed)
    counts = (len(samples), len(real), 0, len(real))  # of density, no share, none
    return {
        name: _interval(float(value), float(error), count if repeats else 0, 1.0 if count else math.inf)
        for name, value, error, count in zip(NAMES, values, errors, counts, strict=True)
    }


def _interval(value: float, error: float, count: int, most: float) -> Estimate:
    """At least that of a share of `count`: where leaving parts out moves nothing, chance still would."""
    found = estimate(value, error, most=most)
    if not count:
        return found
    least = share_of(value * count, count)
    return Estimate(value, min(found.low, least.low), max(found.high, least.high))


def _shares(samples: Tensor, real: Tensor, k: int) -> Tensor:
    around_samples, around_real = _radii(samples, k), _radii(real, k)
    inside, density = torch.zeros(len(samples)), torch.zeros(len(samples))
    recalled, covered = torch.zeros(len(real)), torch.zeros(len(real))
    step = max(1, MAX_DISTANCES // len(samples))
    for rows in torch.arange(len(real)).split(step):
        distances = torch.cdist(real[rows], samples)
        within = distances < around_real[rows, None]
        inside.logical_or_(within.any(0))
        density += within.sum(0)
        recalled[rows] = (distances < around_samples).any(1).float()
        covered[rows] = within.any(1).float()
    return torch.stack([inside.mean(), recalled.mean(), density.mean() / k, covered.mean()])


def _radii(x: Tensor, k: int) -> Tensor:
    """The distance to the k-th nearest other, for each."""
    step = max(1, MAX_DISTANCES // len(x))
    return torch.cat([torch.cdist(rows, x).topk(k + 1, largest=False).values[:, -1] for rows in x.split(step)])
