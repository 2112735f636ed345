"""Pictures that are decoded whenever they are asked for and kept nowhere: slower, but the disk need not hold them.
Clips are in clip_streaming.py.

Before training all are decoded once, so that what can't be read is left out and named, as it is where they are kept:
a streamed run equals one from the cache, bit for bit. What was found is remembered in the cache as KEY.streamed.json.
The list of files stays in memory, about half a kilobyte each.
"""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from sfumato.data.columns import split_columns
from sfumato.data.dataset import DataLost, Dataset, Progress, files_of
from sfumato.data.decode import Decoded, decode, set_limits
from sfumato.data.file_kinds import Parts
from sfumato.data.layout import Entry, Source
from sfumato.data.reading import Report, read_all, threads
from sfumato.errors import SfumatoError
from sfumato.files import replace_file
from sfumato.readable import readable

RETRY_SECONDS = (0.1, 1.0)  # seconds before a file that the system refuses is tried again: network disks recover


class Streamed:
    """Pictures or clips in files; `streamed[indices]` decodes some of them into a new array. Safe for threads.

    `decoded(index)` decodes one, of which as many channels are kept as the `shape` `(count, …, channels, height,
    width)` has, and `name(index)` is the file that it is in.
    """

    def __init__(self, decoded: Callable[[int], Decoded], name: Callable[[int], Parts], shape: tuple[int, ...]) -> None:
        self.shape = shape
        self._decoded, self._name = decoded, name
        processes = int(os.environ.get("LOCAL_WORLD_SIZE", 1))  # of torchrun on this machine
        self._threads = ThreadPoolExecutor(max(1, threads() // processes), "decoding")
        warnings.filterwarnings("ignore", module="PIL", category=UserWarning)  # the first reading named them
        set_limits()

    def __getitem__(self, indices: NDArray[np.int64], /) -> NDArray[np.uint8]:
        """Those at `indices` `(number,)`. Raises DataLost where one can no longer be read."""
        found = np.empty((len(indices), *self.shape[1:]), np.uint8)
        for index, problem in zip(indices, self._threads.map(self._fill, found, indices.tolist()), strict=True):
            if problem:
                name = readable("/".join(self._name(index)))
                raise DataLost(f"{name} can no longer be read: {problem}; put it back as it was, and go on.")
        return found

    def _fill(self, row: NDArray[np.uint8], index: int) -> str:
        """Decode one into `row`; the problem if there is one."""
        for pause in (*RETRY_SECONDS, None):
            decoded = self._decoded(index)
            if pause is None or not decoded.passing:
                break
            time.sleep(pause)
        if decoded.pixels is not None:
            row[:] = decoded.pixels[..., : row.shape[-3], :, :]
        return decoded.problem


def streamed_pictures(
    read: Callable[[Entry], Path | BytesIO], entries: Sequence[Entry], channels: int, size: tuple[int, int]
) -> Streamed:
    """The pictures of `entries`, filling `size` (height, width)."""
    return Streamed(
        lambda index: decode(partial(read, entries[index]), size),
        lambda index: entries[index].parts,
        (len(entries), channels, *size),
    )


@dataclass(frozen=True)
class Found:
    """What reading all entries found: the places of those that can't be used, the channels of each kind of picture."""

    size: tuple[int, int]
    left_out: list[int]
    channels: list[Literal[1, 3]]
    notes: list[str]
    content: str
    lost: dict[str, int]


def open_streamed(
    cache: Path, key: str, source: Source, size: Callable[[], tuple[int, int]], progress: Progress | None = None
) -> Dataset:
    """The pictures of `source` as `open_pictures` has them, decoded whenever they are asked for.

    `size()` is asked where nothing is remembered of them. Raises SfumatoError for parquet, where a picture is only had
    with thousands of others.
    """
    if not source.scattered:
        raise SfumatoError(
            f"{source.path} is parquet, which reads thousands of pictures to give one; leave `stream` out, or have the "
            f"datasets library open the folder, as hf:{source.path if source.path.is_dir() else source.path.parent}."
        )
    path = cache / f"{key}.streamed.json"
    found = _remembered(path, 1 + len(source.images))
    if found is None:
        report = Report()
        found = _look(source, size(), progress, report)
        if report.final:
            with suppress(SfumatoError):  # they are read again the next time
                replace_file(path, json.dumps(asdict(found)).encode())
    left_out = set(found.left_out)
    entries = [entry for place, entry in enumerate(source.entries) if place not in left_out]
    channels, *others = found.channels
    labels, classes = numbered(source, entries)
    return Dataset(
        source.path.as_posix(),
        np.empty((0, channels, *found.size), np.uint8),
        labels,
        classes,
        (*source.notes, *found.notes),
        [entry.captions for entry in entries] if any(entry.captions for entry in entries) else None,
        streamed_pictures(source.read, entries, channels, found.size),
        _columns(source, entries),
        {
            name: streamed_pictures(source.read, [entry.images[at] for entry in entries], channels, found.size)
            for at, (name, channels) in enumerate(zip(source.images, others, strict=True))
        },
        content=found.content,
        files=files_of(len(entries), source.files, found.lost),
    )


def numbered(source: Source, entries: Sequence[Entry]) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """The numbers of the classes of `entries` `(count,)`, None without classes, and what those are called."""
    classes = source.in_order({entry.label for entry in entries if entry.label is not None})
    number = {label: at for at, label in enumerate(classes)}
    labels = np.array([number[entry.label] for entry in entries if entry.label is not None]) if classes else None
    return labels, tuple(readable(name) for name in classes)


def _look(source: Source, size: tuple[int, int], progress: Progress | None, report: Report) -> Found:
    left_out = set(range(len(source.entries)))
    grey = np.ones(1 + len(source.images), bool)
    labels = set()
    for place, entry, decoded in read_all(source, size, progress, report):
        left_out.remove(place)
        grey &= [one.grey for one in decoded]
        if entry.label is not None:
            labels.add(entry.label)
    channels: list[Literal[1, 3]] = [1 if one else 3 for one in grey]
    return Found(
        size, sorted(left_out), channels, report.notes(source, labels), report.content.hexdigest(), dict(report.lost)
    )


def _remembered(path: Path, kinds: int) -> Found | None:
    """What an earlier reading found, or None where there was none or the file is damaged."""
    try:
        found = TypeAdapter(Found).validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return found if len(found.channels) == kinds else None


def _columns(source: Source, entries: Sequence[Entry]) -> dict[str, NDArray[np.float32]]:
    if not source.sizes:
        return {}
    values = np.frombuffer(b"".join(entry.values for entry in entries), np.float32)
    return split_columns(values.reshape(len(entries), sum(size for _, size in source.sizes)), source.sizes)
