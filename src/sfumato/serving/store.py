"""Jobs on the disk, so that they outlive the service: one file of SQLite, of which one service has hold at a time."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from sfumato.errors import SfumatoError
from sfumato.serving.jobs import State
from sfumato.serving.uploads import Kind

FORMAT = 3
SETTINGS = ("locking_mode = exclusive", "journal_mode = wal", "synchronous = full", "foreign_keys = on")
TABLES = """
create table jobs (id text primary key, owner text, model text, request text, created integer, state text, error text);
create table pictures (job text references jobs on delete cascade, number integer, png blob, primary key (job, number));
"""
SECOND = """
alter table jobs add column key text;
alter table jobs add column asked text not null default '';
alter table jobs add column kind text not null default 'png';
alter table jobs add column compression integer;
create table files (job text references jobs on delete cascade, sha256 text, content blob, primary key (job, sha256));
"""  # what the second format has beyond the first
THIRD = "alter table jobs add column ended integer;"


@dataclass(frozen=True)
class Kept:
    """A job as it is kept; one that hasn't ended is `waiting`, and `ended` is when one did, in seconds.

    `key` is what its client may ask for it again by, and `asked` the hash of what was asked by that; its pictures are
    answered as files of `kind` and `compression`.
    """

    id: str
    owner: str
    model: str
    request: str
    created: int
    state: State
    error: str | None
    key: str | None = None
    asked: str = ""
    kind: Kind = "png"
    compression: int | None = None
    ended: int | None = None


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
                self._base.executescript(f"begin; {TABLES} {SECOND} {THIRD} pragma user_version = {FORMAT}; commit")
            elif found in (1, 2):
                more = f"{SECOND} {THIRD}" if found == 1 else THIRD
                self._base.executescript(f"begin; {more} pragma user_version = {FORMAT}; commit")
            elif found != FORMAT:
                raise SfumatoError(f"{path} holds something else than jobs of this version; name another file.")
        except sqlite3.OperationalError as error:
            why = "another service has hold of it" if "locked" in str(error) else str(error)
            raise SfumatoError(f"{path} can't be opened: {why}; name another file.") from error
        except sqlite3.DatabaseError as error:
            raise _damaged(path, error) from error

    def close(self) -> None:
        self._base.close()

    def add(self, job: Kept, files: Mapping[str, bytes] | None = None) -> None:
        """Keep a job that has just been accepted, and the pictures that came along, by their hashes."""
        self._base.execute("begin")
        with self._base:
            self._base.execute(f"insert into jobs values ({', '.join('?' * len(fields(Kept)))})", astuple(job))
            rows = ((job.id, sha256, content) for sha256, content in (files or {}).items())
            self._base.executemany("insert into files values (?, ?, ?)", rows)

    def end(self, name: str, state: State, error: str | None, pngs: Sequence[bytes]) -> None:
        """Keep how a job ended, and its pictures: all of it or nothing. What came along isn't needed any more."""
        self._base.execute("begin")
        with self._base:
            ended = (state, error, int(time.time()), name)
            self._base.execute("update jobs set state = ?, error = ?, ended = ? where id = ?", ended)
            rows = ((name, number, png) for number, png in enumerate(pngs))
            self._base.executemany("insert into pictures select ?, ?, ? from jobs where id = ?1", rows)
            self._base.execute("delete from files where job = ?", (name,))

    def files(self, name: str) -> dict[str, bytes]:
        """The pictures that came along with a job that hasn't ended, by their hashes."""
        return dict(self._base.execute("select sha256, content from files where job = ?", (name,)).fetchall())

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
