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

from sfumato.diffusion import Cosine, GaussianMixture, Level
from sfumato.sampling import STEPPERS, Multistep, Singlestep, Stepper, last, sample

ORDERS = {
    "ddim": 1, "euler": 1, "dpm-solver-1": 1, "dpm++1": 1,
    "heun": 2, "dpm-solver-2": 2, "dpm-solver-2m": 2, "dpm++2s": 2, "dpm++2m": 2,
    "dpm-solver-3": 3, "dpm-solver-3m": 3, "dpm++3s": 3, "dpm++3m": 3,
}  # fmt: skip
STOCHASTIC = {"ddpm", "ddpm-beta", "dpm++2m-sde"}


def test_every_sampler_states_its_order() -> None:
    assert set(ORDERS) | STOCHASTIC == set(STEPPERS)


def even_logsnr(steps: int) -> Level:
    """From logSNR −6 to 6 on the cosine path; neither end is pure."""
    return Cosine().at(torch.linspace(-6, 6, steps + 1, dtype=torch.float64))


def no_noise() -> Tensor:
    raise AssertionError("a deterministic sampler asked for noise")


@pytest.fixture(scope="module")
def start(mixture: GaussianMixture) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    clean = mixture.sample(8, generator)
    eps = torch.randn(clean.shape, dtype=torch.float64, generator=generator)
    return even_logsnr(1)[0].add_noise(clean, eps)


@pytest.fixture(scope="module")
def reference(mixture: GaussianMixture, start: Tensor) -> Tensor:
    return last(sample(mixture, even_logsnr(1000), STEPPERS["dpm++3s"], no_noise, start=start)).x


@pytest.mark.parametrize("name,order", ORDERS.items(), ids=ORDERS.keys())
def test_halving_the_steps_divides_the_error_by_two_to_the_order(
    name: str, order: int, mixture: GaussianMixture, start: Tensor, reference: Tensor
) -> None:
    errors = []
    for steps in (160, 320):
        walked = last(sample(mixture, even_logsnr(steps), STEPPERS[name], no_noise, start=start)).x
        errors.append((walked - reference).square().mean().sqrt().item())
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.25)


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
        at, state = stepper.step(denoise, at, here, there, state, lambda: torch.zeros(1, 1, dtype=torch.float64))
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
    if eta == 0 or sde:
        expected = exact_step(output, [constant], 0.7, levels[0], levels[-1], eta)
        assert many == pytest.approx(expected, rel=1e-8, abs=1e-8)
