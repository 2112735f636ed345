"""A data set, in memory or wherever it is read from."""

from __future__ import annotations

import hashlib
import math
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from weakref import finalize

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato.data.kinds import KINDS, named_kind
from sfumato.data.order import IDENTITY, Augmentation
from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from sfumato.data.captions import Texts

Progress = Callable[[int, int], None]  # (files read, files in all)

STATISTICS_NUMBERS = 2**26  # numbers that are looked at together to know what a set is like


class DataLost(SfumatoError):
    """Samples that were there when training began can no longer be read."""


class Pictures(Protocol):
    """Pictures wherever they are, `shape` `(count, channels, height, width)`, of which some can be read: uint8.

    So are latents, float16.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, indices: NDArray[np.int64], /) -> NDArray[Any]: ...


class Rows:
    """Rows of one shape in a flat file, from the row `first` on; `rows[indices]` reads some of them into a new array.

    Unlike a mapped array, whose pages count as the process's memory once they were seen, nothing of it stays. Safe for
    threads.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: type[np.generic] = np.uint8, first: int = 0) -> None:
        self.shape, self.dtype, self.first = shape, dtype, first
        self._file = os.open(path, os.O_RDONLY)  # the file may be replaced: these are its rows for as long as it takes
        finalize(self, os.close, self._file)

    def __getitem__(self, indices: NDArray[np.int64]) -> NDArray[Any]:
        """The rows at `indices` `(number,)`. Raises IndexError, or DataLost where they can't be read."""
        count = self.shape[0]
        if len(indices) and not -count <= indices.min() <= indices.max() < count:
            raise IndexError(f"there are {count} rows")
        found = np.empty((len(indices), *self.shape[1:]), self.dtype)
        try:
            for row, index in zip(found, (indices % count).tolist(), strict=True):
                if os.preadv(self._file, [row], (self.first + index) * row.nbytes) < row.nbytes:
                    raise OSError(None, "the file breaks off")
        except OSError as error:
            raise DataLost(f"the decoded pictures can no longer be read: {error.strerror}; start again.") from error
        return found


USED = "used"


