"""Several engines that look like one, each in a process of its own, so that each core has a network call."""

from __future__ import annotations

import logging
import multiprocessing
import pickle
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from sfumato.hub import Model
from sfumato.serving.engine import Limits
from sfumato.serving.jobs import ENDED, Job
from sfumato.serving.parts import Order, Part, Parts, work

WAIT_SECONDS = 0.005  # for news of the processes, after which others are heard
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(eq=False)
class _Process:
    pipe: Connection
    process: Any
    parts: dict[int, Part] = field(default_factory=dict)  # by the numbers of their orders

    @property
    def load(self) -> int:
        """Steps of pictures that it has to take."""
        return sum(part.left for part in self.parts.values())

    def send(self, order: Order) -> None:
        with suppress(OSError):  # it has died, which `Pool.step` hears of
            self.pipe.send_bytes(pickle.dumps(order))

    def end(self) -> None:
        self.pipe.close()
        self.process.kill()
        self.process.join()


class Pool(Parts):
    """Parts in so many `processes` of one thread each. Whoever makes a Pool closes it."""

    def __init__(
        self, loaders: Mapping[str, Callable[[], Model]], processes: int, limits: Limits | None = None
    ) -> None:
        super().__init__(loaders, processes, limits)
        self._processes = [self._begun_process() for _ in range(processes)]

    def close(self) -> None:
        """End the processes, whatever they are at."""
        for one in self._processes:
            one.end()

    def step(self) -> list[Job]:
        """Hear of the processes, for a moment; returns the jobs that there is news of."""
        moved: dict[Job, None] = {}
        by_pipe = {one.pipe: place for place, one in enumerate(self._processes)}
        for pipe in wait([*by_pipe], WAIT_SECONDS):
            place = by_pipe[pipe]  # type: ignore[index]
            process = self._processes[place]
            try:
                news, tallies = pickle.loads(process.pipe.recv_bytes())
            except (EOFError, OSError):
                moved |= dict.fromkeys(self._replace(place))
                continue
            self._count(tallies)
            for one in news:
                if (part := process.parts.get(one.number)) is None:  # it has been dropped
                    continue
                if one.state in ENDED:
                    del process.parts[one.number]
                self._hear(part, one)
                moved[part.job] = None
        return [*moved]

    def _give(self, part: Part) -> None:
        """To the process that has least to do."""
        process = min(self._processes, key=lambda one: one.load)
        process.parts[part.order.number] = part
        process.send(part.order)

    def _drop(self, job: Job) -> None:
        for one in self._processes:
            for number in [number for number, part in one.parts.items() if part.job is job]:
                del one.parts[number]
                one.send(Order(number))

    def _begun_process(self) -> _Process:
        here, there = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=work, args=(there, self.models.loaders, self.place_limits), daemon=True)
        with _deaf():
            process.start()
        there.close()
        return _Process(here, process)

    def _replace(self, place: int) -> list[Job]:
        """Begin a process in the place of one that has died; returns the jobs that it had."""
        dead, self._processes[place] = self._processes[place], self._begun_process()
        dead.end()
        logging.getLogger(__name__).warning(
            "a process that draws has died (exit code %s); what it had is drawn by another.", dead.process.exitcode
        )
        for part in dead.parts.values():
            self._lost(part)
        return [part.job for part in dead.parts.values()]


@contextmanager
def _deaf() -> Iterator[None]:
    """While it lasts, signals wait; a process that is begun meanwhile never hears them. Who begins it ends it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
