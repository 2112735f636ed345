"""Data sets that the `datasets` library opens: from the Hugging Face Hub, or a folder that it saved."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from sfumato.data.captions import FIELDS, captions_in
from sfumato.data.companions import LABELS
from sfumato.data.file_kinds import kind_of
from sfumato.data.layout import SPLITS, Entry, Source, split_of
from sfumato.data.listing import Listing, walk
from sfumato.data.parquet import IMAGES, class_name, classified, picture_in
from sfumato.data.sources import folder_source
from sfumato.errors import SfumatoError

SPLIT = "train"  # where none is named
SAVED = ("state.json", "dataset_dict.json")  # what a folder that the library saved has: of one split, of several


def huggingface_source(spec: str) -> Source:
    """The pictures of `hf:NAME` or `hf:NAME:SPLIT`: a name on the Hub, or a folder such as `./saved`.

    Classes come from a ClassLabel, or a column called as in LABELS; captions from `text` or `caption`. Code that a data
    set brings is never run. Raises SfumatoError where it can't be had, or holds no pictures.
    """
    try:
        import datasets
    except ImportError as error:
        raise SfumatoError(
            "reading from the Hugging Face Hub needs the datasets library: pip install 'sfumato[hf]'."
        ) from error
    name, _, split = spec.removeprefix("hf:").partition(":")
    if (plain := _plain(name)) is not None:
        _keep_split(spec, plain, split)
        return replace(folder_source(plain), path=Path(spec))
    if not name:
        raise SfumatoError("data sets of Hugging Face are written hf:NAME or hf:NAME:SPLIT, such as hf:ylecun/mnist.")
    with _quiet():
        table = _load(spec, name, split or SPLIT)
    features = table.features
    column = _picture_column(spec, features)
    label = next((n for n in LABELS if n in features), None) or next(
        (n for n, kind in features.items() if isinstance(kind, datasets.ClassLabel)), None
    )
    if label and getattr(features[label], "dtype", None) not in ("int64", "int32", "int16", "int8", "string"):
        label = None
    names = tuple(map(str, getattr(features[label], "names", None) or ())) if label else ()
    changed = max((Path(file["filename"]).stat().st_mtime_ns for file in table.cache_files), default=0)
    entries: list[Entry] = []
    wanted = [n for n in (label, *FIELDS) if n and n in features]
    for fields in _rows(table, wanted):
        parts = (split or SPLIT, f"row {len(entries)}")
        named = class_name(fields[label], names) if label else None
        entries.append(Entry(parts, named, 0, changed, captions_in(fields) or ()))
    pictures = table.select_columns([column])
    if isinstance(features[column], datasets.Image):
        pictures = pictures.cast_column(column, datasets.Image(decode=False))

    def read(entry: Entry) -> Path | BytesIO:
        return picture_in(pictures[int(entry.parts[1].removeprefix("row "))][column], Path())

    return classified(Path(spec), entries, names, read, Counter(), 0)


def _plain(name: str) -> Listing | None:
    """The files of a folder of pictures or archives, which is read as it is without `hf:`; None for all else."""
    folder = Path(name).expanduser()
    if not name or not folder.is_dir() or any((folder / saved).exists() for saved in SAVED):
        return None
    listing = walk(folder)
    return listing if any(kind_of(parts[-1]) in ("picture", "zip", "tar") for parts in listing.files) else None


def _keep_split(spec: str, listing: Listing, split: str) -> None:
    """Leave the files of other splits than `split` out, or than SPLIT where none is named and it is there."""
    wanted = SPLITS.get((split or SPLIT).lower(), split)
    there = {parts: split_of(listing.place(parts)) for parts in listing.files}
    known = sorted(set(there.values()) - {""})
    if wanted in known:
        for parts, own in there.items():
            if own not in ("", wanted):
                listing.leave_out(parts, "of another split")
    elif split and (known or wanted != SPLIT):
        raise SfumatoError(
            f"{spec} can't be opened: there is no split '{split}' (there is {', '.join(known) or SPLIT})."
        )


def _load(spec: str, name: str, split: str) -> Any:
    import datasets

    folder = Path(name)
    if name.startswith((".", "/", "~")) and not folder.expanduser().is_dir():
        raise SfumatoError(f"there is no folder {name}.")
    try:
        if (folder / "state.json").exists():  # one split, as save_to_disk leaves it
            return datasets.load_from_disk(name)
        if (folder / "dataset_dict.json").exists():
            splits = datasets.load_from_disk(name)
            if split not in splits:
                raise ValueError(f'Unknown split "{split}". Should be one of {list(splits)}.')
            return splits[split]
        return datasets.load_dataset(str(folder.expanduser()) if folder.expanduser().is_dir() else name, split=split)
    except ConnectionError as error:
        raise SfumatoError(
            f"{spec} is not on this machine and the Hugging Face Hub can't be reached; connect to the network, or give "
            "a folder that the datasets library saved, as hf:./folder."
        ) from error
    except Exception as error:  # of Hugging Face's libraries, each has its own
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise SfumatoError(f"{spec} can't be opened: {reason}.") from error


def _picture_column(spec: str, features: Any) -> str:
    import datasets

    def holds(kind: Any) -> bool:
        if isinstance(kind, dict):  # a table that was not written by this library
            return "bytes" in kind
        return isinstance(kind, datasets.Value) and kind.dtype in ("binary", "large_binary")

    candidates = [n for n, kind in features.items() if isinstance(kind, datasets.Image)] or [
        n for n, kind in features.items() if holds(kind)
    ]
    if not candidates:
        raise SfumatoError(f"{spec} has no column of pictures (it has {', '.join(features) or 'none'}).")
    return next((n for n in IMAGES if n in candidates), candidates[0])


def _rows(table: Any, columns: list[str]) -> Iterator[dict[str, Any]]:
    """Each row's fields in these columns, a thousand rows in memory at a time."""
    if not columns:
        yield from ({} for _ in range(len(table)))
        return
    for some in table.select_columns(columns).iter(1000):
        for values in zip(*(some[name] for name in columns), strict=True):
            yield dict(zip(columns, values, strict=True))


@contextmanager
def _quiet() -> Iterator[None]:
    """While the block is open, Hugging Face's libraries draw no bars and log no retries."""
    import datasets

    log = logging.getLogger("huggingface_hub")
    level, bars = log.level, datasets.are_progress_bars_disabled()
    log.setLevel(logging.ERROR)
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        log.setLevel(level)
        if not bars:
            datasets.enable_progress_bars()
