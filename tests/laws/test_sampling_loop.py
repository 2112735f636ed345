"""The one loop: what it yields, how often it asks, and what it leaves as it found it."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from sfumato.diffusion import Cosine, GaussianMixture, Level, Linear
from sfumato.sampling import SAMPLERS, STEPPERS, Heun, ImageNoise, Stepper, grid, last, sample, stepper

EACH = pytest.mark.parametrize("by", STEPPERS.values(), ids=STEPPERS.keys())
BY_NAME = pytest.mark.parametrize("name", SAMPLERS)


def calls_per_step(name: str) -> int:
    """Of the early steps: PNDM's Runge–Kutta steps ask four times, and an adaptive one as often as it must."""
    return 4 if name == "pndm" else SAMPLERS[name].calls


@BY_NAME
def test_the_stream_starts_with_noise_and_counts_its_steps(name: str, small_mixture: GaussianMixture) -> None:
    levels = grid("karras", Cosine(), 4)
    steps = list(sample(small_mixture, levels, STEPPERS[name], ImageNoise([0, 1], (4,))))
    assert [step.index for step in steps] == list(range(5))
    assert {step.total for step in steps} == {4}
    assert [step.level.sigma.item() for step in steps] == levels.sigma.tolist()
    assert steps[0].x0_hat is None
    # A variance-preserving path starts from N(0, 1) (Ho et al. 2020, algorithm 2), whatever signal is left there.
    torch.testing.assert_close(steps[0].x, ImageNoise([0, 1], (4,))())
    calls = [step.calls for step in steps]
    assert calls[-1] == calls[-2] + 1
    each = calls_per_step(name)
    if each:
        assert calls == [0, each, 2 * each, 3 * each, 3 * each + 1]
    else:
        assert all(b - a >= 3 for a, b in pairwise(calls[:-1]))
    for step in steps[1:]:
        assert step.x0_hat is not None
        assert step.x0_hat.shape == step.x.shape


@BY_NAME
def test_an_infinite_first_step_asks_once(name: str, small_mixture: GaussianMixture) -> None:
    levels = grid("trailing", Cosine(), 3)
    assert levels.alpha[0].item() == 0
    calls = [step.calls for step in sample(small_mixture, levels, STEPPERS[name], ImageNoise([0], (4,)))]
    if name != "adaptive":  # which goes on from there in steps that it trusts
        assert calls == [0, 1, 1 + calls_per_step(name), 2 + calls_per_step(name)]
    assert calls[-1] == calls[-2] + 1


@EACH
def test_the_last_picture_is_the_last_guess(by: Stepper, small_mixture: GaussianMixture) -> None:
    final = last(sample(small_mixture, grid("trailing", Linear(), 4), by, ImageNoise([0], (4,))))
    torch.testing.assert_close(final.x, final.x0_hat)


def test_a_walk_may_start_from_a_picture(small_mixture: GaussianMixture) -> None:
    start = torch.full((1, 4), 0.3)
    levels = grid("trailing", Cosine(), 4)[2:]
    steps = list(sample(small_mixture, levels, stepper("ddim"), ImageNoise([0], (4,)), start=start))
    assert torch.equal(steps[0].x, start)
    assert len(steps) == 3


def test_the_condition_reaches_every_call() -> None:
    cond, seen = {"label": torch.tensor([3])}, []

    def denoiser(x: Tensor, level: Level, cond: object = None) -> Tensor:
        seen.append(cond)
        return 0 * x

    last(sample(denoiser, grid("karras", Cosine(), 3), stepper("heun"), ImageNoise([0], (4,)), cond))
    assert len(seen) == 5
    assert all(each is cond for each in seen)


def test_no_grad_ends_with_each_step() -> None:
    weight, inside = torch.ones(1, requires_grad=True), []

    def denoiser(x: Tensor, level: Level, cond: object = None) -> Tensor:
        inside.append(torch.is_grad_enabled())
        return weight * x

    stream = sample(denoiser, grid("trailing", Cosine(), 4), stepper("heun"), ImageNoise([0], (4,)))
    for step in stream:
        assert torch.is_grad_enabled()
        assert (weight * 2).requires_grad
        assert not step.x.requires_grad
    assert not any(inside)


def test_a_denoiser_that_fails_leaves_gradients_on() -> None:
    def denoiser(x: Tensor, level: Level, cond: object = None) -> Tensor:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        last(sample(denoiser, grid("trailing", Cosine(), 4), stepper("ddim"), ImageNoise([0], (4,))))
    assert torch.is_grad_enabled()


def test_a_viewer_without_gradients_stays_without() -> None:
    with torch.no_grad():
        for _ in sample(lambda x, level, cond: 0 * x, grid("karras", Cosine(), 2), Heun(), ImageNoise([0], (4,))):
            assert not torch.is_grad_enabled()


def test_steps_already_yielded_are_not_overwritten(small_mixture: GaussianMixture) -> None:
    copies, steps = [], []
    for step in sample(small_mixture, grid("karras", Cosine(), 5), stepper("dpm++2m"), ImageNoise([0], (4,))):
        steps.append(step)
        copies.append(step.x.clone())
    assert all(torch.equal(step.x, copy) for step, copy in zip(steps, copies, strict=True))
