"""The worker of a service among others, whose jobs are in one database."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TypeVar
from weakref import WeakValueDictionary

from sqlalchemy.exc import SQLAlchemyError

from sfumato.serving.database import Database, Standing, said
from sfumato.serving.engine import Engine
from sfumato.serving.jobs import ENDED, Full, Job
from sfumato.serving.tasks import Keeping, Task, as_kept, restored
from sfumato.serving.worker import Worker

T = TypeVar("T")
SHARE = 64  # jobs that a service has at once; what it accepts beyond them is for whichever has time
LOOK_SECONDS = 0.5  # between two looks at what the others do


class SharedWorker(Worker):
    """A worker whose kept jobs are in `database`, where other services find them.

    What this one accepts it draws, up to SHARE; what is nobody's, or of a service that is no more, it takes up within
    LOOK_SECONDS. A task that another service has is known here while somebody looks at it. While the database is away
    no job is accepted that is to be kept, and what ends is kept as soon as it is back.
    """

    shared = True

    def __init__(self, engine: Engine, database: Database, keeping: Keeping | None = None) -> None:
        self._database = database
        self._others: WeakValueDictionary[str, Task] = WeakValueDictionary()
        self._seen = threading.Lock()  # held while what is known of them changes
        self._unsaved: dict[str, Task] = {}
        self._told: dict[str, int] = {}
        self._away = False
        super().__init__(engine, None, keeping)
        self._every(LOOK_SECONDS, self._look)

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._database.close()

    def find(self, name: str, owner: str) -> Task | None:
        """The owner's task of that id, wherever it is drawn. Raises Full while the database is away."""
        if (task := super().find(name, owner)) is not None:
            return task
        standing = self._asked(lambda: self._database.find([name])).get(name)
        if standing is None or standing.kept.owner != owner:
            return None
        return self._found(standing)

    def tasks(self, owner: str) -> list[Task]:
        """Those of one owner, the newest first, whoever draws them; without the pictures of those that are done."""
        here = super().tasks(owner)
        mine = {task.id: task for task in here}
        found = self._asked(lambda: self._database.newest(owner))
        alone = [task for task in here if not task.terms.keep]
        return alone + [mine.get(one.kept.id) or self._follow(one) for one in found]

    def unkept(self) -> Future[int]:
        return self._do(lambda: sum(not task.terms.keep for task in self._by_job.values()) + len(self._unsaved))

    def cancel(self, task: Task) -> Future[None]:
        if task.id in self._tasks or not task.terms.keep:
            return super().cancel(task)

        def cancel() -> None:
            self._asked(lambda: self._database.end(task.id, "cancelled", None, (), anyones=True))
            self._catch_up()

        return self._do(cancel)

    def forget(self, task: Task) -> Future[None]:
        if not task.terms.keep:
            return super().forget(task)

        def forget() -> None:
            self._asked(lambda: self._database.drop(task.id))
            self._let_go(task)

        return self._do(forget)

    def _asked_before(self, owner: str, key: str) -> Task | None:
        if (task := super()._asked_before(owner, key)) is not None:
            return task
        standing = self._asked(lambda: self._database.asked_before(owner, key))
        return None if standing is None else self._found(standing)

    def _accept(self, task: Task, files: Mapping[str, bytes]) -> Task:
        if not task.terms.keep:
            return super()._accept(task, files)
        limits = self.engine.limits
        mine = len(self.engine.jobs) <= SHARE or task.terms.partial_images > 0
        try:
            before = self._asked(lambda: self._database.add(as_kept(task), files, mine, limits.jobs, limits.owner_jobs))
        except Full:
            self.engine.cancel(task.job)
            raise
        if before is None and mine:
            self._take(task)
            return task
        self.engine.cancel(task.job)
        if before is not None:  # another service has accepted it by the same key just now
            return self._found(before)
        return self._follow(Standing(as_kept(task), 0, 0))

    def _save(self, task: Task) -> None:
        """Keep how a task ended, which is the database's from then on."""
        if not task.terms.keep or not self._open:
            return
        try:
            if not self._database.end(task.id, task.job.state, task.job.error, task.pngs):
                self._yield(task)
        except SQLAlchemyError as error:
            self._unsaved[task.id] = task
            self._is_away(error)
        else:
            self._unsaved.pop(task.id, None)
            self._let_go(task)

    def _yield(self, task: Task) -> None:
        """A task that ended here is what it was elsewhere by then: cancelled, forgotten or done."""
        standing = self._database.find([task.id]).get(task.id)
        if standing is None:
            task.job.end("cancelled")
        elif standing.kept.state in ENDED:
            task.job.end(standing.kept.state, standing.kept.error)
        if task.job.state != "done":
            task.pngs = ()

    def _expire(self, but: Task | None = None) -> None:
        """Keep no more than is to be kept, of all services."""
        if but is None:
            self._database.expire(self.keeping)

    def _look(self) -> None:
        """Be heard of, and see what the others have done."""
        try:
            self._database.hold()
            for task in [*self._unsaved.values()]:
                self._save(task)
            self._catch_up()
            mine = self._database.mine()
            here = [task for task in self._by_job.values() if task.terms.keep]
            for task in here:
                if task.id not in mine:  # cancelled elsewhere, or another's, who thought that this service is no more
                    self._lose(task)
            lost = self._database.find(mine - self._tasks.keys())  # accepted, though nobody was told so
            claimed = self._database.claim([*self.engine.models.loaders], SHARE - len(self.engine.jobs))
            for kept in [*(one.kept for one in lost.values()), *claimed]:
                with self._seen:
                    task = self._others.pop(kept.id) if kept.id in self._others else restored(kept)
                self._take_up(task)
            steps = {task.id: task.job.steps for task in self._by_job.values() if task.terms.keep}
            self._database.tell({name: count for name, count in steps.items() if self._told.get(name, 0) != count})
            self._told = steps
        except SQLAlchemyError as error:
            self._is_away(error)
        else:
            self._away = False

    def _take_up(self, task: Task) -> None:
        """Draw what another has accepted."""
        try:
            self._resume(task, self._database.files(task.id))
        except Full:
            self._database.release(task.id)

    def _lose(self, task: Task) -> None:
        """Draw no more of a task, which is followed instead."""
        job = task.job
        task.job = Job(job.model, job.request, job.owner)
        self._by_job.pop(job)
        self.engine.cancel(job)
        self._let_go(task)
        with self._seen:
            self._others[task.id] = task

    def _let_go(self, task: Task) -> None:
        """Have a task here no longer."""
        if (job := task.job) in self._by_job:
            self._by_job.pop(job)
            self.engine.cancel(job)
            if not task.ended.done():
                task.ended.set_result(None)
        self._tasks.pop(task.id, None)
        self._unsaved.pop(task.id, None)
        if task.terms.key is not None:
            self._by_key.pop((task.terms.owner, task.terms.key), None)

    def _found(self, standing: Standing) -> Task:
        """A task by its key, with its pictures where it is done."""
        task = self._follow(standing)
        if task.state == "done" and not task.pngs:
            task.pngs = self._asked(lambda: self._database.pictures(task.id))
        return task

    def _follow(self, standing: Standing) -> Task:
        """The task that another service has, or had."""
        kept = standing.kept
        with self._seen:
            if (task := self._others.get(kept.id)) is None:
                task = self._others[kept.id] = restored(kept)
        awaited = kept.state == "done" and not task.ended.done()
        self._know(task, standing, self._asked(lambda: self._database.pictures(kept.id)) if awaited else ())
        return task

    def _catch_up(self) -> None:
        """Know how the tasks stand that somebody here looks at and others have."""
        with self._seen:
            looked = {name: task for name, task in self._others.items() if not task.ended.done()}
        found = self._database.find(looked.keys())
        for name, task in looked.items():
            if (standing := found.get(name)) is None:  # it was forgotten
                with self._seen:
                    task.job.end("cancelled")
                    task.ended.set_result(None)
            else:
                done = standing.kept.state == "done"
                self._know(task, standing, self._database.pictures(name) if done else ())

    def _know(self, task: Task, standing: Standing, pngs: tuple[bytes, ...]) -> None:
        with self._seen:
            kept, job = standing.kept, task.job
            if task.ended.done():
                return
            if kept.state in ENDED:
                job.end(kept.state, kept.error)
                task.pngs, task.ended_at = pngs, time.monotonic()
                task.ended.set_result(None)
            else:
                job.steps, task.before = standing.steps, standing.before
                job.state = "running" if standing.steps else "waiting"

    def _asked(self, ask: Callable[[], T]) -> T:
        """What the database says; raises Full while it is away."""
        try:
            return ask()
        except SQLAlchemyError as error:
            self._is_away(error)
            raise Full("the database of jobs can't be reached; try again soon.") from error

    def _is_away(self, error: Exception) -> None:
        if not self._away:
            logging.getLogger(__name__).warning("the database of jobs is away (%s); it is tried again.", said(error))
        self._away = True

    def _close(self) -> None:
        for task in [*self._unsaved.values()]:
            self._save(task)
        self._open = False  # what hasn't ended is left to the others
        for task in [*self._by_job.values()]:
            self.engine.cancel(task.job)
            self._settle(task.job)
