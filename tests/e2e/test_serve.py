"""`sfumato serve` in a process of its own, on a port of its own: asked, abused, left, and ended."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from served import GENERATE, LONG, PICTURE, TOKEN, Served, serving
from sfumato.cli import app
from sfumato.data import read_about
from sfumato.errors import SfumatoError
from sfumato.serving.guard import BODY_SECONDS, MAX_BODY_BYTES, Guard

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM for another process")


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as service:
        yield service


def test_each_picture_is_the_command_lines_whoever_asks_beside_it(served: Served, tmp_path: Path) -> None:
    asked = [
        (["--class", "3", "--seeds", "5-6", "--steps", "4"], {"prompt": "3", "n": 2, "seeds": "5-6", "steps": 4}),
        (
            ["--class", "8,1", "--seeds", "7,9", "--guidance", "2", "--sampler", "heun", "--steps", "3"],
            {"class": ["8", "1"], "seeds": [7, 9], "guidance": 2, "sampler": "heun", "steps": 3},
        ),
        (["-n", "4", "--sampler", "ddpm", "--steps", "6"], {"seeds": "0-3", "sampler": "ddpm", "steps": 6}),
    ]
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda one: served.ask(GENERATE, {"model": "digits", **one[1]}), asked))
    for index, ((words, _), (status, answer)) in enumerate(zip(asked, answers, strict=True)):
        assert status == 200, answer
        folder = tmp_path / str(index)
        app(["sample", "digits", *words, "--out", str(folder)], exit_on_error=False, result_action="return_value")
        expected = {read_about(path)["request"]: path for path in folder.glob("*seed*.png")}
        assert len(expected) == len(answer["data"])
        for number, one in enumerate(answer["data"]):
            path = tmp_path / f"{index}-{number}.png"
            path.write_bytes(base64.b64decode(one["b64_json"]))
            about = read_about(path)
            other = expected.pop(about["request"])
            assert about == read_about(other) and about["seed"] == str(one["seed"])
            mine, theirs = (np.asarray(Image.open(each), int) for each in (path, other))
            assert np.abs(mine - theirs).max() <= 1  # where a kernel rounds otherwise, at the border of two values


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "the body is no JSON that can be read."),
        (b"[]", "the body is a JSON object, sent as application/json."),
        ({"n": 0}, "'n' is 1 or more, not 0."),
        ({"n": 65}, "'n' is 64 or less, not 65."),
        ({"n": "2"}, "'n' takes whole numbers, not '2'."),
        ({"steps": 10**9}, "'steps' is 1000 or less, not 1000000000."),
        ({"seeds": [-1]}, "'seeds' is 0 or more, not -1."),
        ({"seeds": ["x"]}, "'seeds' takes whole numbers, not 'x'."),
        ({"steps": 2.5}, "'steps' takes whole numbers, not 2.5."),
        ({"guidance": "high"}, "'guidance' takes numbers, not 'high'."),
        ({"seeds": "0-99"}, "'seeds' are of 100 pictures, and a request has at most 64."),
        ({"seeds": "0-3", "n": 2}, "'seeds' are of 4 and 'n' says 2; leave one of them out."),
        ({"prompt": "x" * 4001}, "'prompt' has at most 4000 characters."),
        ({"response_format": "url"}, "'response_format' is 'b64_json', not 'url'."),
        ({"path": "/etc/passwd"}, "'path' is no field; the fields are model, prompt, n, size"),
        ({"size": "512x512"}, "the model's pictures are 8x8 and 'size' says 512x512; leave it out."),
        ({"model": "../digits"}, "unknown model '../digits': did you mean 'digits'?"),
        ({"prompt": "a cat"}, "unknown class 'a cat'. The choices are 0, 1, 2"),
        ({"class": "3", "negative": "x"}, "digits was trained without captions; leave 'negative' out"),
        ({"seed": 7}, "'seed' is no field; did you mean 'seeds'? The fields are"),
        *[({"seeds": value}, "'seeds' is a text such as \"0-3\", or a list of 1 to 64 whole") for value in (7, [])],
        *[({"class": value}, "'class' is a text such as \"3\", or a list of 1 to 64 texts.") for value in (3, [], [3])],
        ({"quality": "hd"}, "'quality' is 'auto' or 'standard', not 'hd'."),
        ({"stream": "yes"}, "'stream' is true or false, not 'yes'."),
        (
            {"output_compression": 50},
            "'output_compression' is of webp and jpeg, and a png loses nothing; leave it out.",
        ),
        ({"output_format": "gif"}, "'output_format' is 'png', 'webp' or 'jpeg', not 'gif'."),
        ({"mask": "aaaa"}, "'mask' says what to do with a picture; send an 'image' too."),
        ({"image": "aaaa"}, "'image' is no picture that can be read; send a PNG, JPEG or WebP."),
        ({"image": "%"}, "'image': the text of a picture is its file in base64, or a data URL of it."),
        ({"control": PICTURE}, "digits was trained with no pictures as conditions; leave 'control' out."),
        ({"image": PICTURE, "feather": 2}, "'feather' is of the seam around what 'mask' keeps; give a 'mask' too."),
        ({"image": PICTURE, "upscale": True, "strength": 0.5}, "'upscale' keeps the whole picture; leave 'mask' and"),
        ({"conditions": {"age": 30}}, "digits was trained without 'age'; leave it out."),
        ({"sampler": "ddimm"}, "unknown sampler 'ddimm': did you mean 'ddim'?"),
        ({"guidance": float("nan")}, "'guidance' takes finite numbers, not NaN."),
        ({"sampler": "heun", "eta": 0.5}, "eta"),
    ],
)
def test_what_cant_be_drawn_is_refused_in_a_sentence(served: Served, body: object, sentence: str) -> None:
    status, answer = served.ask(GENERATE, body)
    assert status == 400 and sentence in answer["error"]["message"], answer
    assert answer["error"]["type"] == "invalid_request_error" and answer["error"]["message"].endswith((".", "?"))


def test_only_who_has_the_token_is_answered(served: Served) -> None:
    for token in (None, "", "another", TOKEN + "x", TOKEN[:-1]):
        status, answer = served.ask("/v1/models", token=token)
        assert status == 401 and "token" in answer["error"]["message"]
    status, answer = served.ask("/v1/models")
    assert status == 200 and answer["data"][0]["classes"] == [*"0123456789"]
    assert served.ask("/healthz", token=None)[0] == served.ask("/readyz", token=None)[0] == 200


def test_a_job_goes_on_without_its_client_and_is_dropped_when_told(served: Served) -> None:
    status, long = served.ask("/v1/jobs", LONG)
    assert status == 202 and long["status"] in ("waiting", "running")
    assert long["id"] in [job["id"] for job in served.ask("/v1/jobs")[1]["data"]]
    short = served.ask("/v1/jobs", {"seeds": "4", "steps": 2})[1]["id"]
    while (job := served.ask(f"/v1/jobs/{short}")[1])["status"] != "done":
        assert job["status"] in ("waiting", "running") and 0 <= job["progress"] <= 1 and "data" not in job
    assert job["progress"] == 1
    assert [one["seed"] for one in served.ask(f"/v1/jobs/{short}")[1]["data"]] == [4]
    assert served.ask(f"/v1/jobs/{long['id']}")[1]["status"] == "running", "it was first, and others have their turns"
    for _ in range(2):
        status, answer = served.ask(f"/v1/jobs/{long['id']}/cancel", {})
        assert status == 200 and answer["status"] == "cancelled"
    assert served.ask(f"/v1/jobs/{short}/cancel", {})[1]["status"] == "done", "one that has ended stays as it is"
    status, answer = served.ask("/v1/jobs/unknown")
    assert status == 404 and answer["error"]["message"].startswith("there is no job of that id")


def test_a_job_tells_how_far_it_is_until_it_has_ended(served: Served) -> None:
    name = served.ask("/v1/jobs", {"n": 2, "steps": 60})[1]["id"]
    asked = urllib.request.Request(f"http://127.0.0.1:{served.port}/v1/jobs/{name}/events")
    asked.add_header("Authorization", f"Bearer {TOKEN}")
    with urllib.request.urlopen(asked, timeout=300) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = [line.decode() for line in answer if line.strip()]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    progress = [event["progress"] for event in events]
    assert progress == sorted(progress) and progress[-1] == 1
    assert events[-1] == {"id": name, "status": "done"} | events[-1]


def test_who_leaves_before_the_end_is_drawn_for_no_longer(served: Served) -> None:
    body = json.dumps(LONG).encode()
    head = f"POST {GENERATE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        client.sendall(head.encode() + body)
        while not served.left():
            pass
    while served.left():
        pass


def test_more_than_there_is_room_for_is_told_to_come_again(served: Served) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: served.ask("/v1/jobs", LONG), range(80)))
        ids = [answer["id"] for status, answer in answers if status == 202]
        refused = [answer for status, answer in answers if status == 429]
        assert (len(ids), len(refused)) == (64, 16)
        for answer in refused:
            assert int(answer["headers"]["retry-after"]) > 0
            assert "64 jobs of yours wait already" in answer["error"]["message"]
        list(pool.map(lambda name: served.ask(f"/v1/jobs/{name}/cancel", {}), ids))
    assert not served.left() and served.ask(GENERATE, {"n": 1, "steps": 2})[0] == 200


def test_what_is_too_large_or_elsewhere_is_refused(served: Served) -> None:
    status, answer = served.ask(GENERATE, b" " * (MAX_BODY_BYTES + 1))
    assert status == 413 and answer["error"]["message"] == "the body is larger than 8 MiB."
    assert served.ask("/v1/../../etc/passwd")[0] == 404
    status, answer = served.ask("/v1/jobs", method="PUT")
    assert status == 405 and answer["headers"]["allow"] == "POST, GET"
    assert answer["error"]["message"] == "this address takes POST and GET, not PUT."


def test_one_model_tells_of_itself_and_a_probe_may_ask_for_the_head(served: Served) -> None:
    assert served.ask("/v1/models/digits")[1] == served.ask("/v1/models")[1]["data"][0]
    status, answer = served.ask("/v1/models/digit")
    assert status == 404 and answer["error"]["message"].startswith("unknown model 'digit': did you mean 'digits'?")
    for path in ("/healthz", "/readyz"):
        asked = urllib.request.Request(f"http://127.0.0.1:{served.port}{path}", method="HEAD")
        with urllib.request.urlopen(asked, timeout=300) as head:
            assert head.status == 200 and not head.read()
    assert "/v1/models/{id}" in served.ask("/openapi.json")[1]["paths"]


def test_fields_of_openai_at_their_defaults_change_nothing(served: Served) -> None:
    given = {"quality": "auto", "style": "vivid", "background": "opaque", "moderation": "auto", "user": "me"}
    given |= {"output_compression": 100, "stream": False}
    plain, same = (served.ask(GENERATE, {"seeds": "3", "steps": 2} | more) for more in ({}, given))
    assert plain[0] == same[0] == 200 and plain[1]["data"] == same[1]["data"]


async def asked_of_guard(guard: Guard, host: str, **more: str) -> int:
    """The status that a guard answers a request to `host` with."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in {"host": host, **more}.items()]
    await guard({"type": "http", "path": "/v1/models", "headers": headers}, receive, send)
    return sent[0]["status"]  # type: ignore[no-any-return]


