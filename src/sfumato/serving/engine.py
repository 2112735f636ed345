"""The engine: many requests of many owners, whose pictures are drawn together and come out as if drawn alone."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.hub import Model
from sfumato.hub.request import Request
from sfumato.hub.resolving import BATCH, Resolved, check_finite, resolve, suited_batch
from sfumato.sampling.calls import Guided, Rows, Step
from sfumato.sampling.drivers import answer, until_asked
from sfumato.serving.jobs import Full, Job, State, sentence
from sfumato.serving.models import Models
from sfumato.serving.turns import Turns

FLOAT_BYTES = 4


@dataclass(frozen=True)
class Limits:
    """What an engine takes of memory, whatever is asked of it.

    At most `models` are loaded, `jobs` accepted and not ended, `owner_jobs` of one owner among them, with
    `picture_bytes` of finished pictures. Of each model at most `walking` pictures are on their way, half of them of one
    owner, and `rows` of one network call, both of 32×32 pixels and as much fewer as pictures are larger.
    """

    models: int = 4
    jobs: int = 256
    owner_jobs: int = 64
    picture_bytes: int = 2**28
    walking: int = 64
    rows: int = 32


@dataclass
class Tally:
    """What a model has done so far: network calls, their rows, and the seconds that they and the rest have taken."""

    calls: int = 0
    rows: int = 0
    seconds: float = 0.0


@dataclass(eq=False)
class _Walk:
    """Some pictures of a job on their way as one batch, and what they ask."""

    job: Job
    resolved: Resolved
    rows: Sequence[int]
    walk: Guided
    calls: Rows = ()
    x: Tensor | None = None
    shown: int = 0  # of its partial pictures

    def on(self, answers: Sequence[Tensor] | Exception | None) -> None:
        """Take it to what it asks next; nothing where it has ended, with `x` where it led to."""
        steps, self.calls = until_asked(self.walk, answers), ()
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                if end.value is not None:
                    self.calls, self.x = end.value, None
                return
            self.x = step.x
            self.job.steps += len(self.rows) * bool(step.index)
            self._show(step)

    def _show(self, step: Step) -> None:
        """Leave the job a partial picture of each row, where one is due."""
        due = step.index * (self.job.partial_images + 1) // max(1, step.total)
        if step.x0_hat is None or not self.shown < due <= self.job.partial_images:
            return
        self.shown = due
        for row, picture in zip(self.rows, self.resolved.seen(step.x0_hat).cpu().unbind(), strict=True):
            self.job.partials[row] = due - 1, picture


@dataclass(eq=False)
class _Waiting:
    """A job whose pictures from `first` on haven't been begun."""

    job: Job
    resolved: Resolved
    first: int = 0

    @property
    def left(self) -> int:
        return len(self.job.request.seeds) - self.first


@dataclass
class _Queue:
    """All that one model has to do. Who has waited longest is first, in `walking` and of each owner's in `waiting`."""

    model: Model
    waiting: dict[str, list[_Waiting]] = field(default_factory=dict)  # by owner
    walking: list[_Walk] = field(default_factory=list)
    turns: Turns[str] = field(default_factory=Turns)

    @property
    def busy(self) -> bool:
        return bool(self.walking or self.waiting)

    def drop(self, job: Job) -> None:
        """Forget all of `job`."""
        for one in self.walking:
            if one.job is job:
                one.walk.close()
        self.walking = [one for one in self.walking if one.job is not job]
        self.keep(job.owner, lambda one: one.job is not job)

    def keep(self, owner: str, which: Callable[[_Waiting], bool]) -> None:
        """Let only such jobs of `owner` wait on."""
        left = [one for one in self.waiting.pop(owner, ()) if which(one)]
        if left:
            self.waiting[owner] = left


