"""The exact denoisers are exact: Tweedie's formula, brute force, the ends, and the data's own moments."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from sfumato.diffusion import FiniteClips, FiniteSet, GaussianMixture, Level

levels = st.builds(
    lambda scale, half_logsnr: Level.of(scale * math.exp(half_logsnr), scale), st.floats(0.3, 3), st.floats(-3, 2)
)
seeds = st.integers(0, 2**31)


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def gaussian() -> GaussianMixture:
    return GaussianMixture.gaussian(normal(1, 3, 2), 0.2 + normal(2, 3, 2).abs())


def several(seed: int = 3) -> GaussianMixture:
    weights = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64)
    return GaussianMixture(normal(seed, 3, 3, 2), 0.2 + normal(seed + 1, 3, 3, 2).abs(), weights)


def points() -> FiniteSet:
    return FiniteSet(normal(4, 7, 3, 2))


def cloud() -> FiniteSet:
    return FiniteSet(normal(4, 7, 3, 2), 0.3)


EACH = pytest.mark.parametrize(
    "data", [gaussian(), several(), points(), cloud()], ids=["gaussian", "mixture", "finite set", "cloud"]
)


@EACH
@given(level=levels, seed=seeds)
def test_tweedie(data: GaussianMixture | FiniteSet, level: Level, seed: int) -> None:
    """E[x0 | x] = (x + sigma²·∇ log p(x)) / alpha."""
    x = level.add_noise(data.sample(4, torch.Generator().manual_seed(seed)).double(), normal(seed, 4, 3, 2))
    x.requires_grad_()
    (score,) = torch.autograd.grad(data.log_density(x, level).sum(), x)
    torch.testing.assert_close(data(x, level), (x + level.sigma**2 * score) / level.alpha, rtol=1e-8, atol=1e-8)


@given(level=levels, seed=seeds)
def test_the_density_of_a_mixture_is_torchs(level: Level, seed: int) -> None:
    data, x = several(), 2 * normal(seed, 5, 3, 2)
    variance = (level.alpha * data.stds) ** 2 + level.sigma**2
    noised = MixtureSameFamily(
        Categorical(data.weights), Independent(Normal(level.alpha * data.means, variance.sqrt()), 2)
    )
    torch.testing.assert_close(data.log_density(x, level), noised.log_prob(x), rtol=1e-10, atol=1e-10)


@given(level=levels, seed=seeds)
def test_a_finite_set_is_bayes_rule_by_brute_force(level: Level, seed: int) -> None:
    data, x = points(), 2 * normal(seed, 5, 3, 2)
    likelihood = Independent(Normal(level.alpha * data.points, level.sigma), 2).log_prob(x[:, None])
    torch.testing.assert_close(data.log_density(x, level), likelihood.logsumexp(1) - math.log(7), rtol=1e-9, atol=1e-9)
    posterior = likelihood.softmax(1)
    expected = torch.stack([sum(p * point for p, point in zip(row, data.points, strict=True)) for row in posterior])
    torch.testing.assert_close(data(x, level), expected, rtol=1e-7, atol=1e-9)


@EACH
@given(level=levels, factor=st.floats(0.05, 20))
def test_a_common_scale_changes_nothing(data: GaussianMixture | FiniteSet, level: Level, factor: float) -> None:
    x, scaled = normal(5, 4, 3, 2), Level(level.alpha * factor, level.sigma * factor)
    torch.testing.assert_close(data(factor * x, scaled), data(x, level), rtol=1e-8, atol=1e-8)
    density = data.log_density(factor * x, scaled) + x[0].numel() * math.log(factor)
    torch.testing.assert_close(density, data.log_density(x, level), rtol=1e-8, atol=1e-8)


@EACH
def test_clean_pictures_are_returned(data: GaussianMixture | FiniteSet) -> None:
    x = normal(6, 4, 3, 2)
    torch.testing.assert_close(data(2 * x, Level.of(2.0, 0.0)), x, rtol=1e-14, atol=1e-14)


@EACH
def test_pure_noise_is_answered_with_the_mean_of_the_data(data: GaussianMixture | FiniteSet) -> None:
    x = normal(6, 4, 3, 2)
    finite = isinstance(data, FiniteSet)
    mean = data.points.mean(0) if finite else (data.weights[:, None, None] * data.means).sum(0)
    torch.testing.assert_close(data(x, Level.of(0.0, 1.0)), mean.expand(4, 3, 2), rtol=1e-12, atol=1e-12)


@EACH
def test_a_level_per_sample_equals_each_sample_alone(data: GaussianMixture | FiniteSet) -> None:
    x, level = normal(6, 4, 3, 2), Level.of(torch.tensor([0.0, 0.3, 0.9, 1.0]), torch.tensor([1.0, 0.7, 0.1, 0.0]))
    alone = torch.cat([data(x[i : i + 1], level[i]) for i in range(4)])
    torch.testing.assert_close(data(x, level), alone, rtol=1e-12, atol=1e-12)


@given(level=levels, seed=seeds)
def test_a_mixture_of_needles_is_a_finite_set(level: Level, seed: int) -> None:
    data, x = points(), normal(seed, 4, 3, 2)
    needles = GaussianMixture(
        data.points, torch.full_like(data.points, 1e-6), torch.full((7,), 1 / 7, dtype=torch.float64)
    )
    torch.testing.assert_close(needles(x, level), data(x, level), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(needles.log_density(x, level), data.log_density(x, level), rtol=1e-6, atol=1e-6)


def test_a_picture_keeps_its_dtype_and_float32_is_near_float64() -> None:
    data, x, level = several(), normal(6, 4, 3, 2), Level.of(0.8, 0.6)
    assert data(x.float(), level).dtype == torch.float32
    torch.testing.assert_close(data(x.float(), level).double(), data(x, level), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("data", [gaussian(), several()], ids=["gaussian", "mixture"])
def test_moments_are_those_of_the_samples(data: GaussianMixture) -> None:
    count = 100_000
    samples = data.sample(count, torch.Generator().manual_seed(0)).flatten(1)
    mean, covariance = data.moments()
    error = (covariance.diagonal() / count).sqrt()
    assert bool(((samples.mean(0) - mean).abs() < 5 * error).all())
    centred = samples - mean
    products = centred[:, :, None] * centred[:, None, :]
    assert bool(((products.mean(0) - covariance).abs() < 5 * products.std(0) / count**0.5).all())


def test_a_finite_set_samples_its_points_equally_often() -> None:
    data, count = points(), 20_000
    samples = data.sample(count, torch.Generator().manual_seed(0))
    hits = (samples[:, None] == data.points).flatten(2).all(2).sum(0)
    assert hits.sum().item() == count
    assert (hits - count / 7).abs().max().item() < 5 * (count / 7) ** 0.5


@pytest.mark.parametrize("level", [Level.of(0.0, 1.0), Level.of(1.0, 0.0)], ids=["pure noise", "clean"])
@pytest.mark.parametrize("data", [gaussian(), several()], ids=["gaussian", "mixture"])
def test_gradients_are_finite_at_the_ends(data: GaussianMixture, level: Level) -> None:
    x = normal(6, 4, 3, 2).requires_grad_()
    data(x, level).sum().backward()
    assert bool(x.grad.isfinite().all())


@pytest.mark.parametrize("level", [Level.of(0.0, 1.0), Level.of(1.0, 0.0)], ids=["pure noise", "clean"])
def test_gradients_of_a_finite_set_are_finite_at_the_ends(level: Level) -> None:
    test_gradients_are_finite_at_the_ends(points(), level)


def test_gradients_of_the_noise_are_finite_at_clean_data() -> None:
    x = normal(6, 4, 3, 2).requires_grad_()
    Level.of(1.0, 0.0).eps(x, 0 * x).sum().backward()
    assert bool(x.grad.isfinite().all())


@given(level=levels, seed=seeds)
def test_linked_clips_are_a_set_of_points_and_others_a_set_of_frames(level: Level, seed: int) -> None:
    clips, x = normal(4, 7, 5, 3, 2), normal(seed, 2, 5, 3, 2)
    torch.testing.assert_close(FiniteClips(clips, 0.3)(x, level), FiniteSet(clips, 0.3)(x, level))
    each = torch.stack([FiniteSet(clips[:, f], 0.3)(x[:, f], level) for f in range(5)], dim=1)
    torch.testing.assert_close(FiniteClips(clips, 0.3, linked=False)(x, level), each)


@given(seed=seeds)
def test_a_clip_s_frames_may_have_levels_of_their_own(seed: int) -> None:
    """All alike they are one level; a clip whose first frame is nearly clean is that of the set which begins so."""
    clips, x = normal(4, 7, 5, 3, 2), normal(seed, 2, 5, 3, 2)
    t = torch.full((2, 5), 0.7, dtype=torch.float64)
    data = FiniteClips(clips, 0.05)
    torch.testing.assert_close(data(x, Level.of(1 - t, t)), data(x, Level.of(0.3, 0.7)))
    t[:, 0], x[:, 0] = 0, clips[3, 0]
    nearest = Level.of(1 - t, t).alpha[0, 1] * 0.05**2 / ((0.3 * 0.05) ** 2 + 0.7**2)
    expected = clips[3, 1:] + nearest * (x[:, 1:] - 0.3 * clips[3, 1:])
    torch.testing.assert_close(data(x, Level.of(1 - t, t))[:, 1:], expected, rtol=1e-3, atol=1e-3)
