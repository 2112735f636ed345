"""Sentences of the classic lesson about diffusion, each measured: borne out, not borne out, or undecided."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from sfumato.baselines import KINDS, baseline_for, new_baseline
from sfumato.diffusion import SCHEDULES, DiscreteBetas, Level
from sfumato.diffusion.levels import broadcast
from sfumato.errors import SfumatoError, unknown
from sfumato.evaluation.features import Extractor, rounded
from sfumato.evaluation.frechet import frechet_estimate
from sfumato.evaluation.intervals import QUANTILE, Estimate, estimate
from sfumato.evaluation.measure import Reference
from sfumato.hub import Model

Verdict = Literal["borne out", "not borne out", "undecided"]
Cell = str | int | float | Estimate | None
TOLERANCE = 0.02  # what counts as equal, of noise of unit variance
CALLS = (("ddpm", 1000), ("ddim", 50), ("dpm++2m", 20))  # how diffusion draws where calls are counted
STUDENT = {3: 4.303, 4: 3.182, 5: 2.776}  # number of timings → 97.5% point of Student's law, one degree fewer


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
    """What came of one experiment: a table, the numbers that decide, and `notes` on how to read them."""

    name: str
    claim: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """A claim is as good as the weakest of its checks."""
        found = [check.verdict for check in self.checks]
        if "not borne out" in found:
            return "not borne out"
        return "undecided" if "undecided" in found else "borne out"


@dataclass(frozen=True)
class Laboratory:
    """What experiments are made with: a model, the data that it was trained on, and how long they may take."""

    model: Model
    reference: Reference
    quick: bool = False
    seed: int = 0

    @property
    def extractor(self) -> Extractor:
        return self.reference.extractor

    @cached_property
    def pictures(self) -> Tensor:
        """Training pictures, 100,000 numbers in all (ten times that unless `quick`); those of small sets come again."""
        dataset, numbers = self.reference.dataset, 10**5 if self.quick else 10**6
        return dataset.batch(np.resize(self.reference.train, max(100, numbers // math.prod(dataset.shape))))[0]

    def generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.seed)

    def labels(self, count: int) -> list[int] | None:
        """Each class in turn; None without classes."""
        classes = len(self.model.config.classes)
        return [number % classes for number in range(count)] if classes else None

    def draw(self, count: int, labels: Sequence[int] | None = None, **sampling: Any) -> Tensor:
        """Pictures of the seeds from 0 on; their features' rows are in this order."""
        return self.model.sample(range(count), labels, batch=250, **sampling)


def forward_process(lab: Laboratory) -> Finding:
    schedule = SCHEDULES["linear"]()
    assert isinstance(schedule, DiscreteBetas)
    shown = {1, 10, 100, 300, 1000}
    x0, generator = lab.pictures, lab.generator()
    walked, rows, checks = x0, [], []
    kept = torch.ones((), dtype=torch.float64)  # of x0 and of the variance, step by step
    spread, apart = torch.zeros((), dtype=torch.float64), 0.0
    for k in range(1, schedule.steps + 1):
        beta = schedule.betas[k - 1]
        kept, spread = kept * (1 - beta).sqrt(), spread * (1 - beta) + beta
        level = schedule(k / schedule.steps)
        apart = max(apart, abs(float(kept - level.alpha)), abs(float(spread.sqrt() - level.sigma)))
        walked = schedule.step(walked, k, torch.randn(walked.shape, generator=generator))
        if k in shown:
            slope, deviation = _against(walked, x0, level)
            rows.append((k, float(level.alpha), slope, float(level.sigma), deviation))
            checks += [
                Check(f"signal after {k} steps, less than the closed form's", _less(slope, level.alpha),
                      -TOLERANCE, TOLERANCE),
                Check(f"noise after {k} steps, less than the closed form's", _less(deviation, level.sigma),
                      -TOLERANCE, TOLERANCE),
            ]  # fmt: skip
    exact = Check("largest difference between the coefficients of steps and closed form", _exactly(apart), most=1e-9)
    return Finding(
        "forward-process",
        "Adding noise needs no learning, and one draw does what a thousand small steps do.",
        ("steps", "signal, closed form", "signal, walked", "noise, closed form", "noise, walked"),
        tuple(rows),
        (exact, *checks),
        (f"{len(x0):,} pictures were walked in {schedule.steps:,} steps of DDPM's schedule, which has no weights.",),
    )


