"""Every schedule × grid × sampler, from 1 step to 1000: finite everywhere, and right on a Gaussian.

All walks of one sampler run side by side, a row of the batch each, with levels of shape `(batch,)`.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sfumato.diffusion import GaussianMixture, Level, NetDenoiser, Parameterization, Schedule
from sfumato.diffusion.levels import broadcast
from sfumato.sampling import GRIDS, STEPPERS, Churn, Stepper, grid, last, sample

EACH = pytest.mark.parametrize("stepper", STEPPERS.values(), ids=STEPPERS.keys())
FAMILIES = {type(stepper): name for name, stepper in reversed(STEPPERS.items())}  # one of each kind of stepper
MANY = [(333, name) for name in STEPPERS] + [(1000, name) for name in STEPPERS if name in FAMILIES.values()]
MEAN, STD = 0.5, 0.6


def gaussian(x: Tensor, level: Level, cond: object = None) -> Tensor:
    """E[x0 | x] for N(MEAN, STD²) data, written out."""
    gain = level.alpha * STD**2 / ((level.alpha * STD) ** 2 + level.sigma**2)
    return MEAN + broadcast(gain, x) * (x - broadcast(level.alpha, x) * MEAN)


@pytest.fixture(scope="module")
def grids(all_schedules: dict[str, Schedule]) -> dict[int, dict[str, Level]]:
    """Every rule on every schedule, by the number of steps and then by name."""
    return {
        steps: {f"{rule} on {name}": grid(rule, path, steps) for name, path in all_schedules.items() for rule in GRIDS}
        for steps in (1, 2, 3, 7, 333, 1000)
    }


def walk(levels: list[Level], stepper: Stepper) -> tuple[Tensor, Tensor]:
    """Where each grid takes the noised Gaussian's mean, and a point one standard deviation above it."""
    twice = levels + levels  # the first half starts at the mean, the second above it
    rows = Level(torch.stack([v.alpha for v in twice], 1), torch.stack([v.sigma for v in twice], 1))
    start = rows[0].alpha * MEAN
    above = ((rows[0].alpha * STD) ** 2 + rows[0].sigma ** 2).sqrt()
    start[len(levels) :] += above[len(levels) :]
    x = last(sample(gaussian, rows, stepper, lambda: torch.zeros(len(start), 1), start=start[:, None])).x[:, 0]
    assert bool(x.isfinite().all())
    return x.chunk(2)[0], x.chunk(2)[1]


def off(names: list[str], values: Tensor, right: float, tolerance: float) -> dict[str, float]:
    return {n: v for n, v in zip(names, values.tolist(), strict=True) if not abs(v - right) <= tolerance}


@EACH
@pytest.mark.parametrize("pure", [True, False], ids=["from pure noise", "from a noisy picture"])
@pytest.mark.parametrize("steps", [1, 2, 3, 7])
def test_few_steps_keep_the_mean(steps: int, pure: bool, stepper: Stepper, grids: dict[int, dict[str, Level]]) -> None:
    """The mean of a Gaussian is exact at any number of steps, wherever the walk starts."""
    rows = {name: levels for name, levels in grids[steps].items() if bool(levels.alpha[0] == 0) == pure}
    assert not off(list(rows), walk(list(rows.values()), stepper)[0], MEAN, 1e-9)


@pytest.mark.parametrize(("steps", "name"), MANY)
def test_many_steps_find_the_mean_and_the_spread(steps: int, name: str, grids: dict[int, dict[str, Level]]) -> None:
    """The spread is that of a deterministic sampler; what noise adds is test_stochastic_samplers' matter."""
    stepper = STEPPERS[name]
    names, levels = list(grids[steps]), list(grids[steps].values())
    at_mean, above = walk(levels, stepper)
    assert not off(names, at_mean, MEAN, 1e-9)
    if not isinstance(stepper, Churn) and getattr(stepper, "eta", 0) == 0:
        assert not off(names, (above - at_mean) / STD, 1, 0.025)


@EACH
def test_one_step_is_one_look(stepper: Stepper, grids: dict[int, dict[str, Level]]) -> None:
    """A single step ends at the denoiser's answer, noise or no noise."""
    if isinstance(stepper, Churn):  # which looks from a higher level than the grid's
        stepper = stepper.base
    start = torch.randn(3, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for levels in grids[1].values():
        step = last(sample(gaussian, levels, stepper, lambda: torch.ones(3, 1), start=start))
        torch.testing.assert_close(step.x, gaussian(start, levels[0]), rtol=1e-12, atol=1e-12)
        assert step.calls == 1


class Zero(torch.nn.Module):
    """A network that knows nothing."""

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        return torch.zeros_like(x)


@EACH
@pytest.mark.parametrize("name", ["x0", "v", "flow", "edm"])
def test_float32_stays_finite_between_the_ends(name: str, stepper: Stepper, grids: dict[int, dict[str, Level]]) -> None:
    net = NetDenoiser(Zero(), Parameterization(name))
    generator = torch.Generator().manual_seed(0)
    long = grids[333]["karras on edm"][::9]  # 37 steps, the last one to clean data
    for levels in (grids[2]["trailing on flow"], grids[7]["trailing on linear-zero-snr"], long):
        x = last(sample(net, levels, stepper, lambda: torch.randn(2, 3, generator=generator))).x
        assert x.dtype == torch.float32
        assert bool(x.isfinite().all()), len(levels)


@EACH
@pytest.mark.parametrize("rule", ["karras on edm", "trailing on flow"])
def test_float32_walks_beside_float64(
    rule: str, stepper: Stepper, grids: dict[int, dict[str, Level]], small_mixture: GaussianMixture
) -> None:
    levels = grids[333][rule][::9]  # 37 steps, the last one to clean data
    draws = torch.randn(80, 8, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    double, single = iter(draws), iter(draws.float())
    x = last(sample(small_mixture, levels, stepper, lambda: next(double))).x
    torch.testing.assert_close(
        last(sample(small_mixture, levels, stepper, lambda: next(single))).x.double(), x, rtol=1e-3, atol=1e-3
    )
