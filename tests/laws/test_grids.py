"""Grids: strictly less noise at every step, clean at the end, and each rule's published timesteps."""

from __future__ import annotations

import diffusers
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sfumato.diffusion import EDM, Cosine, Linear, RectifiedFlow, ScaledLinear, Schedule
from sfumato.errors import SfumatoError
from sfumato.sampling import GRIDS, STEPPERS, Multistep, grid, resolve, stepper

RULES = pytest.mark.parametrize("rule", GRIDS)
TABLES = pytest.mark.parametrize("table", [Linear(), ScaledLinear(steps=400)], ids=["1000 steps", "400 steps"])


def timesteps(rule: str, table: Schedule, steps: int) -> list[float]:
    """The timesteps (1..T) that the grid visits before the clean end."""
    return (table.time(grid(rule, table, steps)[:-1].logsnr) * table.steps).tolist()


@RULES
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 50, 333, 1000, 1500])
def test_noise_falls_strictly_to_clean(rule: str, steps: int, schedule: Schedule) -> None:
    levels = grid(rule, schedule, steps)
    assert levels.shape == (steps + 1,)
    assert (levels.alpha[-1].item(), levels.sigma[-1].item()) == (1, 0)
    assert bool((levels.sigma[:-1] > 0).all())
    assert bool((levels.alpha[1:] > 0).all())
    assert bool((levels.ratio[1:] < levels.ratio[:-1]).all())
    assert bool((levels.alpha.isfinite() & levels.sigma.isfinite()).all())


