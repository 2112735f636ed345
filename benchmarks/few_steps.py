"""A handful of steps: walks that are tuned to the shipped models and students of them, beside what needs no tuning.

    python benchmarks/few_steps.py             digits and emoji: an hour or two on one thread
    python benchmarks/few_steps.py digits      one of them
    python benchmarks/few_steps.py --quick     digits with fewer samples, DDPM with 250 steps: under five minutes
    python benchmarks/few_steps.py digits runs/digits-student   and a student (sfumato distill) in 1, 2 and 4

Fréchet distance and recall in the evaluation's own features (see `sfumato eval`), with the same seeds and conditions in
every row. Of digits the share is that of pictures in which a classifier reads the class that was asked for; of emoji
that of held-out captions whose tone or colour is shown. The best without tuning is the least Fréchet distance of the
samplers and grids in PLAIN, chosen by these very samples, which favours it. A model that ships without tuned walks is
tuned first. Prints one table a model, and exits 1 where 4 tuned steps are above half of the best 4 plain ones, 6 tuned
steps are beyond DDPM by more than the interval of the difference, 2 steps of a student are above the best 6 plain ones,
or 1 is above the best 4, all by the Fréchet distance.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emoji_prompts import coloured_right, first_names
from sfumato.data import open_dataset
from sfumato.diffusion.schedules import as_schedule
from sfumato.evaluation.emoji import regions
from sfumato.evaluation.features import open_extractor
from sfumato.evaluation.frechet import frechet_estimate, frechet_excess
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.evaluation.measure import Reference, open_reference, request_like
from sfumato.evaluation.tuning import tune
from sfumato.hub import Model, SamplingConfig, load
from sfumato.hub.resolving import resolve

PLAIN = (  # the best of benchmarks/quality_per_call.py at 4 to 10 calls
    ("ipndm3", "trailing", "flow"), ("unipc3", "trailing", "flow"), ("dpm++2m", "trailing", "flow"),
    ("ipndm3", "trailing", "cosine"), ("dpm++2m", "karras", "edm"), ("unipc2", "logsnr", "edm"),
)  # fmt: skip
PLAIN_STEPS, TUNED_STEPS, STUDENT_STEPS = (4, 6, 10), (4, 6, 8), (1, 2, 4)


@dataclass(frozen=True)
class Case:
    """A model with what its samples are compared with; `share` of samples by given settings that are as asked."""

    model: Model
    reference: Reference
    count: int
    share: Callable[[SamplingConfig, Tensor, Model], float]

    def samples(self, settings: SamplingConfig, by: Model) -> Tensor:
        return resolve(request_like(self.reference, by, range(self.count), settings), by).samples()


def digits(count: int) -> Case:
    data = open_dataset("digits")
    extractor = open_extractor("auto", data)
    reference, model = open_reference(data, extractor), load("digits")
    asked = request_like(reference, model, range(count), model.config.sampling).labels
    assert extractor.classifier is not None and not isinstance(asked, dict) and asked is not None
    labels, head = torch.tensor(asked), extractor.classifier.head

    def share(settings: SamplingConfig, samples: Tensor, by: Model) -> float:
        return float((head(extractor.features(samples)).argmax(1) == labels).float().mean())

    return Case(model, reference, count, share)


def emoji(count: int) -> Case:
    data, held, model = open_dataset("emoji"), open_dataset("emoji:held-out"), load("emoji")
    captions, known = first_names(held), regions(data)

    def share(settings: SamplingConfig, samples: Tensor, by: Model) -> float:
        drawn = by.sample(range(len(held)), prompts=captions, sampling=settings)
        return coloured_right(drawn, captions, known)

    return Case(model, open_reference(data, open_extractor("auto", data)), count, share)


def table(name: str, case: Case, ddpm_steps: int, students: Sequence[str] = ()) -> list[str]:
    """Prints the table; returns what was missed."""
    real, own = case.reference.features, case.model.config.sampling
    print(f"{name}: {case.count} samples, {case.reference.extractor.name}, guidance {own.guidance:g}")
    print(f"{'':<28}{'calls':>6}{'Fréchet':>10}{'95% interval':>20}{'recall':>9}{'as asked':>10}{'seconds':>9}")
    known: dict[str, Tensor] = {}

    def row(words: str, settings: SamplingConfig, shown: bool = True, by: Model = case.model) -> float:
        begun = time.perf_counter()
        samples = case.samples(settings, by)
        seconds = time.perf_counter() - begun
        known[words] = features = case.reference.extractor.features(samples)
        found = frechet_estimate(features, real)
        if shown:
            recall = precision_recall_density_coverage(features, real, repeats=0)["recall"].value
            interval = f"{found.low:.3f} – {found.high:.3f}"
            share = case.share(settings, samples, by)
            print(
                f"{words:<28}{settings.steps:>6}{found.value:>10.3f}{interval:>20}{recall:>9.1%}{share:>10.1%}"
                f"{seconds:>9.1f}",
                flush=True,
            )
        return found.value

    ddpm = SamplingConfig("ddpm", ddpm_steps, "trailing", as_schedule("linear"), own.guidance)
    row("DDPM", ddpm)
    best: dict[int, float] = {}
    for steps in PLAIN_STEPS:
        rows = [SamplingConfig(sampler, steps, grid, as_schedule(path), own.guidance) for sampler, grid, path in PLAIN]
        values = [row("", settings, shown=False) for settings in rows]
        which = int(np.argmin(values))
        sampler, grid, path = PLAIN[which]
        best[steps] = row(f"{sampler}, {grid}, {path}", rows[which])
    for steps in dict.fromkeys((4, own.steps)):
        row(f"the model's own {own.sampler}", replace(own, steps=steps))
    if missing := [steps for steps in TUNED_STEPS if steps not in case.model.tuned_steps]:
        tune(case.model, missing)
    tuned: dict[int, float] = {}
    for steps in TUNED_STEPS:
        settings = case.model.settle(case.model.conditional, steps=steps)
        if settings.tuned is not None:
            tuned[steps] = row(f"tuned {steps}", settings)
    student: dict[int, float] = {}
    for run in students:  # of the last, if there are several, the verdict is
        by = load(run)
        for steps in STUDENT_STEPS:
            student[steps] = row(f"student {Path(run).name}", replace(by.config.sampling, steps=steps), by=by)
    missed = [] if tuned.keys() >= {4, 6} else [f"{name}: the model is not tuned in 4 and 6 steps"]
    if 4 in tuned and tuned[4] > best[4] / 2:
        missed.append(f"{name}: 4 tuned steps reach {tuned[4]:.3f}, asked for {best[4] / 2:.3f}")
    if 6 in tuned:
        excess = frechet_excess(known["tuned 6"], known["DDPM"], real)
        print(
            f"6 tuned steps lie {excess.value:+.3f} ({excess.low:+.3f} to {excess.high:+.3f}) beyond DDPM", flush=True
        )
        if excess.low > 0:
            missed.append(f"{name}: 6 tuned steps lie beyond DDPM by more than chance")
    for steps, plain in ((2, 6), (1, 4)):
        if steps in student and student[steps] > best[plain]:
            missed.append(
                f"{name}: a student reaches {student[steps]:.3f} in {steps} steps, asked for {best[plain]:.3f}"
            )
    return missed


def main() -> None:
    quick = "--quick" in sys.argv
    cases = {"digits": digits, "emoji": emoji}
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    asked, students = [word for word in words if word in cases], [word for word in words if word not in cases]
    missed = []
    for name in asked or (["digits"] if quick or students else [*cases]):
        case = cases[name](400 if quick else 1000 if name == "digits" else 500)
        missed += table(name, case, 250 if quick else 1000, students)
    print("\n".join(["", *missed]) if missed else "\nall figures reached")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
