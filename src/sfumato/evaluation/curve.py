"""Quality against the number of steps: of a model, and beside that of a student the one of its teacher."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from sfumato.data import KINDS
from sfumato.errors import SfumatoError
from sfumato.evaluation.clips import whole_clips
from sfumato.evaluation.frechet import frechet_estimate, frechet_of_groups
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.evaluation.measure import Reference, floor_sets
from sfumato.evaluation.sliced import sliced_wasserstein
from sfumato.evaluation.training_data import run_of
from sfumato.evaluation.two_sample import class_accuracy
from sfumato.hub import Model, SamplingConfig, load
from sfumato.hub.request import Request
from sfumato.hub.resolving import Resolved, resolve
from sfumato.hub.settings import WALKED
from sfumato.sampling.samplers import CONSISTENCY
from sfumato.training import training_config

STEPS, STUDENT_STEPS = (2, 3, 5, 8, 12, 20, 32), (1, 2, 4, 8)  # at which quality is measured, where none are asked for
SAMPLES = 500
REPEATS = 20  # of the intervals that have no formula
PUSHED = ("guidance", "rule", "interval", "threshold")

Point = dict[str, float]
Sampler = Callable[[Resolved], Tensor]


def steps_of(curve: bool | Sequence[int], settings: SamplingConfig) -> tuple[int, ...]:
    """At which numbers of steps quality is measured: those that are asked for, in order, or the usual ones of a model
    with such settings; none for False."""
    if not isinstance(curve, bool):
        return tuple(sorted({*curve}))
    usual = STUDENT_STEPS if settings.sampler == CONSISTENCY else STEPS
    return usual if curve else ()


def curves(
    model: Model, reference: Reference, request: Request, sampler: Sampler, steps: Sequence[int]
) -> tuple[list[Point], list[Point], list[str]]:
    """The curve of `model`, that of the teacher if it is a student whose teacher is still there, and notes on them."""
    points = quality_curve(model, reference, request, sampler, steps)
    if not points or (found := _teacher_of(model)) is None:
        return points, [], []
    teacher, settings = found
    words = f"the teacher in the curve is {teacher.source}, at guidance {settings.guidance:g}."
    return points, quality_curve(teacher, reference, replace(request, sampling=settings), sampler, steps), [words]


def quality_curve(
    model: Model, reference: Reference, request: Request, sampler: Sampler, steps: Sequence[int]
) -> list[Point]:
    """How near the samples come to the data at each number of `steps`, by the same seeds.

    Of fewer samples than the scores, walked as the `model` walks in so many steps: as tuned, where it is. Each point
    has the distance with its interval, and the `floor`: what as many real samples score that no model generated; and
    with their intervals the recall, and the share that is read as the class asked for, where there are any. `calls` is
    how often the network is shown a sample, and `seconds` what one takes. Numbers of steps that the sampler can't do
    are left out.
    """
    whole = len(request.seeds)
    apart, others = floor_sets(reference, min(whole, SAMPLES), 0)
    count = min(whole, SAMPLES, len(apart))  # alike: fewer samples lie further away
    some = request.rows(torch.linspace(0, whole - 1, count).long().tolist())  # classes may lie in order
    name, distance = "frechet", frechet_estimate
    if KINDS[reference.dataset.kind].moving:
        name, distance = "frames_frechet", frechet_of_groups
    elif count <= reference.features.shape[1]:
        name, distance = "sliced_wasserstein", partial(sliced_wasserstein, repeats=REPEATS)
    floor = distance(apart[:count], others).value
    found = []
    for number in steps:
        try:
            resolved = resolve(replace(some, sampling=walked_in(number, request.sampling, model)), model)
            with _rows_shown(model.denoiser.net) as shown:
                begun = time.perf_counter()
                samples = sampler(resolved)
                seconds = time.perf_counter() - begun
        except SfumatoError:  # too few steps for this sampler
            continue
        features = reference.extractor.features(samples)
        at = distance(features, reference.features)
        point = {"steps": float(number), "count": float(count), "calls": sum(shown) / count, "seconds": seconds / count}
        point |= {name: at.value, "low": at.low, "high": at.high, "floor": floor}
        found.append(point | _shares(features, resolved, reference))
    return found


def walked_in(steps: int, settings: SamplingConfig, model: Model) -> SamplingConfig:
    """`settings` in another number of steps: where they are the model's own, as it is tuned for that."""
    own = model.config.sampling
    if settings.tuned is None and any(getattr(settings, name) != getattr(own, name) for name in WALKED):
        return replace(settings, steps=steps)
    pushed = {name: getattr(settings, name) for name in PUSHED}
    return model.settle(model.conditional, steps=steps, **pushed)


def _shares(features: Tensor, resolved: Resolved, reference: Reference) -> Point:
    """Recall, and what is read as asked, each with the ends of its interval."""
    sets = (features, reference.features)
    if KINDS[reference.dataset.kind].moving:
        sets = (whole_clips(features), whole_clips(reference.features))
    found = {"recall": precision_recall_density_coverage(*sets, repeats=REPEATS)["recall"]}
    labels, classifier = resolved.every_label, reference.extractor.classifier
    if classifier is not None and labels is not None and None not in labels:
        read = classifier.head(features).argmax(1)
        found["class_accuracy"] = class_accuracy(read, torch.tensor(labels))
    return {
        key: value
        for name, one in found.items()
        for key, value in ((name, one.value), (f"{name}_low", one.low), (f"{name}_high", one.high))
    }


@contextmanager
def _rows_shown(net: nn.Module) -> Iterator[list[int]]:
    """How many samples each call of `net` is shown."""
    shown: list[int] = []
    hook = net.register_forward_pre_hook(lambda _, given: shown.append(len(given[0])))
    try:
        yield shown
    finally:
        hook.remove()


def _teacher_of(model: Model) -> tuple[Model, SamplingConfig] | None:
    """The model that the student of a run started from, and how it walked for it; of a student that drifts on, that
    of the one before.

    None where that isn't there any more, or has been trained on since.
    """
    run = run_of(Path(model.source or ""))
    origin = training_config(run).origin if (run / "config.json").exists() else None
    if origin is None or not model.config.student:
        return None
    try:
        teacher = load(origin.path, device=model.device)
    except SfumatoError:
        return None
    if teacher.weights_hash != origin.weights:
        return None
    if teacher.config.student:
        return _teacher_of(teacher)
    weight = training_config(run).objective.guidance
    own = model.config.sampling.guidance if isinstance(weight, tuple) else weight
    given = {"guidance": own} if teacher.conditional else {}
    return teacher, teacher.settle(teacher.conditional, **given)
