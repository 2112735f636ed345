"""The thread that an engine works in, and the jobs that clients know by their ids."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TypeVar

from sfumato.data import picture, png
from sfumato.hub import Model
from sfumato.hub.record import By, facts, split_requests
from sfumato.hub.request import Request
from sfumato.serving.engine import Engine
from sfumato.serving.jobs import Job, State

T = TypeVar("T")
KEPT_JOBS = 256  # that have ended, until their pictures are asked for no more
KEPT_BYTES = 2**28  # of their PNGs
ERRANDS = 16  # between two steps, so that no crowd at the door keeps the engine from its work


@dataclass(eq=False)
class Task:
    """A job as a client knows it, by its opaque `id`; `pngs` are its pictures once it is done."""

    id: str
    job: Job
    created: int
    ended: Future[None] = field(default_factory=Future)
    pngs: tuple[bytes, ...] = ()

    @property
    def state(self) -> State:
        """The job's; it runs until its pictures are there to be had."""
        return self.job.state if self.ended.done() or self.job.state != "done" else "running"

    @property
    def size(self) -> int:
        return sum(map(len, self.pngs))


class Worker:
    """Runs `engine` in a thread of its own; all that concerns the engine is done there, between its steps.

    Of the tasks that have ended the newest are kept, KEPT_JOBS of at most KEPT_BYTES.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._errands: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._tasks: dict[str, Task] = {}
        self._by_job: dict[Job, Task] = {}
        self._open = True
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._errands.put(self._close)
        self._thread.join()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def submit(self, name: str, ask: Callable[[Model], Request], owner: str = "") -> Future[Task]:
        """Accept what `ask` makes for the model called `name`; raises as `Engine.submit` does."""

        def submit() -> Task:
            job = self._engine.submit(name, ask(self._engine.model(name)), owner)
            task = Task(secrets.token_urlsafe(18), job, int(time.time()))
            self._tasks[task.id] = self._by_job[job] = task
            return task

        return self._do(submit)

    def cancel(self, task: Task) -> Future[None]:
        """Drop what is left to do of it."""

        def cancel() -> None:
            self._engine.cancel(task.job)
            self._settle(task.job)

        return self._do(cancel)

    def forget(self, task: Task) -> None:
        """Keep it no longer, as its pictures have been handed over."""
        self._do(lambda: self._tasks.pop(task.id, None))

    def find(self, name: str, owner: str) -> Task | None:
        """The owner's task of that id, unless it was never there or is kept no longer."""
        task = self._tasks.get(name)
        return task if task is not None and task.job.owner == owner else None

    def tasks(self, owner: str) -> list[Task]:
        """Those of one owner, the newest first."""
        return [task for task in reversed([*self._tasks.values()]) if task.job.owner == owner]

    def place(self, task: Task) -> int:
        """How many jobs were accepted before it and haven't ended."""
        jobs = self._engine.jobs
        return jobs.index(task.job) if task.job in jobs else 0

    def _do(self, errand: Callable[[], T]) -> Future[T]:
        answer: Future[T] = Future()

        def run() -> None:
            if answer.set_running_or_notify_cancel():
                try:
                    answer.set_result(errand())
                except Exception as error:
                    answer.set_exception(error)

        self._errands.put(run)
        return answer

    def _work(self) -> None:
        while self._open:
            with suppress(Empty):
                for _ in range(ERRANDS):
                    self._errands.get(block=self._open and not self._engine.jobs)()
            for job in self._engine.step():
                self._settle(job)

    def _settle(self, job: Job) -> None:
        """Where a job has ended, those who wait for it are told."""
        if not job.ended or (task := self._by_job.pop(job, None)) is None:
            return
        if job.state == "done":
            by = By(self._engine.model(job.model))
            pictures = (job.pictures[row] for row in range(len(job.pictures)))
            shown = (picture(x[None], None, columns=1, scale=1, gap=0) for x in pictures)
            each = zip(shown, split_requests(job.request), strict=True)
            task.pngs = tuple(png(image, facts(by, one)) for image, one in each)
            job.pictures.clear()
        ended = [one for one in self._tasks.values() if one.job.ended]
        size = sum(one.size for one in ended)
        while len(ended) > 1 and (len(ended) > KEPT_JOBS or size > KEPT_BYTES):
            old = ended.pop(0)
            size -= old.size
            del self._tasks[old.id]
        task.ended.set_result(None)

    def _close(self) -> None:
        self._open = False
        for task in [*self._by_job.values()]:
            self._engine.cancel(task.job)
            self._settle(task.job)
