"""What the lessons on few steps and on latents compute in the page: as PyTorch computes it, and as the texts say."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from lesson import missing, node
from sfumato.diffusion import FiniteSet, Level

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.usefixtures("when_changed")]

TIMES = [0.05, 0.3, 0.7, 1.0]


def numbers(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@cache
def told() -> dict[str, Any]:
    asked = {
        "points": numbers(0, 20, 2).flatten().tolist(),
        "to": numbers(1, 30, 2).flatten().tolist(),
        "times": TIMES,
        "one": numbers(2, 3 * 128 * 128).float().tolist(),
        "other": numbers(3, 3 * 128 * 128).float().tolist(),
    }
    answer: dict[str, Any] = node("few.mjs", told=asked)
    return answer


def close(theirs: Any, ours: Tensor) -> None:
    torch.testing.assert_close(torch.tensor(theirs, dtype=torch.float64), ours.flatten(), rtol=1e-4, atol=1e-4)


def test_the_teacher_is_the_package_s_exact_denoiser() -> None:
    data = FiniteSet(torch.tensor(told()["spiral"], dtype=torch.float64).reshape(-1, 2), 0.05)
    x = numbers(0, 20, 2)
    for t, guess in zip(TIMES, told()["guesses"], strict=True):
        close(guess, data(x, Level.of(1 - t, t)))
    for k in (4, 3, 2, 1):
        x = x + (data(x, Level.of(1 - k / 4, k / 4)) - x) / k
    close(told()["walk"][-40:], x)


def test_points_drift_by_the_difference_of_two_pulls() -> None:
    x, to = numbers(0, 20, 2), numbers(1, 30, 2)

    def pull(y: Tensor, own: bool) -> Tensor:
        kernel = (-torch.cdist(x, y) / 0.35).exp()
        if own:
            kernel.fill_diagonal_(0)
        return kernel @ y / kernel.sum(1, keepdim=True) - x

    close(told()["drift"][0], pull(to, False) - pull(x, True))
    close(told()["drift"][1], pull(to, False))


def test_few_steps_of_the_teacher_miss_the_data() -> None:
    ends = told()["teacher"]
    assert ends["64"]["away"] < 0.07 and ends["64"]["covered"] > 0.95
    assert ends["1"]["away"] > 6 * ends["64"]["away"] and ends["1"]["covered"] == 0
    assert ends["2"]["away"] > 5 * ends["64"]["away"] and ends["4"]["away"] > 1.5 * ends["64"]["away"]


def test_the_student_jumps_to_the_teacher_s_ends() -> None:
    one, four = told()["student"]["1"], told()["student"]["4"]
    print(told()["student"], told()["teacher"]["64"])
    assert one["away"] < 0.25 * told()["teacher"]["1"]["away"] and one["far"] < 0.15
    assert one["strays"] > told()["teacher"]["64"]["strays"]  # some of its points lie beside the spiral
    assert four["strays"] < one["strays"] and four["away"] < one["away"]
    assert four["far"] > 3 * one["far"]  # fresh dice
    assert told()["stays"]


def test_without_the_push_drifting_points_leave_data_out() -> None:
    pushed, pulled = told()["drifted"]
    assert pushed["covered"] > 0.95 > 0.5 > pulled["covered"]


def test_the_map_of_errors_and_the_brush_on_a_latent() -> None:
    one, other = (numbers(seed, 3 * 128 * 128).float().reshape(3, -1).clamp(-1, 1) for seed in (2, 3))
    close(told()["difference"], (one - other).abs().mean(0).double())
    assert told()["pushed"] == [[2 * 256 + 17, -1.5]]
