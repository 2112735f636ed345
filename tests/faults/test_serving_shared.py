"""Several services on one PostgreSQL: no accepted job is lost, none drawn twice, whoever dies."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import NoReturn

import pytest
from sqlalchemy import create_engine, func, select, text, update

from exact_model import exact
from postgres import Postgres, postgres
from served import GREY, told_by_one_that_is_killed
from sfumato.cli import app
from sfumato.data import picture, png
from sfumato.errors import SfumatoError
from sfumato.hub import Model
from sfumato.hub.record import By, facts
from sfumato.hub.request import PictureEdit, Request, Upload
from sfumato.hub.resolving import resolve
from sfumato.serving import Engine, Limits, shared
from sfumato.serving.database import JOBS, TABLES, Database
from sfumato.serving.jobs import Conflict, Full
from sfumato.serving.shared import SharedWorker
from sfumato.serving.tasks import Keeping, Terms

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")

SLOW = 60  # steps, which take 15 seconds until a gate is open
PATIENCE = 600  # seconds, after which something hangs
KILLS, COUNT = 4, 6  # jobs that each service accepts before it is killed
OWNER = "127.0.0.1"
KEPT = Terms(OWNER, keep=True)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture
def url(server: Postgres) -> Iterator[str]:
    yield server.url
    base = create_engine(server.url.replace("postgresql:", "postgresql+psycopg:"))
    TABLES.drop_all(base)
    base.dispose()


def asked(model: Model, number: int, steps: int = SLOW) -> Request:
    return model.request([number], model.config.classes[number % 3], sampler="ddim", steps=steps)


def drawn(model: Model, request: Request) -> tuple[bytes, ...]:
    """The pictures of a request by itself."""
    return (
        png(picture(resolve(request, model).samples(), None, columns=1, scale=1, gap=0), facts(By(model), request)),
    )


def opened(model: Model, url: str, limits: Limits | None = None, keeping: Keeping | None = None) -> SharedWorker:
    return SharedWorker(Engine({"exact": lambda: model}, limits), Database(url), keeping)


def slow(gate: threading.Event) -> Model:
    """A model whose calls take long until the gate is open."""
    return exact(1, lambda rows: gate.wait(0.25))


def serve(url: str, first: int, told: Connection) -> NoReturn:
    """A service that tells the ids of what it has accepted, until it is killed."""
    model = exact(1)
    worker = opened(model, url)
    for number in range(first, first + COUNT):
        request = asked(model, number, 3 + 40 * (number % 3))
        task = worker.submit("exact", lambda _, request=request: request, KEPT).result()  # type: ignore[misc]
        told.send(task.id)
    while True:
        signal.pause()


def test_killed_services_jobs_are_drawn_by_the_others(url: str) -> None:
    model, ids = exact(1), list[str]()
    base = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with opened(model, url) as worker:
        for kill in range(KILLS):
            ids += told_by_one_that_is_killed(serve, url, kill * COUNT, count=COUNT)
        with base.connect() as connection:
            query = select(func.count()).where(JOBS.c.state == "done", JOBS.c.service != worker._database.service)
            by_others = connection.scalar(query)
        for number, name in enumerate(ids):
            task = worker.find(name, OWNER)
            assert task is not None and worker.find(name, "10.0.0.1") is None
            task.ended.result(PATIENCE)
            task = worker.find(name, OWNER)
            assert task is not None and task.pngs == drawn(model, asked(model, number, 3 + 40 * (number % 3)))
        assert [task.id for task in worker.tasks(OWNER)] == ids[::-1], "in the order in which they were accepted"
        assert worker.ends["exact", "done"] + (by_others or 0) == len(ids), "each is drawn once"
        assert worker.left().result(PATIENCE) == 0
    base.dispose()


def test_a_job_is_found_cancelled_and_forgotten_wherever_it_is_drawn(url: str) -> None:
    gate = threading.Event()
    model = exact(1)
    with opened(slow(gate), url) as first, opened(model, url) as second:
        request = asked(model, 1)
        one, two, three = (first.submit("exact", lambda _: request, KEPT).result(PATIENCE) for _ in range(3))
        seen = [second.find(task.id, OWNER) for task in (one, two, three)]
        assert all(task is not None and not task.ended.done() for task in seen)
        assert [task and second.place(task) for task in seen] == [0, 1, 2]
        assert [task.id for task in second.tasks(OWNER)] == [three.id, two.id, one.id]
        there, gone = seen[1], seen[2]
        assert there is not None and gone is not None
        second.cancel(there).result(PATIENCE)
        second.forget(gone).result(PATIENCE)
        assert there.state == "cancelled" and second.find(three.id, OWNER) is None
        gate.set()
        for task in (two, three):
            task.ended.result(PATIENCE)
            assert task.state == "cancelled"
        assert seen[0] is not None
        seen[0].ended.result(PATIENCE)
        assert seen[0].state == "done" and seen[0].pngs == drawn(model, request)
        assert [(task.id, task.state) for task in first.tasks(OWNER)] == [(two.id, "cancelled"), (one.id, "done")]


def test_a_key_leads_to_one_job_whichever_service_is_asked(url: str) -> None:
    model = exact(1)
    request, terms = asked(model, 1), Terms(OWNER, keep=True, key="key", asked="this")
    with opened(model, url) as first, opened(model, url) as second, ThreadPoolExecutor() as pool:
        both = threading.Barrier(2)

        def submit(worker: SharedWorker) -> str:
            both.wait(PATIENCE)
            return worker.submit("exact", lambda _: request, terms).result(PATIENCE).id

        assert len({*pool.map(submit, (first, second))}) == 1
        for worker in (first, second):
            task = worker.submit("exact", lambda _: request, terms).result(PATIENCE)
            task.ended.result(PATIENCE)
            assert task.pngs == drawn(model, request)
            with pytest.raises(Conflict):
                worker.submit("exact", lambda _: request, replace(terms, asked="that")).result(PATIENCE)
        assert first.ends["exact", "done"] + second.ends["exact", "done"] == 1


def test_what_one_service_has_no_time_for_another_draws(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "SHARE", 1)
    gate = threading.Event()
    model = exact(1)
    shown = Upload.named("cat.png", GREY)
    request = model.request([1], "cat", edit=PictureEdit(shown, 0.5), sampler="ddim", steps=SLOW)
    with opened(slow(gate), url, Limits(jobs=5, owner_jobs=4)) as first:
        tasks = [first.submit("exact", lambda _: request, KEPT).result(PATIENCE) for _ in range(5)]
        with pytest.raises(Full, match="4 jobs of yours wait already"):
            first.submit("exact", lambda _: request, KEPT).result(PATIENCE)
        with opened(model, url) as second:
            for task in tasks[1:]:
                task.ended.result(PATIENCE)
                assert task.state == "done" and task.pngs == drawn(model, request)
            assert second.ends["exact", "done"] == 4 and not tasks[0].ended.done()
            gate.set()
            tasks[0].ended.result(PATIENCE)
        assert first.ends["exact", "done"] == 1


def test_a_service_that_ends_leaves_its_jobs_to_the_others(url: str) -> None:
    gate = threading.Event()
    model = exact(1)
    with opened(model, url) as second:
        with opened(slow(gate), url) as first:
            task = first.submit("exact", lambda _: asked(model, 2), KEPT).result(PATIENCE)
            gate.set()
        there = second.find(task.id, OWNER)
        assert there is not None
        there.ended.result(PATIENCE)
        assert there.pngs == drawn(model, asked(model, 2))


def test_a_service_that_is_thought_dead_draws_no_second_result(url: str) -> None:
    gate = threading.Event()
    model = exact(1)
    with opened(slow(gate), url) as first:
        task = first.submit("exact", lambda _: asked(model, 3), KEPT).result(PATIENCE)
        with opened(model, url) as second:
            base = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
            lost = "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = :objid"
            with base.connect() as connection:
                connection.execute(text(lost), {"objid": first._database.service + 2})
            base.dispose()
            there = second.find(task.id, OWNER)
            assert there is not None
            there.ended.result(PATIENCE)
            assert there.pngs == drawn(model, asked(model, 3))
            kept = second._database.find([task.id])[task.id].kept
        gate.set()
        task.ended.result(PATIENCE)
        assert task.state == "done" and task.pngs == drawn(model, asked(model, 3))
        assert first._database.find([task.id])[task.id].kept == kept, "what is kept stays"


def test_the_database_goes_away_and_comes_back(server: Postgres, url: str, caplog: pytest.LogCaptureFixture) -> None:
    gate = threading.Event()
    model = exact(1)
    with opened(slow(gate), url) as worker:
        task = worker.submit("exact", lambda _: asked(model, 4), KEPT).result(PATIENCE)
        server.kill()
        gate.set()
        task.ended.result(PATIENCE)
        assert task.pngs == drawn(model, asked(model, 4))
        assert worker.find(task.id, OWNER) is task, "it is had until it can be kept"
        with pytest.raises(Full, match="the database of jobs can't be reached; try again soon"):
            worker.submit("exact", lambda _: asked(model, 5), KEPT).result(PATIENCE)
        other = worker.submit("exact", lambda _: asked(model, 5), replace(KEPT, keep=False)).result(PATIENCE)
        other.ended.result(PATIENCE)
        assert other.pngs == drawn(model, asked(model, 5)), "what needn't be kept needs no database"
        with pytest.raises(Full):
            worker.find("another", OWNER)
        server.start()
        with opened(model, url) as second:
            while (there := second.find(task.id, OWNER)) is None or not there.ended.done():
                pass
            assert there.pngs == task.pngs and not second.ends
        again = worker.submit("exact", lambda _: asked(model, 5), KEPT).result(PATIENCE)
        again.ended.result(PATIENCE)
        assert worker.ends["exact", "done"] == 3
    assert len([one for one in caplog.messages if "the database of jobs is away" in one]) == 1


def test_results_are_kept_for_their_time_and_within_the_quota(url: str) -> None:
    model = exact(1)
    with opened(model, url, keeping=Keeping(jobs=3, seconds=3600)) as worker:
        tasks = [worker.submit("exact", lambda _: asked(model, 6), KEPT).result(PATIENCE) for _ in range(4)]
        for task in tasks:
            task.ended.result(PATIENCE)
        database = worker._database
        database.expire(worker.keeping)
        assert [task.id for task in worker.tasks(OWNER)] == [task.id for task in tasks[:0:-1]]
        base = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with base.begin() as connection:
            connection.execute(update(JOBS).where(JOBS.c.id == tasks[3].id).values(ended=JOBS.c.ended - 7200))
        base.dispose()
        database.expire(worker.keeping)
        assert [task.id for task in worker.tasks(OWNER)] == [tasks[2].id, tasks[1].id]
        database.expire(Keeping(size=len(tasks[2].pngs[0])))
        assert [task.id for task in worker.tasks(OWNER)] == [tasks[2].id]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--database", "mysql://host/name"], "--database is a PostgreSQL, such as postgresql://user@host/name"),
        (["--database", "jobs.sqlite"], "--database is a PostgreSQL, such as"),
        (
            ["--database", "postgresql://me:secret@/name?host=/nowhere"],
            r"postgresql\+psycopg://me:\*\*\*@/name.* can't be",
        ),
        (["--database", "postgresql://host/name", "--jobs", "jobs.sqlite"], "both say where jobs are kept"),
        (["--ttl", "0"], "--ttl is up to"),
        (["--quota", "0"], "--quota is 1 to"),
    ],
)
def test_what_cant_be_a_database_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(SfumatoError, match=message) as refused:
        app(["serve", "digits", "--port", "0", *words], exit_on_error=False, print_error=False)
    assert "secret" not in str(refused.value)
