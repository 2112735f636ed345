"""One evaluation of a model from the first sample to the folder of results."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato.arguments import shown, whole
from sfumato.data import KINDS, Dataset
from sfumato.diffusion.likelihood import bits_per_dim, dequantise, log_likelihood
from sfumato.diffusion.schedules import schedule_words
from sfumato.errors import SfumatoError
from sfumato.evaluation.by_level import LEVELS, SAMPLES, compared, conditioned_on, loss_by_level
from sfumato.evaluation.clips import scores_of
from sfumato.evaluation.curve import SAMPLES as CURVE_SAMPLES
from sfumato.evaluation.curve import Sampler, curves, steps_of
from sfumato.evaluation.features import BATCH, Extractor, open_extractor
from sfumato.evaluation.intervals import estimate
from sfumato.evaluation.measure import (
    NOISES,
    Measured,
    Reference,
    audit_samples,
    conditions,
    measure,
    most_samples,
    open_reference,
    pixels_of,
    request_like,
    shrunk,
)
from sfumato.evaluation.memorisation import Audit, Duplicates, near_duplicates, verdict
from sfumato.evaluation.reconstruction import with_reconstructions
from sfumato.evaluation.record import Record, ScoreRecord, Source
from sfumato.evaluation.scores import LEAST
from sfumato.evaluation.training_data import held_out_of, training_data
from sfumato.hub import Model, SamplingConfig, load
from sfumato.hub.request import Request
from sfumato.hub.resolving import Resolved, resolve
from sfumato.sampling import ImageNoise
from sfumato.sampling.samplers import CONSISTENCY, SAMPLERS
from sfumato.seeds import torch_generator
from sfumato.training import pick_device

BITS_SAMPLES = 64
TRIAL = 400  # samples whose scores are timed


@dataclass(frozen=True)
class Plan:
    """What an evaluation will do: `count` samples of seeds from `first_seed` on, with `settings`.

    `curve` are the numbers of steps at which quality is measured too, the usual ones for True (see curve.py).
    """

    settings: SamplingConfig
    count: int
    first_seed: int = 0
    curve: bool | Sequence[int] = True
    bits: bool = False
    batch: int = 250
    repeats: int = 50
    weights: str = "ema"

    @property
    def seeds(self) -> range:
        return range(self.first_seed, self.first_seed + self.count)

    @property
    def curve_steps(self) -> tuple[int, ...]:
        return steps_of(self.curve, self.settings)

    @property
    def curve_pictures(self) -> int:
        """Of each number of steps: twice as many where a student's teacher is measured beside it."""
        return min(self.count, CURVE_SAMPLES) * (2 if self.settings.sampler == CONSISTENCY else 1)

    def calls(self, at_levels: int = SAMPLES) -> int:
        """How many pictures the network will be shown in all, a fourfold for each likelihood step; of each kind so many
        `at_levels`."""
        each = max(1, SAMPLERS[self.settings.sampler].calls) if self.settings.sampler in SAMPLERS else 1
        curve = self.curve_pictures * sum(self.curve_steps)
        sampling = each * (self.count * self.settings.steps + curve)
        return sampling + 2 * at_levels * len(LEVELS) + (BITS_SAMPLES * 50 * 4 * 3 if self.bits else 0)


@dataclass(frozen=True)
class Evaluation:
    """What came out: the record to keep, and what the page shows of it."""

    record: Record
    samples: Tensor = field(repr=False)
    resolved: Resolved = field(repr=False)
    measured: Measured = field(repr=False)
    audits: list[Audit]
    duplicates: Duplicates
    verdict: str

    @property
    def scores(self) -> dict[str, ScoreRecord]:
        """Each score by its name, with its 95% interval and what real data scores."""
        return self.record.scores


