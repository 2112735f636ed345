"""The smallest model and data set that show what a trainer does."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from sfumato.data import Dataset
from sfumato.hub import Model, ModelConfig
from sfumato.nets import UNetConfig
from sfumato.training import Progress, Trainer, TrainingConfig, resume_run, start_run, train

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


def resumes_exactly(
    folder: Path, data: Dataset, config: TrainingConfig, model: ModelConfig | Model, stop_at: int
) -> tuple[Trainer, Trainer]:
    """Train to the end in `folder/whole`, and in `folder/halves` with a stop; both end with the same bits."""
    device = torch.device("cpu")
    whole = start_run(folder / "whole", data, config, model, device)
    list(train(folder / "whole", whole))
    halves = start_run(folder / "halves", data, config, model, device)
    for event in train(folder / "halves", halves):
        if isinstance(event, Progress) and event.step == stop_at:
            halves.stop()
    again, damaged = resume_run(folder / "halves", data, config, device)
    assert again.step == stop_at and damaged == []
    list(train(folder / "halves", again))
    for name, tensors in whole.state()[0].items():
        for key, value in tensors.items():
            assert torch.equal(value, again.state()[0][name][key]), (name, key)
    return whole, again
