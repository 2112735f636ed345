"""Which files of a folder or an archive are pictures, and which class each belongs to."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

from sfumato.data.captions import Texts
from sfumato.data.decode import SUFFIXES
from sfumato.errors import SfumatoError

UNREAD = {".heic", ".heif", ".svg", ".psd", ".eps", ".pdf", ".dng", ".cr2", ".nef", ".arw", ".exr", ".hdr", ".jxl"}
METADATA = "metadata.jsonl"  # Hugging Face's name for the captions in a folder
SPLITS = {"train", "training", "val", "valid", "validation", "dev", "test", "testing"}
NAMED = 5  # files named in a note before "and n more"

Parts = tuple[str, ...]
Found = dict[Parts, tuple[int, int]]  # a picture → its bytes, and what tells whether it has changed


@dataclass(frozen=True, slots=True)  # there may be millions
class Entry:
    """A picture: its `parts` below the folder or archive, its class, what tells whether it has changed, its captions.

    `values` are float32 numbers, and `images` other pictures, of the columns that were asked for (see columns.py).
    """

    parts: Parts
    label: str | None
    size: int
    changed: int  # nanoseconds, or a checksum
    captions: Texts = ()
    values: bytes = b""
    images: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Source:
    """Pictures wherever they lie: their entries in order, and `read`, which any thread may ask for the file of one.

    `order` says which class comes first where that isn't the alphabet's. `read` may raise: decoding says why. `sizes`
    name the columns of the entries' values, and `images` their pictures. Unless `scattered`, one picture is only had
    with thousands of others around it.
    """

    path: Path
    entries: Sequence[Entry]
    notes: Sequence[str]
    read: Callable[[Entry], Path | BytesIO]
    order: tuple[str, ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()
    images: tuple[str, ...] = ()
    scattered: bool = True

    def in_order(self, labels: Iterable[str]) -> list[str]:
        """`labels` as their classes are numbered."""
        return sorted(labels, key=self.order.index if self.order else None)


def arrange(
    root: Path, found: Found, others: Counter[str], captions: Mapping[Parts, Texts] = MappingProxyType({})
) -> tuple[list[Entry], list[str]]:
    """Every picture `found` in `root` with its class, and notes on the layout; `others` are other files by suffix.

    The folders that lie side by side are the classes (`dog/x.png`, or `train/dog/x.png` where `train` is alone); one
    folder alone is no class. Pictures beside the classes are left out; beside one folder alone, the fewer are. Hidden
    files are ignored, and so are links that lead back. Raises SfumatoError where there are no pictures.
    """
    if not found:
        held = _kinds(others) or "nothing"
        raise SfumatoError(f"{root} holds no pictures (found: {held}); give one with png, jpg, webp, … files.")
    depth = _depth_of_classes(list(found))
    loose = [parts for parts in found if len(parts) == depth + 1]
    inside = [parts for parts in found if len(parts) > depth + 1]
    folders = sorted({parts[depth] for parts in inside})
    notes = []
    if loose and len(folders) == 1 and len(loose) >= len(inside):
        notes.append(f"{count_pictures(len(inside))} in the subfolder left out: {names(inside)}.")
        inside, folders = [], []
    elif loose and folders:
        where = "outside the class folders" if len(folders) > 1 else "outside the subfolder"
        notes.append(f"{count_pictures(len(loose))} {where} left out: {names(loose)}.")
    if len(folders) > 1 and SPLITS.issuperset(name.lower() for name in folders):
        one = readable(str(Path(root, *inside[0][:depth], folders[0])))
        notes.append(f"{' and '.join(folders)} are taken as classes; to train on one of them alone, give {one}.")
    if unread := Counter({suffix: number for suffix, number in others.items() if suffix in UNREAD}):
        notes.append(f"pictures of kinds that can't be read left out: {_kinds(unread)}.")
    chosen = inside or loose
    labelled = len(folders) > 1
    return [Entry(p, p[depth] if labelled else None, *found[p], captions.get(p, ())) for p in chosen], notes


def left_out(paths: Sequence[Parts], reason: str) -> str:
    """The note on files that can't be used."""
    return f"{count_pictures(len(paths))} left out ({reason}): {names(paths)}."


def count_pictures(count: int) -> str:
    """ "1 picture", "2,000 pictures"."""
    return f"{count:,} picture" if count == 1 else f"{count:,} pictures"


def readable(name: str) -> str:
    """A file's name as it can be printed on one line: bytes that are no UTF-8, and line breaks, are escaped."""
    text = os.fsencode(name).decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def walk(root: Path) -> tuple[Found, Counter[str], list[Parts]]:
    """The pictures below `root` with (size, time of change), by name; other files by suffix; where METADATA lies."""

    def refuse(error: OSError) -> None:
        raise SfumatoError(f"{error.filename} can't be read: {(error.strerror or str(error)).lower()}.") from error

    found, others, metadata = {}, Counter[str](), []
    seen = set()
    for folder, folders, files in os.walk(root, followlinks=True, onerror=refuse):
        real = Path(folder).resolve()
        if real in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = Path(folder).relative_to(root).parts
        for name in files:
            path = Path(folder, name)
            if name.startswith(".") or not path.is_file():
                continue
            if path.suffix.lower() in SUFFIXES:
                status = path.stat()
                found[*inside, name] = (status.st_size, status.st_mtime_ns)
            else:
                others[path.suffix.lower() or "no suffix"] += 1
                if name == METADATA:
                    metadata.append(inside)
    return dict(sorted(found.items())), others, sorted(metadata)


def _depth_of_classes(pictures: list[tuple[str, ...]]) -> int:
    """How many folders wrap the classes: a folder that is alone, with more folders inside, is no class."""
    depth = 0
    while len({parts[depth] for parts in pictures}) == 1 and any(len(parts) > depth + 2 for parts in pictures):
        depth += 1
    return depth


def _kinds(others: Counter[str]) -> str:
    return ", ".join(f"{number:,} {readable(suffix)}" for suffix, number in others.most_common(3))


def names(paths: Sequence[Parts]) -> str:
    """The first few of them, as they can be printed."""
    more = f" and {len(paths) - NAMED:,} more" if len(paths) > NAMED else ""
    return ", ".join(readable("/".join(parts)) for parts in paths[:NAMED]) + more
