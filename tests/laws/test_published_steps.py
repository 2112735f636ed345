"""One step of each stochastic sampler is its paper's formula, at any two levels."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sfumato.diffusion import Level, Linear, ScaledLinear
from sfumato.errors import SfumatoError
from sfumato.sampling import Multistep, Stepper, answered, stepper

X, X0, Z = torch.randn(3, 5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
angles = st.tuples(st.floats(0.01, 1.56), st.floats(0.01, 1.56)).filter(lambda pair: abs(pair[0] - pair[1]) > 1e-4)
etas = st.floats(0, 1)


def step(by: Stepper, here: Level, there: Level, noise: Tensor = Z) -> Tensor:
    return answered(by.step(X, here, there, by.init(X), lambda: noise), lambda x, level: X0)[0]


def on_circle(pair: tuple[float, float]) -> tuple[Level, Level]:
    """Two variance-preserving levels, the noisier first."""
    noisy, clean = max(pair), min(pair)
    return Level.of(math.cos(noisy), math.sin(noisy)), Level.of(math.cos(clean), math.sin(clean))


@pytest.mark.parametrize("table", [Linear(), ScaledLinear()], ids=["linear", "scaled-linear"])
@pytest.mark.parametrize("k", [2, 3, 50, 500, 1000])
def test_ddpm_is_the_posterior_of_ho(table: object, k: int) -> None:
    """μ̃ and β̃ of eq. 7, and σ² = β of section 3.2, on the schedule's own betas."""
    beta = table.betas[k - 1]
    alpha_bar = (1 - table.betas).cumprod(0)
    now, before = alpha_bar[k - 1], alpha_bar[k - 2]
    mean = before.sqrt() * beta / (1 - now) * X0 + (1 - beta).sqrt() * (1 - before) / (1 - now) * X
    variance = (1 - before) / (1 - now) * beta
    here, there = table(k / 1000), table((k - 1) / 1000)
    torch.testing.assert_close(step(stepper("ddpm"), here, there), mean + variance.sqrt() * Z, rtol=0, atol=1e-11)
    torch.testing.assert_close(step(stepper("ddpm-beta"), here, there), mean + beta.sqrt() * Z, rtol=0, atol=1e-11)


@given(pair=angles, eta=etas)
def test_ddim_is_song_at_any_eta(pair: tuple[float, float], eta: float) -> None:
    """Eq. 12 with the σ of eq. 16 (their ᾱ is written α there)."""
    here, there = on_circle(pair)
    now, before = here.alpha**2, there.alpha**2
    sigma = eta * ((1 - before) / (1 - now)).sqrt() * (1 - now / before).clamp(min=0).sqrt()
    eps = (X - now.sqrt() * X0) / (1 - now).sqrt()
    expected = before.sqrt() * X0 + (1 - before - sigma**2).clamp(min=0).sqrt() * eps + sigma * Z
    torch.testing.assert_close(step(stepper("ddim", eta=eta), here, there), expected, rtol=1e-6, atol=1e-6)


@given(pair=angles)
def test_ddim_with_all_its_noise_is_ddpm(pair: tuple[float, float]) -> None:
    here, there = on_circle(pair)
    assert torch.equal(step(stepper("ddim", eta=1.0), here, there), step(stepper("ddpm"), here, there))


@given(pair=angles, eta=etas)
def test_the_variance_of_a_step_is_preserved(pair: tuple[float, float], eta: float) -> None:
    """Whatever eta renews, ε of unit variance arrives as noise of exactly sigma: x_t ~ q(x_t | x0) (Song, lemma 1)."""
    here, there = on_circle(pair)
    for by in (Multistep(eta=eta), Multistep(eta=eta, sde=True), stepper("dpm++2m-sde")):
        zero, one = torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64)

        def end(x: Tensor, z: Tensor, by: Stepper = by) -> float:
            return answered(by.step(x, here, there, by.init(x), lambda: z), lambda at, level: 0 * at)[0].item()

        variance = (end(one, zero) * here.sigma) ** 2 + end(zero, one) ** 2
        assert variance.item() == pytest.approx(there.sigma.item() ** 2, rel=1e-9)


