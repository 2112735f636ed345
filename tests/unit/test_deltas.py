"""Weights kept as what they add to those of another model: exact where that is of low rank, else near."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import SfumatoError
from sfumato.hub import load
from sfumato.hub.deltas import DOWN, UP, thin, whole
from sfumato.hub.zoo import load_zoo, save_zoo


@given(st.integers(0, 2**31), st.integers(1, 4), st.integers(0, 3))
def test_what_is_added_comes_back_where_its_rank_is_kept(seed: int, rank: int, more: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    base = {"conv": torch.randn(12, 8, 3, 3, generator=draw), "bias": torch.randn(12, generator=draw)}
    added = torch.randn(12, rank, generator=draw) @ torch.randn(rank, 72, generator=draw)
    weights = {"conv": base["conv"] + added.reshape(12, 8, 3, 3), "bias": base["bias"] + 1, "new": torch.ones(3, 3)}
    kept = thin(weights, base, rank + more)
    assert kept.keys() == {"conv" + UP, "conv" + DOWN, "bias", "new"}
    for name, value in whole(kept, base).items():
        assert torch.allclose(value, weights[name], atol=1e-4)


def test_fewer_ranks_are_the_nearest_there_are_and_too_many_are_not_worth_it() -> None:
    draw = torch.Generator().manual_seed(0)
    base, weights = ({"w": torch.randn(40, 30, generator=draw)} for _ in range(2))
    singular = torch.linalg.svdvals(weights["w"] - base["w"])
    for rank in (1, 5, 17):
        missing = whole(thin(weights, base, rank), base)["w"] - weights["w"]
        assert missing.norm() == pytest.approx(float(singular[rank:].norm()), rel=1e-4)
    assert thin(weights, base, 18).keys() == {"w"}  # 18·(40 + 30) numbers are more than 40·30


def test_a_model_that_adds_to_one_that_ships_loads_like_any_other(tmp_path: Path) -> None:
    digits = load_zoo("digits")
    with torch.no_grad():
        for value in digits.denoiser.net.parameters():
            if value.ndim > 1:
                value += 0.02 * torch.outer(torch.ones(value.shape[0]), torch.ones(value[0].numel())).reshape(
                    value.shape
                )
    folder = save_zoo("own", digits, tmp_path, base="digits", rank=2)
    assert (folder / "model.safetensors").stat().st_size < 0.2 * 3.58e6
    found, own = load(folder).denoiser.net.state_dict(), digits.denoiser.net.state_dict()
    assert all(torch.allclose(found[name], own[name], atol=0.02 * float(own[name].abs().max())) for name in own)
    file = folder / "model.safetensors"
    tensors = safetensors.torch.load_file(file)
    file.write_bytes(safetensors.torch.save(tensors, {"base": "../digits"}))
    with pytest.raises(SfumatoError, match="to which the weights in"):
        load(folder)
    file.write_bytes(safetensors.torch.save(tensors, {"base": "points"}))
    with pytest.raises(SfumatoError, match="don't fit those of points"):
        load(folder)
