"""Pictures in parquet files, in Hugging Face's layout: a column of encoded pictures, and perhaps one of classes."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from sfumato.data.captions import FIELDS, captions_in
from sfumato.data.companions import LABELS
from sfumato.data.file_kinds import Parts
from sfumato.data.layout import NO_CLASS, Entry, Source, names
from sfumato.data.listing import LeftOut, version_of
from sfumato.data.report import BESIDE, sentences, tally
from sfumato.data.signatures import signature
from sfumato.errors import SfumatoError
from sfumato.readable import readable

IMAGES = ("image", "img", "picture", "jpg", "png")


def parquet_source(path: Path, files: Mapping[Parts, Path]) -> Source:
    """The pictures in parquet `files`, by what to call each, row by row; `path` is what to call them all.

    The column of pictures is binary, or a struct with `bytes`; that of classes is of whole numbers, named by Hugging
    Face's metadata where that is there, or of strings; captions are in `text` or `caption`. Each file has its own
    columns; one without pictures is left out. Raises SfumatoError where none has pictures, one is no parquet, or one
    number stands for two classes.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise SfumatoError("reading parquet needs pyarrow: pip install 'sfumato[parquet]'.") from error
    tables: dict[Parts, Table] = {}
    left_out: LeftOut = Counter()
    without: list[SfumatoError] = []
    for parts, file in files.items():
        try:
            with pq.ParquetFile(file) as opened:
                tables[parts] = _table(file, opened.schema_arrow, pa)
        except NoPictures as error:
            without.append(error)
            left_out["parquet files without a column of pictures", parts] += 1
        except (pa.ArrowException, OSError) as error:
            raise SfumatoError(
                f"{file} can't be read as parquet: {signature(file) or str(error).splitlines()[0]}"
            ) from error
    if not tables:
        raise without[0]
    class_names = _names_of_all(tables)
    entries: list[Entry] = []
    rows: dict[Parts, tuple[Table, int, int]] = {}  # parts → table, row group, row in it
    for called, table in tables.items():
        _, changed = version_of(table.file)
        for group, number, row, fields in _rows(table, pq):
            parts = (*called, f"row {number}")
            label = class_name(fields.get(table.label or ""), class_names)
            entries.append(Entry(parts, label, 0, changed, captions_in(fields) or ()))
            rows[parts] = (table, group, row)
    lock = threading.Lock()

    @lru_cache(maxsize=2)  # entries are read in order: one row group at a time, and the one before while threads end
    def group_of(file: Path, column: str, group: int) -> Any:
        with pq.ParquetFile(file) as opened:
            return opened.read_row_group(group, [column]).column(column).combine_chunks()

    def read(entry: Entry) -> Path | BytesIO:
        table, group, row = rows[entry.parts]
        with lock:
            value = group_of(table.file, table.pictures, group)[row].as_py()
        return picture_in(value, table.file.parent)

    return replace(classified(path, entries, class_names, read, left_out, len(tables)), scattered=False)


class NoPictures(SfumatoError):
    """A table has no column of pictures."""


@dataclass(frozen=True)
class Table:
    """A parquet file, and what its columns of pictures, classes and captions are called."""

    file: Path
    pictures: str
    label: str | None
    captions: tuple[str, ...]
    names: tuple[str, ...]  # of the classes that are numbers


def _table(file: Path, schema: Any, pa: Any) -> Table:
    pictures = _picture_column(file, schema, pa)
    label = next((n for n in LABELS if n in schema.names and _is_label(schema.field(n).type, pa)), None)
    return Table(
        file, pictures, label, tuple(n for n in FIELDS if n in schema.names), tuple(_class_names(schema, label))
    )


def _names_of_all(tables: Mapping[Parts, Table]) -> tuple[str, ...]:
    """What the numbers of classes stand for, in all tables alike."""
    longest: tuple[Parts, tuple[str, ...]] = ((), ())
    for parts, table in tables.items():
        for number, (one, other) in enumerate(zip(longest[1], table.names, strict=False)):
            if one != other:
                raise SfumatoError(
                    f"the class {number} is '{one}' in {names([longest[0]])} and '{other}' in {names([parts])}; give "
                    "one of the files, or write them with the same classes."
                )
        if len(table.names) > len(longest[1]):
            longest = (parts, table.names)
    return longest[1]


def _rows(table: Table, pq: Any) -> Iterator[tuple[int, int, int, dict[str, Any]]]:
    """Each row's group, its number in the file and in the group, and its class and captions."""
    wanted = [*([table.label] if table.label else []), *table.captions]
    number = 0
    with pq.ParquetFile(table.file) as opened:
        for group in range(opened.metadata.num_row_groups):
            count = opened.metadata.row_group(group).num_rows
            fields = opened.read_row_group(group, wanted).to_pylist() if wanted else [{}] * count
            for row, of_row in enumerate(fields):
                yield group, number, row, of_row
                number += 1


def picture_in(value: Any, folder: Path) -> Path | BytesIO:
    """The picture in a cell: bytes, or a struct with `bytes` or the `path` of a file, in `folder` if it is relative."""
    if isinstance(value, dict) and not value.get("bytes") and value.get("path"):
        return folder.joinpath(value["path"])
    content = value.get("bytes") if isinstance(value, dict) else value
    if not content:
        raise ValueError("no picture in that row")
    return BytesIO(content)


def classified(
    path: Path,
    entries: list[Entry],
    order: tuple[str, ...],
    read: Callable[[Entry], Path | BytesIO],
    left_out: LeftOut,
    tables: int,
) -> Source:
    """The rows of some `tables` as a source; where some have a class, those without are left out."""
    known = {entry.label for entry in entries if entry.label is not None}
    if known:
        left_out.update((NO_CLASS, entry.parts) for entry in entries if entry.label is None)
        entries = [entry for entry in entries if entry.label is not None]
    return Source(
        path, entries, [*sentences(left_out)], read, order if known else (), files={BESIDE: tables, **tally(left_out)}
    )


def _picture_column(file: Path, schema: Any, pa: Any) -> str:
    def holds(kind: Any) -> bool:
        if pa.types.is_struct(kind):
            return any(kind.field(i).name == "bytes" for i in range(kind.num_fields))
        return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))

    candidates = [name for name in schema.names if holds(schema.field(name).type)]
    named = [name for name in IMAGES if name in candidates]
    if not candidates:
        raise NoPictures(f"{file} has no column of pictures (it has {', '.join(schema.names) or 'none'}).")
    return (named or candidates)[0]


def _is_label(kind: Any, pa: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _class_names(schema: Any, label: str | None) -> list[str]:
    """The names that Hugging Face's metadata gives to the numbers of a label column."""
    with suppress(KeyError, TypeError, ValueError, RecursionError):
        content = json.loads(schema.metadata[b"huggingface"])
        names = content["info"]["features"][label]["names"]
        if isinstance(names, list) and len(set(map(str, names))) == len(names):
            return [readable(str(name)) for name in names]
    return []


def class_name(label: Any, names: Sequence[str]) -> str | None:
    """The class that a number among `names`, or a value of its own, stands for."""
    if label is None:
        return None
    if names and isinstance(label, int):
        return names[label] if 0 <= label < len(names) else None  # −1 is Hugging Face's "unknown"
    return readable(str(label))
