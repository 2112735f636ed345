"""One evaluation of a model from the first draw to the folder of results."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import torch
from torch import Tensor

from sfumato import __version__
from sfumato.data import Dataset
from sfumato.diffusion.likelihood import bits_per_dim, dequantise, log_likelihood
from sfumato.errors import SfumatoError
from sfumato.evaluation.by_level import LEVELS, SAMPLES, loss_by_level, sample_conditions
from sfumato.evaluation.features import Extractor
from sfumato.evaluation.frechet import frechet_estimate
from sfumato.evaluation.intervals import LEFT_OUT, estimate
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.evaluation.measure import (
    MOST,
    Asked,
    Measured,
    Reference,
    asked_of,
    audit_samples,
    conditions,
    floor_sets,
    measure,
    pixels_of,
    shrunk,
)
from sfumato.evaluation.memorisation import Audit, Duplicates, near_duplicates, verdict
from sfumato.evaluation.record import Record, ScoreRecord, Source
from sfumato.evaluation.sliced import sliced_wasserstein
from sfumato.hub import Model, SamplingConfig
from sfumato.sampling import ImageNoise
from sfumato.sampling.samplers import SAMPLERS
from sfumato.seeds import torch_generator

CURVE = (2, 3, 5, 8, 12, 20, 32)  # steps at which quality is measured
CURVE_SAMPLES = 500
BITS_SAMPLES = 64
TRIAL = 500  # samples whose distances are timed

Draw = Callable[[Sequence[int], Asked, SamplingConfig], Tensor]


@dataclass(frozen=True)
class Plan:
    """What an evaluation will do: `count` samples of seeds from `first_seed` on, with `settings`."""

    settings: SamplingConfig
    count: int
    first_seed: int = 0
    curve: bool = True
    bits: bool = False
    batch: int = 250
    repeats: int = 50
    weights: str = "ema"

    @property
    def seeds(self) -> range:
        return range(self.first_seed, self.first_seed + self.count)

    def calls(self) -> int:
        """How many pictures the network will be shown in all, a fourfold for each likelihood step."""
        each = max(1, SAMPLERS[self.settings.sampler].calls) if self.settings.sampler in SAMPLERS else 1
        curve = min(self.count, CURVE_SAMPLES) * sum(CURVE) if self.curve else 0
        drawn = each * (self.count * self.settings.steps + curve)
        return drawn + 2 * SAMPLES * len(LEVELS) + (BITS_SAMPLES * 50 * 4 * 3 if self.bits else 0)


@dataclass(frozen=True)
class Evaluation:
    """What came out: the record to keep, and what the page shows of it."""

    record: Record
    samples: Tensor
    asked: Asked
    measured: Measured
    audits: list[Audit]
    duplicates: Duplicates
    verdict: str


def expected_seconds(model: Model, reference: Reference, plan: Plan) -> float:
    """About how long `evaluate` will take, by a small trial of each of its parts."""
    batch = min(plan.batch, plan.count, 64)
    asked = asked_of(reference, batch, model)
    known = SAMPLERS.get(plan.settings.sampler)
    steps = max(2, known.needs) if known else 2
    settings = replace(plan.settings, steps=steps)
    draw = partial(
        model.sample, range(batch), asked.labels, settings, batch=batch, prompts=asked.prompts, told=asked.told
    )
    draw()  # the first call warms up
    calls = steps * max(1, known.calls if known else 1)
    each = seconds_of(draw) / (batch * calls)
    some = torch.zeros(batch, *model.config.shape)
    extract = seconds_of(partial(reference.extractor.features, some)) / batch
    features = torch.randn(TRIAL, reference.features.shape[1], dtype=torch.float64)
    scoring = seconds_of(partial(precision_recall_density_coverage, features, features, repeats=0)) / (3 * TRIAL**2)
    pixels = torch.randn(TRIAL, shrunk(some[:1]).shape[1])
    searching = seconds_of(partial(near_duplicates, pixels)) / TRIAL**2
    n, m, held = plan.count, len(reference.train), len(reference.held_out)
    rounds = 2 + plan.repeats * (1 - LEFT_OUT) ** 2  # the samples', the floor's, and those of the intervals
    scored = rounds * (n * n + n * m + m * m)  # distances within each set, and between them
    searched = m * (m + n + held)  # near-duplicates, and the nearest to samples and held-out ones
    drawn = each * plan.calls() + extract * n * (3 if plan.curve else 1)
    return drawn + scoring * scored + searching * searched


def features_seconds(extractor: Extractor, dataset: Dataset) -> float:
    """About how long the features of the data take, where they are not in the cache."""
    some, _ = dataset.batch(torch.arange(min(16, len(dataset))))
    extractor.features(some)
    return seconds_of(partial(extractor.features, some)) / len(some) * min(len(dataset), MOST)


def evaluate(model: Model, reference: Reference, asked: Asked, plan: Plan, draw: Draw, command: str = "") -> Evaluation:
    """Draw what is `asked`, measure, audit.

    `draw(seeds, asked, settings)` gives the samples, so that its caller may show progress.
    """
    labels = asked.labels
    samples = draw(list(plan.seeds), asked, plan.settings)
    measured = measure(samples, None if labels is None else torch.tensor(labels), reference, repeats=plan.repeats)
    audits = audit_samples(samples, measured.features, reference)
    duplicates = near_duplicates(pixels_of(reference.dataset, reference.train))
    words = verdict(audits)
    scores, notes = dict(measured.scores), list(measured.notes)
    if not reference.really:
        notes.append(
            "this model was not trained with enough samples held out: a random fifth of the data stands in, and copies "
            "of that fifth are not found."
        )
    if reference.dataset.crop:
        notes.append(
            "training showed other parts of the pictures too; copies are looked for among their middles alone."
        )
    if plan.bits:
        scores["bits_per_dim"] = bits(model, reference)
    record = Record(
        conditions(reference, plan.count, 0),
        Source(
            model=model.source,
            weights=plan.weights,
            weights_hash=model.weights_hash,
            parameters=model.parameters,
            seeds=f"{plan.seeds[0]}-{plan.seeds[-1]}",
            classes=classes_words(asked),
            captions=captions_words(asked, reference),
            told=told_words(asked, reference),
            sampler={k: v for k, v in asdict(plan.settings).items() if v is not None},
            sfumato=__version__,
            torch=torch.__version__,
            command=command,
        ),
        scores,
        tuple(notes),
        {
            "verdict": words,
            **{a.space: _audit_facts(a) for a in audits},
            "near_duplicates": _pairs(duplicates, reference),
        },
        tuple(curve(reference, asked, plan, draw)) if plan.curve else (),
        tuple(loss_by_level(model, reference)),
    )
    return Evaluation(record, samples, asked, measured, audits, duplicates, words)


def drawn_for(asked: Asked, reference: Reference) -> str:
    """What a model will be told to draw, for people."""
    words = [f"{len(set(asked.labels)):,} classes, {classes_words(asked)}"] if asked.labels is not None else []
    words += [f"captions {captions_words(asked, reference).partition(';')[0]}"] if asked.prompts is not None else []
    words += [told_words(asked, reference)] if asked.told else []
    return ", ".join(words) or "nothing: the model has no classes and reads no prompts"


def classes_words(asked: Asked) -> str:
    """How the classes were chosen, for the record."""
    if asked.labels is None:
        return "none"
    return "those of the same samples" if asked.prompts or asked.told else "in the data's proportions"


def captions_words(asked: Asked, reference: Reference) -> str:
    """Which captions were drawn, for the record."""
    if asked.prompts is None:
        return "none"
    content = hashlib.sha256("\n".join(asked.prompts).encode()).hexdigest()
    return f"{_of_whom(len(asked.prompts), reference)}; sha256 {content[:16]}"


def told_words(asked: Asked, reference: Reference) -> str:
    """What was told by name, for the record."""
    if not asked.told:
        return "none"
    return f"{', '.join(asked.told)} {_of_whom(len(next(iter(asked.told.values()))), reference)}"


def _of_whom(count: int, reference: Reference) -> str:
    origin = "held-out samples" if reference.really else "the samples that stand for held-out ones"
    return f"of {min(count, len(reference.held_out)):,} of {origin}, in turn"


def curve(reference: Reference, asked: Asked, plan: Plan, draw: Draw) -> list[dict[str, float]]:
    """The distance to the data at each number of steps, by the same seeds; of fewer samples than the scores.

    With its interval, and the `floor`: what as many real samples score that no model drew.
    """
    apart, others = floor_sets(reference, min(plan.count, CURVE_SAMPLES), 0)
    count = min(plan.count, CURVE_SAMPLES, len(apart))  # alike: fewer samples lie further away
    rows = torch.linspace(0, plan.count - 1, count).long().tolist()  # classes may lie in order
    seeds, some = [plan.seeds[row] for row in rows], asked.at(rows)
    by_moments = count > reference.features.shape[1]
    distance = frechet_estimate if by_moments else partial(sliced_wasserstein, repeats=20)
    floor = distance(apart[:count], others).value
    found = []
    for steps in CURVE:
        try:
            samples = draw(seeds, some, replace(plan.settings, steps=steps))
        except SfumatoError:  # too few steps for this sampler
            continue
        at = distance(reference.extractor.features(samples), reference.features)
        name = "frechet" if by_moments else "sliced_wasserstein"
        point = {name: at.value, "low": at.low, "high": at.high, "floor": floor}
        found.append({"steps": float(steps), "count": float(count), **point})
    return found


def bits(model: Model, reference: Reference) -> ScoreRecord:
    """Bits a dimension of held-out samples (Song et al. 2021); of pictures as continuous values spread over a grey."""
    rows = reference.held_out[:BITS_SAMPLES]
    x, cond = sample_conditions(model, reference.dataset, rows)
    noise = ImageNoise(range(len(rows)), model.config.shape, model.device)
    pictures = reference.dataset.is_images
    if pictures:
        x = dequantise(x, torch.rand(x.shape, generator=torch_generator("dequantisation")))
    found = log_likelihood(model.denoiser, x.to(model.device), cond, noise=noise, data_std=model.config.data_std)
    each = bits_per_dim(found.cpu(), x[0].numel(), 2 / 255 if pictures else None)
    value = estimate(float(each.mean()), float(each.std()) / len(each) ** 0.5, least=-float("inf"))
    return ScoreRecord(value.value, value.low, value.high)


def _audit_facts(found: Audit) -> dict[str, float | int | list[dict[str, float | int]]]:
    closest = found.samples.ratio.argsort(stable=True)[:24].tolist()
    return {
        "threshold": found.threshold,
        "flagged": found.flagged,
        "expected": round(found.expected, 3),
        "p_value": found.p_value,
        "held_out": len(found.held_out.ratio),
        "median_ratio": float(found.samples.ratio.median()),
        "median_ratio_held_out": float(found.held_out.ratio.median()),
        "closest": [
            {"sample": i, "ratio": float(found.samples.ratio[i]), "distance": float(found.samples.distance[i])}
            for i in closest
        ],
    }


def _pairs(found: Duplicates, reference: Reference) -> dict[str, object]:
    pairs = [[int(reference.train[i]), int(reference.train[j])] for i, j in found.pairs[:100].tolist()]
    return {"pairs": len(found.pairs), "searched": found.searched, "indices": pairs}


def seconds_of(work: Callable[[], object]) -> float:
    """How long `work()` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
