"""A model in many calls and its student in one and two, as the pages walk them; and points that drift to data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from sfumato.diffusion.drifting import REACHES, drift, evenly
from sfumato.hub import Model, SamplingConfig
from sfumato.hub.onnx import graph_onnx, program_data
from sfumato.hub.settings import planned
from sfumato.sampling.program import trace

CALLS = (2, 1)
LANES = ("model", "student", "student", "model")  # who walks, in so many calls as `lanes` says


def lanes(model: Model, student: Model) -> Iterator[tuple[str, SamplingConfig, dict[str, Any]]]:
    """The model as it walks by itself, its student in two calls and in one, and the model in one: who, how, a program.

    In one call the model answers with the mean of all that the noise could become.
    """
    own, taught = model.config.sampling, student.config.sampling
    one = replace(own, sampler="ddim", steps=1)
    walked = (own, *(replace(taught, steps=calls) for calls in CALLS), one)
    for who, settings in zip(LANES, walked, strict=True):
        stepper, levels = planned(settings)
        by = student if who == "student" else model
        yield who, settings, program_data(trace(stepper, levels), by.denoiser.parameterization)


class Drift(nn.Module):
    """Where points `(count, 2)` drift to among `data` `(number, 2)`: over all reaches, each as long in the mean."""

    def forward(self, x: Tensor, data: Tensor) -> Tensor:
        return evenly(drift(x, data, reach) for reach in REACHES)


def drift_graph() -> bytes:
    count, number = (torch.export.Dim(name, min=2, max=65_536) for name in ("count", "number"))
    inputs = {"x": torch.randn(5, 2), "data": torch.randn(7, 2)}
    return graph_onnx(Drift(), inputs, ({0: count}, {0: number}), ["shift"])
