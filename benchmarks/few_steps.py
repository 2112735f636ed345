"""A handful of steps: walks that are tuned to the shipped models and students of them, beside what needs no tuning.

    python benchmarks/few_steps.py             digits, emoji and avatars: hours on one thread
    python benchmarks/few_steps.py digits      one of them
    python benchmarks/few_steps.py --quick     digits with fewer samples, DDPM with 250 steps: under five minutes
    python benchmarks/few_steps.py --short emoji                4 steps alone, and the model's own number
    python benchmarks/few_steps.py digits runs/digits-student   and a student (sfumato distill) in 1, 2 and 4
    python benchmarks/few_steps.py --alone digits digits-student   of all that, the rows of the student
    python benchmarks/few_steps.py --short --alone avatars avatars-student   of the model of latents, six minutes
    python benchmarks/few_steps.py --short cifar10 runs/cifar10-student      of benchmarks/cifar10.py

Distance and recall in the features that stand above the table, with the same seeds and conditions in every row: of
digits and CIFAR-10 the Fréchet distance in those of a classifier (of digits that of `sfumato eval`), of emoji and
avatars, whose pixels are more numbers than there are samples, the kernel distance (KID, times 1000). Of digits and
CIFAR-10 the share is that of pictures in which a classifier reads the class that was asked for; of emoji that of
held-out captions whose tone or colour is shown, and then that of those whose role or thing is among the ten nearest
drawings; of avatars, held-out combinations of a plant and a background, those of the colours and then of the parts that
an exact reader finds as asked. The best without tuning is the least distance of the samplers and grids in PLAIN, and
the best of diffusers that of its schedulers in PEERS on the same network, both chosen by these very samples, which
favours them. A model that ships without tuned walks is tuned first. Prints one table a model, and exits 1 where 4 tuned
steps are above half of the best 4 plain ones, 6 tuned steps are beyond DDPM by more than the interval of the
difference, 2 steps of a student are above the best 6 plain ones, or 1 is above the best 4, all by the distance.
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

from avatar_prompts import SIDE, STYLE, as_asked
from cifar10 import open_cifar10
from emoji_prompts import NEAREST, coloured_right, first_names, retrieved
from quality_per_call import peer_steps, walk_with_diffusers
from sfumato.data import Dataset, open_dataset
from sfumato.data.avatars import numbered
from sfumato.diffusion import Level
from sfumato.diffusion.schedules import as_schedule
from sfumato.evaluation.classifier import train_classifier
from sfumato.evaluation.emoji import regions
from sfumato.evaluation.features import Extractor, open_extractor
from sfumato.evaluation.frechet import frechet_estimate, frechet_excess
from sfumato.evaluation.intervals import Estimate
from sfumato.evaluation.kernel import kernel_distance
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.evaluation.measure import Reference, open_reference, request_like
from sfumato.evaluation.tuning import tune
from sfumato.hub import Model, SamplingConfig, load
from sfumato.hub.resolving import resolve
from sfumato.sampling import ImageNoise

PLAIN = (  # the best of benchmarks/quality_per_call.py at 4 to 10 calls
    ("ipndm3", "trailing", "flow"), ("unipc3", "trailing", "flow"), ("dpm++2m", "trailing", "flow"),
    ("ipndm3", "trailing", "cosine"), ("dpm++2m", "karras", "edm"), ("unipc2", "logsnr", "edm"),
)  # fmt: skip
PEERS = (
    "DDIM",
    "Euler Karras",
    "DEIS",
    "DPM++ 2M",
    "DPM++ 2M Karras",
    "UniPC-3",
    "EDM DPM++ 2M",
)  # of quality_per_call.py
PLAIN_STEPS, TUNED_STEPS, STUDENT_STEPS = (4, 6, 10), (4, 6, 8), (1, 2, 4)


@dataclass(frozen=True)
class Case:
    """A model with what its samples are compared with; `shares` of samples by given settings that are as asked.

    With `labels` for each of the `count` samples, diffusers' schedulers drive the same network.
    """

    model: Model
    reference: Reference
    count: int
    distance: Callable[[Tensor, Tensor], Estimate]
    shares: Callable[[SamplingConfig, Tensor, Model], Sequence[float]]
    labels: Tensor | None = None

    def samples(self, settings: SamplingConfig, by: Model) -> Tensor:
        return resolve(request_like(self.reference, by, range(self.count), settings), by).samples()


def digits(count: int) -> Case:
    data = open_dataset("digits")
    return classified(data, load("digits"), open_extractor("classifier", data), count)


def cifar10(count: int) -> Case:
    if not (run := Path("runs/cifar10")).exists():
        sys.exit("there is no network in runs/cifar10; train it with benchmarks/cifar10.py.")
    data = open_cifar10(Path())
    classifier = train_classifier(data, epochs=4)  # as in quality_per_call.py
    return classified(data, load(run), Extractor("classifier", "", "none", classifier.features, classifier), count)


def classified(data: Dataset, model: Model, extractor: Extractor, count: int) -> Case:
    """Pictures of classes, by the features of a classifier of them, which reads what was asked for."""
    reference = open_reference(data, extractor)
    asked = request_like(reference, model, range(count), model.config.sampling).labels
    assert extractor.classifier is not None and not isinstance(asked, dict) and asked is not None
    labels, head = torch.tensor(asked), extractor.classifier.head

    def shares(settings: SamplingConfig, samples: Tensor, by: Model) -> Sequence[float]:
        return [float((head(extractor.features(samples)).argmax(1) == labels).float().mean())]

    return Case(model, reference, count, frechet_estimate, shares, labels)


def emoji(count: int) -> Case:
    data, held, model = open_dataset("emoji"), open_dataset("emoji:held-out"), load("emoji")
    captions, known = first_names(held), regions(data)

    pixels = open_extractor("pixels", data)

    def shares(settings: SamplingConfig, samples: Tensor, by: Model) -> Sequence[float]:
        drawn = by.sample(range(len(held)), prompts=captions, sampling=settings)
        return coloured_right(drawn, captions, known), retrieved(drawn, captions, data, pixels, NEAREST)

    return Case(model, open_reference(data, pixels), count, kernel, shares)


def avatars(count: int) -> Case:
    data, model = open_dataset(f"avatars:{STYLE}:2000", (SIDE, SIDE)), load("avatars")
    held = list(numbered(STYLE, min(100, count // 6), held=True))

    def shares(settings: SamplingConfig, samples: Tensor, by: Model) -> Sequence[float]:
        drawn = by.sample(range(len(held)), prompts=[one.caption for one in held], sampling=settings)
        return list(as_asked(drawn, held).values())

    return Case(model, open_reference(data, open_extractor("pixels", data)), count, kernel, shares)


def kernel(one: Tensor, other: Tensor) -> Estimate:
    found = kernel_distance(one, other)
    return Estimate(1000 * found.value, 1000 * found.low, 1000 * found.high)


def by_diffusers(case: Case, name: str, steps: int) -> Tensor:
    """The samples of a scheduler of diffusers that drives the case's network from the same noise."""
    parts = []
    for rows in torch.arange(case.count).split(250):
        noise = ImageNoise(rows.tolist(), case.model.config.shape)()
        label = {"label": case.labels[rows]} if case.labels is not None else {}

        def answered(x: Tensor, level: Level, label: dict[str, Tensor] = label) -> Tensor:
            with torch.no_grad():
                found: Tensor = case.model.denoiser(x, level, label)
            return found

        parts.append(walk_with_diffusers(name, steps, noise, answered)[0])
    return torch.cat(parts)


