"""Jobs as clients know them, by their ids, and what is kept of them."""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import dataclass, field

from sfumato.hub.request import read_request
from sfumato.serving.jobs import Job, State
from sfumato.serving.store import Kept
from sfumato.serving.uploads import Kind

KEPT_JOBS = 1024  # that have ended
KEPT_BYTES = 2**28  # of their PNGs, which are in memory too
SHARED_JOBS, SHARED_BYTES = 100_000, 2**33  # of those in a database


@dataclass(frozen=True)
class Keeping:
    """What is kept of jobs that have ended, the newest: so many of so many bytes, each for so many seconds."""

    jobs: int = KEPT_JOBS
    size: int = KEPT_BYTES
    seconds: float | None = None


@dataclass(frozen=True)
class Terms:
    """How a client has a job: whose it is and whether it goes on without its client; the `key` that it is asked for
    again by, and the hash of what was `asked` by it; as what kind of files its pictures are answered, and how many
    partial ones of each there are on the way."""

    owner: str = ""
    keep: bool = False
    key: str | None = None
    asked: str = ""
    kind: Kind = "png"
    compression: int | None = None
    partial_images: int = 0


@dataclass(eq=False)
class Task:
    """A job as a client knows it, by its opaque `id`; `pngs` are its pictures once it is done, and `partials` the
    newest partial one of each before, with its number, by row. Where another service has it, `before` are the jobs
    that come first there. `ended_at` is when it ended, by a clock that nobody sets."""

    id: str
    job: Job
    created: int
    terms: Terms = field(default_factory=Terms)
    ended: Future[None] = field(default_factory=Future)
    pngs: tuple[bytes, ...] = ()
    partials: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    before: int = 0
    ended_at: float = 0.0

    @property
    def state(self) -> State:
        """The job's; it runs until its pictures are there to be had."""
        return self.job.state if self.ended.done() or self.job.state != "done" else "running"

    @property
    def size(self) -> int:
        return sum(map(len, self.pngs))

    @property
    def count(self) -> int:
        """How many pictures it has."""
        return len(self.job.request.seeds) if self.state == "done" else 0


def restored(kept: Kept, pngs: tuple[bytes, ...] = ()) -> Task:
    """A task as it was kept; it waits unless it has ended."""
    job = Job(kept.model, read_request(kept.request), kept.owner, kept.state, error=kept.error)
    terms = Terms(kept.owner, True, kept.key, kept.asked, kept.kind, kept.compression)
    task = Task(kept.id, job, kept.created, terms, pngs=pngs)
    if job.ended:
        task.ended_at = time.monotonic() - max(0.0, time.time() - (kept.ended or kept.created))
        task.ended.set_result(None)
    return task


def as_kept(task: Task) -> Kept:
    """A task as the store has it when it is accepted."""
    job, terms = task.job, task.terms
    text = job.request.json()
    return Kept(
        task.id,
        terms.owner,
        job.model,
        text,
        task.created,
        "waiting",
        None,
        terms.key,
        terms.asked,
        terms.kind,
        terms.compression,
    )
