"""A data set in memory or memory-mapped, and the order in which training visits it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    what was converted or left out.
    """

    name: str
    samples: NDArray[np.uint8] | NDArray[np.float32]
    labels: NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_images(self) -> bool:
        return self.samples.ndim == 4

    @property
    def shape(self) -> tuple[int, ...]:
        """One sample's: (channels, height, width) or (dimension,)."""
        return tuple(self.samples.shape[1:])

    def __len__(self) -> int:
        return len(self.samples)

    def batch(self, indices: NDArray[np.int64] | Tensor) -> tuple[Tensor, Tensor | None]:
        """The samples at `indices` as float32, pictures in [−1, 1], and their int64 labels (None without classes)."""
        rows = np.asarray(indices)
        samples = torch.from_numpy(np.ascontiguousarray(self.samples[rows]))
        x = samples.float().div_(127.5).sub_(1) if self.is_images else samples
        return x, None if self.labels is None else torch.from_numpy(self.labels[rows])


@lru_cache(maxsize=4)
def _permutation(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, epoch)).permutation(count)


def order(count: int, seed: int, position: int, number: int) -> NDArray[np.int64]:
    """The indices at `position` … `position + number − 1` of an endless stream of shuffled epochs.

    Each epoch is a permutation of 0..count−1, and epoch e's is a function of (seed, e) alone, so that a run resumed at
    any position goes on with the same data.
    """
    parts = []
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
    """The data set called `spec`: `digits`, `points:NAME`, or a folder of pictures.

    `size` (height, width) resizes pictures; `cache` is where a folder's decoded pictures are kept (see folder.py);
    `progress(done, total)` is called as files are read. Raises SfumatoError for a spec that is none of these and for
    folders that hold nothing usable.
    """
    from sfumato.data.digits import open_digits
    from sfumato.data.folder import open_folder
    from sfumato.data.points import open_points

    if spec == "digits":
        return open_digits(size)
    if spec.startswith("points:"):
        return open_points(spec)
    path = Path(spec)
    if path.is_dir():
        return open_folder(path, size, cache, progress)
    if path.exists():
        raise SfumatoError(f"{spec} is a file; give the folder that holds the pictures.")
    if path.parent != Path() or spec.startswith("."):
        raise SfumatoError(f"there is no folder {spec}.")
    error = unknown("data set", spec, ["digits", "points:spirals"])
    raise SfumatoError(f"{error} A folder of pictures works too, but there is none called {spec} here.")