class Engine:
    """Draws the pictures of all jobs together. A plain class: whoever calls `step` again and again is its worker.

    Each picture is the one that its request alone leads to, whatever joined, left or failed beside it: bit for bit
    where the network's rows don't depend on how many there are, and to rounding where its kernels do. A job joins at
    the next step. Turns are fair between models, by the seconds that they take, and between a model's owners, by rows.
    `loaders` makes each model that is served, by name, when it is first asked for (see Models). `begins` hears of each
    job before the first call for it.
    """

    def __init__(
        self,
        loaders: Mapping[str, Callable[[], Model]],
        limits: Limits | None = None,
        clock: Callable[[], float] = time.perf_counter,
        begins: Callable[[Job], object] = lambda job: None,
    ) -> None:
        self.limits = limits or Limits()
        self.models = Models(loaders, self.limits.models)
        self._clock = clock
        self._begins = begins
        self._queues: dict[str, _Queue] = {}
        self._turns: Turns[str] = Turns()
        self.tallies: dict[str, Tally] = {}  # by model
        self._jobs: dict[Job, int] = {}  # accepted and not ended, with the bytes of their pictures

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Those that were accepted and haven't ended, the first first."""
        return tuple(self._jobs)

    def model(self, name: str) -> Model:
        """The model called `name`, loaded now if need be; raises SfumatoError where it isn't served."""
        return self.models.get(name, {job.model for job in self._jobs})

    def submit(self, name: str, request: Request, owner: str = "", partial_images: int = 0) -> Job:
        """Accept `request` to the model called `name`, with so many partial pictures (see Job). Of a picture that came
        along, what is drawn from is kept and not the file.

        Raises SfumatoError for what can't be drawn, and Full where there is no room for it now.
        """
        job, resolved = self._accept(name, request, owner, partial_images)
        queue = self._queues.setdefault(name, _Queue(self.model(name)))
        queue.waiting.setdefault(owner, []).append(_Waiting(job, resolved))
        return job

    def _accept(self, name: str, request: Request, owner: str, partial_images: int) -> tuple[Job, Resolved]:
        """A job that there is room for, and what it means to its model."""
        self._check_room(owner)
        model = self.model(name)
        resolved = resolve(request, model)
        request = request.bare()
        frames = (request.sampling.frames or model.config.shape[0]) / model.config.shape[0]  # 1 of what isn't clips
        size = math.ceil(FLOAT_BYTES * len(request.seeds) * math.prod(model.config.seen[1]) * frames)
        if size > self.limits.picture_bytes:
            raise SfumatoError(
                f"{len(request.seeds)} pictures are {size >> 20} MiB, and at most {self.limits.picture_bytes >> 20} "
                "are drawn at once; ask for fewer."
            )
        if size + sum(self._jobs.values()) > self.limits.picture_bytes:
            raise Full("the pictures that others wait for fill the memory that there is for them; try again soon.")
        job = Job(name, request, owner, partial_images=partial_images)
        self._jobs[job] = size
        return job, replace(resolved, request=request)

    def cancel(self, job: Job, error: str | None = None) -> None:
        """Drop `job`, wherever it is; one that has ended stays as it is. With an `error` it has failed."""
        if job in self._jobs:
            self._end(job, "cancelled" if error is None else "failed", error)
            self._leave(job.model)

    def step(self) -> list[Job]:
        """One network call of one model, whose turn it is; returns the jobs that it took further, none where all have
        ended."""
        if not self._queues:
            return []
        self._turns.gather(self._queues)
        name = self._turns.next(self._queues)
        queue, before = self._queues[name], self._clock()
        tally = self.tallies.setdefault(name, Tally())
        moved = self._step(queue, tally)
        seconds = self._clock() - before
        tally.seconds += seconds
        self._turns.charge(name, seconds)
        self._leave(name)
        return moved

    def _leave(self, name: str) -> None:
        """Forget the queue of a model that has no more to do."""
        if name in self._queues and not self._queues[name].busy:
            del self._queues[name]

    def _end(self, job: Job, state: State, error: str | None = None) -> None:
        job.end(state, error)
        del self._jobs[job]
        self._queues[job.model].drop(job)

    def _check_room(self, owner: str) -> None:
        if len(self._jobs) >= self.limits.jobs:
            raise Full(f"{len(self._jobs)} jobs wait already, and no more are accepted; try again soon.")
        if sum(job.owner == owner for job in self._jobs) >= self.limits.owner_jobs:
            raise Full(f"{self.limits.owner_jobs} jobs of yours wait already; try again when one has ended.")

    def _step(self, queue: _Queue, tally: Tally) -> list[Job]:
        moved: dict[Job, None] = {}
        for one in self._begun(queue):
            if one.job.state == "waiting":
                self._begins(one.job)
            self._on(queue, one, None, moved)
        turn = self._turn(queue)
        most = _fewer(queue.model, self.limits.rows)
        tally.calls += bool(turn)
        tally.rows += sum(len(call.x) for one in turn for call in one.calls)
        answers = answer({one: one.calls for one in turn}, queue.model.denoiser, queue.model.null(), most)
        queue.walking = [one for one in queue.walking if one not in answers]
        for one in turn:
            self._on(queue, one, answers.pop(one), moved)
        return list(moved)

    def _begun(self, queue: _Queue) -> list[_Walk]:
        """Walks of waiting jobs, for which there is room: of the owners and their jobs that have fewest pictures on
        their way. Half of the room is kept for jobs that have none, so that they needn't wait for others' ends."""
        room = max(4, _fewer(queue.model, self.limits.walking))
        batch = max(1, min(room // 16, _fewer(queue.model, self.limits.rows) // 4))  # so that others fit beside it
        owners, jobs = Counter[str](), Counter[Job]()
        for one in queue.walking:
            owners[one.job.owner] += len(one.rows)
            jobs[one.job] += len(one.rows)
        begun, ready = [], set(queue.waiting)
        while ready:
            owner = min(sorted(ready), key=owners.__getitem__)
            next_one = min(queue.waiting[owner], key=lambda one: jobs[one.job])
            most = room // 2 if jobs[next_one.job] else room
            count = min(next_one.left, batch, most // 2 - owners[owner], most - owners.total())
            if count < 1:
                ready.remove(owner)
                continue
            rows = range(next_one.first, next_one.first + count)
            begun.append(_Walk(next_one.job, next_one.resolved, rows, _begun_late(next_one.resolved, rows)))
            owners[owner] += count
            jobs[next_one.job] += count
            next_one.first = rows.stop
            queue.keep(owner, lambda one: one.left > 0)
            ready &= queue.waiting.keys()
        return begun

    def _turn(self, queue: _Queue) -> list[_Walk]:
        """Who is asked for next, as many as fit, owner by owner; one that wants a gradient by itself."""
        owners: dict[str, deque[_Walk]] = {}
        for one in queue.walking:
            owners.setdefault(one.job.owner, deque()).append(one)
        queue.turns.gather(owners)
        turn: list[_Walk] = []
        count, most = 0, _fewer(queue.model, self.limits.rows)
        while owners:
            owner = queue.turns.next(owners)
            one = owners[owner].popleft()
            if not owners[owner]:
                del owners[owner]
            apart = any(call.gradient for call in one.calls)
            size = sum(len(call.x) for call in one.calls)
            if turn and (apart or count + size > most):
                break
            turn.append(one)
            count += size
            queue.turns.charge(owner, size)
            if apart:
                break
        return turn

    def _on(
        self, queue: _Queue, one: _Walk, answers: Sequence[Tensor] | Exception | None, moved: dict[Job, None]
    ) -> None:
        """Take a walk to what it asks next, or its pictures to their end; a bad row ends its own job alone."""
        job = one.job
        if job not in self._jobs:  # other pictures of it have failed just now
            return
        moved[job] = None
        try:
            one.on(answers)
            if one.calls:
                job.state = "running"
                queue.walking.append(one)
                return
            assert one.x is not None
            check_finite(one.x)
            job.pictures.update(zip(one.rows, one.resolved.seen(one.x).cpu().unbind(), strict=True))
        except Exception as error:
            self._end(job, "failed", sentence(error))
            return
        if len(job.pictures) == len(job.request.seeds):
            self._end(job, "done")


def _begun_late(resolved: Resolved, rows: Sequence[int]) -> Guided:
    """The walk, which is made when it is begun, so that it fails as walks fail."""
    yield from resolved.walk(rows)


def _fewer(model: Model, count: int) -> int:
    """How many of the model's pictures take the memory of `count` pictures of 32×32 pixels; at most `count`."""
    return max(1, count * suited_batch(model.config.shape) // BATCH)
