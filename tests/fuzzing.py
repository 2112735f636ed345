"""Requests of any kind for a running service: by its schema and against it, to paths of all sorts, and mere bytes.

Each asks so many as `many` says, and tells the status of each answer that it has read. An answer that isn't sound is an
AssertionError.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from served import TOKEN, Served

Told = Callable[[int], None]
PIECES = (
    *("v1", "jobs", "models", "images", "edits", "digits", "events", "pictures", "cancel", "healthz", "metrics"),
    *("..", ".", "", "%2e%2e", "%2f", "%5c", "%00", "%ff", "%", "\\", "~root", "etc", "passwd", "C:", "-1", "9" * 40),
    *("?", "?limit=0", "?after=", "?output_format=gif", "#", ";a=b", "{id}", "é", "\x7f"),
)


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


def by_schema(served: Served, many: settings, told: Told) -> None:
    """What the schema allows and what it forbids, at each address."""
    address = f"http://127.0.0.1:{served.port}"
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"})
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 12
    for operation in operations:
        for mode in schemathesis.GenerationMode:

            @many
            @given(operation.as_strategy(generation_mode=mode))
            def tried(case: Any) -> None:
                case.body = brief(case.body)
                case.headers = {**(case.headers or {}), "Authorization": f"Bearer {TOKEN}"}
                answer = case.call(base_url=address, timeout=60)
                sound(answer.status_code, answer.content if "json" in str(answer.headers.get("content-type")) else b"")
                told(answer.status_code)

            with suppress(Unsatisfiable):  # where nothing is asked, nothing can be asked wrongly
                tried()


def by_path(served: Served, many: settings, told: Told) -> None:
    @many
    @given(st.lists(st.sampled_from(PIECES), max_size=7), st.sampled_from(["GET", "POST", "DELETE", "HEAD", "PATCH"]))
    def tried(pieces: list[str], method: str) -> None:
        path = "/" + "/".join(pieces).encode("utf-8").decode("latin-1")
        with socket.create_connection(("127.0.0.1", served.port)) as client:
            head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
            client.sendall((head + "Content-Length: 2\r\nConnection: close\r\n\r\n{}").encode("latin-1"))
            answer = http.client.HTTPResponse(client, method=method)
            answer.begin()
            kind = answer.headers.get("Content-Type", "")
            sound(answer.status, answer.read() if "json" in kind else b"")
            told(answer.status)

    tried()


def by_bytes(served: Served, many: settings, told: Told) -> None:
    @many
    @given(st.binary(max_size=300), st.booleans(), st.sampled_from(["/v1/images/edits", "/v1/jobs", "/"]))
    def tried(noise: bytes, headed: bool, path: str) -> None:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: "
        head += f"multipart/form-data; boundary=x\r\nConnection: close\r\nContent-Length: {len(noise) + 3}\r\n\r\n--x"
        with socket.create_connection(("127.0.0.1", served.port)) as client:
            client.sendall((head.encode() if headed else b"") + noise)
            client.shutdown(socket.SHUT_WR)  # half closed: it may still answer
            answer = b""
            with suppress(ConnectionError):
                while part := client.recv(4096):
                    answer += part
        first = answer.partition(b"\r\n")[0].split(b" ")
        status = int(first[1]) if len(first) > 1 and first[1].isdigit() else 0  # 0 where it has cut the client off
        assert status < 500, answer
        assert served.ask("/healthz")[0] == 200
        told(status)

    tried()
