"""Kinds of samples: what the table says is what is done with them, and a kind needs nothing but its row."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sfumato.data import KINDS, Dataset, picture
from sfumato.data.datasets import from_arrays
from sfumato.data.kinds import kind_of_shape
from sfumato.errors import SfumatoError
from sfumato.hub import ModelConfig, load, new_model
from sfumato.hub.config import config_json, read_config
from sfumato.nets import MLPConfig, UNetConfig
from sfumato.training import TrainingConfig, model_for, resume_run, start_run, train
from tiny import TINY, blobs

CPU = torch.device("cpu")
SIZES = {"number": 2, "frame": 3, "channel": 3, "height": 8, "width": 6}
EACH = pytest.mark.parametrize("name", list(KINDS))


def some(name: str, count: int = 4) -> Dataset:
    shape = [SIZES[axis] for axis in KINDS[name].axes]
    return from_arrays(np.random.default_rng(0).uniform(-1, 1, (count, *shape)), kind=name)


class Any(nn.Module):
    """A network for samples of whatever shape."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Linear(1, 1)

    def forward(self, x: Tensor, c_noise: Tensor) -> Tensor:
        return x * self.scale(c_noise[:, None]).view(-1, *[1] * (x.ndim - 1))


@EACH
def test_samples_are_stored_as_the_table_says_and_come_back(name: str) -> None:
    data, kind = some(name), KINDS[name]
    assert data.kind == name and data.samples.dtype == kind.dtype
    x, _ = data.batch(np.arange(4))
    assert x.dtype == torch.float32 and torch.equal(x, kind.rounded(x))
    spacing = {np.uint8: 1 / 255, np.float16: 2**-11, np.float32: 2**-24}[kind.dtype]  # type: ignore[index]
    exact = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, tuple(x.shape)))
    assert (x - exact).abs().max() <= spacing


@EACH
def test_every_kind_is_shown(name: str) -> None:
    image = picture(some(name).batch(np.arange(4))[0], kind=name)
    assert image.mode == "RGB" and image.width > 8 and image.height > 8


@EACH
def test_every_kind_trains_resumes_and_samples_with_a_network_that_takes_its_shape(name: str, tmp_path: Path) -> None:
    data = some(name, 16)
    config = TrainingConfig("arrays", images=32, batch=8, previews=1, preview_calls=2)
    model = model_for(data, Any())
    list(train(tmp_path, start_run(tmp_path, data, config, model, CPU)))
    trainer, _ = resume_run(tmp_path, data, config, CPU, net=Any())
    trained = load(tmp_path, net=Any())
    assert trainer.fraction == 1 and trained.config.kind == name
    assert trained.sample([1, 2], steps=2).shape == (2, *data.shape)


def test_kinds_of_before_are_those_of_the_shape(tmp_path: Path) -> None:
    assert TINY.kind == "pictures" and ModelConfig((2,), MLPConfig(2)).kind == "points"
    assert blobs().kind == "pictures" and kind_of_shape((3, 3, 8, 8)).name == "clips"
    (tmp_path / "config.json").write_bytes(config_json(model=TINY))
    content = json.loads((tmp_path / "config.json").read_bytes())
    assert content["model"].pop("kind") == "pictures"
    (tmp_path / "config.json").write_text(json.dumps(content))
    assert read_config(tmp_path / "config.json") == TINY


def test_latents_are_no_pictures_though_their_shape_is_the_same() -> None:
    data = from_arrays(np.random.default_rng(0).normal(size=(8, 4, 8, 8)), kind="latents")
    assert data.samples.dtype == np.float16
    model = ModelConfig((4, 8, 8), UNetConfig(4, widths=(16, 16)), kind="latents")
    drawn = new_model(model).sample([1], steps=2)
    assert torch.equal(KINDS["latents"].rounded(drawn), drawn)


def test_a_kind_that_is_none_is_named() -> None:
    with pytest.raises(SfumatoError, match="points are number, and a sample of 1 × 8 × 8 is none of them"):
        ModelConfig((1, 8, 8), UNetConfig(1), kind="points")
    with pytest.raises(SfumatoError, match="unknown kind of samples 'photos'"):
        ModelConfig((1, 8, 8), UNetConfig(1), kind="photos")
