"""The order at which each sampler converges, measured on a Gaussian mixture whose denoiser is exact.

    python benchmarks/convergence.py            prints one table
    python benchmarks/convergence.py --quick    fewer grids and samples

Deterministic samplers: 8 components in 16 dimensions, unit-spread means, standard deviations 0.3 to 0.7; the reference
is SciPy's DOP853 at a tolerance of 1e-12. The error's slope over doubled steps must lie within 0.25 of the order that
`sfumato samplers` states. Grids: even in λ from logSNR −6 to 6; iPNDM, PNDM and LMS, whose weights suppose it, even in
sigma/alpha from 2 to 0.5, LMS and iPNDM with the reference as the history of their first steps. The adaptive sampler:
the slope of the error over the tolerance.
Stochastic samplers, at 200 steps: the largest error of mean and covariance in standard errors (plus the bias that a
first-order method is allowed), and an energy two-sample test against fresh samples of the mixture.
Exits 1 where a slope, a moment or a test misses.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from sfumato.diffusion import Cosine, GaussianMixture, Level
from sfumato.sampling import PNDM, SAMPLERS, Multistep, Stepper, answered, last, sample

TOLERANCE = 0.25  # on a slope


def mixture(components: int = 8, dimension: int = 16) -> GaussianMixture:
    generator = torch.Generator().manual_seed(0)
    means = torch.randn(components, dimension, dtype=torch.float64, generator=generator)
    stds = 0.3 + 0.4 * torch.rand(components, dimension, dtype=torch.float64, generator=generator)
    weights = 0.5 + torch.rand(components, dtype=torch.float64, generator=generator)
    return GaussianMixture(means, stds, weights / weights.sum())


def even_logsnr(steps: int) -> Level:
    return Cosine().at(torch.linspace(-6, 6, steps + 1, dtype=torch.float64))


def even_ratio(steps: int) -> Level:
    return Cosine().at(-2 * torch.linspace(2.0, 0.5, steps + 1, dtype=torch.float64).log())


def silence() -> Tensor:
    raise AssertionError("a deterministic sampler asked for noise")


def solution(exact: GaussianMixture, start: Tensor, levels: Level) -> list[Tensor]:
    """The exact walk at each of `levels` from `start` at the first: dx̄/d ln σ̄ = x̄ − D, with x̄ = x/alpha."""
    places = levels.ratio.log().numpy()

    def slope(place: float, flat: np.ndarray) -> np.ndarray:
        at = torch.from_numpy(flat).reshape(start.shape)
        return (at - exact(at, Level.of(1.0, math.exp(place)))).numpy().ravel()

    clean = (start / levels.alpha[0]).numpy().ravel()
    walked = solve_ivp(slope, (places[0], places[-1]), clean, "DOP853", places, rtol=1e-12, atol=1e-13)
    return [torch.from_numpy(y).reshape(start.shape) * a for y, a in zip(walked.y.T, levels.alpha, strict=True)]


def noised(exact: GaussianMixture, level: Level, count: int = 8) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    clean = exact.sample(count, generator)
    return level.add_noise(clean, torch.randn(clean.shape, dtype=torch.float64, generator=generator))


def end_error(exact: GaussianMixture, by: Stepper, levels: Level, start: Tensor) -> float:
    """The root-mean-square error at the end of the walk, in the data's units (whose standard deviation is about 1)."""
    end = solution(exact, start, levels[torch.tensor([0, -1])])[-1]
    return (last(sample(exact, levels, by, silence, start=start)).x - end).square().mean().sqrt().item()


def end_error_with_history(exact: GaussianMixture, by: Multistep, levels: Level, start: Tensor) -> float:
    """The same for a multistep sampler whose first outputs are the exact solution's."""
    lead = by.order - 1
    truth = solution(exact, start, levels)
    outputs = [(levels[i], levels[i].eps(truth[i], exact(truth[i], levels[i]))) for i in range(lead)]
    x, state = truth[lead], (math.inf, tuple(reversed(outputs)))
    for i in range(lead, len(levels) - 1):
        x, state = answered(by.step(x, levels[i], levels[i + 1], state, silence), exact)
    return (x - truth[-1]).square().mean().sqrt().item()


@dataclass(frozen=True)
class Slope:
    name: str
    order: int
    steps: tuple[int, int]
    errors: tuple[float, float]

    @property
    def value(self) -> float:
        return math.log2(self.errors[0] / self.errors[1])

    @property
    def ok(self) -> bool:
        return abs(self.value - self.order) <= TOLERANCE


