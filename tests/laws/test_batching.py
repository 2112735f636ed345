"""Who shares a batch, a stepper or a loop changes no picture."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from sfumato.diffusion import Cosine, GaussianMixture, Level, NetDenoiser, Parameterization, RectifiedFlow
from sfumato.sampling import (
    STEPPERS,
    ImageNoise,
    Stepper,
    answered,
    classifier_free,
    grid,
    guided_denoiser,
    last,
    sample,
    stepper,
)

EACH = pytest.mark.parametrize("by", STEPPERS.values(), ids=STEPPERS.keys())
SHAPE = (3, 8, 8)


class SmallNet(nn.Module):
    """Two convolutions that mix pixels, channels and the noise level."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("first", torch.randn(8, 3, 3, 3, generator=generator) / 27**0.5)
        self.register_buffer("second", torch.randn(3, 8, 3, 3, generator=generator) / 72**0.5)

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        hidden = nn.functional.conv2d(x, self.first, padding=1) + noise[:, None, None, None]
        return nn.functional.conv2d(torch.tanh(hidden), self.second, padding=1)


DENOISER = NetDenoiser(SmallNet(), Parameterization("v"))
GRID = grid("trailing", Cosine(), 6)


def pictures(seeds: list[int], by: Stepper) -> Tensor:
    return last(sample(DENOISER, GRID, by, ImageNoise(seeds, SHAPE))).x


# Noise


@given(seeds=st.lists(st.integers(0, 2**40), min_size=1, max_size=6), calls=st.integers(1, 4))
def test_noise_belongs_to_its_seed_bit_for_bit(seeds: list[int], calls: int) -> None:
    together, alone = ImageNoise(seeds, SHAPE), [ImageNoise([seed], SHAPE) for seed in seeds]
    for _ in range(calls):
        assert torch.equal(together(), torch.cat([noise() for noise in alone]))


def test_noise_is_standard_normal_and_never_repeats() -> None:
    noise = ImageNoise([0, 1], (100, 100))
    first, second = noise(), noise()
    for rows in (first, second):
        assert rows.dtype == torch.float32
        assert abs(rows.mean().item()) < 5 / 20_000**0.5
        assert abs(rows.var().item() - 1) < 5 * (2 / 20_000) ** 0.5
    pairs = torch.corrcoef(torch.cat([first, second]).flatten(1))
    assert (pairs - torch.eye(4)).abs().max().item() < 5 / 100


def test_noise_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    ImageNoise([1, 2], SHAPE)()
    pictures([1, 2], stepper("ddpm"))
    assert torch.equal(before, torch.random.get_rng_state())


# Batches


@EACH
def test_an_image_is_the_same_in_any_company(by: Stepper) -> None:
    seeds = [11, 5, 7, 11, 2]
    whole = pictures(seeds, by)
    torch.testing.assert_close(whole[0], whole[3], rtol=0, atol=1e-5)
    alone = torch.cat([pictures([seed], by) for seed in seeds])
    chunks = torch.cat([pictures(seeds[:2], by), pictures(seeds[2:], by)])
    turned = pictures(seeds[::-1], by).flip(0)
    for other in (alone, chunks, turned):
        torch.testing.assert_close(other, whole, rtol=1e-5, atol=1e-5)


