"""What the lessons besides the one on diffusion compute in the page: as PyTorch computes it, and as their texts say."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from lesson import missing, node
from sfumato.diffusion import SCHEDULES, GaussianMixture

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.usefixtures("when_changed")]

RATES = (1e-3, 4e-3)
SIZES = ((2, 24, 24, 2), (2, 24, 24, 1))
STEPS = {"forger": 1700, "even": 1800, "critic": 1800}
SHOWN = 320
# The data of the lesson on flow matching, and where the exact flow is compared.
CENTRES, SHARES, STD = torch.tensor([-1.5, 0.4, 1.4]), torch.tensor([0.35, 0.4, 0.25]), 0.12
MIXTURE = GaussianMixture(CENTRES[:, None].double(), torch.full((3, 1), STD).double(), SHARES.double())
PLACES = [(x, t) for t in (0.01, 0.3, 0.6, 0.99) for x in (-2.0, -0.7, 0.3, 1.5)]


def dense(sizes: tuple[int, ...]) -> nn.Sequential:
    layers = [[nn.Linear(a, b), nn.Tanh()] for a, b in pairwise(sizes)]
    return nn.Sequential(*[layer for pair in layers for layer in pair][:-1])


def flat(values: Any) -> Tensor:
    return torch.cat([value.detach().flatten() for value in values])


@cache
def nets() -> tuple[nn.Sequential, nn.Sequential, Tensor, Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return dense(SIZES[0]), dense(SIZES[1]), torch.randn(12, 2), torch.randn(12, 2)


@cache
def told() -> dict[str, Any]:
    forger, critic, z, real = nets()
    turn = {
        "sizes": SIZES,
        "weights": [flat(net.parameters()).tolist() for net in (forger, critic)],
        "z": z.flatten().tolist(),
        "real": real.flatten().tolist(),
        "rates": RATES,
    }
    answer: dict[str, Any] = node(
        "course.mjs",
        told={
            "turn": turn,
            "exact": [{"x": x, "t": t} for x, t in PLACES],
            "rounds": 2,
            "games": [{"rates": rates, "steps": steps} for rates, steps in STEPS.items()],
        },
    )
    return answer


def close(theirs: Any, ours: Tensor) -> None:
    torch.testing.assert_close(torch.tensor(theirs), ours, rtol=1e-4, atol=1e-5)


def test_a_step_of_the_game_is_pytorch_s() -> None:
    """On the same weights and numbers: both losses, both gradients, and Adam's step of each."""
    forger, critic, z, real = nets()
    turn = told()["turn"]
    turns = [
        torch.optim.Adam(net.parameters(), lr=rate, betas=(0.5, 0.99))
        for net, rate in zip((forger, critic), RATES, strict=True)
    ]
    forged = forger(z)
    judged = softplus(-critic(real)).mean() + softplus(critic(forged.detach())).mean()
    judged.backward()
    gradients = [flat(p.grad for p in critic.parameters())]
    turns[1].step()
    deceived = softplus(-critic(forged)).mean()
    deceived.backward()
    gradients.insert(0, flat(p.grad for p in forger.parameters()))
    turns[0].step()
    close(turn["losses"], torch.stack([deceived, judged]).detach())
    for which, net in enumerate((forger, critic)):
        close(turn["gradients"][which], gradients[which])
        sure = (
            gradients[which].abs() > 1e-4
        )  # Adam's first step is the sign of the gradient, which rounding decides below
        assert sure.double().mean() > 0.9
        close(torch.tensor(turn["weights"][which])[sure].tolist(), flat(net.parameters())[sure])


def clusters(game: str, step: int) -> set[int]:
    """Those on which a fiftieth of the forged points or more lie."""
    return {k for k, count in enumerate(told()["games"][game][str(step)]) if count >= 0.02 * SHOWN}


def test_a_forger_that_learns_faster_hops() -> None:
    counts = {step: torch.tensor(told()["games"]["forger"][str(step)]) for step in (1400, 1700)}
    most = {step: count.topk(2) for step, count in counts.items()}
    assert all(found.values.sum() > SHOWN / 2 for found in most.values())
    assert not set(most[1400].indices.tolist()) & set(most[1700].indices.tolist())
    steps = range(1000, 1700, 100)
    moves = sum(clusters("forger", step) != clusters("forger", step + 100) for step in steps)
    assert moves >= 6


def test_even_rates_reach_more_and_go_on_swapping() -> None:
    steps = range(1000, 1700, 100)
    mean = {game: sum(len(clusters(game, step)) for step in steps) / len(steps) for game in ("forger", "even")}
    assert mean["even"] > 1.3 * mean["forger"], mean
    assert len(set.union(*(clusters("even", step) for step in steps))) == 8
    assert all(len(clusters("even", step)) < 8 for step in steps)


def test_a_critic_that_learns_faster_brings_it_to_rest() -> None:
    assert clusters("critic", 1800) == set(range(8))
    steps = range(1100, 1800, 100)
    assert all(clusters("critic", step) - {1, 5} == set(range(8)) - {1, 5} for step in steps)


def test_the_exact_flow_is_the_package_s() -> None:
    x, t = torch.tensor(PLACES, dtype=torch.float64).T
    level = SCHEDULES["flow"]()(t)
    x0 = MIXTURE(x[:, None], level)
    ours = (level.eps(x[:, None], x0) - x0)[:, 0]
    torch.testing.assert_close(torch.tensor(told()["exact"], dtype=torch.float64), ours, rtol=1e-4, atol=1e-4)


def test_the_learned_flow_bends_and_reflow_straightens_it() -> None:
    flow, reflow = told()["rounds"]
    print(f"one step ends {flow['error']:.3f} from forty, after a reflow {reflow['error']:.3f}")
    assert reflow["error"] < 0.1 * flow["error"]
    assert flow["away"][0] > 2 * flow["away"][1]  # one step ends between the clusters
    assert abs(reflow["away"][1] - flow["away"][1]) < 0.05  # what the first flow left is left
    for one in (flow, reflow):
        ways = torch.tensor(one["ways"]).reshape(41, -1)
        order = ways[0].argsort()
        assert (ways[:, order].diff(dim=1) > -1e-3).all()  # no two ways cross
        ends = (ways[-1][:, None] - CENTRES).abs().argmin(1)
        shares = torch.bincount(ends, minlength=3) / len(ends)
        assert (shares - SHARES).abs().max() < 0.1, shares
