"""The thread that an engine works in, and the jobs that clients know by their ids."""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

from PIL import Image
from torch import Tensor

from sfumato.data import picture, png
from sfumato.errors import SfumatoError
from sfumato.hub import Model
from sfumato.hub.record import By, facts, split_requests
from sfumato.hub.request import Request, Upload
from sfumato.serving.engine import Engine
from sfumato.serving.jobs import Conflict, Full, Job, State
from sfumato.serving.store import Kept, Store
from sfumato.serving.tasks import Keeping, Task, Terms, as_kept, restored

T = TypeVar("T")
EXPIRY_SECONDS = 60.0  # between two looks at what is kept too long
ERRANDS = 16  # between two steps, so that no crowd at the door keeps the engine from its work


class Worker:
    """Runs `engine` in a thread of its own; all that concerns the engine is done there, between its steps.

    Of the tasks that have ended as many are kept as `keeping` says. With a `store` those that were submitted to be kept
    are there too: what it holds is taken up again, and what hadn't ended is drawn as it would have been. What waits for
    a model that isn't served, or for which there is no room, waits on (`absent`).
    """

    shared = False  # whether others have jobs that clients may ask for here

    def __init__(self, engine: Engine, store: Store | None = None, keeping: Keeping | None = None) -> None:
        self.engine = engine
        self.keeping = keeping or Keeping()
        self._store = store
        self._errands: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._tasks: dict[str, Task] = {}
        self._by_job: dict[Job, Task] = {}
        self._by_key: dict[tuple[str, str], Task] = {}
        self.ends: Counter[tuple[str, State]] = Counter()  # how many jobs of each model ended how
        self.pictures: Counter[str] = Counter()  # that were finished, by model
        self.absent: Counter[str] = Counter()  # jobs that wait for another start, by model
        self._open = True
        for kept, pngs in store.jobs() if store is not None else ():
            self._restore(kept, pngs)
        self._expire()
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()
        self._ending = threading.Event()
        if self.shared or self.keeping.seconds is not None:
            seconds = EXPIRY_SECONDS if self.keeping.seconds is None else min(EXPIRY_SECONDS, self.keeping.seconds)
            self._every(seconds, self._expire)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        store = self._store
        self._ending.set()
        self._errands.put(self._close)
        self._thread.join()
        if store is not None:
            store.close()

    @property
    def kept_bytes(self) -> int:
        """Of the pictures of tasks that have ended."""
        return sum(task.size for task in [*self._tasks.values()])

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def submit(self, name: str, ask: Callable[[Model], Request], terms: Terms | None = None) -> Future[Task]:
        """Accept what `ask` makes for the model called `name`, in the store too where it is to be kept; raises as
        `Engine.submit` does. By a key that has been used it is the task of before; raises Conflict where something else
        was asked by it."""
        terms = terms or Terms()

        def submit() -> Task:
            if terms.key is not None and (before := self._asked_before(terms.owner, terms.key)) is not None:
                return _same(before, terms)
            request = ask(self.engine.model(name))
            job = self.engine.submit(name, request, terms.owner, terms.partial_images)
            task = Task(secrets.token_urlsafe(18), job, int(time.time()), terms)
            return self._accept(task, {f.sha256: f.content for f in request.files if isinstance(f, Upload)})

        return self._do(submit)

    def cancel(self, task: Task) -> Future[None]:
        """Drop what is left to do of it."""

        def cancel() -> None:
            self.engine.cancel(task.job)
            if not task.job.ended:  # the engine doesn't have it
                task.job.end("cancelled")
            self._settle(task.job)

        return self._do(cancel)

    def serve(self, name: str, load: Callable[[], Model]) -> Future[Model]:
        """Serve one more model, or what has become of one; raises Full while jobs of that haven't ended."""

        def serve() -> Model:
            self.engine.models.put(name, load, self._busy())
            return self.engine.model(name)

        return self._do(serve)

    def unserve(self, name: str) -> Future[None]:
        """Serve a model no longer; raises Full while jobs of it haven't ended."""
        return self._do(lambda: self.engine.models.drop(name, self._busy()))

    def _busy(self) -> set[str]:
        return {job.model for job in self.engine.jobs}

    def left(self) -> Future[int]:
        """How many were accepted and haven't ended."""
        return self._do(lambda: len(self._by_job))

    def unkept(self) -> Future[int]:
        """How many of those are lost where the service ends now."""
        return self._do(lambda: sum(not (task.terms.keep and self._store) for task in self._by_job.values()))

    def forget(self, task: Task) -> Future[None]:
        """Drop what is left to do of it, and keep it and its pictures no longer."""

        def forget() -> None:
            self.engine.cancel(task.job)
            if not task.job.ended:
                task.job.end("cancelled")
            self._settle(task.job)
            self._drop(task.id)

        return self._do(forget)

    def find(self, name: str, owner: str) -> Task | None:
        """The owner's task of that id, unless it was never there or is kept no longer."""
        task = self._tasks.get(name)
        return task if task is not None and task.job.owner == owner else None

    def tasks(self, owner: str) -> list[Task]:
        """Those of one owner, the newest first."""
        return [task for task in reversed([*self._tasks.values()]) if task.job.owner == owner]

    def place(self, task: Task) -> int:
        """How many jobs were accepted before it and haven't ended."""
        jobs = self.engine.jobs
        return jobs.index(task.job) if task.job in jobs else task.before

    def _asked_before(self, owner: str, key: str) -> Task | None:
        """The owner's task that was asked for by `key`."""
        return self._by_key.get((owner, key))

    def _accept(self, task: Task, files: Mapping[str, bytes]) -> Task:
        """Have a task that the engine has, kept with what came along where it is to be. Raises Full."""
        if task.terms.keep and self._store is not None:
            try:
                self._store.add(as_kept(task), files)
            except sqlite3.Error as error:
                self.engine.cancel(task.job)
                raise Full(f"the job can't be kept ({error}); try again later.") from error
        self._take(task)
        return task

    def _take(self, task: Task) -> None:
        """Have a task whose job the engine has."""
        self._add(task)
        self._by_job[task.job] = task

    def _save(self, task: Task) -> None:
        """Keep how a task ended."""
        if self._store is not None:
            with suppress(sqlite3.Error):  # of a full disk: it is drawn again by the next service
                self._store.end(task.id, task.job.state, task.job.error, task.pngs)

    def _every(self, seconds: float, errand: Callable[[], object]) -> None:
        """Do something again and again, between steps."""

        def run() -> None:
            while not self._ending.wait(seconds):
                with suppress(Exception):
                    self._do(errand).result()

        threading.Thread(target=run, daemon=True).start()

    def _restore(self, kept: Kept, pngs: tuple[bytes, ...]) -> None:
        """Take up a job of the store again."""
        task = restored(kept, pngs)
        if task.ended.done():
            self._add(task)
            return
        assert self._store is not None
        try:
            self._resume(task, self._store.files(kept.id))
        except Full:
            self.absent[kept.model] += 1
            self._take(task)

    def _resume(self, task: Task, files: Mapping[str, bytes]) -> None:
        """Have a task drawn that was accepted before, with what came along. Raises Full, also where its model isn't
        served."""
        job = task.job
        request = job.request.with_files(
            lambda file: Upload(file.path, file.sha256, files[file.sha256]) if file.sha256 in files else file
        )
        if job.model not in self.engine.models.loaders:
            raise Full(f"{job.model} isn't served.")
        try:
            task.job = self.engine.submit(job.model, request, job.owner)
        except Full:
            raise
        except SfumatoError as error:  # of a model that has changed
            job.end("failed", str(error))
        self._take(task)
        self._settle(task.job)

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
                    self._errands.get(block=self._open and not self.engine.jobs)()
            try:
                for job in self.engine.step():
                    self._show(job)
                    self._settle(job)
            except Exception as error:  # of no one job: a device that is lost, or a mistake of ours
                traceback.print_exc()
                for job in [*self._by_job]:
                    self.engine.cancel(job, f"the service failed ({type(error).__name__}: {error}); try again.")
                    self._settle(job)

    def _add(self, task: Task) -> None:
        self._tasks[task.id] = task
        if task.terms.key is not None:
            self._by_key[task.terms.owner, task.terms.key] = task

    def _show(self, job: Job) -> None:
        """Encode the partial pictures that there are."""
        if job.partials and (task := self._by_job.get(job)) is not None:
            for row, (number, x) in job.partials.items():
                if bool(x.isfinite().all()):
                    task.partials[row] = number, png(_shown(x), {})
            job.partials.clear()

    def _settle(self, job: Job) -> None:
        """Where a job has ended, those who wait for it are told."""
        if not job.ended or (task := self._by_job.pop(job, None)) is None:
            return
        if job.state == "done":
            task.pngs = self._encoded(job)
            job.pictures.clear()
        task.partials.clear()
        self.ends[job.model, job.state] += 1
        self.pictures[job.model] += len(task.pngs)
        task.ended_at = time.monotonic()
        self._save(task)
        self._expire(task)
        task.ended.set_result(None)

    def _expire(self, but: Task | None = None) -> None:
        """Keep no more than is to be kept, apart from one that has just ended."""
        keeping, now = self.keeping, time.monotonic()
        ended = [one for one in self._tasks.values() if one.job.ended and one is not but]
        count, size = len(ended) + (but is not None), sum(one.size for one in ended) + (0 if but is None else but.size)
        for old in ended:
            late = keeping.seconds is not None and now - old.ended_at > keeping.seconds
            if late or (count > 1 and (count > keeping.jobs or size > keeping.size)):
                count, size = count - 1, size - old.size
                self._drop(old.id)

    def _encoded(self, job: Job) -> tuple[bytes, ...]:
        """The pictures as `sfumato sample` writes them."""
        by = By(self.engine.model(job.model))
        shown = (_shown(job.pictures[row]) for row in range(len(job.pictures)))
        return tuple(png(image, facts(by, one)) for image, one in zip(shown, split_requests(job.request), strict=True))

    def _drop(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is None:
            return
        if task.terms.key is not None:
            self._by_key.pop((task.terms.owner, task.terms.key), None)
        if self._store is not None:
            with suppress(sqlite3.Error):
                self._store.drop(name)

    def _close(self) -> None:
        self._open, self._store = False, None  # which keeps what hasn't ended, for the next service
        for task in [*self._by_job.values()]:
            self.engine.cancel(task.job)
            self._settle(task.job)


def _shown(x: Tensor) -> Image.Image:
    """A picture as `sfumato sample` writes it."""
    return picture(x[None], None, columns=1, scale=1, gap=0)


def _same(before: Task, terms: Terms) -> Task:
    """The task of before, by a key; raises Conflict where something else is asked by it."""
    if before.terms.asked != terms.asked:
        raise Conflict("something else was asked by this Idempotency-Key; use another for another request.")
    return before
