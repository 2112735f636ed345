"""The lesson's server: what it gives, what it refuses, and that nothing brings it down."""

from __future__ import annotations

import errno
import gzip
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from sfumato.errors import SfumatoError
from sfumato.hosts import is_loopback, is_own
from sfumato.lesson.live import MAX_WAITING, Live
from sfumato.lesson.messages import SampleRequest
from sfumato.lesson.server import HEADERS, MAX_BODY_BYTES, LessonServer, pages

Reply = tuple[int, dict[str, str], bytes]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>the lesson</title>" * 50)
    (folder / "assets" / "a-1.js").write_text("let a = 1\n" * 50)
    (folder / "model.onnx").write_bytes(bytes(range(256)))
    (folder / "live.json").write_text('{"live": false}')
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
def server(site: Path) -> Iterator[LessonServer]:
    with LessonServer(site, port=0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()


@pytest.fixture
def live(server: LessonServer) -> Iterator[Live]:
    with Live() as live:
        server.live = live
        yield live


def ask(server: LessonServer, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)
    own = {"Host": f"localhost:{server.server_address[1]}"} | {k.replace("_", "-"): v for k, v in headers.items()}
    connection.request(method, path, body, own)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), content


def post(server: LessonServer, path: str, told: Any, **headers: str) -> Reply:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return ask(server, path, "POST", body, **({"Content_Type": "application/json"} | headers))


def raw(server: LessonServer, text: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=60) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_files_are_given_whole(server: LessonServer, site: Path) -> None:
    kinds = {
        "/": ("text/html; charset=utf-8", "no-cache"),
        "/index.html?c=idea": ("text/html; charset=utf-8", "no-cache"),
        "/assets/a-1.js": ("text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        "/model.onnx": ("application/octet-stream", "no-cache"),
    }
    for path, (kind, keeping) in kinds.items():
        name = path.split("?")[0].lstrip("/") or "index.html"
        status, headers, content = ask(server, path)
        assert (status, content) == (200, (site / name).read_bytes())
        assert (headers["Content-Type"], headers["Cache-Control"]) == (kind, keeping)
        packed_status, packed, packed_content = ask(server, path, Accept_Encoding="gzip, br")
        assert packed_status == 200
        if name.endswith(".onnx"):
            assert packed_content == content and "Content-Encoding" not in packed
        else:
            assert packed["Content-Encoding"] == "gzip" and gzip.decompress(packed_content) == content
            assert packed["ETag"] != headers["ETag"] and len(packed_content) < len(content)
        head_status, head, nothing = ask(server, path, "HEAD")
        assert (head_status, nothing, head["Content-Length"]) == (200, b"", str(len(content)))
        assert ask(server, path, If_None_Match=headers["ETag"])[::2] == (304, b"")
        assert ask(server, path, If_None_Match='"other"')[0] == 200


def test_every_answer_carries_the_headers(server: LessonServer, live: Live) -> None:
    answers = [
        ask(server, "/"),
        ask(server, "/", "HEAD"),
        ask(server, "/nowhere"),
        ask(server, "/", Host="evil.example"),
        ask(server, "/", "DELETE"),
        ask(server, "/live.json"),
        ask(server, "/live/progress"),
        ask(server, "/live/nowhere"),
        post(server, "/live/stop", {}),
        post(server, "/live/stop", {}, Origin="http://evil.example"),
        post(server, "/live/draw", {"seeds": []}),
    ]
    assert [status for status, _, _ in answers] == [200, 200, 404, 421, 501, 200, 200, 404, 200, 403, 400]
    for _, headers, _ in answers:
        assert headers.items() >= HEADERS.items()
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe-inline" not in policy and "'unsafe-eval'" not in policy and "http" not in policy


def test_only_a_scene_alone_may_stand_in_other_pages(server: LessonServer) -> None:
    alone = "/?alone=1&c=gan", "/?c=gan&alone=1&gan.step=50"
    others = "/", "/?c=gan", "/?c=gan&alone=10", "/?not-alone=1", "/live.json?alone=1", "/model.onnx?alone=1"
    for path in (*alone, *others):
        policy = ask(server, path)[1]["Content-Security-Policy"]
        assert policy.endswith("frame-ancestors *" if path in alone else "frame-ancestors 'none'"), path
        assert policy.startswith(HEADERS["Content-Security-Policy"].removesuffix("'none'"))


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "//secret.txt",
        "/assets", "/assets/", "/.", "/index.html/", "/%00", "/index.html%00.js", "/..\\secret.txt", "/etc/passwd",
        "/live.json/../../secret.txt", "/" + "a" * 5000,
    ],
)  # fmt: skip
def test_nothing_but_the_listed_files_is_given(server: LessonServer, path: str) -> None:
    status, _, content = ask(server, path)
    assert status == 404 and b"secret" not in content