def files_of(used: int, others: Mapping[str, int], lost: Mapping[str, int]) -> dict[str, int]:
    """What became of files: how many are used, of `others` that were found, and of those that can't be decoded."""
    found = Counter({USED: used}) + Counter(others) + Counter(lost)
    return {reason: number for reason, number in found.items() if number}


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples of one `kind` (see kinds.py): pictures, uint8 `(count, channels, height, width)`, or points, float32.

    `labels` are int64 `(count,)`, numbers of `classes` from 0, or None without classes. `notes` are plain sentences
    about what was converted or left out. `captions` are as many as samples: the texts of each, none, one or several, or
    one string a sample; or None where no sample has any.
    `name` is the spec that `open_dataset` was given. Where `rows` is given, pictures are read from there instead, and
    `samples` may hold none. They are stored `crop` pixels higher and wider than they are shown: the middle, where
    nothing else is asked for. `values` are float32 `(count, size)` by the name of their column, NaN where unknown, and
    `images` uint8 pictures that the samples are conditioned on, as many, stored as high and as wide.
    `content` is the SHA-256 of all that was decoded, where there are files; any set's `fingerprint()` tells it apart.
    `mirrored` are the mirror images of latents, which can't be made of them, and `pictures` what they are latents of.
    `files` counts every file that was found by what became of it: used, read beside them, or why it was left out.
    """

    name: str
    samples: NDArray[Any] = field(repr=False)
    labels: NDArray[np.int64] | None = field(default=None, repr=False)
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    captions: Sequence[Texts] | None = field(default=None, repr=False)  # or of strings, which become texts
    rows: Pictures | None = field(default=None, repr=False)
    values: Mapping[str, NDArray[np.float32]] = field(default_factory=dict, repr=False)
    images: Mapping[str, Pictures] = field(default_factory=dict, repr=False)
    crop: int = 0
    content: str = ""
    files: Mapping[str, int] = field(default_factory=dict)
    kind: str = ""
    mirrored: Pictures | None = field(default=None, repr=False)
    pictures: Dataset | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        kind = named_kind(self.kind, self.shape)
        object.__setattr__(self, "kind", kind.name)
        if self.rows is None and self.samples.dtype != kind.dtype:
            raise SfumatoError(
                f"{self.name} has {kind.name} of {self.samples.dtype}, which are kept as {np.dtype(kind.dtype)}; "
                "sfumato.datasets.from_arrays brings them to it."
            )
        if self.labels is not None and len(self.labels):
            low, high = int(self.labels.min()), int(self.labels.max())
            if low < 0 or high >= len(self.classes):
                raise SfumatoError(
                    f"{self.name} has labels from {low} to {high} and {len(self.classes)} classes, which are numbered "
                    "from 0; sfumato.datasets.from_arrays names those that have no name."
                )
        if isinstance(self.captions, list | tuple) and any(isinstance(one, str) for one in self.captions):
            texts = [() if not one else (one,) if isinstance(one, str) else tuple(one) for one in self.captions]
            object.__setattr__(self, "captions", texts)

    @property
    def shape(self) -> tuple[int, ...]:
        """One sample's: (channels, height, width) or (dimension,), as its kind has it."""
        whole = (self.samples if self.rows is None else self.rows).shape[1:]
        return (*whole[:-2], *(side - self.crop for side in whole[-2:])) if self.crop else tuple(whole)

    @property
    def seen(self) -> Dataset:
        """The set whose samples are seen: the pictures of latents, or itself."""
        return self if self.pictures is None else self.pictures

    def seen_as(self, augmentation: Augmentation) -> Augmentation:
        """How `seen` shows what this set shows in this way: a latent pixel is several of its own."""
        if self.pictures is None or augmentation.corners is None:
            return augmentation
        return Augmentation(augmentation.mirrored, augmentation.corners * (self.pictures.crop // self.crop))

    def __len__(self) -> int:
        return len(self.samples) if self.rows is None else self.rows.shape[0]

    def fingerprint(self) -> str:
        """SHA-256 of the samples, their classes, captions and columns: the same wherever and however they are kept."""
        if self.content:
            return self.content
        found = hashlib.sha256(repr((self.samples.shape, str(self.samples.dtype), self.classes)).encode())
        for part in (self.samples, self.labels, *self.values.values()):
            if part is not None:
                found.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
        found.update(repr(self.captions and list(self.captions)).encode())
        return found.hexdigest()

    def in_class_order(self, classes: tuple[str, ...]) -> Dataset:
        """The same set, its classes numbered as in `classes`, which are those that it has, in any order."""
        if self.labels is None or classes == self.classes:
            return self
        number = np.array([classes.index(name) for name in self.classes], np.int64)
        return replace(self, labels=number[self.labels], classes=classes)

    def spread(self, most: int) -> NDArray[np.int64]:
        """The indices of up to `most` samples, evenly spread; of large pictures fewer, for the memory they take."""
        number = min(len(self), most, max(64, STATISTICS_NUMBERS // math.prod(self.shape)))
        return np.linspace(0, len(self) - 1, number).astype(np.int64)

    def stored(self, indices: NDArray[np.int64], augmentation: Augmentation = IDENTITY) -> NDArray[Any]:
        """The samples at `indices` as they are stored: uint8 of pictures, float32 of points."""
        stored = self.samples if self.rows is None else self.rows
        if KINDS[self.kind].augmented:
            return self._augmented(stored, indices, augmentation)
        found, corners = stored[indices], augmentation.corners
        if (flipped := augmentation.mirrored) is not None and self.mirrored is not None:
            found[flipped] = self.mirrored[indices[flipped]]
            if corners is not None:  # they are those before it is mirrored
                corners = corners.copy()
                corners[flipped, 1] = self.crop - corners[flipped, 1]
        return self._part(found, corners) if self.crop else found

    def batch(
        self, indices: NDArray[np.int64] | Tensor, augmentation: Augmentation = IDENTITY
    ) -> tuple[Tensor, Tensor | None]:
        """The samples at `indices` as float32, pictures in [−1, 1], and their int64 labels (None without classes)."""
        rows = indices.cpu().numpy() if isinstance(indices, Tensor) else np.asarray(indices)
        x = KINDS[self.kind].decoded(self.stored(rows, augmentation))
        return x, None if self.labels is None else torch.from_numpy(self.labels[rows])

    def column(self, name: str, indices: NDArray[np.int64], augmentation: Augmentation = IDENTITY) -> Tensor | None:
        """What the column `name` says of the samples at `indices`: float32 numbers `(number, size)`, or pictures.

        Pictures are `(number, channels, height, width)` in [−1, 1]. None where there is no such column.
        """
        if name in self.values:
            return torch.from_numpy(np.ascontiguousarray(self.values[name][indices]))
        if name in self.images:
            return KINDS["pictures"].decoded(self._augmented(self.images[name], indices, augmentation))
        return None

    def _augmented(
        self, pictures: Pictures, indices: NDArray[np.int64], augmentation: Augmentation
    ) -> NDArray[np.uint8]:
        found = pictures[indices]
        if self.crop:
            found = self._part(found, augmentation.corners)
        if augmentation.mirrored is not None:
            found[augmentation.mirrored] = found[augmentation.mirrored][..., ::-1]
        return np.ascontiguousarray(found)

    def _part(self, whole: NDArray[Any], corners: NDArray[np.int64] | None) -> NDArray[Any]:
        """Of each of `whole`, what begins at its corner, by default in the middle."""
        sides = [side - self.crop for side in whole.shape[2:]]
        found = np.empty((*whole.shape[:2], *sides), whole.dtype)
        corners = np.full((len(whole), 2), self.crop // 2) if corners is None else corners
        for row, (top, left) in enumerate(corners.tolist()):
            found[row] = whole[row, :, top : top + sides[0], left : left + sides[1]]
        return found