def table(
    name: str, case: Case, ddpm_steps: int | None, short: bool, students: Sequence[str] = (), alone: bool = False
) -> list[str]:
    """Prints the table, or the rows of the `students` `alone`; returns what was missed."""
    real, own = case.reference.features, case.model.config.sampling
    print(f"{name}: {case.count} samples, {case.reference.extractor.name}, guidance {own.guidance:g}")
    print(f"{'':<36}{'calls':>6}{'distance':>10}{'95% interval':>20}{'recall':>9}{'as asked':>16}{'seconds':>9}")
    known: dict[str, Tensor] = {}

    def row(
        words: str, settings: SamplingConfig, shown: bool = True, by: Model = case.model, peer: str | None = None
    ) -> float:
        begun = time.perf_counter()
        samples = case.samples(settings, by) if peer is None else by_diffusers(case, peer, settings.steps)
        seconds = time.perf_counter() - begun
        known[words] = features = case.reference.extractor.features(samples)
        found = case.distance(features, real)
        if shown:
            recall = precision_recall_density_coverage(features, real, repeats=0)["recall"].value
            interval = f"{found.low:.3f} – {found.high:.3f}"
            shares = "".join(f"{share:>8.1%}" for share in case.shares(settings, samples, by))
            print(
                f"{words:<36}{settings.steps:>6}{found.value:>10.3f}{interval:>20}{recall:>9.1%}{shares:>16}"
                f"{seconds:>9.1f}",
                flush=True,
            )
        return found.value

    def in_few(run: str) -> dict[int, float]:
        by = load(run)
        name = f"student {Path(run).name}"
        return {steps: row(name, replace(by.config.sampling, steps=steps), by=by) for steps in STUDENT_STEPS}

    if alone:
        for run in students:
            in_few(run)
        return []
    if ddpm_steps is not None:
        row("DDPM", SamplingConfig("ddpm", ddpm_steps, "trailing", as_schedule("linear"), own.guidance))
    best: dict[int, float] = {}
    for steps in (4,) if short else PLAIN_STEPS:
        rows = [SamplingConfig(sampler, steps, grid, as_schedule(path), own.guidance) for sampler, grid, path in PLAIN]
        values = [row("", settings, shown=False) for settings in rows]
        which = int(np.argmin(values))
        sampler, grid, path = PLAIN[which]
        best[steps] = row(f"{sampler}, {grid}, {path}", rows[which])
        able = [peer for peer in PEERS if peer_steps(peer, steps) == [steps]] if case.labels is not None else []
        if able:
            peer = min(able, key=lambda one: row("", rows[0], shown=False, peer=one))
            row(f"diffusers: {peer}", rows[0], peer=peer)
    for steps in dict.fromkeys((4, own.steps)):
        row(f"the model's own {own.sampler}", replace(own, steps=steps))
    wanted = (4,) if short else TUNED_STEPS
    if missing := [steps for steps in wanted if steps not in case.model.tuned_steps]:
        tune(case.model, missing)
    tuned: dict[int, float] = {}
    for steps in wanted:
        settings = case.model.settle(case.model.conditional, steps=steps)
        if settings.tuned is not None:
            tuned[steps] = row(f"tuned {steps}", settings)
    student: dict[int, float] = {}
    for run in students:  # of the last, if there are several, the verdict is
        student = in_few(run)
    missed = (
        [] if tuned.keys() >= {4, 6} or (short and 4 in tuned) else [f"{name}: the model is not tuned in 4 and 6 steps"]
    )
    if 4 in tuned and tuned[4] > best[4] / 2:
        missed.append(f"{name}: 4 tuned steps reach {tuned[4]:.3f}, asked for {best[4] / 2:.3f}")
    if 6 in tuned and "DDPM" in known:
        excess = frechet_excess(known["tuned 6"], known["DDPM"], real)
        print(
            f"6 tuned steps lie {excess.value:+.3f} ({excess.low:+.3f} to {excess.high:+.3f}) beyond DDPM", flush=True
        )
        if excess.low > 0:
            missed.append(f"{name}: 6 tuned steps lie beyond DDPM by more than chance")
    for steps, plain in ((2, 6), (1, 4)):
        if steps in student and plain in best and student[steps] > best[plain]:
            missed.append(
                f"{name}: a student reaches {student[steps]:.3f} in {steps} steps, asked for {best[plain]:.3f}"
            )
    return missed


def main() -> None:
    quick, short, alone = (f"--{word}" in sys.argv for word in ("quick", "short", "alone"))
    cases = {"digits": digits, "emoji": emoji, "avatars": avatars, "cifar10": cifar10}
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    asked, students = [word for word in words if word in cases], [word for word in words if word not in cases]
    missed = []
    for name in asked or (["digits"] if quick or short or students else ["digits", "emoji", "avatars"]):
        case = cases[name](250 if short else 400 if quick or alone else 1000 if name == "digits" else 500)
        missed += table(name, case, None if short else 250 if quick else 1000, short, students, alone)
    print("\n".join(["", *missed]) if missed else "\nall figures reached")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
