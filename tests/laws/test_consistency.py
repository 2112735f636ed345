"""Consistency: the objective is least for the map to the ends of walks, and by that map a student's walk is exact."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sfumato.diffusion import EDM, Consistency, GaussianMixture, Level, NoiseDistribution, RectifiedFlow
from sfumato.diffusion.consistency import lower
from sfumato.diffusion.levels import broadcast
from sfumato.diffusion.objective import Drawn
from sfumato.diffusion.parameterizations import Parameterization
from sfumato.sampling import STEPPERS, Renoised, Singlestep, grid, last, sample

MEAN, STD = 0.5, 0.6
NOISE = NoiseDistribution("log-normal", -1.1, 2.0)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def gaussian_end(x: Tensor, level: Level, cond: object = None) -> Tensor:
    """Where the walk of N(MEAN, STD²) ends that x is on: as many deviations from the mean as it is."""
    deviation = ((level.alpha * STD) ** 2 + level.sigma**2).sqrt()
    return MEAN + STD * (x - broadcast(level.alpha, x) * MEAN) / broadcast(deviation, x)


def two_points_end(x: Tensor, level: Level, cond: object = None) -> Tensor:
    """Of a walk of data that are −1 in three tenths and 1 in the rest, in one dimension: order along the line stays."""
    alpha, sigma = (broadcast(one, x) for one in (level.alpha, level.sigma))
    below = 0.3 * torch.special.ndtr((x + alpha) / sigma) + 0.7 * torch.special.ndtr((x - alpha) / sigma)
    return torch.where(below < 0.3, -1.0, 1.0).to(x)


@dataclass
class Student:
    """Answers with `learnt` at the noisier level, where gradients are wanted, and by `exact` at the cleaner one."""

    exact: Callable[..., Tensor]
    learnt: Callable[..., Tensor]
    asked: list[tuple[Tensor, Level, Tensor]] = field(default_factory=list)

    def __call__(self, x: Tensor, level: Level, cond: object = None) -> Tensor:
        by = self.learnt if torch.is_grad_enabled() else self.exact
        self.asked.append((x, level, torch.rand(2)))
        return by(x, level, cond)


def at(ratio: float, count: int, seed: int, closeness: float, dimension: int) -> tuple[Consistency, Drawn]:
    """The objective, and what is drawn for `count` samples at one level of noise."""
    level = Level.of(1.0, torch.full((count,), ratio))
    return Consistency(NOISE, EDM(), closeness=closeness), Drawn(level, normal(count, dimension, seed=seed))


@settings(max_examples=30)
@given(ratio=st.floats(1e-3, 1e3), closeness=st.floats(1.01, 1e4), data_std=st.floats(0.1, 2))
def test_the_lower_level_is_nearer_the_closer_and_never_below_clean(
    ratio: float, closeness: float, data_std: float
) -> None:
    here = Level.of(*torch.tensor([[2.0, 1.0], [2 * ratio, ratio]], dtype=torch.float64))
    near, far = (lower(here, value, data_std) for value in (2 * closeness, closeness))
    assert bool((near.ratio >= far.ratio).all() and (far.ratio >= 0).all() and (near.ratio < here.ratio).all())
    assert float(far.ratio[0]) == pytest.approx(float(far.ratio[1])), "a common factor of both carries nothing"
    share = (1 + 8 / (1 + math.exp(min(700, ratio * 0.5 / data_std)))) / closeness
    assert float(far.ratio[1]) == pytest.approx(ratio * max(0, 1 - share), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("closeness", [1.5, 32.0, 256.0])
def test_a_perfect_student_of_one_sample_has_no_loss_and_moves_nothing(closeness: float) -> None:
    point, weight = normal(3, seed=4), torch.zeros((), dtype=torch.float64, requires_grad=True)
    x0 = point.expand(50, 3)
    objective = Consistency(NOISE, EDM(), closeness=closeness)
    by = lambda x, level, cond=None: point + weight * x  # noqa: E731
    loss = objective(by, x0, None, torch.Generator().manual_seed(0))
    loss.sum().backward()
    assert loss.tolist() == [0.0] * 50 and weight.grad is not None and float(weight.grad) == 0


@pytest.mark.parametrize("ratio", [0.05, 0.5, 3.0, 40.0])
def test_the_loss_is_least_for_the_map_to_the_ends_of_a_gaussians_walks(ratio: float) -> None:
    """Neighbouring answers exact, the one that is learnt is best where it is exact too."""
    count = 100_000
    objective, drawn = at(ratio, count, 1, 64.0, 1)
    x0 = MEAN + STD * normal(count, 1)

    def risk(scale: float, bias: float) -> float:
        def learnt(x: Tensor, level: Level, cond: object) -> Tensor:
            return MEAN + bias + scale * (gaussian_end(x, level) - MEAN)

        return float(objective.loss(Student(gaussian_end, learnt), x0, None, drawn).mean())

    for scale, bias in ((0.95, 0.0), (1.05, 0.0), (1.0, -0.03), (1.0, 0.03)):
        assert risk(1.0, 0.0) < risk(scale, bias), (scale, bias)


@pytest.mark.parametrize("ratio", [0.2, 1.0, 5.0])
def test_the_loss_is_least_for_the_map_to_the_ends_of_a_mixtures_walks(ratio: float, mixture: GaussianMixture) -> None:
    """In sixteen dimensions, where the walk is integrated finely, and beside the mean, which is not where it ends."""

    def end(x: Tensor, level: Level, cond: object = None) -> Tensor:
        start = float(level.ratio[0])
        with torch.no_grad():
            levels = grid("karras", EDM(), 24, start)
            return last(sample(mixture, levels, Singlestep(3), lambda: x, start=x)).x

    count = 800
    objective, drawn = at(ratio, count, 1, 32.0, 16)
    x0 = mixture.sample(count, torch.Generator().manual_seed(0))
    exact = Student(end, end)
    least = float(objective.loss(exact, x0, None, drawn).mean())
    x, here, _ = exact.asked[1]
    ends = end(x, here)
    others = {
        "the mean": mixture(x, here),
        "smaller": 0.9 * ends,
        "larger": 1.1 * ends,
        "towards x": ends + 0.1 * (x - ends) / (1 + ratio),
        "shifted": ends + 0.1,
        "curved": ends + 0.2 * torch.sin(3 * x),
    }
    for name, answer in others.items():
        student = Student(end, lambda x, level, cond, answer=answer: answer)
        assert least < float(objective.loss(student, x0, None, drawn).mean()), name


def test_on_clean_data_the_answer_is_the_sample_whatever_the_network_says() -> None:
    """The boundary: where the lower level is clean, nothing of what is answered there comes in."""
    objective, drawn = at(0.3, 20, 0, 1.01, 2)
    x0 = normal(20, 2, seed=3)
    nowhere = lambda x, level, cond: torch.full_like(x, math.nan)  # noqa: E731
    loss = objective.loss(Student(nowhere, lambda x, level, cond: 0.5 * x), x0, None, drawn)
    distance = (0.5 * (x0 + 0.3 * drawn.eps) - x0).square().mean(1).sqrt()
    torch.testing.assert_close(loss, distance * (1 / 0.3**2 + 1) ** 0.5)  # the root of EDM's weight
    by_x0 = replace(objective, weight="x0").loss(Student(nowhere, lambda x, level, cond: 0.5 * x), x0, None, drawn)
    torch.testing.assert_close(by_x0, distance)


@pytest.mark.parametrize("ratio", [0.01, 0.3, 5.0, 500.0])
def test_a_network_is_pulled_as_hard_at_each_level(ratio: float) -> None:
    """What a network of EDM's puts out is scaled into its answer, and the loss's gradient by it has one length."""
    _, drawn = at(ratio, 4, 0, 64.0, 3)
    objective, by = Consistency(NOISE, EDM(), data_std=0.5, closeness=64.0), Parameterization("edm", 0.5)
    put = normal(4, 3, seed=9).requires_grad_()

    def answered(x: Tensor, level: Level, cond: object = None) -> Tensor:
        skip, out = (broadcast(one, x) for one in by.skip_out(level))
        return skip * x + out * (put if torch.is_grad_enabled() else 0)

    objective.loss(answered, normal(4, 3, seed=3), None, drawn).sum().backward()
    assert put.grad is not None
    torch.testing.assert_close(put.grad.norm(dim=1), torch.full((4,), 3**-0.5, dtype=torch.float64))


@given(closeness=st.floats(1.5, 1e3), first=st.floats(1.5, 1e3), fraction=st.floats(0, 1))
def test_closeness_grows_by_the_same_factor_in_each_part_of_the_budget(
    closeness: float, first: float, fraction: float
) -> None:
    _, drawn = at(2.0, 1, 0, 64.0, 1)
    grown = Consistency(NOISE, EDM(), closeness=closeness, closeness_from=first)
    student = Student(gaussian_end, gaussian_end)
    grown.loss(student, normal(1, 1), None, drawn, fraction)
    expected = lower(Level.of(1.0, torch.tensor([2.0])), first ** (1 - fraction) * closeness**fraction, 1.0)
    assert float(student.asked[0][1].ratio) == pytest.approx(float(expected.ratio), rel=1e-6)


def test_both_answers_are_given_with_the_same_dropout_and_the_lower_one_without_gradient() -> None:
    objective, drawn = at(0.3, 5, 0, 64.0, 2)
    student, before = Student(gaussian_end, gaussian_end), torch.get_rng_state()
    objective.loss(student, normal(5, 2), None, drawn)
    (_, low, first), (_, high, second) = student.asked
    assert torch.equal(first, second) and bool((low.ratio < high.ratio).all())
    torch.set_rng_state(before)
    torch.rand(2)
    assert torch.equal(torch.rand(3), _after(objective, drawn, before)), "and they draw as one call does"


def _after(objective: Consistency, drawn: Drawn, before: Tensor) -> Tensor:
    torch.set_rng_state(before)
    objective.loss(Student(gaussian_end, gaussian_end), normal(5, 2), None, drawn)
    return torch.rand(3)


def test_what_guidance_adds_moves_the_walk_and_its_end() -> None:
    """Guided towards a point it is a student of data that lie there."""
    x0, point = normal(40, 2, seed=3), torch.tensor([2.0, -1.0], dtype=torch.float64)
    _, drawn = at(0.8, 40, 0, 64.0, 2)
    guided = Consistency(NOISE, EDM(), closeness=64.0, guided=lambda x, level, cond: point - x0)
    loss = guided.loss(lambda x, level, cond: point.expand_as(x), x0, None, drawn)
    assert loss.tolist() == [0.0] * 40


def two_classes_end(weight: float) -> Callable[..., Tensor]:
    """Where the walk ends under guidance of this `weight` towards the upper of two Gaussians, integrated finely."""

    def end(x: Tensor, level: Level, cond: object = None) -> Tensor:
        def guided(x: Tensor, level: Level, cond: object = None) -> Tensor:
            given, without = upper(x, level), both(x, level)
            return without + weight * (given - without)

        with torch.no_grad():
            levels = grid("karras", EDM(), 12, float(level.ratio.flatten()[0]))
            return last(sample(guided, levels, Singlestep(3), lambda: x, start=x)).x

    return end


def upper(x: Tensor, level: Level, middle: float = 1.0) -> Tensor:
    """The mean of N(middle, 0.5²) given x."""
    alpha, sigma = (broadcast(one, x) for one in (level.alpha, level.sigma))
    return middle + alpha * 0.25 / ((alpha * 0.5) ** 2 + sigma**2) * (x - alpha * middle)


def both(x: Tensor, level: Level) -> Tensor:
    """The mean, given x, of data of which half are N(1, 0.5²) and half N(−1, 0.5²)."""
    alpha, sigma = (broadcast(one, x) for one in (level.alpha, level.sigma))
    share = torch.sigmoid(2 * alpha * x / ((alpha * 0.5) ** 2 + sigma**2))
    return share * upper(x, level) + (1 - share) * upper(x, level, -1.0)


@pytest.mark.parametrize("ratio", [0.4, 1.0, 6.0])
def test_told_a_weight_of_guidance_the_loss_is_least_for_the_map_at_that_weight(ratio: float) -> None:
    """On two Gaussians exactly, one of them the class: of the maps at several weights, each is best where it is told,
    all of them in one batch."""
    weights, count = (1.0, 2.0, 3.5), 6_000
    told = torch.tensor(weights, dtype=torch.float64).repeat_interleave(count)[:, None]

    def shift(x: Tensor, level: Level, cond: object = None) -> Tensor:
        return (told - 1) * (upper(x, level) - both(x, level))

    objective, drawn = at(ratio, 3 * count, 1, 64.0, 1)
    objective = replace(objective, guided=shift)
    x0 = 1 + 0.5 * normal(3 * count, 1)
    maps = {weight: two_classes_end(weight) for weight in weights}

    def exact(x: Tensor, level: Level, cond: object = None) -> Tensor:
        parts = zip(weights, x.chunk(3), strict=True)
        return torch.cat([maps[weight](part, level) for weight, part in parts])

    best = objective.loss(Student(exact, exact), x0, None, drawn).reshape(3, count).mean(1)
    for tried in weights:
        loss = objective.loss(Student(exact, maps[tried]), x0, None, drawn).reshape(3, count).mean(1)
        for weight, own, right in zip(weights, loss.tolist(), best.tolist(), strict=True):
            assert own == right if weight == tried else own > right, (tried, weight)


# The walk


@pytest.mark.parametrize("schedule", [RectifiedFlow(), EDM()], ids=["flow", "edm"])
@pytest.mark.parametrize("steps", [1, 2, 4])
def test_by_the_exact_map_a_students_walk_is_exact_in_any_number_of_steps(
    steps: int, schedule: RectifiedFlow | EDM
) -> None:
    """From pure noise, and from where EDM begins, whose noise has little of the data left."""
    count, levels = 40_000, grid("trailing", schedule, steps)
    for exact, mean, variance in ((gaussian_end, MEAN, STD**2), (two_points_end, 0.4, 1 - 0.4**2)):
        fresh = iter(range(10))
        x = last(sample(exact, levels, STEPPERS["consistency"], lambda: normal(count, 1, seed=next(fresh)))).x  # noqa: B023
        assert float(x.mean()) == pytest.approx(mean, abs=4 * variance**0.5 / count**0.5 + 0.01)
        assert float(x.var()) == pytest.approx(variance, rel=0.04)
        if exact is two_points_end:
            assert set(x.flatten().tolist()) == {-1.0, 1.0}


def test_without_fresh_noise_it_is_ddims_step_and_with_it_nothing_of_the_picture_stays(
    small_mixture: GaussianMixture,
) -> None:
    levels, draws = grid("karras", EDM(), 5), lambda: normal(8, 4, seed=2)
    still = last(sample(small_mixture, levels, Renoised(0.0), draws)).x
    assert torch.equal(still, last(sample(small_mixture, levels, STEPPERS["ddim"], draws)).x)
    here, there = levels[1], levels[2]
    step = Renoised().step(normal(8, 4), here, there, (), lambda: normal(8, 4, seed=5))
    next(step)
    with pytest.raises(StopIteration) as end:
        step.send(normal(8, 4, seed=6))
    expected = float(there.alpha) * normal(8, 4, seed=6) + float(there.sigma) * normal(8, 4, seed=5)
    torch.testing.assert_close(end.value.value[0], expected)
