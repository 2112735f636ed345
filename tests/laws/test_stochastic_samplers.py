"""Samplers that add noise arrive at the data's distribution: exactly computed for Gaussians, sampled for mixtures."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from sfumato.diffusion import Cosine, GaussianMixture, Level
from sfumato.sampling import SAMPLERS, Multistep, Stepper, last, sample, stepper

MEAN, STD = 0.5, 0.6
STOCHASTIC: dict[str, Stepper] = {
    "ddpm": stepper("ddpm"),
    "ddpm-beta": stepper("ddpm-beta"),
    "ddim eta 0.5": stepper("ddim", eta=0.5),
    "dpm++2m-sde": stepper("dpm++2m-sde"),
    "weaker 2m sde": Multistep(2, eta=0.5, sde=True),
    "3m sde": Multistep(3, eta=1.0, sde=True),
}
EACH = pytest.mark.parametrize("name", STOCHASTIC)


def even_logsnr(steps: int, low: float = -8.0, high: float = 8.0) -> Level:
    return Cosine().at(torch.linspace(low, high, steps + 1, dtype=torch.float64))


def one_at_a_time(steps: int) -> Callable[[], Tensor]:
    """Noise for the rows (silence, the start, draw 1, draw 2, …): draw k is 1 in its own row and 0 elsewhere."""
    draws = iter(torch.eye(steps + 2, dtype=torch.float64)[2:])
    return lambda: next(draws)[:, None]


def end_moments(by: Stepper, grid: Level) -> tuple[float, float]:
    """The exact mean and standard deviation of what the sampler makes of a Gaussian's noised samples.

    The Gaussian's denoiser is affine in x, so the end is affine in the start and in every draw, and each
    coefficient can be read off by a walk with one of them set to 1.
    """
    steps = len(grid) - 1
    exact = GaussianMixture.gaussian(torch.tensor([MEAN]), torch.tensor([STD]))
    start = torch.zeros(steps + 2, 1, dtype=torch.float64)
    start[1] = 1
    end = last(sample(exact, grid, by, one_at_a_time(steps), start=start)).x[:, 0]
    effects = end[1:] - end[0]
    level = grid[0]
    mean = end[0] + effects[0] * level.alpha * MEAN
    variance = effects[0] ** 2 * ((level.alpha * STD) ** 2 + level.sigma**2) + (effects[1:] ** 2).sum()
    return mean.item(), variance.sqrt().item()


def target_std(grid: Level) -> float:
    level = grid[-1]
    return ((level.alpha * STD) ** 2 + level.sigma**2).sqrt().item()


@EACH
@pytest.mark.parametrize("steps", [1, 2, 10, 100])
def test_the_mean_of_a_gaussian_is_right_at_any_number_of_steps(name: str, steps: int) -> None:
    grid = even_logsnr(steps)
    assert end_moments(STOCHASTIC[name], grid)[0] == pytest.approx(grid[-1].alpha.item() * MEAN, abs=1e-10)


@EACH
def test_the_spread_of_a_gaussian_converges_at_the_samplers_order(name: str) -> None:
    """The weak order; noise roughens the path, so that a third derivative of it buys no third order."""
    by = STOCHASTIC[name]
    errors = []
    for steps in (100, 200):
        grid = even_logsnr(steps, -6, 6)
        errors.append(abs(end_moments(by, grid)[1] - target_std(grid)))
    assert errors[1] < 0.01
    assert math.log2(errors[0] / errors[1]) == pytest.approx(min(by.order, 2), abs=0.25)


@EACH
def test_samples_of_a_mixture_have_its_moments(name: str, small_mixture: GaussianMixture) -> None:
    """Mean, covariance and the third moments, within five standard errors and the first order's bias."""
    count, generator = 8000, torch.Generator().manual_seed(0)

    def noise() -> Tensor:
        return torch.randn(count, 4, dtype=torch.float64, generator=generator)

    grid = even_logsnr(150)
    start = grid[0].add_noise(small_mixture.sample(count, generator), noise())
    x = last(sample(small_mixture, grid, STOCHASTIC[name], noise, start=start)).x
    mean, covariance = small_mixture.moments()
    level = grid[-1]
    covariance = level.alpha**2 * covariance + level.sigma**2 * torch.eye(4, dtype=torch.float64)
    assert ((x.mean(0) - level.alpha * mean) / (x.std(0) / count**0.5)).abs().max().item() < 5
    centred = x - level.alpha * mean
    products = centred[:, :, None] * centred[:, None]
    allowed = 5 * products.std(0) / count**0.5 + 0.02
    assert bool(((products.mean(0) - covariance).abs() < allowed).all())
    other = small_mixture.sample(200_000, generator) - mean
    cubes, expected = centred**3, (other**3).mean(0)
    assert bool(((cubes.mean(0) - expected).abs() < 5 * cubes.std(0) / count**0.5 + 0.03).all())


def test_more_eta_draws_more_noise_into_the_same_distribution() -> None:
    def shares(eta: float) -> float:
        exact = GaussianMixture.gaussian(torch.tensor([MEAN]), torch.tensor([STD]))
        start = torch.zeros(52, 1, dtype=torch.float64)
        start[1] = 1
        end = last(sample(exact, even_logsnr(50), Multistep(eta=eta), one_at_a_time(50), start=start)).x[:, 0]
        effects = (end[1:] - end[0]) ** 2
        return (effects[0] / effects.sum()).item()

    falling = [shares(eta) for eta in (0.01, 0.25, 0.5, 0.75, 1.0)]
    assert falling == sorted(falling, reverse=True)
    assert falling[0] > 0.99
    assert falling[-1] < 0.05


def test_deterministic_samplers_draw_no_noise(small_mixture: GaussianMixture) -> None:
    def refuse() -> Tensor:
        raise AssertionError("asked for noise")

    start = torch.zeros(2, 4, dtype=torch.float64)
    for name, row in SAMPLERS.items():
        if row.deterministic:
            assert last(sample(small_mixture, even_logsnr(5), row.stepper, refuse, start=start)).index == 5, name
        else:
            with pytest.raises(AssertionError, match="asked for noise"):
                last(sample(small_mixture, even_logsnr(5), row.stepper, refuse, start=start))
