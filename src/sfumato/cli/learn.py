"""`sfumato learn`"""

from __future__ import annotations

import shutil
import webbrowser
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sfumato.cli.display import console
from sfumato.errors import SfumatoError
from sfumato.lesson.server import LessonServer, pages


def learn(
    *,
    port: Annotated[int, Parameter(help="Where to listen; 0 for any free port.")] = 8123,
    host: Annotated[
        str, Parameter(help="127.0.0.1 is this machine alone; 0.0.0.0 every machine that can reach it.")
    ] = "127.0.0.1",
    browser: Annotated[bool, Parameter(help="Open it in the browser.")] = True,
    build: Annotated[Path | None, Parameter(help="Write the lesson as a folder for any web host instead.")] = None,
) -> None:
    """Open the lesson: diffusion models in seven chapters to play with, and a quiz."""
    site = pages()
    if build is not None:
        if build.exists() and (not build.is_dir() or any(build.iterdir())):
            raise SfumatoError(f"{build} is already there and not empty; give a new folder.")
        shutil.copytree(site, build, dirs_exist_ok=True)
        files = [p for p in build.rglob("*") if p.is_file()]
        size = sum(p.stat().st_size for p in files) / 1e6
        console.print(f"The lesson is in {build}: {len(files)} files, {size:.0f} MB, for any web host.", soft_wrap=True)
        return
    if not 0 <= port < 65536:
        raise SfumatoError(f"a port lies between 0 and 65535, got {port}.")
    with LessonServer(site, host, port) as server:
        console.print(f"The lesson is open at {server.address}   (Ctrl-C ends it)", soft_wrap=True)
        if browser and not _opened(server.address):
            console.print("No browser could be started here: open that address in one.", soft_wrap=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            console.print()


def _opened(address: str) -> bool:
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False
