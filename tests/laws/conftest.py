"""What the laws share: every schedule, and data whose denoiser is known in closed form."""

from __future__ import annotations

import pytest
import torch

from sfumato.diffusion import (
    EDM,
    SCHEDULES,
    Cosine,
    GaussianMixture,
    Linear,
    RectifiedFlow,
    ScaledLinear,
    Schedule,
    Shift,
    ZeroTerminalSNR,
)

ALL_SCHEDULES: dict[str, Schedule] = {name: make() for name, make in SCHEDULES.items()} | {
    "scaled-linear-zero-snr": ZeroTerminalSNR(ScaledLinear()),
    "cosine-zero-snr": ZeroTerminalSNR(Cosine()),
    "linear-shift-2": Shift(Linear(), 2.0),
    "cosine-shift-half": Shift(Cosine(), 0.5),
    "edm-shift-4": Shift(EDM(), 4.0),
    "linear-zero-snr-shift-2": Shift(ZeroTerminalSNR(Linear()), 2.0),
    "cosine-shift-2-zero-snr": ZeroTerminalSNR(Shift(Cosine(), 2.0)),
    "flow-shift-twice": Shift(Shift(RectifiedFlow(), 3.0), 0.5),
}


@pytest.fixture(scope="session", params=ALL_SCHEDULES.values(), ids=ALL_SCHEDULES.keys())
def schedule(request: pytest.FixtureRequest) -> Schedule:
    """Each schedule in turn."""
    return request.param


@pytest.fixture(scope="session")
def all_schedules() -> dict[str, Schedule]:
    """Every schedule by name."""
    return ALL_SCHEDULES


def random_mixture(components: int, dimension: int) -> GaussianMixture:
    """A mixture with unequal weights, means of unit spread and standard deviations between 0.3 and 0.7."""
    generator = torch.Generator().manual_seed(0)
    means = torch.randn(components, dimension, dtype=torch.float64, generator=generator)
    stds = 0.3 + 0.4 * torch.rand(components, dimension, dtype=torch.float64, generator=generator)
    weights = 0.5 + torch.rand(components, dtype=torch.float64, generator=generator)
    return GaussianMixture(means, stds, weights / weights.sum())


@pytest.fixture(scope="session")
def mixture() -> GaussianMixture:
    """Eight components in sixteen dimensions: curved paths, and a denoiser that is far from linear."""
    return random_mixture(8, 16)


@pytest.fixture(scope="session")
def small_mixture() -> GaussianMixture:
    """Three components in four dimensions, for laws that run many samplers."""
    return random_mixture(3, 4)
