"""Where walks of few steps visit: the model's own grid and the one that is tuned to it, on the landscape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from sfumato.diffusion import Cosine
from sfumato.hub import Model, SamplingConfig
from sfumato.hub.settings import planned


def grids_of(model: Model, hills: Sequence[tuple[float, int]], std: float) -> dict[str, dict[str, list[float]]]:
    """Step count → at what times the model's own walk and the one tuned to it are, the clean end last.

    Times are those of the landscape of `hills` (places and weights, each so wide) at which these are as deep in noise
    as the model's data are at the walk's levels.
    """
    times = np.linspace(0, 1, 20_000)[1:-1]
    ratio = Cosine()(torch.from_numpy(times)).ratio.numpy()
    places = np.repeat([place for place, _ in hills], [weight for _, weight in hills])
    scale = np.hypot(places.std(), std) / model.config.data_std

    def at(settings: SamplingConfig) -> list[float]:
        levels = planned(settings)[1].ratio.numpy()
        found = np.where(levels > 0, np.interp(levels * scale, ratio, times, 0.0, 1.0), 0.0)
        return [round(float(t), 5) for t in found]

    own = model.config.sampling
    tuned = {steps: model.settle(model.conditional, steps=steps) for steps in model.tuned_steps}
    return {str(steps): {"own": at(replace(own, steps=steps)), "tuned": at(one)} for steps, one in tuned.items()}