def test_a_file_that_was_taken_away_is_not_found(server: LessonServer, site: Path) -> None:
    (site / "model.onnx").unlink()
    assert ask(server, "/model.onnx")[0] == 404
    assert ask(server, "/")[0] == 200


def test_another_site_s_name_is_refused(server: LessonServer) -> None:
    port = server.server_address[1]
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", "localhost", "[::1]", f"[::1]:{port}", "127.0.0.2"):
        assert ask(server, "/", Host=host)[0] == 200, host
    for host in ("evil.example", "localhost.evil.example", "", "[::1", "192.168.1.5", "127.0.0.1.evil.example"):
        assert ask(server, "/", Host=host)[0] == 421, host


def test_who_is_this_machine() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.9.9.9", "::1")))
    assert not any(map(is_loopback, ("", "0.0.0.0", "::", "10.0.0.1", "example.org")))
    own = socket.gethostname().lower().removesuffix(".local")
    assert all(map(is_own, ("192.168.1.5", "fe80::1", "localhost", own, f"{own}.local")))
    assert not any(map(is_own, ("", "evil.example", f"{own}.evil.example")))


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 500 + b"\r\n",
    ],
)
def test_what_is_no_request_is_refused(server: LessonServer, line: bytes) -> None:
    answer = raw(server, line)
    assert b"Traceback" not in answer and b"<" not in answer
    assert ask(server, "/")[0] == 200


