"""Any folder or archive of pictures: scanned first, converted and reported, decoded once into a memory-mapped cache.

Whatever can't be read is left out and named, before training begins rather than hours in.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np

from sfumato.data.dataset import Dataset, Progress
from sfumato.data.decode import decode, guarded_against_bombs, header_size
from sfumato.data.layout import Entry, Source, count_pictures, left_out, readable
from sfumato.data.sources import source_of
from sfumato.errors import SfumatoError
from sfumato.files import FULL, sync_folder, write_file

VERSION = 2  # of the cache; raise it when decoding or the layout of classes changes
CHUNK, CHUNK_BYTES = 4096, 64_000_000  # at most that many pictures are in memory at a time
ABANDONED = 24 * 3600  # seconds after which an unfinished cache file belongs to nobody
SIDES = (8, 16, 32, 64, 128, 256, 512)  # what --size may suggest

Result = TypeVar("Result")


def open_folder(
    root: Path, size: tuple[int, int] | None = None, cache: Path | None = None, progress: Progress | None = None
) -> Dataset:
    """The pictures below the folder `root`, as `open_pictures` has them.

    Where pictures lie in subfolders, the subfolders are the classes, in alphabetical order (see layout.py).
    """
    return open_pictures(source_of(root), size, cache, progress)


def open_pictures(
    source: Source, size: tuple[int, int] | None = None, cache: Path | None = None, progress: Progress | None = None
) -> Dataset:
    """The pictures of `source`, uint8 `(count, 1 or 3, height, width)`.

    Pictures are resized to cover `size` and cropped at the centre; without `size` they must all be of one size. One
    channel if every picture is grey. Raises SfumatoError where fewer than two can be used, or the disk is full.
    """
    root = source.path
    cache = cache or cache_folder()
    key = _key(source, size)
    stored = _read_cache(cache, key)
    if stored is None:
        with guarded_against_bombs():
            stored = _fill_cache(cache, key, source, size or _common_size(source), progress)
    count = stored["shape"][0]
    if count < 2:
        lost = [note.rstrip(".") for note in stored["notes"] if " left out (" in note]
        why = f" ({'; '.join(lost)})" if lost else ""
        raise SfumatoError(
            f"{root} holds {count_pictures(count)} that can be read{why}; training needs at least 2, better 500."
        )
    samples = np.memmap(cache / f"{key}.u8", np.uint8, "r", shape=tuple(stored["shape"]))
    classes = tuple(stored["classes"])
    labels = np.array(stored["labels"], np.int64) if classes else None
    return Dataset(root.as_posix(), samples, labels, classes, (*source.notes, *stored["notes"]))


def cache_folder() -> Path:
    """Where decoded pictures are kept: $SFUMATO_CACHE, or sfumato in the user's cache folder."""
    if own := os.environ.get("SFUMATO_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sfumato"


def _common_size(source: Source) -> tuple[int, int]:
    """The one size of all pictures that open; reads their headers only."""
    sizes = Counter(size for _, size in _in_threads(header_size, source, CHUNK) if size)
    if len(sizes) > 1:
        (common, _), (other, _) = sizes.most_common(2)
        smallest = min(min(size) for size in sizes)
        nearest = max((side for side in SIDES if side <= smallest), default=SIDES[0])
        raise SfumatoError(
            f"the pictures in {source.path} have {len(sizes)} different sizes, such as {common[0]}×{common[1]} and "
            f"{other[0]}×{other[1]}; choose one for all with --size, for example --size {nearest}."
        )
    return next(iter(sizes), (SIDES[0], SIDES[0]))  # if nothing opens, decoding says why


def _key(source: Source, size: tuple[int, int] | None) -> str:
    digest = hashlib.sha256(f"{VERSION} {size} {source.order}".encode())
    for entry in source.entries:
        line = ("/".join(entry.parts), entry.label, entry.size, entry.changed)
        digest.update(repr(line).encode())  # repr escapes names that are no UTF-8
    return f"{readable(source.path.resolve().name)[:40]}-{digest.hexdigest()[:16]}"


def _read_cache(cache: Path, key: str) -> dict[str, Any] | None:
    """The description of a cached set, or None where there is none or it is damaged."""
    try:
        stored: dict[str, Any] = json.loads((cache / f"{key}.json").read_bytes())
        count, channels, height, width = stored["shape"]
        whole = (cache / f"{key}.u8").stat().st_size == count * channels * height * width
        labelled = len(stored["labels"]) == (count if stored["classes"] else 0)
        return stored if whole and labelled and isinstance(stored["notes"], list) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _fill_cache(
    cache: Path, key: str, source: Source, size: tuple[int, int], progress: Progress | None
) -> dict[str, Any]:
    """Decode every picture into `cache/key.u8`, then describe it in `cache/key.json`, which makes it valid.

    Where the system refused a file for a reason that may pass, it isn't made valid: the next time, all are tried again.
    """
    need = len(source.entries) * (3 * size[0] * size[1] + 100)  # with what the description takes
    mark = secrets.token_hex(4)  # process numbers repeat among containers that share a cache
    part, described = (cache / f".{key}.{mark}.{kind}.part" for kind in ("u8", "json"))
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(cache)
        if shutil.disk_usage(cache).free < need:
            raise OSError(FULL[0], "not enough space")
        with part.open("wb+") as file:
            stored, final = _decode_all(file, source, size, progress)
            file.flush()
            os.fsync(file.fileno())
        write_file(described, json.dumps(stored).encode())
        (cache / f"{key}.json").unlink(missing_ok=True)
        part.replace(cache / f"{key}.u8")
        if final:
            described.replace(cache / f"{key}.json")
        sync_folder(cache)
    except OSError as error:
        if error.errno not in FULL:
            raise SfumatoError(
                f"could not keep the decoded pictures in {cache}: {(error.strerror or str(error)).lower()}; "
                "set SFUMATO_CACHE to a folder that can be written."
            ) from error
        raise SfumatoError(
            f"the decoded pictures need {need / 1e6:.1f} MB and the disk that holds {cache} is full; free some space, "
            "or set SFUMATO_CACHE to a folder on another disk."
        ) from error
    finally:
        for path in (part, described):
            with suppress(OSError):
                path.unlink()
    return stored


def _decode_all(
    file: BinaryIO, source: Source, size: tuple[int, int], progress: Progress | None
) -> tuple[dict[str, Any], bool]:
    """Write every picture that can be read to `file`; describe them, and tell whether that is final."""
    kept: list[Entry] = []
    problems: dict[str, list[tuple[str, ...]]] = {}
    facts: Counter[str] = Counter()
    all_grey = final = True
    chunk = min(CHUNK, CHUNK_BYTES // (3 * size[0] * size[1]))
    pictures = _in_threads(partial(decode, size=size), source, chunk)
    for done, (entry, decoded) in enumerate(pictures, start=1):
        if decoded.pixels is None:
            problems.setdefault(decoded.problem, []).append(entry.parts)
            final = final and not decoded.passing
        else:
            file.write(decoded.pixels.data)
            kept.append(entry)
            facts.update(decoded.facts)
            all_grey = all_grey and decoded.grey
        if progress is not None:
            progress(done, len(source.entries))
    if all_grey:
        _keep_one_channel(file, len(kept), size[0] * size[1])
    known = {entry.label for entry in kept if entry.label is not None}
    classes = sorted(known, key=source.order.index) if source.order else sorted(known)
    lost = sorted({entry.label for entry in source.entries if entry.label is not None} - known)
    notes = [left_out(paths, reason) for reason, paths in problems.items()]
    notes += [f"{count_pictures(number)} {fact}." for fact, number in facts.items()]
    notes += [f"class '{readable(name)}' has no picture that can be read and was dropped." for name in lost]
    return {
        "shape": [len(kept), 1 if all_grey else 3, *size],
        "labels": [classes.index(entry.label) for entry in kept if entry.label is not None],
        "classes": [readable(name) for name in classes],
        "notes": notes,
    }, final


def _in_threads(
    work: Callable[[Callable[[], Path | BytesIO]], Result], source: Source, chunk: int
) -> Iterator[tuple[Entry, Result]]:
    """Each entry with what `work` makes of its file, in order, with about `chunk` results waiting at most."""
    threads = os.cpu_count() or 1
    step = max(chunk, threads)
    with ThreadPoolExecutor(threads) as pool:
        for first in range(0, len(source.entries), step):
            some = source.entries[first : first + step]
            yield from zip(some, pool.map(work, [partial(source.read, entry) for entry in some]), strict=True)


def _keep_one_channel(file: BinaryIO, count: int, area: int) -> None:
    """Shrink a file of grey RGB pictures, in place, to their first channel."""
    for index in range(count):
        file.seek(3 * area * index)
        channel = file.read(area)
        file.seek(area * index)
        file.write(channel)
    file.truncate(area * count)


def _remove_abandoned(cache: Path) -> None:
    """Delete what killed processes left unfinished."""
    for path in cache.glob(".*.part"):
        try:
            if time.time() - path.stat().st_mtime > ABANDONED:
                path.unlink()
        except FileNotFoundError:  # another process was faster
            continue
