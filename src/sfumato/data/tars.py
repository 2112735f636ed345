"""The files in a tar file, plain or compressed, whichever program wrote it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
import tempfile
import threading
import zlib
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from sfumato.data.archive import Members
from sfumato.data.file_kinds import Parts
from sfumato.data.limits import FILE, limit, too_large
from sfumato.data.listing import SPECIAL, Listing, Version, version_of
from sfumato.data.signatures import signature
from sfumato.errors import SfumatoError
from sfumato.files import FULL

PACKED: tuple[tuple[bytes, Any], ...] = (  # how a compressed file begins, and what opens it
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\0", lzma.open),
)
ZSTANDARD = b"\x28\xb5\x2f\xfd"
BLOCK_BYTES = 2**20  # bytes that are looked at together
ReadAt = Callable[[int, int], bytes]  # (offset, size) → what is there


def list_tar(path: Path) -> Listing:
    """The files in a tar file; of one that breaks off, those before that.

    A compressed one can't be read from the middle: it is unpacked into a temporary file, which lasts as long as what
    is returned. Raises SfumatoError where it can't be read at all.
    """
    notes: list[str] = []
    read_at, opened = _open(path, notes)
    members: Members[tarfile.TarInfo] = Members(path)
    end = 0  # of the members so far
    try:
        with opened, tarfile.open(fileobj=opened, mode="r:") as archive:
            archive.ignore_zeros = True  # several tar files may have been joined, which leaves zeros between
            for member in archive:
                if any(read_at(end, min(member.offset - end, BLOCK_BYTES))):
                    notes.append(f"{path.name} is damaged at byte {end:,}; what can't be made out there is left out.")
                end = archive.offset
                if member.isreg():
                    members.add(member.name, member)
                elif member.issym() or member.islnk():
                    members.link(member.name, member.linkname, hard=member.islnk())
                elif not member.isdir():
                    members.leave_out(member.name, SPECIAL)
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        if not members.files:
            raise SfumatoError(f"{path} is no tar file that can be read ({signature(path) or error}).") from error
        notes.append(f"{path.name} breaks off; what comes before that is used.")
    members.resolve()

    def read(parts: Parts) -> BytesIO:
        member = members.files[parts]
        if member.size > limit(FILE):
            raise ValueError(too_large(FILE))
        if not member.issparse():
            return BytesIO(read_at(member.offset_data, member.size))
        content, offset = bytearray(member.size), member.offset_data
        pieces: Sequence[tuple[int, int]] = member.sparse  # type: ignore[assignment]  # of what is no zeros
        for start, size in pieces:
            content[start : start + size] = read_at(offset, size)
            offset += size
        return BytesIO(content[: member.size])

    _, changed = version_of(path)
    versions: dict[Parts, Version] = {
        parts: (member.size, hash((changed, member.offset_data))) for parts, member in sorted(members.files.items())
    }
    return Listing(path, versions, read, members.left_out, notes)


def _open(path: Path, notes: list[str]) -> tuple[ReadAt, IO[bytes]]:
    """How any thread reads from the tar file once it is unpacked, and a file that has all of it."""
    with path.open("rb") as file:
        head = file.read(6)
    if head.startswith(ZSTANDARD):
        raise SfumatoError(f"{path} is compressed with Zstandard, which can't be read; unpack it first, with zstd -d.")
    unpack = next((opens for start, opens in PACKED if head.startswith(start)), None)
    if unpack is None:

        def read_at(offset: int, size: int) -> bytes:
            with path.open("rb") as file:
                file.seek(offset)
                return file.read(size)

        return read_at, path.open("rb")
    whole, lock = tempfile.TemporaryFile(), threading.Lock()  # noqa: SIM115 (it lasts as long as it is read)
    try:
        with unpack(path) as packed:
            while some := packed.read1(BLOCK_BYTES):  # less than asked for where the file breaks off
                whole.write(some)
        whole.flush()
    except (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile):
        notes.append(f"{path.name} is damaged; what could be unpacked is used.")
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise SfumatoError(
            f"{path} is compressed, and unpacked it doesn't fit into {tempfile.gettempdir()}; set TMPDIR to a folder "
            "on a larger disk, or unpack it yourself and give the tar file."
        ) from error

    def read_unpacked(offset: int, size: int) -> bytes:
        with lock:
            whole.seek(offset)
            return whole.read(size)

    whole.seek(0)
    return read_unpacked, os.fdopen(os.dup(whole.fileno()), "rb")
