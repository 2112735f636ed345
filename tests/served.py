"""`sfumato serve` in a process of its own, on a port of its own, and how to ask it."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
from PIL import Image

from forking import FORKS

TOKEN = "a token of its own"
GENERATE = "/v1/images/generations"
LONG = {"n": 64, "steps": 1000}


def png(pixels: Any) -> bytes:
    """An array of uint8 as a PNG."""
    data = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(data, "PNG")
    return data.getvalue()


GREY = png(np.full((8, 8), 99))
PICTURE = base64.b64encode(GREY).decode()


def told_by_one_that_is_killed(serve: Callable[..., NoReturn], *words: object, count: int) -> list[str]:
    """What `serve(*words, told)` sends to the pipe `told`, `count` times, in a process that is then killed.

    Not a fork of this one, whose threads may hold locks that nobody would open there.
    """
    hears, told = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=serve, args=(*words, told), daemon=True)
    process.start()
    told.close()
    with hears:
        found = [hears.recv() for _ in range(count)]
        process.kill()
        process.join()
    return found


@dataclass
class Served:
    """A service, and how to ask it."""

    process: subprocess.Popen[str]
    port: int

    def ask(
        self, path: str, body: object = None, token: str | None = TOKEN, method: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        """The status and what came back; POST where there is a body."""
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        own = {"Content-Type": "application/json", **({} if token is None else {"Authorization": f"Bearer {token}"})}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, {**own, **headers}, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=300) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, {
                **json.load(error),
                "headers": {name.lower(): value for name, value in error.headers.items()},
            }

    def left(self) -> int:
        """How many jobs haven't ended."""
        return sum(job["status"] in ("waiting", "running") for job in self.ask("/v1/jobs")[1]["data"])


@contextmanager
def serving(*words: str, model: str = "digits", errors: IO[str] | None = None, **environment: str) -> Iterator[Served]:
    """A service of digits, or of another model, with more `words` on its command line, ended by SIGTERM; `errors` gets
    its stderr."""
    command = [sys.executable, "-m", "sfumato", "serve", model, "--port", "0", *words]
    own = {**os.environ, "SFUMATO_TOKEN": TOKEN, "OMP_NUM_THREADS": "1", **environment}
    with subprocess.Popen(command, env=own, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(f"Serving {Path(model).name} at http://127.0.0.1:"), line
        yield Served(process, int(line.split("/v1")[0].rpartition(":")[2]))
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        assert not process.stdout.read()
