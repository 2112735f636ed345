"""The kernel distance: the squared maximum mean discrepancy under a polynomial kernel, without a bias by size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.evaluation.intervals import Estimate, check_features, squared_estimate

MAX_DISTANCES = 2**24  # values of a kernel matrix that are held at a time


@dataclass(frozen=True)
class _Sums:
    """Of a kernel matrix `(n, m)`: by row, by column, of all values, and of their squares; its diagonal left out."""

    rows: Tensor
    columns: Tensor
    total: float
    squares: float


def kernel_distance(a: Tensor, b: Tensor) -> Estimate:
    """KID of the whole sets `(count, dimension)` with its interval: k(x, y) = (x·y/d + 1)³ (Bińkowski et al. 2018).

    The unbiased estimator: about 0 for equal distributions, where it is below 0 as often as above. The standard error
    is that of a U-statistic to second order, so that it also holds for equal distributions. Memory doesn't grow with
    the counts. Raises SfumatoError for features that don't fit together.
    """
    a, b = check_features(a, b)
    n, m = len(a), len(b)
    aa, bb, ab = _kernel_sums(a, a), _kernel_sums(b, b), _kernel_sums(a, b)
    value = aa.total / (n * (n - 1)) + bb.total / (m * (m - 1)) - 2 * ab.total / (n * m)
    first = 4 * float((aa.rows / (n - 1) - ab.rows / m).var()) / n
    first += 4 * float((bb.rows / (m - 1) - ab.columns / n).var()) / m
    second = 2 * _centred_square(aa, n - 1, n - 1) / n**2 + 2 * _centred_square(bb, m - 1, m - 1) / m**2
    second += 4 * _centred_square(ab, m, n) / (n * m)
    # The spread of first-order terms counts that of pairs twice (Efron & Stein 1981, eq. 2.11).
    return squared_estimate(value, math.sqrt(max(first - second, second)), least=-math.inf)


def _kernel_sums(a: Tensor, b: Tensor) -> _Sums:
    rows, columns = torch.zeros(len(a), dtype=a.dtype), torch.zeros(len(b), dtype=a.dtype)
    squares = 0.0
    step = max(1, MAX_DISTANCES // len(b))
    for start in range(0, len(a), step):
        kernel = (a[start : start + step] @ b.T).div_(a.shape[1]).add_(1)
        kernel = kernel.square() * kernel
        if a is b:
            kernel.diagonal(start).zero_()
        rows[start : start + step] = kernel.sum(1)
        columns += kernel.sum(0)
        squares += float(kernel.square_().sum())
    return _Sums(rows, columns, float(rows.sum()), squares)


def _centred_square(sums: _Sums, a_row: int, a_column: int) -> float:
    """The mean square of the kernel less its row and column means, of `a_row` values a row and `a_column` a column."""
    count = len(sums.rows) * a_row
    means = float(sums.rows.square().sum()) / a_row + float(sums.columns.square().sum()) / a_column
    return max(0.0, sums.squares - means + sums.total**2 / count) / count
