"""The data's Gaussian: exact where the data are Gaussian, and what the options built on it do to a walk."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sfumato.diffusion import EDM, SCHEDULES, GaussianMixture, Level
from sfumato.errors import SfumatoError
from sfumato.sampling import Gaussian, grid, last, sample, stepper

levels = st.builds(
    lambda scale, ratio: Level.of(scale, scale * ratio),
    st.floats(0.3, 3),
    st.floats(-3, 3).map(lambda power: 10**power),
)


def gaussian_of(mean: Tensor, deviations: Tensor) -> Gaussian:
    order = deviations.argsort(descending=True)
    return Gaussian(mean, torch.eye(len(mean), dtype=mean.dtype)[:, order], deviations[order].square(), 0.0)


MEAN = torch.tensor([0.3, -0.2, 0.0, 0.9], dtype=torch.float64)
DEVIATIONS = torch.tensor([0.5, 0.1, 1.3, 0.02], dtype=torch.float64)


@given(levels, st.integers(0, 99))
def test_its_answer_is_the_exact_denoisers(level: Level, seed: int) -> None:
    x = torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) * level.sigma
    exact = GaussianMixture.gaussian(MEAN, DEVIATIONS)
    torch.testing.assert_close(gaussian_of(MEAN, DEVIATIONS)(x, level), exact(x, level), rtol=1e-10, atol=1e-10)


@settings(max_examples=10, deadline=None)
@given(st.sampled_from([EDM(), SCHEDULES["cosine"](), SCHEDULES["flow"]()]), st.integers(0, 99))
def test_the_teleport_arrives_where_the_walk_does(path: EDM, seed: int) -> None:
    known = gaussian_of(MEAN, DEVIATIONS)
    walk = grid("logsnr", path, 400)
    middle = 250
    x = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) * walk[0].sigma
    steps = list(sample(known, walk, stepper("dpm++3m"), lambda: x, start=x))
    landed = known.teleport(x, walk[0], walk[middle])
    size = walk[middle].alpha.hypot(walk[middle].sigma).item()
    torch.testing.assert_close(landed, steps[middle].x, rtol=0, atol=1e-5 * size)
    torch.testing.assert_close(known.teleport(landed, walk[middle], walk[0]), x, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dimension", [40, 1500])
def test_the_fit_recovers_the_covariance(dimension: int) -> None:
    """Both ways to the principal directions: all of them at once, and by a sketch where there are too many."""
    generator = torch.Generator().manual_seed(0)
    strong = torch.linspace(3, 1, 8, dtype=torch.float64)
    basis = torch.linalg.qr(torch.randn(dimension, 8, dtype=torch.float64, generator=generator))[0]
    samples = 0.5 + torch.randn(3000, 8, dtype=torch.float64, generator=generator) * strong @ basis.T
    samples = samples + 0.05 * torch.randn(3000, dimension, dtype=torch.float64, generator=generator)
    fitted = Gaussian.fit(samples, rank=8)
    centred = samples - samples.mean(0)
    truth = centred.T @ centred / 2999
    made = fitted.basis @ torch.diag(fitted.variances) @ fitted.basis.T
    made = made + fitted.rest * (torch.eye(dimension, dtype=torch.float64) - fitted.basis @ fitted.basis.T)
    assert float((made - truth).norm() / truth.norm()) < 0.02
    assert float(made.trace()) == pytest.approx(float(truth.trace()), rel=1e-9)
    torch.testing.assert_close(fitted.basis.T @ fitted.basis, torch.eye(8, dtype=torch.float64), rtol=0, atol=1e-8)


def test_pictures_keep_their_shape_and_few_samples_their_span() -> None:
    pictures = torch.randn(5, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    fitted = Gaussian.fit(pictures)
    assert fitted.variances.shape == (4,)  # five points span four directions
    level = Level.of(1.0, 0.01)
    torch.testing.assert_close(fitted(pictures, level), pictures, rtol=0, atol=1e-3)
    with pytest.raises(SfumatoError, match="at least 2 samples, got 1"):
        Gaussian.fit(pictures[:1])


def test_the_analytical_first_step_costs_no_call_and_is_right_for_a_gaussian() -> None:
    known, walk = gaussian_of(MEAN, DEVIATIONS), grid("karras", EDM(), 6)
    noise = torch.randn(7, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    exact = GaussianMixture.gaussian(MEAN, DEVIATIONS)
    for name in ("ddim", "dpm++2m", "heun", "unipc2"):
        plain = last(sample(exact, walk, stepper(name), lambda: noise))
        free = last(sample(exact, walk, stepper(name), lambda: noise, analytical=known))
        assert free.calls == plain.calls - 1
        torch.testing.assert_close(free.x, plain.x, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["karras", "logsnr", "trailing", "quadratic", "beta", "cosine", "linspace", "leading"])
@pytest.mark.parametrize("path", ["edm", "cosine", "flow", "linear"])
def test_a_grid_may_start_below_the_top(name: str, path: str) -> None:
    made = grid(name, SCHEDULES[path](), 12, start=10.0)
    reached = made[0].ratio.item()  # leading timesteps stop short of the top, as they do on a whole path
    assert 3 < reached < 10 if name == "leading" else reached == pytest.approx(10.0, rel=0.02)
    assert bool((made.ratio.diff() < 0).all()) and made[-1].sigma == 0
    with pytest.raises(SfumatoError, match="starts at a sigma/alpha of at most 80, not 100"):
        grid("karras", EDM(), 12, start=100.0)
