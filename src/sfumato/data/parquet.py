"""Pictures in parquet files, in Hugging Face's layout: a column of encoded pictures, and perhaps one of classes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from sfumato.data.captions import FIELDS, captions_in
from sfumato.data.layout import Entry, Parts, Source, readable
from sfumato.errors import SfumatoError

IMAGES = ("image", "img", "picture", "jpg", "png")
LABELS = ("label", "labels", "fine_label", "class", "cls")


def parquet_source(path: Path, files: Sequence[Path]) -> Source:
    """The pictures in parquet `files`, row by row; `path` is what to call them.

    The column of pictures is binary, or a struct with `bytes`; that of classes is of whole numbers, named by Hugging
    Face's metadata where that is there, or of strings; captions are in `text` or `caption`. Raises SfumatoError for
    files without pictures, or not parquet.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise SfumatoError("reading parquet needs pyarrow: pip install 'sfumato[parquet]'.") from error
    entries: list[Entry] = []
    order: tuple[str, ...] = ()
    rows: dict[Parts, tuple[Path, int, int]] = {}  # parts → file, row group, row in it
    pictures = ""
    for file in files:
        changed = file.stat().st_mtime_ns
        try:
            with pq.ParquetFile(file) as table:
                schema = table.schema_arrow
                pictures = _picture_column(file, schema, pa)
                labelled = next((n for n in LABELS if n in schema.names and _is_label(schema.field(n).type, pa)), None)
                names = _class_names(schema, labelled)
                told = [name for name in (labelled, *FIELDS) if name in schema.names]
                row = 0
                for group in range(table.metadata.num_row_groups):
                    count = table.metadata.row_group(group).num_rows
                    fields = table.read_row_group(group, told).to_pylist() if told else [{}] * count
                    for k, of_row in enumerate(fields):
                        parts = (file.name, f"row {row + k}")
                        label = class_name(of_row.get(labelled), names)
                        entries.append(Entry(parts, label, 0, changed, captions_in(of_row) or ()))
                        rows[parts] = (file, group, k)
                    row += count
                if names:
                    order = tuple(names)
        except (pa.ArrowException, OSError) as error:
            raise SfumatoError(f"{file} can't be read as parquet: {str(error).splitlines()[0]}") from error
    column = pictures
    lock = threading.Lock()

    @lru_cache(maxsize=2)  # entries are read in order: one row group at a time, and the one before while threads end
    def group_of(file: Path, group: int) -> Any:
        with pq.ParquetFile(file) as table:
            return table.read_row_group(group, [column]).column(column).combine_chunks()

    def read(entry: Entry) -> BytesIO:
        file, group, row = rows[entry.parts]
        with lock:
            value = group_of(file, group)[row].as_py()
        content = value.get("bytes") if isinstance(value, dict) else value
        if not content:
            raise ValueError("no picture in that row")
        return BytesIO(content)

    return replace(classified(path, entries, order, read), scattered=False)


def classified(
    path: Path, entries: list[Entry], order: tuple[str, ...], read: Callable[[Entry], Path | BytesIO]
) -> Source:
    """The rows of a table as a source; where some have a class, those without are left out."""
    known = {entry.label for entry in entries if entry.label is not None}
    if known and not order and all(label.isdigit() for label in known):
        order = tuple(sorted(known, key=int))
    notes = []
    if known and (without := sum(entry.label is None for entry in entries)):
        entries = [entry for entry in entries if entry.label is not None]
        notes.append(f"{without:,} without a class left out.")
    return Source(path, entries, notes, read, order if known else ())


def _picture_column(file: Path, schema: Any, pa: Any) -> str:
    def holds(kind: Any) -> bool:
        if pa.types.is_struct(kind):
            return any(kind.field(i).name == "bytes" for i in range(kind.num_fields))
        return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))

    candidates = [name for name in schema.names if holds(schema.field(name).type)]
    named = [name for name in IMAGES if name in candidates]
    if not candidates:
        raise SfumatoError(f"{file} has no column of pictures (it has {', '.join(schema.names) or 'none'}).")
    return (named or candidates)[0]


def _is_label(kind: Any, pa: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _class_names(schema: Any, label: str | None) -> list[str]:
    """The names that Hugging Face's metadata gives to the numbers of a label column."""
    with suppress(KeyError, TypeError, ValueError):
        told = json.loads(schema.metadata[b"huggingface"])
        names = told["info"]["features"][label]["names"]
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
