"""Pictures in a ZIP file or in tar files, WebDataset's shards among them. Nothing is ever unpacked onto the disk."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path, PurePosixPath

from sfumato.data.decode import SUFFIXES
from sfumato.data.layout import Entry, Found, Source, arrange, readable
from sfumato.errors import SfumatoError

LARGEST = 256_000_000  # bytes of one picture's file, once unpacked
TEXTS = {".cls", ".json"}  # beside a picture of the same name, what says its class in a shard
LARGEST_TEXT = 1_000_000


def zip_source(path: Path) -> Source:
    """The pictures in a ZIP file, by the rules of a folder. Raises SfumatoError where it can't be read."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise SfumatoError(f"{path} is no ZIP file, or a damaged one ({error}).") from error
    found: Found = {}
    others: Counter[str] = Counter()
    members: dict[tuple[str, ...], zipfile.ZipInfo] = {}
    for member in archive.infolist():
        if member.is_dir() or not (parts := _parts(member.filename)):
            continue
        if member.flag_bits & 1:
            raise SfumatoError(f"{path} is protected by a password; unpack it, and give the folder.")
        if (suffix := PurePosixPath(member.filename).suffix.lower()) in SUFFIXES:
            found[parts] = (member.file_size, member.CRC)
            members[parts] = member
        else:
            others[suffix or "no suffix"] += 1

    def read(entry: Entry) -> BytesIO:
        if entry.size > LARGEST:
            raise ValueError("too large to open safely")
        try:
            return BytesIO(archive.read(members[entry.parts]))
        except Exception as error:  # zlib, zipfile and lzma each have their own
            raise ValueError("damaged in the archive") from error

    entries, notes = arrange(path, dict(sorted(found.items())), others)
    return Source(path, entries, notes, read)


def tar_source(path: Path, shards: Sequence[Path]) -> Source:
    """The pictures in uncompressed tar files, in order: `path` is what to call them.

    In WebDataset's layout a picture's class is in a file of the same name that ends in .cls, or under "label" or "cls"
    in one that ends in .json. Without these, the folders in a tar file that is alone are the classes, by the rules of a
    folder. Raises SfumatoError where a file can't be read.
    """
    found: Found = {}
    others: Counter[str] = Counter()
    places: dict[tuple[str, ...], tuple[Path, int]] = {}
    labels: dict[tuple[str, ...], str] = {}
    cut = []
    for shard in shards:
        inside: tuple[str, ...] = () if len(shards) == 1 else (shard.name,)
        changed = shard.stat().st_mtime_ns
        try:
            with tarfile.open(shard, "r:") as archive:
                for member in archive:
                    if not member.isfile() or not (parts := _parts(member.name)):
                        continue
                    suffix = PurePosixPath(member.name).suffix.lower()
                    if suffix in SUFFIXES:
                        found[(*inside, *parts)] = (member.size, changed)
                        places[(*inside, *parts)] = (shard, member.offset_data)
                    elif suffix in TEXTS and member.size <= LARGEST_TEXT and (file := archive.extractfile(member)):
                        if (label := _label(suffix, file.read())) is not None:
                            labels[_key((*inside, *parts))] = label
                    else:
                        others[suffix or "no suffix"] += 1
        except tarfile.ReadError as error:
            if not any(place[0] == shard for place in places.values()):
                raise SfumatoError(
                    f"{shard} is no tar file that can be read ({error}); a compressed one has to be unpacked first."
                ) from error
            cut.append(f"{shard.name} breaks off; what comes before that is used.")

    def read(entry: Entry) -> BytesIO:
        if entry.size > LARGEST:
            raise ValueError("too large to open safely")
        shard, offset = places[entry.parts]
        with shard.open("rb") as file:
            file.seek(offset)
            return BytesIO(file.read(entry.size))

    if not found or (not labels and len(shards) == 1):
        entries, notes = arrange(path, dict(sorted(found.items())), others)
        return Source(path, entries, [*notes, *cut], read)
    if not labels:
        return Source(path, [Entry(parts, None, *at) for parts, at in found.items()], cut, read)
    entries = [Entry(p, labels[_key(p)], *at) for p, at in found.items() if _key(p) in labels]
    if without := len(found) - len(entries):
        cut.append(f"{without:,} without a class left out.")
    known = {entry.label for entry in entries if entry.label is not None}
    order = tuple(sorted(known, key=int)) if all(label.isdigit() for label in known) else ()
    return Source(path, entries, cut, read, order)


def _parts(name: str) -> tuple[str, ...]:
    """A member's path, or nothing for what systems leave behind."""
    parts = tuple(part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "."))
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return () if hidden else parts


def _key(parts: tuple[str, ...]) -> tuple[str, ...]:
    """What the files of one sample share: the name up to its first dot."""
    return (*parts[:-1], parts[-1].split(".")[0])


def _label(suffix: str, content: bytes) -> str | None:
    text: object = content.decode("utf-8", "replace").strip()
    if suffix == ".json":
        with suppress(ValueError):
            told = json.loads(content)
            text = told.get("label", told.get("cls")) if isinstance(told, dict) else None
    return readable(str(text)) if isinstance(text, str | int) and str(text) else None
