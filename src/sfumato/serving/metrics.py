"""What the service has done since it began, as text that Prometheus reads."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import psutil

from sfumato.serving.worker import Worker

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)  # seconds
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = tuple[str, ...]
Numbers = dict[Labels, float]


@dataclass
class Histogram:
    """How many took at most as many seconds as each of BOUNDS says, or more, and how long all of them."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


@dataclass
class Requests:
    """The HTTP requests that were answered."""

    answered: Counter[Labels] = field(default_factory=Counter)  # by method, route and status
    seconds: dict[str, Histogram] = field(default_factory=dict)  # by route

    def add(self, method: str, route: str, status: int, seconds: float) -> None:
        self.answered[method, route, str(status)] += 1
        self.seconds.setdefault(route, Histogram()).add(seconds)


class Family(NamedTuple):
    """Numbers of one name: a counter or a gauge, by the values of its labels."""

    name: str
    kind: str
    about: str
    labels: Sequence[str]
    values: Numbers


def metrics(worker: Worker, requests: Requests) -> str:
    """All of it."""
    lines = [line for family in _families(worker, requests) for line in _lines(family)]
    return "\n".join([*lines, *_histogram(requests.seconds)]) + "\n"


def _families(worker: Worker, requests: Requests) -> Iterator[Family]:
    process, engine = psutil.Process(), worker.engine
    jobs = Counter(job.state for job in engine.jobs)
    ends: Numbers = {(name, state): count for (name, state), count in [*worker.ends.items()]}
    pictures: Numbers = {(name,): count for name, count in [*worker.pictures.items()]}
    states: Numbers = {("waiting",): jobs["waiting"], ("running",): jobs["running"]}
    model = ("model",)
    yield Family(
        "sfumato_http_requests_total",
        "counter",
        "HTTP requests answered.",
        ("method", "route", "status"),
        {**requests.answered},
    )
    yield Family("sfumato_jobs_total", "counter", "Jobs that have ended.", ("model", "state"), ends)
    yield Family("sfumato_pictures_total", "counter", "Pictures that were finished.", model, pictures)
    yield Family(
        "sfumato_jobs",
        "gauge",
        "Jobs accepted and not ended.",
        ("state",),
        states,
    )
    for name, about in (("calls", "Network calls."), ("rows", "Rows of network calls."), ("seconds", "Time at work.")):
        values: Numbers = {(key,): getattr(tally, name) for key, tally in [*engine.tallies.items()]}
        yield Family(f"sfumato_engine_{name}_total", "counter", about, model, values)
    yield Family("sfumato_models_loaded", "gauge", "Models in memory.", (), {(): len(engine.models.loaded)})
    yield Family("sfumato_kept_bytes", "gauge", "Pictures of ended jobs.", (), {(): worker.kept_bytes})
    yield Family("process_resident_memory_bytes", "gauge", "Memory.", (), {(): process.memory_info().rss})
    yield Family("process_start_time_seconds", "gauge", "When it began.", (), {(): process.create_time()})


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {family.about}"
    yield f"# TYPE {family.name} {family.kind}"
    for values, number in sorted(family.values.items()):
        yield _sample(family.name, dict(zip(family.labels, values, strict=True)), number)


def _histogram(seconds: Mapping[str, Histogram]) -> Iterator[str]:
    name = "sfumato_http_request_seconds"
    yield f"# HELP {name} How long an answer took."
    yield f"# TYPE {name} histogram"
    for route, one in sorted({**seconds}.items()):
        so_far = 0
        for bound, count in zip((*map(repr, BOUNDS), "+Inf"), one.counts, strict=True):
            so_far += count
            yield _sample(f"{name}_bucket", {"route": route, "le": bound}, so_far)
        yield _sample(f"{name}_sum", {"route": route}, one.total)
        yield _sample(f"{name}_count", {"route": route}, so_far)


def _sample(name: str, labels: Mapping[str, str], number: float) -> str:
    escaped = (value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for value in labels.values())
    words = ",".join(f'{label}="{value}"' for label, value in zip(labels, escaped, strict=True))
    return f"{name}{{{words}}} {number!r}" if words else f"{name} {number!r}"
