"""Pipelines that are held in less memory generate what they do otherwise, or nearly, and say so before they begin."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch

from pipelines import noise, stable_diffusion
from sfumato.cli import app, serve
from sfumato.errors import SfumatoError
from sfumato.hub import load
from sfumato.hub.diffusers.memory import Memory, offload
from sfumato.serving import Engine

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stable_diffusion(tmp_path_factory.mktemp("memory") / "stable")


ASKED: dict[str, Any] = {"prompts": "a red cat", "negative": "ugly", "steps": 4}


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_is_near_and_counts_the_same_timesteps(folder: Path, precision: Any) -> None:
    whole, half = load(folder), load(folder, memory=Memory(precision))
    assert next(half.denoiser.parameters()).itemsize == 2 and half.codec is not None
    assert next(half.codec.net.parameters()).dtype == torch.float32  # some overflow
    found, expected = (model.sample(start=noise((2, 4, 8, 8)), **ASKED) for model in (half, whole))
    assert float((found - expected).abs().mean()) < 0.03 * float(expected.std())
    asked: list[float] = []
    half.denoiser.net.model.register_forward_pre_hook(lambda _, args: asked.append(float(args[1][0])))
    half.sample(start=noise((1, 4, 8, 8)), **ASKED)
    assert asked == [751, 501, 251, 1]
    words = Memory(precision).words(half, CPU)
    assert words is not None and f"in {precision}" in words and "in fp32" in words


def test_parts_that_take_turns_generate_the_same(folder: Path) -> None:
    whole, turns = load(folder), load(folder, memory=Memory(offload=True))
    assert not turns.denoiser.net._forward_pre_hooks  # on a CPU there is nothing to be gained
    assert "nothing is offloaded" in str(Memory(offload=True).words(turns, CPU))
    offload(turns, CPU)
    start = noise((2, 4, 8, 8))
    assert torch.equal(turns.sample(start=start, **ASKED), whole.sample(start=start, **ASKED))
    picture = noise((3, 16, 16)).clamp(-1, 1)
    assert torch.equal(*(model.edit(picture, 0.5, seeds=[1], **ASKED) for model in (turns, whole)))


def test_tiles_are_those_of_diffusers(folder: Path) -> None:
    from diffusers import AutoencoderKL

    vae = AutoencoderKL.from_pretrained(folder / "vae")
    vae.enable_tiling()
    latents = noise((1, 4, 24, 24))
    model = load(folder, memory=Memory(tiled=True))
    assert model.codec is not None and load(folder).codec is not None
    with torch.no_grad():
        expected = vae.decode(latents / vae.config.scaling_factor).sample
    found = model.codec.decode(latents)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert not torch.equal(found, load(folder).codec.decode(latents))  # type: ignore[union-attr]


def test_a_decoder_that_overflows_is_told_in_a_sentence(folder: Path) -> None:
    model = load(folder)
    assert model.codec is not None
    for weight in model.codec.net.parameters():
        weight.mul_(1e20)
    with pytest.raises(SfumatoError, match="the autoencoder makes numbers that aren't finite"):
        model.sample([0], **ASKED)


def test_a_model_of_ours_is_held_as_it_is() -> None:
    with pytest.raises(SfumatoError, match="no pipeline of diffusers, which alone may be held otherwise"):
        load("digits", memory=Memory("bf16"))
    with pytest.raises(SfumatoError, match="precision"):
        Memory("int4")  # type: ignore[arg-type]


def test_a_service_holds_pipelines_as_told_and_nothing_else(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: dict[str, int] = {}

    class Ended(Exception):
        pass

    def begun(engine: Engine, how: serve.Service) -> NoReturn:
        for name in engine.models.loaders:
            held[name] = next(engine.model(name).denoiser.parameters()).itemsize
        raise Ended

    monkeypatch.setattr(serve, "_worker", begun)
    for words, size in (([], 4), (["--precision", "bf16"], 2)):
        with pytest.raises(Ended):
            app(["serve", str(folder), "digits", "--port", "0", *words], exit_on_error=False, print_error=False)
        assert held == {"stable": size, "digits": 4}
