"""The service on a cluster, by Ray Serve: one replica answers and keeps the jobs, any number of others draw.

    serve run sfumato.serving.cluster:application models=digits

docs/clusters.md has the manifest for Kubernetes.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from ray import serve

from sfumato.errors import SfumatoError
from sfumato.hub import Model, load
from sfumato.serving.engine import Limits
from sfumato.serving.guard import App
from sfumato.serving.jobs import ENDED, Job
from sfumato.serving.models import describe
from sfumato.serving.parts import News, Order, Part, Parts, work
from sfumato.serving.service import make_app
from sfumato.serving.store import Store
from sfumato.serving.worker import Worker
from sfumato.training import pick_device

Loaders = Mapping[str, Callable[[], Model]]
MAX_REPLICAS = 8  # that draw, unless `replicas` says otherwise
AT_ONCE = 256  # parts that are on their way to replicas
WAIT_SECONDS, AGAIN_SECONDS = 0.005, 1.0  # for news of them, and before what one of them lost goes to another


class Replicas(Parts):
    """Parts in replicas of `Drawing`, of which each is given by `draw`: news until it has ended, or an exception."""

    def __init__(self, loaders: Loaders, places: int, draw: Callable[[Order], Iterable[News]]) -> None:
        super().__init__(loaders, places)
        self._draw = draw
        self._heard: SimpleQueue[tuple[Part, News | None]] = SimpleQueue()
        self._threads = ThreadPoolExecutor(AT_ONCE, "part")

    def step(self) -> list[Job]:
        """Hear of the replicas, for a moment; returns the jobs that there is news of."""
        moved: dict[Job, None] = {}
        try:
            part, news = self._heard.get(timeout=WAIT_SECONDS)
            while True:
                if not part.job.ended:
                    moved[part.job] = None
                    if news is None:
                        self._lost(part)
                    else:
                        self._hear(part, news)
                part, news = self._heard.get_nowait()
        except Empty:
            return [*moved]

    def _give(self, part: Part) -> None:
        self._threads.submit(self._follow, part)

    def _drop(self, job: Job) -> None:
        """Nothing: who follows a part of it sees that it has ended."""

    def _follow(self, part: Part) -> None:
        """Hear of a part until it has ended, from a thread of its own."""
        if part.job.ended:
            return
        try:
            told: Any = self._draw(part.order)
            for news in told:
                if part.job.ended:
                    told.cancel()
                    return
                self._heard.put((part, news))
        except Exception:  # the replica is no more
            time.sleep(AGAIN_SECONDS)
            self._heard.put((part, None))


class Drawing:
    """A replica that draws: an engine in a thread of its own."""

    def __init__(self, loaders: Loaders, limits: Limits) -> None:
        self._pipe, there = multiprocessing.Pipe()
        self._numbers = count()
        self._told: dict[int, Callable[[News], object]] = {}
        for target, args in ((work, (there, loaders, limits)), (self._hear, ())):
            threading.Thread(target=target, args=args, daemon=True).start()

    async def draw(self, order: Order) -> AsyncIterator[News]:
        """News of an order until it has ended; it is dropped where nobody listens any more."""
        number, queue, loop = next(self._numbers), asyncio.Queue[News](), asyncio.get_running_loop()
        self._told[number] = lambda news: loop.call_soon_threadsafe(queue.put_nowait, news)
        self._pipe.send_bytes(pickle.dumps(replace(order, number=number)))
        try:
            news = None
            while news is None or news.state not in ENDED:
                news = await queue.get()
                yield news
        finally:
            del self._told[number]
            self._pipe.send_bytes(pickle.dumps(Order(number)))

    def _hear(self) -> None:
        while True:
            for one in pickle.loads(self._pipe.recv_bytes())[0]:
                if (tell := self._told.get(one.number)) is not None:
                    tell(one)


class Answering:
    """The replica that answers and keeps the jobs: the service, before engines that are elsewhere."""

    def __init__(self, loaders: Loaders, places: int, jobs: str | None, drawing: Any) -> None:
        engine = Replicas(loaders, places, drawing.options(stream=True).draw.remote)
        self._about = {name: describe(name, engine.model(name)) for name in loaders}
        self._worker = Worker(engine, None if jobs is None else Store(Path(jobs)))

    def __serve_build_asgi_app__(self) -> App:
        token = os.environ.get("SFUMATO_TOKEN")
        return make_app(self._worker, self._about, loopback=token is None, token=token)


def _opened(name: str) -> Model:
    return load(name, device=pick_device())


def application(args: Mapping[str, str]) -> Any:
    """The service as Ray Serve runs it: `models`, a word or path each between commas; `jobs`, a file in which accepted
    jobs outlive the replica that answers; `replicas`, at most so many that draw, as many as there is to do, from
    `least` on. Clients need SFUMATO_TOKEN, where the replicas have it in their environment; without it only this
    machine's are answered. Raises SfumatoError for what it isn't given or doesn't know."""
    if unknown := args.keys() - {"models", "jobs", "replicas", "least"}:
        raise SfumatoError(f"'{min(unknown)}' says nothing here; give models, jobs, replicas and least.")
    names = [name for name in args.get("models", "").split(",") if name]
    if not names:
        raise SfumatoError("say what to serve: models=digits, or paths between commas.")
    loaders: Loaders = {Path(name).name: partial(_opened, name) for name in names}
    most, least = int(args.get("replicas", MAX_REPLICAS)), int(args.get("least", 1))
    scale = {"min_replicas": least, "max_replicas": most, "target_ongoing_requests": 4}
    drawing = serve.deployment(Drawing, name="drawing", autoscaling_config=scale, max_ongoing_requests=AT_ONCE)
    answering = serve.deployment(serve.ingress()(Answering), name="answering", num_replicas=1, max_ongoing_requests=512)
    limits = Replicas(loaders, 1, lambda order: ()).place_limits
    return answering.bind(loaders, least, args.get("jobs"), drawing.bind(loaders, limits))
