"""Variations and inpainting: the ends are exact, and what is known stays as it is."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from sfumato.diffusion import SCHEDULES, Denoiser, FiniteSet, GaussianMixture, Level
from sfumato.errors import SfumatoError
from sfumato.hub import load
from sfumato.sampling import GRIDS, Edit, ImageNoise, Step, grid, last, sample, stepper
from sfumato.sampling.editing import begin_from, inpainted, outpaint, reduced, restored
from sfumato.sampling.inverse import downscaled

SHAPE = (3, 4, 4)
PRIOR = GaussianMixture.gaussian(torch.zeros(SHAPE), torch.full(SHAPE, 0.5))
SEEDS = [1, 2, 3]
PICTURE = torch.rand(SHAPE, generator=torch.Generator().manual_seed(0)) * 2 - 1


def walk(strength: float, path: str = "edm", steps: int = 12, name: str = "dpm++2m") -> list[Step]:
    noise = ImageNoise(SEEDS, SHAPE)
    levels, start = begin_from(PICTURE.expand(3, *SHAPE), grid("karras", SCHEDULES[path](), steps), strength, noise)
    return list(sample(PRIOR, levels, stepper(name), noise, start=start))


@pytest.mark.parametrize("path", ["edm", "flow", "linear"])
@pytest.mark.parametrize("name", ["dpm++2m", "ddim", "heun", "ddpm"])
def test_strength_0_is_the_picture_and_1_never_sees_it(path: str, name: str) -> None:
    assert torch.equal(walk(0.0, path, name=name)[-1].x, PICTURE.expand(3, *SHAPE))
    assert walk(0.0, path, name=name)[-1].calls == 0
    plain = list(sample(PRIOR, grid("karras", SCHEDULES[path](), 12), stepper(name), ImageNoise(SEEDS, SHAPE)))
    assert torch.equal(walk(1.0, path, name=name)[-1].x, plain[-1].x)


@pytest.mark.parametrize("path", ["edm", "flow"])
def test_the_stronger_the_further_from_the_picture(path: str) -> None:
    away = [(walk(s, path)[-1].x - PICTURE).square().mean().item() for s in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert away == sorted(away) and away[1] < away[3]
    assert [walk(s, path)[-1].total for s in (0.0, 0.25, 0.5, 0.51, 1.0)] == [0, 3, 6, 7, 12]


def test_strengths_that_cant_be_are_refused() -> None:
    for strength in (-0.1, 1.1, float("nan")):
        with pytest.raises(SfumatoError, match="between 0 and 1"):
            walk(strength)


def filled(prior: Denoiser, picture: Tensor, mask: Tensor, levels: Level, name: str, noise: ImageNoise) -> Tensor:
    finish = partial(restored, picture=picture, mask=mask)
    rule = inpainted(picture, mask)
    return last(sample(prior, levels, stepper(name), noise, guidance=rule, finish=finish)).x


masks = st.lists(st.booleans(), min_size=16, max_size=16).map(lambda bits: torch.tensor(bits).reshape(1, 4, 4))


@settings(max_examples=30, deadline=None)
@example(mask=torch.ones(1, 4, 4, dtype=torch.bool), name="dpm++2m")
@given(mask=masks, name=st.sampled_from(["dpm++2m", "ddim", "ddpm", "heun", "unipc", "euler-ancestral"]))
def test_outside_of_the_mask_nothing_changes_by_a_bit(mask: Tensor, name: str) -> None:
    noise = ImageNoise(SEEDS, SHAPE)
    levels = grid("karras", SCHEDULES["edm"](), 6)
    result = filled(PRIOR, PICTURE, mask, levels, name, noise)
    known = ~mask.expand(3, *SHAPE)
    assert torch.equal(result[known], PICTURE.expand(3, *SHAPE)[known])
    plain = last(sample(PRIOR, levels, stepper(name), ImageNoise(SEEDS, SHAPE))).x
    if bool(mask.all()):
        assert torch.equal(result, plain)


def test_holes_are_filled_with_what_belongs_there() -> None:
    """Of two pictures, the one whose left half is given is the one that is completed."""
    generator = torch.Generator().manual_seed(1)
    pictures = torch.rand(2, *SHAPE, generator=generator) * 2 - 1
    mask = torch.zeros(1, 4, 4, dtype=torch.bool)
    mask[..., 2:] = True
    levels = grid("karras", SCHEDULES["edm"](), 12)
    for picture in pictures:
        result = filled(FiniteSet(pictures.double()), picture, mask, levels, "dpm++2m", ImageNoise(SEEDS, SHAPE))
        torch.testing.assert_close(result, picture.expand(3, *SHAPE), rtol=0, atol=1e-4)


def test_a_larger_canvas_keeps_its_picture_and_marks_the_rest() -> None:
    canvas, mask = outpaint(PICTURE, (1, 2, 0, 3))
    assert canvas.shape == (3, 7, 7) and mask.shape == (1, 7, 7)
    assert torch.equal(canvas[:, :4, 1:5], PICTURE) and not mask[:, :4, 1:5].any()
    assert int(mask.sum()) == 49 - 16
    noise = ImageNoise([5], (3, 7, 7))
    prior = GaussianMixture.gaussian(torch.zeros(3, 7, 7), torch.full((3, 7, 7), 0.5))
    levels = grid("karras", SCHEDULES["edm"](), 6)
    result = filled(prior, canvas, mask, levels, "ddim", noise)
    assert torch.equal(result[0, :, :4, 1:5], PICTURE)


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize(("sampler", "steps"), [("ddim", 1), ("dpm++2m", 3), ("dpm++2m-sde", 4)])
def test_an_enlarged_picture_reduces_to_the_small_one_on_any_grid(name: str, sampler: str, steps: int) -> None:
    """In [−1, 1], so that neither clamping nor the network's own opinion takes it back."""
    model = load("digits")
    small = torch.rand(1, 4, 4, generator=torch.Generator().manual_seed(1)) * 2.4 - 1.2  # darkest and lightest too
    edit = Edit(small.clamp(-1, 1), upscale=True)
    for schedule in ("edm", "flow"):
        drawn = model.sample([1, 2], [3, 4], edit=edit, sampler=sampler, steps=steps, grid=name, schedule=schedule)
        assert drawn.abs().max() <= 1
        torch.testing.assert_close(downscaled(2)(drawn), edit.picture.expand(2, -1, -1, -1), rtol=0, atol=1e-5)


def test_enlarging_moves_a_picture_as_little_as_it_takes() -> None:
    x = torch.randn(3, 2, 6, 4, generator=torch.Generator().manual_seed(2))
    small = downscaled(2)(x.clamp(-1, 1))
    same = reduced(x.clamp(-1, 1), small, 2)
    torch.testing.assert_close(same, x.clamp(-1, 1), rtol=0, atol=1e-6)  # what reduces to it already stays
    other = torch.rand(1, 2, 3, 2, generator=torch.Generator().manual_seed(3)) * 2 - 1
    moved = reduced(x, other, 2)
    assert moved.abs().max() <= 1
    torch.testing.assert_close(downscaled(2)(moved), other.expand(3, 2, -1, -1), rtol=0, atol=1e-6)
    squares = lambda picture: torch.nn.functional.pixel_unshuffle(picture, 2).unflatten(1, (2, 4))  # noqa: E731
    shift = squares(moved - x).masked_fill(squares(moved.abs()) > 1 - 1e-6, torch.nan)
    spread = (shift - shift.nanmedian(2, keepdim=True).values).abs()
    assert spread.nan_to_num(0).max() < 1e-5  # one shift a square, but for what is clamped
