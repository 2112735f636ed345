"""The lesson over HTTP: files of one folder and the service behind them, for this machine alone unless asked."""

from __future__ import annotations

import errno
import gzip
import mimetypes
import os
import select
import socket
import sys
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from sfumato.errors import SfumatoError
from sfumato.hosts import is_loopback, is_own

if TYPE_CHECKING:
    from sfumato.lesson.live import Live
    from sfumato.lesson.messages import Answer

SITE = Path(__file__).parent / "site"
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".onnx": "application/octet-stream",
}
PACKED = {".html", ".js", ".mjs", ".css", ".json", ".svg", ".wasm"}
MAX_BODY_BYTES = 16_384  # bytes of a request's body
HEADERS = {
    # Everything comes from here; WebAssembly compiles; nothing is evaluated, framed or sent away.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
        "img-src 'self' blob:; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",  # with the next one, threads for WebAssembly
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# A scene that stands alone is there to be put into other pages; nothing on it reaches the service behind the lesson.
EMBEDDED = HEADERS | {
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace(
        "frame-ancestors 'none'", "frame-ancestors *"
    ),
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def pages(folder: Path = SITE) -> Path:
    """The folder of the built pages; raises SfumatoError, saying how to build them, where they aren't."""
    if not (folder / "index.html").exists():
        raise SfumatoError(
            "the lesson's pages are not built in this installation; with Node.js 20 or newer, run `make lesson` in a "
            "checkout, or install a released wheel, which holds them."
        )
    return folder


@lru_cache(maxsize=256)
def _packed(path: Path, changed: float) -> bytes:
    return gzip.compress(path.read_bytes(), 6, mtime=0)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds that a client may keep its connection open without a word
    server: LessonServer

    def do_GET(self) -> None:
        self._get()

    def do_HEAD(self) -> None:
        self._get()

    def do_POST(self) -> None:
        """A question to the service, from its own pages only."""
        self.close_connection = True  # a refusal may come before the body is read
        if (live := self.server.live) is None:
            return self._refuse(HTTPStatus.METHOD_NOT_ALLOWED)
        host = self._host()
        if not (is_loopback(host) if self.server.loopback else is_own(host)):
            return self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
        origin = self.headers.get("Origin")
        if origin is not None and origin.lower() != f"http://{self.headers.get('Host', '')}".lower():
            return self._say(HTTPStatus.FORBIDDEN, "only the lesson's own pages may ask for this.")
        if (self.headers.get("Content-Type") or "").split(";")[0].strip().lower() != "application/json":
            return self._say(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "ask in JSON: Content-Type: application/json.")
        length = self.headers.get("Content-Length") or ""
        if not (length.isascii() and length.isdigit()):
            return self._say(HTTPStatus.LENGTH_REQUIRED, "say how long the question is: Content-Length.")
        if len(length) > 6 or int(length) > MAX_BODY_BYTES:
            return self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a question has at most {MAX_BODY_BYTES:,} bytes.")
        answer = live.post(self._path(), self.rfile.read(int(length)), self._left)
        return self._refuse(HTTPStatus.NOT_FOUND) if answer is None else self._tell(answer)

    def _get(self) -> None:
        if self.server.loopback and not is_loopback(self._host()):  # another site's name that points here
            return self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
        name = self._path()
        if (live := self.server.live) is not None and (name == "live.json" or name.startswith("live/")):
            answer = live.about() if name == "live.json" else live.get(name, urlsplit(self.path).query)
            return self._refuse(HTTPStatus.NOT_FOUND) if answer is None else self._tell(answer)
        path = self.server.find(name)
        if path is None:
            return self._refuse(HTTPStatus.NOT_FOUND)
        packs = path.suffix in PACKED and "gzip" in (self.headers.get("Accept-Encoding") or "")
        try:
            stat = path.stat()
            tag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}{"-gzip" if packs else ""}"'
            fresh = self.headers.get("If-None-Match") == tag
            content = b"" if fresh else _packed(path, stat.st_mtime) if packs else path.read_bytes()
        except OSError:  # taken away since it was listed, as by a new build
            return self._refuse(HTTPStatus.NOT_FOUND)
        self.send_response(HTTPStatus.NOT_MODIFIED if fresh else HTTPStatus.OK)
        kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        if not fresh:
            self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", tag)
        hashed = "assets" in path.parts[-2:-1]
        self.send_header("Cache-Control", "public, max-age=31536000, immutable" if hashed else "no-cache")
        self.send_header("Vary", "Accept-Encoding")
        if packs and not fresh:
            self.send_header("Content-Encoding", "gzip")
        self._finish(content)
        return None

    def _host(self) -> str:
        try:
            return urlsplit(f"//{self.headers.get('Host') or ''}").hostname or ""
        except ValueError:
            return ""

    def _path(self) -> str:
        return unquote(urlsplit(self.path).path).lstrip("/")

    def _alone(self) -> bool:
        """Whether the page is asked for with a scene alone."""
        return self._path() in ("", "index.html") and "alone=1" in urlsplit(self.path).query.split("&")

    def _left(self) -> bool:
        """Whether the client has closed the connection."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        try:
            return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def _refuse(self, status: HTTPStatus) -> None:
        content = f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self._finish(content)

    def _say(self, status: HTTPStatus, sentence: str) -> None:
        from sfumato.lesson.messages import refused

        self._tell(refused(status, sentence))

    def _tell(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.content)))
        self.send_header("Cache-Control", "no-store")
        self._finish(answer.content)

    def _finish(self, content: bytes) -> None:
        for name, value in (EMBEDDED if self._alone() else HEADERS).items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class refuses (an unknown method, a malformed line) is refused as the rest is."""
        self.close_connection = True
        self._refuse(HTTPStatus(code))

    def version_string(self) -> str:
        return "sfumato"

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the terminal belongs to the one line that says where the lesson is."""


class LessonServer(ThreadingTCPServer):
    """Serves `folder` at `host`:`port` (0: any free one), with `live` behind it. Raises SfumatoError where it can't."""

    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # elsewhere it would share a port that is taken
    request_queue_size = 64

    def __init__(self, folder: Path, host: str = "127.0.0.1", port: int = 8123, live: Live | None = None) -> None:
        self.folder = folder.resolve()
        self.live = live
        self.host = host
        self.loopback = is_loopback(host)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # Listed once: a request names one of these or nothing.
        self.files = {p.relative_to(self.folder).as_posix(): p for p in self.folder.rglob("*") if p.is_file()}
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise SfumatoError(
                    f"port {port} is taken, perhaps by a lesson that is already open; choose another with --port, "
                    "or --port 0 for any free one."
                ) from error
            if error.errno == errno.EACCES:
                raise SfumatoError(f"port {port} needs an administrator; choose one from 1024 up.") from error
            raise SfumatoError(
                f"{host}:{port} can't be listened on ({(error.strerror or str(error)).lower()}); give another --host."
            ) from error

    def find(self, path: str) -> Path | None:
        return self.files.get(path or "index.html")

    @property
    def address(self) -> str:
        """Where this machine itself finds it."""
        port = self.server_address[1]
        if self.host in ("", "0.0.0.0", "::", "127.0.0.1", "localhost"):
            return f"http://localhost:{port}/"
        return f"http://[{self.host}]:{port}/" if ":" in self.host else f"http://{self.host}:{port}/"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves is no error; anything else is one line, and the lesson goes on."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            print(f"sfumato: a request failed: {type(error).__name__}: {error}", file=sys.stderr)
