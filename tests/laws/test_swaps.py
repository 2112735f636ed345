"""A denoiser sees levels only: changing schedule or parameterization under it changes no sample."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from sfumato.diffusion import (
    PARAMETERIZATIONS,
    Cosine,
    Denoiser,
    GaussianMixture,
    Level,
    NetDenoiser,
    Parameterization,
    Schedule,
)
from sfumato.sampling import STEPPERS, Step, Stepper, sample

LOGSNR = torch.tensor([-9.0, -6.0, -3.5, -1.0, 0.5, 2.0, 4.0, 7.0], dtype=torch.float64)
EACH = pytest.mark.parametrize("stepper", STEPPERS.values(), ids=STEPPERS.keys())


class Oracle(nn.Module):
    """The network that training strives for: its answer is the exact regression target.

    Like any network it knows only its scaled input and c_noise, from which it works out the level at unit scale.
    """

    def __init__(self, exact: GaussianMixture, parameterization: Parameterization) -> None:
        super().__init__()
        self.exact, self.parameterization = exact, parameterization

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        alpha = 1 / (self.parameterization.data_std**2 + (8 * noise).exp()).sqrt()
        level = Level(alpha, alpha * (4 * noise).exp())
        return self.parameterization.target(x, self.exact(x, level), level)


def walk(denoiser: Denoiser, path: Schedule, stepper: Stepper) -> list[Step]:
    """The same noise down the same signal-to-noise ratios, on this path, to clean pictures."""
    generator = torch.Generator().manual_seed(0)
    levels = path.at(LOGSNR)
    clean = torch.ones(1, dtype=torch.float64)
    grid = Level(torch.cat([levels.alpha, clean]), torch.cat([levels.sigma, 0 * clean]))

    def noise() -> Tensor:
        return torch.randn(4, 4, dtype=torch.float64, generator=generator)

    return list(sample(denoiser, grid, stepper, noise))


@EACH
def test_the_schedule_changes_nothing_but_the_scale(
    stepper: Stepper, schedule: Schedule, small_mixture: GaussianMixture
) -> None:
    for step, other in zip(walk(small_mixture, Cosine(), stepper), walk(small_mixture, schedule, stepper), strict=True):
        torch.testing.assert_close(other.x / other.level.alpha, step.x / step.level.alpha, rtol=1e-9, atol=1e-9)


@EACH
@pytest.mark.parametrize("name", PARAMETERIZATIONS)
@pytest.mark.parametrize("data_std", [1.0, 0.4])
def test_the_parameterization_changes_nothing(
    stepper: Stepper, name: str, data_std: float, small_mixture: GaussianMixture, all_schedules: dict[str, Schedule]
) -> None:
    parameterization = Parameterization(name, data_std)
    net = NetDenoiser(Oracle(small_mixture, parameterization), parameterization)
    for path in ("cosine", "edm", "flow"):
        exact = walk(small_mixture, all_schedules[path], stepper)[-1].x
        torch.testing.assert_close(walk(net, all_schedules[path], stepper)[-1].x, exact, rtol=1e-8, atol=1e-8)
