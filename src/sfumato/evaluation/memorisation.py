"""Does the model copy its training samples? Nearest neighbours, judged by those of real samples it never saw."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from sfumato.errors import SfumatoError

MAX_DISTANCES = 2**23  # distances that are held at a time
NEXT = 50  # neighbours that a nearest one is compared with (Carlini et al. 2023, section 4.2)
SURE = 0.01
DUPLICATE = 0.1  # of the usual distance between neighbours


@dataclass(frozen=True)
class Nearest:
    """For each sample: its nearest training sample, the distance, and the ratio, all `(count,)`.

    The ratio is the distance over the mean distance of the next neighbours: small where one training sample is far
    closer than the rest of them (Carlini et al. 2023, "Extracting training data from diffusion models", eq. 3).
    """

    index: Tensor = field(repr=False)
    distance: Tensor = field(repr=False)
    ratio: Tensor = field(repr=False)


@dataclass(frozen=True)
class Audit:
    """One space's verdict on samples against held-out ones.

    `flagged` samples have a smaller ratio than all but the smallest hundredth of held-out ones have, which is
    `threshold`; of as many new samples from the data itself `expected` would. `p_value` is the chance of so many.
    """

    space: str
    samples: Nearest
    held_out: Nearest
    threshold: float
    flagged: int
    expected: float
    p_value: float

    @property
    def memorised(self) -> bool:
        """Whether more are flagged than chance explains, and at least twice as many as expected."""
        return self.p_value < SURE and self.flagged > 2 * self.expected


@dataclass(frozen=True)
class Duplicates:
    """Pairs `(number, 2)` of training samples that are all but equal, of `searched` samples."""

    pairs: Tensor = field(repr=False)
    searched: int


def nearest(samples: Tensor, train: Tensor) -> Nearest:
    """The nearest of `train` to each of `samples`, both `(count, dimension)`. Memory doesn't grow with the counts.

    Raises SfumatoError for fewer than 3 training samples, or other dimensions.
    """
    if len(train) < 3 or samples.shape[1:] != train.shape[1:]:
        raise SfumatoError(
            f"neighbours need 3 training samples or more of {tuple(samples.shape[1:])}, got {tuple(train.shape)}."
        )
    samples, train = samples.double(), train.double()  # in single precision a copy would not be at distance 0
    k = min(NEXT + 1, len(train))
    parts = [torch.cdist(x, train).topk(k, largest=False) for x in samples.split(max(1, MAX_DISTANCES // len(train)))]
    distances, indices = (torch.cat(values) for values in zip(*parts, strict=True))
    usual = distances[:, 1:].mean(1)
    return Nearest(indices[:, 0], distances[:, 0], distances[:, 0] / usual.clamp(min=1e-12))


def audit(space: str, samples: Tensor, train: Tensor, held_out: Tensor) -> Audit:
    """Compare `samples` with `held_out` by their ratios to `train`, all `(count, dimension)` in one space.

    The p-value is exact for samples from the same distribution as the held-out ones: how many of them come before the
    r-th smallest of held-out ratios is negative hypergeometric.
    """
    if len(held_out) < 8:
        raise SfumatoError(f"the audit needs 8 held-out samples or more to compare with, got {len(held_out)}.")
    generated, real = nearest(samples, train), nearest(held_out, train)
    order = max(1, len(held_out) // 100)
    threshold = float(real.ratio.sort().values[order - 1])
    flagged = int((generated.ratio < threshold).sum())
    p_value = _chance(flagged, order, len(samples), len(held_out))
    return Audit(space, generated, real, threshold, flagged, order * len(samples) / (len(held_out) + 1), p_value)


def near_duplicates(train: Tensor, most: int = 10_000) -> Duplicates:
    """Pairs that lie closer than a tenth of what is usual among neighbours; of larger sets the first `most` samples."""
    some = train[:most].double()
    if len(some) < 3:
        return Duplicates(torch.empty(0, 2, dtype=torch.long), len(some))
    distances, partners, usual = [], [], []
    for rows in torch.arange(len(some)).split(max(1, MAX_DISTANCES // len(some))):
        between = torch.cdist(some[rows], some)
        between[torch.arange(len(rows)), rows] = math.inf
        found = between.topk(min(NEXT, len(some) - 1), largest=False)
        distances.append(found.values[:, 0])
        partners.append(found.indices[:, 0])
        usual.append(found.values.mean(1))
    distance, partner = torch.cat(distances), torch.cat(partners)
    rows = (distance <= DUPLICATE * torch.cat(usual).median()).nonzero().flatten()
    pairs = torch.unique(torch.stack([rows, partner[rows]], 1).sort(1).values, dim=0)
    return Duplicates(pairs, len(some))


def memorised(audits: list[Audit]) -> bool:
    """Whether any of them shows it, at a level that all of them together keep to (Bonferroni)."""
    return any(a.memorised and a.p_value < SURE / len(audits) for a in audits)


def verdict(audits: list[Audit]) -> str:
    """One line for people."""
    worst = min(audits, key=lambda a: a.p_value)
    count = len(worst.samples.ratio)
    held = len(worst.held_out.ratio)
    than = "99%" if held >= 200 else "any"
    words = (
        f"{worst.flagged:,} of {count:,} samples lie closer to one training sample than {than} of {held:,} held-out "
        f"ones do (by {worst.space}; {worst.expected:.1f} by chance, p = {worst.p_value:.2g})"
    )
    if memorised(audits):
        return f"memorised: {words}."
    return f"no sign of copying: {words}."


def _chance(flagged: int, order: int, count: int, held_out: int) -> float:
    """P(at least `flagged` of `count` exchangeable samples lie below the `order`-th smallest of `held_out` others)."""
    if not flagged:
        return 1.0
    drawn = flagged + order - 1  # so many smallest of all hold fewer than `order` held-out ones

    def log_choose(n: int, k: int) -> float:
        return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

    whole = log_choose(count + held_out, drawn)
    terms = [
        math.exp(log_choose(held_out, k) + log_choose(count, drawn - k) - whole)
        for k in range(order)
        if drawn - k <= count and k <= held_out
    ]
    return min(1.0, sum(terms))
