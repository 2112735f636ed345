"""The smallest model and data set that show what a trainer does."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import numpy as np

from sfumato.data import Dataset
from sfumato.hub import ModelConfig
from sfumato.nets import UNetConfig

Command = Callable[..., subprocess.CompletedProcess[str]]  # the fixture `sfumato`

TINY = ModelConfig((1, 8, 8), UNetConfig(1, classes=3, widths=(16, 16)), ("cat", "dog", "cow"), data_std=0.5)


def blobs(count: int = 60) -> Dataset:
    """Three classes of 8×8 pictures: a bright spot in one of three corners, with noise."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 3
    images = rng.integers(0, 60, (count, 1, 8, 8))
    for image, (row, column) in zip(images, np.array([(1, 1), (1, 5), (5, 1)])[labels], strict=True):
        image[0, row : row + 3, column : column + 3] += 180
    return Dataset("blobs", images.astype(np.uint8), labels.astype(np.int64), ("cat", "dog", "cow"))
