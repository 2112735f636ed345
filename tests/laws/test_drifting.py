"""Drifting: answers move to the data and apart, stay where both are distributed alike, and so come to be samples."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from sfumato.diffusion import Drifting, Level, NoiseDistribution, RectifiedFlow
from sfumato.diffusion.drifting import REACHES, drift
from sfumato.evaluation.sliced import sliced_wasserstein

OBJECTIVE = Drifting(NoiseDistribution("uniform"), RectifiedFlow(), steps=2)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("reach", REACHES)
def test_among_samples_of_the_same_law_nothing_drifts_in_the_mean(reach: float) -> None:
    drifts = torch.stack([drift(normal(64, 2, seed=i), normal(64, 2, seed=1000 + i), reach) for i in range(40)])
    moved = drift(normal(64, 2), normal(64, 2, seed=1) + torch.tensor([2.0, 0.0]), reach).mean(0)
    means, error = drifts.mean((0, 1)), drifts.mean(1).std(0) / 40**0.5
    assert bool((means.abs() < 4 * error).all())
    assert moved[0] > 10 * float(means.abs().max()) and moved[0] > 3 * moved[1].abs()


def test_what_lies_too_close_drifts_apart_and_what_lies_too_wide_together() -> None:
    data = normal(400, 2, seed=1)
    for size, sign in ((0.3, 1), (3.0, -1)):
        x = size * normal(200, 2)
        assert sign * float((drift(x, data, 0.2) * x).sum()) > 0


def test_it_turns_moves_and_grows_with_what_it_is_of() -> None:
    x, data = normal(30, 2, seed=2).double(), normal(40, 2, seed=3).double() + 0.5
    turn = torch.linalg.qr(normal(2, 2, seed=4).double()).Q
    found = drift(7 * x @ turn + 5, 7 * data @ turn + 5, 0.2)
    torch.testing.assert_close(found, 7 * drift(x, data, 0.2) @ turn, rtol=1e-6, atol=1e-8)


def test_a_lone_sample_stays() -> None:
    assert drift(normal(1, 3), normal(9, 3, seed=1), 0.05).abs().max() == 0


def test_points_that_drift_come_to_lie_as_the_data() -> None:
    def sample(count: int, seed: int) -> Tensor:
        sides = torch.where(torch.rand(count, 1, generator=torch.Generator().manual_seed(seed)) < 0.3, -1.0, 1.0)
        return torch.cat([sides, 0.5 * sides], 1) + 0.15 * normal(count, 2, seed=seed + 1)

    x, usual = 0.1 * normal(300, 2), sliced_wasserstein(sample(300, 1), sample(300, 5), repeats=0).value
    for step in range(150):
        data = sample(300, 10 + step)
        shifts = OBJECTIVE.shifts(x, data, None, Level.of(0.0, torch.ones(300)))
        x = x + 0.05 * (1 - step / 150) * shifts
    assert sliced_wasserstein(x, sample(300, 3), repeats=0).value < 2 * usual


def test_classes_and_levels_drift_by_themselves() -> None:
    x, data = normal(60, 2), normal(60, 2, seed=1)
    labels, level = torch.arange(60) % 2, RectifiedFlow()(torch.where(torch.arange(60) < 30, 0.5, 1.0))
    elsewhere = data + 100.0 * (labels[:, None] == 1)
    one, other = (replace(OBJECTIVE, reaches=(0.2,)).shifts(x, given, labels, level) for given in (data, elsewhere))
    ours = labels == 0  # whose data are the same, up to how long all drifts are in the mean
    torch.testing.assert_close(one[ours] / one[ours].norm(), other[ours] / other[ours].norm())


def test_what_is_trained_are_the_levels_of_the_walk() -> None:
    drawn = OBJECTIVE.draw((400, 2), torch.Generator().manual_seed(0))
    assert sorted(set(drawn.level.sigma.tolist())) == [0.5, 1.0]
    assert 230 < int((drawn.level.sigma == 1).sum()) < 300, "two of three"
    one = replace(OBJECTIVE, steps=1).draw((400, 2), torch.Generator().manual_seed(0))
    assert set(one.level.alpha.tolist()) == {0.0}, "noise alone"


def test_the_gradient_leads_where_the_answers_drift() -> None:
    x0, weight = normal(80, 2), torch.zeros(80, 2, requires_grad=True)
    drawn = replace(OBJECTIVE, steps=1).draw((80, 2), torch.Generator().manual_seed(1))
    loss = OBJECTIVE.loss(lambda x, level, cond=None: 0.3 * x + weight, x0, None, drawn)
    loss.sum().backward()
    assert loss.shape == (80,) and weight.grad is not None
    shifts = OBJECTIVE.shifts(0.3 * drawn.eps, x0, None, drawn.level)
    torch.testing.assert_close(weight.grad, -shifts)