def test_a_client_that_leaves_goes_unremarked(server: LessonServer, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=60) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # leaves with a reset
            connection.sendall(b"GET /assets/a-1.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
    assert ask(server, "/")[0] == 200
    assert capfd.readouterr() == ("", "")


def test_a_static_site_has_no_service(server: LessonServer) -> None:
    assert json.loads(ask(server, "/live.json")[2]) == {"live": False}
    assert ask(server, "/live/about")[0] == ask(server, "/live/progress")[0] == 404
    assert post(server, "/live/train", {})[0] == 405


def test_the_service_tells_that_it_is_there(server: LessonServer, live: Live) -> None:
    for path in ("/live.json", "/live/about"):
        status, headers, content = ask(server, path)
        assert status == 200 and headers["Cache-Control"] == "no-store"
        assert json.loads(content).items() >= {"live": True, "run": None}.items()
    told = json.loads(ask(server, "/live/progress?since=3")[2])
    assert (told["state"], told["number"], told["moments"]) == ("none", 0, [])
    for since in ("x", "-1", "1e3", "9" * 30, "²"):
        status, _, content = ask(server, f"/live/progress?since={quote(since)}")
        assert status == 400 and "whole number" in json.loads(content)["error"]


def test_only_its_own_pages_may_ask(server: LessonServer, live: Live) -> None:
    port = server.server_address[1]
    assert post(server, "/live/stop", {}, Origin=f"http://localhost:{port}")[0] == 200
    assert post(server, "/live/stop", {}, Content_Type="application/json; charset=utf-8")[0] == 200
    refused = {
        403: [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": f"https://localhost:{port}"}],
        415: [
            {"Content_Type": "text/plain"},
            {"Content_Type": "application/x-www-form-urlencoded"},
            {"Content_Type": ""},
        ],
        421: [{"Host": "evil.example", "Origin": "http://evil.example"}],
    }
    for expected, all_headers in refused.items():
        for headers in all_headers:
            assert post(server, "/live/stop", {}, **headers)[0] == expected, headers
    assert post(server, "/live/draw", b" " * (MAX_BODY_BYTES + 1))[0] == 413
    assert post(server, "/live/nowhere", {})[0] == 404
    host = f"Host: localhost:{port}\r\nContent-Type: application/json\r\n".encode()
    for length in (b"", b"Content-Length: -1\r\n", b"Content-Length: x\r\n"):
        assert raw(server, b"POST /live/stop HTTP/1.1\r\n" + host + length + b"\r\n{}").startswith(b"HTTP/1.1 411")


def test_without_a_model_there_is_nothing_to_draw(server: LessonServer, live: Live) -> None:
    status, _, content = post(server, "/live/draw", {"seeds": [0]})
    assert status == 400 and "--run" in json.loads(content)["error"]


def test_the_digits_are_opened_where_no_run_was_given(server: LessonServer, live: Live) -> None:
    told = json.loads(post(server, "/live/open", {})[2])
    assert (told["run"]["name"], told["run"]["shape"]) == ("digits", [1, 8, 8])
    assert json.loads(ask(server, "/live.json")[2]) == told
    status, headers, _ = post(server, "/live/draw", {"seeds": [0], "steps": 4})
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert json.loads(post(server, "/live/open", {})[2]) == told
    assert post(server, "/live/open", {"run": "elsewhere"})[0] == 400


class Slow(Live):
    """A service whose pictures are never ready, until whoever asked has left."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.given_up = threading.Semaphore(0), threading.Semaphore(0)

    def _in_turn(self, asked: SampleRequest, given_up: Callable[[], bool]) -> bytes | None:
        self.begun.release()
        pause = threading.Event()
        while not given_up():
            pause.wait(0.01)
        self.given_up.release()
        return None


def test_too_many_who_wait_are_told_so_and_who_leaves_is_not_waited_for(server: LessonServer) -> None:
    question = b'{"seeds": [0]}'
    head = "POST /live/draw HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n"
    with Slow() as live:
        server.live = live
        waiting = []
        for _ in range(MAX_WAITING):
            waiting.append(socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=60))
            waiting[-1].sendall(head.encode() + question)
            assert live.begun.acquire(timeout=60)
        status, headers, content = post(server, "/live/draw", {"seeds": [0]})
        assert status == 503 and headers["Retry-After"] and "try again" in json.loads(content)["error"]
        for connection in waiting:
            connection.close()
            assert live.given_up.acquire(timeout=60)


def test_what_can_t_be_listened_on_is_said(site: Path, server: LessonServer) -> None:
    port = server.server_address[1]
    with pytest.raises(SfumatoError, match=f"port {port} is taken.*--port"):
        LessonServer(site, port=port)
    with pytest.raises(SfumatoError, match=r"can't be listened on.*--host"):
        LessonServer(site, "192.0.2.1", 0)
    with pytest.raises(SfumatoError, match=r"can't be listened on.*--host"):
        LessonServer(site, "no such host", 0)


def test_a_port_that_needs_an_administrator_is_said_to(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(server: LessonServer) -> None:  # who runs the tests may be one
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(LessonServer, "server_bind", refuse)
    with pytest.raises(SfumatoError, match=r"port 80 needs an administrator.*1024"):
        LessonServer(site, port=80)


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")
def test_ipv6(site: Path) -> None:
    try:
        server = LessonServer(site, "::1", 0)
    except SfumatoError:
        pytest.skip("there is no IPv6 here")
    with server:
        assert server.address == f"http://[::1]:{server.server_address[1]}/"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        connection = http.client.HTTPConnection("::1", server.server_address[1], timeout=60)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        server.shutdown()


def test_pages_that_are_not_built_are_said_to_be(tmp_path: Path, site: Path) -> None:
    assert pages(site) == site
    with pytest.raises(SfumatoError, match="make lesson"):
        pages(tmp_path)
