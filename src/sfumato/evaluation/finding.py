"""What an experiment finds: numbers with their intervals, and the verdict that follows from them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from sfumato.evaluation.intervals import QUANTILE, Estimate, estimate, share_of

Verdict = Literal["borne out", "not borne out", "undecided", "not applicable"]
Cell = str | int | float | Estimate | None
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}  # number of values → 97.5% point of Student's law, one degree fewer


@dataclass(frozen=True)
class Check:
    """A number that a claim stands or falls with: its 95% interval, and the range that it must lie in."""

    quantity: str
    found: Estimate
    least: float = -math.inf
    most: float = math.inf

    @property
    def verdict(self) -> Verdict:
        if self.least <= self.found.low and self.found.high <= self.most:
            return "borne out"
        if self.found.high < self.least or self.found.low > self.most:
            return "not borne out"
        return "undecided"


@dataclass(frozen=True)
class Finding:
    """What came of one experiment: a table, the numbers that decide, and `notes` on how to read them.

    The figure shows the columns `shown`, in `unit`, by the names in the columns before `named`; `samples` are pictures
    `(count, ...)` to look at. `reason` is why the claim doesn't apply to the model or its data, where it doesn't.
    `name` and `claim` are those of EXPERIMENTS.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()
    shown: tuple[int, ...] = (1,)
    unit: str = ""
    named: int = 1
    samples: tuple[tuple[str, Tensor], ...] = ()
    reason: str = ""
    name: str = ""
    claim: str = ""
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """A claim is as good as the weakest of its checks, and undecided without any."""
        if self.reason:
            return "not applicable"
        found = [check.verdict for check in self.checks]
        if "not borne out" in found:
            return "not borne out"
        return "borne out" if found and "undecided" not in found else "undecided"


def normal(value: float, error: float) -> Estimate:
    return estimate(value, error, least=-math.inf)


def exactly(value: float) -> Estimate:
    return Estimate(value, value, value)


def less(found: Estimate, number: Tensor | float) -> Estimate:
    by = float(number)
    return Estimate(found.value - by, found.low - by, found.high - by)


def standard_error(found: Estimate) -> float:
    return (found.high - found.low) / (2 * QUANTILE)


def mean_of(values: Sequence[float]) -> Estimate:
    """The mean of a few values, with Student's interval."""
    reach = STUDENT[len(values)] * statistics.stdev(values) / math.sqrt(len(values))
    middle = statistics.mean(values)
    return Estimate(middle, middle - reach, middle + reach)


def means_apart(one: Sequence[float], other: Sequence[float]) -> Estimate:
    """How far the mean of a few values is above that of as many others."""
    ends = [mean_of(values) for values in (one, other)]
    reach = math.hypot(*(end.high - end.value for end in ends))
    middle = ends[0].value - ends[1].value
    return Estimate(middle, middle - reach, middle + reach)


def shares_apart(one: int, other: int, count: int) -> Estimate:
    """How far the share `one` of `count` is above `other` of as many (Newcombe 1998, method 10)."""
    a, b = share_of(one, count), share_of(other, count)
    middle = a.value - b.value
    return Estimate(
        middle,
        middle - math.hypot(a.value - a.low, b.high - b.value),
        middle + math.hypot(a.high - a.value, b.value - b.low),
    )


def ratio_of(above: Tensor, below: Tensor) -> Estimate:
    """The ratio of two means, its error to first order."""
    ratio = float(above.mean() / below.mean())
    errors = [float(x.std() / x.mean() / math.sqrt(len(x))) for x in (above, below)]
    return normal(ratio, ratio * math.hypot(*errors))


def times_as_long(slow: Sequence[float], fast: Sequence[float]) -> Estimate:
    """How many times as long, of a few timings each: on a logarithmic scale, with Student's factor for few."""
    logs = [[math.log(x) for x in timings] for timings in (slow, fast)]
    middle = statistics.mean(logs[0]) - statistics.mean(logs[1])
    error = math.hypot(*(statistics.stdev(one) / math.sqrt(len(one)) for one in logs))
    reach = STUDENT[min(len(slow), len(fast))] * error
    return Estimate(math.exp(middle), math.exp(middle - reach), math.exp(middle + reach))
