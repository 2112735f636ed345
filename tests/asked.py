"""A tiny model that can be told everything, and the command line in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato.cli import app
from sfumato.data.tokens import learn_tokenizer
from sfumato.diffusion import Linear
from sfumato.hub import Model, ModelConfig, SamplingConfig, new_model
from sfumato.nets import ConditionConfig, TextConfig, UNetConfig

CLASSES = ("cat", "a,b", "-x y", "it's $(x)", "🦊")
AGE = ConditionConfig("age", "number", mean=(30.0,), std=(10.0,))
STYLE = ConditionConfig("style", "vector", 2, (0.0, 0.0), (1.0, 1.0))
DEPTH = ConditionConfig("depth", "image", 1)
EDGES = ConditionConfig("edges", "image", 1, computed=True)
PATHS = ("x.png", "-dash.png", "a,depth=b; c.png", "depth=x.png", "sp ace'$(y).png")
OWN = SamplingConfig("ddim", 3, "trailing", Linear(), 3.0, "projected", (0.05, 50.0), "dynamic", eta=0.5)

Draws = Callable[..., list[Path]]


def model(name: str = "tiny") -> Model:
    """Told classes, prompts, a number, a vector and two pictures; "own" has settings unlike the plain ones."""
    captions = [("a red heart", "- a blue $(heart)")] * 3
    tokenizer = learn_tokenizer(captions)
    text = TextConfig(tokenizer.get_vocab_size(), 8, width=8)
    net = UNetConfig(
        1, classes=len(CLASSES), widths=(8, 8), attention=(1,), text=text, conditions=(AGE, STYLE, DEPTH, EDGES)
    )
    config = ModelConfig((1, 8, 8), net, CLASSES, data_std=0.5)
    made = new_model(config if name != "own" else replace(config, sampling=OWN), 0)
    generator = torch.Generator().manual_seed(len(name))
    with torch.no_grad():
        for parameter in made.denoiser.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    made.denoiser.eval()
    made.tokenizer, made.source, made.weights_hash = tokenizer, name, name * 8
    return made


@pytest.fixture
def draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Draws:
    """`draws(*words)` runs `sfumato sample` in `tmp_path`, with models of this file; returns the PNGs that are new."""
    models = {name: model(name) for name in ("tiny", "own")}
    monkeypatch.setattr("sfumato.cli.opening.load", lambda path, *_: models[Path(path).name])
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for path in PATHS:
        Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)).save(tmp_path / path)
    Image.fromarray(np.where(np.arange(64).reshape(8, 8) % 8 < 4, 255, 0).astype(np.uint8)).save(tmp_path / "left.png")

    def call(*words: object) -> list[Path]:
        before = set(tmp_path.rglob("*.png"))
        app(["sample", *map(str, words)], exit_on_error=False, print_error=False, result_action="return_value")
        return sorted(set(tmp_path.rglob("*.png")) - before)

    return call


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))
