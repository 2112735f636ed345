"""Ends: the objective is nothing for the map to where walks end, and more for any other, at the levels visited."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from sfumato.diffusion import Ends, GaussianMixture, Level, NoiseDistribution, RectifiedFlow, Shift
from sfumato.diffusion.objective import Drawn
from sfumato.sampling import STEPPERS, grid, last, sample

FLOW = Shift(RectifiedFlow(), 0.5)
COUNT = 400


def ends_of(mixture: GaussianMixture, steps: int = 2) -> tuple[Ends, list[tuple[float, int]]]:
    """The objective of walks under the exact answers of `mixture`; and from which sigma/alpha, in how many steps."""
    asked = []

    def end(x: Tensor, level: Level, cond: object, count: int) -> Tensor:
        asked.append((float(level.ratio), count))
        ratio = float(level.ratio)
        levels = grid("trailing", RectifiedFlow(), count, None if math.isinf(ratio) else ratio)
        own, first = (float((one.alpha**2 + one.sigma**2).sqrt()) for one in (level, levels[0]))
        start = x * (first / own)
        return last(sample(mixture, levels, STEPPERS["dpm++2m"], lambda: x, start=start)).x

    noise = NoiseDistribution("log-normal", 0.0, 1.0)
    return Ends(noise, FLOW, steps=steps, walked=6, end=end), asked


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_the_levels_of_a_students_walk_are_trained_and_walks_from_less_noise_take_their_share_of_steps(
    mixture: GaussianMixture, steps: int
) -> None:
    objective, asked = ends_of(mixture, steps)
    x0 = mixture.sample(COUNT, torch.Generator().manual_seed(0))
    objective(mixture, x0, None, torch.Generator().manual_seed(1))
    visited = [float(FLOW(step / steps).ratio) for step in range(1, steps + 1)]
    assert asked == list(zip(visited, [math.ceil(6 * step / steps) for step in range(1, steps + 1)], strict=True))


@pytest.mark.parametrize("step", [1, 2])
def test_the_loss_is_nothing_for_the_map_to_the_ends_of_walks_and_more_for_any_other(
    mixture: GaussianMixture, step: int
) -> None:
    objective, _ = ends_of(mixture)
    assert objective.end is not None
    x0, level = mixture.sample(COUNT, torch.Generator().manual_seed(0)), FLOW(torch.full((COUNT,), step / 2))
    eps = torch.randn(x0.shape, generator=torch.Generator().manual_seed(1), dtype=x0.dtype)
    drawn = Drawn(level, eps)
    ends = objective.end(level.add_noise(x0, eps), level[0], None, 3 * step)
    assert objective.loss(lambda x, level, cond: ends, x0, None, drawn).tolist() == [0.0] * COUNT
    shift = torch.full_like(ends, 0.1)
    others = {"the mean": mixture(level.add_noise(x0, eps), level), "shifted": ends + shift, "smaller": 0.9 * ends}
    for name, answer in others.items():
        assert float(objective.loss(lambda x, level, cond, put=answer: put, x0, None, drawn).mean()) > 0.01, name
    loss = objective.loss(lambda x, level, cond: ends + shift, x0, None, drawn)
    expected = 0.1 * (level.ratio**-2 + 1).sqrt()  # the root of EDM's weight, and the root mean square of the shift
    torch.testing.assert_close(loss.double(), expected, rtol=1e-5, atol=1e-7)
