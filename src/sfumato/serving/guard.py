"""What comes before the service: who may ask, how much, and for how long."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import math
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from sfumato.hosts import is_loopback, is_own
from sfumato.serving.messages import ENDING, kind_of, refusal
from sfumato.serving.rates import Rates

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

MAX_BODY_BYTES, BODY_SECONDS = 2**23, 20.0  # of one request
SMALL_BYTES, BODIES_BYTES = 2**16, 2**27  # bodies that are always taken, and of all others that are answered at once
OPEN = ("/healthz", "/readyz")  # to everyone who can reach it
PROBING = ("GET", "HEAD")  # methods that ask for no work, and are not counted
RETRY_SECONDS = 5
HEADERS = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]


class TooLarge(Exception):
    """A body that isn't taken, by itself or beside the others."""


class Guard:
    """Lets a request through to `app` that has the token, where there is one, and comes from no other site's page; of a
    body of at most MAX_BODY_BYTES that has come within BODY_SECONDS, and large ones only as many as are BODIES_BYTES
    together, and of one client as many as `rates` say. The token itself is not kept. Once it is `ending`, no body is
    waited for."""

    def __init__(
        self,
        app: App,
        loopback: bool,
        token: str | None = None,
        ending: asyncio.Event | None = None,
        rates: Rates | None = None,
    ) -> None:
        self._app = app
        self._loopback = loopback
        self._token = None if token is None else _hash(token.encode())
        self._ending = ending or asyncio.Event()
        self._rates = rates
        self._held = 0  # bytes of large bodies that are coming or answered

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *HEADERS]}
            await send(message)

        headers = dict(scope["headers"])
        if scope["path"] not in OPEN and (why := self._refused(headers)) is not None:
            await _refuse(sealed, *why)
            return
        if self._rates is not None and scope["method"] not in PROBING:
            client = scope.get("client")
            if wait := self._rates.ask(client[0] if client else ""):
                await _refuse(sealed, 429, "you ask more often than allowed; try again later.", wait)
                return
        held = [0]
        try:
            await self._answered(scope, receive, sealed, held)
        finally:
            self._held -= held[0]

    async def _answered(self, scope: Message, receive: Receive, send: Send, held: list[int]) -> None:
        coming = asyncio.ensure_future(self._body(receive, held))
        ending = asyncio.ensure_future(self._ending.wait())
        await asyncio.wait((coming, ending), timeout=BODY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not coming.done():
            coming.cancel()
            late = (408, f"the body hadn't come within {BODY_SECONDS:g} seconds.")
            await _refuse(send, *((503, ENDING) if self._ending.is_set() else late))
            return
        try:
            body = coming.result()
        except TooLarge:
            alone = held[0] > MAX_BODY_BYTES
            large = (413, f"the body is larger than {MAX_BODY_BYTES >> 20} MiB.")
            await _refuse(send, *(large if alone else (429, "too many pictures are coming in; try again soon.")))
            return
        rest = [{"type": "http.request", "body": body, "more_body": False}]

        async def given() -> Message:
            return rest.pop() if rest else await receive()

        await self._app(scope, given, send)

    async def _body(self, receive: Receive, held: list[int]) -> bytes:
        """The body, whose size counts among those that are `held`; raises TooLarge."""
        parts, size = [], 0
        while True:
            message = await receive()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > SMALL_BYTES:
                self._held += size - held[0]
                held[0] = size
                if size > MAX_BODY_BYTES or self._held > BODIES_BYTES:
                    raise TooLarge
            if not message.get("more_body", False):
                return b"".join(parts)

    def _refused(self, headers: dict[bytes, bytes]) -> tuple[int, str] | None:
        """The status and the sentence of a request that isn't let through."""
        own = is_loopback if self._loopback else is_own
        if self._token is None and not own(_hostname(headers.get(b"host", b""))):
            return 421, "the service isn't called so; ask for it by its address."
        origin = headers.get(b"origin")  # of the page that asks, where one does; browsers send it not of every GET
        foreign = origin is not None and origin.lower().partition(b"://")[2] != headers.get(b"host", b"").lower()
        foreign |= headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin")
        if self._token is None and foreign:
            return 403, "pages of other sites aren't answered; ask from a program, or give the service a token."
        if self._token is not None:
            kind, _, token = headers.get(b"authorization", b"").partition(b" ")
            if kind.lower() != b"bearer" or not hmac.compare_digest(_hash(token.strip()), self._token):
                return 401, "this service takes a token: Authorization: Bearer TOKEN."
        return None


async def _refuse(send: Send, status: int, sentence: str, wait: float = RETRY_SECONDS) -> None:
    content = json.dumps(refusal(sentence, kind_of(status))).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    headers += [(b"www-authenticate", b"Bearer")] if status == 401 else []
    headers += [(b"retry-after", str(math.ceil(wait)).encode())] if status == 429 else []
    if status in (408, 413, 429, 503):  # what is left of the body isn't read
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _hash(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _hostname(host: bytes) -> str:
    try:
        return urlsplit(f"//{host.decode('ascii')}").hostname or ""
    except ValueError:
        return ""
