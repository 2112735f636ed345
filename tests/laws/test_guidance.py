"""Guidance: straight lines through answers, exact where they can be, and no call that does not count."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sfumato.diffusion import Cosine, Denoiser, GaussianMixture, Level
from sfumato.sampling import (
    ImageNoise,
    autoguided,
    clamped,
    classified,
    classifier_free,
    composed,
    grid,
    guided_denoiser,
    last,
    plain,
    plus_plus,
    projected,
    sample,
    stepper,
    thresholded,
)  # fmt: skip

COND, NULL = {"label": torch.tensor([1])}, {"label": torch.tensor([0])}
X = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


class Recorder:
    """A denoiser with one answer for each label, that notes which it was asked for, row by row."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, x: Tensor, level: Level, cond: dict[str, Tensor] | None = None) -> Tensor:
        assert cond is not None
        self.asked += ["cond" if label else "null" for label in cond["label"].tolist()]
        return torch.where(cond["label"][:, None] > 0, torch.sin(x), torch.cos(x) / 2)


def guided(scale: float, **options: tuple[float, float]) -> tuple[Recorder, Denoiser]:
    recorder = Recorder()
    return recorder, guided_denoiser(recorder, classifier_free(scale, NULL, **options))


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
    answer = guided_denoiser(lambda x, level, cond: x, clamped())(x, Level.of(1.0, 1.0))
    assert answer.tolist() == [[-1.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.0]]


def test_clamped_passes_the_condition_on() -> None:
    recorder = Recorder()
    guided_denoiser(recorder, clamped())(X, Level.of(1.0, 1.0), COND)
    assert recorder.asked == ["cond"]


def tweedie(log_density: object, x: Tensor, level: Level) -> Tensor:
    """The denoiser that belongs to a density of noisy data: (x + sigma²·∇ log p(x)) / alpha."""
    noisy = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(log_density(noisy).sum(), noisy)  # type: ignore[operator]
    return (x + level.sigma**2 * slope) / level.alpha


def mixture(*means: float) -> GaussianMixture:
    each = torch.tensor(means, dtype=torch.float64)[:, None] * torch.tensor([1.0, -0.5], dtype=torch.float64)
    return GaussianMixture(each, torch.full_like(each, 0.3), torch.full((len(means),), 1 / len(means)).double())


# label → what is known of the data: 0 is nothing
KNOWN = {0: mixture(-1.0, 0.4, 1.2), 1: mixture(-1.0, 0.4), 2: mixture(0.4, 1.2)}


def exact(x: Tensor, level: Level, cond: dict[str, Tensor] | None = None) -> Tensor:
    assert cond is not None
    return KNOWN[int(cond["label"])](x, level)


def labelled(label: int) -> dict[str, Tensor]:
    return {"label": torch.tensor([label])}