@EACH
def test_a_level_per_row_equals_each_row_alone(by: Stepper, small_mixture: GaussianMixture) -> None:
    """Four requests at four places of their own grids, stepped as one batch of levels `(batch,)`."""
    bounds = [(-6.0, 4.0), (-5.0, 2.0), (-2.0, 6.0), (0.0, 1.0)]
    rows = [Cosine().at(torch.linspace(low, high, 5, dtype=torch.float64)) for low, high in bounds]
    together = Level(torch.stack([row.alpha for row in rows], 1), torch.stack([row.sigma for row in rows], 1))
    start, z = torch.randn(2, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    batch = last(sample(small_mixture, together, by, lambda: z, start=start)).x
    for i, row in enumerate(rows):
        alone = last(sample(small_mixture, row, by, lambda i=i: z[i : i + 1], start=start[i : i + 1])).x
        torch.testing.assert_close(batch[i : i + 1], alone, rtol=1e-10, atol=1e-10)


INSIDE = Level.of(0.8, 0.6)
ENDS = [
    pytest.param(Level.of(0.6, 0.8), Level.of(1.0, 0.0), id="a neighbour finishes"),
    pytest.param(Level.of(0.0, 1.0), Level.of(0.3, 0.95), id="a neighbour starts"),
]


@pytest.mark.parametrize("neighbour_here,neighbour_there", ENDS)
@pytest.mark.parametrize("name", STEPPERS)
def test_a_neighbour_at_an_end_changes_no_other_row(
    name: str,
    neighbour_here: Level,
    neighbour_there: Level,
    small_mixture: GaussianMixture,
) -> None:
    """Requests of different ages share a batch: one may finish, or start, while another is midway."""
    by, x, z = STEPPERS[name], torch.full((2, 4), 0.4, dtype=torch.float64), torch.ones(2, 4, dtype=torch.float64)
    before, here, there = Level.of(0.4, 0.9), Level.of(0.6, 0.8), INSIDE

    def both(first: Level, second: Level) -> Level:
        return Level(torch.stack([first.alpha, second.alpha]), torch.stack([first.sigma, second.sigma]))

    def step(x: Tensor, here: Level, there: Level, state: Any) -> tuple[Tensor, Any]:
        return answered(by.step(x, here, there, state, lambda: z[: len(x)]), small_mixture)

    _, past = step(x, both(before, before), both(here, here), by.init(x))
    batch, _ = step(x, both(here, neighbour_here), both(there, neighbour_there), past)
    _, past = step(x[:1], before, here, by.init(x[:1]))
    alone, _ = step(x[:1], here, there, past)
    torch.testing.assert_close(batch[:1], alone, rtol=1e-10, atol=1e-10)


def test_a_neighbour_inside_the_guidance_interval_changes_no_other_row(small_mixture: GaussianMixture) -> None:
    def denoiser(x: Tensor, level: Level, cond: dict[str, Tensor] | None = None) -> Tensor:
        return small_mixture(x, level) + (0 if cond is None else cond["shift"])

    guided = guided_denoiser(denoiser, classifier_free(3.0, null=None, interval=(0.1, 1.0)))
    x, cond = torch.ones(2, 4, dtype=torch.float64), {"shift": torch.tensor(0.2, dtype=torch.float64)}
    levels = Level.of(torch.ones(2), torch.tensor([5.0, 0.5]))
    torch.testing.assert_close(guided(x, levels, cond)[:1], guided(x[:1], levels[0], cond))


# One stepper, many requests


@EACH
def test_requests_interleaved_through_one_stepper_do_not_mix(by: Stepper, small_mixture: GaussianMixture) -> None:
    paths = [grid("karras", Cosine(), 4), grid("trailing", RectifiedFlow(), 7), grid("logsnr", Cosine(), 5)]

    def request(i: int) -> list[Tensor]:
        noise = ImageNoise([i, i + 10], (4,))
        return [step.x for step in sample(small_mixture, paths[i], by, noise)]

    alone = [request(i) for i in range(3)]
    streams = [sample(small_mixture, paths[i], by, ImageNoise([i, i + 10], (4,))) for i in range(3)]
    mixed: list[list[Tensor]] = [[], [], []]
    waiting = [2, 0, 1]
    while waiting:
        i = waiting.pop(0)
        step = next(streams[i], None)
        if step is not None:
            mixed[i].append(step.x)
            waiting.append(i)
    for left, right in zip(alone, mixed, strict=True):
        assert len(left) == len(right)
        assert all(torch.equal(a, b) for a, b in zip(left, right, strict=True))
