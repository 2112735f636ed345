"""MeanFlow: the average velocity of an exact Gaussian's walk is what the identity says of it (Geng et al. 2025)."""

from __future__ import annotations

import torch
from torch import Tensor

from mean_flow import LAST, draw_times, identity, velocity
from sfumato.diffusion import GaussianMixture

MEAN, STD, COUNT = 0.4, 0.7, 300


def deviation(t: Tensor) -> Tensor:
    """Of what lies at the time t of rectified flow."""
    return ((1 - t) ** 2 * STD**2 + t**2).sqrt()


def average(z: Tensor, r: Tensor, t: Tensor) -> Tensor:
    """In closed form: a walk keeps how many deviations it lies from the mean, and goes from z to there in t − r."""
    r, t = r[:, None], t[:, None]
    end = (1 - r) * MEAN + deviation(r) * (z - (1 - t) * MEAN) / deviation(t)
    return (z - end) / (t - r)


def test_the_average_velocity_of_a_gaussian_is_the_one_that_the_identity_asks_for() -> None:
    generator = torch.Generator().manual_seed(0)
    r, t = draw_times(COUNT, generator)
    apart = t - r > 0.01
    r, t = r[apart], t[apart]
    z = (1 - t[:, None]) * MEAN + deviation(t)[:, None] * torch.randn(
        len(t), 2, dtype=torch.float64, generator=generator
    )
    exact = GaussianMixture.gaussian(torch.full((2,), MEAN), torch.full((2,), STD))
    v = velocity(exact, {}, told=False)(z, t, t)
    torch.testing.assert_close(identity(average, z, v, r, t), average(z, r, t), rtol=1e-3, atol=1e-4)
    wrong = identity(lambda z, r, t: average(z, r, t) + t[:, None], z, v, r, t)
    assert float((wrong - average(z, r, t) - t[:, None]).abs().mean()) > 0.1, "and no other is"


def test_at_one_time_it_asks_for_the_walks_own_velocity_and_times_lie_in_order() -> None:
    r, t = draw_times(4000, torch.Generator().manual_seed(1), noise=0.25)
    assert bool((r <= t).all()) and float(t.max()) <= LAST
    assert 0.17 < float((r == t).float().mean()) < 0.21, "a quarter of those that are not drawn from noise"
    z, v = torch.randn(2, 4000, 3, dtype=torch.float64)
    found = identity(lambda z, r, t: z * (t - r)[:, None], z, v, t, t)
    assert torch.equal(found, v)
