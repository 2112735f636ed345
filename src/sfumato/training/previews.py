"""Previews: the same seeds generated again and again while a run trains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sfumato.data import KINDS, around, picture, save_png
from sfumato.data.clips import FPS
from sfumato.data.films import film
from sfumato.errors import SfumatoError
from sfumato.files import replace_file
from sfumato.hub import Model, SamplingConfig
from sfumato.sampling import SAMPLERS, resolve
from sfumato.training.conditions import fixed_conditions
from sfumato.training.held_out import first_captions
from sfumato.training.slices import half_size_images
from sfumato.training.trainer import Trainer

TEACHER = "teacher.png"  # what a student's teacher generates from the seeds of the previews
FORWARD = 4  # times as many images as are trained at once, which takes less memory without a backward pass


class NotFinite(SfumatoError):
    """What was generated holds values that are no finite numbers."""


@dataclass(frozen=True)
class Preview:
    """The fixed seeds generated with the averaged weights at `step`."""

    step: int
    samples: Tensor = field(repr=False)
    path: Path


def preview_sampling(own: SamplingConfig, calls: int) -> SamplingConfig:
    """How previews are generated: as the model samples, where that asks the network no more than `calls` times."""
    each = SAMPLERS[resolve(own.sampler)[0]].calls
    if each and own.steps * each <= calls:
        return own
    return replace(own, sampler="dpm++2m", steps=calls, eta=None, tolerance=None)


def preview_labels(classes: int, kind: str) -> tuple[int, list[int] | None]:
    """How many preview samples to generate, and of which classes: rows that show each class in turn."""
    if (number := KINDS[kind].previewed) is not None:
        return number, [i % classes for i in range(number)] if classes else None
    columns = min(classes, 10) if classes > 1 else 8
    return 2 * columns, [i % columns for i in range(2 * columns)] if classes else None


def preview_samples(trainer: Trainer, count: int) -> NDArray[np.int64]:
    """The samples whose conditions previews show: half of them never trained on, where there are such."""
    held = trainer.held[np.linspace(0, len(trainer.held) - 1, min(len(trainer.held), count // 2)).astype(np.int64)]
    rest = np.linspace(0, len(trainer.dataset) - len(trainer.held) - 1, count - len(held)).astype(np.int64)
    return np.concatenate([around(trainer.held, rest), held])


def make_preview(folder: Path, trainer: Trainer, teacher: SamplingConfig | None = None) -> Preview:
    """Generate the preview of this step and write it; of several processes, each generates some of it.

    With the settings of its `teacher`, whose weights it starts from, that of a student that has not begun is
    teacher.png: what that generates from the same seeds. Raises NotFinite, in all of them, where a sample holds values
    that are no finite numbers.
    """
    own, shape = trainer.model, trainer.model.config.shape
    kind, seen = own.config.seen
    if trainer.low_resolution:  # it is generated as it is trained: at full size that would be noise yet
        shape = seen = (*shape[:-2], *(side // 2 for side in shape[-2:]))
    sampling = preview_sampling(teacher or own.config.sampling, trainer.config.keeping.preview_calls)
    drawn_by = replace(own.config, shape=shape, sampling=sampling)
    model = Model(drawn_by, trainer.average, tokenizer=own.tokenizer, encoder=own.encoder)
    model.codec = own.codec
    count, labels = preview_labels(len(model.config.classes), kind)
    seeds = range(trainer.helpers.rank, count, trainer.helpers.count)  # each process generates some
    samples = torch.zeros(count, *seen)
    with trainer.heeding():
        if seeds:
            samples[list(seeds)] = _generated(
                trainer, model, seeds, labels, preview_samples(trainer, count)[list(seeds)]
            )
    samples = trainer.helpers.sum(samples)
    if spoilt := int((~samples.isfinite().flatten(1).all(1)).sum()):
        raise NotFinite(
            f"at step {trainer.step:,} {spoilt} of the {count} samples of the preview hold values that are not finite "
            f"numbers, so it was left out; a learning rate below {trainer.config.optimizer.learning_rate:g} may help."
        )
    if trainer.low_resolution:
        samples = F.interpolate(samples.flatten(0, -4), own.config.shape[-2:]).unflatten(0, samples.shape[:-3])
    path = folder / "previews" / (f"step-{trainer.step:08d}.png" if teacher is None else TEACHER)
    if trainer.processes.main:
        about = {"model": folder.as_posix(), "weights": "ema", "step": str(trainer.step), "seeds": f"0-{count - 1}"}
        save_png(picture(samples, labels, columns=count // 2, kind=kind), path, about)
        if KINDS[kind].moving:
            replace_file(path.with_suffix(".webp"), film(samples, ".webp", trainer.config.data.fps or FPS))
    return Preview(trainer.step, samples, path)


def _generated(
    trainer: Trainer, model: Model, seeds: Sequence[int], labels: list[int] | None, like: NDArray[np.int64]
) -> Tensor:
    """What `model` generates from `seeds`, of their classes among `labels` or conditioned on all that is said of the
    samples at `like`."""
    asked = None if labels is None else [labels[seed] for seed in seeds]
    x0, classes = trainer.dataset.batch(like)
    conditions = fixed_conditions(trainer.dataset, model.config.conditions, x0, like)
    prompts = first_captions(trainer, like)
    if trainer.low_resolution:
        conditions = half_size_images(conditions)
    if asked is not None and classes is not None and (conditions or prompts is not None):
        asked = classes.tolist()  # all that is said of one sample belongs together
    with trainer.processes.collective(), trainer.precise():
        batch = FORWARD * trainer.rows
        return model.sample(seeds, asked, batch=batch, prompts=prompts, conditions=conditions).float()
