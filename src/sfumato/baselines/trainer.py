"""Training a baseline in the loop of the diffusion models: the same batches, budget and average of the weights."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import partial

from torch import Tensor

from sfumato.baselines.baseline import Baseline, Loss, Rows
from sfumato.data import Dataset, around, draw_augmentation, order
from sfumato.errors import SfumatoError
from sfumato.seeds import torch_generator
from sfumato.training.config import TrainingConfig, left_out_by
from sfumato.training.ema import ema_decay, gamma_of
from sfumato.training.loop import Loop
from sfumato.training.precision import autocast


class BaselineTrainer(Loop):
    """Trains `baseline` on `dataset`. `trainer.steps()` yields a Progress a step until the budget is spent or `stop()`.

    Of `config` it takes all but what belongs to diffusion (levels, weights, label dropout) or to run folders, and the
    optimiser and its learning rate, which are the baseline's own and follow the same course. Batches are those that the
    Trainer takes at the same step. The loss and the gradient's norm that it tells are sums over the turns.
    """

    cure = "train it with another seed"

    def __init__(self, baseline: Baseline, dataset: Dataset, config: TrainingConfig) -> None:
        shape, classes = baseline.config.shape, baseline.config.classes
        if (dataset.shape, dataset.classes) != (shape, classes):
            name = baseline.config.kind.upper()
            raise SfumatoError(f"{dataset.name} has another picture size or other classes than the {name}.")
        self.baseline = baseline
        self.average = copy.deepcopy(baseline).eval().requires_grad_(False)
        self.dataset = dataset
        self.config = config
        self.held = left_out_by(config, dataset)
        widths = config.optimizer.ema_widths
        decay = partial(ema_decay, gamma=gamma_of(widths[-1]))
        turns = [
            replace(turn, loss=partial(self._loss, turn.loss)) for turn in baseline.turns(config.optimizer.weight_decay)
        ]
        super().__init__(baseline, turns, self._draw, config.budget, config.optimizer.clip, [(self.average, decay)])

    def _draw(self, step: int, images: int) -> list[Rows]:
        """What `step` sees: a function of (config, images seen), as it is for the Trainer."""
        config = self.config
        places = order(len(self.dataset) - len(self.held), config.seed, images, config.batch)
        augmentation = draw_augmentation(config.seed, images, config.batch, config.data.flip, self.dataset.crop)
        x, labels = self.dataset.batch(around(self.held, places), augmentation)
        noise = torch_generator("baseline noise", config.seed, step)  # for one turn after the other
        return [Rows(x, labels if self.baseline.config.classes else None, noise)]

    def _loss(self, loss: Loss, rows: Rows, fraction: float) -> Tensor:
        device = self.baseline.device
        x, label = rows.x.to(device), None if rows.label is None else rows.label.to(device)
        with autocast(device, self.config.machine.precision):
            return loss(rows._replace(x=x, label=label), fraction)
