"""Inverse problems on Gaussian data, whose posterior is known; and that each measurement has its adjoint."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sfumato.diffusion import SCHEDULES, GaussianMixture, Level
from sfumato.sampling import ImageNoise, Rule, grid, guided_denoiser, last, sample, stepper
from sfumato.sampling.inverse import (
    blurred,
    downscaled,
    grey,
    masked,
    posterior_sampled,
    projected_onto,
    pseudo_inverse_guided,
)

SHAPE, STD = (3, 4, 4), 0.5
MASK = (torch.arange(16).reshape(4, 4) % 3 > 0).expand(1, 4, 4)
MEASUREMENTS: dict[str, Callable[[Tensor], Tensor]] = {
    "mask": masked(MASK),
    "grey": grey,
    "downscale": downscaled(2),
    "blur": blurred(0.7),
    "projections": projected_onto(20, SHAPE, seed=0),
}
MEAN = torch.linspace(-0.6, 0.8, 48, dtype=torch.float64).reshape(SHAPE)
PRIOR = GaussianMixture.gaussian(MEAN, torch.full(SHAPE, STD, dtype=torch.float64))
NOISE = torch.Generator().manual_seed(0)
TRUTH = MEAN + STD * torch.randn(SHAPE, dtype=torch.float64, generator=NOISE)


def matrix(measure: Callable[[Tensor], Tensor]) -> Tensor:
    """A as a matrix, `(measured, 48)`."""
    return measure(torch.eye(48, dtype=torch.float64).reshape(48, *SHAPE)).reshape(48, -1).T


def posterior(measure: Callable[[Tensor], Tensor], noise: float, mean: Tensor, variance: float) -> Tensor:
    """E[x0 | y] where x0 ~ N(mean, variance·I) and y = A·TRUTH is taken with so much noise."""
    a = matrix(measure)
    gain = variance * a.T @ torch.linalg.pinv(variance * a @ a.T + noise**2 * torch.eye(len(a)), hermitian=True)
    return (mean.flatten() + gain @ (a @ (TRUTH - mean).flatten())).reshape(SHAPE)


@pytest.mark.parametrize("name", MEASUREMENTS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_measurements_are_linear_and_dont_mix_samples(name: str, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.randn(2, 2, *SHAPE, dtype=torch.float64, generator=generator)
    measure = MEASUREMENTS[name]
    torch.testing.assert_close(measure(2 * x - 3 * y), 2 * measure(x) - 3 * measure(y), rtol=0, atol=1e-12)
    torch.testing.assert_close(measure(x)[1:], measure(x[1:]), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", MEASUREMENTS)
@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("level", [Level.of(1.0, 2.0), Level.of(0.6, 0.3), Level.of(0.0, 1.0)])
def test_pseudo_inverse_guidance_is_the_posterior_mean_of_gaussian_data(name: str, noise: float, level: Level) -> None:
    """Given both x_t and y: x_t alone leaves N(D, r²I), which y then narrows."""
    x = level.add_noise(TRUTH, torch.randn(SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(3)))
    rule = pseudo_inverse_guided(MEASUREMENTS[name], MEASUREMENTS[name](TRUTH[None]), STD, noise)
    denoiser = guided_denoiser(PRIOR, rule)
    signal = float(level.alpha) * STD
    variance = float(level.sigma) ** 2 * STD**2 / (float(level.sigma) ** 2 + signal**2)
    known = posterior(MEASUREMENTS[name], noise, PRIOR(x[None], level)[0], variance)
    torch.testing.assert_close(denoiser(x[None], level)[0], known, rtol=0, atol=2e-5)


def drawn(rule: Rule, count: int = 4000) -> Tensor:
    levels = grid("karras", SCHEDULES["edm"](), 30)
    noise = ImageNoise(range(count), SHAPE)
    return last(sample(PRIOR, levels, stepper("dpm++2m"), noise, guidance=rule)).x.double()


@pytest.mark.parametrize(
    ("method", "name"),
    [("pseudo-inverse", name) for name in MEASUREMENTS]
    + [("posterior sampling", name) for name in MEASUREMENTS if name != "blur"],  # see its docstring
)
def test_samples_have_the_posterior_mean_within_2_percent(method: str, name: str) -> None:
    measure, y = MEASUREMENTS[name], MEASUREMENTS[name](TRUTH[None])
    rule = pseudo_inverse_guided(measure, y, STD) if method == "pseudo-inverse" else posterior_sampled(measure, y)
    samples = drawn(rule, 1000 if name == "blur" else 4000)  # whose system takes many rounds to solve
    known = posterior(measure, 0.0, MEAN, STD**2)
    off = (samples.mean(0) - known).norm() / known.norm()
    assert off < 0.02, off
    seen = measure(samples.to(torch.float64))
    assert (seen - y).square().mean().sqrt() < 0.02, "every sample agrees with what was measured"
    free = 48 - torch.linalg.matrix_rank(matrix(measure))
    if name != "blur":  # which is invertible, barely
        assert samples.var(0).sum() == pytest.approx(free.item() * STD**2, rel=0.06)


def test_noisy_measurements_are_trusted_by_their_noise() -> None:
    measure = MEASUREMENTS["downscale"]
    samples = drawn(pseudo_inverse_guided(measure, measure(TRUTH[None]), STD, noise=0.4))
    known = posterior(measure, 0.4, MEAN, STD**2)
    assert (samples.mean(0) - known).norm() / known.norm() < 0.02
    assert (measure(samples) - measure(TRUTH[None])).square().mean().sqrt() > 0.1


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_a_sample_does_not_depend_on_its_batch_mates(name: str) -> None:
    measure, y = MEASUREMENTS[name], MEASUREMENTS[name](TRUTH[None])
    level = Level.of(0.8, 0.6)
    x = torch.randn(3, *SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    x[0] *= 100
    for rule in (pseudo_inverse_guided(measure, y, STD, 0.1), posterior_sampled(measure, y)):
        denoiser = guided_denoiser(PRIOR, rule)
        torch.testing.assert_close(denoiser(x, level)[1:2], denoiser(x[1:2], level), rtol=0, atol=1e-5)
