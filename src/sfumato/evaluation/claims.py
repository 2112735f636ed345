"""Sentences of the classic lesson about diffusion, each measured: borne out, not borne out, or undecided."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from sfumato.baselines import KINDS, baseline_for, new_baseline
from sfumato.data.dataset import DataLost
from sfumato.diffusion import SCHEDULES, DiscreteBetas, Level
from sfumato.diffusion.levels import broadcast
from sfumato.errors import SfumatoError, unknown
from sfumato.evaluation.clip_claims import frames_agree
from sfumato.evaluation.course_claims import COURSE
from sfumato.evaluation.evaluating import seconds_of
from sfumato.evaluation.features import rounded
from sfumato.evaluation.finding import (
    Cell,
    Check,
    Finding,
    exactly,
    less,
    normal,
    ratio_of,
    standard_error,
    times_as_long,
)
from sfumato.evaluation.frechet import frechet_estimate, frechet_excess
from sfumato.evaluation.intervals import Estimate, estimate, share_of
from sfumato.evaluation.laboratory import BATCHES, RATES, SEARCH, Laboratory
from sfumato.evaluation.rivals import SEEDS, diversity, drifting, fidelity, stability
from sfumato.evaluation.scores import explained

MOST_CLASSES = 20  # that are told of one by one
CHANCE = 0.1  # what counts as near to chance, of a share
TOLERANCE = 0.02  # what counts as equal, of noise of unit variance
WAYS = (("ddim", 50), ("ddim", 20), ("dpm++2m", 50), ("dpm++2m", 20))  # what is compared with DDPM in 1,000 steps
CALLS = (("ddim", 50), ("dpm++2m", 20))  # how diffusion draws, besides, where calls are counted


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
            after = f"after {k:,} step{'s' * (k > 1)}, less than the closed form's"
            checks += [
                Check(f"signal {after}", less(slope, level.alpha), -TOLERANCE, TOLERANCE),
                Check(f"noise {after}", less(deviation, level.sigma), -TOLERANCE, TOLERANCE),
            ]
    exact = Check("largest difference between the coefficients of steps and closed form", exactly(apart), most=1e-9)
    return Finding(
        ("steps", "signal, closed form", "signal, walked", "noise, closed form", "noise, walked"),
        tuple(rows),
        (exact, *checks),
        (f"{len(x0):,} pictures were walked in {schedule.steps:,} steps of DDPM's schedule, which has no weights.",),
        shown=(3, 4),
        unit="standard deviation, pixels from −1 to 1",
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
        ("schedule", "alpha/sigma", *tests, "p-value"),
        tuple(rows),
        tuple(checks),
        (
            f"Four tests on {x0.numel():,} numbers; the p-value is the smallest of theirs times four (Bonferroni).",
            f"DDPM's schedule decides, by whether each deviation is surely below {TOLERANCE:g}. A p-value below 0.01 "
            "says that noise and x_T can be told apart, as they must be with enough pictures wherever alpha is not 0.",
        ),
        shown=(2,),
        unit="share of the picture in x_T, by regression",
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
        "standard deviation": (normal(float(deviation), 1 / math.sqrt(2 * count)),
                               _two_sided((float(deviation) - 1) * math.sqrt(2 * count))),
        "distance from the normal law": (Estimate(distance, max(0.0, distance - reach), distance + reach), chance),
        "correlation of neighbours": (normal(neighbours, 1 / math.sqrt(len(left))),
                                      _two_sided(neighbours * math.sqrt(len(left)))),
    }  # fmt: skip


def seeds_differ(lab: Laboratory) -> Finding:
    each = lab.effort.each_class
    dataset, classes = lab.reference.dataset, max(1, len(lab.model.config.classes))
    labels = lab.labels(each * classes)
    drawn = lab.generate(each * classes, labels)
    again = lab.generate(classes, None if labels is None else labels[:classes])
    same = float((again - drawn[:classes]).abs().max())
    names, rows, ours, theirs = lab.model.config.classes or ("all",), [], [], []
    for number, name in enumerate(names):
        own = lab.reference.train
        if dataset.labels is not None and classes > 1:
            own = own[dataset.labels[own] == number]
        if len(own) < 2:
            continue  # no two of them
        real = dataset.batch(own[:: max(1, len(own) // each)][:each])[0]
        a, b = _nearest_others(drawn[number::classes]), _nearest_others(real)
        ours.append(a)
        theirs.append(b)
        rows.append((name, len(a), float(a.min()), float(a.mean()), float(b.min()), float(b.mean())))
    if not ours:
        raise SfumatoError("no class has two training pictures to compare with.")
    ratio = ratio_of(torch.cat(ours), torch.cat(theirs))
    return Finding(
        ("class", "seeds", "nearest two, drawn", "nearest other, drawn", "nearest two, real", "nearest other, real"),
        tuple(rows),
        (
            Check("largest difference between two draws of one seed", exactly(same), most=1e-4),
            Check("distance to the nearest other seed's picture, of that between real ones", ratio, least=0.5),
        ),
        ("Distances are root mean squares over the pixels, of a range of 2, within a class.",),
        shown=(3, 5),
        unit="root mean square over pixels from −1 to 1",
    )


def conditioning_works(lab: Laboratory) -> Finding:
    classifier, names = lab.extractor.classifier, lab.model.config.classes
    if not names:
        raise SfumatoError("whether a class is generated as asked needs classes; leave the claim on conditioning out.")
    if classifier is None:
        raise SfumatoError(
            "whether a class is generated as asked is read by a classifier of the data's own classes, which isn't what "
            "the features are of."
        )
    count = len(names) * lab.effort.read
    asked = torch.tensor(lab.labels(count))
    shares, each = {}, {}
    for how, labels in (("asked for", lab.labels(count)), ("not asked for", None)):
        drawn = lab.generate(count, labels)
        right = (classifier.net(rounded(drawn)).argmax(1) == asked).double()
        shares[how] = share_of(float(right.sum()), count)
        each[how] = [share_of(float(right[asked == number].sum()), lab.effort.read) for number in range(len(names))]
    worst = sorted(range(len(names)), key=lambda number: each["asked for"][number].value)[:MOST_CLASSES]
    rows: list[tuple[Cell, ...]] = [("all", *shares.values())]
    rows += [(names[n], *(own[n] for own in each.values())) for n in sorted(worst)]
    few = (f"Of {len(names):,} classes those are shown that were least often right.",) * (len(names) > MOST_CLASSES)
    return Finding(
        ("class", "when asked for it", "when not asked"),
        tuple(rows),
        (
            Check("read as the class asked for", shares["asked for"], least=0.9 * classifier.accuracy),
            Check(
                "read as a class that was not asked for, beyond chance",
                less(shares["not asked for"], torch.tensor(1 / len(names))),
                -CHANCE,
                CHANCE,
            ),
        ),
        (f"Read by a classifier that is right on {classifier.accuracy:.1%} of real pictures it never saw.", *few),
        shown=(1, 2),
        unit="share of pictures read as the class",
    )


def few_steps(lab: Laboratory) -> Finding:
    count, real = lab.effort.compared, lab.reference.features
    if count <= real.shape[1]:
        raise SfumatoError(f"{count} pictures are too few for {real.shape[1]} features; measure without `quick`.")
    usual, margin = lab.halves
    drawn, seconds = lab.ddpm_1000
    slow = lab.extractor.features(drawn)
    rows: list[tuple[Cell, ...]] = [("ddpm", 1000, frechet_estimate(slow, real), seconds)]
    checks = []
    for sampler, steps in WAYS:
        started = time.perf_counter()
        drawn = lab.generate(count, lab.labels(count), sampler=sampler, steps=steps)
        seconds = (time.perf_counter() - started) / count
        fast = lab.extractor.features(drawn)
        rows.append((sampler, steps, frechet_estimate(fast, real), seconds))
        above = f"{sampler} in {steps} steps, Fréchet distance above DDPM's"
        checks.append(Check(above, frechet_excess(fast, slow, real), most=margin))
    rows.append(("halves of the real pictures", None, estimate(usual, margin), None))
    return Finding(
        ("sampler", "steps", "Fréchet distance", "seconds a picture"),
        tuple(rows),
        tuple(checks),
        (
            explained("frechet"),
            f"{count:,} pictures each, of the same seeds. As well means: farther from the data than DDPM's by no more "
            f"than {margin:.2g}, the standard deviation of the distance between random halves of the real pictures, "
            "which no sampler has any part in.",
        ),
        shown=(2,),
        unit="squared units of the features",
        named=2,
    )


def many_calls(lab: Laboratory) -> Finding:
    batch, repeats = lab.effort.timed, lab.effort.repeats
    baselines = [new_baseline(baseline_for(kind, lab.reference.dataset, lab.model.parameter_count)) for kind in KINDS]
    labels = lab.labels(batch)
    ways: list[tuple[str, int, int, Callable[[], object]]] = [
        (f"diffusion, {name}", steps, lab.model.parameter_count,
         partial(lab.generate, batch, labels, sampler=name, steps=steps))
        for name, steps in CALLS
    ]  # fmt: skip
    ways += [(one.config.kind.upper(), 1, one.size, partial(one.sample, range(batch), labels)) for one in baselines]
    slow = lab.ddpm_1000[1]
    rows: list[tuple[Cell, ...]] = [("diffusion, ddpm", 1000, lab.model.parameter_count, slow, slow, slow)]
    times: dict[str, list[float]] = {}
    for name, calls, size, work in ways:
        work()
        own = [seconds_of(work) / batch for _ in range(repeats)]
        times[name] = own
        rows.append((name, calls, size, statistics.median(own), min(own), max(own)))
    fastest = min(("GAN", "VAE"), key=lambda name: statistics.median(times[name]))
    checks = [
        Check(f"{name}: times as long as the {fastest}", times_as_long(times[name], times[fastest]), least=2.0)
        for name, *_ in ways
        if name.startswith("diffusion")
    ]
    return Finding(
        ("model", "calls", "parameters", "seconds a picture", "fastest", "slowest"),
        tuple(rows),
        tuple(checks),
        (
            f"{batch} pictures at a time, {lab.effort.compared:,} by DDPM, on {lab.model.device.type}. Speed doesn't "
            "depend on what was learnt.",
        ),
        shown=(3,),
        unit="s",
    )


EXPERIMENTS: dict[str, tuple[str, Callable[[Laboratory], Finding]]] = {
    "forward-process": (
        "Adding noise needs no learning, and one draw does what a thousand small steps do.",
        forward_process,
    ),
    "pure-noise": (
        "At the end of the forward process nothing of the picture is left: x_T is N(0, I).",
        pure_noise,
    ),
    "stability": (
        "Predicting noise trains stably; a GAN's two networks work against each other.",
        stability,
    ),
    "fidelity": (
        "Diffusion's pictures are nearer to the data than those of a VAE or a GAN of its size, trained as long.",
        fidelity,
    ),
    "diversity": (
        "Diffusion covers all of the data; a GAN leaves parts of it out.",
        diversity,
    ),
    "seeds": (
        "Different seeds give different pictures, and the same seed gives the same.",
        seeds_differ,
    ),
    "many-calls": (
        "A GAN and a VAE draw in one call; diffusion needs many, and takes longer for it.",
        many_calls,
    ),
    "few-steps": (
        "DDIM and DPM-Solver draw in 20 to 50 steps as well as DDPM draws in 1,000.",
        few_steps,
    ),
    "drifting": (
        "By drifting a network learns to draw in one call, as near to the data as a GAN, or as diffusion in four.",
        drifting,
    ),
    "conditioning": (
        "Tell the network the class, and it draws that class.",
        conditioning_works,
    ),
    **COURSE,
    "frames-agree": (
        "Frames that don't see one another are right one by one, and wrong as a clip.",
        frames_agree,
    ),
}


def check_names(names: Sequence[str]) -> None:
    """Raises SfumatoError for a name that is no experiment's."""
    for name in names:
        if name not in EXPERIMENTS:
            raise unknown("claim", name, EXPERIMENTS)


