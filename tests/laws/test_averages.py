"""Averages of the weights: the two that are kept, and any other made from their snapshots (Karras et al. 2024)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.training.ema import (
    Profile,
    coefficients,
    ema_decay,
    gamma_of,
    half_life_decay,
    inner,
    reconstruct,
    update_ema,
    width_of,
)

STEPS = 800
WIDTHS = (0.05, 0.10)


def trajectory() -> list[Tensor]:
    """Weights as training moves them: some stand still, some settle, some drift, and all are shaken by the gradient."""
    generator = torch.Generator().manual_seed(0)
    time = torch.arange(1, STEPS + 1, dtype=torch.float64)[:, None] / STEPS
    ends = torch.randn(3, 40, dtype=torch.float64, generator=generator)
    walk = torch.randn(STEPS, 40, dtype=torch.float64, generator=generator).cumsum(0) / STEPS**0.5
    return list(ends[0] + ends[1] * (-6 * time).exp() + 0.5 * ends[2] * time + 0.3 * walk)


def tracked(width: float, weights: list[Tensor]) -> list[Tensor]:
    """The average of `width` after every step, kept directly."""
    average = [torch.zeros_like(weights[0])]
    moments = []
    for step, value in enumerate(weights, start=1):
        update_ema(average, [value], ema_decay(step, gamma_of(width)))
        moments.append(average[0].clone())
    return moments


@pytest.mark.parametrize("width", [0.005, 0.02, 0.05, 0.08, 0.1, 0.2, 0.288])
def test_width_and_exponent_are_each_others_inverse(width: float) -> None:
    assert width_of(gamma_of(width)) == pytest.approx(width, rel=1e-9)


@pytest.mark.parametrize("batch", [1, 32, 512])
def test_half_of_an_average_is_forgotten_in_its_half_life_whatever_the_batch(batch: int) -> None:
    """Karras et al. 2022, appendix F.2: half in 500,000 images, 0.99929 a step of 512; in 5% of fewer."""
    decays = [half_life_decay(step, batch, 51_200) for step in range(1, 2 * 20 * 51_200 // batch)]
    assert np.prod(decays[-51_200 // batch :]) == pytest.approx(0.5) and decays == sorted(decays) and decays[0] == 0
    assert half_life_decay(10**7, 512, 500_000) == pytest.approx(0.99929, abs=1e-5)
    seen = 10_240 // batch  # steps, of which a twentieth is forgotten by half
    assert half_life_decay(seen + 1, batch, 51_200) ** (0.05 * seen) == pytest.approx(0.5)


def test_the_papers_own_pairs() -> None:
    """Karras et al. 2024, section 3.1: sigma_rel 0.05 and 0.10 are γ ≈ 16.97 and 6.94."""
    assert gamma_of(0.05) == pytest.approx(16.97, abs=0.005) and gamma_of(0.10) == pytest.approx(6.94, abs=0.005)


@pytest.mark.parametrize("width", [0.0, -0.1, 0.3, float("nan")])
def test_a_width_that_cannot_be(width: float) -> None:
    with pytest.raises(SfumatoError, match=r"above 0 and up to 0\.288"):
        gamma_of(width)


def test_inner_products_are_the_integrals() -> None:
    for one, other in [((10, 16.97), (10, 6.94)), ((4, 2.0), (10, 6.94)), ((10, 0.0), (3, 16.97))]:
        a, b = Profile(*one), Profile(*other)
        end = min(a.time, b.time)
        middles = (np.arange(200_000) + 0.5) * end / 200_000
        density = [(p.gamma + 1) * middles**p.gamma / p.time ** (p.gamma + 1) for p in (a, b)]
        assert inner(a, b) == pytest.approx(float((density[0] * density[1]).mean() * end), rel=1e-6)
        assert inner(a, b) == inner(b, a)


def test_inner_products_of_long_trainings_are_finite() -> None:
    assert 0 < inner(Profile(1e9, 990.0), Profile(1e9, gamma_of(0.002))) < np.inf


@pytest.mark.parametrize("end", [STEPS // 4, STEPS])
def test_a_third_width_is_what_it_would_have_been(end: int) -> None:
    """Eight snapshots of two widths: within 0.05% of the way that the weights have gone, early and late."""
    weights = trajectory()
    kept = {width: tracked(width, weights) for width in WIDTHS}
    times = [end * i // 8 for i in range(1, 9)]
    stored = [(Profile(t, gamma_of(w)), {"w": kept[w][t - 1]}) for t in times for w in WIDTHS]
    gone = (weights[end - 1] - weights[0]).norm()
    for width in (0.06, 0.08):
        found, error = reconstruct(stored, Profile(end, gamma_of(width)))
        wanted = tracked(width, weights)[end - 1]
        assert (found["w"] - wanted).norm() < 0.0005 * gone
        assert error < 0.02
        nearest = min((kept[w][end - 1] - wanted).norm() for w in WIDTHS)
        assert (found["w"] - wanted).norm() < 0.1 * nearest  # what taking a kept one instead would cost


@pytest.mark.parametrize("width", WIDTHS)
def test_a_kept_width_comes_out_exactly(width: float) -> None:
    weights = trajectory()
    stored = [
        (Profile(t, gamma_of(w)), {"w": tracked(w, weights)[t - 1].float()}) for t in (200, 500, 800) for w in WIDTHS
    ]
    for time in (200, 500, 800):
        found, error = reconstruct(stored, Profile(time, gamma_of(width)))
        assert error == 0
        assert torch.equal(found["w"], tracked(width, weights)[time - 1].float())
        by_solving, _ = coefficients([p for p, _ in stored], Profile(time + 1e-9, gamma_of(width)))
        unit = [float(p == Profile(time, gamma_of(width))) for p, _ in stored]
        np.testing.assert_allclose(by_solving, unit, atol=1e-5)  # and the least squares agree


def test_a_weight_that_stood_still_stays() -> None:
    stored = [(Profile(t, gamma_of(w)), {"w": torch.full((3,), 7.0)}) for t in (100, 400, 1000) for w in WIDTHS]
    for width in (0.03, 0.08, 0.2):
        found, _ = reconstruct(stored, Profile(1000, gamma_of(width)))
        torch.testing.assert_close(found["w"], torch.full((3,), 7.0), rtol=1e-6, atol=0)


def test_what_comes_later_is_not_used() -> None:
    profiles = [Profile(t, gamma_of(w)) for t in (100, 200, 1000) for w in WIDTHS]
    shares, _ = coefficients(profiles, Profile(200, gamma_of(0.08)))
    assert not shares[4:].any() and shares[:4].any()
    with pytest.raises(SfumatoError, match="no average was stored so early"):
        coefficients(profiles, Profile(50, gamma_of(0.08)))
