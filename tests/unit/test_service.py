"""What the HTTP service does around its pictures: keys, ids, counts, rates, a log, and how it ends."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import threading
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exact_model import exact
from served import GENERATE, GREY
from sfumato.hub import Model
from sfumato.serving import Engine
from sfumato.serving import guard as guards
from sfumato.serving import rates as rating
from sfumato.serving import server as servers
from sfumato.serving.guard import App
from sfumato.serving.models import describe
from sfumato.serving.phase import Phase
from sfumato.serving.rates import Rates
from sfumato.serving.server import Server
from sfumato.serving.service import make_app
from sfumato.serving.worker import Worker

RUNNER = asyncio.Runner()  # a service knows one loop
ASKED = {"seeds": [1], "class": "cat", "steps": 2}


@contextmanager
def service(model: Model, **more: Any) -> Iterator[tuple[App, Worker]]:
    with Worker(Engine({"exact": lambda: model})) as worker:
        yield make_app(worker, {"exact": describe("exact", model)}, loopback=True, **more), worker


async def answered(
    app: App, path: str, body: object = None, method: str | None = None, client: str = "127.0.0.1", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """What `app` answers: status, headers and body; POST where there is a body."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    given = {"host": "localhost", "content-type": "application/json"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    route, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method or ("GET" if body is None else "POST"),
        "path": route,
        "raw_path": route.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "server": ("localhost", 80),
        "client": (client, 1),
        "http_version": "1.1",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    sent: list[Any] = []
    coming = [{"type": "http.request", "body": data, "more_body": False}]

    async def receive() -> Any:
        if coming:
            return coming.pop()
        return await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(part.get("body", b"") for part in sent[1:])


def ask(app: App, path: str, body: object = None, **more: str) -> tuple[int, Any]:
    status, _, data = RUNNER.run(answered(app, path, body, **more))  # type: ignore[arg-type]
    return status, json.loads(data)


def done(app: App, name: str) -> Any:
    RUNNER.run(answered(app, f"/v1/jobs/{name}/events"))
    return ask(app, f"/v1/jobs/{name}")[1]


def test_by_a_key_that_was_used_it_is_the_job_of_before() -> None:
    with service(exact(1)) as (app, worker):
        unseeded = {**ASKED, "seeds": None}
        first, again = (ask(app, "/v1/jobs", unseeded, idempotency_key="a")[1] for _ in range(2))
        assert first["id"] == again["id"] and first["request"]["seeds"] == again["request"]["seeds"]
        status, answer = ask(app, "/v1/jobs", {**unseeded, "steps": 3}, idempotency_key="a")
        assert status == 422 and answer["error"]["message"].startswith("something else was asked by this Idempotency-")
        assert ask(app, "/v1/jobs", unseeded, idempotency_key="a", client="10.0.0.1")[1]["id"] != first["id"]
        pictures = [ask(app, GENERATE, unseeded, idempotency_key="b")[1]["data"] for _ in range(2)]
        assert pictures[0] == pictures[1] != ask(app, GENERATE, unseeded)[1]["data"]
        worker.left().result(60)  # after all that it was told before
        assert len(worker.tasks("127.0.0.1")) == 2, "of what was asked without a key nothing is left"
        for key in ("", " ", "a b", "x" * 201):
            status, answer = ask(app, "/v1/jobs", ASKED, idempotency_key=key)
            assert status == 400 and "Idempotency-Key" in answer["error"]["message"]


def test_a_job_has_its_request_and_its_pictures_as_files_until_it_is_deleted() -> None:
    with service(exact(1)) as (app, _):
        names = [ask(app, "/v1/jobs", {**ASKED, "output_format": "webp"})[1]["id"] for _ in range(3)]
        job = done(app, names[1])
        assert job["pictures"] == 1 and job["request"]["seeds"] == "1" and job["request"]["labels"] == ["cat"]
        for query, kind, begin in (("", "webp", b"RIFF"), ("?output_format=png", "png", b"\x89PNG")):
            path = f"/v1/jobs/{names[1]}/pictures/0{query}"
            status, headers, data = RUNNER.run(answered(app, path))
            assert (status, headers["content-type"]) == (200, f"image/{kind}") and data.startswith(begin)
        for wrong in (f"/v1/jobs/{names[1]}/pictures/1", f"/v1/jobs/{names[1]}/pictures/-1"):
            assert ask(app, wrong)[0] == 404
        assert ask(app, f"/v1/jobs/{names[1]}/pictures/0?output_format=gif")[0] == 400
        page = ask(app, "/v1/jobs?limit=2")[1]
        assert [one["id"] for one in page["data"]] == names[:0:-1] and page["has_more"]
        rest = ask(app, f"/v1/jobs?after={names[1]}")[1]
        assert [one["id"] for one in rest["data"]] == names[:1] and not rest["has_more"]
        assert ask(app, f"/v1/jobs/{names[1]}", method="DELETE", client="10.0.0.1")[0] == 404, "another's"
        assert ask(app, f"/v1/jobs/{names[1]}", method="DELETE")[1]["deleted"]
        assert ask(app, f"/v1/jobs/{names[1]}")[0] == 404 and len(ask(app, "/v1/jobs")[1]["data"]) == 2