@given(pair=angles, eta=st.floats(0.05, 1))
def test_the_sde_of_lu_renews_exponentially(pair: tuple[float, float], eta: float) -> None:
    """x_t = (σ_t/σ_s)e^{−η²h}·x + α_t(1 − e^{−(1+η²)h})·D + σ_t√(1 − e^{−2η²h})·z (Lu et al. 2023, section 5)."""
    here, there = on_circle(pair)
    h = (there.logsnr - here.logsnr) / 2
    expected = (
        there.sigma / here.sigma * (-(eta**2) * h).exp() * X
        + there.alpha * -torch.expm1(-(1 + eta**2) * h) * X0
        + there.sigma * (-torch.expm1(-2 * eta**2 * h)).sqrt() * Z
    )
    torch.testing.assert_close(step(Multistep(eta=eta, sde=True), here, there), expected, rtol=1e-6, atol=1e-6)


def test_euler_is_a_step_along_the_velocity() -> None:
    """On straight flows x moves by (t′ − t)·(ε − x0); in EDM's units by (σ′ − σ)·ε."""
    flow = step(stepper("euler"), Level.of(0.3, 0.7), Level.of(0.6, 0.4))
    torch.testing.assert_close(flow, X + (0.4 - 0.7) * ((X - 0.3 * X0) / 0.7 - X0))
    edm = step(stepper("euler"), Level.of(1.0, 5.0), Level.of(1.0, 3.0))
    torch.testing.assert_close(edm, X + (3 - 5) * (X - X0) / 5)


def test_heun_is_algorithm_1_of_karras() -> None:
    def denoise(x: Tensor, level: Level) -> Tensor:
        return torch.tanh(x / (1 + level.sigma))

    here, there = Level.of(1.0, 5.0), Level.of(1.0, 3.0)
    slope = (X - denoise(X, here)) / 5
    euler = X + (3 - 5) * slope
    expected = X + (3 - 5) * (slope + (euler - denoise(euler, there)) / 3) / 2
    torch.testing.assert_close(answered(stepper("heun").step(X, here, there, (), lambda: Z), denoise)[0], expected)


def test_second_order_multistep_is_algorithm_2_of_lu() -> None:
    """D = (1 + 1/(2r))·x_θ(now) − 1/(2r)·x_θ(before), then the first-order step (DPM-Solver++, algorithm 2)."""
    levels = [Level.of(math.cos(a), math.sin(a)) for a in (1.4, 1.1, 0.5)]
    outputs = iter([X0, 2 * X0 + 1])
    by = stepper("dpm++2m")
    x1, state = answered(by.step(X, levels[0], levels[1], by.init(X), lambda: Z), lambda x, level: next(outputs))
    x2, _ = answered(by.step(x1, levels[1], levels[2], state, lambda: Z), lambda x, level: next(outputs))
    halves = [(level.logsnr / 2).item() for level in levels]
    h = halves[2] - halves[1]
    r = (halves[1] - halves[0]) / h
    mixed = (1 + 1 / (2 * r)) * (2 * X0 + 1) - 1 / (2 * r) * X0
    expected = levels[2].sigma / levels[1].sigma * x1 - levels[2].alpha * math.expm1(-h) * mixed
    torch.testing.assert_close(x2, expected)


@pytest.mark.parametrize("eta", [-0.1, 1.5])
def test_eta_outside_its_range_is_refused(eta: float) -> None:
    with pytest.raises(SfumatoError, match="between 0"):
        stepper("ddim", eta=eta)


def test_eta_belongs_to_ddim() -> None:
    with pytest.raises(SfumatoError, match="heun"):
        stepper("heun", eta=0.5)
    with pytest.raises(SfumatoError, match="data prediction"):
        Multistep(output="noise", eta=0.5)
