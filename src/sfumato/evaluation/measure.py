"""Samples against the data they should be like: every score with its interval and its floor, and the audit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato.data import Dataset, around, hold_out
from sfumato.errors import SfumatoError
from sfumato.evaluation.features import Extractor, chunks, content_hash, digest, rounded
from sfumato.evaluation.memorisation import Audit, audit
from sfumato.evaluation.record import Conditions, ScoreRecord
from sfumato.evaluation.scores import score
from sfumato.evaluation.two_sample import class_accuracy, class_histogram

MOST = 10_000  # of the data: more move no score by as much as its interval
FEWEST_HELD = 50  # held-out samples that are enough to judge by
STAND_IN = 0.2  # the share that stands in where none were held out


@dataclass(frozen=True)
class Reference:
    """What samples are compared with: the part of `dataset` at `train`, in the features of `extractor`.

    `held_out` are others, for what real data scores. `really`: the training left them out; otherwise a random fifth
    stands in for them, and copies of that are not found.
    """

    dataset: Dataset
    extractor: Extractor
    train: NDArray[np.int64]
    held_out: NDArray[np.int64]
    really: bool
    features: Tensor
    held_out_features: Tensor

    @property
    def split(self) -> str:
        return "trained on" if self.really else "all but a random fifth"


@dataclass(frozen=True)
class Measured:
    """The scores of `samples`; the class read in each, where the features are a classifier's."""

    scores: dict[str, ScoreRecord]
    notes: tuple[str, ...]
    features: Tensor
    read: Tensor | None


def open_reference(dataset: Dataset, extractor: Extractor, held_out: NDArray[np.int64] | None = None) -> Reference:
    """The data to compare with, its features from the cache where they are known.

    `held_out` are the samples that training left out (`sfumato.data.hold_out`); a random fifth stands in for fewer than
    FEWEST_HELD. Of larger sets MOST samples are used. Raises SfumatoError for a set of fewer than 40.
    """
    really = held_out is not None and len(held_out) >= FEWEST_HELD
    held = held_out if really and held_out is not None else hold_out(len(dataset), STAND_IN)
    if not len(held):
        raise SfumatoError(f"{dataset.name} holds {len(dataset)} samples; an evaluation needs 40 or more.")
    count = len(dataset) - len(held)
    train = around(held, np.linspace(0, count - 1, min(count, MOST)).astype(np.int64))
    train_features, held_features = (extractor.features_of(dataset, rows) for rows in (train, held))
    return Reference(dataset, extractor, train, held, really, train_features, held_features)


def conditions(reference: Reference, count: int, seed: int) -> Conditions:
    """What scores of `count` samples against `reference` are recorded with."""
    return Conditions(
        features=reference.extractor.name,
        features_hash=reference.extractor.hash,
        resize=reference.extractor.resize,
        count=count,
        reference=reference.dataset.name,
        reference_hash=content_hash(reference.dataset),
        reference_count=len(reference.train),
        split=reference.split,
        rows_hash=digest(reference.train),
        score_seed=seed,
    )


def measure(samples: Tensor, labels: Tensor | None, reference: Reference, seed: int = 0, repeats: int = 50) -> Measured:
    """Every score of `samples` `(count, *shape)`, drawn for the classes `labels` `(count,)` where they have any.

    The floor is what the held-out part scores against the same reference, or where it is smaller than half of the
    samples, what so many random ones of the reference score against the others. Raises SfumatoError for samples of
    another shape than the data's, for none and for values that aren't finite.
    """
    dataset, extractor = reference.dataset, reference.extractor
    if tuple(samples.shape[1:]) != dataset.shape:
        raise SfumatoError(
            f"the samples have the shape {_words(samples.shape[1:])} and those of {dataset.name} "
            f"{_words(dataset.shape)}; compare with the data that the model was trained on."
        )
    features = extractor.features(samples)
    found, notes = score(features, reference.features, seed, repeats)
    scores = {name: ScoreRecord(e.value, e.low, e.high, e.p_value) for name, e in found.items()}
    apart, others = floor_sets(reference, len(samples), seed)
    floors = {name: e.value for name, e in score(apart, others, seed, 0)[0].items()}
    read = None
    if (classifier := extractor.classifier) is not None:
        read, real, one, rest = (classifier.head(x).argmax(1) for x in (features, reference.features, apart, others))
        number = len(dataset.classes)
        classes = class_histogram(read, real, number)
        scores["class_histogram"] = ScoreRecord(classes.value, classes.low, classes.high, classes.p_value)
        floors["class_histogram"] = class_histogram(one, rest, number).value
        if labels is not None:
            right = class_accuracy(read, labels)
            scores["class_accuracy"] = ScoreRecord(right.value, right.low, right.high)
            floors["class_accuracy"] = classifier.accuracy
    scores = {
        name: replace(s, floor=floors[name], floor_count=len(apart)) if name in floors else s
        for name, s in scores.items()
    }
    return Measured(scores, tuple(notes), features, read)


def audit_samples(samples: Tensor, features: Tensor, reference: Reference) -> list[Audit]:
    """The memorisation audit of samples by their pixels and, where those are others, by their features."""
    train, held = (
        torch.cat([reference.dataset.batch(part)[0].flatten(1) for part in chunks(rows, 1000)])
        for rows in (reference.train, reference.held_out)
    )
    space = "pixels" if reference.dataset.is_images else "coordinates"
    found = [audit(space, rounded(samples).flatten(1), train, held)]
    if reference.extractor.name != "pixels":
        words = f"the features of {reference.extractor.name}"
        found.append(audit(words, features, reference.features, reference.held_out_features))
    return found


def proportional_labels(dataset: Dataset, count: int) -> list[int] | None:
    """`count` classes in the proportions that they have in `dataset`, in order; None without classes."""
    if dataset.labels is None or not dataset.classes:
        return None
    ordered = np.sort(np.asarray(dataset.labels))
    places: list[int] = ordered[((np.arange(count) + 0.5) * len(ordered) / count).astype(np.int64)].tolist()
    return places


def floor_sets(reference: Reference, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Features of about `count` real samples, and of others to compare them with: what no model drew."""
    generator = torch.Generator().manual_seed(seed)
    if (held := len(reference.held_out)) >= count / 2:  # any of them: data often lies in order, by writer or by day
        some = torch.randperm(held, generator=generator)[:count]
        return reference.held_out_features[some], reference.features
    shuffled = reference.features[torch.randperm(len(reference.features), generator=generator)]
    return shuffled.tensor_split([min(count, len(shuffled) // 2)])  # type: ignore[return-value]


def _words(shape: tuple[int, ...] | torch.Size) -> str:
    return "×".join(map(str, shape))
