"""A data set in memory or memory-mapped, and the order in which training visits it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import finalize

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato.errors import SfumatoError, unknown

if TYPE_CHECKING:
    from sfumato.data.columns import Columns

Progress = Callable[[int, int], None]  # (files read, files in all)

SHUFFLED = 2**16  # samples whose order is shuffled in memory; that of more is computed where it is asked for
ROUNDS = 6
FEWEST, HELD_OUT = 8, 1000  # samples that are held out: fewer say nothing, more would be lost on large sets


class Rows:
    """Rows of one shape in a flat file; `rows[indices]` reads some of them into a new array.

    Unlike a mapped array, whose pages count as the process's memory once they were seen, nothing of it stays. Safe for
    threads.
    """

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self._shape = shape
        self._file = os.open(path, os.O_RDONLY)  # the file may be replaced: these are its rows for as long as it takes
        finalize(self, os.close, self._file)

    def __getitem__(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The rows at `indices` `(number,)`, uint8. Raises IndexError, or SfumatoError where they can't be read."""
        count = self._shape[0]
        if len(indices) and not -count <= indices.min() <= indices.max() < count:
            raise IndexError(f"there are {count} rows")
        found = np.empty((len(indices), *self._shape[1:]), np.uint8)
        try:
            for row, index in zip(found, (indices % count).tolist(), strict=True):
                if os.preadv(self._file, [row], index * row.nbytes) < row.nbytes:
                    raise OSError(None, "the file breaks off")
        except OSError as error:
            raise SfumatoError(f"the decoded pictures can no longer be read: {error.strerror}; start again.") from error
        return found


@dataclass(frozen=True)
class Dataset:
    """Pictures, uint8 `(count, channels, height, width)`, perhaps memory-mapped; or points, float32 `(count, dim)`.

    `labels` are int64 `(count,)`, numbers of `classes`, or None without classes. `notes` are plain sentences about
    what was converted or left out. `captions` are as many as samples, '' where one has none, or None without any; a
    sample that has several has one a line.
    `name` is the spec that `open_dataset` was given. Batches are read from `rows`, the same samples in a file, where
    that is given. `values` are float32 `(count, size)` by the name of their column, NaN where not told, and `images`
    uint8 pictures that the samples are to be drawn from, as many, as high and as wide.
    """

    name: str
    samples: NDArray[np.uint8] | NDArray[np.float32]
    labels: NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    captions: Sequence[str] | None = None
    rows: Rows | None = None
    values: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    images: Mapping[str, NDArray[np.uint8] | Rows] = field(default_factory=dict)

    @property
    def is_images(self) -> bool:
        """Whether the samples are pictures rather than points."""
        return self.samples.ndim == 4

    @property
    def shape(self) -> tuple[int, ...]:
        """One sample's: (channels, height, width) or (dimension,)."""
        return tuple(self.samples.shape[1:])

    def __len__(self) -> int:
        return len(self.samples)

    def batch(self, indices: NDArray[np.int64] | Tensor) -> tuple[Tensor, Tensor | None]:
        """The samples at `indices` as float32, pictures in [−1, 1], and their int64 labels (None without classes)."""
        rows = indices.cpu().numpy() if isinstance(indices, Tensor) else np.asarray(indices)
        found = self.samples[rows] if self.rows is None else self.rows[rows]
        samples = torch.from_numpy(np.ascontiguousarray(found))
        x = samples.float().div_(127.5).sub_(1) if self.is_images else samples
        return x, None if self.labels is None else torch.from_numpy(self.labels[rows])

    def told(self, name: str, indices: NDArray[np.int64]) -> Tensor | None:
        """What the column `name` says of the samples at `indices`: float32 numbers `(number, size)`, or pictures.

        Pictures are `(number, channels, height, width)` in [−1, 1]. None where there is no such column.
        """
        if name in self.values:
            return torch.from_numpy(np.ascontiguousarray(self.values[name][indices]))
        if name in self.images:
            return torch.from_numpy(np.ascontiguousarray(self.images[name][indices])).float().div_(127.5).sub_(1)
        return None


