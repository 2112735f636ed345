"""The advice of the samplers' table holds: the benchmark that made it, over a few of its lines."""

from __future__ import annotations

import pytest
import torch

from sampler_advice import ROWS, Data, mixture
from sfumato.sampling import GRIDS, SAMPLERS
from sfumato.sampling.advice import LEAST, NEVER, advice, least_steps


@pytest.fixture(scope="module")
def sharp() -> Data:
    exact = mixture(8, 16, 0.02, 0.2)
    return Data("sharp", exact, (16,), 256, exact.sample(20_000, torch.Generator().manual_seed(2)))


def test_every_row_that_has_a_plainer_one_was_measured_on_every_grid() -> None:
    assert set(LEAST) == set(ROWS)
    for name, row in LEAST.items():
        assert set(row) == set(GRIDS) and all(SAMPLERS[name].needs <= least <= NEVER for least in row.values()), name


@pytest.mark.parametrize("rule", ["karras", "trailing"])
def test_from_there_on_a_sampler_does_better_than_the_plain_step(sharp: Data, rule: str) -> None:
    for name in ROWS:
        if (least := least_steps(name, rule)) != NEVER:
            assert sharp.holds(name, rule, least, 1.1), name


@pytest.mark.parametrize("rule", GRIDS)
@pytest.mark.parametrize("steps", [6, 10, 20])
def test_sa_solver_widens_what_it_draws_no_more_than_a_sampler_without_noise(
    sharp: Data, rule: str, steps: int
) -> None:
    """Noise all the way and the paper's own B(h) drew nine times as wide on six Karras steps."""
    ours, plain = (float(sharp.end(name, rule, steps)[0].std()) for name in ("sa-solver", "dpm++2m"))
    assert ours < 1.15 * plain


def test_outside_of_its_advice_a_sampler_says_what_to_take() -> None:
    told = advice("heun", "karras", 2)
    assert told is not None and "ddim does better than heun" in told and "karras" in told
    assert (
        advice("DPM++ 2M Karras", "trailing", 2) == advice("dpm++2m", "karras", 2) != advice("dpm++2m", "trailing", 2)
    )
    assert advice("heun", "karras", 50) is None and advice("ddim", "karras", 1) is None
    assert advice("euler", "sgm_uniform", 1) is None and advice("adaptive", "karras", 2) is None