def pure_noise(lab: Laboratory) -> Finding:
    x0 = lab.pictures
    rows, checks = [], []
    for name in ("linear", "scaled-linear", "cosine", "edm", "flow"):
        level, generator = SCHEDULES[name]()(1.0), lab.generator()
        x = broadcast(level.alpha, x0) * x0
        x = ((x + broadcast(level.sigma, x0) * torch.randn(x0.shape, generator=generator)) / level.sigma).float()
        tests = noise_tests(x, x0)
        chance = min(1.0, len(tests) * min(p for _, p in tests.values()))
        rows.append((name, float(level.alpha / level.sigma), *(found for found, _ in tests.values()), chance))
        if name == "linear":
            ranges = {"signal left": 0.0, "standard deviation": 1.0, "distance from the normal law": 0.0,
                      "correlation of neighbours": 0.0}  # fmt: skip
            checks = [Check(f"{key} ({name})", tests[key][0], at - TOLERANCE, at + TOLERANCE)
                      for key, at in ranges.items()]  # fmt: skip
    return Finding(
        "pure-noise",
        "At the end of the forward process nothing of the picture is left: x_T is N(0, I).",
        ("schedule", "alpha/sigma", *tests, "p-value"),
        tuple(rows),
        tuple(checks),
        (
            f"Four tests on {x0.numel():,} numbers; the p-value is the smallest of theirs times four (Bonferroni).",
            f"DDPM's schedule decides, by whether each deviation is surely below {TOLERANCE:g}. A p-value below 0.01 "
            "says that noise and x_T can be told apart, as they must be with enough pictures wherever alpha is not 0.",
        ),
    )


def noise_tests(x: Tensor, x0: Tensor) -> dict[str, tuple[Estimate, float]]:
    """How `x`, of unit noise over `x0`, both `(count, ...)`, differs from N(0, I): each number with its p-value.

    What is left of `x0` (regression), the standard deviation, the largest distance between the distribution functions
    (Kolmogorov's test) and the correlation of neighbours in a row.
    """
    flat, count = x.flatten().double(), x.numel()
    signal, _ = _against(x, x0, Level.of(0.0, 1.0))
    deviation = flat.square().mean().sqrt()
    ranks = torch.arange(count + 1, dtype=torch.float64) / count
    law = (1 + torch.erf(flat.sort().values / math.sqrt(2))) / 2
    distance = float(torch.maximum((law - ranks[:-1]).max(), (ranks[1:] - law).max()))
    series = torch.arange(1, 101, dtype=torch.float64)
    scaled = max(distance * math.sqrt(count), 0.2)  # below, the series of Kolmogorov's law is 1
    chance = float((2 * (-1) ** (series - 1) * torch.exp(-2 * series.square() * scaled**2)).sum().clamp(0, 1))
    left, right = x[..., :-1].flatten().double(), x[..., 1:].flatten().double()
    neighbours = float((left * right).mean() / flat.square().mean())
    reach = 1.358 / math.sqrt(count)  # the 95% point of Kolmogorov's law
    return {
        "signal left": (signal, _p_value(signal, 0.0)),
        "standard deviation": (_normal(float(deviation), 1 / math.sqrt(2 * count)),
                               _two_sided((float(deviation) - 1) * math.sqrt(2 * count))),
        "distance from the normal law": (Estimate(distance, max(0.0, distance - reach), distance + reach), chance),
        "correlation of neighbours": (_normal(neighbours, 1 / math.sqrt(len(left))),
                                      _two_sided(neighbours * math.sqrt(len(left)))),
    }  # fmt: skip