@lru_cache(maxsize=2)  # a batch may end one epoch and begin the next
def _permutation(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    permutation = np.random.default_rng((seed, epoch)).permutation(count)
    permutation.setflags(write=False)  # every caller is handed the same one
    return permutation


@lru_cache(maxsize=2)
def _keys(seed: int, epoch: int) -> NDArray[np.uint64]:
    return np.random.SeedSequence((seed, epoch)).generate_state(ROUNDS, np.uint64).astype(np.uint64)


def _permuted(places: NDArray[np.int64], count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Where a permutation of 0..count−1 sends `places`, without the memory that a list of it would take.

    A Feistel network over pairs (left, right) of about √count each, which walks on while it is outside (Black and
    Rogaway, "Ciphers with arbitrary finite domains", 2002, sections 3 and 4).
    """
    low = np.uint64(isqrt(count - 1) + 1)
    high = np.uint64(-(-count // int(low)))
    walked = places.astype(np.uint64)
    outside = np.ones(len(walked), bool)
    while outside.any():
        left, right = np.divmod(walked[outside], low)
        for number, key in enumerate(_keys(seed, epoch)):
            if number % 2:
                right = (right + mixed(left ^ key) % low) % low
            else:
                left = (left + mixed(right ^ key) % high) % high
        walked[outside] = left * low + right
        outside = walked >= count
    return walked.astype(np.int64)


def mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finalizer (Steele, Lea & Flood 2014): every bit depends on every other."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def order(count: int, seed: int, position: int, number: int) -> NDArray[np.int64]:
    """The indices at `position` … `position + number − 1` of an endless stream of shuffled epochs.

    Each epoch is a permutation of 0..count−1, and epoch e's is a function of (seed, e) alone, so that a run resumed at
    any position goes on with the same data. Up to SHUFFLED samples it is a list; that of more samples needs no memory.
    Raises ValueError unless count ≥ 1 and seed, position, number ≥ 0.
    """
    if count < 1 or min(seed, position, number) < 0:
        raise ValueError(f"no order of {count} samples from seed {seed}, position {position}, number {number}")
    parts = [np.empty(0, np.int64)]
    while number > 0:
        epoch, offset = divmod(position, count)
        some = min(number, count - offset)
        if count <= SHUFFLED:
            parts.append(_permutation(count, seed, epoch)[offset : offset + some])
        else:
            parts.append(_permuted(np.arange(offset, offset + some), count, seed, epoch))
        position, number = position + some, number - some
    return np.concatenate(parts)


def hold_out(count: int, share: float) -> NDArray[np.int64]:
    """The samples of `count` that training leaves out, sorted: `share` of them, at most HELD_OUT, none if too few.

    Which they are depends on the count alone, so that runs on the same data can be compared.
    """
    number = min(HELD_OUT, int(count * share))
    if number < FEWEST:
        return np.empty(0, np.int64)
    return np.sort(_permuted(np.arange(number), count, seed=0, epoch=HELD_OUT))


def around(held: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """The samples at `places` among those that are not in `held` (sorted)."""
    return places + np.searchsorted(held - np.arange(len(held)), places, side="right")


def mirrored(seed: int, position: int, number: int) -> NDArray[np.bool_]:
    """Which samples at `position` … of `order`'s stream to show mirrored, `(number,)`: a coin for each place."""
    places = np.arange(position, position + number, dtype=np.uint64)
    coins: NDArray[np.bool_] = mixed(mixed(places) ^ np.uint64(seed)) >= np.uint64(2**63)
    return coins


def open_dataset(
    spec: str,
    size: tuple[int, int] | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
    columns: Columns | None = None,
) -> Dataset:
    """The data set called `spec`: `digits`, `emoji`, `shapes`, `points:NAME`, or pictures.

    Pictures lie in a folder, a ZIP, tar or parquet file, a folder of tar or parquet files, or `hf:NAME` or
    `hf:NAME:SPLIT`, which the `datasets` library gets from the Hugging Face Hub or opens as a folder.
    `points:NAME:COUNT` sets how many points. `size` (height, width) in pixels resizes pictures; `cache` is where
    decoded ones are kept (by default `cache_folder()` in cache.py); `progress(done, total)` is called as they are read;
    `columns` are those of metadata.jsonl that are read beside the captions (see columns.py).
    Raises SfumatoError for a spec that is none of these, for a size that can't be, and where nothing can be used.
    """
    from sfumato.data.columns import NONE
    from sfumato.data.digits import open_digits
    from sfumato.data.emoji import open_emoji
    from sfumato.data.folder import open_pictures
    from sfumato.data.huggingface import huggingface_source
    from sfumato.data.points import POINTS, open_points
    from sfumato.data.shapes import open_shapes
    from sfumato.data.sources import source_of

    if size is not None and min(size) < 1:
        raise SfumatoError(f"pictures of {size[0]}×{size[1]} pixels can't be; a size is at least 1×1.")
    if columns and (spec in ("digits", "emoji", "shapes") or re.match("(emoji|shapes|points|hf):", spec)):
        name = (*columns.numbers, *columns.vectors, *columns.images)[0]
        raise SfumatoError(f"{spec} comes without metadata, so there is no column '{name}'; give a folder that has it.")
    if spec == "digits":
        return open_digits(size)
    if spec == "emoji" or spec.startswith("emoji:"):
        return open_emoji(spec, size, cache, progress)
    if spec == "shapes" or spec.startswith("shapes:"):
        return open_shapes(spec, size, cache, progress)
    if spec.startswith("points:"):
        if size is not None:
            raise SfumatoError(f"{spec} are points, which have no height and width; leave the size out.")
        return open_points(spec)
    if spec.startswith("hf:"):
        return open_pictures(huggingface_source(spec), size, cache, progress)
    if not spec.strip():
        raise SfumatoError("the data set has no name; give digits, points:NAME or a folder of pictures.")
    path = Path(spec)
    try:
        if path.exists():
            return open_pictures(source_of(path, columns or NONE), size, cache, progress)
        beside = [p.name for p in path.parent.iterdir() if p.is_dir()] if path.parent.is_dir() else []
    except PermissionError as refused:
        raise SfumatoError(f"{refused.filename or spec} can't be read: permission denied.") from refused
    if path.parent != Path() or spec.startswith("."):
        close = get_close_matches(path.name, beside, n=1)
        hint = f"; did you mean {path.parent / close[0]}?" if close else "."
        raise SfumatoError(f"there is no folder {spec}{hint}")
    error = unknown("data set", spec, ["digits", "emoji", "shapes", *(f"points:{name}" for name in POINTS)])
    raise SfumatoError(f"{error} A folder of pictures works too, but there is none called {spec} here.")
