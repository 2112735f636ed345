"""Where a path's pictures come from: a folder, an archive, or a folder of archives."""

from __future__ import annotations

from pathlib import Path

from sfumato.data.archive import tar_source, zip_source
from sfumato.data.columns import NONE, Columns, read_metadata
from sfumato.data.layout import METADATA, Source, arrange, walk
from sfumato.data.parquet import parquet_source
from sfumato.errors import SfumatoError


def source_of(path: Path, columns: Columns = NONE) -> Source:
    """The pictures at `path`, which exists, with the `columns` of their metadata.

    Raises SfumatoError where it is no kind that is read, or holds none.
    """
    if path.is_dir():
        found, others, metadata = walk(path)
        if not found and others[".parquet"]:
            _refuse(path, columns)
            return parquet_source(path, sorted(path.rglob("*.parquet")))
        if not found and others[".tar"]:
            return tar_source(path, sorted(path.rglob("*.tar")), columns)
        texts = ((folder, path.joinpath(*folder, METADATA).read_bytes()) for folder in metadata)
        told = read_metadata(texts, found, columns)
        sizes = tuple(told.sizes.items())
        drawn = {parts: size for parts, size in found.items() if parts not in told.apart}
        entries, notes = arrange(path, drawn, others, told.captions)
        entries = told.attached(entries, found, columns)
        return Source(
            path, entries, [*notes, *told.notes], lambda entry: path.joinpath(*entry.parts), (), sizes, columns.images
        )
    kind = path.suffix.lower()
    if kind == ".zip":
        return zip_source(path, columns)
    if kind == ".tar":
        return tar_source(path, [path], columns)
    if kind == ".parquet":
        _refuse(path, columns)
        return parquet_source(path, [path])
    raise SfumatoError(f"{path} is a file; give the folder that holds the pictures, or a zip, tar or parquet file.")


def _refuse(path: Path, columns: Columns) -> None:
    if columns:
        raise SfumatoError(
            f"{path} is parquet, of which only captions and classes are read; give numbers, vectors and images in a "
            f"{METADATA} beside the pictures, in a folder, zip or tar file."
        )
