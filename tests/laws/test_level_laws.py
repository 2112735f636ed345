"""How often each noise level is trained: laws of levels are quantile functions."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest
from torch import Tensor

from sfumato.diffusion import DISTRIBUTIONS, EDM, Cosine, Level, Linear, NoiseDistribution, RectifiedFlow, Schedule
from sfumato.errors import SfumatoError

EACH = pytest.mark.parametrize("name", DISTRIBUTIONS)
counts, seeds = st.integers(1, 200), st.integers(0, 2**31)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def quantile(name: str, schedule: Schedule, level: Level, mean: float, std: float) -> Tensor:
    """The u in (0, 1) that each level was made from."""
    if name == "log-normal":
        return torch.special.ndtr((level.ratio.log() - mean) / std)
    t = schedule.time(level.logsnr)
    return torch.special.ndtr((torch.logit(t) - mean) / std) if name == "logit-normal" else t


@pytest.mark.parametrize("name", ["uniform", "log-normal", "logit-normal"])
@given(count=counts, seed=seeds)
def test_a_stratified_batch_has_one_level_in_each_slice(name: str, count: int, seed: int) -> None:
    noise, schedule = NoiseDistribution(name, mean=-0.4, std=1.2), RectifiedFlow()
    u = quantile(name, schedule, noise(schedule, count, seeded(seed)), noise.mean, noise.std)
    assert (u * count - 1e-9).floor().sort().values.tolist() == list(range(count))


@given(count=counts, seed=seeds)
def test_stratified_timesteps_are_one_slice_rounded_up(count: int, seed: int) -> None:
    schedule = Linear()
    level = NoiseDistribution("timesteps")(schedule, count, seeded(seed))
    k = schedule.time(level.logsnr).sort().values * schedule.steps
    low = torch.arange(count, dtype=torch.float64) / count * schedule.steps
    assert bool(((k > low - 1e-6) & (k < low + schedule.steps / count + 1 + 1e-6)).all())


@EACH
@given(count=counts, seed=seeds)
def test_the_same_generator_gives_the_same_levels(name: str, count: int, seed: int) -> None:
    for stratified in (False, True):
        noise = NoiseDistribution(name, stratified=stratified)
        first, again = noise(Cosine(), count, seeded(seed)), noise(Cosine(), count, seeded(seed))
        assert torch.equal(first.alpha, again.alpha)
        assert torch.equal(first.sigma, again.sigma)
        assert first.shape == (count,)


@EACH
def test_levels_are_in_no_order(name: str) -> None:
    """A batch's first half must see what its second half sees."""
    ratio = NoiseDistribution(name)(Linear(), 1000, seeded(0)).ratio.log()
    first, second = ratio[:500], ratio[500:]
    assert abs((first.mean() - second.mean()).item()) < 5 * ratio.std().item() * (4 / 1000) ** 0.5


@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize("name", ["uniform", "log-normal", "logit-normal"])
def test_levels_follow_the_named_distribution(name: str, stratified: bool) -> None:
    noise, schedule = NoiseDistribution(name, mean=-1.2, std=1.2, stratified=stratified), RectifiedFlow()
    u = quantile(name, schedule, noise(schedule, 5000, seeded(0)), noise.mean, noise.std)
    assert kstest(u.numpy(), "uniform").pvalue > 1e-3


@given(mean=st.floats(-2, 1), std=st.floats(0.3, 2))
def test_log_normal_has_edms_moments_on_every_schedule(mean: float, std: float) -> None:
    """ln σ ~ N(P_mean, P_std²) (Karras et al. 2022, table 1)."""
    for schedule in (EDM(), Linear(), RectifiedFlow()):
        log_ratio = NoiseDistribution("log-normal", mean, std)(schedule, 4000, seeded(0)).ratio.log()
        assert log_ratio.mean().item() == pytest.approx(mean, abs=0.01 * std)
        assert log_ratio.std().item() == pytest.approx(std, rel=0.01)


@pytest.mark.parametrize("stratified", [False, True])
@given(count=st.integers(1, 500), seed=seeds)
def test_timesteps_are_whole_and_between_1_and_T(stratified: bool, count: int, seed: int) -> None:
    schedule = Linear()
    level = NoiseDistribution("timesteps", stratified=stratified)(schedule, count, seeded(seed))
    k = schedule.time(level.logsnr) * schedule.steps
    torch.testing.assert_close(k, k.round(), rtol=0, atol=1e-8)
    assert 1 <= k.round().min().item() <= k.round().max().item() <= 1000


def test_a_stratified_batch_of_T_visits_every_timestep_once() -> None:
    schedule = Linear()
    level = NoiseDistribution("timesteps")(schedule, 1000, seeded(0))
    every = schedule(torch.arange(1000, 0, -1, dtype=torch.float64) / 1000)
    torch.testing.assert_close(level.alpha.sort().values, every.alpha, rtol=0, atol=0)


def test_timesteps_are_drawn_evenly() -> None:
    schedule, count = Linear(steps=10), 50_000
    level = NoiseDistribution("timesteps", stratified=False)(schedule, count, seeded(0))
    hits = (schedule.time(level.logsnr) * 10).round().long().bincount(minlength=11)
    assert hits[0].item() == 0
    deviation = (hits[1:] - count / 10).abs().max().item()
    assert deviation < 5 * (count * 0.1 * 0.9) ** 0.5


def test_stratifying_lowers_the_variance_of_a_batch_mean() -> None:
    def spread(stratified: bool) -> float:
        noise, generator = NoiseDistribution("uniform", stratified=stratified), seeded(0)
        return torch.stack([noise(RectifiedFlow(), 32, generator).sigma.mean() for _ in range(200)]).std().item()

    assert spread(True) < spread(False) / 10


@EACH
@given(seed=seeds)
def test_no_level_divides_by_zero(name: str, schedule: Schedule, seed: int) -> None:
    level = NoiseDistribution(name)(schedule, 50, seeded(seed))
    assert bool((level.sigma > 0).all())
    assert bool(((level.alpha / level.sigma) ** 2).isfinite().all())


def test_an_unknown_law_lists_the_choices() -> None:
    with pytest.raises(SfumatoError, match="log-normal"):
        NoiseDistribution("lognormal")


@given(share=st.floats(0.05, 0.5), seed=st.integers(0, 1000))
def test_the_tail_is_even_up_to_pure_noise_and_leaves_the_law_as_it_is(share: float, seed: int) -> None:
    """Stratified, the counts are exact: `share` of the draws even in ln(sigma/alpha) on [0, 8], the rest by the law."""
    count = 2000
    schedule = Cosine()
    log_ratio = NoiseDistribution("log-normal", -3.0, 0.5, tail=share)(schedule, count, seeded(seed)).ratio.log()
    far = log_ratio[log_ratio > 0].sort().values
    assert abs(len(far) - share * count) <= 2
    even = (torch.arange(len(far), dtype=torch.float64) + 0.5) / len(far) * 8
    assert float((far - even).abs().max()) <= 2 * 8 / len(far)
    near = log_ratio[log_ratio <= 0]
    assert abs(float(near.mean()) + 3) < 0.02 and abs(float(near.std()) - 0.5) < 0.02
