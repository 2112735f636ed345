"""How far a score would move with other samples: 95% intervals, and what scores ask of features."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.seeds import torch_generator

QUANTILE = 1.96  # of the standard normal: 95% between minus and plus
LEFT_OUT = 0.4  # of a set


@dataclass(frozen=True)
class Estimate:
    """A score with the ends of its 95% interval; `p_value` where it is a test that the two sets are alike.

    The interval is for what the score is on average over sets of these sizes. For scores without a bias by size
    (kernel distance, Fréchet distance extrapolated) that is what it would be for endlessly many samples.
    """

    value: float
    low: float
    high: float
    p_value: float | None = None


def estimate(value: float, error: float, least: float = 0.0, most: float = math.inf) -> Estimate:
    """The value and ± 1.96 standard errors around it, cut where the score can't be: outside of `least` to `most`."""
    reach = QUANTILE * error
    return Estimate(value, max(least, min(value, value - reach)), min(most, value + reach))


def squared_estimate(value: float, error: float, least: float = 0.0) -> Estimate:
    """The same for squared distances, which vary the more the larger they are: ± 1.96 standard errors of the root.

    Both ends so move up by reach²/4·value: of its own scale the interval of a small value would lie too low. Near 0,
    where there is no root, it is as if the value were the reach.
    """
    reach = QUANTILE * error
    lift = reach**2 / (4 * max(value, reach)) if reach else 0.0
    return Estimate(value, max(least, min(value, value - reach + lift)), value + reach + lift)


def share_of(hits: float, count: int) -> Estimate:
    """A share with Wilson's interval, which holds near 0 and 1 too (Wilson 1927)."""
    share, squared = hits / count, QUANTILE**2 / count
    middle = (share + squared / 2) / (1 + squared)
    reach = QUANTILE * math.sqrt(share * (1 - share) / count + squared / (4 * count)) / (1 + squared)
    return Estimate(share, max(0.0, min(share, middle - reach)), min(1.0, max(share, middle + reach)))


def subsampling_error(
    statistic: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor, repeats: int = 50, seed: int = 0
) -> Tensor:
    """Standard errors of `statistic(a, b)` (numbers of any shape) over other sets `a` and `b` of the same sizes.

    From its spread as two fifths of both sets are left out at random: the delete-d jackknife (Shao & Tu 1995, "The
    jackknife and bootstrap", section 2.3). Unlike in the bootstrap no sample comes twice, which would break distances
    to nearest neighbours and make two sets look farther apart than they are.
    """
    generator = torch_generator("left out", seed)
    found = []
    for _ in range(repeats):
        kept = [
            x[torch.randperm(len(x), generator=generator)[: len(x) - max(1, int(LEFT_OUT * len(x)))]] for x in (a, b)
        ]
        found.append(statistic(*kept).double())
    return torch.stack(found).std(0) * math.sqrt(1 / LEFT_OUT - 1)


def check_features(a: Tensor, b: Tensor, least: int = 2) -> tuple[Tensor, Tensor]:
    """Both as float64 `(count, dimension)`; raises SfumatoError for what no score can be taken of."""
    for x, words in ((a, "the first set"), (b, "the second set")):
        if x.ndim != 2:
            raise SfumatoError(f"{words} has the shape {tuple(x.shape)}; features are (count, dimension).")
        if len(x) < least:
            raise SfumatoError(f"{words} holds {len(x)} samples, and a score needs at least {least}; generate more.")
        if not bool(x.isfinite().all()):
            bad = int((~x.isfinite()).any(1).sum())
            raise SfumatoError(f"{bad} of {len(x)} samples of {words} have values that are not finite numbers.")
    if a.shape[1] != b.shape[1]:
        raise SfumatoError(
            f"one set has {a.shape[1]} features a sample and the other {b.shape[1]}; take both with one extractor."
        )
    return a.detach().double(), b.detach().double()
