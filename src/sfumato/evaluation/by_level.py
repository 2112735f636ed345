"""How well a network guesses the picture behind the noise, noise level by noise level, on data old and new."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato.data import KINDS, Dataset
from sfumato.diffusion import Level
from sfumato.evaluation.intervals import estimate
from sfumato.evaluation.measure import Reference, conditions_at
from sfumato.hub import Model
from sfumato.seeds import torch_generator

LEVELS = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0)  # sigma/alpha, in units of the data's standard deviation
SAMPLES, CLIPS = 128, 24  # of each kind, and of clips


def compared(dataset: Dataset) -> int:
    """How many samples of each kind are noised to each level."""
    return CLIPS if KINDS[dataset.kind].moving else SAMPLES


def loss_by_level(model: Model, reference: Reference) -> list[dict[str, float]]:
    """The mean error of the denoiser at each of LEVELS, for samples that it was trained on and for `held_out` ones.

    The squared error of its guess over `sigma²·std²/(sigma² + std²)`, the error of the best linear guess from a noisy
    value alone: 0 is a perfect guess, 1 what anyone makes of one pixel (the loss of Karras et al. 2022,
    appendix B.6). Each with its 95% interval; the noise is the same for every model of one shape.
    """
    found = []
    most = compared(reference.dataset)
    parts = [rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(np.int64)]
             for rows in (reference.held_out, reference.train)]  # fmt: skip
    samples = [conditioned_on(model, reference.dataset, rows) for rows in parts]
    std = model.config.data_std
    for number, ratio in enumerate(LEVELS):
        row = {"sigma": ratio * std}
        for name, (x, cond) in zip(("held_out", "trained"), samples, strict=True):
            generator = torch_generator("loss by level", number)
            noisy = x + ratio * std * torch.randn(x.shape, generator=generator)
            with torch.no_grad():
                guess = model.denoiser(noisy.to(model.device), Level.of(1.0, ratio * std), cond).float().cpu()
            each = (guess - x).square().flatten(1).mean(1).double() * (1 + ratio**2) / (ratio * std) ** 2
            mean = estimate(float(each.mean()), float(each.std()) / len(each) ** 0.5)
            row |= {name: mean.value, f"{name}_low": mean.low, f"{name}_high": mean.high}
        found.append(row)
    return found


def conditioned_on(model: Model, dataset: Dataset, rows: NDArray[np.int64]) -> tuple[Tensor, dict[str, Tensor] | None]:
    """Some of the data, as `model` takes them, and its conditions for them: classes, captions and others."""
    x = dataset.batch(rows)[0]
    x = x if model.codec is None else model.codec.encode(x)
    return x, model.condition(len(rows), **conditions_at(model, dataset, rows)) or None
