"""Five ways to ask a network for the clean picture, and what makes them the same question."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from sfumato.diffusion import PARAMETERIZATIONS, Cosine, Level, NetDenoiser, Parameterization, Schedule
from sfumato.diffusion.parameterizations import c_noise
from sfumato.errors import SfumatoError

EACH = pytest.mark.parametrize("name", PARAMETERIZATIONS)
NOISY = torch.linspace(0.001, 0.999, 64, dtype=torch.float64)
PURE, CLEAN = Level.of(0.0, 1.0), Level.of(1.0, 0.0)

# alpha and sigma of any scale, the ratio within e^±6
levels = st.builds(
    lambda scale, half_logsnr: Level.of(scale * math.exp(half_logsnr), scale),
    st.floats(0.1, 10),
    st.floats(-6, 6),
)
stds = st.floats(0.2, 5)


class Constant(nn.Module):
    """A net that answers the same whatever it is asked."""

    def __init__(self, answer: Tensor) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        return self.answer


def pictures(count: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x0 = torch.randn(count, 3, 4, dtype=torch.float64, generator=generator)
    return x0, torch.randn(x0.shape, dtype=torch.float64, generator=generator)


@EACH
def test_a_net_that_hits_the_target_finds_the_picture(name: str, schedule: Schedule) -> None:
    x0, eps = pictures(len(NOISY))
    level = schedule(NOISY)
    x = level.add_noise(x0, eps)
    parameterization = Parameterization(name, data_std=0.7)
    denoiser = NetDenoiser(Constant(parameterization.target(x, x0, level)), parameterization)
    torch.testing.assert_close(denoiser(x, level), x0, rtol=0, atol=1e-9)


@given(level=levels)
def test_targets_are_what_the_papers_name(level: Level) -> None:
    x0, eps = pictures(5)
    x = level.add_noise(x0, eps)
    alpha, sigma = level.alpha, level.sigma
    norm = (alpha**2 + sigma**2).sqrt()
    for name, target in {
        "eps": eps,
        "x0": x0,
        "v": (alpha * eps - sigma * x0) / norm,
        "flow": eps - x0,
    }.items():
        torch.testing.assert_close(Parameterization(name).target(x, x0, level), target, rtol=0, atol=1e-9)


@given(level=levels, factor=st.floats(0.01, 100), data_std=stds)
def test_a_common_scale_changes_nothing(level: Level, factor: float, data_std: float) -> None:
    scaled = Level(level.alpha * factor, level.sigma * factor)
    for name in PARAMETERIZATIONS:
        parameterization = Parameterization(name, data_std)
        (skip, out), (scaled_skip, scaled_out) = parameterization.skip_out(level), parameterization.skip_out(scaled)
        torch.testing.assert_close(scaled_skip * factor, skip, rtol=1e-12, atol=0)
        torch.testing.assert_close(scaled_out, out, rtol=1e-12, atol=0)
        torch.testing.assert_close(parameterization.c_in(scaled) * factor, parameterization.c_in(level))
    torch.testing.assert_close(c_noise(scaled), c_noise(level), rtol=0, atol=1e-12)


@given(level=levels, data_std=stds)
def test_the_nets_input_has_unit_variance(level: Level, data_std: float) -> None:
    variance = (level.alpha * data_std) ** 2 + level.sigma**2
    c_in = Parameterization("edm", data_std).c_in(level)
    assert (c_in**2 * variance).item() == pytest.approx(1)


@given(level=levels, data_std=stds)
def test_edms_target_has_unit_variance_and_the_least_amplification(level: Level, data_std: float) -> None:
    """Karras et al. 2022, appendix B.6: c_out is as small as unit variance allows."""
    skip, out = Parameterization("edm", data_std).skip_out(level)

    def error(c_skip: Tensor) -> Tensor:  # the standard deviation of x0 − c_skip·x
        return (((1 - c_skip * level.alpha) * data_std) ** 2 + (c_skip * level.sigma) ** 2).sqrt()

    assert (error(skip) / out).item() == pytest.approx(1)
    assert error(skip * 1.01).item() >= error(skip).item()
    assert error(skip * 0.99).item() >= error(skip).item()


@given(level=levels)
def test_edm_on_unit_data_is_minus_v(level: Level) -> None:
    edm, v = Parameterization("edm", 1.0).skip_out(level), Parameterization("v").skip_out(level)
    torch.testing.assert_close(edm[0], v[0])
    torch.testing.assert_close(edm[1], -v[1])


@given(sigma=st.floats(0.01, 100), data_std=stds)
def test_edm_is_table_1_of_karras(sigma: float, data_std: float) -> None:
    level, parameterization = Level.of(1.0, sigma), Parameterization("edm", data_std)
    total = sigma**2 + data_std**2
    skip, out = parameterization.skip_out(level)
    assert skip.item() == pytest.approx(data_std**2 / total)
    assert out.item() == pytest.approx(sigma * data_std / total**0.5)
    assert parameterization.c_in(level).item() == pytest.approx(1 / total**0.5)
    assert c_noise(level).item() == pytest.approx(math.log(sigma) / 4)


@pytest.mark.parametrize("name", ["linear", "cosine", "sigmoid", "linear-zero-snr"])
def test_variance_preserving_paths_feed_the_picture_as_it_is(name: str, all_schedules: dict[str, Schedule]) -> None:
    """The DDPM paper's network sees x itself: c_in is 1 for data of unit variance."""
    c_in = Parameterization("eps").c_in(all_schedules[name](NOISY))
    torch.testing.assert_close(c_in, torch.ones_like(c_in), rtol=0, atol=1e-12)


# The ends


def test_predicting_noise_is_refused_at_pure_noise() -> None:
    with pytest.raises(SfumatoError, match="signal-to-noise ratio is zero"):
        Parameterization("eps").skip_out(PURE)
    with pytest.raises(SfumatoError, match="signal-to-noise ratio is zero"):
        Parameterization("eps").skip_out(Cosine()(torch.tensor([0.5, 1.0])))


@EACH
def test_clean_data_is_left_alone(name: str) -> None:
    skip, out = Parameterization(name).skip_out(CLEAN)
    assert (skip.item(), out.item()) == ((0, 1) if name == "x0" else (1, 0))


@pytest.mark.parametrize("name", [name for name in PARAMETERIZATIONS if name != "eps"])
def test_pure_noise_is_left_to_the_net(name: str) -> None:
    skip, out = Parameterization(name, data_std=0.5).skip_out(PURE)
    assert math.isfinite(skip.item())
    # v answers −x0, flow ε − x0 (so it must add the noise back), EDM x0 in units of its deviation
    assert (skip.item(), out.item()) == {"x0": (0, 1), "v": (0, -1), "flow": (1, -1), "edm": (0, 0.5)}[name]


def test_the_inputs_of_the_net_are_finite_at_both_ends() -> None:
    for level in (PURE, CLEAN):
        assert Parameterization("v").c_in(level).item() == 1
        assert math.isfinite(c_noise(level).item())


def test_c_noise_rises_with_the_noise(schedule: Schedule) -> None:
    noise = c_noise(schedule(torch.linspace(0, 1, 1001, dtype=torch.float64)))
    assert bool((noise.diff() >= 0).all())
    assert bool((noise.abs() <= 2).all())
    inside = noise[noise.abs() < 2]
    assert bool((inside.diff() > 0).all())


def test_an_unknown_name_lists_the_choices() -> None:
    with pytest.raises(SfumatoError, match="eps, x0, v, flow, edm"):
        Parameterization("velocity")
