"""Where a sampler here and one of diffusers, k-diffusion or azula are the same method, they walk the same path.

Each peer asks the same exact denoiser at its own levels, which are our grid too, and x is compared after every step:
to 1e-5 in float32 with the peer as it is shipped and to 1e-9 in float64, both in units of the level's own scale
√(alpha² + sigma²). diffusers insists on float32 in places; its modules are made to compute in double for that.

One difference runs through the file. Our last step, to sigma = 0, is a plain denoise for every sampler: where the
slope at the end is 0/0 and the step in λ infinite, a high order has nothing to stand on. Peers that extrapolate
there (LMS, PNDM, iPNDM) or return NaN (azula) are followed up to the last step but one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import azula.sample
import pytest
import torch
from torch import Tensor

import peers
from sfumato.diffusion import EDM, Cosine, GaussianMixture, Level, RectifiedFlow, ScaledLinear, Schedule, Shift
from sfumato.diffusion.levels import stack
from sfumato.sampling import (
    PNDM,
    Ancestral,
    Call,
    Churn,
    Heun,
    Multistep,
    PredictorCorrector,
    Singlestep,
    Stepper,
    answered,
    sample,
    stepper,
)
from sfumato.sampling import grid as make_grid
from sfumato.sampling.calls import Asking
from sfumato.sampling.singlestep import between
from sfumato.sampling.steppers import injected_std

K = peers.k_diffusion_sampling()
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-9}
SHAPE = (4, 4)

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def draws(dtype: torch.dtype, seed: int = 1) -> Callable[[], Tensor]:
    """The same noise for each who asks anew."""
    generator = torch.Generator().manual_seed(seed)
    return lambda: torch.randn(SHAPE, dtype=torch.float64, generator=generator).to(dtype)


@dataclass(frozen=True)
class Unending:
    """The stepper, without the word of where its walk ends: most peers keep their order up to the last step."""

    by: Stepper

    def init(self, x: Tensor, grid: Level | None = None) -> Any:
        return self.by.init(x)

    def step(self, *arguments: Any) -> Asking[tuple[Tensor, Any]]:
        return self.by.step(*arguments)


@dataclass(frozen=True)
class Bench:
    """One number of steps and one precision, with the denoiser that both sides ask."""

    steps: int
    dtype: torch.dtype
    denoiser: GaussianMixture
    patch: pytest.MonkeyPatch

    def scheduler(self, name: str, **config: Any) -> Any:
        """A scheduler of diffusers, in double precision where this bench is, that draws the noise of `draws`."""
        kind = peers.scheduler_class(name)
        home = sys.modules[kind.__module__]
        if self.dtype == torch.float64:
            for library, doubled in peers.in_double(home).items():
                self.patch.setattr(home, library, doubled)
        if hasattr(home, "randn_tensor"):
            noise = draws(self.dtype)
            self.patch.setattr(home, "randn_tensor", lambda *args, **kwargs: noise())
        return kind(**config)

    def start(self, grid: Level) -> Tensor:
        return (draws(self.dtype, seed=0)() * grid[0].alpha.hypot(grid[0].sigma)).to(self.dtype)

    def ours(self, by: Stepper | str, grid: Level, orders: list[int] | None = None) -> list[Tensor]:
        """x after each step; with `orders`, of the order that the peer has at each, otherwise of the sampler's own."""
        by, start, noise = stepper(by) if isinstance(by, str) else by, self.start(grid), draws(self.dtype)
        if orders is None:
            return [step.x for step in sample(self.denoiser, grid, Unending(by), noise, start=start)][1:]
        made: Any = by
        x, state, path, before = start, by.init(start), [], 1
        for index, order in enumerate(orders):
            if isinstance(made, PredictorCorrector):
                made = replace(made, order=order, corrector=before)
            else:
                state = state[0], state[1][: order - 1]
            x, state = answered(made.step(x, grid[index], grid[index + 1], state, noise), self.denoiser)
            path, before = [*path, x], order
        return path

    def theirs(self, scheduler: Any, asked: list[Level], output: str = "sample", calls: int = 1) -> list[Tensor]:
        """x after each step of a scheduler of diffusers, which asks the network at the levels `asked` in turn."""
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(0)
        scheduler.is_scale_input_called = True  # the exact denoiser scales its input by itself
        x, path = self.start(stack(asked)), []
        noisy = {"variance_noise": draws(self.dtype)} if isinstance(scheduler, peers.scheduler_class("ddim")) else {}
        for level, t in zip(asked, scheduler.timesteps, strict=True):
            answer = OUTPUTS[output](level, x, self.denoiser(x, level))
            more = {"eta": scheduler.eta, "variance_noise": noisy["variance_noise"]()} if noisy else {}
            x = scheduler.step(answer, t, x, **more).prev_sample
            path.append(x)
        return path[calls - 1 : -1 : calls] + path[-1:]

    def agree(self, ours: list[Tensor], theirs: list[Tensor], grid: Level, but_last: bool = False) -> None:
        assert len(ours) == len(theirs) == len(grid) - 1
        for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            if but_last and index == len(ours) - 1:
                break
            assert mine.dtype == other.dtype == self.dtype
            there = grid[index + 1]
            scale = there.alpha.hypot(there.sigma).item()
            worst = (mine - other).abs().max().item() / scale
            assert worst <= TOLERANCE[self.dtype], f"step {index + 1} of {len(ours)} differs by {worst:.2g}"


