"""`sfumato learn`"""

from __future__ import annotations

import hashlib
import shlex
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sfumato.cli.browser import opens
from sfumato.cli.display import console, next_command, note
from sfumato.cli.groups import COMMON, SERVER
from sfumato.errors import SfumatoError
from sfumato.lesson.live import Live
from sfumato.lesson.server import LessonServer, pages

PORT, HOST = 8123, "127.0.0.1"


def learn(
    *,
    run: Annotated[
        Path | None,
        Parameter(
            group=COMMON, help="A run such as runs/photos, or digits, to sample from in the chapter on sampling."
        ),
    ] = None,
    build: Annotated[
        Path | None, Parameter(group=COMMON, help="Write the lesson as a folder for any web host instead.")
    ] = None,
    address: Annotated[
        str | None,
        Parameter(
            group=COMMON,
            help="Where --build's folder will be, such as https://example.org/lesson/, so that links have a picture.",
        ),
    ] = None,
    browser: Annotated[bool | None, Parameter(group=SERVER, help="Open it in the browser [default: yes].")] = None,
    port: Annotated[
        int | None, Parameter(group=SERVER, help=f"Where to listen; 0 for any free port [default: {PORT}].")
    ] = None,
    host: Annotated[
        str | None,
        Parameter(
            group=SERVER,
            help=f"{HOST} is this machine alone; 0.0.0.0 every machine that can reach it [default: {HOST}].",
        ),
    ] = None,
) -> None:
    """Open the lesson: diffusion models in eight chapters to play with, and a quiz."""
    site = pages()
    if build is not None:
        if run is not None:
            raise SfumatoError(
                f"--build writes pages, which have no program behind them that could sample {run}: leave --run out. "
                f"{next_command('learn', run=run)} samples it in the lesson, {next_command('serve', [run])} for others."
            )
        for name, given in (("port", port), ("host", host), ("browser", browser)):
            if given is not None:
                raise SfumatoError(f"--build writes pages, which have no program behind them; leave --{name} out.")
        write_site(site, build, address)
        return
    if address is not None:
        raise SfumatoError("--address says where a folder will be; give --build FOLDER with it.")
    port, host = PORT if port is None else port, host or HOST
    if not 0 <= port < 65536:
        raise SfumatoError(f"a port lies between 0 and 65535, got {port}.")
    with _ends_quietly(), LessonServer(site, host, port) as server, Live(run) as live:
        server.live = live
        console.print(f"The lesson is open at {server.address}   (Ctrl-C ends it)", soft_wrap=True)
        if not server.loopback:
            what = "sample and train" if run else "train"
            where = server.address.replace("localhost", socket.gethostname())
            note(f"everyone who can reach this machine can open it, at {where}, and have it {what} on its processor.")
        if browser is not False and not opens(f"{server.address}?c=lessons"):
            console.print("No browser could be started here: open that address in one.", soft_wrap=True)
        server.serve_forever(poll_interval=0.1)


def write_site(site: Path, folder: Path, address: str | None = None) -> None:
    """Copy the pages into `folder`, which is new or empty, and say how much that is; `address` is where it will be."""
    if address is not None and not address.startswith(("http://", "https://")):
        raise SfumatoError(f"--address is a whole address, such as https://example.org/lesson/, not '{address}'.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SfumatoError(f"{folder} is already there and not empty; give a new folder.")
    if folder.resolve().is_relative_to(site):
        raise SfumatoError(f"{folder} lies inside the installed lesson itself; give a folder elsewhere.")
    try:
        shutil.copytree(site, folder, dirs_exist_ok=True)
        if address is not None:
            _name_picture(folder, address.rstrip("/"))
    except shutil.Error as error:  # a list of (from, to, why)
        raise SfumatoError(f"the lesson could not be written into {folder}: {error.args[0][0][2]}.") from error
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise SfumatoError(f"the lesson could not be written into {folder}: {why}.") from error
    files = [p for p in folder.rglob("*") if p.is_file()]
    size = sum(p.stat().st_size for p in files) / 1e6
    console.print(f"The lesson is in {folder}: {len(files)} files, {size:.0f} MB, for any web host.", soft_wrap=True)
    serving = shlex.join(["python3", "-m", "http.server", "-d", str(folder)])
    console.print(f"To look at it here: {serving}", soft_wrap=True)


def _name_picture(folder: Path, address: str) -> None:
    """Where others show a link they take a whole address only; the service worker knows each file by its digest."""
    page, worker = folder / "index.html", folder / "sw.js"
    before = page.read_bytes()
    named = before.replace(b'content="./computed/card.png"', f'content="{escape(address)}/computed/card.png"'.encode())
    page.write_bytes(named)
    old, new = (hashlib.sha256(content).hexdigest() for content in (before, named))
    worker.write_text(worker.read_text("utf-8").replace(old, new), "utf-8")


@contextmanager
def _ends_quietly() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the block, and that is no error."""

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        if console.is_terminal:
            console.print()
    finally:
        signal.signal(signal.SIGTERM, before)
