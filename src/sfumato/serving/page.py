"""The studio: a page that asks the service, served beside it. Its files hold no secret, so whoever asks gets them."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sfumato.serving.guard import App, Message, Receive, Send

SITE = Path(__file__).parent / "site"
UNBUILT = (
    "the studio's page is not built in this installation; with Node.js 20 or newer, run `make studio` in a checkout, "
    "or install a released wheel, which holds it."
)
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
HEADERS = {
    # Everything comes from here; pictures are made of what the service answers; nothing is framed or sent away.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' blob:; style-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "vary": "accept-encoding",
}


def built(folder: Path = SITE) -> bool:
    """Whether the page is there to be served."""
    return (folder / "index.html").exists()


@dataclass(frozen=True)
class _File:
    content: bytes
    packed: bytes
    headers: Mapping[str, str]


class Studio:
    """Answers GET with the page's files, read once from `folder`, and lets all else through to `app`."""

    def __init__(self, app: App, folder: Path = SITE) -> None:
        self._app = app
        paths = [path for path in folder.rglob("*") if path.is_file()]
        self._files = {f"/{path.relative_to(folder).as_posix()}": _file(path) for path in paths}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        asks = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        path = scope["path"] if asks else ""
        file = self._files.get("/index.html" if path == "/" else path)
        if file is not None:
            await _answer(file, dict(scope["headers"]), scope["method"] == "HEAD", send)
        elif path == "/":
            await _say(404, UNBUILT, send)
        else:
            await self._app(scope, receive, send)


def _file(path: Path) -> _File:
    content = path.read_bytes()
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = {
        "content-type": f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
        "cache-control": "public, max-age=31536000, immutable" if path.parent.name == "assets" else "no-cache",
        "etag": f'W/"{hashlib.sha256(content).hexdigest()[:16]}"',  # the same, packed or not
    }
    return _File(content, gzip.compress(content, mtime=0), headers)


async def _answer(file: _File, asked: Mapping[bytes, bytes], head: bool, send: Send) -> None:
    if asked.get(b"if-none-match", b"").decode("latin-1") == file.headers["etag"]:
        return await _send(304, file.headers, b"", head, send)
    packs = b"gzip" in asked.get(b"accept-encoding", b"")
    headers = {**file.headers, **({"content-encoding": "gzip"} if packs else {})}
    return await _send(200, headers, file.packed if packs else file.content, head, send)


async def _say(status: int, sentence: str, send: Send) -> None:
    await _send(status, {"content-type": "text/plain; charset=utf-8"}, f"{sentence}\n".encode(), False, send)


async def _send(status: int, headers: Mapping[str, str], content: bytes, head: bool, send: Send) -> None:
    length = {} if status == 304 else {"content-length": str(len(content))}
    every = {**headers, **length, **HEADERS}
    encoded = [(name.encode(), value.encode()) for name, value in every.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if head else content})
