"""The training loop, of all that is trained: diffusion models, the GAN and the VAE, classifiers.

A step is a few `Turn`s, each of weights, a loss and optimisers. The rest is the loop's: the budget and the course of
the learning rate, the guard against numbers that aren't finite, averages of the weights, processes, and what a resumed
run needs. What happens at step n is a function of (config, n) alone: batches come from generators seeded by (seed,
step), so nothing but tensors and counters has to be saved for a resumed run to equal an uninterrupted one, bit for
bit, on as many threads. (A budget in minutes lets the clock decide the learning rate and the end; a budget in images
does not.)
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sfumato.data.dataset import DataLost
from sfumato.errors import SfumatoError
from sfumato.seeds import Purpose, seeded
from sfumato.training.budget import Budget
from sfumato.training.ema import Decay, update_ema
from sfumato.training.precision import compiling
from sfumato.training.processes import ALONE, Processes
from sfumato.training.sharding import whole

NONFINITE_STEPS = 10  # in a row before giving up
Parts = list[Any]  # a batch in slices, each as the losses of the turns take it


class Stopped(Exception):
    """The loop was asked to stop amid what a lone process can leave undone."""


class Diverged(SfumatoError):
    """The loss was no finite number for NONFINITE_STEPS steps in a row, or in any step of a shorter run."""


@dataclass(frozen=True)
class Progress:
    """One training step: its mean loss, and where the run stands. `fraction` of the budget is spent."""

    step: int
    images: int
    seconds: float
    fraction: float
    loss: float
    gradient_norm: float
    learning_rate: float
    skipped: int


@dataclass(frozen=True)
class Turn:
    """One part of a step: `optimizers` move `weights`, whose gradients are clipped together, down a loss.

    `loss(part, fraction)` is what the rows in `part` add to the mean loss of the batch, where `fraction` of the budget
    is spent. `learning_rate` is the highest. The turn is taken from the share `begins` of the budget on.
    """

    weights: tuple[Tensor, ...]
    loss: Callable[[Any, float], Tensor]
    optimizers: tuple[torch.optim.Optimizer, ...]
    learning_rate: float
    begins: float = 0.0


class Loop:
    """Trains `net` by `turns`. `loop.steps()` yields a Progress a step until the budget is spent or `stop()`.

    `draw(step, images)` makes the batch of a step that begins after so many images. Gradients are clipped to the norm
    `clip`. `averages` are copies of the network that follow it, each by a decay, a function of the steps so far.
    Dropout draws from a stream of (`dropout`, step), and from PyTorch's global generator where that is None. Of several
    `processes`, each has a loop of its own with the same arguments, and all take the same steps.
    """

    cure = "train again with a lower learning rate"  # of a loss that is no finite number

    def __init__(
        self,
        net: nn.Module,
        turns: Sequence[Turn],
        draw: Callable[[int, int], Parts],
        budget: Budget,
        clip: float = math.inf,
        averages: Sequence[tuple[nn.Module, Decay]] = (),
        dropout: tuple[Purpose, int] | None = None,
        processes: Processes = ALONE,
    ) -> None:
        self.net = net
        self.turns = tuple(turns)
        self.draw = draw
        self.budget = budget
        self.clip = clip
        self.processes = processes
        self.adapters_alone = False  # whether they are all that is kept: what they adapt stays where it is
        self.sharded = False  # whether each process holds a part of the weights alone
        self.called: nn.Module = net  # what is called to train `net`: gradients are averaged over processes through it
        self.extra: nn.Module | None = None  # weights of the objective, which are trained beside those of the network
        self.dropout = dropout
        self.averaged = [average for average, _ in averages]
        self._averages = [(_pairs(average, net), decay) for average, decay in averages]
        self.step = self.images = self.skipped = 0
        self.seconds = 0.0
        self.reserve = 0.0  # seconds of a budget in minutes that are kept for what follows the last step
        self._bad_in_a_row = 0
        self._asked_to_stop = self._stopping = False  # here, and among all processes
        self._losing = False  # whether one of them could not read its rows of the next step

    @property
    def fraction(self) -> float:
        """The share of the budget that is spent, in [0, 1]."""
        return self.budget.spent(self.images, self.seconds, self.reserve)

    @property
    def updates(self) -> int:
        """How often the weights have moved, and their averages with them."""
        return self.step - self.skipped

    @property
    def failing(self) -> bool:
        """Whether the last step's loss was no finite number."""
        return self._bad_in_a_row > 0

    def stop(self) -> None:
        """Ask for an end after the present network call; safe to call from a signal handler.

        A step of several slices is left undone. Of several processes one is enough to ask. They hear of it before the
        next network call of a look, or within the next step, and end together after that.
        """
        self._asked_to_stop = True

    def asked(self) -> bool:
        """Whether one of the processes was asked to stop, after which none takes a step; all of them call this."""
        self._stopping = self._stopping or float(self.processes.sum(torch.tensor(float(self._asked_to_stop)))) > 0
        return self._stopping

    def heed(self) -> None:
        """Raises Stopped where a lone process was asked to stop: others would wait for what it leaves undone."""
        if self._asked_to_stop and self.processes.count == 1:
            raise Stopped

    def steps(self) -> Iterator[Progress]:
        """Train until the budget is spent, yielding every step. Time between steps counts towards the minutes.

        Raises Diverged where the loss is no finite number for too long, and DataLost where samples can't be read.
        """
        started = time.perf_counter() - self.seconds
        if self.processes.count == 1:
            self._stopping = self._asked_to_stop
        with ThreadPoolExecutor(1, "next-batch") as pool:
            drawn = pool.submit(self.draw, self.step + 1, self.images)
            self._losing = bool(self.processes.sum(torch.tensor(float(bool(_lost(drawn))))) > 0)
            while self.fraction < 1 and not self._stopping:
                if self._losing:  # where one could not read its rows all say so, and none takes the step
                    raise DataLost(next(filter(None, self.processes.gathered(_lost(drawn)))))
                parts, share = drawn.result(), self.budget.rate_share(self.images, self.seconds, self.reserve)
                drawn = pool.submit(self.draw, self.step + 2, self.images + self.budget.batch)
                try:
                    loss, norm = self._step(parts, share, started, drawn)
                except Stopped:
                    self.step, self.seconds = self.step - 1, time.perf_counter() - started
                    break
                started -= self._closing()
                yield Progress(
                    self.step,
                    self.images,
                    self.seconds,
                    self.fraction,
                    loss,
                    norm,
                    share * self.turns[-1].learning_rate,
                    self.skipped,
                )
                if self.processes.count == 1:  # several read the main one's clock, with the next step
                    self.seconds, self._stopping = time.perf_counter() - started, self._asked_to_stop
        self._closing()
        if self.fraction >= 1 and self.failing and not self.updates:  # fewer steps than would have ended it on the way
            raise self._diverged()

    def _closing(self) -> float:
        """With the last step of a budget in minutes, count what is kept of them as spent; returns these seconds."""
        kept = self.reserve if self.fraction >= 1 and self.images < (self.budget.images or math.inf) else 0.0
        self.seconds, self.reserve = self.seconds + kept, self.reserve - kept
        return kept

    def _step(self, parts: Parts, share: float, started: float, drawn: Future[Parts]) -> tuple[float, float]:
        """One turn after the other; returns the sums of their losses and of the norms of their gradients."""
        self.step += 1
        self.net.train()
        fraction, loss, norm = self.fraction, 0.0, 0.0
        # Every process drops units of its own: with dropout layers, runs differ by the number of processes.
        with nullcontext() if self.dropout is None else seeded(*self.dropout, self.step, self.processes.rank):
            for turn in (turn for turn in self.turns if fraction >= turn.begins):
                own_loss, own_norm = self._take(turn, parts, share, fraction, started, drawn)
                loss, norm = loss + own_loss, norm + own_norm
        self.images += self.budget.batch
        if not (math.isfinite(norm) and math.isfinite(loss)):
            self._skip()
            return loss, norm
        self._bad_in_a_row = 0
        for (average, weights), decay in self._averages:
            update_ema(average, weights, decay(self.updates))
        return loss, norm

    def _take(
        self, turn: Turn, parts: Parts, share: float, fraction: float, started: float, drawn: Future[Parts]
    ) -> tuple[float, float]:
        """Move the weights of `turn`, unless its loss or gradient is not finite; returns its loss and its norm."""
        for optimizer in turn.optimizers:
            optimizer.zero_grad()
            for group in optimizer.param_groups:
                group["lr"] = share * turn.learning_rate
        losses = []
        alone = turn.weights if len(self.turns) > 1 else None  # or a loss would move what another turn trains
        for number, part in enumerate(parts, start=1):
            if number > 1 and turn is self.turns[0]:  # later, weights have moved
                self.heed()
            waits = number < len(parts) and not self.sharded  # whole gradients would have to be kept
            with self.processes.gathering(self.called) if waits else nullcontext():
                with self.processes.collective(), compiling(self.heed):
                    loss = turn.loss(part, fraction)
                    loss.backward(inputs=alone)
                losses.append(loss.detach())
        for weight in self._apart(turn):
            if weight.grad is not None:
                weight.grad = self.processes.sum(weight.grad) / self.processes.count
        norm = whole(torch.nn.utils.clip_grad_norm_(turn.weights, self.clip))
        mean, own_norm = read_values(sum(losses[1:], start=losses[0]), norm)
        clock = (time.perf_counter() - started) * self.processes.count if self.processes.main else 0.0
        lost = self.processes.count > 1 and _lost(drawn) != ""  # a lone process sees when it takes them
        said = [mean, clock, float(self._asked_to_stop), float(lost)]
        mean, self.seconds, stops, losing = self.processes.average(said)  # all that they say to each other in a step
        self._stopping, self._losing = stops > 0, losing > 0
        if math.isfinite(own_norm) and math.isfinite(mean):
            for optimizer in turn.optimizers:
                optimizer.step()
        return mean, own_norm

    def _apart(self, turn: Turn) -> Iterable[Tensor]:
        """The weights whose gradients no module averages over processes: those of the objective, or all."""
        if self.called is self.net and not self.sharded and self.processes.count > 1:
            return turn.weights
        return () if self.extra is None else self.extra.parameters()

    def _skip(self) -> None:
        """A step whose loss or gradient is not finite changes nothing; too many in a row end the run."""
        self.skipped += 1
        self._bad_in_a_row += 1
        if self._bad_in_a_row >= NONFINITE_STEPS:
            raise self._diverged()

    def _diverged(self) -> Diverged:
        return Diverged(
            f"the loss was not a finite number for {self._bad_in_a_row} steps in a row, up to step {self.step}; "
            f"{self.cure} (now {self.turns[-1].learning_rate:g})."
        )


def _pairs(average: nn.Module, net: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """The weights of an average and those that it follows, without what both share."""
    pairs = zip(average.parameters(), net.parameters(), strict=True)
    own = [(one, other) for one, other in pairs if one is not other]
    return [one for one, _ in own], [other for _, other in own]


def read_values(*scalars: Tensor) -> list[float]:
    """Numbers as Python knows them, read together.

    This is the one place where a turn waits for the device: whether its loss and gradient are finite decides whether
    weights move, and several processes have to decide alike. All else of a step runs on the `meta` device too.
    """
    values: list[float] = torch.stack([scalar.float() for scalar in scalars]).tolist()
    return values


def _lost(drawn: Future[Parts]) -> str:
    """Why the rows could not be read; '' where they were."""
    try:
        drawn.result()
    except DataLost as error:
        return str(error)
    return ""
