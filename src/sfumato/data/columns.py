"""What metadata files say of pictures besides captions: numbers, lists of numbers, and other pictures."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sfumato.data.captions import Texts, captions_in, plain
from sfumato.data.companions import label_in
from sfumato.data.controls import CONTROLS
from sfumato.data.file_kinds import METADATA, Parts
from sfumato.data.layout import Entry, names
from sfumato.data.listing import Listing, Version
from sfumato.data.metadata import NAMES, Find, rows
from sfumato.errors import SfumatoError

CONDITIONING = "conditioning_image"  # diffusers' name for the column of pictures that others are conditioned on


@dataclass(frozen=True)
class Columns:
    """The columns that are asked for: of numbers, of lists of numbers (vectors), and of names of pictures (images)."""

    numbers: tuple[str, ...] = ()
    vectors: tuple[str, ...] = ()
    images: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.all)

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.numbers, *self.vectors, *self.images)


NONE = Columns()
Row = tuple[Parts, str, Mapping[str, object]]  # the folder of a row of metadata, where it stands, and what it says


@dataclass
class Metadata:
    """What metadata files say of pictures: captions and labels by file, float32 `values`, other pictures.

    `values` are those of all columns of `sizes`, one after another. `sources` are the files in the order in which
    their word counts. `drawn` are pictures that have a row, and `apart` those that are there for others alone.
    """

    captions: dict[Parts, dict[str, Texts]] = field(default_factory=lambda: defaultdict(dict))
    labels: dict[Parts, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    sizes: dict[str, int] = field(default_factory=dict)
    values: dict[Parts, bytes] = field(default_factory=dict)
    images: dict[Parts, tuple[Parts, ...]] = field(default_factory=dict)
    drawn: set[Parts] = field(default_factory=set)
    apart: set[Parts] = field(default_factory=set)
    sources: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def attached(
        self, entries: list[Entry], versions: Mapping[Parts, Version], listing: Listing, columns: Columns
    ) -> list[Entry]:
        """The `entries` with their numbers, and pictures of these `versions`; those that lack one are left out."""
        if not columns:
            return entries
        empty = np.full(sum(self.sizes.values()), np.nan, np.float32).tobytes()
        complete = []
        for entry in entries:
            images = self.images.get(entry.parts, ())
            if len(images) == len(columns.images):
                others = tuple(Entry(parts, None, *versions[parts]) for parts in images)
                complete.append(replace(entry, values=self.values.get(entry.parts, empty), images=others))
            else:
                listing.leave_out(entry.parts, f"without {' and '.join(columns.images)}")
        return complete


def read_metadata(
    files: Iterable[tuple[Parts, bytes]], pictures: Collection[Parts], find: Find, columns: Columns = NONE
) -> Metadata:
    """What metadata files say of `pictures`: each file's path and what is in it, that first whose word counts first.

    A row has a picture's `file_name`, relative to the file's folder, and `text` or `caption`, a class, or the
    `columns`. Rows that have not, and names of no picture, become notes. Raises SfumatoError for a column that isn't
    there, or that holds something else.
    """
    found = Metadata()
    by_picture: dict[Parts, Row] = {}
    known: dict[str, None] = {}  # in their order
    for path, content in files:
        folder, where = path[:-1], names([path])
        found.sources.append(where)
        broken, strange, repeated, own = [], [], [], set()
        for at, fields in rows(path[-1], content, where):
            known |= dict.fromkeys(fields)
            name = next((fields[one] for one in NAMES if isinstance(fields.get(one), str)), None)
            texts = captions_in(fields)
            label = label_in({one: value for one, value in fields.items() if one not in columns.all})
            other = fields.get(CONDITIONING)
            if isinstance(other, str) and (apart := find(folder, other)):
                found.apart.add(apart)
            if not isinstance(name, str) or (texts is None and label is None and not columns):
                broken.append((at,))
                continue
            if (parts := find(folder, name)) is None:
                strange.append((plain(name),))
                continue
            found.drawn.add(parts)
            if texts is not None:
                if found.captions[parts].get(where, texts) != texts:
                    repeated.append(parts)
                found.captions[parts][where] = texts
            if label is not None:
                found.labels[parts][where] = label
            if columns:
                *_, earlier = by_picture.get(parts, (folder, at, {})) if parts not in own else (folder, at, {})
                by_picture[parts] = (folder, f"{at} of {where}", {**fields, **earlier})
                own.add(parts)
        found.notes += _wrong(where, broken, strange, repeated)
    if columns:
        _read_columns(found, by_picture, [name for name in known if name not in NAMES], find, columns)
    found.apart = (found.apart & set(pictures)) - found.drawn  # a picture with a row of its own is drawn as well
    return found


def _wrong(where: str, broken: Sequence[Parts], strange: Sequence[Parts], repeated: Sequence[Parts]) -> Iterator[str]:
    if broken:
        lines = f"{len(broken):,} line{'s' * (len(broken) > 1)}"
        yield f"{lines} of {where} without a file_name and a text passed over: {names(broken)}."
    if strange:
        named = f"{len(strange):,} file{'s' * (len(strange) > 1)}"
        yield f"{named} named in {where} that no picture here is: {names(strange)}."
    if repeated:
        yield f"{where} has several captions in lines of their own for {names(repeated)}; the last is used."


def _read_columns(found: Metadata, rows: Mapping[Parts, Row], known: list[str], find: Find, columns: Columns) -> None:
    for name in columns.all:
        if name not in known:
            there = f"there are {', '.join(known)}" if known else f"there is no {METADATA[0]} with any"
            computed = f" Computed from pictures are {', '.join(CONTROLS)}." if name in columns.images else ""
            raise SfumatoError(f"no column '{plain(name)}' is in the metadata; {there}.{computed}")
    read = {}
    for name in columns.numbers:
        found.sizes[name] = 1
        read[name] = {parts: [_number(fields.get(name), name, at)] for parts, (_, at, fields) in rows.items()}
    for name in columns.vectors:
        lists = {parts: _vector(fields.get(name), name, at) for parts, (_, at, fields) in rows.items()}
        lengths = sorted({len(one) for one in lists.values() if one is not None})
        if len(lengths) != 1 or lengths == [0]:
            which = " and ".join(map(str, lengths[:2])) or "none"
            raise SfumatoError(f"the column '{plain(name)}' needs lists of one length, and has {which} numbers a list.")
        found.sizes[name] = lengths[0]
        read[name] = {parts: one or [math.nan] * lengths[0] for parts, one in lists.items()}
    for parts in rows if read else ():
        found.values[parts] = np.array([v for column in read.values() for v in column[parts]], np.float32).tobytes()
    for parts, (folder, at, fields) in rows.items() if columns.images else ():
        others = [_picture(fields.get(name), name, at, folder, find) for name in columns.images]
        found.images[parts] = tuple(other for other in others if other is not None)
        found.apart.update(found.images[parts])


def _number(value: object, name: str, at: str) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 3e38:
        raise SfumatoError(
            f"the column '{plain(name)}' needs numbers, and {at} has {_short(value)}; null means unknown."
        )
    return float(value)


def _vector(value: object, name: str, at: str) -> list[float] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise SfumatoError(f"the column '{plain(name)}' needs lists of numbers, and {at} has {_short(value)}.")
    return [_number(math.inf if one is None else one, name, at) for one in value]


def _picture(value: object, name: str, at: str, folder: Parts, find: Find) -> Parts | None:
    if value is None:
        return None
    parts = find(folder, value) if isinstance(value, str) else None
    if parts is None:
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
    given = values[~np.isnan(values).any(1)].astype(np.float64)
    mean, std = given.mean(0), given.std(0)
    std = np.where(std > 1e-6 * np.abs(mean), std, 1.0)
    return [float(f"{v:.6g}") for v in mean], [float(f"{v:.6g}") for v in std]
