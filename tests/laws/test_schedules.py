"""What every schedule owes: its scale, a falling logSNR, exact ends, a way back to t, and its paper's formula."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sfumato.diffusion import (
    EDM,
    SCHEDULES,
    AnySchedule,
    Betas,
    Cosine,
    CosineBetas,
    DiscreteBetas,
    Level,
    Linear,
    RectifiedFlow,
    ScaledLinear,
    Schedule,
    Shift,
    Sigmoid,
    ZeroTerminalSNR,
)
from sfumato.diffusion.schedules import as_schedule, schedule_words
from sfumato.errors import SfumatoError
from sfumato.sampling import grid
from sfumato.strict import fit

DENSE = torch.linspace(0, 1, 4001, dtype=torch.float64)
times = st.lists(st.floats(0, 1), min_size=2, max_size=20)
factors = st.floats(0.05, 20)


def tensor(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def assert_scale(level: Level, scale: str) -> None:
    one = torch.ones_like(level.alpha)
    total = {
        "preserving": level.alpha**2 + level.sigma**2,
        "flow": level.alpha + level.sigma,
        "exploding": level.alpha,
    }[scale]
    torch.testing.assert_close(total, one, rtol=0, atol=1e-13)


@given(t=times)
def test_the_scale_is_kept(schedule: Schedule, t: list[float]) -> None:
    assert_scale(schedule(tensor(t)), schedule.scale)


@given(t=times)
def test_logsnr_falls_strictly_with_t(schedule: Schedule, t: list[float]) -> None:
    apart = tensor(sorted({round(value, 9) for value in t}))
    assert bool((schedule(apart).logsnr.diff() < 0).all())


def test_logsnr_falls_strictly_on_a_dense_grid(schedule: Schedule) -> None:
    assert bool((schedule(DENSE).logsnr.diff() < 0).all())


@given(t=times)
def test_time_undoes_logsnr(schedule: Schedule, t: list[float]) -> None:
    torch.testing.assert_close(schedule.time(schedule(tensor(t)).logsnr), tensor(t), rtol=0, atol=1e-12)


def test_time_beyond_the_ends_is_clamped(schedule: Schedule) -> None:
    beyond = schedule.time(tensor([math.inf, -math.inf]))
    torch.testing.assert_close(beyond, tensor([0.0, 1.0]), rtol=0, atol=1e-12)


@given(logsnr=st.floats(-40, 40))
def test_at_answers_the_logsnr_it_was_asked_for(schedule: Schedule, logsnr: float) -> None:
    level = schedule.at(torch.tensor(logsnr, dtype=torch.float64))
    assert level.logsnr.item() == pytest.approx(logsnr, abs=1e-9)
    assert_scale(level, schedule.scale)


@given(t=times)
def test_at_finds_the_same_level_as_the_path(schedule: Schedule, t: list[float]) -> None:
    level = schedule(tensor(t))
    again = schedule.at(level.logsnr)
    torch.testing.assert_close(again.alpha, level.alpha, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(again.sigma, level.sigma, rtol=1e-12, atol=1e-14)


def test_every_level_is_finite_and_has_no_negative_zero(schedule: Schedule) -> None:
    level = schedule(DENSE)
    for values in (level.alpha, level.sigma):
        assert values.dtype == torch.float64
        assert values.shape == DENSE.shape
        assert bool(values.isfinite().all())
        assert not bool(values.signbit().any())


def test_the_clean_end_is_exact(schedule: Schedule) -> None:
    start = schedule(0.0)
    assert start.alpha.item() == 1
    if schedule.scale != "exploding":
        assert start.sigma.item() == 0


PURE_NOISE_ENDS = [
    Cosine(), Sigmoid(), RectifiedFlow(), ZeroTerminalSNR(Linear()), ZeroTerminalSNR(ScaledLinear()),
    ZeroTerminalSNR(Sigmoid()), Shift(RectifiedFlow(), 3.0), Shift(ZeroTerminalSNR(Linear()), 0.5),
]  # fmt: skip


@pytest.mark.parametrize("path", PURE_NOISE_ENDS, ids=lambda path: type(path).__name__)
def test_a_path_to_pure_noise_ends_there_exactly(path: Schedule) -> None:
    assert path(1.0).alpha.item() == 0
    assert path(1.0).sigma.item() == 1


@pytest.mark.parametrize("start,end,tau", [(-3.0, 3.0, 0.3), (0.0, 3.0, 0.7), (-0.1, 0.3, 1.0)])
def test_the_sigmoids_of_the_paper_end_exactly(start: float, end: float, tau: float) -> None:
    path = Sigmoid(start, end, tau)
    assert (path(0.0).sigma.item(), path(1.0).alpha.item()) == (0, 0)


def test_any_sigmoid_starts_clean() -> None:
    assert Sigmoid(-3.0, 3.0, 1.1)(0.0).sigma.item() == 0


def test_a_schedule_takes_numbers_and_tensors_of_any_kind(schedule: Schedule) -> None:
    whole, number, tensors = schedule(1), schedule(1.0), schedule(torch.ones(3, dtype=torch.float32))
    assert whole.alpha.item() == number.alpha.item() == tensors.alpha[2].item()
    assert whole.sigma.item() == number.sigma.item() == tensors.sigma[2].item()


# The formulas of the papers


def test_ddpm_keeps_almost_no_signal_at_the_end() -> None:
    """ᾱ_T ≈ 4e-5: L_T is about 1e-5 bits per dimension (Ho et al. 2020, section 4)."""
    assert Linear()(1.0).alpha.item() ** 2 == pytest.approx(4.04e-5, rel=0.01)


@given(t=st.floats(0.01, 0.99))
def test_cosine_is_nichol_and_dhariwals(t: float) -> None:
    def f(u: float) -> float:
        return math.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2

    level = Cosine()(t)
    assert level.alpha.item() ** 2 == pytest.approx(f(t) / f(0), rel=1e-11)
    assert level.sigma.item() ** 2 == pytest.approx(1 - f(t) / f(0), rel=1e-9)


@given(t=st.floats(0.01, 0.99), tau=st.floats(0.3, 1.5))
def test_sigmoid_is_the_published_one(t: float, tau: float) -> None:
    def sigmoid(u: float) -> float:
        return 1 / (1 + math.exp(-u))

    start, end = sigmoid(-3 / tau), sigmoid(3 / tau)
    alpha_bar = (end - sigmoid((6 * t - 3) / tau)) / (end - start)
    assert Sigmoid(tau=tau)(t).alpha.item() ** 2 == pytest.approx(alpha_bar, rel=1e-9)


@pytest.mark.parametrize("steps", [2, 18, 40])
def test_edm_visits_the_sigmas_of_equation_5(steps: int) -> None:
    low, high = 0.002 ** (1 / 7), 80 ** (1 / 7)
    formula = tensor([(high + i / (steps - 1) * (low - high)) ** 7 for i in range(steps)])
    torch.testing.assert_close(grid("karras", EDM(), steps).sigma[:-1], formula, rtol=1e-12, atol=0)
    torch.testing.assert_close(EDM()(torch.linspace(1, 0, steps, dtype=torch.float64)).sigma, formula)


def test_rectified_flow_is_a_straight_line() -> None:
    level = RectifiedFlow()(DENSE)
    assert torch.equal(level.alpha, 1 - DENSE)
    assert torch.equal(level.sigma, DENSE)


@pytest.mark.parametrize("base", [Linear(), ScaledLinear(), Shift(Linear(), 2.0)], ids=["linear", "scaled", "shifted"])
def test_zero_terminal_snr_is_algorithm_1_of_lin(base: Schedule) -> None:
    """√ᾱ loses its last value and is stretched so that the first timestep stays where it was."""
    path, k = ZeroTerminalSNR(base), torch.arange(1, 1001, dtype=torch.float64) / 1000
    root = base(k).alpha
    torch.testing.assert_close(path(k).alpha, (root - root[-1]) * root[0] / (root[0] - root[-1]), rtol=0, atol=1e-14)
    assert path(1.0).alpha.item() == 0
    assert path(1 / 1000).alpha.item() == pytest.approx(root[0].item(), abs=1e-15)


def test_zero_terminal_snr_leaves_a_path_to_pure_noise_alone() -> None:
    path, base = ZeroTerminalSNR(Cosine())(DENSE), Cosine()(DENSE)
    torch.testing.assert_close(path.alpha, base.alpha, rtol=0, atol=1e-14)
    torch.testing.assert_close(path.sigma, base.sigma, rtol=1e-10, atol=0)


@given(t=times, factor=factors)
def test_shift_is_stable_diffusion_3s_formula_on_straight_flows(t: list[float], factor: float) -> None:
    moved = factor * tensor(t) / (1 + (factor - 1) * tensor(t))
    level = Shift(RectifiedFlow(), factor)(tensor(t))
    torch.testing.assert_close(level.sigma, moved, rtol=1e-12, atol=0)
    torch.testing.assert_close(level.alpha, 1 - moved, rtol=0, atol=1e-13)


@given(t=st.floats(0.001, 0.999), factor=factors)
def test_shift_adds_to_logsnr_and_is_undone_by_its_inverse(t: float, factor: float) -> None:
    for name, make in SCHEDULES.items():
        base = make()
        there = Shift(base, factor)
        assert there(t).logsnr.item() == pytest.approx(base(t).logsnr.item() - 2 * math.log(factor), abs=1e-9), name
        back = Shift(there, 1 / factor)(t)
        assert back.sigma.item() == pytest.approx(base(t).sigma.item(), rel=1e-12), name


# What is refused


@pytest.mark.parametrize("base", [EDM(), RectifiedFlow()], ids=["edm", "flow"])
def test_zero_terminal_snr_refuses_other_scales(base: Schedule) -> None:
    with pytest.raises(SfumatoError, match="variance-preserving"):
        ZeroTerminalSNR(base)


@pytest.mark.parametrize("factor", [0.0, -1.0, math.nan])
def test_a_shift_must_be_positive(factor: float) -> None:
    with pytest.raises(SfumatoError, match="above 0"):
        Shift(RectifiedFlow(), factor)


finite = st.floats(0.01, 5)
betas = st.floats(1e-6, 0.5)
BASES = st.one_of(
    st.builds(Linear, betas, betas, st.integers(1, 50)),
    st.builds(ScaledLinear, betas, betas, st.integers(1, 50)),
    st.builds(CosineBetas, st.integers(1, 50), st.floats(0.5, 0.999), st.floats(0.001, 0.1)),
    st.builds(Betas, st.lists(betas, min_size=1, max_size=8).map(tuple)),
    st.builds(Cosine, st.floats(0.001, 0.1)),
    st.builds(Sigmoid, st.floats(-5, -1), st.floats(1, 5), finite),
)
EVERY = st.one_of(
    BASES,
    st.builds(EDM, st.floats(1e-4, 0.1), st.floats(1, 500), finite),
    st.just(RectifiedFlow()),
    st.builds(ZeroTerminalSNR, BASES),
    st.builds(Shift, st.one_of(BASES, st.just(RectifiedFlow()), st.builds(ZeroTerminalSNR, BASES)), factors),
)


@given(EVERY, st.floats(0.01, 0.99))
def test_a_schedule_is_the_same_after_a_round_through_json(schedule: Schedule, t: float) -> None:
    again = fit(AnySchedule, json.loads(json.dumps(asdict(schedule))), "config.json")
    assert again == schedule and hash(again) == hash(schedule)
    assert (again.steps, again.scale) == (schedule.steps, schedule.scale)
    assert torch.equal(again(t).alpha, schedule(t).alpha) and torch.equal(again(t).sigma, schedule(t).sigma)


@pytest.mark.parametrize(
    ("schedule", "name", "given"),
    [
        (Linear(), "linear", {}),
        (Linear(1e-3, 0.05, 400), "linear", {"beta_start": 1e-3, "beta_end": 0.05, "num_train_timesteps": 400}),
        (ScaledLinear(), "scaled_linear", {"beta_start": 0.00085, "beta_end": 0.012}),
        (CosineBetas(250), "squaredcos_cap_v2", {"num_train_timesteps": 250}),
    ],
)
def test_betas_are_those_of_diffusers(schedule: DiscreteBetas, name: str, given: dict[str, Any]) -> None:
    from diffusers import DDPMScheduler

    theirs = DDPMScheduler(beta_schedule=name, **given)
    torch.testing.assert_close(schedule.betas, theirs.betas.double(), rtol=2e-5, atol=1e-9)
    own = DDPMScheduler(trained_betas=schedule.betas.tolist()).alphas_cumprod.double()
    torch.testing.assert_close(schedule.log_alpha_bars[1:].exp(), own, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"kind": "linaer"}, "does not fit: there is no kind 'linaer', only linear, scaled-linear"),
        ({"steps": 500}, "does not fit: its 'kind' is missing"),
        ({"kind": "linear", "beta_and": 0.1}, "has 'beta_and', .*did you mean 'beta_end'"),
        ({"kind": "linear", "steps": 0}, "Linear.steps is from 1 to 100,000"),
        ({"kind": "betas", "values": [0.1, 2.0]}, "Betas.values"),
        ({"kind": "edm", "sigma_min": 90.0}, "sigma_min of a schedule lies below sigma_max"),
        ({"kind": "shift", "base": {"kind": "flow"}, "factor": 0.0}, "shift must be above 0"),
        ({"kind": "zero-snr", "base": {"kind": "edm"}}, "variance-preserving schedules only"),
    ],
)
def test_a_schedule_that_can_not_be_is_refused_by_name(content: dict[str, Any], message: str) -> None:
    with pytest.raises(SfumatoError, match=message):
        fit(AnySchedule, content, "config.json")


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Linear(), "linear"),
        (Linear(steps=500), '{"kind": "linear", "steps": 500}'),
        (Betas((0.1, 0.5)), '{"kind": "betas", "values": [0.1, 0.5]}'),
        (Shift(EDM(sigma_max=100.0), 2.0), None),
        *((make(), name) for name, make in SCHEDULES.items()),
    ],
)
def test_words_of_a_schedule_read_as_the_same(schedule: AnySchedule, words: str | None) -> None:
    said = schedule_words(schedule)
    assert words in (None, said)
    assert as_schedule(json.loads(said) if said.startswith("{") else said) == schedule