def seeds_differ(lab: Laboratory) -> Finding:
    each = 12 if lab.quick else 40  # pictures a class
    dataset, classes = lab.reference.dataset, max(1, len(lab.model.config.classes))
    labels = lab.labels(each * classes)
    drawn = lab.draw(each * classes, labels)
    again = lab.draw(classes, None if labels is None else labels[:classes])
    same = float((again - drawn[:classes]).abs().max())
    names, rows, ours, theirs = lab.model.config.classes or ("all",), [], [], []
    for number, name in enumerate(names):
        own = lab.reference.train
        if dataset.labels is not None and classes > 1:
            own = own[dataset.labels[own] == number]
        real = dataset.batch(own[:: max(1, len(own) // each)][:each])[0]
        a, b = _nearest_others(drawn[number::classes]), _nearest_others(real)
        ours.append(a)
        theirs.append(b)
        rows.append((name, len(a), float(a.min()), float(a.mean()), float(b.min()), float(b.mean())))
    ratio = _ratio(torch.cat(ours), torch.cat(theirs))
    return Finding(
        "seeds",
        "Different seeds give different pictures, and the same seed gives the same.",
        ("class", "seeds", "nearest two, drawn", "nearest other, drawn", "nearest two, real", "nearest other, real"),
        tuple(rows),
        (
            Check("largest difference between two draws of one seed", _exactly(same), most=1e-4),
            Check("distance to the nearest other seed's picture, of that between real ones", ratio, least=0.5),
        ),
        ("Distances are root mean squares over the pixels, of a range of 2, within a class.",),
    )


def conditioning_works(lab: Laboratory) -> Finding:
    classifier, names = lab.extractor.classifier, lab.model.config.classes
    if classifier is None or not names:
        raise SfumatoError("whether a class is drawn as asked needs classes; leave out the claim on conditioning.")
    count = len(names) * (30 if lab.quick else 200)
    asked = torch.tensor(lab.labels(count))
    rows: list[tuple[Cell, ...]] = []
    shares = {}
    for how, labels in (("asked for", lab.labels(count)), ("not asked for", None)):
        drawn = lab.draw(count, labels)
        right = (classifier.net(rounded(drawn)).argmax(1) == asked).double()
        shares[how] = _share(float(right.sum()), count)
        rows.append((how, shares[how], *(float(right[asked == number].mean()) for number in range(len(names)))))
    return Finding(
        "conditioning",
        "Tell the network the class, and it draws that class.",
        ("class", "read as it", *names),
        tuple(rows),
        (
            Check("read as the class asked for", shares["asked for"], least=0.9 * classifier.accuracy),
            Check("read as that class by chance", shares["not asked for"], most=0.9 * classifier.accuracy),
        ),
        (f"Read by a classifier that is right on {classifier.accuracy:.1%} of real pictures it never saw.",),
    )


def few_steps(lab: Laboratory) -> Finding:
    count = 100 if lab.quick else 1000
    real = lab.reference.features
    if count <= real.shape[1]:
        raise SfumatoError(f"{count} pictures are too few for {real.shape[1]} features; measure without --quick.")
    generator = lab.generator()
    rounds = [frechet_estimate(real[torch.randperm(len(real), generator=generator)[:count]], real) for _ in range(8)]
    floor = statistics.mean(one.value for one in rounds)
    ways = [("ddpm", 1000), ("ddim", 50), ("ddim", 20), ("dpm++2m", 50), ("dpm++2m", 20)]
    found: dict[tuple[str, int], Estimate] = {}
    rows, checks = [], []
    for sampler, steps in ways:
        started = time.perf_counter()
        drawn = lab.draw(count, lab.labels(count), sampler=sampler, steps=steps)
        seconds = (time.perf_counter() - started) / count
        found[sampler, steps] = now = frechet_estimate(lab.extractor.features(drawn), real)
        rows.append((sampler, steps, now, now.value / floor, seconds))
        if sampler != "ddpm":
            checks.append(
                Check(f"{sampler} in {steps} steps, Fréchet distance above DDPM's", _difference(now, found[ways[0]]),
                      most=floor)
            )  # fmt: skip
    return Finding(
        "few-steps",
        "DDIM and DPM-Solver draw in 20 to 50 steps as well as DDPM draws in 1,000.",
        ("sampler", "steps", "Fréchet distance", "of real pictures'", "seconds a picture"),
        tuple(rows),
        tuple(checks),
        (
            f"{count:,} pictures each. As well means: no farther from the data than DDPM's by what {count:,} real "
            f"pictures are from all of them, {floor:.3g}.",
        ),
    )


def many_calls(lab: Laboratory) -> Finding:
    batch, repeats = 16 if lab.quick else 64, 3 if lab.quick else 5
    baselines = [new_baseline(baseline_for(kind, lab.reference.dataset, lab.model.parameters)) for kind in KINDS]
    labels = lab.labels(batch)
    ways: list[tuple[str, int, int, Callable[[], object]]] = [
        (f"diffusion, {name}", steps, lab.model.parameters,
         partial(lab.draw, batch, labels, sampler=name, steps=steps))
        for name, steps in CALLS
    ]  # fmt: skip
    ways += [(one.config.kind.upper(), 1, one.size, partial(one.sample, range(batch), labels)) for one in baselines]
    rows: list[tuple[Cell, ...]] = []
    times: dict[str, list[float]] = {}
    for name, calls, size, work in ways:
        if calls < 100:
            work()
        own = [_seconds(work) / batch for _ in range(1 if calls > 100 else repeats)]
        times[name] = own
        rows.append((name, calls, size, statistics.median(own), min(own), max(own)))
    fastest = min(("GAN", "VAE"), key=lambda name: statistics.median(times[name]))
    checks = [
        Check(f"{name}: times as long as the {fastest}", _times(times[name], times[fastest]), least=2.0)
        for name, *_ in ways
        if name.startswith("diffusion") and len(times[name]) > 1
    ]
    return Finding(
        "many-calls",
        "A GAN and a VAE draw in one call; diffusion needs many, and takes longer for it.",
        ("model", "calls", "parameters", "seconds a picture", "fastest", "slowest"),
        tuple(rows),
        tuple(checks),
        (f"{batch} pictures at a time, on {lab.model.device.type}. Speed doesn't depend on what was learnt.",),
    )


EXPERIMENTS: dict[str, Callable[[Laboratory], Finding]] = {
    "forward-process": forward_process,
    "pure-noise": pure_noise,
    "seeds": seeds_differ,
    "conditioning": conditioning_works,
    "few-steps": few_steps,
    "many-calls": many_calls,
}


def check_names(names: Sequence[str]) -> None:
    """Raises SfumatoError for a name that is no experiment's."""
    for name in names:
        if name not in EXPERIMENTS:
            raise unknown("claim", name, EXPERIMENTS)


def measure_claims(lab: Laboratory, names: Sequence[str] = ()) -> Iterator[Finding]:
    """Make the experiments called `names`, all without any, and yield each as it is done.

    Raises SfumatoError for other names, and where the model or the data doesn't suit an experiment.
    """
    check_names(names)
    for name in names or EXPERIMENTS:
        started = time.perf_counter()
        finding = EXPERIMENTS[name](lab)
        yield replace(finding, seconds=time.perf_counter() - started)


def _against(x: Tensor, x0: Tensor, level: Level) -> tuple[Estimate, Estimate]:
    """What `x` holds of `x0` (the slope of the regression through 0), and the deviation of the rest."""
    flat, clean = x.flatten().double(), x0.flatten().double()
    power = clean.square().sum()
    slope = float((flat * clean).sum() / power)
    deviation = float((flat - float(level.alpha) * clean).square().mean().sqrt())
    return (
        _normal(slope, float(level.sigma / power.sqrt())),
        _normal(deviation, float(level.sigma) / math.sqrt(2 * len(flat))),
    )


def _normal(value: float, error: float) -> Estimate:
    return estimate(value, error, least=-math.inf)


def _exactly(value: float) -> Estimate:
    return Estimate(value, value, value)


def _less(found: Estimate, number: Tensor) -> Estimate:
    by = float(number)
    return Estimate(found.value - by, found.low - by, found.high - by)


def _error(found: Estimate) -> float:
    return (found.high - found.low) / (2 * QUANTILE)


def _difference(one: Estimate, other: Estimate) -> Estimate:
    return _normal(one.value - other.value, math.hypot(_error(one), _error(other)))


def _two_sided(deviations: float) -> float:
    return math.erfc(abs(deviations) / math.sqrt(2))


def _p_value(found: Estimate, expected: float) -> float:
    return _two_sided((found.value - expected) / _error(found))


def _share(hits: float, count: int) -> Estimate:
    """A share with Wilson's interval, which holds near 0 and 1 too (Wilson 1927)."""
    share, squared = hits / count, QUANTILE**2 / count
    middle = (share + squared / 2) / (1 + squared)
    reach = QUANTILE * math.sqrt(share * (1 - share) / count + squared / (4 * count)) / (1 + squared)
    return Estimate(share, min(share, middle - reach), max(share, middle + reach))


def _nearest_others(x: Tensor) -> Tensor:
    """For each of `x` how far the nearest other is, root mean square over its numbers."""
    flat = x.flatten(1).double()
    distances = torch.cdist(flat, flat, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(math.inf)
    return distances.min(1).values / math.sqrt(flat.shape[1])


def _ratio(above: Tensor, below: Tensor) -> Estimate:
    """The ratio of two means, its error to first order."""
    ratio = float(above.mean() / below.mean())
    errors = [float(x.std() / x.mean() / math.sqrt(len(x))) for x in (above, below)]
    return _normal(ratio, ratio * math.hypot(*errors))


def _times(slow: Sequence[float], fast: Sequence[float]) -> Estimate:
    """How many times as long, of a few timings each: on a logarithmic scale, with Student's factor for few."""
    logs = [[math.log(x) for x in timings] for timings in (slow, fast)]
    middle = statistics.mean(logs[0]) - statistics.mean(logs[1])
    error = math.hypot(*(statistics.stdev(one) / math.sqrt(len(one)) for one in logs))
    reach = STUDENT[min(len(slow), len(fast))] * error
    return Estimate(math.exp(middle), math.exp(middle - reach), math.exp(middle + reach))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
