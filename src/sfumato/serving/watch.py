"""What goes on around every request: its id, how it was answered and how long that took, for metrics and a log."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sfumato.serving.guard import App, Message, Receive, Send
from sfumato.serving.metrics import Requests

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Watch:
    """Gives each request an id, which is in the answer's header X-Request-Id, counts it among `requests`, and hands a
    line of JSON about it to `log`. Nothing of what was asked or drawn is in there."""

    def __init__(self, app: App, requests: Requests, log: Callable[[str], object] | None = None) -> None:
        self._app = app
        self._requests = requests
        self._log = log

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name, begun, status = secrets.token_hex(8), time.perf_counter(), 0

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", []), (b"x-request-id", name.encode())]}
            await send(message)

        try:
            await self._app(scope, receive, named)
        finally:
            seconds = time.perf_counter() - begun
            method = scope["method"] if scope["method"] in METHODS else "other"
            route = getattr(scope.get("route"), "path", "other")
            self._requests.add(method, route, status, seconds)
            if self._log is not None:
                self._log(_line(name, scope, method, route, status, seconds))


def _line(name: str, scope: Message, method: str, route: str, status: int, seconds: float) -> str:
    client: Any = scope.get("client")
    about = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "request": name,
        "client": client[0] if client else "",
        "method": method,
        "route": route,
        "status": status,
        "milliseconds": round(1000 * seconds, 1),
    }
    if job := scope.get("path_params", {}).get("id"):
        about["id"] = str(job)[:100]
    return json.dumps(about)