def measure_claims(lab: Laboratory, names: Sequence[str] = ()) -> Iterator[Finding | str]:
    """Make the experiments called `names`, all without any: yields the claim that is being measured, then its Finding.

    One that the model or the data doesn't suit is not applicable, and says why. Raises SfumatoError for other names.
    """
    check_names(names)
    for name in names or EXPERIMENTS:
        claim, measure = EXPERIMENTS[name]
        yield claim
        started = time.perf_counter()
        try:
            finding = measure(lab)
        except DataLost:
            raise
        except SfumatoError as error:
            finding = Finding((), (), (), reason=str(error))
        yield replace(finding, name=name, claim=claim, seconds=time.perf_counter() - started)


def expected_seconds(lab: Laboratory, names: Sequence[str] = ()) -> float:
    """About how long `measure_claims` will take: trainings by their budgets, pictures by a small trial."""
    batch = 100
    labels = lab.labels(batch)
    lab.generate(batch, labels, steps=2)
    started = time.perf_counter()
    lab.generate(batch, labels, steps=4)
    call = (time.perf_counter() - started) / (4 * batch)
    classes, steps = max(1, len(lab.model.config.classes)), lab.model.config.sampling.steps
    calls = {
        "seeds": lab.effort.each_class * classes * steps,
        "conditioning": 2 * lab.effort.read * classes * steps,
        "few-steps": lab.effort.compared * sum(steps for _, steps in WAYS),
        "many-calls": 4 * lab.effort.timed * sum(steps for _, steps in CALLS),
    }
    if both := [name for name in ("few-steps", "many-calls") if name in (names or EXPERIMENTS)]:
        calls[both[0]] += 1000 * lab.effort.compared
    chosen = names or tuple(EXPERIMENTS)
    trained = {"stability": 1.2 * 2 * SEEDS * lab.effort.short, "forward-process": 3.0, "frames-agree": 6.0}
    trained |= dict.fromkeys(("code-bits", "exact-bits"), 10 * lab.effort.short)
    if "drifting" in chosen:
        trained["drifting"] = 1.1 * lab.effort.trainings * lab.effort.long
    if both := [name for name in ("fidelity", "diversity") if name in chosen]:
        trained[both[0]] = 1.1 * len(BATCHES) * lab.effort.trainings * lab.effort.long
    search = 1.1 * len(BATCHES) * len(RATES) * SEARCH * lab.effort.long * (not {"stability", *both}.isdisjoint(chosen))
    return search + sum(call * calls.get(name, 0) + trained.get(name, 1.0) for name in chosen)


def _against(x: Tensor, x0: Tensor, level: Level) -> tuple[Estimate, Estimate]:
    """What `x` holds of `x0` (the slope of the regression through 0), and the deviation of the rest."""
    flat, clean = x.flatten().double(), x0.flatten().double()
    power = clean.square().sum()
    slope = float((flat * clean).sum() / power)
    deviation = float((flat - float(level.alpha) * clean).square().mean().sqrt())
    return (
        normal(slope, float(level.sigma / power.sqrt())),
        normal(deviation, float(level.sigma) / math.sqrt(2 * len(flat))),
    )


def _two_sided(deviations: float) -> float:
    return math.erfc(abs(deviations) / math.sqrt(2))


def _p_value(found: Estimate, expected: float) -> float:
    return _two_sided((found.value - expected) / standard_error(found))


def _nearest_others(x: Tensor) -> Tensor:
    """For each of `x` how far the nearest other is, root mean square over its numbers."""
    flat = x.flatten(1).double()
    distances = torch.cdist(flat, flat, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(math.inf)
    return distances.min(1).values / math.sqrt(flat.shape[1])
