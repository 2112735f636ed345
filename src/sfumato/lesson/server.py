"""The lesson's pages over HTTP: files of one folder and nothing else, to this machine alone unless asked."""

from __future__ import annotations

import errno
import gzip
import mimetypes
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sfumato.errors import SfumatoError

SITE = Path(__file__).parent / "site"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".onnx": "application/octet-stream",
}
PACKED = {".html", ".js", ".mjs", ".css", ".json", ".svg"}
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
    server: LessonServer

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, body: bool) -> None:
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0].strip("[]")
        if self.server.loopback and host not in LOOPBACK:  # another site's name that points here
            return self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
        path = self.server.find(unquote(urlsplit(self.path).path))
        if path is None:
            return self._refuse(HTTPStatus.NOT_FOUND)
        stat = path.stat()
        tag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        fresh = self.headers.get("If-None-Match") == tag
        packs = path.suffix in PACKED and "gzip" in (self.headers.get("Accept-Encoding") or "")
        content = b"" if fresh else _packed(path, stat.st_mtime) if packs else path.read_bytes()
        self.send_response(HTTPStatus.NOT_MODIFIED if fresh else HTTPStatus.OK)
        kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", tag)
        hashed = "assets" in path.parts[-2:-1]
        self.send_header("Cache-Control", "public, max-age=31536000, immutable" if hashed else "no-cache")
        self.send_header("Vary", "Accept-Encoding")
        if packs and not fresh:
            self.send_header("Content-Encoding", "gzip")
        self._finish(content if body else b"")
        return None

    def _refuse(self, status: HTTPStatus) -> None:
        content = f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self._finish(content if self.command != "HEAD" else b"")

    def _finish(self, content: bytes) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def version_string(self) -> str:
        return "sfumato"

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the terminal belongs to the one line that says where the lesson is."""


class LessonServer(ThreadingHTTPServer):
    """Serves `folder` at `host`:`port` (0: any free one). Raises SfumatoError where it can't."""

    daemon_threads = True

    def __init__(self, folder: Path, host: str = "127.0.0.1", port: int = 8123) -> None:
        self.folder = folder.resolve()
        self.loopback = host in LOOPBACK
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
                f"{host}:{port} can't be listened on ({error.strerror}); give another --host."
            ) from error

    def find(self, path: str) -> Path | None:
        return self.files.get(path.lstrip("/") or "index.html")

    @property
    def address(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{'localhost' if self.loopback else host!r}:{port}/".replace("'", "")
