"""The Fréchet distance between two sets of features, as measured, and extrapolated to endlessly many samples."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.evaluation.intervals import Estimate, check_features, estimate, squared_estimate
from sfumato.seeds import torch_generator

PARTS = 4  # into how many parts the sets are cut, at most, to see how the distance grows as they shrink
SHUFFLES = 4


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """`‖μ_a − μ_b‖² + tr(C_a + C_b − 2·(C_a C_b)^½)` of Gaussians fitted to `a` and `b` (Heusel et al. 2017, eq. 6).

    `a` and `b` are features `(count, dimension)`, at least 2 rows each. In the units of the features squared, ≥ 0, and
    biased upwards by small counts: compare scores of equal counts and equal features only. Raises SfumatoError for
    features that don't fit together.
    """
    a, b = check_features(a, b)
    return _distance(a, b)


def frechet_estimate(a: Tensor, b: Tensor) -> Estimate:
    """The distance with its interval, for the distance's average over sets of these sizes."""
    a, b = check_features(a, b)
    return squared_estimate(*_distance_and_error(a, b))


def frechet_of_groups(a: Tensor, b: Tensor) -> Estimate:
    """The distance between the members of groups, such as frames of clips, `(groups, members, dimension)`.

    The interval is for other groups: members of one are much alike, and count as one sample of its mean influence.
    """
    distance, *moved = _influences(*check_features(a.flatten(0, 1), b.flatten(0, 1)))
    means = [own.reshape(len(x), -1).mean(1) for own, x in zip(moved, (a, b), strict=True)]
    return squared_estimate(distance, math.sqrt(sum(float(own.var()) / len(own) for own in means)))


def frechet_excess(one: Tensor, other: Tensor, real: Tensor) -> Estimate:
    """How much farther from `real` the features `one` are than `other`, as many and drawn alike, row by row.

    What the rows have in common, such as a seed or a class, and the real pictures, which both are compared with, err
    in both distances alike, so that the interval is narrower than that of two distances by themselves.
    """
    distances, moved, shared = [], [], []
    for x in (one, other):
        distance, own, theirs = _influences(*check_features(x, real))
        distances.append(distance)
        moved.append(own)
        shared.append(theirs)
    errors = [float((a - b).var()) / len(a) for a, b in (moved, shared)]
    return estimate(distances[0] - distances[1], math.sqrt(sum(errors)), least=-math.inf)


