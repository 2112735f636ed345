"""The server that a service runs in, and how it ends."""

from __future__ import annotations

import logging
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from types import FrameType
from typing import Any

import uvicorn

from sfumato.serving.guard import App
from sfumato.serving.phase import Phase

CONNECTIONS = 512  # at once
SECONDS = 5  # for clients to take what they wait for, when the service ends
STALLED_SECONDS = 30.0  # in which a client sends no whole head of a request, or takes nothing of its answer
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.Server):  # type: ignore[misc, unused-ignore]  # where uvicorn isn't installed
    """Serves `app` until Ctrl-C: then all who wait are told, and `ended` is called once they are.

    At SIGTERM it drains first: until nothing is `busy`, or for `drain` seconds at most, or until a second signal. Who
    doesn't take the answer within SECONDS is cut off, without a word of it. Only `proxies` are believed whom they ask
    for.
    """

    def __init__(
        self,
        app: App,
        phase: Phase,
        ended: Callable[[], None],
        busy: Callable[[], Awaitable[object]],
        drain: float = 0.0,
        proxies: Sequence[str] = (),
    ) -> None:
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=SECONDS,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
        )
        super().__init__(config)
        self._phase = phase
        self._ended = ended
        self._busy = busy
        self._drain = drain
        self._until = 0.0
        self._stalled: dict[Any, tuple[object, float]] = {}

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal, which is raised again in the end. It is heard from the very beginning."""
        if threading.current_thread() is not threading.main_thread():
            super().run(sockets)
            return
        before = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            super().run(sockets)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if self._captured_signals:
            signal.raise_signal(self._captured_signals[0])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and not (self._phase.draining or self.should_exit):
            self._captured_signals.append(sig)
            self._until = time.monotonic() + self._drain
            self._phase.draining = True
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        self._drop_stalled()
        if self._phase.draining and (time.monotonic() >= self._until or not await self._busy()):
            self.should_exit = True
        return bool(await super().on_tick(counter))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._phase.ending.set()
        await super().shutdown(sockets)
        self._ended()

    def _drop_stalled(self) -> None:
        """Cut off clients that keep a connection and neither ask nor read."""
        now = time.monotonic()
        stalled = {one: state for one in self.server_state.connections if (state := _stall(one)) is not None}
        self._stalled = {
            one: (state, self._stalled[one][1] if self._stalled.get(one, (None,))[0] == state else now)
            for one, state in stalled.items()
        }
        for one, (_, since) in self._stalled.items():
            if now - since > STALLED_SECONDS:
                one.transport.abort()


def _stall(connection: Any) -> object:
    """What a connection waits for its client with: a head of a request, or so many bytes to be read; else None."""
    cycle = getattr(connection, "cycle", None)
    if cycle is None or cycle.response_complete:
        return "head"
    return connection.transport.get_write_buffer_size() or None
