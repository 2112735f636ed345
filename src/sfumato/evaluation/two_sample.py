"""Can anyone tell the two sets apart? A classifier tries, and classes are counted."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.evaluation.intervals import Estimate, check_features, share_of, squared_estimate
from sfumato.seeds import torch_generator

MAX_DISTANCES = 2**22  # that are held at a time


def classifier_two_sample_test(a: Tensor, b: Tensor, seed: int = 0) -> Estimate:
    """C2ST: how often a classifier by nearest neighbours is right; 0.5 by chance (Lopez-Paz & Oquab 2017, section 3).

    Equally many features `(count, dimension)` of both, scaled by their pooled deviations; half of them teach and half
    are asked, by the majority among √(number taught) neighbours. The p-value is that of so many right answers or more
    by tossing coins. Far below 0.5 means that one set holds copies of the other. Raises SfumatoError for fewer than 8.
    """
    a, b = check_features(a, b, least=8)
    count = min(len(a), len(b))
    generator = torch_generator("two-sample split", seed)
    a, b = (x[torch.randperm(len(x), generator=generator)[:count]] for x in (a, b))
    scale = torch.cat([a, b]).std(0)
    a, b = a / scale.where(scale > 0, 1), b / scale.where(scale > 0, 1)
    half = count // 2
    taught, asked = torch.cat([a[:half], b[:half]]), torch.cat([a[half:], b[half:]])
    truth = torch.arange(len(asked)) >= len(asked) // 2
    k = 2 * (math.isqrt(2 * half) // 2) + 1
    answers = []
    for rows in asked.split(max(1, MAX_DISTANCES // len(taught))):
        near = torch.cdist(rows, taught).topk(min(k, len(taught)), largest=False).indices
        answers.append((near >= half).double().mean(1) > 0.5)
    right, n = int((torch.cat(answers) == truth).sum()), len(asked)
    tail = torch.arange(right, n + 1, dtype=torch.float64)
    log_odds = math.lgamma(n + 1) - torch.lgamma(tail + 1) - torch.lgamma(n - tail + 1) - n * math.log(2)
    return replace(share_of(right, n), p_value=min(1.0, float(log_odds.exp().sum())))


def class_accuracy(read: Tensor, asked: Tensor) -> Estimate:
    """The share of samples that are read `(count,)` as the class that was asked for `(count,)`, with its interval."""
    if not len(read) or len(read) != len(asked):
        raise SfumatoError(f"{len(read)} samples were read and {len(asked)} asked for; give one class a sample.")
    return share_of(int((read == asked).sum()), len(read))


def class_histogram(a: Tensor, b: Tensor, classes: int) -> Estimate:
    """Σ (p − q)²/(p + q) of the shares of classes in `a` and `b` `(count,)`: 0 for equal ones, 2 for none in common.

    The p-value is that of Pearson's χ² test of homogeneity; for equal counts n, χ² is n times the value. Raises
    SfumatoError for empty sets.
    """
    if not len(a) or not len(b):
        raise SfumatoError("one of the sets is empty, so that its classes can't be counted.")
    counts = torch.stack([x.bincount(minlength=classes) for x in (a, b)]).double()
    counts = counts[:, counts.sum(0) > 0]
    number = counts.sum(1)
    expected = number[:, None] * counts.sum(0) / number.sum()
    chi2 = ((counts - expected).square() / expected).sum()
    freedom = torch.tensor(max(1, counts.shape[1] - 1) / 2, dtype=torch.float64)
    p, q = counts / number[:, None]
    variance = 0.0
    for share, other, n in ((p, q, number[0]), (q, p, number[1])):
        slope = (share - other) * (share + 3 * other) / (share + other).square()  # of the value, by this share
        variance += float(((share * slope.square()).sum() - (share * slope).sum().square()) / n)
    found = squared_estimate(float(((p - q).square() / (p + q)).sum()), math.sqrt(max(0.0, variance)))
    return Estimate(found.value, found.low, min(2.0, found.high), float(torch.special.gammaincc(freedom, chi2 / 2)))
