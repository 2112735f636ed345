"""Fidelity against diversity: do guidance on an interval, CFG++ and APG beat plain classifier-free guidance?

    python benchmarks/guidance.py points     the shipped model of point sets, under a CPU-minute
    python benchmarks/guidance.py digits     the shipped digits, some CPU-minutes

Draws equally many samples of each class from the same seeds at several scales of each rule, and compares them with as
many real ones of that class (of the points, ones that the model never saw): precision and density say how many samples
lie where the data is, recall and coverage how much of the data lies where samples are. They are means over classes, by
coordinates or pixels. A rule beats plain guidance where one of its points lies beyond the curve of plain's points by
more than the 95% intervals of both. Prints the table and what it comes to; there is nothing to miss.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from sfumato.data import open_dataset
from sfumato.evaluation.intervals import QUANTILE, Estimate, estimate
from sfumato.evaluation.manifold import NAMES, precision_recall_density_coverage
from sfumato.hub import load

PAIRS = (("precision", "recall"), ("density", "coverage"))
# rule → (what it is in SamplingConfig, its scales)
RULES: dict[str, tuple[dict[str, Any], tuple[float, ...]]] = {
    "plain": ({}, (1.0, 1.25, 1.5, 2.0, 3.0, 5.0)),
    "interval": ({}, (1.5, 2.0, 3.0, 5.0)),
    "cfg++": ({"rule": "cfg++"}, (0.3, 0.5, 0.7, 1.0)),
    "projected": ({"rule": "projected"}, (1.5, 2.0, 3.0, 5.0)),
}


@dataclass(frozen=True)
class Case:
    """What is drawn and what it is compared with: samples of `data` from the `first` on."""

    data: str
    first: int
    count: int  # samples of a class
    interval: tuple[float, float]  # of sigma/alpha, about the data's own spread


CASES = {
    "points": Case("points:plane:116000", 100_000, 300, (0.05, 1.0)),
    "digits": Case("digits", 0, 100, (0.2, 3.0)),
}


def by_class(drawn: Tensor, real: list[Tensor]) -> dict[str, Estimate]:
    """The four shares, means over classes of samples `drawn`, class after class, beside as many `real` ones."""
    parts = drawn.clamp(-1, 1).flatten(1).chunk(len(real)) if drawn.ndim == 4 else drawn.chunk(len(real))
    found = [precision_recall_density_coverage(part, own, repeats=20) for part, own in zip(parts, real, strict=True)]
    means = {}
    for name in NAMES:
        errors = [(one[name].high - one[name].low) / 2 / QUANTILE for one in found]
        error = math.sqrt(sum(e**2 for e in errors)) / len(found)
        means[name] = estimate(sum(one[name].value for one in found) / len(found), error)
    return means


def beats(point: tuple[Estimate, Estimate], curve: list[tuple[Estimate, Estimate]]) -> bool:
    """Whether diversity at `point` (fidelity, diversity) is surely above what `curve` has at such a fidelity."""
    fidelity, diversity = point
    ends = sorted(curve, key=lambda p: p[0].value)
    reached = [d.high for f, d in ends if f.value >= fidelity.low]
    for (f, d), (g, e) in pairwise(ends):
        if f.value < fidelity.low < g.value:
            share = (fidelity.low - f.value) / (g.value - f.value)
            reached.append(d.high + share * (e.high - d.high))
    return diversity.low > max(reached, default=0.0)


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "points"
    case, model, started = CASES[name], load(name), time.process_time()
    dataset = open_dataset(case.data)
    x, labels = dataset.batch(torch.arange(case.first, len(dataset)))
    assert labels is not None
    classes = range(len(dataset.classes))
    real = [x[labels == label][: case.count].flatten(1) for label in classes]
    asked = [label for label in classes for _ in range(case.count)]
    table: dict[str, list[tuple[float, dict[str, Estimate]]]] = {}
    print(f"{name}: {case.count} samples of each of {len(real)} classes, {model.config.sampling.steps} steps")
    print(f"{'rule':<11}{'scale':>6}" + "".join(f"{share:>18}" for share in NAMES))
    for rule, (options, scales) in RULES.items():
        interval = case.interval if rule == "interval" else None
        for scale in scales:
            drawn = model.sample(range(len(asked)), asked, batch=1000, guidance=scale, interval=interval, **options)
            found = by_class(drawn, real)
            table.setdefault(rule, []).append((scale, found))
            cells = "".join(f"{e.value:10.3f} ± {(e.high - e.low) / 2:.3f}" for e in found.values())
            print(f"{rule:<11}{scale:6g}{cells}", flush=True)
    print()
    for rule in list(RULES)[1:]:
        for fidelity, diversity in PAIRS:
            curve = [(found[fidelity], found[diversity]) for _, found in table["plain"]]
            where = [f"{scale:g}" for scale, found in table[rule] if beats((found[fidelity], found[diversity]), curve)]
            words = f"beats plain at scale {', '.join(where)}" if where else "does not surely beat plain anywhere"
            print(f"{rule} by {fidelity} and {diversity}: {words}")
    print(f"{time.process_time() - started:.0f} CPU-seconds")


if __name__ == "__main__":
    main()