def expected_seconds(model: Model, reference: Reference, plan: Plan) -> float:
    """About how long `evaluate` will take, by a small trial of each of its parts."""
    pictures = plan.count + plan.curve_pictures * len(plan.curve_steps)
    call, besides = _sampling_seconds(model, reference, plan)
    some = torch.zeros(min(plan.count, BATCH), *model.config.seen[1])
    extract = partial(reference.extractor.features, some)
    extract()
    extracting = seconds_of(extract) / len(some) * (pictures + 2 * NOISES)
    n, m, held, shape = plan.count, len(reference.train), len(reference.held_out), reference.features.shape[1:]
    k, few = min(n, TRIAL), min(m, TRIAL)
    a, b = (torch.randn(count, *shape, dtype=torch.float64) for count in (k, few))
    scoring_of = scores_of(reference.dataset.kind)
    once, thrice = (seconds_of(partial(scoring_of, a, b, repeats=repeats)) for repeats in (0, 2))
    larger = (n * n + n * m + m * m) / (k * k + k * few + few * few)  # distances within each set, and between them
    scoring = larger * (2 * once + plan.repeats * max(0.0, thrice - once) / 2)  # the samples, and the floor
    pixels = torch.randn(few, shrunk(some[:1]).shape[1])
    searching = seconds_of(partial(near_duplicates, pixels)) / few**2 * m * (m + n + held)
    if reference.extractor.name != "pixels":
        searching += seconds_of(partial(near_duplicates, b.flatten(1))) / few**2 * m * (n + held)
    return call * plan.calls(compared(reference.dataset)) + besides * pictures + extracting + scoring + searching


def _sampling_seconds(model: Model, reference: Reference, plan: Plan) -> tuple[float, float]:
    """What one call of the network takes for one picture, and what a picture takes besides its calls."""
    known = SAMPLERS.get(plan.settings.sampler)
    steps, calls = (max(2, known.needs), max(1, known.calls)) if known else (2, 1)
    batch = min(plan.batch, plan.count, 64)
    taken = []
    for number in (steps, steps, 3 * steps):  # the first warms up
        settings = replace(plan.settings, steps=number, tuned=None)
        resolved = resolve(request_like(reference, model, range(batch), settings), model)
        taken.append(seconds_of(partial(resolved.samples, batch)) / batch)
    _, short, long = taken
    call = max(0.0, long - short) / (2 * steps * calls)
    return call, max(0.0, short - call * steps * calls)


def features_seconds(extractor: Extractor, dataset: Dataset) -> float:
    """About how long the features of the data take, where they are not in the cache."""
    some, _ = dataset.batch(torch.arange(min(16, len(dataset))))
    extractor.features(some)
    return seconds_of(partial(extractor.features, some)) / len(some) * min(len(dataset), most_samples(dataset))


def evaluate(
    model: Model | str | Path,
    data: Dataset | None = None,
    count: int = 1000,
    features: str = "auto",
    first_seed: int = 0,
    held_out: NDArray[np.int64] | None = None,
    curve: bool | Sequence[int] = True,
    bits: bool = False,
    **settings: Any,
) -> Evaluation:
    """Measure `model`, or the one that a path or a name loads: `count` samples of it against `data`.

    By default those are the data it was trained on, where its run can open them; data of a program are given.
    `features` say what is compared (see `open_extractor`), `held_out` which samples training left out, by default what
    a run on these very data did. `curve` are numbers of steps at which quality is measured too, and of a student its
    teacher's beside it. `settings` are fields of SamplingConfig. Returns scores with intervals, the audit
    for copies, and the samples; `evaluation.page.write_evaluation` writes them as a page. Raises SfumatoError where
    there are too few samples to measure, and where the data aren't there.
    """
    if not isinstance(model, Model):
        model = load(model, device=pick_device())
    if whole("count", count, 1) < LEAST:
        raise SfumatoError(f"{count} samples are too few to measure; give {LEAST} or more, 1000 if there is time.")
    notes: Sequence[str] = ()
    if data is None:
        try:
            data, held_out, notes = training_data(model.source, model)
        except SfumatoError as error:
            raise SfumatoError(f"{str(error).rstrip('.')}; or give the data it was trained on as `data`.") from error
    elif not isinstance(data, Dataset):
        raise SfumatoError(
            f"`data` are a data set, not {shown(data)}; make one by `sfumato.datasets.from_arrays`, or open a "
            "folder by `open_dataset`."
        )
    elif held_out is None:
        held_out = held_out_of(model.source, data)
    how = model.settle(model.conditional, **settings)
    reference = open_reference(data, open_extractor(features, data, held_out=held_out), held_out)
    return carry_out(model, reference, Plan(how, count, first_seed, curve, bits), notes=notes)


