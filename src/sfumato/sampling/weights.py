"""What each model output weighs in one step: the one integral behind every multistep sampler, explicit or implicit.

With λ = log(alpha/sigma) and M the model output (the clean picture D, or the noise ε), the probability-flow ODE and
its SDEs have the exact solution (Lu et al. 2022, eq. 3.4; Lu et al. 2023, eqs. 8 and 14)

    x_t = A·x_s + scale·∫ κ·e^(−κ(1−q))·M(λ_s + q·h) dq,  q from 0 to 1,  h = λ_t − λ_s

with κ = h (data; more where noise is injected) or κ = −h (noise). A sampler replaces M by the polynomial through the
outputs it has; in which variable it is a polynomial is what tells the Adams-like methods apart (`VARIABLES`).
The weights are NumPy float64, of the levels' shape: `()` or `(batch,)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from sfumato.diffusion import Level

Output = Literal["data", "noise"]
Variable = Literal["lambda", "sigma", "time", "index"]
Slope = Literal["exact", "bh1", "bh2"]

_GAUSS_NODES, _GAUSS_WEIGHTS = np.polynomial.legendre.leggauss(24)  # exact to float64 for steps up to h ≈ 25
_QUADRATURE = (_GAUSS_NODES + 1) / 2, _GAUSS_WEIGHTS / 2

# Adams–Bashforth for equal steps, newest output first (Liu et al. 2022, eq. 9; Zhang & Chen 2023, section 3.3)
ADAMS_BASHFORTH = {
    1: (1.0,),
    2: (3 / 2, -1 / 2),
    3: (23 / 12, -16 / 12, 5 / 12),
    4: (55 / 24, -59 / 24, 37 / 24, -9 / 24),
}


def _linear_schedule_time(half_logsnr: Any) -> Any:
    """The time at which DDPM's linear schedule has this λ: ln(1 + σ̄²) = 9.95·t² + 0.1·t (Song et al. 2021, app. B)."""
    log_variance = np.logaddexp(0, -2 * half_logsnr)
    return (np.sqrt(0.01 + 39.8 * log_variance) - 0.1) / 19.9


# name → the variable in which the outputs are interpolated, as a function of λ
VARIABLES: dict[str, Callable[[Any], Any]] = {
    "lambda": lambda half_logsnr: half_logsnr,  # DPM-Solver, UniPC, SA-Solver
    "sigma": lambda half_logsnr: np.exp(-half_logsnr),  # LMS
    "time": _linear_schedule_time,  # DEIS tAB (Zhang & Chen 2023)
}


def decay(here: Level, there: Level) -> Any:
    """e^−h = (sigma/alpha there) / (sigma/alpha here): 0 where the step leaves pure noise or ends clean."""
    (alpha, sigma), (alpha_end, sigma_end) = here.numbers, there.numbers
    return alpha * sigma_end / (sigma * alpha_end)


def first_order(here: Level, there: Level, retained: Any = 1.0) -> tuple[Any, Any]:
    """`(A, w)` of `x_t = A·x_s + w·D`: DDIM's step, defined at both ends.

    `retained` in [0, 1] is the share of the present noise that stays; the rest is for the caller to inject.
    """
    (alpha, sigma), (alpha_end, sigma_end) = here.numbers, there.numbers
    return retained * sigma_end / sigma, alpha_end - retained * alpha * sigma_end / sigma


@np.errstate(divide="ignore", invalid="ignore")  # rows at an end are computed, then dropped
def multistep(
    here: Level,
    there: Level,
    others: Sequence[Level],
    output: Output,
    variable: Variable = "lambda",
    slope: Slope = "exact",
    retained: Any = 1.0,
) -> tuple[Any, list[Any]]:
    """`(A, [w_0, w_1, …])` of `x_t = A·x_s + w_0·M(here) + Σ w_j·M(others[j−1])`.

    `others` are levels of known outputs, newest first: earlier ones, and for a corrector `there` itself. `variable`
    "index" takes the Adams–Bashforth weights of equal steps. With one other, `slope` "bh2" or "bh1" replaces the exact
    weight of M′ by B(h)/2 (DPM-Solver++ 2M: "bh2"; UniPC and SA-Solver: Zhao et al. 2023, section 3.3).
    """
    ratio = decay(here, there)
    h = -np.log(ratio)
    (alpha, sigma), (alpha_end, sigma_end) = here.numbers, there.numbers
    if output == "data":
        kappa, total = h - np.log(retained), 1 - ratio * retained
        a, scale = retained * sigma_end / sigma, alpha_end
    else:
        kappa, total = -h, 1 - 1 / ratio
        a, scale = alpha_end / alpha, sigma_end
    if variable == "index":
        return a, [scale * total * share for share in ADAMS_BASHFORTH[len(others) + 1]]
    if not others:
        return a, [scale * total]
    start = here.half_logsnr
    if variable == "lambda" and slope != "exact" and len(others) == 1:
        gap = (start - others[0].half_logsnr) / h
        weights = [-(kappa if slope == "bh1" else total) / (2 * gap)]
    else:
        place = VARIABLES[variable]
        q, share = _QUADRATURE
        density = share * kappa[..., None] * np.exp(-kappa[..., None] * (1 - q))
        at = place(start[..., None] + h[..., None] * q)
        nodes = [place(start), *(place(level.half_logsnr) for level in others)]
        weights = [(density * _lagrange(at, nodes, j)).sum(-1) for j in range(1, len(nodes))]
    # The weights sum to the exact integral of a constant, whatever the quadrature does.
    return a, [scale * (total - sum(weights)), *(scale * weight for weight in weights)]


def _lagrange(at: Any, nodes: list[Any], j: int) -> Any:
    """The j-th Lagrange polynomial; a node at infinity (pure noise, in λ) drops out of the interpolation."""
    value: Any = 1.0
    with np.errstate(invalid="ignore"):
        for m, node in enumerate(nodes):
            if m != j:
                factor = (at - node[..., None]) / (nodes[j] - node)[..., None]
                value = value * np.where(np.isinf(node)[..., None], 1.0, factor)
    return np.where(np.isinf(nodes[j])[..., None], 0.0, value)
