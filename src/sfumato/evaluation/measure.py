"""Samples against the data they should be like: every score with its interval and its floor, and the audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sfumato.data import KINDS, Dataset, around
from sfumato.data.captions import first_texts
from sfumato.errors import SfumatoError
from sfumato.evaluation.clips import scores_of, whole_clips
from sfumato.evaluation.features import Extractor, chunks, content_hash, digest, left_out, rounded
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.evaluation.memorisation import Audit, audit
from sfumato.evaluation.record import Conditions, ScoreRecord
from sfumato.evaluation.scores import LEAST, SCORES
from sfumato.evaluation.two_sample import class_accuracy, class_histogram
from sfumato.hub import Model, SamplingConfig
from sfumato.hub.request import Request
from sfumato.seeds import numpy_generator, torch_generator
from sfumato.training.conditions import fixed_conditions

MAX_SAMPLES = 10_000  # of the data: more move no score by as much as its interval
MAX_CLIPS = 1000  # each of which is many pictures
NOISES, ENOUGH = 100, 1000  # noise pictures of each kind, and real ones to compare them with
SMALL_CLIP = (4, 16, 16)  # moments, height and width that copies of clips are looked for at
SMALL = 32  # pixels a side that copies are looked for at: of larger pictures ten thousand would fill the memory


@dataclass(frozen=True)
class Reference:
    """What samples are compared with: the part of `dataset` at `train`, in the features of `extractor`.

    `held_out` are others, for what real data scores. `really`: the training left them out; otherwise a random fifth
    stands in for them, and copies of that are not found.
    """

    dataset: Dataset
    extractor: Extractor
    train: NDArray[np.int64] = field(repr=False)
    held_out: NDArray[np.int64] = field(repr=False)
    really: bool
    features: Tensor = field(repr=False)
    held_out_features: Tensor = field(repr=False)

    @property
    def split(self) -> str:
        return "trained on" if self.really else "all but a random fifth"


@dataclass(frozen=True)
class Measured:
    """The scores of `samples`; the class read in each, where the features are a classifier's."""

    scores: dict[str, ScoreRecord]
    notes: tuple[str, ...]
    features: Tensor = field(repr=False)
    read: Tensor | None = field(repr=False)


def open_reference(dataset: Dataset, extractor: Extractor, held_out: NDArray[np.int64] | None = None) -> Reference:
    """The data to compare with, its features from the cache where they are known.

    `held_out` are the samples that training left out (`sfumato.data.hold_out`), which `open_extractor` takes too; a
    random fifth stands in for too few. Of larger sets MAX_SAMPLES are used. Raises SfumatoError for a set of fewer than
    40.
    """
    held = left_out(dataset, held_out)
    really = held is held_out
    if not len(held):
        raise SfumatoError(f"{dataset.name} holds {len(dataset)} samples; an evaluation needs 40 or more.")
    count = len(dataset) - len(held)
    train = around(held, np.linspace(0, count - 1, min(count, most_samples(dataset))).astype(np.int64))
    if KINDS[dataset.kind].moving and len(held) > most_samples(dataset):
        held = held[np.linspace(0, len(held) - 1, most_samples(dataset)).astype(np.int64)]
    train_features, held_features = (extractor.features_of(dataset, rows) for rows in (train, held))
    return Reference(dataset, extractor, train, held, really, train_features, held_features)


def most_samples(dataset: Dataset) -> int:
    """How many of a data set's samples are compared with, at most."""
    return MAX_CLIPS if KINDS[dataset.kind].moving else MAX_SAMPLES


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
    """Every score of `samples` `(count, *shape)`, generated for the classes `labels` `(count,)` where they have any.

    The floor is what the held-out part scores against the same reference, or where it is smaller than half of the
    samples, what so many random ones of the reference score against the others. A score by which noise does as well as
    real samples is left out. Raises SfumatoError for samples of another shape than the data's, for none and for values
    that aren't finite.
    """
    dataset, extractor = reference.dataset, reference.extractor
    if tuple(samples.shape[1:]) != dataset.shape:
        raise SfumatoError(
            f"the samples have the shape {_words(samples.shape[1:])} and those of {dataset.name} "
            f"{_words(dataset.shape)}; compare with the data that the model was trained on."
        )
    features = extractor.features(samples)
    score = scores_of(dataset.kind)
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
    blind = blind_to_noise(reference, others, floors)
    scores = {
        name: replace(s, floor=floors[name], floor_count=len(apart)) if name in floors else s
        for name, s in scores.items()
        if name not in blind
    }
    if blind:
        worst = ", ".join(
            f"{SCORES[name].title} {value:.2g} (real: {floors[name]:.2g})" for name, value in blind.items()
        )
        notes.append(f"by these features noise does well, so what praises it is left out: {worst}.")
    return Measured(scores, (*extractor.notes, *notes), features, read)


