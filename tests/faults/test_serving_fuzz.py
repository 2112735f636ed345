"""Whatever is sent to any address of the service, it answers in a sentence, and never that it failed itself.

SFUMATO_FUZZ=2000 has so many requests tried of each kind at each address, in the place of a few.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from served import TOKEN, Served, serving

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM for another process")
MANY = settings(
    max_examples=int(os.environ.get("SFUMATO_FUZZ", "8")),
    derandomize="SFUMATO_FUZZ" not in os.environ,
    suppress_health_check=[*HealthCheck],
    deadline=None,
)
PIECES = (
    *("v1", "jobs", "models", "images", "edits", "digits", "events", "pictures", "cancel", "healthz", "metrics"),
    *("..", ".", "", "%2e%2e", "%2f", "%5c", "%00", "%ff", "%", "\\", "~root", "etc", "passwd", "C:", "-1", "9" * 40),
    *("?", "?limit=0", "?after=", "?output_format=gif", "#", ";a=b", "{id}", "é", "\x7f"),
)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as service:
        yield service


def sound(status: int, content: bytes) -> None:
    """Where it can't do what is asked it says so as OpenAI's clients read it; it hasn't failed itself."""
    assert status < 500, content
    assert b"root:" not in content and b"Traceback" not in content
    if status >= 400 and content:
        error = json.loads(content)["error"]
        assert error["message"].endswith((".", "?")) and error["type"]
        assert "/src/" not in error["message"] and "site-packages" not in error["message"]


def brief(body: Any) -> Any:
    """The body, with so little to draw that many can be tried."""
    if isinstance(body, dict):
        body = {**body, **{name: 1 for name in ("steps", "n") if isinstance(body.get(name), int) and body[name] > 1}}
        if isinstance(body.get("seeds"), list):
            body["seeds"] = body["seeds"][:1]
    return body


def test_no_request_that_the_schema_allows_or_forbids_is_more_than_it_can_take(served: Served) -> None:
    address = f"http://127.0.0.1:{served.port}"
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"})
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 12
    asked = 0
    for operation in operations:
        for mode in schemathesis.GenerationMode:

            @MANY
            @given(operation.as_strategy(generation_mode=mode))
            def tried(case: Any) -> None:
                nonlocal asked
                asked += 1
                case.body = brief(case.body)
                case.headers = {**(case.headers or {}), "Authorization": f"Bearer {TOKEN}"}
                answer = case.call(base_url=address, timeout=60)
                sound(answer.status_code, answer.content if "json" in str(answer.headers.get("content-type")) else b"")

            with suppress(Unsatisfiable):  # where nothing is asked, nothing can be asked wrongly
                tried()
    assert asked > 8 * len(operations)


@MANY
@given(st.lists(st.sampled_from(PIECES), max_size=7), st.sampled_from(["GET", "POST", "DELETE", "HEAD", "PATCH"]))
def test_no_path_leads_anywhere_else(served: Served, pieces: list[str], method: str) -> None:
    path = "/" + "/".join(pieces).encode("utf-8").decode("latin-1")
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        client.sendall((head + "Content-Length: 2\r\nConnection: close\r\n\r\n{}").encode("latin-1"))
        answer = http.client.HTTPResponse(client, method=method)
        answer.begin()
        kind = answer.headers.get("Content-Type", "")
        sound(answer.status, answer.read() if "json" in kind else b"")


@MANY
@given(st.binary(max_size=300), st.booleans(), st.sampled_from(["/v1/images/edits", "/v1/jobs", "/"]))
def test_bytes_of_any_kind_leave_it_at_work(served: Served, noise: bytes, headed: bool, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: "
    head += f"multipart/form-data; boundary=x\r\nConnection: close\r\nContent-Length: {len(noise) + 3}\r\n\r\n--x"
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        client.sendall((head.encode() if headed else b"") + noise)
        client.shutdown(socket.SHUT_WR)  # half closed: it may still answer
        answer = b""
        try:
            while part := client.recv(4096):
                answer += part
        except ConnectionError:
            pass
    assert b" 500 " not in answer.partition(b"\r\n")[0]
    assert served.ask("/healthz")[0] == 200