async def fine(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})


def test_without_a_token_no_other_sites_name_leads_here() -> None:
    guard = Guard(fine, loopback=True)
    for host, status in (("localhost:8000", 200), ("127.0.0.1", 200), ("evil.example", 421), ("10.0.0.1", 421)):
        assert asyncio.run(asked_of_guard(guard, host)) == status, host


def test_without_a_token_no_other_sites_page_is_answered() -> None:
    guard = Guard(fine, loopback=True)
    own = "http://localhost:8000"
    for origin, status in ((own, 200), ("http://localhost:3000", 403), ("https://evil.example", 403), ("null", 403)):
        assert asyncio.run(asked_of_guard(guard, "localhost:8000", origin=origin)) == status, origin
    for site, status in (("none", 200), ("same-origin", 200), ("same-site", 403), ("cross-site", 403)):
        assert asyncio.run(asked_of_guard(guard, "localhost:8000", **{"sec-fetch-site": site})) == status, site


def test_a_body_that_doesnt_come_is_waited_for_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= BODY_SECONDS <= 60
    monkeypatch.setattr("sfumato.serving.guard.BODY_SECONDS", 0.001)
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "path": GENERATE, "headers": [(b"host", b"localhost")]}
    asyncio.run(Guard(fine, loopback=True)(scope, receive, send))
    assert sent[0]["status"] == 408