def blind_to_noise(reference: Reference, real: Tensor, floors: dict[str, float]) -> dict[str, float]:
    """Which of the shares in `floors`, which real samples score, noise reaches by half, and what it scores, by name.

    Noise has each pixel's mean and deviation; some is white, some as coarse as a quarter of the picture. It is compared
    with up to ENOUGH of the features `real`.
    """
    dataset = reference.dataset
    if not KINDS[dataset.kind].features:
        return {}
    x, _ = dataset.batch(reference.train[:: -(-len(reference.train) // ENOUGH)])
    some, generator = real[:: -(-len(real) // ENOUGH)], torch_generator("noise to compare with")
    channels, height, width = dataset.shape
    found: dict[str, float] = {}
    for sides in ((height, width), (4, 4)):
        grain = torch.randn(NOISES, channels, *sides, generator=generator)
        noise = x.mean(0) + x.std(0) * F.interpolate(grain, (height, width), mode="bilinear")
        shares = precision_recall_density_coverage(reference.extractor.features(noise), some, repeats=0)
        found |= {name: e.value for name, e in shares.items() if e.value >= floors[name] / 2}
    return found


def audit_samples(samples: Tensor, features: Tensor, reference: Reference) -> list[Audit]:
    """The memorisation audit of samples by their pixels and, where those are others, by their features."""
    dataset = reference.dataset
    train, held = (pixels_of(dataset, rows) for rows in (reference.train, reference.held_out))
    kind = KINDS[dataset.kind]
    large = kind.spatial and max(dataset.shape[-2:]) > SMALL
    space = f"{kind.space}, at most {SMALL} a side" if large else kind.space
    if kind.moving:
        space = f"{kind.space} of {SMALL_CLIP[0]} moments, at most {SMALL_CLIP[1]} a side"
    found = [audit(space, shrunk(rounded(samples, dataset.kind)), train, held)]
    if reference.extractor.name != "pixels":
        words = f"the features of {reference.extractor.name}"
        sets = (features, reference.features, reference.held_out_features)
        found.append(audit(words, *(map(whole_clips, sets) if kind.moving else sets)))
    return found


def pixels_of(dataset: Dataset, rows: NDArray[np.int64]) -> Tensor:
    """Some of a data set's samples as copies are looked for: `(number, at most 3·SMALL²)`."""
    return torch.cat([shrunk(dataset.batch(part)[0]) for part in chunks(rows, 200)])


def shrunk(samples: Tensor) -> Tensor:
    """Samples `(count, ...)` as vectors; of larger pictures the means of areas, at most SMALL a side, and of clips of
    moments too, as SMALL_CLIP."""
    if samples.ndim == 5:
        whole = (samples.shape[1], *samples.shape[3:])
        moments, height, width = (min(one, most) for one, most in zip(whole, SMALL_CLIP, strict=True))
        return F.adaptive_avg_pool3d(samples.transpose(1, 2), (moments, height, width)).flatten(1)
    if samples.ndim == 4 and max(samples.shape[2:]) > SMALL:
        share = SMALL / max(samples.shape[2:])
        height, width = (max(1, round(share * side)) for side in samples.shape[2:])
        samples = F.adaptive_avg_pool2d(samples, (height, width))
    return samples.flatten(1)


def request_like(reference: Reference, model: Model, seeds: Sequence[int], settings: SamplingConfig) -> Request:
    """The request of samples like the data, with all that `model` can be conditioned on.

    Classes come in the data's proportions. Captions and conditions by name are those of held-out samples, each in turn,
    with their classes.
    """
    dataset, count = reference.dataset, len(seeds)
    if not model.config.conditions and (not model.text_conditional or dataset.captions is None):
        labels = proportional_labels(dataset, count) if model.config.classes else None
        return model.request(seeds, labels, settings)
    return model.request(seeds, sampling=settings, **conditions_at(model, dataset, like_rows(reference, count)))


def conditions_at(model: Model, dataset: Dataset, rows: NDArray[np.int64]) -> dict[str, Any]:
    """What `model` can be conditioned on of the samples at `rows`: their labels, prompts and conditions by name."""
    captions, known = dataset.captions if model.text_conditional else None, model.config.conditions
    return {
        "labels": dataset.labels[rows].tolist() if model.config.classes and dataset.labels is not None else None,
        "prompts": None if captions is None else first_texts(captions, rows.tolist()),
        "conditions": fixed_conditions(dataset, known, dataset.batch(rows)[0], rows) if known else {},
    }


def like_rows(reference: Reference, count: int) -> NDArray[np.int64]:
    """The held-out samples that `count` samples are generated like, in turn; the first are those of any count."""
    held = reference.held_out
    order = numpy_generator("order of held-out samples").permutation(len(held))  # data often lies in order
    return held[order[np.arange(count) % len(held)]]


def proportional_labels(dataset: Dataset, count: int) -> list[int] | None:
    """`count` classes in the proportions that they have in `dataset`, in order; None without classes."""
    if dataset.labels is None or not dataset.classes:
        return None
    ordered = np.sort(np.asarray(dataset.labels))
    places: list[int] = ordered[((np.arange(count) + 0.5) * len(ordered) / count).astype(np.int64)].tolist()
    return places


def floor_sets(reference: Reference, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Features of about `count` real samples, and of others to compare them with: what no model generated."""
    generator = torch_generator("two sets of real samples", seed)
    held = len(reference.held_out)
    if held >= max(count / 2, LEAST):  # any of them: data often lies in order, by writer or by day
        some = torch.randperm(held, generator=generator)[:count]
        return reference.held_out_features[some], reference.features
    shuffled = reference.features[torch.randperm(len(reference.features), generator=generator)]
    return shuffled.tensor_split([min(count, len(shuffled) // 2)])  # type: ignore[return-value]


def _words(shape: tuple[int, ...] | torch.Size) -> str:
    return "×".join(map(str, shape))