def frechet_infinity(a: Tensor, b: Tensor, seed: int = 0) -> Estimate:
    """The distance that endlessly many samples would have (Chong & Forsyth 2020, section 4), with its interval.

    The bias falls as 1/count. The sets are cut into 1 and 2, at most 4 parts, and a line through the mean distances of
    parts is followed to 1/count = 0. Parts instead of the paper's random subsets, since together they hold every
    sample, and of both sets, since both are small. That takes the sets for independent: of a model that learnt `b`
    itself by heart the bias is smaller than what is subtracted, and the result is below 0; a little below by chance.
    Parts must hold more samples than there are features; raises SfumatoError where even halves do not.
    """
    a, b = check_features(a, b)
    least = min(len(a), len(b))
    if least <= 2 * max(2, a.shape[1]):
        raise SfumatoError(
            f"halves of {least} samples are too few for a covariance of {a.shape[1]} features; generate more than "
            f"{2 * a.shape[1]:,}, or use the kernel distance."
        )
    most = max(2, min(PARTS, least // (4 * a.shape[1])))  # in smaller parts the bias grows faster than the line
    generator = torch_generator("parts", seed)
    whole, error = _distance_and_error(a, b)
    counts, means, weights = [1.0], [whole], [1.0]
    for parts in range(2, most + 1):
        for _ in range(SHUFFLES if a.shape[1] <= 256 else 1):
            first, second = (x[torch.randperm(len(x), generator=generator)].tensor_split(parts) for x in (a, b))
            distances = [_distance(p, q) for p, q in zip(first, second, strict=True)]
            counts.append(float(parts))
            means.append(sum(distances) / parts)
            weights.append(1 / parts)
    x, y, w = (torch.tensor(v, dtype=torch.float64) for v in (counts, means, weights))
    mean_x, mean_y = (w * x).sum() / w.sum(), (w * y).sum() / w.sum()
    slope = (w * (x - mean_x) * (y - mean_y)).sum() / (w * (x - mean_x).square()).sum()
    return squared_estimate(float(mean_y - slope * mean_x), error, least=-math.inf)


def half_to_half(features: Tensor, splits: int = 32, seed: int = 0) -> tuple[float, float]:
    """What "the same data" scores: mean and standard deviation of the distance between random halves."""
    generator = torch_generator("halves", seed)
    distances = []
    for _ in range(splits):
        first, second = torch.randperm(len(features), generator=generator).tensor_split(2)
        distances.append(frechet_distance(features[first], features[second]))
    values = torch.tensor(distances)
    return float(values.mean()), float(values.std())


def _root(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    root: Tensor = vectors * values.clamp(min=0).sqrt() @ vectors.T
    return root


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    mean = x.mean(0)
    centred = x - mean
    return mean, centred.T @ centred / (len(x) - 1)


def _distance(a: Tensor, b: Tensor) -> float:
    (mean_a, covariance_a), (mean_b, covariance_b) = _moments(a), _moments(b)
    root = _root(covariance_a)
    cross = torch.linalg.eigvalsh(root @ covariance_b @ root).clamp(min=0).sqrt().sum()
    return max(0.0, float((mean_a - mean_b).square().sum() + covariance_a.trace() + covariance_b.trace() - 2 * cross))


def _distance_and_error(a: Tensor, b: Tensor) -> tuple[float, float]:
    """The distance and its standard error to first order, without resampling."""
    distance, *moved = _influences(a, b)
    return distance, math.sqrt(sum(float(own.var()) / len(own) for own in moved))


def _influences(a: Tensor, b: Tensor) -> tuple[float, Tensor, Tensor]:
    """The distance, and how each sample of `a` and of `b` moves it, to first order.

    A sample x of `a` moves the distance by 2(μ_a − μ_b)·(x − μ_a) + (x − μ_a)ᵀ(1 − T)(x − μ_a), where T carries one
    Gaussian to the other: the derivative of the distance by the moments (Bhatia, Jain & Lim 2019, "On the
    Bures–Wasserstein distance between positive definite matrices", section 3).
    """
    (mean_a, covariance_a), (mean_b, covariance_b) = _moments(a), _moments(b)
    root = _root(covariance_a)
    values, vectors = torch.linalg.eigh(root @ covariance_b @ root)
    roots = values.clamp(min=0).sqrt()
    shift = mean_a - mean_b
    distance = float(shift.square().sum() + covariance_a.trace() + covariance_b.trace() - 2 * roots.sum())
    inverse = torch.where(roots > 1e-6 * roots.max(), 1 / roots, torch.zeros_like(roots))
    from_b = root @ (vectors * inverse @ vectors.T) @ root  # T of b, and below that of a, which is its inverse
    spectrum, basis = torch.linalg.eigh(covariance_a)
    back = torch.where(spectrum > 1e-12 * spectrum.max(), spectrum.clamp(min=0).rsqrt(), torch.zeros_like(spectrum))
    inverse_root = basis * back @ basis.T
    from_a = inverse_root @ (vectors * roots @ vectors.T) @ inverse_root
    moved = []
    for x, mean, towards, carry in ((a, mean_a, shift, from_a), (b, mean_b, -shift, from_b)):
        centred = x - mean
        moved.append(2 * centred @ towards + (centred * (centred - centred @ carry)).sum(1))
    return max(0.0, distance), moved[0], moved[1]