def slope(name: str, exact: GaussianMixture) -> Slope:
    """The measured slope of one deterministic sampler."""
    row, by = SAMPLERS[name], SAMPLERS[name].stepper
    if name == "adaptive":
        start = noised(exact, even_logsnr(1)[0])
        # The local error is of order 3, so a 64 times finer tolerance makes 4 times the steps: two doublings.
        errors = [
            end_error(exact, replace(by, tolerance=t, absolute=t / 10), even_logsnr(1), start)  # type: ignore[type-var]
            for t in (3e-5, 3e-5 / 64)
        ]
        return Slope(name, 3, (0, 0), (errors[0] ** (1 / 2), errors[1] ** (1 / 2)))
    equal_steps = isinstance(by, PNDM) or (isinstance(by, Multistep) and by.variable in ("index", "sigma"))
    grid, steps = (even_ratio, (40, 80)) if equal_steps else (even_logsnr, (160, 320))
    start = noised(exact, grid(1)[0])
    measure = end_error_with_history if equal_steps and isinstance(by, Multistep) and by.order > 1 else end_error
    errors = [measure(exact, by, grid(n), start) for n in steps]  # type: ignore[operator]
    return Slope(name, row.order, steps, (errors[0], errors[1]))


@dataclass(frozen=True)
class Arrival:
    """How far a stochastic sampler's samples lie from the mixture's."""

    name: str
    mean: float  # largest error, in units of what is allowed
    covariance: float
    p_value: float

    @property
    def ok(self) -> bool:
        return self.mean < 1 and self.covariance < 1 and self.p_value > 0.001


def arrival(name: str, exact: GaussianMixture, count: int, steps: int = 200) -> Arrival:
    """Mean, covariance and a permutation test of the energy distance, after a walk to logSNR 8."""
    generator = torch.Generator().manual_seed(1)
    dimension = exact.means.shape[1]

    def noise() -> Tensor:
        return torch.randn(count, dimension, dtype=torch.float64, generator=generator)

    levels = Cosine().at(torch.linspace(-8, 8, steps + 1, dtype=torch.float64))
    by = SAMPLERS[name].stepper
    if name == "edm-stochastic":
        by = replace(by, gamma=40 / steps)  # type: ignore[type-var]
    x = last(sample(exact, levels, by, noise, start=levels[0].add_noise(exact.sample(count, generator), noise()))).x
    fresh = levels[-1].add_noise(exact.sample(count, generator), noise())
    mean, covariance = exact.moments()
    covariance = levels.alpha[-1] ** 2 * covariance + levels.sigma[-1] ** 2 * torch.eye(dimension, dtype=torch.float64)
    centred = x - levels.alpha[-1] * mean
    products = centred[:, :, None] * centred[:, None]
    return Arrival(
        name,
        (centred.mean(0).abs() / (5 * x.std(0) / count**0.5)).max().item(),
        ((products.mean(0) - covariance).abs() / (5 * products.std(0) / count**0.5 + 0.02)).max().item(),
        energy_test(x[:1000], fresh[:1000], generator),
    )


def energy_test(a: Tensor, b: Tensor, generator: torch.Generator, permutations: int = 500) -> float:
    """The p-value of "same distribution": how often shuffled labels are as far apart (Székely & Rizzo 2013)."""
    distances = torch.cdist(torch.cat([a, b]), torch.cat([a, b]))
    signs = torch.cat([torch.ones(len(a)), -torch.ones(len(b))]).double()
    shuffled = torch.stack([signs[torch.randperm(len(signs), generator=generator)] for _ in range(permutations)])
    observed = -(signs @ distances @ signs)
    others = -((shuffled @ distances) * shuffled).sum(1)
    return (1 + int((others >= observed).sum())) / (1 + permutations)


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    exact, ok = mixture(), True
    print(f"{'sampler':<24} {'order':>5} {'steps':>9} {'error':>9} {'half':>9} {'slope':>6}")
    for name, row in SAMPLERS.items():
        if row.deterministic:
            found = slope(name, exact)
            ok = ok and found.ok
            steps = "by tol." if name == "adaptive" else f"{found.steps[0]}→{found.steps[1]}"
            print(
                f"{name:<24} {row.order:>5} {steps:>9} {found.errors[0]:>9.1e} {found.errors[1]:>9.1e} "
                f"{found.value:>6.2f}{'' if found.ok else '  MISSED'}", flush=True,
            )  # fmt: skip
    print(f"\n{'sampler':<24} {'mean':>9} {'covariance':>11} {'two-sample p':>13}   (errors / what is allowed)")
    for name, row in SAMPLERS.items():
        if not row.deterministic and row.order:  # the others arrive by answers that are no means
            reached = arrival(name, exact, 2000 if quick else 8000)
            ok = ok and reached.ok
            print(
                f"{name:<24} {reached.mean:>9.2f} {reached.covariance:>11.2f} {reached.p_value:>13.3f}"
                f"{'' if reached.ok else '  MISSED'}", flush=True,
            )  # fmt: skip
    sys.exit(0 if ok else 1)
