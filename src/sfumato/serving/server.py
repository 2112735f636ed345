"""The server that a service runs in, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

import uvicorn

from sfumato.serving.guard import App

CONNECTIONS = 512  # at once
SECONDS = 5  # for clients to take what they wait for, when the service ends


class Server(uvicorn.Server):  # type: ignore[misc, unused-ignore]  # where uvicorn isn't installed
    """Serves `app` until Ctrl-C: then `ending` is set, so that whoever waits is told, and `ended` called once they are.

    Who doesn't take the answer within SECONDS is cut off, without a word of it.
    """

    def __init__(self, app: App, ending: asyncio.Event, ended: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=SECONDS,
        )
        super().__init__(config)
        self._ending = ending
        self._ended = ended

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._ending.set()
        await super().shutdown(sockets)
        self._ended()