POINTS = torch.randn(50, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
LEVELS = [Level.of(0.9, 0.4), Level.of(1.0, 3.0), Level.of(0.3, 0.05)]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("weights", [(1.0, 1.0), (2.0, 0.5), (1.5, -0.7), (1.0, 0.0), (0.0, 0.0)])
def test_composed_mixtures_are_the_product_of_their_densities(level: Level, weights: tuple[float, float]) -> None:
    """p(x)·Π (p(x | c)/p(x))^w (Liu et al. 2022, eq. 10): scores add, so denoisers do."""
    rule = composed([(w, labelled(label)) for label, w in zip((1, 2), weights, strict=True)], labelled(0))
    denoiser = guided_denoiser(exact, rule)

    def product(x: Tensor) -> Tensor:
        base = KNOWN[0].log_density(x, level)
        each = [w * (KNOWN[label].log_density(x, level) - base) for label, w in zip((1, 2), weights, strict=True)]
        return base + torch.stack(each).sum(0)

    torch.testing.assert_close(denoiser(POINTS, level, None), tweedie(product, POINTS, level), rtol=1e-9, atol=1e-9)


def test_composition_of_one_condition_is_that_condition_in_one_call() -> None:
    recorder = Recorder()
    denoiser = guided_denoiser(recorder, composed([(1.0, COND), (0.0, NULL)], NULL))
    assert torch.equal(denoiser(X, LEVELS[0], None), torch.sin(X)) and recorder.asked == ["cond"]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("label", [1, 2])
def test_a_perfect_classifier_turns_an_unconditional_denoiser_into_the_conditional_one(
    level: Level, label: int
) -> None:
    """Bayes: log p(c | x) = log p(x | c) − log p(x) + log p(c)."""

    def log_probability(x: Tensor, at: Level, cond: object) -> Tensor:
        return KNOWN[label].log_density(x, at) - KNOWN[0].log_density(x, at)

    denoiser = guided_denoiser(lambda x, at, cond: KNOWN[0](x, at), classified(log_probability, 1.0))
    torch.testing.assert_close(denoiser(POINTS, level, None), KNOWN[label](POINTS, level), rtol=1e-9, atol=1e-9)
    with torch.no_grad():  # as in the sampling loop
        assert not denoiser(POINTS, level, None).requires_grad
    nothing = Level.of(0.0, 1.0)
    assert torch.equal(denoiser(POINTS, nothing, None), KNOWN[0](POINTS, nothing))


@pytest.mark.parametrize("name", ["karras", "logsnr", "trailing"])
@pytest.mark.parametrize("scale", [0.0, 0.3, 1.0])
def test_plus_plus_is_ddim_renoised_with_the_unconditional_noise(name: str, scale: float) -> None:
    """Chung et al. 2024, algorithm 1, written out: guided x0, unconditional eps."""
    levels = grid(name, Cosine(), 12)
    x = torch.randn(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    rule = plus_plus(scale, labelled(0), levels)
    ours = last(sample(exact, levels, stepper("ddim"), lambda: x, labelled(1), guidance=rule)).x
    theirs = x * float((levels[0].alpha ** 2 + levels[0].sigma ** 2).sqrt())
    for here, there in zip(range(12), range(1, 13), strict=True):
        at, to = levels[here], levels[there]
        unconditional = exact(theirs, at, labelled(0))
        guided = unconditional + scale * (exact(theirs, at, labelled(1)) - unconditional)
        theirs = to.alpha * guided + to.sigma * at.eps(theirs, unconditional)
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


@given(scale=st.floats(0.1, 15).filter(lambda scale: scale != 1))
def test_projected_guidance_without_projection_or_norm_is_plain(scale: float) -> None:
    expected = guided_denoiser(Recorder(), classifier_free(scale, NULL))(X, LEVELS[0], COND)
    rule = projected(scale, NULL, parallel=1.0, norm=float("inf"))
    ours = guided_denoiser(Recorder(), rule)(X, LEVELS[0], COND)
    torch.testing.assert_close(ours, expected, rtol=1e-9, atol=1e-9)


def test_projected_guidance_pushes_across_and_not_too_far() -> None:
    answer = guided_denoiser(Recorder(), projected(5.0, NULL, norm=0.1))(X, LEVELS[0], COND)
    push = answer - torch.sin(X)
    assert (push * torch.sin(X)).sum(1).abs().max() < 1e-12
    assert push.square().mean(1).sqrt().max() <= 4 * 0.1 + 1e-12
    for scale, expected, asked in ((0.0, torch.cos(X) / 2, ["null"]), (1.0, torch.sin(X), ["cond"])):
        recorder = Recorder()
        assert torch.equal(guided_denoiser(recorder, projected(scale, NULL))(X, LEVELS[0], COND), expected)
        assert recorder.asked == asked


def test_autoguidance_extrapolates_from_the_worse_model_and_gives_both_the_condition() -> None:
    worse = lambda x, level, cond: torch.full_like(x, float(cond["label"]))  # noqa: E731
    better = lambda x, level, cond: x * float(cond["label"])  # noqa: E731
    assert torch.equal(
        guided_denoiser(better, autoguided(worse, 3.0))(X, LEVELS[0], COND), torch.ones_like(X).lerp(X, 3.0)
    )
    assert torch.equal(guided_denoiser(better, autoguided(worse, 0.0))(X, LEVELS[0], COND), torch.ones_like(X))
    assert autoguided(worse, 1.0) is plain


def test_thresholding_keeps_pictures_in_range_and_leaves_those_that_are() -> None:
    calm, strong = torch.linspace(-1, 1, 64), 4 * torch.linspace(-1, 1, 64)
    answer = guided_denoiser(lambda x, level, cond: x, thresholded(share=1.0))(torch.stack([calm, strong]), LEVELS[0])
    torch.testing.assert_close(answer, torch.stack([calm, calm]))
    assert (
        guided_denoiser(lambda x, level, cond: x, thresholded())(torch.stack([calm, strong]), LEVELS[0]).abs().max()
        <= 1
    )


@pytest.mark.parametrize("rule", [classifier_free, projected])
def test_rules_compose_and_rows_dont_see_each_other(rule: object) -> None:
    def denoiser(x: Tensor, level: Level, cond: dict[str, Tensor] | None = None) -> Tensor:
        assert cond is not None
        return torch.tanh(x + cond["label"][:, None])

    level = Level.of(torch.tensor([0.9, 0.8, 0.5]), torch.tensor([0.2, 1.0, 4.0]))
    cond, null = {"label": torch.tensor([1, 2, 3])}, {"label": torch.tensor([0, 0, 0])}
    whole = guided_denoiser(denoiser, thresholded(rule(4.0, null, (0.5, 5.0))))(X, level, cond)  # type: ignore[operator]
    for row in range(3):
        own, none = {"label": cond["label"][row : row + 1]}, {"label": null["label"][:1]}
        one = guided_denoiser(denoiser, thresholded(rule(4.0, none, (0.5, 5.0))))  # type: ignore[operator]
        torch.testing.assert_close(one(X[row : row + 1], level[row : row + 1], own), whole[row : row + 1])
