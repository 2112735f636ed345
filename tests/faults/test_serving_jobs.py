"""Accepted jobs outlive a service that is killed: none is lost, none drawn twice, and each picture is the same."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from exact_model import exact
from served import GREY, told_by_one_that_is_killed
from serving_killed import killed
from sfumato.cli import app
from sfumato.data import picture, png
from sfumato.errors import SfumatoError
from sfumato.hub import Model
from sfumato.hub.record import By, facts
from sfumato.hub.request import PictureEdit, Request, Upload
from sfumato.hub.resolving import resolve
from sfumato.serving import Engine
from sfumato.serving import worker as working
from sfumato.serving.jobs import Conflict, Full
from sfumato.serving.store import TABLES, Kept, Store
from sfumato.serving.tasks import Keeping, Task, Terms
from sfumato.serving.worker import Worker

KILLS, JOBS = 6, 3  # jobs that each service accepts before it is killed
OWNER = "127.0.0.1"
KEPT = Terms(OWNER, keep=True)


def asked(model: Model, number: int) -> Request:
    return model.request([number], model.config.classes[number % 3], sampler="ddim", steps=3 + number % 5)


def opened(model: Model, path: Path) -> Worker:
    return Worker(Engine({"exact": lambda: model}), Store(path))


def serve(path: Path, first: int, told: Connection) -> NoReturn:
    """A service that tells the ids of what it has accepted, until it is killed."""
    model = exact(1)
    worker = opened(model, path)
    for number in range(first, first + JOBS):
        request = asked(model, number)
        task = worker.submit("exact", lambda _, request=request: request, KEPT).result()  # type: ignore[misc]
        told.send(task.id)
    while True:
        signal.pause()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_jobs_outlive_services_that_are_killed(tmp_path: Path) -> None:
    model, path, ids = exact(1), tmp_path / "jobs.sqlite", list[str]()
    for kill in range(KILLS):
        ids += told_by_one_that_is_killed(serve, path, kill * JOBS, count=JOBS)
    store = Store(path)
    before = {kept.id: (kept.state, pngs) for kept, pngs in store.jobs()}
    store.close()
    assert list(before) == ids, "in the order in which they were accepted"
    assert {state for state, _ in before.values()} <= {"waiting", "done"}
    with opened(model, path) as worker:
        for number, name in enumerate(ids):
            task = worker.find(name, OWNER)
            assert task is not None and worker.find(name, "10.0.0.1") is None
            task.ended.result(60)
            request = asked(model, number)
            samples = resolve(request, model).samples()
            expected = png(picture(samples, None, columns=1, scale=1, gap=0), facts(By(model), request))
            assert task.pngs == (expected,) and before[name][1] in ((), task.pngs)
    with opened(model, path) as worker:
        assert [task.state for task in worker.tasks(OWNER)] == ["done"] * len(ids)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_no_job_is_lost_or_drawn_twice_whoever_asks_again(tmp_path: Path) -> None:
    outcome = killed(3, tmp_path / "jobs.sqlite")
    assert not outcome.wrong and outcome.asked >= 4


def test_what_a_service_can_draw_no_more_has_failed_with_the_reason(tmp_path: Path) -> None:
    model, store = exact(1), Store(tmp_path / "jobs.sqlite")
    text = asked(model, 1).json()
    for name, words in (("gone", text.replace('"labels":[1]', '"labels":["yak"]')), ("exact", text)):
        store.add(Kept(f"of {name}", OWNER, "exact", words, 0, "waiting", None))
    with Worker(Engine({"exact": lambda: model}), store) as worker:
        gone, other = (worker.find(f"of {name}", OWNER) for name in ("gone", "exact"))
        assert gone is not None and other is not None
        other.ended.result(60)
        assert gone.state == "failed" and gone.job.error is not None
        assert gone.job.error.startswith("unknown class 'yak'")
        worker.cancel(other).result(60)
        worker.forget(other)
        worker.cancel(gone).result(60)
        assert [(kept.id, kept.state) for kept, _ in store.jobs()] == [("of gone", "failed")]


def test_what_waits_for_a_model_that_isnt_served_waits_on(tmp_path: Path) -> None:
    model, path = exact(1), tmp_path / "jobs.sqlite"
    store = Store(path)
    for name in ("first", "second"):
        store.add(Kept(name, OWNER, "exact", asked(model, 1).json(), 0, "waiting", None))
    with Worker(Engine({"another": lambda: model}), store) as worker:
        assert worker.absent == {"exact": 2} and worker.left().result(60) == 2
        first, second = (worker.find(name, OWNER) for name in ("first", "second"))
        assert first is not None and second is not None and first.state == "waiting"
        worker.cancel(second).result(60)
        assert second.state == "cancelled"
    with opened(model, path) as worker:
        assert not worker.absent
        first, second = (worker.find(name, OWNER) for name in ("first", "second"))
        assert first is not None and second is not None and second.state == "cancelled"
        first.ended.result(60)
        assert first.state == "done"


def test_a_picture_that_came_along_outlives_the_service_too(tmp_path: Path) -> None:
    model, path, shown = exact(1), tmp_path / "jobs.sqlite", Upload.named("cat.png", GREY)
    request = model.request([1], "cat", edit=PictureEdit(shown, 0.5), sampler="ddim", steps=4)
    store = Store(path)
    store.add(Kept("one", OWNER, "exact", request.json(), 0, "waiting", None), {shown.sha256: GREY})
    store.close()
    for _ in range(2):
        with opened(model, path) as worker:
            task = worker.find("one", OWNER)
            assert task is not None
            task.ended.result(60)
            samples = resolve(request, model).samples()
            assert task.pngs == (png(picture(samples, None, columns=1, scale=1, gap=0), facts(By(model), request)),)
    store = Store(path)
    assert not store.files("one")
    store.close()


def test_jobs_of_the_first_format_are_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    with closing(sqlite3.connect(path)) as before:
        before.executescript(f"{TABLES} pragma user_version = 1; pragma journal_mode = wal")
        for name, state in (("waits", "waiting"), ("done", "done")):
            row = (name, OWNER, "exact", asked(exact(1), 1).json(), 5, state, None)
            before.execute("insert into jobs values (?, ?, ?, ?, ?, ?, ?)", row)
        before.execute("insert into pictures values ('done', 0, ?)", (GREY,))
        before.commit()
    with opened(exact(1), path) as worker:
        waits, done = (worker.find(name, OWNER) for name in ("waits", "done"))
        assert waits is not None and done is not None
        assert done.pngs == (GREY,) and done.terms == Terms(OWNER, keep=True)
        waits.ended.result(60)
        assert waits.state == "done" and len(waits.pngs) == 1


def test_a_key_leads_to_the_job_of_before_in_the_next_service_too(tmp_path: Path) -> None:
    model, path = exact(1), tmp_path / "jobs.sqlite"
    request = asked(model, 1)
    terms = Terms(OWNER, keep=True, key="key", asked="this")
    with opened(model, path) as worker:
        first, again = (worker.submit("exact", lambda _: request, terms) for _ in range(2))
        assert first.result(60) is again.result(60)
        other = worker.submit("exact", lambda _: request, replace(terms, owner="10.0.0.1")).result(60)
        assert other is not first.result()
    with opened(model, path) as worker:
        task = worker.submit("exact", lambda _: request, terms).result(60)
        assert task.id == first.result().id
        with pytest.raises(Conflict, match="something else was asked by this Idempotency-Key"):
            worker.submit("exact", lambda _: request, replace(terms, asked="that")).result(60)
        worker.forget(task).result(60)
        assert worker.find(task.id, OWNER) is None
        assert worker.submit("exact", lambda _: request, replace(terms, asked="that")).result(60).id != task.id


def test_a_file_that_holds_no_jobs_or_is_another_services_is_refused(tmp_path: Path) -> None:
    taken, text = tmp_path / "jobs.sqlite", tmp_path / "notes.txt"
    text.write_text("not jobs " * 500)
    store = Store(taken)
    for path, message in (
        (taken, "another service has hold of it"),
        (text, "can't be opened"),
        (tmp_path / "nowhere" / "x", "no folder"),
    ):
        with pytest.raises(SfumatoError, match=message):
            app(["serve", "digits", "--port", "0", "--jobs", str(path)], exit_on_error=False, print_error=False)
    store.close()
    Store(taken).close()
    assert not (tmp_path / "nowhere").exists()
    damaged = tmp_path / "damaged.sqlite"
    Store(damaged).close()
    content = bytearray(damaged.read_bytes())
    content[4096:8192] = bytes([255]) * 4096
    damaged.write_bytes(content)
    with pytest.raises(SfumatoError, match=r"damaged.sqlite can't be opened \(database disk image is malformed\)"):
        list(Store(damaged).jobs())
    garbled = tmp_path / "garbled.sqlite"
    store = Store(garbled)
    store.add(Kept("one", OWNER, "exact", "not yet garbled", 0, "waiting", None))
    store.close()
    garbled.write_bytes(garbled.read_bytes().replace(b"not yet", b"not\xff\xfe\xfft"))
    with pytest.raises(
        SfumatoError, match=r"garbled.sqlite can't be opened \(Could not decode .* column 'request'\); name"
    ):
        list(Store(garbled).jobs())
    assert text.read_text().startswith("not jobs")


def test_results_are_kept_for_their_time_and_within_the_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, path = exact(1), tmp_path / "jobs.sqlite"
    times = SimpleNamespace(time=time.time, monotonic=time.monotonic)
    monkeypatch.setattr(working, "time", times)

    def there() -> list[str]:
        """What is there once nothing is to be done."""
        worker.left().result(60)
        worker._do(worker._expire).result(60)
        return [task.id for task in worker.tasks(OWNER)]

    with Worker(Engine({"exact": lambda: model}), Store(path), Keeping(jobs=3, seconds=3600)) as worker:
        tasks = [worker.submit("exact", lambda _: asked(model, 6), KEPT).result(60) for _ in range(4)]
        for task in tasks:
            task.ended.result(60)
        left = [task.id for task in tasks[:0:-1]]
        assert there() == left
        times.time = lambda: time.time() + 10**9
        assert there() == left, "a clock that is set drops nothing"
        times.time, times.monotonic = time.time, lambda: time.monotonic() + 3601
        assert not there()
        times.monotonic = time.monotonic
        last = [worker.submit("exact", lambda _: asked(model, 6), KEPT).result(60) for _ in range(2)]
        for task in last:
            task.ended.result(60)
    size = len(last[0].pngs[0])
    for keeping, left in ((Keeping(size=2 * size), [last[1].id, last[0].id]), (Keeping(size=size), [last[1].id])):
        with Worker(Engine({"exact": lambda: model}), Store(path), keeping) as worker:
            assert there() == left
    with Worker(Engine({"exact": lambda: model}), Store(path), Keeping(seconds=3600)) as worker:
        assert there() == left
    with closing(sqlite3.connect(path)) as base:
        base.execute("update jobs set ended = ended - 7200")
        base.commit()
    with Worker(Engine({"exact": lambda: model}), Store(path), Keeping(seconds=3600)) as worker:
        assert not there()


def test_what_fails_the_engine_ends_its_jobs_and_not_the_service(capfd: pytest.CaptureFixture[str]) -> None:
    model = exact(1)
    request, null = asked(model, 1), model.null
    with Worker(Engine({"exact": lambda: model})) as worker:
        for failing, state in ((lambda: 1 / 0, "failed"), (null, "done")):
            model.null = failing  # type: ignore[method-assign]
            task = worker.submit("exact", lambda _: request).result(60)
            task.ended.result(60)
            assert task.state == state and worker.alive
            assert (task.job.error or "").startswith("the service failed (ZeroDivisionError") == (state == "failed")
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_on_a_full_disk_no_more_is_accepted_and_what_was_is_drawn(disk: Callable[[str], Path]) -> None:
    model, place = exact(1), disk("size=4m")
    path, others = place / "jobs.sqlite", place / "others"
    others.write_bytes(bytes(2**22 - 2**19))
    shown = Upload.named("cat.png", GREY + bytes(2**16))
    request = model.request([1], "cat", edit=PictureEdit(shown, 0.5), sampler="ddim", steps=4)
    samples = resolve(request, model).samples()
    expected = (png(picture(samples, None, columns=1, scale=1, gap=0), facts(By(model), request)),)
    accepted: list[Task] = []
    with opened(model, path) as worker:
        with pytest.raises(Full, match=r"can't be kept \(.*full\); try again later"):
            accepted.extend(worker.submit("exact", lambda _: request, KEPT).result(60) for _ in range(20))
        for task in accepted:
            task.ended.result(60)
            assert task.pngs == expected
        assert accepted and worker.alive and worker.tasks(OWNER) == accepted[::-1] and not worker.engine.jobs
        other = worker.submit("exact", lambda _: request, replace(KEPT, keep=False)).result(60)
        other.ended.result(60)
        assert other.pngs == expected, "what needn't be kept needs no room"
        others.unlink()
        accepted.append(worker.submit("exact", lambda _: request, KEPT).result(60))
    with opened(model, path) as worker:
        for before in accepted:
            task = worker.find(before.id, OWNER)
            assert task is not None
            task.ended.result(60)
            assert task.pngs == expected
