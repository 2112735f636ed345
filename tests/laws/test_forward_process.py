"""DDPM's forward process: T single steps are the closed form (Ho et al. 2020, eqs. 2 and 4)."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from sfumato.diffusion import Betas, DiscreteBetas, Linear, ScaledLinear

TABLES = pytest.mark.parametrize("table", [Linear(), ScaledLinear()], ids=["linear", "scaled-linear"])


def timesteps(table: DiscreteBetas) -> torch.Tensor:
    """Every timestep 0..T as t in [0, 1]."""
    return torch.arange(table.steps + 1, dtype=torch.float64) / table.steps


def compose(betas: list[float]) -> tuple[list[float], list[float]]:
    """The signal's factor and the noise's variance after 0, 1, …, T single steps, in plain arithmetic."""
    signal, variance = [1.0], [0.0]
    for beta in betas:
        signal.append(signal[-1] * (1 - beta) ** 0.5)
        variance.append(variance[-1] * (1 - beta) + beta)
    return signal, variance


@TABLES
def test_coefficients_compose_to_the_closed_form_at_every_timestep(table: DiscreteBetas) -> None:
    level = table(timesteps(table))
    signal, variance = compose(table.betas.tolist())
    torch.testing.assert_close(level.alpha, torch.tensor(signal, dtype=torch.float64), rtol=0, atol=1e-12)
    torch.testing.assert_close(level.sigma**2, torch.tensor(variance, dtype=torch.float64), rtol=0, atol=1e-12)


@given(betas=st.lists(st.floats(1e-6, 0.999), min_size=1, max_size=40))
def test_any_table_of_betas_composes(betas: list[float]) -> None:
    table = Betas(tuple(betas))
    level = table(timesteps(table))
    signal, variance = compose(betas)
    torch.testing.assert_close(level.alpha, torch.tensor(signal, dtype=torch.float64), rtol=1e-11, atol=0)
    torch.testing.assert_close(level.sigma**2, torch.tensor(variance, dtype=torch.float64), rtol=1e-11, atol=0)


@TABLES
def test_steps_without_noise_scale_the_picture_by_alpha(table: DiscreteBetas) -> None:
    x0 = torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64)
    x = x0
    for k in range(1, table.steps + 1):
        x = table.step(x, k, torch.zeros_like(x))
        torch.testing.assert_close(x, table(k / table.steps).add_noise(x0, torch.zeros_like(x0)), rtol=0, atol=1e-12)


@TABLES
def test_the_noise_of_all_steps_adds_up_to_sigma(table: DiscreteBetas) -> None:
    """Row j gets noise 1 at step j only; independent noises add in variance."""
    x = torch.zeros(table.steps, 1, dtype=torch.float64)
    for k, eps in enumerate(torch.eye(table.steps, dtype=torch.float64), start=1):
        x = table.step(x, k, eps[:, None])
    assert (x**2).sum().item() == pytest.approx(table(1.0).sigma.item() ** 2, abs=1e-12)


@TABLES
def test_a_chain_of_noisy_steps_has_the_law_of_the_closed_form(table: DiscreteBetas) -> None:
    count, x0 = 20_000, 1.5
    generator = torch.Generator().manual_seed(0)
    x = torch.full((count, 1), x0, dtype=torch.float64)
    for k in range(1, table.steps + 1):
        x = table.step(x, k, torch.randn(x.shape, dtype=torch.float64, generator=generator))
        if k in (1, 30, 300, 1000):
            level = table(k / table.steps)
            standardised = (x[:, 0] - level.alpha * x0) / level.sigma
            assert abs(standardised.mean().item()) < 5 / count**0.5
            assert abs(standardised.var().item() - 1) < 5 * (2 / count) ** 0.5
            assert kstest(standardised.numpy(), "norm").pvalue > 1e-4


def test_a_timestep_per_sample_equals_each_sample_alone() -> None:
    table = Linear()
    generator = torch.Generator().manual_seed(0)
    x, eps = torch.randn(2, 4, 3, dtype=torch.float64, generator=generator)
    ks = torch.tensor([1, 10, 500, 1000])
    alone = [table.step(x[i : i + 1], int(k), eps[i : i + 1]) for i, k in enumerate(ks)]
    torch.testing.assert_close(table.step(x, ks, eps), torch.cat(alone), rtol=0, atol=0)


@pytest.mark.parametrize("k", [0, -1, 1001])
def test_a_timestep_outside_the_table_is_refused(k: int) -> None:
    x = torch.zeros(1, 1)
    with pytest.raises(ValueError, match="1 to 1000"):
        Linear().step(x, k, x)


def test_scaled_linear_is_linear_in_the_root_of_beta() -> None:
    table = ScaledLinear()
    roots = table.betas.sqrt()
    assert table.betas[0].item() == pytest.approx(0.00085)
    assert table.betas[-1].item() == pytest.approx(0.012)
    torch.testing.assert_close(roots.diff(), roots.diff().mean().expand(999), rtol=0, atol=1e-15)


def test_a_table_may_end_in_pure_noise() -> None:
    """β = 1 is a legal last entry (betas lie in (0, 1]); x_T is then noise alone."""
    table = Betas((0.1, 0.5, 1.0))
    level = table(timesteps(table))
    torch.testing.assert_close(level.alpha**2, torch.tensor([1.0, 0.9, 0.45, 0.0], dtype=torch.float64))
    torch.testing.assert_close(level.sigma**2, torch.tensor([0.0, 0.1, 0.55, 1.0], dtype=torch.float64))
