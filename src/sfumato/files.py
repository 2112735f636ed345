"""Writing files so that a full disk or a killed process leaves the old one or the new one, never a part."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from sfumato.errors import SfumatoError

FULL = (errno.ENOSPC, errno.EDQUOT)


class NotWritten(SfumatoError):
    """A file could not be written; whatever was at its place is there still."""


def free_disk(folder: Path) -> int:
    """Bytes that are free where `folder` is, or would be."""
    place = next(path for path in [folder.absolute(), *folder.absolute().parents] if path.exists())
    return shutil.disk_usage(place).free


def write_file(path: Path, data: bytes) -> None:
    """Write `data` and sync it to the disk; where that fails (OSError), no half-written file stays behind."""
    try:
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` in place of whatever is at `path`, whole or not at all; makes the folder where it is missing.

    Raises NotWritten where the disk is full or the place can't be written.
    """
    _put(path, data, lambda temporary: bool(temporary.replace(path)))


def create_file(path: Path, data: bytes) -> bool:
    """Put `data` at `path`, whole or not at all, unless something is there already; whether it was put there.

    Raises SfumatoError as replace_file does.
    """
    return _put(path, data, lambda temporary: _named(temporary, path))


def _named(temporary: Path, path: Path) -> bool:
    """Give the file its name unless that is taken, in one step where the file system has links."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:  # no hard links there
        if path.exists():
            return False
        temporary.replace(path)
    return True


def _put(path: Path, data: bytes, place: Callable[[Path], bool]) -> bool:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")  # two processes may write one path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(temporary, data)
        return place(temporary)
    except OSError as error:
        if error.errno in FULL:
            raise NotWritten(
                f"the disk is full and {path} can't be written; free {len(data) / 1e6:.1f} MB or write elsewhere."
            ) from error
        raise NotWritten(f"could not write {path}: {(error.strerror or str(error)).lower()}.") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A new folder to write into, which becomes `folder`, new or empty, when all is written; or else nothing is left.

    Raises OSError where it can't be written.
    """
    whole = folder.absolute()
    made = whole.with_name(f".{whole.name}.{secrets.token_hex(4)}.part")
    try:
        made.mkdir(parents=True)
        yield made
        if folder.exists():
            folder.rmdir()
        made.rename(whole)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Put `files`, texts by their names, into `folder`, which is new or empty: all of them or none.

    Raises SfumatoError for a folder that holds something, and where it can't be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SfumatoError(f"{folder} is already there and not empty; give a new folder.")
    try:
        with whole_folder(folder) as made:
            for name, text in files.items():
                write_file(made / name, text.encode())
    except OSError as error:
        full = error.errno in FULL
        why = "the disk is full" if full else (error.strerror or str(error)).lower()
        cure = "free some space, or give a folder elsewhere" if full else "give a folder that can be written"
        raise SfumatoError(f"{folder} can't be written: {why}; {cure}.") from error


def append(path: Path, text: str) -> None:
    """Add `text` to the end of the file at `path`; raises OSError where that fails."""
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def sync_folder(path: Path) -> None:
    """Make renames inside `path` durable, where the system lets a folder be opened and synced."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems know no such thing
                raise
        finally:
            os.close(descriptor)


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """While this lasts, no other process enters it for the same folder; one that was killed has left it.

    Raises SfumatoError where another is in it. A file system that knows no locks lets everyone in.
    """
    lock = filelock.FileLock(folder / ".lock", blocking=False)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise SfumatoError(f"another process trains in {folder}; stop it first, or give another `folder`.") from error
    except (NotImplementedError, OSError):  # no locks there; or a full disk, of which the first checkpoint will say
        pass
    try:
        yield
    finally:
        lock.release()


def locked(folder: Path) -> bool:
    """Whether a process is in the `run_lock` of `folder`."""
    if not (folder / ".lock").exists():
        return False
    try:
        with filelock.FileLock(folder / ".lock", blocking=False):
            return False
    except filelock.Timeout:
        return True
    except (NotImplementedError, OSError):  # no locks there
        return False
