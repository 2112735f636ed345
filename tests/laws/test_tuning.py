"""A tuned walk: without corrections the plain one, on levels that cost least, and nearer to the exact end."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sfumato.diffusion import EDM, SCHEDULES, FiniteSet, GaussianMixture, Level, NetDenoiser, Parameterization
from sfumato.errors import SfumatoError
from sfumato.nets import MLPConfig, build
from sfumato.sampling import SAMPLERS, STEPPERS, Stepper, grid, last, sample
from sfumato.sampling.program import run, trace
from sfumato.sampling.tuned import Corrected, Tuned
from sfumato.sampling.tuning import Differentiable, Pairs, Walked, cheapest, ended, jump_errors, learn, weights_of
from sfumato.seeds import torch_generator

ONE_CALL = [name for name, row in SAMPLERS.items() if row.deterministic and row.calls == 1 and name != "pndm"]


def noise(count: int = 64, dimension: int = 4) -> Tensor:
    return torch.randn(count, dimension, dtype=torch.float64, generator=torch_generator("image", 5))


def corrections(steps: int, scale: float) -> tuple[tuple[float, ...], ...]:
    drawn = torch.randn(steps, steps + 1, dtype=torch.float64, generator=torch_generator("noise", 1)) * scale
    return tuple(tuple(drawn[k, : k + 2].tolist()) for k in range(steps))


def tuned(levels: Level, added: tuple[tuple[float, ...], ...] = ()) -> Tuned:
    return Tuned("", tuple(zip(levels.alpha.tolist(), levels.sigma.tolist(), strict=True)), added)


@pytest.mark.parametrize("name", ONE_CALL)
def test_with_zero_corrections_it_is_the_plain_walk_bit_for_bit(name: str, small_mixture: GaussianMixture) -> None:
    levels = grid("karras", EDM(), 6)
    plain = list(sample(small_mixture, levels, STEPPERS[name], noise))
    found = tuned(levels, corrections(6, 0.0))
    for one, other in zip(plain, sample(small_mixture, found.grid, found.over(STEPPERS[name]), noise), strict=True):
        assert torch.equal(one.x, other.x)
    assert tuned(levels).over(STEPPERS[name]) is STEPPERS[name], "without any it is the sampler itself"


@pytest.mark.parametrize("name", ["ddim", "ipndm3", "dpm++2m", "unipc2"])
def test_the_walk_that_is_learnt_is_the_one_that_is_taken_and_written(
    name: str, small_mixture: GaussianMixture
) -> None:
    """Learning computes it with gradients, sampling by the stepper, and other languages by the program."""
    levels, added = grid("logsnr", EDM(), 5), corrections(5, 0.01)
    by = tuned(levels, added).over(STEPPERS[name])
    taken = last(sample(small_mixture, levels, by, noise)).x
    table = torch.zeros(5, 6, dtype=torch.float64)
    for k, row in enumerate(added):
        table[k, : k + 2] = torch.tensor(row)
    learnt = ended(levels, weights_of(STEPPERS[name], levels), table, noise(), small_mixture)
    torch.testing.assert_close(learnt, taken, rtol=1e-7, atol=1e-7)
    *_, written = run(trace(by, levels), small_mixture, noise)
    torch.testing.assert_close(written, taken, rtol=1e-7, atol=1e-7)
    plain = last(sample(small_mixture, levels, STEPPERS[name], noise)).x
    assert not torch.allclose(plain, taken, atol=1e-3), "and the corrections count"


@given(st.integers(0, 999), st.integers(1, 5), st.floats(0.5, 2))
def test_no_other_levels_cost_less(seed: int, steps: int, amplified: float) -> None:
    fine = 6
    errors = torch.rand(fine, fine + 1, dtype=torch.float64, generator=torch_generator("noise", seed))
    errors[torch.ones_like(errors).tril().bool()] = torch.inf

    def cost(places: tuple[int, ...]) -> float:
        return sum(float(errors[i, j]) * amplified**k for k, (i, j) in enumerate(pairwise(places)))

    best = min(cost((0, *between, fine)) for between in combinations(range(1, fine), steps - 1))
    assert cost(tuple(cheapest(errors, steps, amplified))) == pytest.approx(best)


@pytest.mark.parametrize("path", ["edm", "flow", "cosine"])
def test_a_jump_errs_by_how_far_the_walk_turns(path: str, mixture: GaussianMixture) -> None:
    """Not at all where all answers are one point; and on any path alike, since a common factor counts for nothing."""
    levels = grid("karras", SCHEDULES[path](), 12)

    def walked(denoiser: GaussianMixture | FiniteSet, dimension: int) -> Walked:
        steps = list(sample(denoiser, levels, STEPPERS["ddim"], lambda: noise(8, dimension)))
        answers = [step.x0_hat for step in steps if step.x0_hat is not None]
        return Walked(levels, torch.stack([step.x for step in steps[:-1]]), torch.stack(answers))

    straight = jump_errors(walked(FiniteSet(torch.ones(1, 4, dtype=torch.float64)), 4))
    turning = jump_errors(walked(mixture, 16))
    above = torch.ones(12, 13).triu(1).bool()
    assert straight[above].max() < 1e-9 < 0.05 < turning[above].max()
    assert turning.diagonal(1).max() < 1e-9, "one step of the walk itself is a jump"
    assert bool(turning[~above].isinf().all())


def test_on_a_gaussian_what_is_found_and_learnt_comes_nearer_to_the_exact_end() -> None:
    """Whose flow is known: what is off the mean shrinks by std / √(std² + sigma²)."""
    mean, std = torch.tensor([[1.0, 0, -1, 0.5], [0.2, 0.5, 1, 2]], dtype=torch.float64)
    gaussian, fine = GaussianMixture.gaussian(mean, std), grid("karras", EDM(), 40)
    sigma = float(fine[0].ratio)
    exact = mean + ((1 + sigma**2) ** 0.5 * noise() - mean) * std / (std**2 + sigma**2).sqrt()
    steps = list(sample(gaussian, fine, STEPPERS["dpm++3m"], noise))
    answers = [step.x0_hat for step in steps if step.x0_hat is not None]
    jumps = jump_errors(Walked(fine, torch.stack([step.x for step in steps[:-1]]), torch.stack(answers)))

    def error(by: Stepper, levels: Level) -> float:
        return float((last(sample(gaussian, levels, by, noise)).x - exact).square().mean().sqrt())

    for count in (2, 4, 8):
        found = fine[torch.tensor(cheapest(jumps, count, 1.0))]
        assert error(STEPPERS["ddim"], found) < error(STEPPERS["ddim"], grid("karras", EDM(), count))
    found = fine[torch.tensor(cheapest(jumps, 4, 1.0))]
    for name in ("ddim", "ipndm2", "dpm++2m", "unipc2"):
        pairs = Pairs(noise(), exact, lambda rows: gaussian)
        *_, (levels, added, _) = learn(STEPPERS[name], found, pairs, 60, 32, 2e-2)
        learnt = tuned(levels, added)
        plain = min(error(STEPPERS[name], found), error(STEPPERS[name], grid("karras", EDM(), 4)))
        assert error(learnt.over(STEPPERS[name]), learnt.grid) < 0.5 * plain


@pytest.mark.parametrize("name", ["edm", "flow", "v"])
def test_a_network_answers_with_the_gradient_by_its_level(name: str) -> None:
    net = build(MLPConfig(2, width=16, blocks=2)).double()
    with torch.no_grad():
        for weight in net.parameters():
            weight.normal_(0, 0.3, generator=torch_generator("weights", 1))
    denoiser = NetDenoiser(net, Parameterization(name, 0.5))
    x = noise(5, 2)

    def answer(by: object, log_ratio: Tensor) -> Tensor:
        return by(x, Level(torch.full_like(log_ratio, 0.7), 0.7 * log_ratio.exp()))  # type: ignore[no-any-return, operator]

    for ratio in (0.05, 1.0, 20.0):
        at = torch.tensor(ratio, dtype=torch.float64).log()
        with torch.no_grad():
            torch.testing.assert_close(answer(Differentiable(denoiser), at), answer(denoiser, at), rtol=0, atol=1e-12)
            step = 1e-5
            slope = (answer(denoiser, at + step) - answer(denoiser, at - step)) / (2 * step)
        at.requires_grad_()
        (found,) = torch.autograd.grad(answer(Differentiable(denoiser), at).sum(), at)
        torch.testing.assert_close(found, slope.sum(), rtol=1e-6, atol=1e-8)


def test_what_is_no_walk_is_refused() -> None:
    for levels, added in (
        (((1.0, 1.0), (1.0, 2.0), (1.0, 0.0)), ()),
        (((1.0, 1.0), (1.0, 0.5)), ()),
        (((1.0, 0.0),), ()),
        (((1.0, float("nan")), (1.0, 0.0)), ()),
        (((1.0, 1.0), (1.0, 0.0)), ((0.0,),)),
    ):
        with pytest.raises(SfumatoError, match="tune again"):
            Tuned("", levels, added)
    assert Corrected(STEPPERS["ddim"], ((0.0, 0.0),)).init(noise()) == (STEPPERS["ddim"].init(noise()), ())
