"""The training objective: each weight is its paper's loss, and the exact denoiser is its minimum."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor

from sfumato.diffusion import (
    WEIGHTS,
    Cosine,
    GaussianMixture,
    Level,
    Linear,
    NoiseDistribution,
    Objective,
    Parameterization,
    RectifiedFlow,
    Schedule,
    Uncertainty,
)
from sfumato.diffusion.parameterizations import c_noise
from sfumato.errors import SfumatoError

SCHEDULES = pytest.mark.parametrize("path", [Linear(), Cosine(), RectifiedFlow()], ids=["linear", "cosine", "flow"])


@dataclass
class Guess:
    """A denoiser with an opinion of its own that remembers what it was asked."""

    asked: list[tuple[Tensor, Level, Tensor]] = field(default_factory=list)

    def __call__(self, x: Tensor, level: Level, cond: object = None) -> Tensor:
        x0_hat = 0.3 * x + 0.1 * x.square()
        self.asked.append((x, level, x0_hat))
        return x0_hat


def pictures(count: int = 64) -> Tensor:
    return torch.randn(count, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def asked(objective: Objective) -> tuple[Tensor, Tensor, Level, Tensor, Tensor]:
    """The losses of one batch, and by the denoiser's own record x0, level, x and x0_hat."""
    guess, x0 = Guess(), pictures()
    loss = objective(guess, x0, None, torch.Generator().manual_seed(2))
    x, level, x0_hat = guess.asked[0]
    return loss, x0, level, x, x0_hat


def mean_square(error: Tensor) -> Tensor:
    return error.square().flatten(1).mean(1)


def column(values: Tensor) -> Tensor:
    return values[:, None, None]


@SCHEDULES
def test_the_eps_weight_is_the_error_of_the_noise(path: Schedule) -> None:
    """Ho et al. 2020, eq. 14."""
    loss, x0, level, x, x0_hat = asked(Objective(NoiseDistribution("uniform"), path, "eps"))
    alpha, sigma = column(level.alpha), column(level.sigma)
    eps, eps_hat = (x - alpha * x0) / sigma, (x - alpha * x0_hat) / sigma
    assert eps.std().item() == pytest.approx(1, abs=0.1)
    torch.testing.assert_close(loss, mean_square(eps - eps_hat), rtol=1e-9, atol=0)


@SCHEDULES
def test_the_v_weight_is_the_error_of_v(path: Schedule) -> None:
    """v = alpha·ε − sigma·x0 on the unit circle (Salimans & Ho 2022, appendix D)."""
    loss, x0, level, x, x0_hat = asked(Objective(NoiseDistribution("uniform"), path, "v"))
    norm = (level.alpha**2 + level.sigma**2).sqrt()
    alpha, sigma, z = column(level.alpha / norm), column(level.sigma / norm), x / column(norm)
    v, v_hat = (alpha * (z - alpha * clean) / sigma - sigma * clean for clean in (x0, x0_hat))
    torch.testing.assert_close(loss, mean_square(v - v_hat), rtol=1e-7, atol=0)


@SCHEDULES
def test_the_flow_weight_is_the_error_of_the_velocity(path: Schedule) -> None:
    """u = ε − x0 (Lipman et al. 2022)."""
    loss, x0, level, x, x0_hat = asked(Objective(NoiseDistribution("uniform"), path, "flow"))
    alpha, sigma = column(level.alpha), column(level.sigma)
    u, u_hat = ((x - alpha * clean) / sigma - clean for clean in (x0, x0_hat))
    torch.testing.assert_close(loss, mean_square(u - u_hat), rtol=1e-9, atol=0)


@SCHEDULES
@pytest.mark.parametrize("data_std", [0.5, 1.0])
def test_the_edm_weight_is_the_plain_error_on_edms_target(path: Schedule, data_std: float) -> None:
    """λ(σ) = 1/c_out² (Karras et al. 2022, eq. 8)."""
    loss, x0, level, x, x0_hat = asked(Objective(NoiseDistribution("uniform"), path, "edm", data_std))
    edm = Parameterization("edm", data_std)
    torch.testing.assert_close(loss, mean_square(edm.target(x, x0, level) - edm.target(x, x0_hat, level)))


@SCHEDULES
def test_the_x0_weight_is_the_error_itself_and_the_others_multiply_it(path: Schedule) -> None:
    noise = NoiseDistribution("uniform")
    error, x0, level, _, x0_hat = asked(Objective(noise, path, "x0"))
    torch.testing.assert_close(error, mean_square(x0 - x0_hat))
    snr = level.alpha**2 / level.sigma**2
    torch.testing.assert_close(
        asked(Objective(noise, path, "min-snr"))[0], torch.minimum(snr, torch.tensor(5.0)) * error
    )
    torch.testing.assert_close(asked(Objective(noise, path, "p2"))[0], snr / (1 + snr) * error)


def test_p2_is_the_noise_error_over_one_plus_snr() -> None:
    """λ′ = λ/(k + SNR)^γ with λ the weight that makes the variational bound the simple loss (Choi et al. 2022)."""
    snr = torch.logspace(-6, 6, 50, dtype=torch.float64)
    torch.testing.assert_close(WEIGHTS["p2"](snr, 1.0), WEIGHTS["eps"](snr, 1.0) / (1 + snr))


@pytest.mark.parametrize("weight", WEIGHTS)
def test_weights_are_finite_and_positive_wherever_a_law_goes(weight: str, schedule: Schedule) -> None:
    level = NoiseDistribution("uniform")(schedule, 1000, torch.Generator().manual_seed(0))
    values = WEIGHTS[weight]((level.alpha / level.sigma) ** 2, 0.5)
    assert bool((values.isfinite() & (values > 0)).all())


