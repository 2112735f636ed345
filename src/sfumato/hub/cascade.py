"""A cascade: one model generates a small picture, and others enlarge it, each by the one before (Ho et al. 2021b)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from sfumato.data.controls import FACTOR, control_image, enlarged
from sfumato.errors import SfumatoError
from sfumato.hub.conditioning import Labels, Texts
from sfumato.hub.model import Model
from sfumato.sampling import ImageNoise
from sfumato.seeds import derived_seed

SMALL = "small"  # the condition of a model that enlarges: the picture at half its size
DEFAULT_NOISE = 0.1  # standard deviation: covers what a generated picture has wrong, and leaves what it shows


def check_cascade(models: Sequence[Model]) -> None:
    """Raises SfumatoError unless each model but the first enlarges what the one before generates."""
    for before, model in pairwise(models):
        name = model.source or "the model"
        if all(one.name != SMALL or not one.computed for one in model.config.conditions):
            raise SfumatoError(f"{name} can't enlarge pictures; train one that can with the `control` {SMALL}.")
        channels, height, width = model.config.shape
        expected = (channels, -(-height // FACTOR), -(-width // FACTOR))
        if tuple(before.config.shape) != expected:
            raise SfumatoError(
                f"{name} generates {_words(model.config.shape)} from {_words(expected)}, and "
                f"{before.source or 'the one before'} generates "
                f"{_words(before.config.shape)}; let each be twice as large."
            )


def cascade(
    models: Sequence[Model],
    seeds: Sequence[int],
    labels: Labels = None,
    prompts: Texts = None,
    noise: float = DEFAULT_NOISE,
    batch: int | None = None,
    **settings: Any,
) -> Iterator[Tensor]:
    """Sample with the first of `models` and enlarge with the others; yields what each makes, `(len(seeds), *shape)`.

    `labels` are of the first one's classes, and mean those of the same name to the others; prompts go to those that
    take them. Image i depends on `seeds[i]`, its class and its prompt alone. See `enlarge` for `noise`. `settings` are
    fields of SamplingConfig. Raises SfumatoError where the models don't fit together.
    """
    check_cascade(models)
    first, *others = models
    pictures = first.sample(seeds, labels, batch=batch, prompts=prompts if first.text_conditional else None, **settings)
    yield pictures
    numbers, known = first.labels(labels, len(seeds)), first.config.classes
    names = None if numbers is None else [None if number is None else known[number] for number in numbers]
    yield from enlarge(others, pictures, seeds, names, prompts, noise, batch, **settings)


def enlarge(
    models: Sequence[Model],
    pictures: Tensor,
    seeds: Sequence[int],
    classes: Sequence[str | None] | None = None,
    prompts: Texts = None,
    noise: float = DEFAULT_NOISE,
    batch: int | None = None,
    **settings: Any,
) -> Iterator[Tensor]:
    """Enlarge `pictures` `(len(seeds), channels, height, width)` with each of `models` in turn, yielding each result.

    They get `noise` of that standard deviation first, whose level the models are given; 0 adds none. Raises
    SfumatoError for more than a model was trained with.
    """
    for stage, model in enumerate(models, start=1):
        labels = None
        if classes is not None and model.config.classes:
            known = model.config.classes
            labels = [known.index(name) if name in known else None for name in classes]
        small = enlargement(model, pictures, seeds, noise, stage)
        texts = prompts if model.text_conditional else None
        own = [derived_seed("enlarged image", seed, stage) for seed in seeds]  # else it would begin as the one before
        pictures = model.sample(own, labels, batch=batch, prompts=texts, conditions={SMALL: small}, **settings)
        yield pictures


def enlargement(
    model: Model, pictures: Tensor, seeds: Sequence[int], noise: float = DEFAULT_NOISE, stage: int = 1
) -> Tensor:
    """The condition `(batch, size, height, width)` by which `model` enlarges `pictures` of half its size."""
    (one,) = (one for one in model.config.conditions if one.name == SMALL)
    if not 0 <= noise <= one.noise:
        raise SfumatoError(f"the noise on what is enlarged is between 0 and {one.noise:g} here, got {noise:g}.")
    large = enlarged(pictures.clamp(-1, 1), *model.config.seen[1][1:])
    eps = ImageNoise(seeds, model.config.seen[1], purpose="noise on what is enlarged", numbers=[stage])()
    count = len(large)
    return control_image(one, large, torch.full((count, 4), 0.5), torch.full((count,), float(noise)), eps)


def _words(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))
