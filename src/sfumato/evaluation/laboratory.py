"""What experiments are made with: a model, its data, and rivals that are trained as it was."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sfumato.baselines import Baseline, BaselineTrainer, baseline_for, new_baseline
from sfumato.data import Dataset
from sfumato.diffusion import RectifiedFlow
from sfumato.errors import SfumatoError
from sfumato.evaluation.features import Extractor
from sfumato.evaluation.frechet import frechet_distance, half_to_half
from sfumato.evaluation.intervals import Estimate, estimate
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.evaluation.measure import Reference, conditions_at, like_rows
from sfumato.hub import Model, SamplingConfig, new_model
from sfumato.sampling import CONSISTENCY
from sfumato.seeds import torch_generator
from sfumato.training import Trainer, TrainingConfig, fastest_precision, model_for
from sfumato.training.config import changed

BATCHES = {"diffusion": 128, "vae": 64, "gan": 32}  # what each learns most with in so short a time
DRIFTING_BATCH = 256  # which is to hold a few of each class
RATES = (0.5, 1.0, 2.0)  # times a kind's own learning rate: what is tried before the trainings that count
SEARCH = 1 / 3  # of the time of one of these, for each that is tried
TOGETHER = 128
WARM_UP, TIMED = 5, 20  # steps, by which a kind's pace is taken
SPLITS = 30  # random sets of real pictures, for how much their scores vary


@dataclass(frozen=True)
class Effort:
    """How much is generated and trained; numbers are pictures, where nothing else is said."""

    each_class: int  # whose neighbours are looked for
    read: int  # a class, by the classifier
    compared: int  # of each way of sampling
    judged: int  # of each rival, at most
    timed: int  # generated at a time where time is taken
    repeats: int  # timings
    numbers: int  # of pictures that are turned to noise
    short: float  # seconds of each of the trainings whose ends are compared
    long: float  # seconds of each of the trainings whose samples are compared
    trainings: int  # of each kind, each of another seed: how far they differ is how sure their mean is


QUICK = Effort(12, 30, 80, 500, 16, 3, 10**5, 3.0, 12.0, 3)
WHOLE = Effort(40, 200, 1000, 1000, 64, 5, 10**6, 10.0, 40.0, 4)


@dataclass(frozen=True)
class Laboratory:
    """What experiments are made with: a model, the data that it was trained on, and how much may be done."""

    model: Model
    reference: Reference
    effort: Effort = WHOLE
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model.codec is not None:
            raise SfumatoError("the claims are about networks that generate pixels; give the run of one of those.")

    @property
    def judged(self) -> int:
        """Pictures of each rival, of small sets as many as a third."""
        return min(self.effort.judged, len(self.real) // 3)

    @cached_property
    def rivals(self) -> dict[str, list[BaselineRun]]:
        """Diffusion models, VAEs and GANs of one size, trained for `long` seconds each, at the best of RATES."""
        seeds = range(self.seed, self.seed + self.effort.trainings)
        return {
            kind: [train_baseline_run(self, kind, self.effort.long, seed, self.best_rate(kind)) for seed in seeds]
            for kind in BATCHES
        }

    @cached_property
    def judged_features(self) -> dict[str, list[Tensor]]:
        """By kind, the features of `judged` pictures of each of its trainings."""
        return {
            kind: [self.extractor.features(one.generate(self.judged)) for one in trained]
            for kind, trained in self.rivals.items()
        }

    @cached_property
    def search(self) -> dict[str, dict[float, float]]:
        """By kind, how far from the data the pictures of each of RATES are, of a seed that doesn't count."""
        real, seed = self.reference.features, self.seed + 1000
        found: dict[str, dict[float, float]] = {}
        for kind in BATCHES:
            for rate in RATES:
                tried = train_baseline_run(self, kind, SEARCH * self.effort.long, seed, rate)
                drawn = self.extractor.features(tried.generate(self.judged))
                end = math.inf if tried.diverged else frechet_distance(drawn, real)
                found.setdefault(kind, {})[rate] = end
        return found

    def best_rate(self, kind: str) -> float:
        """Times its own learning rate, what `kind` learnt most with."""
        tried = self.search[kind]
        return min(tried, key=lambda rate: tried[rate])

    @cached_property
    def paces(self) -> dict[str, float]:
        """By kind, pictures a second: a training's seconds buy so many, whatever else the machine is doing."""
        return {kind: _pace(self, kind) for kind in BATCHES}

    @cached_property
    def real(self) -> Tensor:
        """The features of all real pictures, trained on or not."""
        return torch.cat([self.reference.features, self.reference.held_out_features])

    @cached_property
    def halves(self) -> tuple[float, float]:
        """The Fréchet distance between random halves of the real pictures: its mean and its standard deviation."""
        return half_to_half(self.real, SPLITS if self.real.shape[1] <= 256 else 8)

    @cached_property
    def shares(self) -> tuple[Tensor, dict[str, Estimate]]:
        """Features to find recall, coverage and precision of `judged` pictures with, and what so many real ones score.

        The intervals hold 95% of random sets of real ones. They are compared with as many, for the scores depend on it.
        """
        trained, generator, found = self.reference.features, self.generator(), []
        count = min(len(trained), len(self.real) - self.judged)
        for _ in range(SPLITS):
            one, others, _ = self.real[torch.randperm(len(self.real), generator=generator)].split_with_sizes(
                [self.judged, count, len(self.real) - self.judged - count]
            )
            found.append(precision_recall_density_coverage(one, others, repeats=0))
        values = {name: torch.tensor([one[name].value for one in found]) for name in found[0]}
        usual = {name: estimate(float(x.mean()), float(x.std()), most=1.0) for name, x in values.items()}
        return trained[torch.randperm(len(trained), generator=generator)[:count]], usual

    @cached_property
    def ddpm_1000(self) -> tuple[Tensor, float]:
        """`compared` pictures by DDPM in 1,000 steps, and the seconds that each took; nothing else takes as long."""
        started = time.perf_counter()
        generated = self.generate(self.effort.compared, self.labels(self.effort.compared), sampler="ddpm", steps=1000)
        return generated, (time.perf_counter() - started) / self.effort.compared

    @property
    def extractor(self) -> Extractor:
        return self.reference.extractor

    @cached_property
    def pictures(self) -> Tensor:
        """Training pictures of `effort.numbers` numbers in all; those of small sets come again."""
        dataset = self.reference.dataset
        count = max(100, self.effort.numbers // math.prod(dataset.shape))
        return dataset.batch(np.resize(self.reference.train, count))[0]

    def generator(self) -> torch.Generator:
        return torch_generator("laboratory", self.seed)

    def labels(self, count: int) -> list[int] | None:
        """Each class in turn; None without classes."""
        classes = len(self.model.config.classes)
        return [number % classes for number in range(count)] if classes else None

    def generate(self, count: int, labels: Sequence[int] | None = None, **sampling: Any) -> Tensor:
        """Pictures of the seeds from 0 on; without classes, on the conditions of held-out samples."""
        if self.model.config.classes:
            return self.model.sample(range(count), labels, batch=250, **sampling)
        like = conditions_at(self.model, self.reference.dataset, like_rows(self.reference, count))
        return self.model.sample(range(count), batch=250, **like, **sampling)


@dataclass(frozen=True)
class BaselineRun:
    """What a training came to: `generate(count)` pictures of the classes in turn, and how the loss went.

    `model` holds the averaged weights. `losses` are means over TOGETHER pictures each, or a kind that learns in small
    batches would seem the more restless. `diverged`: the training ended early, since its loss was no finite number for
    many steps.
    """

    kind: str
    parameters: int
    images: int
    losses: tuple[float, ...]
    generate: Callable[[int], Tensor]
    model: Model | Baseline
    diverged: bool = False

    @property
    def loss_variation(self) -> float | None:
        """How much the loss scatters about its mean, over the last half, as a share of that mean; None of too few."""
        late = self.losses[len(self.losses) // 2 :]
        return statistics.stdev(late) / abs(statistics.mean(late)) if len(late) > 2 else None


def train_drifting(lab: Laboratory, seed: int) -> BaselineRun:
    """As `train_baseline_run`, a diffusion model's network that learns by drifting to answer noise in one call."""
    images = max(1, round(lab.paces["diffusion"] * lab.effort.long))  # a step costs what one of diffusion does
    trainer, average = _trainer(lab, "drifting", images, seed)
    losses, diverged = [], False
    try:
        losses += [progress.loss for progress in trainer.steps() if math.isfinite(progress.loss)]
    except SfumatoError:
        diverged = True
    assert isinstance(average, Model)
    generate = partial(_in_turn, lab, partial(average.sample, batch=250))
    return BaselineRun("drifting", average.parameter_count, trainer.images, tuple(losses), generate, average, diverged)


def train_baseline_run(lab: Laboratory, kind: str, seconds: float, seed: int, rate: float = 1.0) -> BaselineRun:
    """Train a model of `kind` (diffusion, vae or gan) on what the reference compares with, at `rate` times its own
    learning rate, on as many pictures as it sees in so many seconds of a processor that does nothing else.
    """
    trainer, average = _trainer(lab, kind, max(1, round(lab.paces[kind] * seconds)), seed)
    trainer.turns = tuple(replace(turn, learning_rate=rate * turn.learning_rate) for turn in trainer.turns)
    losses, diverged = [], False
    try:
        losses += [progress.loss for progress in trainer.steps() if math.isfinite(progress.loss)]
    except SfumatoError:  # which is a result too
        diverged = True
    each = TOGETHER // BATCHES[kind]
    means = [statistics.mean(losses[i : i + each]) for i in range(0, len(losses) - each + 1, each)]
    parameters = average.size if isinstance(average, Baseline) else average.parameter_count
    generate = partial(_in_turn, lab, partial(average.sample, batch=250))
    return BaselineRun(kind, parameters, trainer.images, tuple(means), generate, average, diverged)


def _trainer(lab: Laboratory, kind: str, images: int, seed: int) -> tuple[Trainer | BaselineTrainer, Model | Baseline]:
    """What trains a model of `kind` on so many images, and the average of its weights to sample with."""
    reference, device = lab.reference, lab.model.device
    whole, rows = reference.dataset, reference.train
    labels = None if whole.labels is None else whole.labels[rows]
    dataset = Dataset(whole.name, whole.stored(rows), labels, whole.classes)
    size = model_for(dataset, minutes=lab.effort.short / 60)
    if kind == "drifting":  # whose one level is noise alone
        size = replace(size, sampling=SamplingConfig(CONSISTENCY, 1, "trailing", RectifiedFlow()))
    config = TrainingConfig(
        whole.name,
        images=images,
        batch=BATCHES.get(kind, DRIFTING_BATCH),
        seed=seed,
        precision=fastest_precision(device),
    )
    if kind == "drifting":
        config = changed(config, drifting=True, schedule=RectifiedFlow(), optimizer="adamw", learning_rate=2e-3)
    model = new_model(size, seed)
    if kind in ("diffusion", "drifting"):
        model.denoiser.to(device)
        trainer = Trainer(model, dataset, config)
        return trainer, Model(size, trainer.average)
    baseline = new_baseline(baseline_for("vae" if kind == "vae" else "gan", dataset, model.parameter_count), seed)
    rival = BaselineTrainer(baseline.to(device), dataset, config)
    return rival, rival.average


def _pace(lab: Laboratory, kind: str) -> float:
    trainer, _ = _trainer(lab, kind, (WARM_UP + TIMED) * BATCHES[kind], lab.seed)
    moments: list[tuple[float, float]] = []
    with suppress(SfumatoError):
        moments.extend((time.perf_counter(), time.process_time()) for _ in trainer.steps())
    steps = [
        (wall - wall_before, cpu - cpu_before) for (wall_before, cpu_before), (wall, cpu) in pairwise(moments[WARM_UP:])
    ]  # what others take of the processor doesn't count; of a GPU the processor's time says nothing
    taken = [min(both) if lab.model.device.type == "cpu" else both[0] for both in steps]
    return BATCHES[kind] / statistics.median(taken)


def _in_turn(lab: Laboratory, sample: Callable[..., Tensor], count: int) -> Tensor:
    return sample(range(count), lab.labels(count))
