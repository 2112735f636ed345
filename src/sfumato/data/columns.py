"""What `metadata.jsonl` says of pictures besides captions: numbers, lists of numbers, and other pictures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from sfumato.data.captions import Texts, captions_in, json_object, plain
from sfumato.data.controls import CONTROLS
from sfumato.data.layout import METADATA, Entry, Found, Parts, names
from sfumato.errors import SfumatoError

CONDITIONING = "conditioning_image"  # diffusers' name for the column of pictures that others are drawn from


@dataclass(frozen=True)
class Columns:
    """The columns that are asked for: of numbers, of lists of numbers (vectors), and of names of pictures (images)."""

    numbers: tuple[str, ...] = ()
    vectors: tuple[str, ...] = ()
    images: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.numbers or self.vectors or self.images)


NONE = Columns()
Row = tuple[Parts, str, Mapping[str, object]]  # the folder of a line of metadata, where it stands, and what it says


@dataclass
class Metadata:
    """What is said of the pictures by their parts: captions, float32 `values` (names of columns to sizes), pictures.

    `apart` are pictures that are there for others, and none to draw.
    """

    captions: dict[Parts, Texts] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    values: dict[Parts, bytes] = field(default_factory=dict)  # of all columns of `sizes`, one after another
    images: dict[Parts, tuple[Parts, ...]] = field(default_factory=dict)
    apart: set[Parts] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def attached(self, entries: list[Entry], found: Found, columns: Columns) -> list[Entry]:
        """The `entries` with their numbers and pictures; those that lack a picture are left out."""
        if not columns:
            return entries
        empty = np.full(sum(self.sizes.values()), np.nan, np.float32).tobytes()
        complete, lacking = [], []
        for entry in entries:
            images = self.images.get(entry.parts, ())
            if len(images) == len(columns.images):
                others = tuple(Entry(parts, None, *found[parts]) for parts in images)
                complete.append(replace(entry, values=self.values.get(entry.parts, empty), images=others))
            else:
                lacking.append(entry.parts)
        if lacking:
            self.notes.append(f"{len(lacking):,} without {' and '.join(columns.images)} left out: {names(lacking)}.")
        return complete


def read_metadata(files: Iterable[tuple[Parts, bytes]], found: Found, columns: Columns = NONE) -> Metadata:
    """What every `metadata.jsonl` says of the pictures `found`: the folder it is in, and what is in it.

    Each line is an object with `file_name`, relative to that folder, and `text` or `caption`, or the `columns`. Lines
    that are not, and names of no picture, become notes. Raises SfumatoError for a column that isn't there, or that
    holds something else.
    """
    told = Metadata()
    rows: dict[Parts, Row] = {}
    drawn: set[Parts] = set()
    known: dict[str, None] = {}  # in their order
    for folder, content in files:
        where = names([(*folder, METADATA)])
        broken, strange = [], []
        for number, line in enumerate(content.splitlines(), start=1):
            fields = json_object(line)
            known |= dict.fromkeys(fields)
            name, texts = fields.get("file_name"), captions_in(fields)
            if isinstance(other := fields.get(CONDITIONING), str):
                told.apart.add((*folder, *PurePosixPath(other).parts))
            if isinstance(name, str) and (texts is not None or columns):
                parts = (*folder, *PurePosixPath(name).parts)
                if parts not in found:
                    strange.append((plain(name),))
                    continue
                if texts is not None:
                    told.captions[parts] = texts
                drawn.add(parts)
                if columns:
                    rows[parts] = (folder, f"line {number:,} of {where}", fields)
            elif line.strip():
                broken.append((f"line {number:,}",))
        if broken:
            lines = f"{len(broken):,} line{'s' * (len(broken) > 1)}"
            told.notes.append(f"{lines} of {where} without a file_name and a text passed over: {names(broken)}.")
        if strange:
            named = f"{len(strange):,} file{'s' * (len(strange) > 1)}"
            told.notes.append(f"{named} named in {where} that no picture here is: {names(strange)}.")
    if columns:
        _read_columns(told, rows, [name for name in known if name != "file_name"], found, columns)
    told.apart = (told.apart & found.keys()) - drawn  # a picture with a line of its own is drawn as well
    return told


def _read_columns(told: Metadata, rows: Mapping[Parts, Row], known: list[str], found: Found, columns: Columns) -> None:
    for name in (*columns.numbers, *columns.vectors, *columns.images):
        if name not in known:
            there = f"there are {', '.join(known)}" if known else f"there is no {METADATA} with any"
            computed = f" Computed from pictures are {', '.join(CONTROLS)}." if name in columns.images else ""
            raise SfumatoError(f"no column '{plain(name)}' is in the metadata; {there}.{computed}")
    read = {}
    for name in columns.numbers:
        told.sizes[name] = 1
        read[name] = {parts: [_number(fields.get(name), name, at)] for parts, (_, at, fields) in rows.items()}
    for name in columns.vectors:
        lists = {parts: _vector(fields.get(name), name, at) for parts, (_, at, fields) in rows.items()}
        lengths = sorted({len(one) for one in lists.values() if one is not None})
        if len(lengths) != 1 or lengths == [0]:
            which = " and ".join(map(str, lengths[:2])) or "none"
            raise SfumatoError(f"the column '{plain(name)}' needs lists of one length, and has {which} numbers a list.")
        told.sizes[name] = lengths[0]
        read[name] = {parts: one or [math.nan] * lengths[0] for parts, one in lists.items()}
    for parts in rows if read else ():
        told.values[parts] = np.array([v for column in read.values() for v in column[parts]], np.float32).tobytes()
    for parts, (folder, at, fields) in rows.items() if columns.images else ():
        others = [_picture(fields.get(name), name, at, folder, found) for name in columns.images]
        told.images[parts] = tuple(other for other in others if other is not None)
        told.apart.update(told.images[parts])


def _number(value: object, name: str, at: str) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 3e38:
        raise SfumatoError(f"the column '{plain(name)}' needs numbers, and {at} has {_short(value)}; null is not told.")
    return float(value)


def _vector(value: object, name: str, at: str) -> list[float] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise SfumatoError(f"the column '{plain(name)}' needs lists of numbers, and {at} has {_short(value)}.")
    return [_number(math.inf if one is None else one, name, at) for one in value]


def _picture(value: object, name: str, at: str, folder: Parts, found: Found) -> Parts | None:
    if value is None:
        return None
    parts = (*folder, *PurePosixPath(value).parts) if isinstance(value, str) else ()
    if parts not in found:
        raise SfumatoError(f"the column '{plain(name)}' names pictures, and {at} has {_short(value)}, which is none.")
    return parts


def _short(value: object) -> str:
    text = plain(repr(value))
    return text if len(text) < 40 else f"{text[:36]} …"


def split_columns(values: NDArray[np.float32], sizes: Sequence[tuple[str, int]]) -> dict[str, NDArray[np.float32]]:
    """The columns of these names and `sizes` that stand side by side in `values` `(count, sum of sizes)`."""
    ends = np.cumsum([size for _, size in sizes])
    return {name: values[:, end - size : end] for (name, size), end in zip(sizes, ends.tolist(), strict=True)}


def statistics(values: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each column of `(count, size)`, NaN left out; 1 where there is no deviation."""
    told = values[~np.isnan(values).any(1)].astype(np.float64)
    mean, std = told.mean(0), told.std(0)
    std = np.where(std > 1e-6 * np.abs(mean), std, 1.0)
    return [float(f"{v:.6g}") for v in mean], [float(f"{v:.6g}") for v in std]
