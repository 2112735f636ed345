"""Jobs on the disk, so that they outlive the service: one file of SQLite, of which one service has hold at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfumato.errors import SfumatoError
from sfumato.serving.jobs import State

FORMAT = 1
SETTINGS = ("locking_mode = exclusive", "journal_mode = wal", "synchronous = full", "foreign_keys = on")
TABLES = """
create table jobs (id text primary key, owner text, model text, request text, created integer, state text, error text);
create table pictures (job text references jobs on delete cascade, number integer, png blob, primary key (job, number));
"""


@dataclass(frozen=True)
class Kept:
    """A job as it is kept; one that hasn't ended is `waiting`."""

    id: str
    owner: str
    model: str
    request: str
    created: int
    state: State
    error: str | None


class Store:
    """The jobs in the file at `path`, which is made where there is none. What a method has done survives a power cut.

    Raises SfumatoError where the file isn't one of jobs, or another service has hold of it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.absolute().parent.is_dir():
            raise SfumatoError(f"there is no folder {path.parent}; make it, or name a file elsewhere.")
        try:
            self._base = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
            for setting in SETTINGS:
                self._base.execute(f"pragma {setting}")
            (found,) = self._base.execute("pragma user_version").fetchone()
            if not found and not self._base.execute("select count(*) from sqlite_master").fetchone()[0]:
                self._base.executescript(f"begin; {TABLES} pragma user_version = {FORMAT}; commit")
            elif found != FORMAT:
                raise SfumatoError(f"{path} holds something else than jobs of this version; name another file.")
        except sqlite3.OperationalError as error:
            why = "another service has hold of it" if "locked" in str(error) else str(error)
            raise SfumatoError(f"{path} can't be opened: {why}; name another file.") from error
        except sqlite3.DatabaseError as error:
            raise _damaged(path, error) from error

    def close(self) -> None:
        self._base.close()

    def add(self, job: Kept) -> None:
        """Keep a job that has just been accepted."""
        row = (job.id, job.owner, job.model, job.request, job.created, job.state, job.error)
        self._base.execute("insert into jobs values (?, ?, ?, ?, ?, ?, ?)", row)

    def end(self, name: str, state: State, error: str | None, pngs: Sequence[bytes]) -> None:
        """Keep how a job ended, and its pictures: all of it or nothing."""
        self._base.execute("begin")
        with self._base:
            self._base.execute("update jobs set state = ?, error = ? where id = ?", (state, error, name))
            rows = ((name, number, png) for number, png in enumerate(pngs))
            self._base.executemany("insert into pictures select ?, ?, ? from jobs where id = ?1", rows)

    def drop(self, name: str) -> None:
        """Forget a job and its pictures."""
        self._base.execute("delete from jobs where id = ?", (name,))

    def jobs(self) -> Iterator[tuple[Kept, tuple[bytes, ...]]]:
        """All that are kept, the oldest first, with their pictures. Raises SfumatoError where the file is damaged."""
        try:
            for row in self._base.execute("select * from jobs order by rowid").fetchall():
                found = self._base.execute("select png from pictures where job = ? order by number", row[:1])
                yield Kept(*row), tuple(png for (png,) in found)
        except sqlite3.DatabaseError as error:
            raise _damaged(self._path, error) from error


def _damaged(path: Path, error: sqlite3.DatabaseError) -> SfumatoError:
    why = str(error).partition(" with text")[0]  # without the bytes themselves
    return SfumatoError(f"{path} can't be opened ({why}); name another file.")