def test_what_cant_be_served_is_said_before_it_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for words, message in (
            ([], "say what to serve"),
            (["digits", "--host", "0.0.0.0"], "0.0.0.0 is open to others; give a --token"),
            (["digits", "--token", "short"], "16 characters or more"),
            (["digits", "digits"], "two models are called digits"),
            (["points"], "points generates points, and pictures and clips alone are served"),
            ([str(tmp_path / "nowhere")], "there is no folder"),
            (["digits", "--port", "99999"], "between 0 and 65535"),
            (["digits", "--rate", "0"], "--rate is how often a client may ask in a minute, at least 1"),
            (["digits", "--drain", "-1"], "--drain is 0 to"),
            (["digits", "--precision", "bf16"], "none of these is a folder of diffusers"),
            (["digits", "--proxy", "localhost"], "--proxy is an address or a network"),
            (["digits", "--port", str(port)], f"port {port} is taken"),
        ):
            with pytest.raises(SfumatoError, match=message):
                app(["serve", *words], exit_on_error=False, print_error=False, result_action="return_value")


@pytest.mark.parametrize("kept", [False, True])
def test_at_ctrl_c_all_who_wait_are_told(tmp_path: Path, kept: bool) -> None:
    file = tmp_path / "jobs.sqlite"
    command = [sys.executable, "-m", "sfumato", "serve", "digits", "--port", "0"]
    command += ["--jobs", str(file)] if kept else []
    environment = {**os.environ, "SFUMATO_TOKEN": TOKEN, "OMP_NUM_THREADS": "1", "COLUMNS": "300"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        served = Served(process, int(process.stdout.readline().split("/v1")[0].rpartition(":")[2]))
        name = served.ask("/v1/jobs", LONG)[1]["id"]
        asked = urllib.request.Request(f"http://127.0.0.1:{served.port}/v1/jobs/{name}/events")
        asked.add_header("Authorization", f"Bearer {TOKEN}")
        head = f"POST {GENERATE} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 9\r\n\r\n"
        with (
            ThreadPoolExecutor() as pool,
            urllib.request.urlopen(asked, timeout=300) as events,
            socket.create_connection(("127.0.0.1", served.port)) as slow,
        ):
            slow.sendall(head.encode())
            assert events.readline().startswith(b"data: ")
            waiting = pool.submit(served.ask, GENERATE, LONG)
            while served.left() < 2:
                pass
            process.send_signal(signal.SIGINT)
            status, answer = waiting.result(60)
            assert status == 503 and answer["error"]["message"].startswith("the service is ending; ")
            last = json.loads(events.read().decode().split("data: ")[-1])
            assert (last["id"], last["error"]) == (name, answer["error"])
            assert b" 503 " in slow.recv(1000)
        out, errors = process.communicate(timeout=60)
        where = f"kept in {file}" if kept else "dropped"
        assert (out, errors) == (f"Ended; {where}: 1 accepted job not yet drawn.\n", "")


def test_behind_a_proxy_each_client_has_its_own_rate_and_a_line_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    words = ("--rate", "1", "--proxy", "127.0.0.1", "--drain", "5", "--log")
    with log.open("w") as file, serving(*words, errors=file) as served:
        asked = {"prompt": "3", "steps": 2}
        found = [
            served.ask(GENERATE, asked, **{"X-Forwarded-For": name})[0] for name in ("10.0.0.1",) * 2 + ("10.0.0.2",)
        ]
    assert found == [200, 429, 200]
    assert [json.loads(line)["status"] for line in log.read_text().splitlines()] == found
