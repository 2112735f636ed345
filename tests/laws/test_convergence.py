"""Each deterministic sampler converges at its order; each integrator is exact on the polynomials it claims."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from torch import Tensor

import convergence
from sfumato.diffusion import Cosine, GaussianMixture, Level
from sfumato.sampling import (
    SAMPLERS,
    STEPPERS,
    Adaptive,
    Churn,
    Multistep,
    PredictorCorrector,
    Singlestep,
    Stepper,
    answered,
)

DETERMINISTIC = [name for name, row in SAMPLERS.items() if row.deterministic]
NOISY = [name for name, row in SAMPLERS.items() if not row.deterministic and row.order]  # by means, as here


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_doubling_the_steps_divides_the_error_by_two_to_the_order(name: str, mixture: GaussianMixture) -> None:
    found = convergence.slope(name, mixture)
    assert found.value == pytest.approx(SAMPLERS[name].order, abs=0.25)


@pytest.mark.parametrize("name", NOISY)
def test_a_noisy_sampler_arrives_at_the_mixture(name: str, mixture: GaussianMixture) -> None:
    """Mean, covariance and a two-sample test on the energy distance."""
    assert convergence.arrival(name, mixture, count=1000).ok


def test_the_two_sample_test_sees_a_difference(mixture: GaussianMixture) -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = mixture.sample(1000, generator), mixture.sample(1000, generator)
    assert convergence.energy_test(a, b, generator) > 0.01
    assert convergence.energy_test(a, 1.15 * b, generator) < 0.01
    assert convergence.energy_test(a, b + 0.1, generator) < 0.01


# Where the model output is a polynomial of λ, the solution is an integral that quadrature knows.


def walk(stepper: Stepper, polynomial: list[float], lambdas: list[float], x: float) -> tuple[float, list[Level]]:
    """The end of a walk over these λ whose model output is the polynomial whatever x is; noise is silent."""
    levels = [Cosine().at(torch.tensor(2 * value, dtype=torch.float64)) for value in lambdas]
    noise_prediction = getattr(stepper, "output", "data") == "noise"

    def denoise(at: Tensor, level: Level) -> Tensor:
        half_logsnr = level.logsnr / 2
        output = sum(c * half_logsnr**k for k, c in enumerate(polynomial))
        return (at - level.sigma * output) / level.alpha if noise_prediction else output * torch.ones_like(at)

    at = torch.tensor([[x]], dtype=torch.float64)
    state = stepper.init(at)
    for here, there in pairwise(levels):
        silence = lambda: torch.zeros(1, 1, dtype=torch.float64)  # noqa: E731
        at, state = answered(stepper.step(at, here, there, state, silence), denoise)
    return at.item(), levels


def exact_step(output: str, polynomial: list[float], x: float, here: Level, there: Level, eta: float = 0.0) -> float:
    """Lu et al. 2022, eq. 3.4; Lu et al. 2023, eq. 8 and, for eta > 0, the mean of their SDE's solution."""
    low, high = here.logsnr.item() / 2, there.logsnr.item() / 2

    def value(half_logsnr: float) -> float:
        return sum(c * half_logsnr**k for k, c in enumerate(polynomial))

    if output == "noise":
        integral = quad(lambda u: math.exp(-u) * value(u), low, high, epsabs=1e-13, epsrel=1e-13)[0]
        return (there.alpha / here.alpha).item() * x - there.alpha.item() * integral
    rate = 1 + eta**2
    integral = quad(lambda u: math.exp(-rate * (high - u)) * value(u), low, high, epsabs=1e-13, epsrel=1e-13)[0]
    kept = (there.sigma / here.sigma).item() * math.exp(-(eta**2) * (high - low))
    return kept * x + there.alpha.item() * rate * integral


coefficients = st.lists(st.floats(-2, 2), min_size=3, max_size=3)
gaps = st.lists(st.floats(0.05, 1.5), min_size=3, max_size=3)


@pytest.mark.parametrize(
    "stepper",
    [Multistep(3), Multistep(3, "noise"), Multistep(3, eta=1.0, sde=True), Multistep(3, eta=0.6, sde=True)],
    ids=["ode", "noise prediction", "sde", "weaker sde"],
)
@given(polynomial=coefficients, gaps=gaps, first=st.floats(-3, 1))
def test_the_third_multistep_is_exact_on_quadratics_over_uneven_steps(
    stepper: Multistep, polynomial: list[float], gaps: list[float], first: float
) -> None:
    lambdas = [first, first + gaps[0], first + gaps[0] + gaps[1], first + sum(gaps)]
    before, _ = walk(stepper, polynomial, lambdas[:-1], x=0.7)
    after, levels = walk(stepper, polynomial, lambdas, x=0.7)
    expected = exact_step(stepper.output, polynomial, before, levels[-2], levels[-1], stepper.eta)
    assert after == pytest.approx(expected, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("output", ["data", "noise"])
@given(polynomial=coefficients, gap=st.floats(0.05, 2), first=st.floats(-3, 1))
def test_the_third_singlestep_is_exact_on_lines(output: str, polynomial: list[float], gap: float, first: float) -> None:
    after, (here, there) = walk(Singlestep(3, output), polynomial[:2], [first, first + gap], x=0.7)
    assert after == pytest.approx(exact_step(output, polynomial[:2], 0.7, here, there), rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("stepper", [*STEPPERS.values()], ids=STEPPERS.keys())
@given(constant=st.floats(-2, 2), gaps=gaps, first=st.floats(-3, 1))
def test_every_sampler_is_exact_on_constants(
    stepper: Stepper, constant: float, gaps: list[float], first: float
) -> None:
    """With silent noise, one step or many reach the same place."""
    many, levels = walk(stepper, [constant], [first, first + gaps[0], first + gaps[0] + gaps[1]], x=0.7)
    output, eta, sde = (
        getattr(stepper, name, default) for name, default in (("output", "data"), ("eta", 0), ("sde", 0))
    )
    if isinstance(stepper, Adaptive | Churn):  # which answer to errors and noise, not to the levels alone
        return
    sde = sde or isinstance(stepper, PredictorCorrector | Singlestep)
    if getattr(stepper, "base", None) is None and (eta == 0 or sde):
        expected = exact_step(output, [constant], 0.7, levels[0], levels[-1], eta)
        if isinstance(stepper, PredictorCorrector) and stepper.high < float("inf"):
            expected = 0.7  # with noise in some steps and not in others
            for here, there in pairwise(levels):
                inside = stepper.low <= float(here.ratio) <= stepper.high
                expected = exact_step(output, [constant], expected, here, there, eta if inside else 0.0)
        assert many == pytest.approx(expected, rel=1e-8, abs=1e-8)
