"""The conditions of a batch by name: which a data set can give, and what they are for some of its samples.

All that is random is drawn for the whole batch from the step's generator, so that it is a function of (seed, step),
whichever process trains on which rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato.data import KINDS, Augmentation, Dataset
from sfumato.data.columns import Columns, statistics
from sfumato.data.controls import CONTROLS, control_config, control_image
from sfumato.data.order import IDENTITY
from sfumato.errors import SfumatoError, unknown
from sfumato.grey import grey
from sfumato.nets import ConditionConfig
from sfumato.nets.conditions import GUIDANCE
from sfumato.seeds import torch_generator

SEEN = 10_000  # samples whose mean and standard deviation are those of a column


@dataclass(frozen=True)
class ConditionDropout:
    """What is random in the conditions of a batch.

    `dropped` is bool `(batch, conditions)`, `places` `(batch, conditions, 4)` in [0, 1); for each condition with noise,
    `noise` has the levels `(batch,)` and what is added, `(batch, channels, height, width)`.
    """

    dropped: Tensor
    places: Tensor
    noise: dict[str, tuple[Tensor, Tensor]]


def draw_dropout(
    conditions: Sequence[ConditionConfig],
    batch: int,
    shape: Sequence[int],
    dropout: float,
    generator: torch.Generator,
) -> ConditionDropout:
    """Drop each condition of each sample with the probability `dropout`, whatever becomes of the others."""
    dropped = (torch.rand(len(conditions), batch, generator=generator) < dropout).T
    places = torch.rand(len(conditions), batch, 4, generator=generator).transpose(0, 1)
    noise = {
        one.name: (
            one.noise * torch.rand(batch, generator=generator),
            torch.randn(batch, *shape, generator=generator),
        )
        for one in conditions
        if one.noise
    }
    return ConditionDropout(dropped, places, noise)


def sample_conditions(
    dataset: Dataset,
    conditions: Sequence[ConditionConfig],
    x0: Tensor,
    indices: NDArray[np.int64],
    dropout: ConditionDropout,
    augmentation: Augmentation = IDENTITY,
) -> dict[str, Tensor]:
    """The conditions of the samples `x0` at `indices`, NaN where they are dropped or not known.

    What is computed from pictures is computed from `x0`, or from those that are latents in it; images from the data are
    shown in the same `augmentation`.
    """
    conditions_by_name = {}
    if dataset.pictures is not None and any(one.kind == "image" for one in conditions):
        x0, _ = dataset.pictures.batch(indices, dataset.seen_as(augmentation))
    for number, one in enumerate(conditions):
        shape = (len(x0), one.size, *x0.shape[2:]) if one.kind == "image" else (len(x0), one.size)
        found = None if one.computed else dataset.seen.column(one.name, indices, dataset.seen_as(augmentation))
        if one.computed:
            noise, eps = dropout.noise.get(one.name, (torch.empty(0), torch.empty(0)))
            found = control_image(one, x0, dropout.places[:, number], noise, eps)
        elif found is None:
            found = torch.full(shape, math.nan)
        elif one.kind == "image":
            found = grey(found) if one.size < found.shape[1] else found.expand(shape).clone()
        if dropout.dropped[:, number].any():
            found = found.clone()
            found[dropout.dropped[:, number]] = math.nan
        conditions_by_name[one.name] = found if one.kind != "number" else found[:, 0]
    return conditions_by_name


def fixed_conditions(
    dataset: Dataset, conditions: Sequence[ConditionConfig], x0: Tensor, indices: NDArray[np.int64]
) -> dict[str, Tensor]:
    """The conditions of the samples `x0` at `indices` by name, the same every time that they are asked for."""
    if not conditions or not len(indices):
        return {}
    each = []
    for x, index in zip(x0, indices, strict=True):
        generator = torch_generator("conditions of a sample", int(index))
        nothing = draw_dropout(conditions, 1, dataset.seen.shape, 0.0, generator)
        each.append(sample_conditions(dataset, conditions, x[None], np.array([index]), nothing))
    return {one.name: torch.cat([found[one.name] for found in each]) for one in conditions}


def conditions_of(
    dataset: Dataset, columns: Columns, controls: Sequence[str] = (), scale: int = 1
) -> tuple[ConditionConfig, ...]:
    """The conditions that the `columns` of `dataset` and the `controls` computed from its pictures are.

    Of latents, pictures are `scale` times as high and wide.

    Raises SfumatoError for an unknown control, points, a column of which nothing is known, or a number that never
    varies.
    """
    if not KINDS[dataset.kind].spatial and (columns or controls):
        raise SfumatoError(f"{dataset.name} are points, conditioned on their class alone; leave `control` out.")
    if KINDS[dataset.kind].moving and (columns.images or controls):
        raise SfumatoError(
            f"{dataset.name} are clips, which no image conditions yet; leave `control` out, or `frames` and `fps`."
        )
    found = []
    if GUIDANCE in (*columns.numbers, *columns.vectors, *columns.images):
        raise SfumatoError(f"a column can't be called '{GUIDANCE}', by which students are told a weight; rename it.")
    for kind, names in (("number", columns.numbers), ("vector", columns.vectors)):
        for name in names:
            values = dataset.values[name]
            some = np.asarray(values[np.linspace(0, len(values) - 1, min(len(values), SEEN)).astype(np.int64)])
            if np.isnan(some).all():
                raise SfumatoError(f"the column '{name}' says nothing of the pictures in {dataset.name}; leave it out.")
            if kind == "number" and np.nanmin(some) == np.nanmax(some):
                raise SfumatoError(f"all numbers in the column '{name}' are {np.nanmin(some):g}; leave it out.")
            mean, std = statistics(some)
            found.append(
                ConditionConfig(name, "number" if kind == "number" else "vector", len(mean), tuple(mean), tuple(std))
            )
    for name in columns.images:
        image = dataset.column(name, np.zeros(1, np.int64))
        assert image is not None
        found.append(ConditionConfig(name, "image", image.shape[1], scale=scale))
    for name in controls:
        if name not in CONTROLS:
            raise unknown("control", name, CONTROLS)
        found.append(replace(control_config(name, dataset.seen.shape), scale=scale))
    return tuple(found)
