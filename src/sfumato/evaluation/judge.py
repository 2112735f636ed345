"""How good are the samples? Class by class, as a set, and against the training pictures they might have copied."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.data import Dataset
from sfumato.evaluation.features import own_classifier, rounded
from sfumato.evaluation.frechet import frechet_distance, half_to_half


@dataclass(frozen=True)
class Judgement:
    """What was measured on class-conditional samples.

    `read_as_asked` is the share that a classifier of the real data (itself right on `classifier_accuracy` of its
    held-out fifth) reads as the class asked for, `by_class` the same per class. `frechet` is the distance to the real
    data in its penultimate features; `half_to_half` ± `half_to_half_spread` is that between its random halves.
    """

    count: int
    classifier_accuracy: float
    read_as_asked: float
    by_class: tuple[float, ...]
    frechet: float
    half_to_half: float
    half_to_half_spread: float

    @property
    def ratio(self) -> float:
        """The Fréchet distance in units of the half-to-half distance; below 1 is as close as the data to itself."""
        return self.frechet / self.half_to_half


def judge(samples: Tensor, labels: Tensor, dataset: Dataset) -> Judgement:
    """Measure `samples` `(count, channels, height, width)` generated for `labels` `(count,)` against all of `dataset`.

    The data's classifier is trained once and kept in the cache. Samples are first rounded to the 8-bit values that a
    picture file would hold.
    """
    classifier, _ = own_classifier(dataset)
    real, _ = dataset.batch(torch.arange(len(dataset)))
    real_features, _ = classifier.read(real)
    features, read = classifier.read(rounded(samples))
    right = (read == labels).float()
    baseline, spread = half_to_half(real_features)
    return Judgement(
        count=len(samples),
        classifier_accuracy=classifier.accuracy,
        read_as_asked=float(right.mean()),
        by_class=tuple(float(right[labels == label].mean()) for label in range(len(dataset.classes))),
        frechet=frechet_distance(features, real_features),
        half_to_half=baseline,
        half_to_half_spread=spread,
    )


def nearest(samples: Tensor, dataset: Dataset) -> tuple[Tensor, Tensor]:
    """For each sample the index of the closest training picture, and the share of training distances to compare with.

    The second value is the distance to the closest picture divided by the median distance between a training picture
    and its own closest neighbour: about 1 is as new as the training pictures are among themselves, near 0 is a copy.
    """
    real, _ = dataset.batch(torch.arange(len(dataset)))
    flat = real.flatten(1)
    distances = torch.cdist(samples.flatten(1), flat)
    own = torch.cdist(flat[:1000], flat)
    typical = own.topk(2, largest=False).values[:, 1].median()
    closest = distances.min(1)
    return closest.indices, closest.values / typical
