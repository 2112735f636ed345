"""A loss that grows instead of falling, said in plain words while it is still a finite number."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sfumato.training.config import TrainingConfig
from sfumato.training.loop import Progress

EXPLODED = 10.0  # times the lowest mean of some steps: chance doesn't reach that
BURST = 1e4  # in magnitude: weights that learn stay below ten
UNLEARNT = 2.0  # times the loss of the first step, which is that of a network that has learnt nothing


class LossWatch:
    """Looks at the mean losses of a run, of which there may be some from `before` it was taken up again.

    Those that may be `below_zero`, as logarithms of likelihoods, say nothing by how many times as large they are.
    """

    def __init__(self, before: Sequence[float], config: TrainingConfig, below_zero: bool = False) -> None:
        self.config = config
        self.below_zero = below_zero or config.objective.uncertainty
        self._lowest = min(filter(math.isfinite, before), default=math.inf)
        self._first = math.inf
        self._last = math.nan

    def look(self, recent: Sequence[Progress]) -> list[str]:
        """What is to be said of some steps: nothing, or that the loss has grown far beyond its lowest."""
        losses = [progress.loss for progress in recent if math.isfinite(progress.loss)]
        if not losses or self.below_zero:
            return []
        if recent[0].step == 1 and math.isfinite(recent[0].loss):
            self._first = recent[0].loss
            self._lowest = min(self._lowest, self._first)
        self._last = sum(losses) / len(losses)
        exploded = self._last > EXPLODED * self._lowest
        self._lowest = min(self._lowest, self._last)
        return [f"at step {recent[-1].step:,} {self._words()}."] if exploded else []

    def ending(self, largest_weight: float) -> list[str]:
        """What is to be said at the end: of the loss, and of the last steps, which no loss was taken after."""
        if not largest_weight < BURST:
            return [
                f"the weights have grown to {largest_weight:,.3g}, far beyond what learns: train again "
                f"with a lower learning rate (now {self.config.optimizer.learning_rate:g})."
            ]
        if self._last > EXPLODED * self._lowest or self._last > UNLEARNT * self._first:
            return [f"the run has not learnt what it could: {self._words()}."]
        return []

    def _words(self) -> str:
        lowest = min(self._lowest, self._first)
        rate = self.config.optimizer.learning_rate
        return f"the loss is {self._last:,.4g}, and it was {lowest:,.4g}; a lower learning rate than {rate:g} may help"