def test_of_a_job_partial_pictures_are_events() -> None:
    gate = threading.Semaphore(3)
    with service(exact(1, lambda rows: gate.acquire())) as (app, _):
        name = ask(app, "/v1/jobs", {**ASKED, "steps": 8, "sampler": "ddim", "partial_images": 4})[1]["id"]
        events: list[str] = []

        async def follow() -> None:
            told = asyncio.create_task(answered(app, f"/v1/jobs/{name}/events"))
            await asyncio.sleep(0)
            gate.release(100)
            events.extend((await told)[2].decode().split("\n\n"))

        RUNNER.run(follow())
        assert json.loads(events[-2].removeprefix("data: "))["status"] == "done"
        assert ask(app, "/v1/jobs", {**ASKED, "stream": True})[0] == 400


def test_each_answer_has_an_id_and_a_line_of_the_log_and_is_counted() -> None:
    lines: list[str] = []
    with service(exact(1), log=lines.append) as (app, _):
        _, headers, _ = RUNNER.run(answered(app, GENERATE, {**ASKED, "user": "secret"}))
        ask(app, "/v1/models/none")
        ask(app, "/no/such?secret=1", method="BREW")
        said = [json.loads(line) for line in lines]
        assert said[0]["request"] == headers["x-request-id"] and said[0]["milliseconds"] > 0
        found = [(one["method"], one["route"], one["status"]) for one in said]
        assert found == [("POST", GENERATE, 200), ("GET", "/v1/models/{id}", 404), ("other", "other", 404)]
        assert len({one["request"] for one in said}) == 3 and "secret" not in "".join(lines)
        status, headers, data = RUNNER.run(answered(app, "/metrics"))
        assert status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4")
    text = data.decode()
    for line in text.splitlines():
        sample = r'[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [0-9.e+]+'
        assert re.fullmatch(rf"# (HELP|TYPE) [a-z_]+ .+|{sample}", line), line
    for line in (
        f'sfumato_http_requests_total{{method="POST",route="{GENERATE}",status="200"}} 1',
        'sfumato_jobs_total{model="exact",state="done"} 1',
        'sfumato_pictures_total{model="exact"} 1',
        'sfumato_jobs{state="running"} 0',
        f'sfumato_http_request_seconds_count{{route="{GENERATE}"}} 1',
    ):
        assert f"{line}\n" in text, line


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "2001:db8::1", "2001:db8::2"]), st.floats(0, 90)), max_size=60),
    st.integers(1, 9),
)
def test_nobody_asks_more_often_than_allowed_and_who_waits_is_let_through(
    asks: list[tuple[str, float]], per_minute: int
) -> None:
    now, granted = 0.0, dict[str, list[float]]()
    rates = Rates(per_minute, lambda: now)
    for client, seconds in asks:
        now += seconds
        whose = "2001" if client.startswith("2001") else client
        wait = rates.ask(client)
        if not wait:
            granted.setdefault(whose, []).append(now)
            continue
        assert 0 < wait <= 60 / per_minute + 1e-6
        now += wait + 1e-6
        assert not rates.ask(client)
        granted[whose].append(now)
    for times in granted.values():
        for first in range(len(times)):
            for last in range(first, len(times)):
                assert last - first + 1 <= per_minute + (times[last] - times[first]) * per_minute / 60 + 1e-6


def test_of_however_many_clients_few_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rating.MAX_CLIENTS <= 100_000
    monkeypatch.setattr(rating, "MAX_CLIENTS", 3)
    rates = Rates(1)
    for number in range(50):
        rates.ask(f"10.0.0.{number}")
    assert len(rates) == 3


def test_who_asks_too_often_is_told_when_to_come_again_and_may_look() -> None:
    with service(exact(1), rates=Rates(2, lambda: 0.0)) as (app, _):
        assert [ask(app, GENERATE, ASKED)[0] for _ in range(3)] == [200, 200, 429]
        status, headers, _ = RUNNER.run(answered(app, GENERATE, ASKED))
        assert (status, headers["retry-after"]) == (429, "30")
        assert ask(app, "/v1/jobs")[0] == 200 and ask(app, GENERATE, ASKED, client="10.0.0.1")[0] == 200


def test_large_bodies_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "BODIES_BYTES", 100_000)
    with service(exact(1)) as (app, _):
        for _ in range(3):
            status, answer = ask(app, GENERATE, b"x" * 100_001)
            assert status == 429 and answer["error"]["message"].startswith("too many pictures are coming in")
            assert ask(app, GENERATE, b"x" * 99_999)[0] == 400, "what is over counts no longer"


def test_what_drains_finishes_what_it_has_and_accepts_no_more() -> None:
    phase, gate = Phase(), threading.Event()
    with service(exact(1, lambda rows: gate.wait(60)), phase=phase) as (app, worker):

        async def drained() -> None:
            running = asyncio.create_task(answered(app, GENERATE, ASKED))
            while not worker.engine.jobs:
                await asyncio.sleep(0)
            phase.draining = True
            for path, body, status in (("/readyz", None, 503), ("/healthz", None, 200), (GENERATE, ASKED, 503)):
                assert (await answered(app, path, body))[0] == status
            assert not running.done()
            gate.set()
            assert (await running)[0] == 200

        RUNNER.run(drained())
        assert worker.unkept().result(60) == 0


