"""How likely does a model find a picture? The probability-flow ODE carries it to noise, whose density is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor

from sfumato.arguments import check_pictures, whole
from sfumato.diffusion.denoiser import Condition, Denoiser
from sfumato.diffusion.levels import Level
from sfumato.errors import SfumatoError, unknown

Divergence = Literal["hutchinson", "exact"]


def log_likelihood(
    denoiser: Denoiser,
    x0: Tensor,
    cond: Condition | None = None,
    *,
    divergence: Divergence = "hutchinson",
    noise: Callable[[], Tensor] | None = None,
    steps: int = 50,
    low: float = 0.002,
    high: float = 80.0,
    data_std: float = 0.5,
) -> Tensor:
    """log p(x0) in nats, float64 `(batch,)`, for `x0` of shape `(batch, ...)` (Song et al. 2021, eq. 39).

    With x̄ = x/alpha and τ = ln(sigma/alpha) the ODE is dx̄/dτ = x̄ − D(x̄), and log p falls along it by
    ∫ (d − tr ∂D/∂x̄) dτ. It is walked from sigma/alpha `low` to `high` in `steps` steps of Runge–Kutta's fourth order,
    four calls each; at the end x̄ is Gaussian, of variance high² + data_std² around the data's mean. `divergence`
    "hutchinson" estimates the trace with one random vector of signs an image, from `noise()` (standard normal, like
    `x0`: an ImageNoise gives each image its own); "exact" takes one derivative a dimension. What is finer than `low` in
    the data is blurred.
    """
    if divergence not in ("hutchinson", "exact"):
        raise unknown("divergence", divergence, ["hutchinson", "exact"])
    if divergence == "hutchinson" and noise is None:
        raise SfumatoError("Hutchinson's estimate needs noise; give noise=ImageNoise(seeds, shape), or choose exact.")
    check_pictures("x0", x0)
    if whole("steps", steps, -(2**63)) < 1 or not 0 < low < high < math.inf:
        raise SfumatoError(f"likelihood needs at least 1 step and 0 < low < high, got {steps}, {low} and {high}.")
    signs = noise().sign() if noise is not None and divergence == "hutchinson" else None
    dimension = x0[0].numel()

    def slope(place: float, x: Tensor) -> tuple[Tensor, Tensor]:
        """dx̄/dτ and d − tr ∂D/∂x̄."""
        level = Level.of(1.0, math.exp(place))
        with torch.enable_grad():
            at = x.detach().requires_grad_(True)
            answer = denoiser(at, level, cond)
            if signs is not None:
                product = torch.autograd.grad(answer, at, signs.to(answer.dtype))[0]
                trace = (product * signs).flatten(1).sum(1).double()
            else:
                flat, trace = answer.flatten(1), torch.zeros(len(x), dtype=torch.float64, device=x.device)
                for i in range(dimension):
                    row = torch.autograd.grad(flat[:, i].sum(), at, retain_graph=i < dimension - 1)[0]
                    trace += row.flatten(1)[:, i].double()
        return x - answer.detach(), dimension - trace

    places = torch.linspace(math.log(low), math.log(high), steps + 1, dtype=torch.float64).tolist()
    x, fallen = x0.detach(), torch.zeros(len(x0), dtype=torch.float64, device=x0.device)
    for start, end in pairwise(places):
        h = end - start
        first, a = slope(start, x)
        second, b = slope(start + h / 2, x + h / 2 * first)
        third, c = slope(start + h / 2, x + h / 2 * second)
        fourth, d = slope(end, x + h * third)
        x = x + h / 6 * (first + 2 * second + 2 * third + fourth)
        fallen = fallen + h / 6 * (a + 2 * b + 2 * c + d)
    with torch.no_grad():  # of Gaussian data x̄ − D = (x̄ − mean)·high²/(high² + data_std²)
        offset = (x - denoiser(x, Level.of(1.0, high), cond)).double().flatten(1)
    variance = high**2 + data_std**2
    distance2 = offset.square().sum(1) * variance / high**4
    return fallen - 0.5 * (distance2 + dimension * math.log(2 * math.pi * variance))


def bits_per_dim(log_likelihood: Tensor, dimension: int, grey_step: float | None = None) -> Tensor:
    """`log_likelihood` in nats as bits per dimension; smaller is better.

    `grey_step` is the distance of two neighbouring values where the data are grey values made continuous by uniform
    noise of that width (`dequantise`): 2/255 for 8-bit pictures in [−1, 1].
    """
    bits = -log_likelihood / (dimension * math.log(2))
    return bits if grey_step is None else bits - math.log2(grey_step)


def dequantise(x0: Tensor, uniform: Tensor, grey_step: float = 2 / 255) -> Tensor:
    """8-bit pictures in [−1, 1] made continuous: each value spread over its own step by `uniform` in [0, 1)."""
    return x0 + (uniform - 0.5) * grey_step
