"""Jobs whose pictures are drawn elsewhere, in parts: what goes there, what comes back, and what is done there."""

from __future__ import annotations

import pickle
import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue

import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.hub import Model
from sfumato.hub.request import Request, Upload
from sfumato.serving.engine import Engine, Limits, Tally
from sfumato.serving.jobs import ENDED, Job, State, sentence

MAX_DEATHS = 5  # of those that were drawing a job, after which it is the job's own doing


@dataclass(frozen=True)
class Order:
    """What is to be drawn elsewhere; without a request, what is to be drawn no longer."""

    number: int
    model: str = ""
    request: Request | None = None
    owner: str = ""
    partial_images: int = 0
    weights_hash: str = ""


@dataclass(frozen=True)
class News:
    """How an order stands, with its pictures once it is done and the partial ones that are new."""

    number: int
    state: State
    steps: int
    error: str | None = None
    pictures: Mapping[int, Tensor] = field(default_factory=dict)
    partials: Mapping[int, tuple[int, Tensor]] = field(default_factory=dict)


@dataclass(eq=False)
class Part:
    """Some pictures of a job, which are drawn in one place, and how far they are."""

    job: Job
    rows: Sequence[int]
    order: Order
    steps: int = 0
    running: bool = False
    deaths: int = 0

    @property
    def left(self) -> int:
        """Steps of pictures that are still to be taken."""
        return len(self.rows) * self.job.request.sampling.steps - self.steps


class Parts(Engine):
    """Draws as an Engine does, in so many `places` elsewhere, over which the pictures of a job are spread.

    `limits` are of all together, but for models, walking and rows, which are of each place, where the models are loaded
    too. What a place had that is no more another draws; what MAX_DEATHS of them have died of has failed.
    """

    def __init__(self, loaders: Mapping[str, Callable[[], Model]], places: int, limits: Limits | None = None) -> None:
        super().__init__(loaders, limits)
        self._places = places
        self._numbers = count()

    def submit(self, name: str, request: Request, owner: str = "", partial_images: int = 0) -> Job:
        """Accept a job as Engine does."""
        job, _ = self._accept(name, request, owner, partial_images)
        self._jobs[job] += sum(len(file.content) for file in request.files if isinstance(file, Upload))
        for rows in _spread(len(request.seeds), self._places):
            part = request.rows(rows)
            order = Order(next(self._numbers), name, part, owner, partial_images, self.model(name).weights_hash)
            self._give(Part(job, rows, order))
        return job

    @property
    def place_limits(self) -> Limits:
        """The limits of each place: of what is looked at here it has none."""
        return replace(self.limits, jobs=2**31, owner_jobs=2**31, picture_bytes=2**62)

    @abstractmethod
    def _give(self, part: Part) -> None:
        """Have a part drawn."""

    @abstractmethod
    def _drop(self, job: Job) -> None:
        """Draw no more of `job`, which has ended."""

    def _hear(self, part: Part, news: News) -> None:
        job = part.job
        job.steps += news.steps - part.steps
        part.steps, part.running = news.steps, news.state != "waiting"
        job.state = "running" if part.running else job.state
        job.partials |= {part.rows[row]: partial for row, partial in news.partials.items()}
        if news.state == "done":
            job.pictures |= {part.rows[row]: x for row, x in news.pictures.items()}
            if len(job.pictures) == len(job.request.seeds):
                self._end(job, "done")
        elif news.state in ENDED:
            self._end(job, news.state, news.error)

    def _lost(self, part: Part) -> None:
        """Have a part drawn again that was drawn, or was to be, where nothing is any more."""
        part.deaths += part.running
        part.job.steps -= part.steps
        part.steps, part.running = 0, False
        if part.job.ended:
            return
        if part.deaths < MAX_DEATHS:
            self._give(part)
        else:
            self._end(
                part.job, "failed", f"{MAX_DEATHS} processes have died while they drew it; ask for something else."
            )

    def _end(self, job: Job, state: State, error: str | None = None) -> None:
        job.end(state, error)
        del self._jobs[job]
        self._drop(job)

    def _count(self, tallies: Mapping[str, Tally]) -> None:
        for name, more in tallies.items():
            mine = self.tallies.setdefault(name, Tally())
            mine.calls += more.calls
            mine.rows += more.rows
            mine.seconds += more.seconds


def _spread(pictures: int, places: int) -> list[range]:
    """The rows of a job, as evenly as they can be spread."""
    parts = min(pictures, places)
    return [range(pictures * part // parts, pictures * (part + 1) // parts) for part in range(parts)]


def work(pipe: Connection, loaders: Mapping[str, Callable[[], Model]], limits: Limits) -> None:
    """Take orders and send news, until the pipe is closed."""
    torch.set_num_threads(1)
    numbers, orders = dict[Job, int](), SimpleQueue[Order | None]()

    def send(news: Sequence[News], tallies: Mapping[str, Tally]) -> None:
        pipe.send_bytes(pickle.dumps((news, tallies)))

    engine = Engine(loaders, limits, begins=lambda job: send([News(numbers[job], "running", job.steps)], {}))
    threading.Thread(target=_listen, args=(pipe, orders), daemon=True).start()
    while True:
        news: list[News] = []
        with suppress(Empty):
            while True:
                order = orders.get(block=not (engine.jobs or news))
                if order is None:
                    return
                news += _obey(engine, order, numbers)
        try:
            for job in engine.step():
                news.append(_news(job, numbers[job]))
                if job.ended:
                    del numbers[job]
            send(news, engine.tallies)
        except OSError:  # nobody hears it any more
            return
        engine.tallies.clear()


def _listen(pipe: Connection, orders: SimpleQueue[Order | None]) -> None:
    """Take orders at all times, so that neither side waits for the other to read; None at the end."""
    with suppress(EOFError, OSError):
        while True:
            orders.put(pickle.loads(pipe.recv_bytes()))
    orders.put(None)


def _obey(engine: Engine, order: Order, numbers: dict[Job, int]) -> list[News]:
    """Take up an order or drop it; news of one that can't be taken up."""
    if order.request is None:
        for job in [job for job, number in numbers.items() if number == order.number]:
            engine.cancel(job)
            del numbers[job]
        return []
    try:
        if engine.model(order.model).weights_hash != order.weights_hash:
            raise SfumatoError(f"{order.model} holds other weights by now; start the service again to serve those.")
        job = engine.submit(order.model, order.request, order.owner, order.partial_images)
    except Exception as error:
        return [News(order.number, "failed", 0, sentence(error))]
    numbers[job] = order.number
    return []


def _news(job: Job, number: int) -> News:
    pictures = {row: x.clone() for row, x in job.pictures.items()} if job.ended else {}  # not all that a view is of
    partials = {row: (place, x.clone()) for row, (place, x) in job.partials.items()}
    job.partials.clear()
    return News(number, job.state, job.steps, job.error, pictures, partials)
