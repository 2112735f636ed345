"""Inversion: the noise it finds is the noise that the sampler turns into the picture."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sfumato.diffusion import EDM, Cosine, GaussianMixture, Level
from sfumato.errors import SfumatoError
from sfumato.sampling import ImageNoise, Stepper, grid, invert, last, sample, stepper

INVERTIBLE = ["ddim", "heun", "dpm-solver-2", "dpm-solver-3", "dpm++2s", "dpm++3s"]


def there_and_back(exact: GaussianMixture, levels: Level, by: Stepper, x0: Tensor, tolerance: float) -> Tensor:
    noise = last(invert(exact, levels, by, x0, tolerance=tolerance)).x
    return last(sample(exact, levels, by, lambda: x0, start=noise)).x


@pytest.mark.parametrize("name", INVERTIBLE)
def test_the_picture_comes_back(name: str, small_mixture: GaussianMixture) -> None:
    x0 = small_mixture.sample(6, torch.Generator().manual_seed(0))
    levels = grid("karras", EDM(), 30)
    torch.testing.assert_close(there_and_back(small_mixture, levels, stepper(name), x0, 1e-8), x0, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", INVERTIBLE)
def test_the_noise_comes_back(name: str, small_mixture: GaussianMixture) -> None:
    """The other way round: what a walk ends at leads back to where it began."""
    levels, by = grid("logsnr", Cosine(), 25), stepper(name)
    steps = list(sample(small_mixture, levels, by, ImageNoise(range(5), (4,))))
    up = list(invert(small_mixture, levels, by, steps[-1].x.double(), tolerance=1e-9))
    assert [step.index for step in up] == list(range(26))
    assert [float(step.level.sigma) for step in up] == levels.sigma.flip(0).tolist()
    torch.testing.assert_close(up[-1].x.float(), steps[0].x, rtol=2e-3, atol=2e-3)


def test_the_noise_of_the_mixture_is_normal(mixture: GaussianMixture) -> None:
    """Many pictures of the data lead to noise of the variance that a walk starts from."""
    x0 = mixture.sample(400, torch.Generator().manual_seed(0))
    noise = last(invert(mixture, grid("karras", EDM(), 40), stepper("dpm++2s"), x0)).x / 80
    assert noise.mean().abs().item() < 0.05
    assert noise.std().item() == pytest.approx(1, abs=0.05)


def test_an_image_is_inverted_the_same_in_any_company(small_mixture: GaussianMixture) -> None:
    x0 = small_mixture.sample(4, torch.Generator().manual_seed(1))
    levels = grid("karras", EDM(), 12)
    together = last(invert(small_mixture, levels, stepper("ddim"), x0)).x
    alone = torch.cat([last(invert(small_mixture, levels, stepper("ddim"), row[None])).x for row in x0])
    torch.testing.assert_close(together, alone, rtol=1e-9, atol=1e-9)


def test_one_round_of_ddim_is_ddim_inversion(small_mixture: GaussianMixture) -> None:
    """A call a step, and close: what exact inversion costs rounds for."""
    x0 = small_mixture.sample(4, torch.Generator().manual_seed(1))
    levels, by = grid("logsnr", EDM(), 400), stepper("ddim")
    found = last(invert(small_mixture, levels, by, x0, tolerance=None, rounds=1))
    assert found.calls == 400
    back = last(sample(small_mixture, levels, by, lambda: x0, start=found.x)).x
    torch.testing.assert_close(back, x0, rtol=0, atol=0.05)


@pytest.mark.parametrize("name", ["ddpm", "dpm++2m", "unipc3", "ipndm4", "dpm++sde", "edm-stochastic", "adaptive"])
def test_samplers_with_noise_or_memory_are_refused(name: str, small_mixture: GaussianMixture) -> None:
    with pytest.raises(SfumatoError, match=r"choose ddim, heun, dpm[+][+]2s or dpm[+][+]3s"):
        next(invert(small_mixture, grid("karras", EDM(), 5), stepper(name), torch.zeros(1, 4)))


def test_what_does_not_settle_is_said(small_mixture: GaussianMixture) -> None:
    x0 = small_mixture.sample(2, torch.Generator().manual_seed(0))
    with pytest.raises(SfumatoError, match="take more steps"):
        last(invert(small_mixture, grid("karras", EDM(), 3), stepper("heun"), x0, tolerance=1e-12, rounds=2))
    with pytest.raises(SfumatoError, match="tolerance above 0"):
        next(invert(small_mixture, grid("karras", EDM(), 3), stepper("ddim"), x0, tolerance=0.0))
