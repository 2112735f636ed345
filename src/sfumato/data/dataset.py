"""A data set in memory or memory-mapped, and the order in which training visits it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato.errors import SfumatoError, unknown

Progress = Callable[[int, int], None]  # (files read, files in all)


@dataclass(frozen=True)
class Dataset:
    """Pictures, uint8 `(count, channels, height, width)`, perhaps memory-mapped; or points, float32 `(count, dim)`.

    `labels` are int64 `(count,)`, numbers of `classes`, or None without classes. `notes` are plain sentences about
    what was converted or left out. `name` is the spec that `open_dataset` was given.
    """

    name: str
    samples: NDArray[np.uint8] | NDArray[np.float32]
    labels: NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

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
        samples = torch.from_numpy(np.ascontiguousarray(self.samples[rows]))
        x = samples.float().div_(127.5).sub_(1) if self.is_images else samples
        return x, None if self.labels is None else torch.from_numpy(self.labels[rows])


@lru_cache(maxsize=4)
def _permutation(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    permutation = np.random.default_rng((seed, epoch)).permutation(count)
    permutation.setflags(write=False)  # every caller is handed the same one
    return permutation


def order(count: int, seed: int, position: int, number: int) -> NDArray[np.int64]:
    """The indices at `position` … `position + number − 1` of an endless stream of shuffled epochs.

    Each epoch is a permutation of 0..count−1, and epoch e's is a function of (seed, e) alone, so that a run resumed at
    any position goes on with the same data. Raises ValueError unless count ≥ 1 and seed, position, number ≥ 0.
    """
    if count < 1 or min(seed, position, number) < 0:
        raise ValueError(f"no order of {count} samples from seed {seed}, position {position}, number {number}")
    parts = [np.empty(0, np.int64)]
    while number > 0:
        epoch, offset = divmod(position, count)
        part = _permutation(count, seed, epoch)[offset : offset + number]
        parts.append(part)
        position, number = position + len(part), number - len(part)
    return np.concatenate(parts)


def open_dataset(
    spec: str,
    size: tuple[int, int] | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """The data set called `spec`: `digits`, `points:NAME`, or pictures.

    Pictures lie in a folder, a ZIP, tar or parquet file, or a folder of tar or parquet files. `points:NAME:COUNT` sets
    how many points. `size` (height, width) in pixels resizes pictures; `cache` is where decoded ones are kept (by
    default `cache_folder()` in folder.py); `progress(done, total)` is called as they are read. Raises SfumatoError for
    a spec that is none of these, for a size that can't be, and where nothing can be used.
    """
    from sfumato.data.digits import open_digits
    from sfumato.data.folder import open_pictures
    from sfumato.data.points import POINTS, open_points
    from sfumato.data.sources import source_of

    if size is not None and min(size) < 1:
        raise SfumatoError(f"pictures of {size[0]}×{size[1]} pixels can't be; a size is at least 1×1.")
    if spec == "digits":
        return open_digits(size)
    if spec.startswith("points:"):
        if size is not None:
            raise SfumatoError(f"{spec} are points, which have no height and width; leave the size out.")
        return open_points(spec)
    if not spec.strip():
        raise SfumatoError("the data set has no name; give digits, points:NAME or a folder of pictures.")
    path = Path(spec)
    try:
        if path.exists():
            return open_pictures(source_of(path), size, cache, progress)
        beside = [p.name for p in path.parent.iterdir() if p.is_dir()] if path.parent.is_dir() else []
    except PermissionError as refused:
        raise SfumatoError(f"{refused.filename or spec} can't be read: permission denied.") from refused
    if path.parent != Path() or spec.startswith("."):
        close = get_close_matches(path.name, beside, n=1)
        hint = f"; did you mean {path.parent / close[0]}?" if close else "."
        raise SfumatoError(f"there is no folder {spec}{hint}")
    error = unknown("data set", spec, ["digits", *(f"points:{name}" for name in POINTS)])
    raise SfumatoError(f"{error} A folder of pictures works too, but there is none called {spec} here.")
