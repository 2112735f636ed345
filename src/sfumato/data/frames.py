"""The frames of clips as pictures by themselves: what an autoencoder of clips learns from."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.data.dataset import Dataset, Pictures


class Frames:
    """The frames `(count · frames, channels, height, width)` of clips, those of one after those of another."""

    def __init__(self, clips: Pictures) -> None:
        self._clips = clips
        count, self._each, *shape = clips.shape
        self.shape = (count * self._each, *shape)

    def __getitem__(self, indices: NDArray[np.int64], /) -> NDArray[Any]:
        which, back = np.unique(np.asarray(indices) // self._each, return_inverse=True)
        frames: NDArray[Any] = self._clips[which][back, np.asarray(indices) % self._each]
        return frames


def frames_of(dataset: Dataset) -> Dataset:
    """`dataset` itself, or, of clips, their frames as pictures that nothing is said of."""
    if dataset.kind != "clips":
        return dataset
    clips = dataset.samples if dataset.rows is None else dataset.rows
    content = hashlib.sha256(f"frames of {dataset.fingerprint()}".encode()).hexdigest()
    samples = np.empty((0, *dataset.shape[1:]), np.uint8)
    return Dataset(
        dataset.name, samples, rows=Frames(clips), notes=dataset.notes, content=content, files=dataset.files,
        kind="pictures",
    )  # fmt: skip
