"""Training a baseline as the Trainer trains a diffusion model: the same batches, budget and average of the weights."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator

import torch

from sfumato.baselines.baseline import Baseline, Turn
from sfumato.data import Dataset, around, draw_augmentation, order
from sfumato.errors import SfumatoError
from sfumato.seeds import torch_generator
from sfumato.training.config import TrainingConfig, left_out_by
from sfumato.training.ema import gamma_of, update_ema
from sfumato.training.trainer import PATIENCE, Progress


class BaselineTrainer:
    """Trains `baseline` on `dataset`. `trainer.steps()` yields a Progress a step until the budget is spent or `stop()`.

    Of `config` it takes all but what belongs to diffusion (levels, weights, label dropout) or to run folders, and the
    optimiser and its learning rate, which are the baseline's own and follow the same law. Batches are those that the
    Trainer takes at the same step. The loss and the gradient's norm that it tells are sums over the turns.
    """

    def __init__(self, baseline: Baseline, dataset: Dataset, config: TrainingConfig) -> None:
        shape, classes = baseline.config.shape, baseline.config.classes
        if (dataset.shape, dataset.classes) != (shape, classes):
            raise SfumatoError(f"{dataset.name} has another picture size or other classes than the {_name(baseline)}.")
        self.baseline = baseline
        self.average = copy.deepcopy(baseline).eval().requires_grad_(False)
        self.dataset = dataset
        self.config = config
        self.held = left_out_by(config, dataset)
        self.turns = baseline.turns(config.weight_decay)
        self._gamma = gamma_of(config.ema_widths[-1])
        self._weights, self._averages = list(baseline.parameters()), list(self.average.parameters())
        self.step = self.images = self.skipped = 0
        self.seconds = 0.0
        self._bad_in_a_row = 0
        self._stopping = False

    @property
    def fraction(self) -> float:
        """The share of the budget that is spent, in [0, 1]."""
        return self.config.spent(self.images, self.seconds)

    def stop(self) -> None:
        """Ask for an end after the present step."""
        self._stopping = True

    def steps(self) -> Iterator[Progress]:
        """Train until the budget is spent, yielding every step. Raises SfumatoError where it diverges for good."""
        started = time.perf_counter() - self.seconds
        while self.fraction < 1 and not self._stopping:
            share = self.config.rate_share(self.images, self.seconds)
            loss, norm = self._step(share)
            self.seconds = time.perf_counter() - started
            rate = share * self.turns[-1].learning_rate
            yield Progress(self.step, self.images, self.seconds, self.fraction, loss, norm, rate, self.skipped)
            self.seconds = time.perf_counter() - started

    def _step(self, share: float) -> tuple[float, float]:
        config, device = self.config, self.baseline.device
        self.step += 1
        generator = torch_generator("baseline noise", config.seed, self.step)
        x, label = self.batch()
        x, label = x.to(device), None if label is None else label.to(device)
        self.baseline.train()
        told = [self._take(turn, share, x, label, generator) for turn in self.turns]
        loss, norm = (sum(values) for values in zip(*told, strict=True))
        self.images += config.batch
        if math.isfinite(loss) and math.isfinite(norm):
            self._bad_in_a_row = 0
            update_ema(self._averages, self._weights, self.step - self.skipped, self._gamma)
        else:
            self._skip()
        return loss, norm

    def batch(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        """What the next step sees: a function of (config, images seen), as it is for the Trainer."""
        config = self.config
        places = order(len(self.dataset) - len(self.held), config.seed, self.images, config.batch)
        augmentation = draw_augmentation(config.seed, self.images, config.batch, config.flip, self.dataset.crop)
        x, labels = self.dataset.batch(around(self.held, places), augmentation)
        return x, labels if self.baseline.config.classes else None

    def _take(
        self, turn: Turn, share: float, x: torch.Tensor, label: torch.Tensor | None, generator: torch.Generator
    ) -> tuple[float, float]:
        """Move the weights of `turn`, unless its loss or gradient is not finite."""
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.config.precision == "bf16"):
            loss = turn.loss(x, label, generator)
        for weight, gradient in zip(turn.weights, torch.autograd.grad(loss, turn.weights), strict=True):
            weight.grad = gradient
        value, norm = float(loss.detach()), float(torch.nn.utils.clip_grad_norm_(turn.weights, self.config.clip))
        if math.isfinite(norm) and math.isfinite(value):
            for group in turn.optimizer.param_groups:
                group["lr"] = share * turn.learning_rate
            turn.optimizer.step()
        return value, norm

    def _skip(self) -> None:
        self.skipped += 1
        self._bad_in_a_row += 1
        if self._bad_in_a_row >= PATIENCE:
            raise SfumatoError(
                f"the loss of the {_name(self.baseline)} was not a finite number for {PATIENCE} steps in a row, up to "
                f"step {self.step}; train it with another seed."
            )


def _name(baseline: Baseline) -> str:
    return baseline.config.kind.upper()
