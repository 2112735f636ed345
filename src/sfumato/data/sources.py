"""Where a path's pictures come from: a folder, an archive, or a folder of archives."""

from __future__ import annotations

from pathlib import Path

from sfumato.data.archive import tar_source, zip_source
from sfumato.data.captions import read_metadata
from sfumato.data.layout import METADATA, Source, arrange, walk
from sfumato.data.parquet import parquet_source
from sfumato.errors import SfumatoError


def source_of(path: Path) -> Source:
    """The pictures at `path`, which exists. Raises SfumatoError where it is no kind that is read, or holds none."""
    if path.is_dir():
        found, others, metadata = walk(path)
        if not found and others[".parquet"]:
            return parquet_source(path, sorted(path.rglob("*.parquet")))
        if not found and others[".tar"]:
            return tar_source(path, sorted(path.rglob("*.tar")))
        texts = ((folder, path.joinpath(*folder, METADATA).read_bytes()) for folder in metadata)
        captions, strange = read_metadata(texts, found)
        entries, notes = arrange(path, found, others, captions)
        return Source(path, entries, [*notes, *strange], lambda entry: path.joinpath(*entry.parts))
    kind = path.suffix.lower()
    if kind == ".zip":
        return zip_source(path)
    if kind == ".tar":
        return tar_source(path, [path])
    if kind == ".parquet":
        return parquet_source(path, [path])
    raise SfumatoError(f"{path} is a file; give the folder that holds the pictures, or a zip, tar or parquet file.")
