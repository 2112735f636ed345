"""What the loops have in common that are trained in a run folder: diffusion models and autoencoders."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sfumato.data import Dataset
from sfumato.training.config import TrainingConfig, left_out_by, unlearnt
from sfumato.training.ema import Decay, Profile, constant_decay, ema_decay, gamma_of, half_life_decay
from sfumato.training.loop import Loop, Parts, Stopped, Turn
from sfumato.training.precision import autocast
from sfumato.training.processes import ALONE, Processes
from sfumato.training.sharding import local
from sfumato.training.state import Files, loop_state, restore_loop

Write = tuple[str, Callable[[], object]]  # what a run can do without, and what writes it


class RunLoop(Loop):
    """Trains `net` on `dataset` as `config` says; `averages` are copies of it, one for each that is kept."""

    def __init__(
        self,
        net: nn.Module,
        turns: Sequence[Turn],
        draw: Callable[[int, int], Parts],
        averages: Sequence[nn.Module],
        dataset: Dataset,
        config: TrainingConfig,
        device: torch.device,
        processes: Processes = ALONE,
    ) -> None:
        self.dataset = dataset
        self.config = config
        self.device = device
        self.held = left_out_by(config, dataset)
        self._gammas = [gamma_of(width) for width in config.optimizer.widths]
        super().__init__(
            net,
            turns,
            draw,
            config.budget,
            config.optimizer.clip,
            list(zip(averages, decays_of(config), strict=True)),
            ("dropout", config.seed),
            processes,
        )
        self._shares = processes.share(config.batch, config.machine.accumulate)
        self.notes: list[str] = []  # what is to be said as it begins
        if lost := unlearnt(dataset, self.held):
            self.notes.append(f"nothing is learnt of {', '.join(lost)}: all of it was held out when the run began.")

    @property
    @abstractmethod
    def average(self) -> nn.Module:
        """The averaged network that is looked at, the last one."""

    @property
    def helpers(self) -> Processes:
        """Who shares the work with the averages. Sharded, each needs the others at every block: all do the same."""
        return ALONE if self.sharded else self.processes

    @property
    def profiles(self) -> list[Profile]:
        """Which averages the first of `averages` are: those by power functions."""
        return [Profile(self.updates, gamma) for gamma in self._gammas]

    @property
    def rows(self) -> int:
        """How many images of a batch the network is asked about at once, by this process."""
        first = self._shares[0]
        return int(first.stop - first.start)

    def precise(self) -> AbstractContextManager[object]:
        """While the block is open, the network computes in the config's precision."""
        return autocast(self.device, self.config.machine.precision)

    @contextmanager
    def heeding(self) -> Iterator[None]:
        """While the block is open, the average may be asked, and a run that was asked to stop leaves it by Stopped.

        All processes open the block together, whatever share of the work each has, tell each other before every network
        call whether they are to stop, and until the last is done: so they leave it together too.
        """
        heeds = self.average.register_forward_pre_hook(self._heed)
        try:
            yield
            while self._agreed(calls=False):
                pass
        finally:
            heeds.remove()

    def _heed(self, *_: object) -> None:
        self._agreed(calls=True)

    def _agreed(self, calls: bool) -> bool:
        """Whether any process still calls the network; raises Stopped, in all of them, if one was asked to stop."""
        stops, calling = self.processes.average([float(self._asked_to_stop), float(calls)])
        if stops:
            self._stopping = True
            raise Stopped
        return calling > 0

    def largest_weight(self) -> float:
        """The largest magnitude among the weights, infinite where one is NaN; of a sharded run, all processes ask."""
        own = [local(weight.detach()) for weight in self.net.parameters()]
        found = float(torch.stack([part.abs().max().float() for part in own if part.numel()]).max())
        found = math.inf if math.isnan(found) else found
        return max(self.processes.gathered(found)) if self.sharded else found

    @abstractmethod
    def beside(self, folder: Path, files: Files) -> Iterator[Write]:
        """What is written into the run `folder` before a checkpoint of these `files`, which the run can do without."""

    def state(self) -> tuple[Files, dict[str, Any]]:
        """`loop_state`, and which data it was trained on."""
        files, counters = loop_state(self)
        return files, counters | {"samples": len(self.dataset), "fingerprint": self.config.data.fingerprint}

    def restore(self, files: Files, counters: dict[str, Any]) -> None:
        """Take up where `state()` was saved. Without "optimizer.safetensors", the optimisers start anew."""
        restore_loop(self, files, counters)


def decays_of(config: TrainingConfig) -> list[Decay]:
    """That of each average that a run keeps."""
    own = config.optimizer
    found: list[Decay] = [partial(ema_decay, gamma=gamma_of(width)) for width in own.widths]
    if own.ema_half_life is not None:
        found.append(partial(half_life_decay, batch=config.batch, images=own.ema_half_life))
    if own.ema_decay is not None:
        found.append(partial(constant_decay, decay=own.ema_decay))
    return found
