"""Any folder or archive of pictures: scanned first, converted and reported, decoded once into a memory-mapped cache.

Whatever can't be read is left out and named, before training begins rather than hours in.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sfumato.data.cache import VERSION, cache_folder, open_stored, read_description, write_pictures
from sfumato.data.dataset import Dataset, Progress
from sfumato.data.decode import guarded_against_bombs, header_size
from sfumato.data.layout import Entry, Source, count_pictures
from sfumato.data.reading import CHUNK_IMAGES, Report, in_threads, read_all
from sfumato.data.sources import source_of
from sfumato.data.streaming import open_streamed
from sfumato.errors import SfumatoError
from sfumato.readable import readable

SIDES = (8, 16, 32, 64, 128, 256, 512)  # what --size may suggest


def open_folder(
    root: Path, size: tuple[int, int] | None = None, cache: Path | None = None, progress: Progress | None = None
) -> Dataset:
    """The pictures below the folder `root`, as `open_pictures` has them.

    Where pictures are in subfolders, the subfolders are the classes, in alphabetical order (see layout.py).
    """
    return open_pictures(source_of(root), size, cache, progress)


def open_pictures(
    source: Source,
    size: tuple[int, int] | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
    stream: bool = False,
) -> Dataset:
    """The pictures of `source`, uint8 `(count, 1 or 3, height, width)`, with the numbers and pictures that its
    entries bring.

    Pictures are resized to cover `size` and cropped at the centre; without `size` they must all be of one size. One
    channel if every picture is grey. With `stream` they are decoded whenever they are asked for, unless they are kept
    already. Raises SfumatoError where fewer than two can be used, or the disk is full.
    """
    cache = cache or cache_folder()
    key = cache_key(source, size)
    stored = read_description(cache, key)
    if stored is None:
        with guarded_against_bombs():
            if stream:
                streamed = open_streamed(cache, key, source, lambda: size or _common_size(source), progress)
                check_count(source, len(streamed), streamed.notes)
                return streamed
            stored = _decode_into(cache, key, source, size or _common_size(source), progress)
    check_count(source, stored["shape"][0], stored["notes"])
    return open_stored(cache, key, stored, source.path.as_posix(), source.notes, source.files)


def check_count(source: Source, count: int, notes: Sequence[str], what: str = "picture") -> None:
    """Raises SfumatoError where too few can be used, which says why."""
    if count < 2:
        lost = [note.rstrip(".") for note in notes if " left out (" in note]
        why = f" ({'; '.join(lost)})" if lost else ""
        raise SfumatoError(
            f"{source.path} holds {count_pictures(count, what)} that can be read{why}; training needs at least 2, "
            "better 500."
        )


def picture_sizes(source: Source) -> Counter[tuple[int, int]]:
    """How many pictures there are of each size (height, width), by their headers; those that don't open count not."""

    def look(entry: Entry) -> tuple[int, int] | None:
        return header_size(partial(source.read, entry))

    with guarded_against_bombs():
        return Counter(size for _, size in in_threads(look, source, CHUNK_IMAGES) if size)


def suggested_side(sizes: Counter[tuple[int, int]]) -> int:
    """The largest of the usual sides that no picture has to be enlarged for."""
    smallest = min(min(size) for size in sizes)
    return max((side for side in SIDES if side <= smallest), default=SIDES[0])


def _common_size(source: Source) -> tuple[int, int]:
    """The one size of all pictures that open; reads their headers only."""
    return common_size(source, picture_sizes(source))


def common_size(source: Source, sizes: Counter[tuple[int, int]], what: str = "pictures") -> tuple[int, int]:
    """The one of `sizes`; raises SfumatoError that suggests one where there are several."""
    if len(sizes) > 1:
        (common, _), (other, _) = sizes.most_common(2)
        raise SfumatoError(
            f"the {what} in {source.path} have {len(sizes)} different sizes, such as {common[0]}×{common[1]} and "
            f"{other[0]}×{other[1]}; choose one for all, for example `size` {suggested_side(sizes)}."
        )
    return next(iter(sizes), (SIDES[0], SIDES[0]))  # if nothing opens, decoding says why


def cache_key(source: Source, size: tuple[int, int] | None, *more: object) -> str:
    """What the decoded pictures are called in the cache; `more` is what else they depend on."""
    digest = hashlib.sha256(f"{VERSION} {size} {source.order}".encode())
    if more:
        digest.update(repr(more).encode())
    if source.sizes or source.images:
        digest.update(repr((source.sizes, source.images)).encode())
    for entry in source.entries:
        line = ("/".join(entry.parts), entry.label, entry.size, entry.changed, entry.captions)
        digest.update(repr(line).encode())  # repr escapes names that are no UTF-8
        if source.sizes or source.images:
            others = [("/".join(one.parts), one.size, one.changed) for one in entry.images]
            digest.update(repr((entry.values, others)).encode())
    name = re.sub(r"[^\w.-]+", "-", readable(source.path.resolve().name))
    return f"{name[:40]}-{digest.hexdigest()[:16]}"


def _decode_into(
    cache: Path, key: str, source: Source, size: tuple[int, int], progress: Progress | None
) -> dict[str, Any]:
    """Put every picture that can be read into the cache; returns its description.

    Where the system refused a file for a reason that may pass, all are tried again the next time.
    """
    report = Report()
    with write_pictures(cache, key, size, len(source.entries), source.sizes, source.images) as writer:
        for _, entry, (first, *others) in read_all(source, size, progress, report):
            assert first.pixels is not None
            images = [(one.pixels, one.grey) for one in others if one.pixels is not None]
            writer.add(first.pixels, first.grey, entry.label, entry.captions, entry.values, images)
        classes = source.in_order(writer.labels)
        writer.final, writer.content, writer.lost = report.final, report.content.hexdigest(), report.lost
        writer.describe(classes, [readable(name) for name in classes], report.notes(source, writer.labels))
    return writer.stored