OUTPUTS: dict[str, Callable[[Level, Tensor, Tensor], Tensor]] = {
    "sample": lambda level, x, x0: x0,
    "epsilon": lambda level, x, x0: level.eps(x, x0),
    "v_prediction": lambda level, x, x0: (level.alpha * level.eps(x, x0) - level.sigma * x0).to(x.dtype),
    "flow": lambda level, x, x0: level.eps(x, x0) - x0,
    "edm": lambda level, x, x0: (  # undoes EDM's preconditioning at σ_data = 1/2
        (x0 - x * (0.25 / (level.sigma**2 + 0.25))) / (0.5 * level.sigma / (level.sigma**2 + 0.25).sqrt())
    ).to(x.dtype),
}


@pytest.fixture(params=[5, 10, 17, 50], ids=lambda steps: f"{steps}-steps")
def steps(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(params=[torch.float32, torch.float64], ids=["float32", "float64"])
def bench(
    request: pytest.FixtureRequest, steps: int, small_mixture: GaussianMixture, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(request.param)
    yield Bench(steps, request.param, small_mixture, monkeypatch)
    torch.set_default_dtype(before)


def exploding(sigmas: Tensor) -> Level:
    """diffusers' sigmas where x = x0 + sigma·ε."""
    return Level.of(1.0, sigmas.double())


def preserving(sigmas: Tensor) -> Level:
    """diffusers' sigmas, which are sigma/alpha, where alpha² + sigma² = 1."""
    alpha = 1 / (sigmas.double() ** 2 + 1).sqrt()
    return Level.of(alpha, sigmas.double() * alpha)


def levels(grid: Level) -> list[Level]:
    """The levels that are asked by one call a step."""
    return [grid[index] for index in range(len(grid) - 1)]


def with_middles(grid: Level, middle: Callable[[Level, Level], Level]) -> list[Level]:
    """The levels that are asked by two calls a step and one on the last."""
    pairs = list(pairwise(levels(grid)))
    return [level for here, there in pairs for level in (here, middle(here, there))] + [grid[len(grid) - 2]]


def middle(here: Level, there: Level) -> Level:
    return between(here, there, 0.5)


# --- diffusers, on alphas and timesteps ---------------------------------------------------------------------------


def timestep_levels(scheduler: Any) -> Level:
    alpha_bar = torch.cat([scheduler.alphas_cumprod[scheduler.timesteps.long()].double(), torch.ones(1).double()])
    return Level(alpha_bar.sqrt(), (1 - alpha_bar).sqrt())


@pytest.mark.parametrize(("variance", "name"), [("fixed_small", "ddpm"), ("fixed_large", "ddpm-beta")])
def test_ddpm_is_diffusers_ddpm(bench: Bench, variance: str, name: str) -> None:
    scheduler = bench.scheduler("ddpm", variance_type=variance, prediction_type="sample", clip_sample=False)
    scheduler.set_timesteps(bench.steps)
    grid = timestep_levels(scheduler)
    bench.agree(bench.ours(name, grid), bench.theirs(scheduler, levels(grid)), grid)


@pytest.mark.parametrize("output", ["epsilon", "sample", "v_prediction"])
@pytest.mark.parametrize("eta", [0.0, 0.5])
def test_ddim_is_diffusers_ddim(bench: Bench, eta: float, output: str) -> None:
    scheduler = bench.scheduler("ddim", prediction_type=output, clip_sample=False)
    scheduler.set_timesteps(bench.steps)
    scheduler.eta = eta
    grid = timestep_levels(scheduler)
    bench.agree(bench.ours(stepper("ddim", eta=eta), grid), bench.theirs(scheduler, levels(grid), output), grid)


def test_pndm_is_diffusers_pndm(bench: Bench) -> None:
    """Its half-way timesteps are our half-way sigma/alpha where the schedule is even between its own timesteps."""
    grid = make_grid("karras", ScaledLinear(), bench.steps)
    ratio = grid.ratio[:-1].flip(0)
    between_them = torch.cat([(ratio[1:] + ratio[:-1]) / 2, 2 * ratio[-1:]])
    scheduler = bench.scheduler("pndm", num_train_timesteps=2 * bench.steps, set_alpha_to_one=True)
    scheduler.set_timesteps(bench.steps)
    scheduler.alphas_cumprod = 1 / (1 + torch.stack([ratio, between_them], 1).flatten() ** 2)
    asked = [
        Level(a.sqrt(), (1 - a).sqrt()) for a in (scheduler.alphas_cumprod[t] for t in scheduler.timesteps.tolist())
    ]
    path = bench.theirs(scheduler, asked, "epsilon")
    path = [*path[3:12:4], *path[12:]]  # four calls in each of the first three steps
    bench.agree(bench.ours(PNDM(), grid), path, grid, but_last=True)


def test_ipndm4_is_diffusers_ipndm(bench: Bench) -> None:
    grid = make_grid("karras", ScaledLinear(), bench.steps)
    scheduler = bench.scheduler("ipndm", num_train_timesteps=bench.steps)
    scheduler.set_timesteps(bench.steps)
    scheduler.alphas, scheduler.betas = grid.alpha, grid.sigma
    path = bench.theirs(scheduler, levels(grid), "v_prediction")
    bench.agree(bench.ours("ipndm4", grid), path, grid, but_last=True)


# --- diffusers, on sigmas -----------------------------------------------------------------------------------------

KARRAS: dict[str, Any] = {"beta_schedule": "scaled_linear", "use_karras_sigmas": True}


@pytest.mark.parametrize("spacing", ["linspace", "leading", "trailing"])
def test_euler_is_diffusers_euler(bench: Bench, spacing: str) -> None:
    scheduler = bench.scheduler("euler_discrete", prediction_type="sample", timestep_spacing=spacing, **KARRAS)
    scheduler.set_timesteps(bench.steps)
    grid = exploding(scheduler.sigmas)
    bench.agree(bench.ours("euler", grid), bench.theirs(scheduler, levels(grid)), grid)


def test_euler_ancestral_is_diffusers_euler_ancestral(bench: Bench) -> None:
    scheduler = bench.scheduler("euler_ancestral_discrete", beta_schedule="scaled_linear")
    scheduler.set_timesteps(bench.steps)
    grid = exploding(scheduler.sigmas)
    bench.agree(bench.ours("euler-ancestral", grid), bench.theirs(scheduler, levels(grid), "epsilon"), grid)


def test_heun_is_diffusers_heun(bench: Bench) -> None:
    scheduler = bench.scheduler("heun_discrete", prediction_type="sample", **KARRAS)
    scheduler.set_timesteps(bench.steps)
    grid = exploding(torch.cat([scheduler.sigmas[:1], scheduler.sigmas[1::2]]))
    asked = with_middles(grid, lambda here, there: there)
    bench.agree(bench.ours("heun", grid), bench.theirs(scheduler, asked, calls=2), grid)


def test_lms_is_diffusers_lms(bench: Bench) -> None:
    scheduler = bench.scheduler("lms_discrete", prediction_type="sample", **KARRAS)
    scheduler.set_timesteps(bench.steps)
    grid = exploding(scheduler.sigmas)
    bench.agree(bench.ours("lms", grid), bench.theirs(scheduler, levels(grid)), grid, but_last=True)


def test_dpm_solver_2_is_diffusers_kdpm2(bench: Bench) -> None:
    scheduler = bench.scheduler("k_dpm_2_discrete", **KARRAS)
    scheduler.set_timesteps(bench.steps)
    grid = exploding(torch.cat([scheduler.sigmas[:1], scheduler.sigmas[1::2]])[: bench.steps + 1])
    path = bench.theirs(scheduler, with_middles(grid, middle), "epsilon", calls=2)
    bench.agree(bench.ours("dpm-solver-2", grid), path, grid)


def test_dpm_solver_2_ancestral_is_diffusers_kdpm2_ancestral(bench: Bench) -> None:
    scheduler = bench.scheduler("k_dpm_2_ancestral_discrete", **KARRAS)
    scheduler.set_timesteps(bench.steps)
    grid = exploding(torch.cat([scheduler.sigmas[:1], scheduler.sigmas[1::2]])[: bench.steps + 1])

    def asked(here: Level, there: Level) -> Level:
        return middle(here, Level(there.alpha, there.sigma**2 / here.sigma))

    path = bench.theirs(scheduler, with_middles(grid, asked), "epsilon", calls=2)
    bench.agree(bench.ours("dpm-solver-2-ancestral", grid), path, grid)


def path_noise(bench: Bench) -> Callable[[Any, Any], Tensor]:
    """Our path of noise for k-diffusion's dpm++ sde: each step asks for its first half, then for the whole.

    Theirs is a Brownian path over sigma, whose share of a step is not quite what the SDE gives each half; any standard
    normal noise is a noise for them, so that they take ours, where both halves weigh what the SDE says.
    """
    noise, state = draws(bench.dtype), {}

    def ask(sigma: Any, sigma_next: Any) -> Tensor:
        if "first" not in state:
            state["first"], state["middle"] = noise(), exploding(torch.as_tensor(sigma_next))
            return state["first"]
        there, middle, first = exploding(torch.as_tensor(sigma_next)), state["middle"], state.pop("first")
        here_middle, middle_there, here_there = (
            (b.sigma / a.sigma).numpy()
            for a, b in (
                (exploding(torch.as_tensor(sigma)), middle),
                (middle, there),
                (exploding(torch.as_tensor(sigma)), there),
            )
        )
        carried = middle_there**2 * injected_std(middle, here_middle)
        whole = carried * first + injected_std(there, middle_there) * noise()
        return (whole / injected_std(there, here_there)).to(bench.dtype)

    return ask


def test_dpmpp_sde_is_diffusers_dpmsolver_sde(bench: Bench) -> None:
    scheduler = bench.scheduler("dpmsolver_sde", **KARRAS)
    scheduler.set_timesteps(bench.steps)
    scheduler.noise_sampler = path_noise(bench)
    grid = exploding(torch.cat([scheduler.sigmas[:1], scheduler.sigmas[1::2]]))
    path = bench.theirs(scheduler, with_middles(grid, middle), "epsilon", calls=2)
    bench.agree(bench.ours("dpm++sde", grid), path, grid)


def test_euler_is_diffusers_edm_euler(bench: Bench) -> None:
    scheduler = bench.scheduler("edm_euler")
    scheduler.set_timesteps(bench.steps)
    grid = exploding(scheduler.sigmas)
    bench.agree(bench.ours("euler", grid), bench.theirs(scheduler, levels(grid), "edm"), grid)


# --- diffusers' multistep solvers ---------------------------------------------------------------------------------


def lowered(order: int, steps: int, at_end: bool = True) -> list[int]:
    """diffusers lowers the order of the last two steps where there are fewer than 15."""
    orders = [min(order, index + 1) for index in range(steps)]
    if steps < 15:
        orders[-2:] = [min(orders[-2], 2), 1]
    if at_end:
        orders[-1] = 1
    return orders


@dataclass(frozen=True)
class HalfCurvature:
    """`exact`, of order 3, with half the exact weight of M″.

    diffusers' and k-diffusion's third order multiply the integral of q²/2 by the divided difference D2, which is
    M″·h²/2 and not M″·h²; ours is the exact integral of the parabola through the three outputs.
    """

    exact: Multistep
    order: int = 3

    def init(self, x: Tensor, grid: Level | None = None) -> Any:
        return self.exact.init(x)

    def step(self, x: Tensor, here: Level, there: Level, state: Any, noise: Any) -> Asking[tuple[Tensor, Any]]:
        moved, after = yield from replace(self.exact, order=self.order).step(x, here, there, state, noise)
        state = state[1]
        if self.order == 3 and len(state) == 2 and there.sigma > 0:
            x0 = yield Call(x, here)
            m0 = x0 if self.exact.output == "data" else here.eps(x, x0)
            now, near, far, end = (level.logsnr / 2 for level in (here, state[0][0], state[1][0], there))
            h = end - now
            first, second = (m0 - state[0][1]) / ((now - near) / h), (state[0][1] - state[1][1]) / ((near - far) / h)
            curvature = (first - second) / ((now - far) / h)
            kappa, scale = (h, there.alpha) if self.exact.output == "data" else (-h, there.sigma)
            kappa = kappa * (1 + self.exact.eta**2)
            weight = scale * (1 - 2 / kappa - 2 * torch.expm1(-kappa) / kappa**2)  # the integral of q²
            moved = moved - (weight / 2 * curvature).to(x.dtype)
        return moved, after


@pytest.mark.parametrize(
    ("order", "kind", "by"),
    [
        (1, "midpoint", Multistep(1)),
        (2, "midpoint", Multistep(2)),
        (2, "heun", Multistep(2, slope="exact")),
        (3, "midpoint", HalfCurvature(Multistep(3))),
    ],
    ids=["1", "2-midpoint", "2-heun", "3-half-curvature"],
)
@pytest.mark.parametrize("output", ["epsilon", "sample"])
def test_dpmpp_is_diffusers_dpmsolver_multistep(bench: Bench, order: int, kind: str, by: Any, output: str) -> None:
    scheduler = bench.scheduler(
        "dpmsolver_multistep", solver_order=order, solver_type=kind, prediction_type=output, **KARRAS
    )
    scheduler.set_timesteps(bench.steps)
    grid = preserving(scheduler.sigmas)
    path = bench.theirs(scheduler, levels(grid), output)
    bench.agree(bench.ours(by, grid, lowered(order, bench.steps)), path, grid)
    if order < 3:
        bench.agree(bench.ours(by, grid), path, grid)


@pytest.mark.parametrize(
    ("order", "kind", "by"),
    [
        (1, "midpoint", Multistep(1, "noise")),
        (2, "midpoint", Multistep(2, "noise")),
        (2, "heun", Multistep(2, "noise", slope="exact")),
        (3, "midpoint", HalfCurvature(Multistep(3, "noise"))),
    ],
    ids=["1", "2-midpoint", "2-heun", "3-half-curvature"],
)
def test_dpm_solver_is_diffusers_dpmsolver_multistep(bench: Bench, order: int, kind: str, by: Any) -> None:
    """On the noise theirs cannot end at sigma = 0, so that both end at the schedule's smallest sigma."""
    scheduler = bench.scheduler(
        "dpmsolver_multistep",
        algorithm_type="dpmsolver",
        solver_order=order,
        solver_type=kind,
        final_sigmas_type="sigma_min",
        beta_schedule="scaled_linear",
    )
    scheduler.set_timesteps(bench.steps)
    grid = preserving(scheduler.sigmas)
    path = bench.theirs(scheduler, levels(grid), "epsilon")
    bench.agree(bench.ours(by, grid, lowered(order, bench.steps, at_end=False)), path, grid)


@pytest.mark.parametrize(
    ("order", "kind", "by"),
    [
        (1, "midpoint", "ddpm"),
        (2, "midpoint", "dpm++2m-sde"),
        (2, "heun", Multistep(2, eta=1.0, sde=True, slope="exact")),
    ],
    ids=["1", "2-midpoint", "2-heun"],
)
def test_dpmpp_2m_sde_is_diffusers_sde_dpmsolver(bench: Bench, order: int, kind: str, by: Any) -> None:
    """Not its third order, whose weight of M″ has −1/2 where the integral has +1/2; k-diffusion's is compared below."""
    scheduler = bench.scheduler(
        "dpmsolver_multistep",
        algorithm_type="sde-dpmsolver++",
        solver_order=order,
        solver_type=kind,
        prediction_type="sample",
        **KARRAS,
    )
    scheduler.set_timesteps(bench.steps)
    grid = preserving(scheduler.sigmas)
    bench.agree(bench.ours(by, grid), bench.theirs(scheduler, levels(grid)), grid)


@pytest.mark.parametrize("noisy", [False, True], ids=["ode", "sde"])
@pytest.mark.parametrize("kind", ["midpoint", "heun"])
def test_dpmpp_2m_is_diffusers_edm_dpmsolver(bench: Bench, kind: str, noisy: bool) -> None:
    algorithm = "sde-dpmsolver++" if noisy else "dpmsolver++"
    scheduler = bench.scheduler("edm_dpmsolver_multistep", solver_type=kind, algorithm_type=algorithm)
    scheduler.set_timesteps(bench.steps)
    grid = exploding(scheduler.sigmas)
    by = Multistep(2, eta=float(noisy), sde=noisy, slope="exact" if kind == "heun" else "bh2")
    bench.agree(bench.ours(by, grid), bench.theirs(scheduler, levels(grid), "edm"), grid)


def test_dpmpp_3m_with_half_its_curvature_is_diffusers_edm_dpmsolver(bench: Bench) -> None:
    scheduler = bench.scheduler("edm_dpmsolver_multistep", solver_order=3)
    scheduler.set_timesteps(bench.steps)
    grid = exploding(scheduler.sigmas)
    path = bench.theirs(scheduler, levels(grid), "edm")
    bench.agree(bench.ours(HalfCurvature(Multistep(3)), grid, lowered(3, bench.steps)), path, grid)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_noise_in_lambda_is_diffusers_deis(bench: Bench, order: int) -> None:
    """diffusers' DEIS interpolates in log(sigma/alpha), which is λ; our deis rows follow the paper's tAB, in time.

    Theirs never steps to sigma = 0, so that both end at the schedule's smallest sigma. It runs in double precision: in
    float32 its coefficients of order 3 lose four digits to cancellation.
    """
    double = replace(bench, dtype=torch.float64)
    torch.set_default_dtype(torch.float64)
    scheduler = double.scheduler(
        "deis_multistep", solver_order=order, prediction_type="sample", beta_schedule="scaled_linear"
    )
    scheduler.set_timesteps(bench.steps)
    grid = preserving(scheduler.sigmas)
    by = Multistep(order, "noise", slope="exact")
    path = [x.to(bench.dtype) for x in double.theirs(scheduler, levels(grid))]
    bench.agree(bench.ours(by, grid, lowered(order, bench.steps, at_end=False)), path, grid)


def stretched(grid: Level, order: int) -> Level:
    """The grid with the stages of a singlestep method of this order as levels of their own."""
    pairs = list(pairwise(levels(grid)))
    inner = [between(a, b, share / order) for a, b in pairs for share in range(order)]
    return stack([*inner, grid[len(grid) - 2], grid[len(grid) - 1]])


@pytest.mark.parametrize(
    ("algorithm", "order", "name"),
    [
        ("dpmsolver++", 2, "dpm++2s"),
        ("dpmsolver++", 3, "dpm++3s"),
        ("dpmsolver", 2, "dpm-solver-2"),
        ("dpmsolver", 3, "dpm-solver-3"),
    ],
    ids=["dpm++2s", "dpm++3s", "dpm-solver-2", "dpm-solver-3"],
)
def test_singlestep_is_diffusers_dpmsolver_singlestep(bench: Bench, algorithm: str, order: int, name: str) -> None:
    """Theirs counts a stage as a step: its grid is ours with the stages in between.

    Their third order takes its inner stage as the paper does with solver_type heun, and its end with midpoint. On the
    noise they don't reach sigma = 0.
    """
    grid = make_grid("karras", ScaledLinear(), bench.steps)
    all_levels = preserving(stretched(grid, order).ratio)
    scheduler = bench.scheduler(
        "dpmsolver_singlestep",
        algorithm_type=algorithm,
        solver_order=order,
        prediction_type="sample",
        final_sigmas_type="zero" if algorithm == "dpmsolver++" else "sigma_min",
    )
    scheduler.set_timesteps(len(all_levels) - 1)
    scheduler.sigmas = all_levels.ratio
    if order == 3:
        update = scheduler.singlestep_dpm_solver_update

        def both(*args: Any, order: int, **kwargs: Any) -> Tensor:
            scheduler.register_to_config(solver_type="heun" if order == 2 else "midpoint")
            return update(*args, order=order, **kwargs)

        scheduler.singlestep_dpm_solver_update = both
    path = bench.theirs(scheduler, levels(all_levels), calls=order)
    bench.agree(bench.ours(name, grid), path, grid, but_last=algorithm == "dpmsolver")


@pytest.mark.parametrize("kind", ["bh1", "bh2"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_unipc_is_diffusers_unipc(bench: Bench, order: int, kind: Any) -> None:
    """Both lower the order towards the end, however many steps there are; its bh1 ends in 0·∞."""
    scheduler = bench.scheduler(
        "unipc_multistep", solver_order=order, solver_type=kind, prediction_type="sample", **KARRAS
    )
    scheduler.set_timesteps(bench.steps)
    grid = preserving(scheduler.sigmas)
    path, by = bench.theirs(scheduler, levels(grid)), PredictorCorrector(order, order, slope=kind)
    ours = [step.x for step in sample(bench.denoiser, grid, by, draws(bench.dtype), start=bench.start(grid))][1:]
    bench.agree(ours, path, grid, but_last=kind == "bh1")


@pytest.mark.parametrize("kind", ["bh1", "bh2"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_unipc_on_the_noise_is_diffusers_unipc(bench: Bench, order: int, kind: Any) -> None:
    scheduler = bench.scheduler(
        "unipc_multistep",
        solver_order=order,
        solver_type=kind,
        predict_x0=False,
        final_sigmas_type="sigma_min",
        beta_schedule="scaled_linear",
    )
    scheduler.set_timesteps(bench.steps)
    grid = preserving(scheduler.sigmas)
    orders = [min(order, index + 1, bench.steps - index) for index in range(bench.steps)]
    by = PredictorCorrector(order, order, output="noise", slope=kind)
    bench.agree(bench.ours(by, grid, orders), bench.theirs(scheduler, levels(grid), "epsilon"), grid)


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0])
def test_sa_solver_is_diffusers_sa_solver(bench: Bench, tau: float) -> None:
    """Their corrector of order 2 is ours of one earlier output; they end at the smallest sigma, at order 1."""
    scheduler = bench.scheduler(
        "sasolver", tau_func=lambda t: tau, prediction_type="sample", beta_schedule="scaled_linear"
    )
    scheduler.set_timesteps(bench.steps)
    grid = preserving(scheduler.sigmas)
    path = bench.theirs(scheduler, levels(grid))
    by = PredictorCorrector(2, 1, slope="bh1", eta=tau)
    start, noise = bench.start(grid), draws(bench.dtype)
    x, state, ours = start, by.init(start), []
    for index in range(bench.steps):
        final = index == bench.steps - 1
        now = replace(by, order=1) if final else by
        x, state = answered(now.step(x, grid[index], grid[index + 1], state, noise), bench.denoiser)
        ours.append(x)
    bench.agree(ours, path, grid)


# --- diffusers, on flows ------------------------------------------------------------------------------------------


def flowing(sigmas: Tensor) -> Level:
    return Level(1 - sigmas.double(), sigmas.double())


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_euler_is_diffusers_flow_match_euler(bench: Bench, shift: float) -> None:
    scheduler = bench.scheduler("flow_match_euler_discrete", shift=shift)
    scheduler.set_timesteps(bench.steps)
    grid = flowing(scheduler.sigmas)
    bench.agree(bench.ours("euler", grid), bench.theirs(scheduler, levels(grid), "flow"), grid)


def test_heun_is_not_diffusers_flow_match_heun_but_its_euler_is(bench: Bench) -> None:
    """Theirs averages the velocity over flow time, ours the noise over sigma/alpha, which is one method on all paths.

    What coincides is the Euler step inside each of theirs, and the last.
    """
    scheduler = bench.scheduler("flow_match_heun_discrete")
    scheduler.set_timesteps(bench.steps)
    scheduler.set_begin_index(0)
    grid = flowing(torch.cat([scheduler.sigmas[:1], scheduler.sigmas[1::2]]))
    x, euler = bench.start(grid), stepper("euler")
    for index, (t, level) in enumerate(
        zip(scheduler.timesteps, with_middles(grid, lambda here, there: there), strict=True)
    ):
        moved = scheduler.step(OUTPUTS["flow"](level, x, bench.denoiser(x, level)), t, x).prev_sample
        if index % 2 == 0:
            here, there = grid[index // 2], grid[index // 2 + 1]
            ours, _ = answered(euler.step(x, here, there, euler.init(x), draws(bench.dtype)), bench.denoiser)
            torch.testing.assert_close(ours, moved, rtol=0, atol=TOLERANCE[bench.dtype])
        x = moved


# --- k-diffusion --------------------------------------------------------------------------------------------------


def walk_k(bench: Bench, solver: str, grid: Level, **options: Any) -> list[Tensor]:
    """x after each step of a solver of k-diffusion on our grid, whose alpha is 1."""
    path: list[Tensor] = []

    def model(x: Tensor, sigma: Tensor) -> Tensor:
        return bench.denoiser(x, Level.of(1.0, sigma.double()))

    final = getattr(K, f"sample_{solver}")(
        model,
        bench.start(grid),
        grid.sigma.to(bench.dtype),
        callback=lambda info: path.append(info["x"]),
        disable=True,
        **options,
    )
    return [*path[1:], final]


def edm_grid(bench: Bench, top: float = 20.0) -> Level:
    return make_grid("karras", EDM(0.02, top), bench.steps)


@pytest.mark.parametrize(
    ("solver", "by"),
    [("euler", "euler"), ("heun", "heun"), ("dpm_2", "dpm-solver-2"), ("dpmpp_2m", "dpm++2m")],
    ids=["euler", "heun", "dpm_2", "dpmpp_2m"],
)
def test_k_diffusion_without_noise(bench: Bench, solver: str, by: str) -> None:
    grid = edm_grid(bench)
    bench.agree(bench.ours(by, grid), walk_k(bench, solver, grid), grid)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_lms_is_k_diffusions(bench: Bench, order: int) -> None:
    grid = edm_grid(bench)
    by = Multistep(order, "noise", variable="sigma", slope="exact")
    bench.agree(bench.ours(by, grid), walk_k(bench, "lms", grid, order=order), grid, but_last=True)


@pytest.mark.parametrize(
    ("solver", "base"),
    [("euler", Multistep()), ("heun", Heun()), ("dpm_2", Singlestep(2, "noise"))],
    ids=["euler", "heun", "dpm_2"],
)
@pytest.mark.parametrize("low", [0.0, 0.5], ids=["everywhere", "above-sigma-0.5"])
def test_churn_is_k_diffusions(bench: Bench, solver: str, base: Stepper, low: float) -> None:
    """Algorithm 2 of Karras et al.; theirs draws noise even where it adds none, and ours does not.

    It shows its x only once the noise is added, so that what each side asks the denoiser is compared, call by call.
    """
    grid = edm_grid(bench)
    ours, theirs = draws(bench.dtype), draws(bench.dtype)
    inside = iter((grid.sigma[:-1] >= low).tolist())
    bench.patch.setattr(torch, "randn_like", lambda x: theirs() if next(inside) else torch.zeros_like(x))
    by = Churn(base, gamma=min(4.0 / bench.steps, 2**0.5 - 1), low=low, high=float("inf"), inflate=1.003)
    asked: list[tuple[Tensor, float]] = []

    def listening(x: Tensor, level: Level, cond: Any = None) -> Tensor:
        asked.append((x, level.ratio.max().item()))
        return bench.denoiser(x, level)

    end = [step.x for step in sample(listening, grid, by, ours, start=bench.start(grid))][-1]
    mine, asked = asked, []
    its_end = walk_k(replace(bench, denoiser=listening), solver, grid, s_churn=4.0, s_tmin=low, s_noise=1.003)[-1]
    assert len(mine) == len(asked)
    for (x, sigma), (other, its_sigma) in zip([*mine, (end, 0.0)], [*asked, (its_end, 0.0)], strict=True):
        assert its_sigma == pytest.approx(sigma, rel=1e-6)
        torch.testing.assert_close(x, other, rtol=0, atol=TOLERANCE[bench.dtype] * (1 + sigma**2) ** 0.5)


HALF = 0.5**0.5  # k-diffusion's eta of its SDE solvers is the square of ours


@pytest.mark.parametrize(
    ("solver", "by", "options"),
    [
        ("euler_ancestral", "euler-ancestral", {}),
        ("euler_ancestral", Multistep(eta=0.5), {"eta": 0.5}),
        ("dpm_2_ancestral", "dpm-solver-2-ancestral", {}),
        ("dpm_2_ancestral", Ancestral(Singlestep(2, "noise"), eta=0.5), {"eta": 0.5}),
        ("dpmpp_2s_ancestral", "dpm++2s-ancestral", {}),
        ("dpmpp_2s_ancestral", Ancestral(Singlestep(2), eta=0.5), {"eta": 0.5}),
        ("dpmpp_2m_sde", "dpm++2m-sde", {}),
        ("dpmpp_2m_sde", Multistep(2, eta=HALF, sde=True), {"eta": 0.5}),
        ("dpmpp_2m_sde", Multistep(2, eta=1.0, sde=True, slope="exact"), {"solver_type": "heun"}),
        ("dpmpp_3m_sde", HalfCurvature(Multistep(3, eta=1.0, sde=True, slope="exact")), {}),
        ("dpmpp_3m_sde", HalfCurvature(Multistep(3, eta=HALF, sde=True, slope="exact")), {"eta": 0.5}),
    ],
    ids=[
        "euler_ancestral", "euler_ancestral-half", "dpm_2_ancestral", "dpm_2_ancestral-half", "dpmpp_2s_ancestral",
        "dpmpp_2s_ancestral-half", "dpmpp_2m_sde", "dpmpp_2m_sde-half", "dpmpp_2m_sde-heun", "dpmpp_3m_sde",
        "dpmpp_3m_sde-half",
    ],
)  # fmt: skip
def test_k_diffusion_with_noise(bench: Bench, solver: str, by: Any, options: dict[str, Any]) -> None:
    grid = edm_grid(bench)
    noise = draws(bench.dtype)
    path = walk_k(bench, solver, grid, noise_sampler=lambda sigma, sigma_next: noise(), **options)
    bench.agree(bench.ours(by, grid), path, grid)


def test_dpmpp_sde_is_k_diffusions(bench: Bench) -> None:
    grid = edm_grid(bench)
    path = walk_k(bench, "dpmpp_sde", grid, noise_sampler=path_noise(bench))
    bench.agree(bench.ours("dpm++sde", grid), path, grid)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_dpm_solver_is_k_diffusions(bench: Bench, order: int) -> None:
    """The steps inside its sample_dpm_fast and sample_dpm_adaptive, which choose orders and steps in their own ways."""
    grid = edm_grid(bench)
    solver = K.DPMSolver(lambda x, sigma: bench.denoiser(x, Level.of(1.0, sigma.double())))
    x, path = bench.start(grid), []
    for here, there in pairwise(grid.sigma[:-1]):
        x = getattr(solver, f"dpm_solver_{order}_step")(x, solver.t(here), solver.t(there))[0]
        path.append(x)
    path.append(bench.denoiser(x, grid[bench.steps - 1]))
    bench.agree(bench.ours(Singlestep(order, "noise"), grid), path, grid)


# --- azula --------------------------------------------------------------------------------------------------------

SCHEDULES: dict[str, Schedule] = {"cosine": Shift(Cosine(), 0.7), "flow": RectifiedFlow(), "edm": EDM(0.02, 20.0)}


@pytest.fixture(params=SCHEDULES)
def path_of_levels(request: pytest.FixtureRequest) -> Schedule:
    """A path of each scale: azula, too, knows levels and no more."""
    return SCHEDULES[request.param]


@dataclass
class Asked:
    """Our denoiser and grid as azula takes them: time runs evenly from 1 to 0, and x is kept whenever it is asked."""

    bench: Bench
    grid: Level
    xs: list[Tensor]

    def index(self, t: Tensor) -> Tensor:
        return ((1 - t) * self.bench.steps).round().long()

    def schedule(self, t: Tensor) -> tuple[Tensor, Tensor]:
        return self.grid.alpha[self.index(t)], self.grid.sigma[self.index(t)]

    def __call__(self, x: Tensor, t: Tensor) -> Any:
        self.xs.append(x)
        return SimpleNamespace(mean=self.bench.denoiser(x, self.grid[self.index(t)]))


def walk_azula(bench: Bench, kind: str, grid: Level, **options: Any) -> list[Tensor]:
    noise = draws(bench.dtype)
    bench.patch.setattr(torch, "randn_like", lambda x: noise())
    asked = Asked(bench, grid, [])
    made = getattr(azula.sample, f"{kind}Sampler")(
        asked, steps=bench.steps, silent=True, dtype=torch.float64, **options
    )
    final = made(bench.start(grid))
    return [*(asked.xs[2::2] if kind == "Heun" else asked.xs[1:]), final]


def azula_grid(bench: Bench, schedule: Schedule) -> Level:
    return make_grid("logsnr", schedule, bench.steps)


@pytest.mark.parametrize(
    ("kind", "by", "options"),
    [
        ("DDPM", "ddpm", {}),
        ("DDIM", "ddim", {}),
        ("DDIM", Multistep(eta=0.5), {"eta": 0.25}),
        ("Euler", "euler", {}),
    ],
    ids=["ddpm", "ddim", "ddim-eta", "euler"],
)
def test_azula_of_one_step(
    bench: Bench, path_of_levels: Schedule, kind: str, by: Any, options: dict[str, float]
) -> None:
    """azula's eta is the square of the paper's and ours."""
    grid = azula_grid(bench, path_of_levels)
    bench.agree(bench.ours(by, grid), walk_azula(bench, kind, grid, **options), grid)


def test_heun_is_azulas(bench: Bench, path_of_levels: Schedule) -> None:
    """Theirs walks in double precision: near pure noise its difference of large numbers costs float32 a digit."""
    grid = azula_grid(bench, path_of_levels)
    path = [x.to(bench.dtype) for x in walk_azula(replace(bench, dtype=torch.float64), "Heun", grid)]
    bench.agree(bench.ours("heun", grid), path, grid, but_last=True)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("kind", "by"),
    [
        ("zAB", Multistep(1, "noise", variable="sigma", slope="exact")),
        ("zEAB", Multistep(1, "noise", slope="exact")),
        ("xEAB", Multistep(1, "data", slope="exact")),
    ],
    ids=["zAB", "zEAB", "xEAB"],
)
def test_multistep_is_azulas(bench: Bench, path_of_levels: Schedule, kind: str, by: Multistep, order: int) -> None:
    grid = azula_grid(bench, path_of_levels)
    path = walk_azula(bench, kind, grid, order=order)
    bench.agree(bench.ours(replace(by, order=order), grid), path, grid, but_last=True)
