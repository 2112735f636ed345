"""Guidance: a straight line through two answers, and no call that does not count."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sfumato.diffusion import Cosine, Denoiser, Level
from sfumato.sampling import ImageNoise, clamped, classifier_free, grid, last, sample, stepper

COND, NULL = {"label": torch.tensor([1])}, {"label": torch.tensor([0])}
X = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


class Recorder:
    """A denoiser with one answer for each label, that notes which it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, x: Tensor, level: Level, cond: dict[str, Tensor] | None = None) -> Tensor:
        assert cond is not None
        self.asked.append("cond" if cond["label"].item() else "null")
        return torch.sin(x) if cond["label"].item() else torch.cos(x) / 2


def guided(scale: float, **options: tuple[float, float]) -> tuple[Recorder, Denoiser]:
    recorder = Recorder()
    return recorder, classifier_free(recorder, scale, NULL, **options)


def test_scale_0_is_unconditional_and_never_asks_the_condition() -> None:
    recorder, denoiser = guided(0.0)
    assert torch.equal(denoiser(X, Level.of(1.0, 1.0), COND), torch.cos(X) / 2)
    assert recorder.asked == ["null"]


def test_scale_1_is_conditional_and_never_asks_without() -> None:
    recorder, denoiser = guided(1.0)
    assert torch.equal(denoiser(X, Level.of(1.0, 1.0), COND), torch.sin(X))
    assert recorder.asked == ["cond"]


@given(scale=st.floats(-3, 15).filter(lambda scale: scale not in (0, 1)))
def test_guidance_is_linear_in_its_scale(scale: float) -> None:
    """Ho & Salimans 2022, eq. 6, with their w = scale − 1."""
    recorder, denoiser = guided(scale)
    w = scale - 1
    torch.testing.assert_close(
        denoiser(X, Level.of(1.0, 1.0), COND), (1 + w) * torch.sin(X) - w * torch.cos(X) / 2, rtol=1e-12, atol=1e-12
    )
    assert sorted(recorder.asked) == ["cond", "null"]


@pytest.mark.parametrize("sigma,asked", [(0.1, 1), (0.5, 2), (1.0, 2), (2.0, 2), (2.1, 1)])
def test_guidance_acts_only_in_its_interval(sigma: float, asked: int) -> None:
    """The interval is in sigma/alpha and includes its ends; outside, the answer is plainly conditional."""
    recorder, denoiser = guided(4.0, interval=(0.5, 2.0))
    answer = denoiser(X, Level.of(3.0, 3 * sigma), COND)
    assert len(recorder.asked) == asked
    expected = torch.sin(X) if asked == 1 else 4 * torch.sin(X) - 3 * torch.cos(X) / 2
    torch.testing.assert_close(answer, expected)


def test_the_interval_holds_for_scale_0_too() -> None:
    _, denoiser = guided(0.0, interval=(0.5, 2.0))
    assert torch.equal(denoiser(X, Level.of(1.0, 5.0), COND), torch.sin(X))


def test_both_ends_may_be_guided() -> None:
    for level in (Level.of(0.0, 1.0), Level.of(1.0, 0.0)):
        recorder, denoiser = guided(2.0)
        assert bool(denoiser(X, level, COND).isfinite().all())
        assert len(recorder.asked) == 2


@pytest.mark.parametrize("scale,interval,calls", [(0, (0, 99), 10), (1, (0, 99), 10), (3, (0, 99), 20)])
def test_a_walk_pays_for_the_calls_that_count(scale: float, interval: tuple[float, float], calls: int) -> None:
    recorder, denoiser = guided(scale, interval=interval)
    last(sample(denoiser, grid("karras", Cosine(), 10), stepper("ddim"), ImageNoise([0], (4,)), COND))
    assert len(recorder.asked) == calls


def test_a_walk_pays_twice_only_inside_the_interval() -> None:
    levels = grid("karras", Cosine(), 10)
    recorder, denoiser = guided(3.0, interval=(0.3, 5.0))
    last(sample(denoiser, levels, stepper("ddim"), ImageNoise([0], (4,)), COND))
    inside = int(((levels.ratio[:-1] >= 0.3) & (levels.ratio[:-1] <= 5.0)).sum())
    assert 0 < inside < 10
    assert recorder.asked.count("null") == inside
    assert recorder.asked.count("cond") == 10


def test_clamped_keeps_pictures_in_range_and_touches_nothing_else() -> None:
    x = torch.tensor([[-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0]])
    answer = clamped(lambda x, level, cond: x)(x, Level.of(1.0, 1.0))
    assert answer.tolist() == [[-1.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.0]]


def test_clamped_passes_the_condition_on() -> None:
    recorder = Recorder()
    clamped(recorder)(X, Level.of(1.0, 1.0), COND)
    assert recorder.asked == ["cond"]
