"""Looks at a run while it trains, a preview and an evaluation each: how many it can afford, and when they are due.

All that is not training is weighed here against the budget: one in minutes holds it all, and keeps back what the last
look and the last checkpoint take.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sfumato.hub import ModelConfig
from sfumato.sampling.guidance import EVERYWHERE
from sfumato.training.config import TrainingConfig
from sfumato.training.held_out import QUANTILES
from sfumato.training.loop import Stopped
from sfumato.training.previews import preview_labels, preview_sampling
from sfumato.training.run_loop import RunLoop
from sfumato.training.state import state_bytes

SHARE = 0.1  # of a budget in minutes, which all looks together may take
BACKWARD = 2  # times a forward pass: an image that is trained costs three of one that is only asked about
DISK = 150e6  # bytes/s of a checkpoint, before one was written


def look_images(config: TrainingConfig, model: ModelConfig, held: int) -> int:
    """How many images the network is asked about for a look at a run that holds out so many samples."""
    sampling = preview_sampling(model.sampling, config.keeping.preview_calls)
    guided = 1 if sampling.guidance in (0.0, 1.0) and sampling.interval in (None, EVERYWHERE) else 2
    generated = preview_labels(len(model.classes), model.seen[0])[0] if config.keeping.previews else 0
    return generated * sampling.steps * guided + 2 * min(config.keeping.evaluated, held) * len(QUANTILES)


def look_seconds(config: TrainingConfig, model: ModelConfig, held: int, image: float) -> float:
    """How long a look takes where training takes `image` seconds an image."""
    return look_images(config, model, held) * image / (1 + BACKWARD)


class Looks:
    """When the looks at `trainer` are due, for each of which the network is asked about so many `images`.

    The last comes with the end of the run, the others at even shares before.

    With a budget in minutes, one that would leave no room for the last is left out. With one in images, there are at
    most as many as take half as long as the training itself.
    """

    def __init__(self, trainer: RunLoop, images: int) -> None:
        config = trainer.config
        self.trainer = trainer
        self.images = images
        self.most = max(1, config.keeping.previews)
        if config.images is not None and self.images:
            self.most = max(1, min(self.most, config.images * (1 + BACKWARD) // 2 // self.images))
        self.taken = math.floor(trainer.fraction * self.most)
        self.left_out = 0
        self.spent = 0.0
        self._took: float | None = None
        self._save = state_bytes(trainer) / DISK
        self._seconds, self._images = trainer.seconds, trainer.images

    @property
    def seconds(self) -> float:
        """How long the next look takes: as long as the one before, or as steps so far let one expect."""
        if self._took is not None:
            return self._took
        trained = self.trainer.images - self._images
        image = (self.trainer.seconds - self._seconds - self.spent) / trained if trained else 0.0
        return self.images * image / (1 + BACKWARD)

    def due(self) -> bool:
        """Whether a look is to be taken after this step; the last isn't meant."""
        trainer, minutes = self.trainer, self.trainer.config.minutes
        if minutes is not None and trainer.fraction < 1:
            trainer.reserve = self.seconds + self._save
        number = math.floor(trainer.fraction * self.most)
        if trainer.fraction >= 1 or number <= self.taken:
            return False
        self.taken = number
        if minutes is not None and self.spent + 2 * self.seconds > SHARE * 60 * minutes:
            self.left_out += 1
            return False
        return True

    @contextmanager
    def timed(self) -> Iterator[None]:
        """The block is a look; Stopped ends it. All processes go through it together, by the clock of the main one."""
        started = time.perf_counter()
        with suppress(Stopped):
            yield
        self._took = self.trainer.processes.same(time.perf_counter() - started)
        self.spent += self._took

    @contextmanager
    def saving(self) -> Iterator[None]:
        """The block writes a checkpoint; likewise."""
        started = time.perf_counter()
        yield
        self._save = self.trainer.processes.same(time.perf_counter() - started)
