"""The rows of metadata files: what they say of pictures that they name, in the forms that tools write them in."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from io import BytesIO, StringIO
from pathlib import PurePosixPath

from sfumato.data.archive import joined
from sfumato.data.captions import FIELDS, json_object
from sfumato.data.companions import LABELS, folded
from sfumato.data.file_kinds import Parts
from sfumato.data.layout import names
from sfumato.data.listing import Listing
from sfumato.data.text_files import decode_text
from sfumato.errors import SfumatoError
from sfumato.readable import readable

NAMES = ("file_name", "filename", "file", "path")  # what the name of a picture's file is called
SEPARATORS = ",;\t"
Row = tuple[str, Mapping[str, object]]  # where it stands, such as "line 3", and its fields; none where it is no row
Find = Callable[[Parts, str], Parts | None]  # (folder of the metadata, name in it) → the picture that is meant


def rows(name: str, content: bytes, where: str) -> Iterator[Row]:
    """What the file called `name` (a row of METADATA) says; `where` is its whole path.

    Lines of JSON; a table with a header; a list of JSON objects; or one object, of a caption or an object a picture.
    Raises SfumatoError for a text whose encoding can't be told, and for a table that can't be read.
    """
    suffix = PurePosixPath(name.lower()).suffix
    if suffix == ".parquet":
        yield from _parquet_rows(content, where)
        return
    text = decode_text(content, where)
    if suffix == ".jsonl":
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                yield f"line {number:,}", json_object(line.encode())
    elif suffix == ".csv":
        yield from _csv_rows(text, where)
    else:
        yield from _json_rows(text, where)


def _csv_rows(text: str, where: str) -> Iterator[Row]:
    header = text.split("\n", 1)[0]
    reader = csv.DictReader(StringIO(text), delimiter=max(SEPARATORS, key=header.count))
    try:
        for fields in reader:
            content = {name: _cell(name, cell) for name, cell in fields.items() if isinstance(name, str)}
            yield f"line {reader.line_num:,}", content
    except csv.Error as error:
        raise SfumatoError(f"{where} can't be read as a table of text ({error}).") from error


def _cell(name: str, cell: object) -> object:
    """The number or list that a cell's text stands for; what is called as names, captions and classes are is text."""
    if not isinstance(cell, str) or not cell.strip():
        return None
    if name in (*NAMES, *FIELDS, *LABELS) or cell.strip()[0] not in "-.0123456789[":
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


def _json_rows(text: str, where: str) -> Iterator[Row]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SfumatoError(f"{where} is no JSON ({error}).") from error
    if isinstance(content, dict):
        for name, said in content.items():
            fields = said if isinstance(said, dict) else {FIELDS[0]: said}
            yield f"'{readable(name)}'", {NAMES[0]: name, **fields}
    elif isinstance(content, list):
        for number, fields in enumerate(content, start=1):
            yield f"item {number:,}", fields if isinstance(fields, dict) else {}
    else:
        yield "all", {}


def _parquet_rows(content: bytes, where: str) -> Iterator[Row]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise SfumatoError(f"reading {where} needs pyarrow: pip install 'sfumato[parquet]'.") from error
    try:
        for number, fields in enumerate(pq.read_table(BytesIO(content)).to_pylist(), start=1):
            yield f"row {number:,}", fields
    except (pa.ArrowException, OSError) as error:
        raise SfumatoError(f"{where} can't be read as parquet: {str(error).splitlines()[0]}") from error


def finder(listing: Listing, pictures: Collection[Parts]) -> Find:
    """How metadata find the pictures that they name.

    By the path from their folder; through archives beside them; else by a path that differs in case alone, or in how
    accents are written, or that lacks the suffix. Raises SfumatoError where a name is that of several pictures.
    """
    whole = set(pictures)
    by: dict[str, dict[Parts, list[Parts]]] = {}

    def index(kind: str, key: Callable[[Parts], Parts]) -> Mapping[Parts, list[Parts]]:
        if kind not in by:
            by[kind] = defaultdict(list)
            for parts in pictures:
                by[kind][key(listing.place(parts))].append(parts)
        return by[kind]

    def stem(parts: Parts) -> Parts:
        return folded((*parts[:-1], PurePosixPath(parts[-1]).stem))

    def find(folder: Parts, name: str) -> Parts | None:
        for path in (name, name.replace("\\", "/")):
            parts = joined(folder, path)
            if not parts:
                continue
            if parts in whole:
                return parts
            place = listing.place(parts)
            for found in (
                index("place", tuple).get(place) if listing.archives else None,
                index("folded", folded).get(folded(place)),
                index("stem", stem).get(folded(place)),
            ):
                if found and len(found) > 1:
                    raise SfumatoError(
                        f"metadata name '{readable(name)}', which may be {names(found)}; give its path and its suffix."
                    )
                if found:
                    return found[0]
        return None

    return find
