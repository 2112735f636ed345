"""Images computed from pictures, and models that enlarge each other's pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sfumato.data import open_dataset
from sfumato.data.controls import CONTROLS, control_config, control_image, plain_control, reduced
from sfumato.errors import SfumatoError
from sfumato.hub import Model, cascade, load
from sfumato.hub.cascade import enlarge, enlargement
from sfumato.training import TrainingConfig, conditions_of, model_for, start_run, train
from tiny import blobs

CPU = torch.device("cpu")


def pictures(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_is_as_large_as_its_picture_and_one_picture_s_own(name: str) -> None:
    for shape in ((3, 1, 9, 7), (2, 3, 16, 16)):
        x = pictures(*shape)
        chance = torch.rand(len(x), 4, generator=torch.Generator().manual_seed(2))
        image = CONTROLS[name](x, chance)
        assert image.shape == (len(x), control_config(name, shape[1:]).size - (name == "small"), *shape[2:])
        assert image.nan_to_num(0).abs().max() <= 1 + 1e-5
        torch.testing.assert_close(CONTROLS[name](x[1:2], chance[1:2]), image[1:2], equal_nan=True)
        flat = torch.zeros_like(x)
        assert CONTROLS[name](flat, chance).isfinite().any()


def test_controls_show_what_they_say() -> None:
    step = torch.ones(1, 3, 8, 8)
    step[..., :4] = -1
    chance = torch.zeros(1, 4)
    edges, sketch = CONTROLS["edges"](step, chance), CONTROLS["sketch"](step, chance)
    assert (edges[0, 0, :, 3:5] > -0.5).all() and (edges[0, 0, :, [0, 1, 6, 7]] == -1).all()
    assert (sketch[0, 0, :, 3:5] == -1).all() and (sketch[0, 0, :, [0, 1, 6, 7]] == 1).all()
    assert CONTROLS["grey"](step, chance).unique().tolist() == pytest.approx([-1, 1])
    x = pictures(2, 3, 8, 8)
    small = CONTROLS["small"](x, chance)
    torch.testing.assert_close(reduced(small), reduced(x))
    torch.testing.assert_close(CONTROLS["small"](small, chance), small)
    blurred = CONTROLS["blurred"](x, chance)
    assert blurred.std() < 0.6 * x.std()
    hole = CONTROLS["masked"](x, torch.tensor([[0.0, 0.5, 0.0, 0.5]]).repeat(2, 1)).isnan()
    assert hole.sum().item() == 2 * 3 * 2 * 2 and hole[:, :, 3:5, 3:5].all(), "a quarter of each side, in the middle"


def test_noise_on_the_small_picture_has_the_deviation_that_its_channel_tells() -> None:
    one = control_config("small", (3, 64, 64))
    x, eps = torch.zeros(2, 3, 64, 64), torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    image = control_image(one, x, torch.zeros(2, 4), torch.tensor([0.1, 0.4]), eps)
    assert image.shape == (2, 4, 64, 64)
    for row, level in zip(image, (0.1, 0.4), strict=True):
        assert row[:3].std() == pytest.approx(level, rel=0.05) and (row[3] == level).all()
    torch.testing.assert_close(plain_control(one, x), torch.zeros(2, 4, 64, 64))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Model]:
    """Models of shapes at 8, 16 and 32 pixels, trained for a moment; the larger ones are told the one before."""
    place = tmp_path_factory.mktemp("cascade")
    found = []
    for side in (8, 16, 32):
        data = open_dataset("shapes:200", (side, side), place / "cache")
        conditions = conditions_of(data, TrainingConfig("shapes", images=1).data.columns, ["small"] if side > 8 else [])
        model = model_for(replace(data, captions=None), "nano", conditions=conditions)
        config = TrainingConfig("shapes:200", images=16 * (30 if side == 16 else 4), batch=16, previews=0)
        folder = place / f"x{side}"
        list(train(folder, start_run(folder, replace(data, captions=None), config, model, CPU)))
        found.append(load(folder))
    return found


def test_a_cascade_draws_each_size_from_the_one_before(models: list[Model]) -> None:
    stages = list(cascade(models, [3, 4], steps=4))
    assert [tuple(one.shape) for one in stages] == [(2, 3, side, side) for side in (8, 16, 32)]
    assert all(one.isfinite().all() for one in stages)
    assert torch.equal(stages[0], models[0].sample([3, 4], steps=4)), "the first is what the first model draws"
    alone = list(cascade(models, [4], steps=4))
    for both, one in zip(stages, alone, strict=True):
        torch.testing.assert_close(both[1:], one, rtol=0, atol=1e-4)
    again = list(enlarge(models[1:], stages[0], [3, 4], steps=4))
    assert torch.equal(again[-1], stages[-1])
    other = list(enlarge(models[1:2], -stages[0], [3, 4], steps=4))
    assert not torch.allclose(other[0], again[0], atol=1e-3), "what is enlarged decides"


def test_an_enlarged_picture_keeps_what_it_was_told(models: list[Model]) -> None:
    data = open_dataset("shapes:200", (16, 16))
    real, _ = data.batch(torch.arange(16))
    (large,) = enlarge(models[1:2], reduced(real), list(range(16)), noise=0.0, steps=8)
    near = (reduced(large) - reduced(real)).square().mean((1, 2, 3))
    far = (reduced(large) - reduced(real).roll(1, 0)).square().mean((1, 2, 3))
    assert (near < far).float().mean() > 0.8


def test_models_that_are_no_cascade_say_why(models: list[Model], run_folder: Path) -> None:
    with pytest.raises(SfumatoError, match="can't enlarge pictures; train one that can with the `control` small"):
        list(cascade([models[0], models[0]], [0]))
    with pytest.raises(SfumatoError, match=r"from 3 × 16 × 16, and .* generates 3 × 8 × 8; let each be twice as large"):
        list(cascade([models[0], models[2]], [0]))
    with pytest.raises(SfumatoError, match=r"is between 0 and 0.5 here, got 0.9"):
        enlargement(models[1], torch.zeros(1, 3, 8, 8), [0], noise=0.9)
    with pytest.raises(SfumatoError, match="unknown control 'edgs'"):
        conditions_of(blobs(), TrainingConfig("blobs", images=1).data.columns, ["edgs"])