def test_an_unknown_weight_lists_the_choices() -> None:
    with pytest.raises(SfumatoError, match="min-snr"):
        Objective(NoiseDistribution("uniform"), Linear(), "snr")


# The minimum


@pytest.mark.parametrize("weight", ["x0", "eps", "v", "min-snr"])
def test_no_other_denoiser_beats_the_exact_one(weight: str, small_mixture: GaussianMixture) -> None:
    objective = Objective(NoiseDistribution("log-normal", mean=0.0, std=1.0), Cosine(), weight)
    x0 = small_mixture.sample(20_000, torch.Generator().manual_seed(0))

    def risk(change: float, kind: str) -> float:
        def denoiser(x: Tensor, level: Level, cond: object = None) -> Tensor:
            exact = small_mixture(x, level)
            other = {
                "bias": exact + change,
                "scale": exact * (1 + change),
                "towards x": exact + change * x,
                "wrong level": small_mixture(x, Level(level.alpha, level.sigma * (1 + 2 * change))),
                "curved": exact + change * torch.sin(3 * x),
            }
            return other[kind]

        return objective(denoiser, x0, None, torch.Generator().manual_seed(3)).mean().item()

    for kind in ("bias", "scale", "towards x", "wrong level", "curved"):
        least = risk(0.0, kind)
        assert least < risk(0.15, kind), kind
        assert least < risk(-0.15, kind), kind


def test_the_least_loss_on_a_gaussian_is_the_posterior_variance() -> None:
    data_std, count = 0.6, 200_000
    gaussian = GaussianMixture.gaussian(torch.tensor([0.5]), torch.tensor([data_std]))
    generator = torch.Generator().manual_seed(0)
    noise = NoiseDistribution("uniform")
    loss = Objective(noise, Cosine(), "x0")(gaussian, gaussian.sample(count, generator), None, generator)
    level = noise(Cosine(), count, torch.Generator().manual_seed(1))
    variance = data_std**2 * level.sigma**2 / ((level.alpha * data_std) ** 2 + level.sigma**2)
    assert loss.mean().item() == pytest.approx(variance.mean().item(), abs=5 * loss.std().item() / count**0.5)


# Learned uncertainty


@pytest.mark.parametrize("amount", [0.1, 1.0, 3.0])
def test_uncertainty_settles_at_the_log_of_the_error(amount: float) -> None:
    """min over u of e/e^u + u lies at u = ln e, where the loss is 1 + ln e (Karras et al. 2024, eq. 21)."""
    x0, uncertainty = torch.zeros(32, 3), Uncertainty()
    objective = Objective(NoiseDistribution("uniform"), Linear(), "x0", uncertainty=uncertainty)
    error = torch.tensor(amount**2)

    def loss(u: Tensor) -> Tensor:
        with torch.no_grad():
            uncertainty.mix.bias.copy_(u)
        return objective(lambda x, level, cond: x0 + amount, x0, None, torch.Generator().manual_seed(0)).mean()

    best = loss(error.log())
    best.backward()
    assert best.item() == pytest.approx(1 + error.log().item(), abs=1e-5)
    assert uncertainty.mix.bias.grad is not None
    assert abs(uncertainty.mix.bias.grad.item()) < 1e-5
    assert loss(error.log() + 0.3).item() > best.item() < loss(error.log() - 0.3).item()


def test_a_fresh_uncertainty_changes_nothing() -> None:
    x0, noise = torch.randn(16, 3, generator=torch.Generator().manual_seed(0)), NoiseDistribution("uniform")
    plain = Objective(noise, Linear(), "v")(Guess(), x0, None, torch.Generator().manual_seed(0))
    balanced = Objective(noise, Linear(), "v", uncertainty=Uncertainty())(
        Guess(), x0, None, torch.Generator().manual_seed(0)
    )
    torch.testing.assert_close(balanced, plain)


def test_uncertainty_can_learn_an_error_that_varies_with_the_level() -> None:
    uncertainty = Uncertainty()
    noise = torch.linspace(-2, 2, 200)
    log_error = torch.tanh(2 * noise) - 1
    optimiser = torch.optim.LBFGS(uncertainty.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        u = uncertainty(noise)
        total = (log_error.exp() / u.exp() + u).mean()
        total.backward()
        return total

    optimiser.step(loss)
    assert (uncertainty(noise) - log_error).abs().max().item() < 0.05


def test_uncertainty_reads_the_level_as_the_net_does() -> None:
    """Each sample's u is the one of its own level, scale aside."""
    uncertainty = Uncertainty()
    with torch.no_grad():
        uncertainty.mix.weight.copy_(torch.linspace(-1, 1, 64)[None])
    objective = Objective(NoiseDistribution("uniform"), Linear(), "x0", uncertainty=uncertainty)
    guess, x0 = Guess(), pictures().float()
    loss = objective(guess, x0, None, torch.Generator().manual_seed(0))
    _, level, x0_hat = guess.asked[0]
    u = uncertainty(c_noise(level).float())
    torch.testing.assert_close(loss, mean_square(x0 - x0_hat) / u.exp() + u)


def test_uncertainty_takes_pictures_in_float64() -> None:
    objective = Objective(NoiseDistribution("uniform"), Linear(), "x0", uncertainty=Uncertainty())
    assert objective(Guess(), pictures(), None, torch.Generator().manual_seed(0)).dtype == torch.float64