@RULES
def test_a_grid_lies_on_its_schedule(rule: str, schedule: Schedule) -> None:
    levels = grid(rule, schedule, 20)[:-1]
    on_path = schedule.at(levels.logsnr)
    torch.testing.assert_close(levels.alpha, on_path.alpha, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(levels.sigma, on_path.sigma, rtol=1e-10, atol=1e-12)


@TABLES
@pytest.mark.parametrize("steps", [1, 2, 4, 10, 25, 50, 200])
def test_timesteps_are_the_published_ones(table: Schedule, steps: int) -> None:
    """Lin et al. 2023, table 2, where the number of steps divides T."""
    total = table.steps
    trailing = [total - i * total // steps for i in range(steps)]
    leading = list(range(1, total + 1, total // steps))[::-1]
    assert timesteps("trailing", table, steps) == pytest.approx(trailing, abs=1e-8)
    assert timesteps("leading", table, steps) == pytest.approx(leading, abs=1e-8)
    if steps > 1:
        linspace = [total + i * (1 - total) / (steps - 1) for i in range(steps)]
        assert timesteps("linspace", table, steps) == pytest.approx(linspace, abs=1e-8)


@given(steps=st.integers(2, 1000))
def test_timesteps_are_the_published_ones_but_for_rounding(steps: int) -> None:
    table = Linear()
    trailing = [round(1000 - i * 1000 / steps) for i in range(steps)]
    leading = [1 + i * (1000 // steps) for i in range(steps)][::-1]
    linspace = [round(1000 + i * (1 - 1000) / (steps - 1)) for i in range(steps)]
    assert timesteps("trailing", table, steps) == pytest.approx(trailing, abs=0.5 + 1e-8)
    assert timesteps("leading", table, steps) == pytest.approx(leading, abs=1e-8)
    assert timesteps("linspace", table, steps) == pytest.approx(linspace, abs=0.5 + 1e-8)


def test_all_thousand_timesteps_are_visited_by_every_rule_in_t() -> None:
    for rule in ("trailing", "leading", "linspace"):
        assert timesteps(rule, Linear(), 1000) == pytest.approx(range(1000, 0, -1), abs=1e-7)


@given(steps=st.integers(2, 200))
def test_karras_is_even_in_the_seventh_root_and_logsnr_in_logsnr(steps: int) -> None:
    for schedule in (EDM(), Linear(), Cosine(), RectifiedFlow()):
        roots = grid("karras", schedule, steps).ratio[:-1] ** (1 / 7)
        torch.testing.assert_close(roots.diff(), roots.diff().mean().expand(steps - 1), rtol=1e-7, atol=1e-9)
        logsnr = grid("logsnr", schedule, steps).logsnr[:-1]
        torch.testing.assert_close(logsnr.diff(), logsnr.diff().mean().expand(steps - 1), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("rule", ["karras", "logsnr"])
def test_rules_in_the_ratio_run_over_edms_range_where_a_path_has_no_end_of_its_own(rule: str) -> None:
    for schedule in (EDM(), RectifiedFlow(), Cosine()):
        assert grid(rule, schedule, 10).ratio[0].item() == pytest.approx(80)
    assert grid(rule, EDM(), 10).ratio[-2].item() == pytest.approx(0.002)
    table = Linear()
    assert grid(rule, table, 10).logsnr[0].item() == pytest.approx(table(1.0).logsnr.item())
    assert grid(rule, table, 10).logsnr[-2].item() == pytest.approx(table(1 / 1000).logsnr.item())


def test_an_edm_path_keeps_the_sigma_min_it_was_given() -> None:
    levels = grid("karras", EDM(sigma_min=1e-4), 10)
    assert levels.sigma[-2].item() == pytest.approx(1e-4)


@RULES
@pytest.mark.parametrize("steps", [0, -3])
def test_fewer_than_one_step_is_refused(rule: str, steps: int) -> None:
    with pytest.raises(SfumatoError, match="at least 1 step"):
        grid(rule, Linear(), steps)


@pytest.mark.parametrize(
    "typed,meant", [("dpm++2mm", "dpm++2m"), ("DDIMM", "ddim"), ("hun", "heun"), ("dpm-solverr-2m", "dpm-solver-2m")]
)
def test_an_unknown_sampler_suggests_the_closest(typed: str, meant: str) -> None:
    with pytest.raises(SfumatoError, match=f"did you mean '{meant.replace('+', '[+]')}'"):
        stepper(typed)


def test_beta_spaces_by_the_quantiles_of_its_law() -> None:
    from scipy.stats import beta

    table = Linear()
    expected = beta.ppf([1 - i / 20 for i in range(20)], 0.6, 0.6) * 1000
    assert timesteps("beta", table, 20) == pytest.approx(expected, abs=1e-6)


def test_quadratic_is_even_in_the_root_of_time() -> None:
    roots = torch.tensor(timesteps("quadratic", Linear(), 9), dtype=torch.float64).sqrt()
    torch.testing.assert_close(roots.diff(), torch.full((8,), (1 - 1000**0.5) / 8, dtype=torch.float64))


def test_cosine_is_even_in_angle_and_logsnr_in_logsnr(schedule: Schedule) -> None:
    for rule, place in (("cosine", lambda levels: levels.ratio.atan()), ("logsnr", lambda levels: levels.logsnr)):
        gaps = place(grid(rule, schedule, 9)[:-1]).diff()
        torch.testing.assert_close(gaps, gaps.mean().expand(8), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    "typed,meant",
    [
        ("DPM++ 2M Karras", ("dpm++2m", "karras")), ("euler a", ("euler-ancestral", None)), ("k_heun", ("heun", None)),
        ("Euler", ("euler", None)), ("DPM++ SDE", ("dpm++sde", None)), ("dpmpp_2m_sde", ("dpm++2m-sde", None)),
        ("sample_dpmpp_3m_sde", ("dpm++3m-sde", None)), ("DPM++ 2S a Karras", ("dpm++2s-ancestral", "karras")),
        ("LMS Karras", ("lms", "karras")), ("DPM2 a", ("dpm-solver-2-ancestral", None)), ("UniPC", ("unipc2", None)),
        ("k_dpm_2_a", ("dpm-solver-2-ancestral", None)), ("dpm_adaptive", ("adaptive", None)), ("PLMS", ("pndm", None)),
        ("DPM++ 2M Exponential", ("dpm++2m", "logsnr")), ("DDIMScheduler", ("ddim", None)),
        ("EulerAncestralDiscreteScheduler", ("euler-ancestral", None)), ("UniPCMultistepScheduler", ("unipc2", None)),
        ("DPMSolverMultistepScheduler", ("dpm++2m", None)), ("DEISMultistepScheduler", ("deis2", None)),
        ("KDPM2AncestralDiscreteScheduler", ("dpm-solver-2-ancestral", None)), ("DDIM", ("ddim", None)),
        ("SASolverScheduler", ("sa-solver", None)), ("IPNDMScheduler", ("ipndm4", None)), ("iPNDM", ("ipndm4", None)),
    ],
)  # fmt: skip
def test_names_from_other_tools_are_understood(typed: str, meant: tuple[str, str | None]) -> None:
    assert resolve(typed) == meant
    assert stepper(typed) == STEPPERS[meant[0]]


@pytest.mark.parametrize(
    "kind",
    [
        "DDIM", "DDPM", "DEISMultistep", "DPMSolverMultistep", "DPMSolverSinglestep", "EDMDPMSolverMultistep",
        "EDMEuler", "EulerAncestralDiscrete", "EulerDiscrete", "FlowMatchEulerDiscrete", "FlowMatchHeunDiscrete",
        "HeunDiscrete", "IPNDM", "KDPM2AncestralDiscrete", "KDPM2Discrete", "LMSDiscrete", "PNDM", "SASolver",
        "UniPCMultistep",
    ],
)  # fmt: skip
def test_every_general_scheduler_of_diffusers_resolves(kind: str) -> None:
    assert hasattr(diffusers, f"{kind}Scheduler")
    assert resolve(f"{kind}Scheduler")[0] in STEPPERS


@pytest.mark.parametrize(
    "name,steps,instead",
    [("ipndm4", 3, "ipndm3"), ("unipc3", 2, "unipc2"), ("dpm++2m", 1, "ddim"), ("lms", 1, "ipndm1")],
)
def test_fewer_steps_than_the_order_needs_are_refused(name: str, steps: int, instead: str) -> None:
    with pytest.raises(SfumatoError, match=f"at least [234] steps, got {steps}; .* the sampler {instead}[.]"):
        stepper(name, steps=steps)
    assert stepper(name, steps=4) == STEPPERS[name]


def test_options_belong_to_their_samplers() -> None:
    assert stepper("dpm++2m-sde", eta=0.3) == Multistep(2, eta=0.3, sde=True)
    assert stepper("adaptive", tolerance=0.1).tolerance == 0.1
    for tolerance in (0.0, -1.0, float("nan")):
        with pytest.raises(SfumatoError, match="above 0"):
            stepper("adaptive", tolerance=tolerance)
    with pytest.raises(SfumatoError, match="belongs to the sampler adaptive, not to ddim"):
        stepper("ddim", tolerance=0.1)
    assert stepper("edm-stochastic", steps=1000).gamma == pytest.approx(0.04)
    assert stepper("edm-stochastic", steps=18).gamma == pytest.approx(2**0.5 - 1)


def test_unknown_names_far_from_any_list_the_choices() -> None:
    with pytest.raises(SfumatoError, match="trailing, leading, linspace, quadratic, beta, karras, logsnr, cosine"):
        grid("qqq", Linear(), 10)
    with pytest.raises(SfumatoError, match="did you mean 'karras'"):
        grid("karas", Linear(), 10)


@pytest.mark.parametrize("steps", [1, 3, 10, 20, 999])
def test_published_grids_visit_the_timesteps_of_diffusers(steps: int) -> None:
    schedule = ScaledLinear()
    for rule, settings in (
        ("leading+1", {"kind": diffusers.DDIMScheduler, "steps_offset": 1}),
        ("linspace-open", {"kind": diffusers.DPMSolverMultistepScheduler}),
    ):
        settings = dict(settings)
        scheduler = settings.pop("kind")(**settings)
        scheduler.set_timesteps(steps)
        levels = grid(rule, schedule, steps)
        expected = schedule((scheduler.timesteps.double() + 1).clamp(max=1000) / 1000)
        torch.testing.assert_close(levels.ratio[:-1], expected.ratio)
        assert levels.sigma[-1] == 0 and len(levels) == steps + 1
