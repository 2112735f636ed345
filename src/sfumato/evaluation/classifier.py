"""A small classifier of the training set's own classes: reads samples, and gives features to measure them by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from sfumato.data import KINDS, Dataset
from sfumato.errors import SfumatoError
from sfumato.seeds import seeded, torch_generator
from sfumato.training.budget import Budget
from sfumato.training.loop import Loop, Turn

MAX_PICTURES = 12_500  # that are learnt and tested with
BATCH, LEARNING_RATE = 64, 2e-3


@dataclass(frozen=True)
class Classifier:
    """`features` up to the penultimate layer, `head` from there to logits; `accuracy` on the fifth it never saw."""

    features: nn.Module
    head: nn.Module
    accuracy: float

    @property
    def net(self) -> nn.Module:
        """From picture to logits."""
        return nn.Sequential(self.features, self.head)

    def read(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Penultimate features `(batch, 64)` and the class read in each picture `(batch,)`, for `x` in [−1, 1]."""
        with torch.no_grad():
            features = torch.cat([self.features(part) for part in x.split(500)])
            return features, self.head(features).argmax(1)


def train_classifier(
    dataset: Dataset, seed: int = 0, epochs: int = 25, held_out: NDArray[np.int64] | None = None
) -> Classifier:
    """Train on four fifths of labelled pictures and test on the last; a function of its arguments on one machine.

    Samples at `held_out` are among those that it is tested with, so that its features know no more of them than of what
    a model samples. Of more than MAX_PICTURES a random part is used. Some 5 seconds for the 1,797 digits on two cores.
    Raises SfumatoError for data without two classes.
    """
    if not KINDS[dataset.kind].features or len(dataset.classes) < 2:
        raise SfumatoError(f"a classifier needs pictures of at least two classes, and {dataset.name} has none.")
    generator = torch_generator("classifier split", seed)
    shuffled, count = torch.randperm(len(dataset), generator=generator), min(len(dataset), MAX_PICTURES)
    kept = torch.isin(shuffled, torch.from_numpy(np.asarray([] if held_out is None else held_out, np.int64)))
    held, others = shuffled[kept], shuffled[~kept]
    first = max(0, count // 5 - len(held))  # of the others, to test with
    test, train = torch.cat([held, others[:first]]), others[first:][: count - count // 5]
    with seeded("classifier", seed):
        reader = new_classifier(dataset.shape[0], len(dataset.classes))
        net = reader.net
        for _ in classifier_loop(net, dataset, train, generator, epochs).steps():
            pass
    net.eval().requires_grad_(False)
    right = 0
    for rows in test.split(500):
        x, labels = _labelled(dataset, rows)
        right += int((reader.read(x)[1] == labels).sum())
    return Classifier(reader.features, reader.head, right / len(test))


def classifier_loop(net: nn.Module, dataset: Dataset, train: Tensor, generator: torch.Generator, epochs: int) -> Loop:
    """The training of `net` on the samples at `train`, shuffled by `generator`, in one turn: cross-entropy."""
    orders: list[tuple[Tensor, ...]] = []  # of each epoch so far, in batches
    each = -(-len(train) // BATCH)

    def draw(step: int, images: int) -> list[tuple[Tensor, Tensor]]:
        epoch, place = divmod(step - 1, each)
        while len(orders) <= epoch:
            orders.append(train[torch.randperm(len(train), generator=generator)].split(BATCH))
        return [_labelled(dataset, orders[epoch][place])]

    def loss(part: tuple[Tensor, Tensor], fraction: float) -> Tensor:
        x, labels = part
        return F.cross_entropy(net(x), labels, label_smoothing=0.05)

    weights = tuple(net.parameters())
    optimizer = torch.optim.AdamW(weights, LEARNING_RATE, weight_decay=0.01)
    budget = Budget(epochs * each * BATCH, None, BATCH, decay=1.0, hold=each * BATCH)  # the last of an epoch is smaller
    return Loop(net, [Turn(weights, loss, (optimizer,), LEARNING_RATE)], draw, budget)


def new_classifier(channels: int, classes: int, accuracy: float = 0.0) -> Classifier:
    """One with random weights, for pictures of `channels` and any size from 2×2."""
    features = nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=1), nn.GELU(),
        nn.Conv2d(32, 64, 3, padding=1), nn.GELU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3, padding=1), nn.GELU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(),
        nn.Dropout(0.3), nn.Linear(64 * 16, 64), nn.GELU(),
    )  # fmt: skip
    head = nn.Linear(64, classes)
    return Classifier(features, head, accuracy)


def _labelled(dataset: Dataset, rows: Tensor) -> tuple[Tensor, Tensor]:
    x, labels = dataset.batch(rows)
    assert labels is not None  # checked by the caller: the data has classes
    return x, labels
