"""Runs the command line in forks of one process that has loaded what commands load: that is most of what one takes.

python tests/forking.py, then a line of JSON on its standard input a command: its arguments, folder, environment, the
files for what it prints, and in how many processes. The answer is its exit code.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import multiprocessing
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

SECONDS = 600  # longer than any command of a test takes
ENVIRONMENT = {"COLUMNS": "100"}
LATE = (  # what commands import only where they need it: a first step of training, digits, an export, several processes
    "torch._dynamo", "sklearn.datasets", "PIL.Image", "onnxscript", "torch.onnx._internal.exporter._core", "accelerate",
)  # fmt: skip
FORKS = multiprocessing.get_context("forkserver" if hasattr(os, "fork") else "spawn")
FORKS.set_forkserver_preload(["torch._dynamo", "sfumato.training", "pytest"])


class Forks:
    """A process to fork from, started with the first command and ended with `close`."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[str] | None = None

    def run(self, arguments: Sequence[str], folder: Path, ranks: int = 1) -> subprocess.CompletedProcess[str]:
        """What the command line, or a script if one is named first, did with `arguments` in `folder`.

        It has a process of its own, or as many as `ranks`, with what torchrun would say in their environment.
        """
        if self._server is None or self._server.poll() is not None:
            self._server = subprocess.Popen(
                [sys.executable, __file__],
                env={**os.environ, **ENVIRONMENT},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._server.stdin is not None and self._server.stdout is not None
        with tempfile.TemporaryDirectory() as place:
            printed, said = Path(place) / "stdout", Path(place) / "stderr"
            environment = {**os.environ, **ENVIRONMENT, "SFUMATO_CACHE": str(folder / "cache")}
            told = [*arguments], str(folder), environment, str(printed), str(said), ranks
            print(json.dumps(told), file=self._server.stdin, flush=True)
            code = int(self._server.stdout.readline())
            return subprocess.CompletedProcess(
                [*arguments], code, printed.read_text(errors="replace"), said.read_text(errors="replace")
            )

    def close(self) -> None:
        if self._server is not None:
            self._server.communicate()


def serve() -> None:
    """Fork for each line; the child goes on as if it had been started so."""
    import torch  # noqa: F401

    import sfumato
    from sfumato.cli import app, main

    for name in LATE:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for verb in list(app):
        app[verb]  # loads its module
    gc.collect()
    gc.freeze()  # or else each fork would look through all of it, and copy it so
    for line in sys.stdin:
        arguments, folder, environment, printed, said, ranks = json.loads(line)
        if child := os.fork():
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
            continue
        signal.alarm(SECONDS)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        for number, path in enumerate((os.devnull, printed, said)):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
        if ranks > 1:
            part(ranks)
        if arguments[0].endswith(".py"):
            sys.argv = arguments
            end(partial(runpy.run_path, arguments[0], run_name="__main__"))
        sys.argv = [str(Path(sfumato.__file__).with_name("__main__.py")), *arguments]
        end(main)


def end(program: Callable[[], object]) -> NoReturn:
    """Run `program` and end this process as Python would, without taking everything that is loaded apart before."""
    code: object = None
    try:
        program()
    except SystemExit as asked:
        code = asked.code
    except BaseException:
        traceback.print_exc()
        code = 1
    if isinstance(code, str):
        print(code, file=sys.stderr)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def part(ranks: int) -> None:
    """Fork `ranks` processes that find each other, and end this one when all of them have ended."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": ranks, "LOCAL_WORLD_SIZE": ranks}
    children = []
    for rank in range(ranks):
        child = os.fork()
        if not child:
            signal.alarm(SECONDS)  # a fork has none
            os.environ.update(
                {name: str(value) for name, value in {**shared, "RANK": rank, "LOCAL_RANK": rank}.items()}
            )
            return
        children.append(child)
    os._exit(max(abs(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])) for child in children))


if __name__ == "__main__":
    end(serve)
