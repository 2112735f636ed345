"""What experiments are made with: a model, its data, and rivals that are trained as it was."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sfumato.baselines import Baseline, BaselineTrainer, baseline_for, new_baseline
from sfumato.data import Dataset
from sfumato.errors import SfumatoError
from sfumato.evaluation.features import Extractor
from sfumato.evaluation.measure import Reference, conditions_at, like_rows
from sfumato.hub import Model, new_model
from sfumato.seeds import torch_generator
from sfumato.training import Trainer, TrainingConfig, fastest_precision, model_for

BATCHES = {"diffusion": 128, "vae": 64, "gan": 32}  # what each learns most with in so short a time
TOGETHER = 128


@dataclass(frozen=True)
class Laboratory:
    """What experiments are made with: a model, the data that it was trained on, and how long they may take."""

    model: Model
    reference: Reference
    quick: bool = False
    seed: int = 0

    @property
    def each_class(self) -> int:
        """Pictures a class whose neighbours are looked for."""
        return 12 if self.quick else 40

    @property
    def read(self) -> int:
        """Pictures a class that are read by the classifier."""
        return 30 if self.quick else 200

    @property
    def compared(self) -> int:
        """Pictures of each way of sampling."""
        return 80 if self.quick else 1000

    @property
    def judged(self) -> int:
        """Pictures of each rival."""
        return 500 if self.quick else 1000

    @property
    def timed(self) -> int:
        """Pictures that are generated at a time where time is taken."""
        return 16 if self.quick else 64

    @property
    def short(self) -> float:
        """Seconds of each of the trainings whose seeds are compared."""
        return 3.0 if self.quick else 30.0

    @property
    def long(self) -> float:
        """Seconds of each of the trainings whose samples are compared."""
        return 12.0 if self.quick else 120.0

    @cached_property
    def rivals(self) -> dict[str, BaselineRun]:
        """A diffusion model, a VAE and a GAN of one size, trained for `long` seconds each."""
        return {kind: train_baseline_run(self, kind, self.long, self.seed) for kind in ("diffusion", "vae", "gan")}

    @cached_property
    def ddpm_1000(self) -> tuple[Tensor, float]:
        """`compared` pictures by DDPM in 1,000 steps, and the seconds that each took; nothing else takes as long."""
        started = time.perf_counter()
        generated = self.generate(self.compared, self.labels(self.compared), sampler="ddpm", steps=1000)
        return generated, (time.perf_counter() - started) / self.compared

    @property
    def extractor(self) -> Extractor:
        return self.reference.extractor

    @cached_property
    def pictures(self) -> Tensor:
        """Training pictures, 100,000 numbers in all (ten times that unless `quick`); those of small sets come again."""
        dataset, numbers = self.reference.dataset, 10**5 if self.quick else 10**6
        return dataset.batch(np.resize(self.reference.train, max(100, numbers // math.prod(dataset.shape))))[0]

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


def train_baseline_run(lab: Laboratory, kind: str, seconds: float, seed: int) -> BaselineRun:
    """Train a model of `kind` (diffusion, vae or gan) for so long, on what the reference compares with."""
    reference, device = lab.reference, lab.model.device
    whole, rows = reference.dataset, reference.train
    labels = None if whole.labels is None else whole.labels[rows]
    dataset = Dataset(whole.name, whole.stored(rows), labels, whole.classes)
    size = model_for(dataset, minutes=seconds / 60)
    batch = BATCHES[kind]
    config = TrainingConfig(
        whole.name, minutes=seconds / 60, batch=batch, seed=seed, precision=fastest_precision(device)
    )
    trainer: Trainer | BaselineTrainer
    average: Model | Baseline
    model = new_model(size, seed)
    if kind == "diffusion":
        model.denoiser.to(device)
        trainer = Trainer(model, dataset, config)
        average = Model(size, trainer.average)
    else:
        baseline = new_baseline(baseline_for("vae" if kind == "vae" else "gan", dataset, model.parameter_count), seed)
        trainer = BaselineTrainer(baseline.to(device), dataset, config)
        average = trainer.average
    generate = partial(_in_turn, lab, partial(average.sample, batch=250))
    losses, diverged = [], False
    try:
        losses += [progress.loss for progress in trainer.steps() if math.isfinite(progress.loss)]
    except SfumatoError:  # which is a result too
        diverged = True
    each = TOGETHER // batch
    means = [statistics.mean(losses[i : i + each]) for i in range(0, len(losses) - each + 1, each)]
    parameters = model.parameter_count if kind == "diffusion" else baseline.size
    return BaselineRun(kind, parameters, trainer.images, tuple(means), generate, average, diverged)


def _in_turn(lab: Laboratory, sample: Callable[..., Tensor], count: int) -> Tensor:
    return sample(range(count), lab.labels(count))
