"""Opening a model to draw with it."""

from __future__ import annotations

import math
from pathlib import Path

from sfumato.hub import Model, load
from sfumato.training import pick_device
from sfumato.training.resources import fit_threads, settle_threads

PIXELS = 4 * 32 * 32  # of the pictures that threads are chosen by


def open_model(run: str | Path, weights: str = "ema") -> Model:
    """The model that `run` names, on the fastest device, with as many threads as it draws fastest with now.

    `weights` are "ema" or "raw"; raises SfumatoError where there is no such model.
    """
    model = load(run, weights, pick_device())  # type: ignore[arg-type]
    fit_threads()
    if model.device.type == "cpu":
        count = max(1, PIXELS // math.prod(model.config.shape[1:]))
        settle_threads(lambda: model.sample(range(count), batch=count, sampler="ddim", steps=1))
    return model
