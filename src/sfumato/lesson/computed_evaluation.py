"""What the lesson on evaluation shows: all the digits, split in three, and the features that they are compared by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato.data import open_dataset
from sfumato.seeds import torch_generator

PARTS = (700, 700, 397)  # trained on, sampled, held out
FEATURES = 20  # principal components of what was trained on


def split() -> tuple[NDArray[np.int64], Tensor, Tensor]:
    """The digits' rows in the order of PARTS, their pictures `(1797, 64)` in [−1, 1] and their labels in that order."""
    dataset = open_dataset("digits")
    rows = torch.randperm(len(dataset), generator=torch_generator("two sets of real samples", 0)).numpy()
    pictures, labels = dataset.batch(rows)
    assert labels is not None
    return rows, pictures.flatten(1), labels


def axes(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and first principal components `(FEATURES, 64)` of what was trained on; each component's sum is above 0."""
    trained = pictures[: PARTS[0]].double()
    mean = trained.mean(0)
    _, _, components = torch.linalg.svd(trained - mean, full_matrices=False)
    chosen = components[:FEATURES]
    return mean, chosen * torch.where(chosen.sum(1, keepdim=True) < 0, -1.0, 1.0)


def evaluation(folder: Path) -> None:
    """`digits.json`, a letter a pixel, from a for black to q for white, which packs well, and `about.json`."""
    folder.mkdir(parents=True)
    rows, pictures, labels = split()
    shades = np.rint(open_dataset("digits").samples[rows] * (16 / 255)).astype(np.uint8)
    letters = (shades + ord("a")).tobytes().decode("ascii")
    (folder / "digits.json").write_text(json.dumps(letters) + "\n", encoding="utf-8")
    mean, components = axes(pictures)
    about: dict[str, Any] = {
        "parts": PARTS,
        "labels": "".join(str(int(label)) for label in labels),
        "mean": [float(f"{v:.8g}") for v in mean],
        "axes": [[float(f"{v:.8g}") for v in row] for row in components],
    }
    (folder / "about.json").write_text(json.dumps(about, separators=(",", ":")) + "\n", encoding="utf-8")
