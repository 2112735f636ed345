"""Likelihood by the probability-flow ODE equals the density where that is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from sfumato.diffusion import GaussianMixture, Level, bits_per_dim, dequantise, log_likelihood
from sfumato.errors import SfumatoError
from sfumato.sampling import ImageNoise


def gaussian(dimension: int) -> tuple[GaussianMixture, torch.distributions.Normal]:
    generator = torch.Generator().manual_seed(0)
    std = 0.3 + 0.4 * torch.rand(dimension, dtype=torch.float64, generator=generator)
    mean = 0.5 * torch.randn(dimension, dtype=torch.float64, generator=generator)
    return GaussianMixture.gaussian(mean, std), torch.distributions.Normal(mean, std)


def test_a_gaussian_is_within_a_thousandth_of_a_bit() -> None:
    exact, law = gaussian(16)
    x = exact.sample(50, torch.Generator().manual_seed(1))
    found = bits_per_dim(log_likelihood(exact, x, divergence="exact"), 16)
    truth = bits_per_dim(law.log_prob(x).sum(1), 16)
    torch.testing.assert_close(found, truth, rtol=0, atol=1e-3)


def test_hutchinson_is_right_for_any_signs_where_the_derivative_is_diagonal() -> None:
    exact, law = gaussian(16)
    x = exact.sample(20, torch.Generator().manual_seed(1))
    found = log_likelihood(exact, x, noise=ImageNoise(range(20), (16,)))
    torch.testing.assert_close(found, law.log_prob(x).sum(1), rtol=0, atol=1e-3 * 16)


def test_a_mixture_has_its_density(small_mixture: GaussianMixture) -> None:
    x = small_mixture.sample(30, torch.Generator().manual_seed(1))
    found = log_likelihood(small_mixture, x, divergence="exact", steps=100)
    truth = small_mixture.log_density(x, Level.of(1.0, 0.0))
    torch.testing.assert_close(bits_per_dim(found, 4), bits_per_dim(truth, 4), rtol=0, atol=1e-3)


def test_hutchinson_is_unbiased(small_mixture: GaussianMixture) -> None:
    """400 vectors of signs on one point: their mean is the exact divergence's answer."""
    x = small_mixture.sample(1, torch.Generator().manual_seed(2)).expand(400, 4)
    estimates = log_likelihood(small_mixture, x, noise=ImageNoise(range(400), (4,)), steps=30)
    exact = log_likelihood(small_mixture, x[:1], divergence="exact", steps=30)
    assert abs((estimates.mean() - exact).item()) < 4 * estimates.std().item() / 20


def test_each_image_has_its_own_answer(small_mixture: GaussianMixture) -> None:
    x = small_mixture.sample(3, torch.Generator().manual_seed(2))
    together = log_likelihood(small_mixture, x, noise=ImageNoise([4, 5, 6], (4,)), steps=10)
    alone = [log_likelihood(small_mixture, x[i : i + 1], noise=ImageNoise([4 + i], (4,)), steps=10) for i in range(3)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-10, atol=1e-10)


def test_grey_values_count_their_own_steps() -> None:
    """Uniform data on 256 grey values cost 8 bits, whatever their scale; noise over the steps keeps them apart."""
    density = torch.full((3,), -16 * math.log(2.0), dtype=torch.float64)  # a density of 1/2 over [−1, 1], 16 times
    assert bits_per_dim(density, 16, grey_step=2 / 256).tolist() == pytest.approx([8.0] * 3)
    grey = torch.arange(256) / 127.5 - 1
    spread = dequantise(grey, torch.rand(256, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(((spread + 1) * 127.5).round(), torch.arange(256.0))


def test_nonsense_is_refused(small_mixture: GaussianMixture) -> None:
    x: Tensor = torch.zeros(1, 4)
    with pytest.raises(SfumatoError, match="needs noise"):
        log_likelihood(small_mixture, x)
    with pytest.raises(SfumatoError, match="did you mean 'exact'"):
        log_likelihood(small_mixture, x, divergence="exakt")  # type: ignore[arg-type]
    with pytest.raises(SfumatoError, match="0 < low < high"):
        log_likelihood(small_mixture, x, divergence="exact", low=1.0, high=0.5)