def carry_out(
    model: Model,
    reference: Reference,
    plan: Plan,
    sampler: Sampler | None = None,
    command: str = "",
    notes: Sequence[str] = (),
) -> Evaluation:
    """Sample as planned, measure, audit.

    `sampler(resolved)` gives the samples, where its caller shows progress. `notes` are recorded before those on the
    scores.
    """
    sampler = sampler or (lambda resolved: resolved.samples(plan.batch))
    request = request_like(reference, model, plan.seeds, plan.settings)
    resolved = resolve(request, model)
    samples = sampler(resolved)
    labels = None if (every := resolved.every_label) is None else torch.tensor(every)
    measured = measure(samples, labels, reference, repeats=plan.repeats)
    audits = audit_samples(samples, measured.features, reference)
    duplicates = near_duplicates(pixels_of(reference.dataset, reference.train))
    words = verdict(audits)
    scores, notes = dict(measured.scores), [*notes, *measured.notes]
    if model.codec is not None:
        scores, lost = with_reconstructions(scores, model.codec, reference, plan.count)
        notes += lost
    if not reference.really:
        notes.append(
            "this model was not trained with enough samples held out: a random fifth of the data stands in, and copies "
            "of that fifth are not found."
        )
    if reference.dataset.crop:
        notes.append(
            "training showed other parts of the pictures too; copies are looked for among their middles alone."
        )
    points, beside, about = curves(model, reference, request, sampler, plan.curve_steps)
    notes += about
    if plan.bits:
        scores["bits_per_dim"] = bits(model, reference)
    record = Record(
        conditions(reference, plan.count, 0),
        Source(
            model=model.source,
            weights=plan.weights,
            weights_hash=model.weights_hash,
            parameters=model.parameter_count,
            seeds=f"{plan.seeds[0]}-{plan.seeds[-1]}",
            classes=classes_words(request),
            captions=captions_words(request, reference),
            conditions=conditions_words(request, reference),
            sampler=_sampler_facts(plan.settings),
            sfumato=version("sfumato"),
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
        tuple(points),
        () if model.config.student else tuple(loss_by_level(model, reference)),  # whose answers are no means
        tuple(beside),
    )
    return Evaluation(record, samples, resolved, measured, audits, duplicates, words)


def conditioned_words(request: Request, reference: Reference) -> str:
    """What the samples are conditioned on, for people."""
    words = [f"{len(set(request.labels)):,} classes, {classes_words(request)}"] if request.labels is not None else []
    words += [f"captions {captions_words(request, reference).partition(';')[0]}"] if request.prompts is not None else []
    words += [conditions_words(request, reference)] if request.conditions else []
    return ", ".join(words) or "nothing: the model has no classes and takes no prompts"


def classes_words(request: Request) -> str:
    """How the classes were chosen, for the record."""
    if request.labels is None:
        return "none"
    return "those of the same samples" if request.prompts or request.conditions else "in the data's proportions"


def captions_words(request: Request, reference: Reference) -> str:
    """Which captions were sampled for, for the record."""
    if request.prompts is None:
        return "none"
    content = hashlib.sha256("\n".join(request.prompts).encode()).hexdigest()
    return f"{_of_whom(len(request.prompts), reference)}; sha256 {content[:16]}"


def conditions_words(request: Request, reference: Reference) -> str:
    """Which other conditions were given, for the record."""
    if not request.conditions:
        return "none"
    return f"{', '.join(request.conditions)} {_of_whom(len(request.seeds), reference)}"


def _of_whom(count: int, reference: Reference) -> str:
    origin = "held-out samples" if reference.really else "the samples that stand for held-out ones"
    return f"of {min(count, len(reference.held_out)):,} of {origin}, in turn"


def bits(model: Model, reference: Reference) -> ScoreRecord:
    """Bits a dimension of held-out samples (Song et al. 2021); of pictures as continuous values spread over a grey."""
    if model.codec is not None:
        raise SfumatoError("a model of latents knows no likelihood of pictures; leave `bits` out.")
    rows = reference.held_out[:BITS_SAMPLES]
    x, cond = conditioned_on(model, reference.dataset, rows)
    noise = ImageNoise(range(len(rows)), model.config.shape, model.device)
    width = KINDS[reference.dataset.kind].bin
    if width is not None:
        x = dequantise(x, torch.rand(x.shape, generator=torch_generator("dequantisation")))
    found = log_likelihood(model.denoiser, x.to(model.device), cond, noise=noise, data_std=model.config.data_std)
    each = bits_per_dim(found.cpu(), x[0].numel(), width)
    value = estimate(float(each.mean()), float(each.std()) / len(each) ** 0.5, least=-float("inf"))
    return ScoreRecord(value.value, value.low, value.high)


def _sampler_facts(settings: SamplingConfig) -> dict[str, Any]:
    facts = {name: value for name, value in asdict(settings).items() if value is not None}
    if settings.tuned is not None:  # what takes the place of the grid is numbers of its own
        facts = {name: value for name, value in facts.items() if name != "grid"} | {"tuned": settings.tuned.words}
    return facts | {"schedule": schedule_words(settings.schedule)}


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
