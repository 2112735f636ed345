"""Weights kept as what they add to those of another model, in eight bits: near what was added, and exact where none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import SfumatoError
from sfumato.hub import load
from sfumato.hub.codec import read_codec, save_codec
from sfumato.hub.deltas import NEAR, thin, whole
from sfumato.hub.loading import load_codec
from sfumato.hub.zoo import ZOO, load_zoo, save_zoo


@given(st.integers(0, 2**31), st.floats(-12, 3))
def test_what_is_added_comes_back_whatever_its_size(seed: int, log_size: float) -> None:
    draw = torch.Generator().manual_seed(seed)
    base = {"conv": torch.randn(12, 8, 3, 3, generator=draw), "same": torch.randn(5, generator=draw)}
    size = 10**log_size
    added = size * torch.randn(12, 8, 3, 3, generator=draw)
    weights = {"conv": base["conv"].double() + added, "same": base["same"], "new": torch.ones(3, 3)}
    back = whole(thin({name: value.float() for name, value in weights.items()}, base), base)
    assert torch.equal(back["same"], base["same"]) and torch.equal(back["new"], weights["new"])
    rounding = 4 * torch.finfo(torch.float32).eps * (weights["conv"].abs() + base["conv"].abs())
    allowed = NEAR * added.abs() + 2**-17 * added.abs().amax() + rounding
    assert ((back["conv"] - weights["conv"]).abs() <= allowed).all()


def test_a_model_that_adds_to_one_that_ships_loads_like_any_other(tmp_path: Path) -> None:
    digits = load_zoo("digits")
    for value in digits.denoiser.net.parameters():
        value += 0.1 * value.abs().mean() * torch.randn(value.shape, generator=torch.Generator().manual_seed(1))
    folder = save_zoo("own", digits, tmp_path, base="digits")
    assert (folder / "model.safetensors").stat().st_size < 0.55 * 3.58e6
    found, own = load(folder), digits
    drawn, expected = (one.sample(range(8), [*range(8)], batch=8) for one in (found, own))
    assert float((drawn - expected).abs().mean()) < 0.02 and found.weights_hash != own.weights_hash
    file = folder / "model.safetensors"
    tensors = safetensors.torch.load_file(file)
    file.write_bytes(safetensors.torch.save(tensors, {"base": "../digits"}))
    with pytest.raises(SfumatoError, match="to which the weights in"):
        load(folder)
    file.write_bytes(safetensors.torch.save(tensors, {"base": "points"}))
    with pytest.raises(SfumatoError, match="don't fit those of points"):
        load(folder)


def test_an_autoencoder_of_one_that_ships_is_kept_once(tmp_path: Path) -> None:
    """Alone what it adds, such as layers that look back, is in the file, and latents of both are the same."""
    own, base = load_codec("moving-avatars"), load_codec("avatars")
    added = safetensors.torch.load_file(ZOO / "moving-avatars" / "codec.safetensors")
    assert added and all(name.startswith("decoder.temporal.") for name in added)
    clip = torch.rand(1, 3, 3, 32, 32) * 2 - 1
    assert own.config.latents == base.config.latents and torch.equal(own.encode(clip), base.encode(clip))
    z = base.encode(clip)
    one, looking = base.decode(z), own.decode(z)
    assert torch.equal(one[:, 0], looking[:, 0]) and not torch.allclose(one[:, 1:], looking[:, 1:])
    whole_file = save_codec(tmp_path, own)
    assert torch.equal(read_codec(tmp_path, whole_file).decode(z), looking), "pushed and copied it is whole"
    same = save_codec(tmp_path, base, "avatars")
    assert (tmp_path / "codec.safetensors").stat().st_size < 200 and same.latents == base.config.latents
    assert torch.equal(read_codec(tmp_path, same).decode(z), one)
    for name in ("../avatars", "digits", "nobody"):
        (tmp_path / "codec.safetensors").write_bytes(safetensors.torch.save(added, {"base": name}))
        with pytest.raises(SfumatoError, match="and it is another here; get the folder anew"):
            read_codec(tmp_path, replace(own.config, weights=""))
