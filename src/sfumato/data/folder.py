"""Any folder or archive of pictures: scanned first, converted and reported, decoded once into a memory-mapped cache.

Whatever can't be read is left out and named, before training begins rather than hours in.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sfumato.data.cache import VERSION, cache_folder, open_stored, read_description, write_pictures
from sfumato.data.dataset import Dataset, Progress
from sfumato.data.decode import Decoded, decode, guarded_against_bombs, header_size
from sfumato.data.layout import Entry, Source, count_pictures, left_out, readable
from sfumato.data.sources import source_of
from sfumato.errors import SfumatoError

CHUNK, CHUNK_BYTES = 4096, 64_000_000  # at most that many pictures are in memory at a time
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
    source: Source,
    size: tuple[int, int] | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """The pictures of `source`, uint8 `(count, 1 or 3, height, width)`, with the numbers and pictures that its
    entries bring.

    Pictures are resized to cover `size` and cropped at the centre; without `size` they must all be of one size. One
    channel if every picture is grey. Raises SfumatoError where fewer than two can be used, or the disk is full.
    """
    cache = cache or cache_folder()
    key = _key(source, size)
    stored = read_description(cache, key)
    if stored is None:
        with guarded_against_bombs():
            stored = _decode_all(cache, key, source, size or _common_size(source), progress)
    count = stored["shape"][0]
    if count < 2:
        lost = [note.rstrip(".") for note in stored["notes"] if " left out (" in note]
        why = f" ({'; '.join(lost)})" if lost else ""
        raise SfumatoError(
            f"{source.path} holds {count_pictures(count)} that can be read{why}; training needs at least 2, better 500."
        )
    return open_stored(cache, key, stored, source.path.as_posix(), source.notes)


def _common_size(source: Source) -> tuple[int, int]:
    """The one size of all pictures that open; reads their headers only."""

    def look(entry: Entry) -> tuple[int, int] | None:
        return header_size(partial(source.read, entry))

    sizes = Counter(size for _, size in _in_threads(look, source, CHUNK) if size)
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
    if source.sizes or source.images:
        digest.update(repr((source.sizes, source.images)).encode())
    for entry in source.entries:
        line = ("/".join(entry.parts), entry.label, entry.size, entry.changed, entry.caption)
        digest.update(repr(line).encode())  # repr escapes names that are no UTF-8
        if source.sizes or source.images:
            others = [("/".join(one.parts), one.size, one.changed) for one in entry.images]
            digest.update(repr((entry.values, others)).encode())
    name = re.sub(r"[^\w.-]+", "-", readable(source.path.resolve().name))
    return f"{name[:40]}-{digest.hexdigest()[:16]}"


def _decode_all(
    cache: Path, key: str, source: Source, size: tuple[int, int], progress: Progress | None
) -> dict[str, Any]:
    """Put every picture that can be read into the cache; returns its description.

    Where the system refused a file for a reason that may pass, all are tried again the next time.
    """
    problems: dict[str, list[tuple[str, ...]]] = {}
    facts: Counter[str] = Counter()
    chunk = min(CHUNK, CHUNK_BYTES // (3 * size[0] * size[1] * (1 + len(source.images))))

    def look(entry: Entry) -> list[Decoded]:
        return [decode(partial(source.read, one), size) for one in (entry, *entry.images)]

    pictures = _in_threads(look, source, chunk)
    with write_pictures(cache, key, size, len(source.entries), source.sizes, source.images) as writer:
        for done, (entry, (decoded, *others)) in enumerate(pictures, start=1):
            broken = [
                (one, of) for one, of in zip((decoded, *others), (entry, *entry.images), strict=True) if one.problem
            ]
            if broken or decoded.pixels is None:
                for one, of in broken:
                    problems.setdefault(one.problem, []).append(of.parts)
                    writer.final = writer.final and not one.passing
            else:
                images = [(one.pixels, one.grey) for one in others if one.pixels is not None]
                writer.add(decoded.pixels, decoded.grey, entry.label, entry.caption, entry.values, images)
                facts.update(decoded.facts)
            if progress is not None:
                progress(done, len(source.entries))
        classes = sorted(writer.labels, key=source.order.index if source.order else None)
        lost = sorted({entry.label for entry in source.entries if entry.label is not None} - writer.labels)
        notes = [left_out(paths, reason) for reason, paths in problems.items()]
        notes += [f"{count_pictures(number)} {fact}." for fact, number in facts.items()]
        notes += [f"class '{readable(name)}' has no picture that can be read and was dropped." for name in lost]
        writer.describe(classes, [readable(name) for name in classes], notes)
    return writer.stored


def _in_threads(work: Callable[[Entry], Result], source: Source, chunk: int) -> Iterator[tuple[Entry, Result]]:
    """Each entry with what `work` makes of it, in order, with about `chunk` results waiting at most."""
    threads = os.cpu_count() or 1
    step = max(chunk, threads)
    with ThreadPoolExecutor(threads) as pool:
        for first in range(0, len(source.entries), step):
            some = source.entries[first : first + step]
            yield from zip(some, pool.map(work, some), strict=True)