@contextmanager
def listening(
    app: App, busy: Callable[[], bool], drain: float = 60.0
) -> Iterator[tuple[Server, int, threading.Thread]]:
    """A server in a thread, at a port."""
    ended: list[int] = []

    async def asked() -> bool:
        return busy()

    server = Server(app, Phase(), lambda: ended.append(1), asked, drain)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield server, listener.getsockname()[1], thread
        thread.join(60)
        assert ended == [1]


async def fine(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x" * 2**24})


def test_a_first_sigterm_drains_and_a_second_ends() -> None:
    ticks = threading.Event()
    for busy, second in ((lambda: bool(ticks.set()), False), (lambda: True, True)):
        with listening(fine, busy) as (server, _, thread):
            while not server.started:
                pass
            server.handle_exit(signal.SIGTERM, None)
            if second:
                assert thread.is_alive()
                server.handle_exit(signal.SIGTERM, None)
    assert ticks.is_set()


def test_clients_that_neither_ask_nor_read_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 5 <= servers.STALLED_SECONDS <= 120
    monkeypatch.setattr(servers, "STALLED_SECONDS", 0.01)
    with listening(fine, lambda: False) as (server, port, _):
        for head in (b"GET / HTTP/1.1\r\nHost: a", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(head)
                while not server.server_state.connections:
                    pass
                while server.server_state.connections:  # it is cut off, though nothing of the answer is read
                    pass
        server.handle_exit(signal.SIGTERM, None)


def test_who_closes_the_sending_side_is_drawn_for_no_longer_and_nobody_else_waits() -> None:
    gate = threading.Event()
    body = json.dumps({**ASKED, "steps": 1000}).encode()
    head = (
        f"POST {GENERATE} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )
    with (
        service(exact(1, lambda rows: gate.wait(60))) as (app, worker),
        listening(app, lambda: False) as (server, port, _),
    ):
        for sent in (head.encode() + b"\r\n\r\n" + body, head.encode() + b"\r\n\r\n" + body[:5], head.encode()):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(sent)
                while body in sent and not worker.engine.jobs:
                    pass
                client.shutdown(socket.SHUT_WR)
                gate.set()
                while client.recv(1000):
                    pass
            while worker.engine.jobs or server.server_state.connections:
                pass
        address, kind = f"http://127.0.0.1:{port}{GENERATE}", {"Content-Type": "application/json"}
        asked = urllib.request.Request(address, json.dumps(ASKED).encode(), kind)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            assert answer.status == 200
        server.handle_exit(signal.SIGTERM, None)


def test_a_clock_that_is_moved_changes_no_order_and_nobodys_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(2**31, 0, -(10**6)))
    monkeypatch.setattr("time.time", lambda: next(clock))
    with service(exact(1), rates=Rates(60)) as (app, _):
        names = [ask(app, "/v1/jobs", ASKED)[1]["id"] for _ in range(3)]
        assert all(done(app, name)["status"] == "done" for name in names)
        listed = ask(app, "/v1/jobs")[1]["data"]
        assert [job["id"] for job in listed] == names[::-1], "the newest is who came last, whatever the clock says"
        assert [job["created"] for job in listed] == sorted(job["created"] for job in listed)


def test_ctrl_c_is_heard_before_the_loop_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []

    async def idle() -> bool:
        return False

    server = Server(fine, Phase(), lambda: ended.append(1), idle)
    factory = server.config.get_loop_factory
    monkeypatch.setattr(server.config, "get_loop_factory", lambda: (signal.raise_signal(signal.SIGINT), factory())[1])
    handler, before = signal.default_int_handler, signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, handler)  # whatever runs the tests has set
    with (
        warnings.catch_warnings(record=True) as told,
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(KeyboardInterrupt),
    ):
        server.run([listener])
    assert ended == [1] and not told and signal.signal(signal.SIGINT, before) is handler


def test_a_picture_is_read_by_its_content_and_not_by_its_name() -> None:
    with service(exact(1)) as (app, _):
        lines = [
            b"--x",
            b'Content-Disposition: form-data; name="image"; filename="../../etc/passwd"',
            b"Content-Type: text/plain",
            b"",
            GREY,
            *(
                part
                for name, value in (("class", b"cat"), ("seeds[]", b"1"), ("seeds[]", b"2"), ("strength", b"0.5"))
                for part in (b"--x", f'Content-Disposition: form-data; name="{name}"'.encode(), b"", value)
            ),
            b"--x--",
            b"",
        ]
        kind = {"content_type": "multipart/form-data; boundary=x"}
        status, answer = ask(app, "/v1/images/edits", b"\r\n".join(lines), **kind)
        assert status == 200 and [one["seed"] for one in answer["data"]] == [1, 2]
        status, answer = ask(app, "/v1/images/edits", ASKED)
        assert status == 400 and answer["error"]["message"] == "'image' is missing; send the picture to begin with."
