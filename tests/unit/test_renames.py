"""Weights and configs of before: files that were written under other names are read as what they are."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

from sfumato.hub import ModelConfig, load, new_model, with_control_branch
from sfumato.hub.checkpoints import Checkpoint, open_checkpoint, write_folder
from sfumato.hub.config import renamed_fields
from sfumato.hub.control_branch import add_control_branch, write_control_branch
from sfumato.hub.deltas import ADDED, PACKED, SCALE
from sfumato.hub.zoo import ZOO, zoo_names
from sfumato.nets import (
    ConditionConfig,
    DiTConfig,
    FeaturesConfig,
    MLPConfig,
    NetConfig,
    TextConfig,
    UNetConfig,
    build,
)
from sfumato.nets.renames import renamed
from sfumato.strict import fit

# Of each network, the names of its weights before any was renamed, in their order.
BEFORE: dict[str, list[str]] = json.loads((Path(__file__).parents[1] / "names_before.json").read_text())
EDGES, SKETCH = (ConditionConfig(name, "image", 1, computed=True) for name in ("edges", "sketch"))
NUMBER, VECTOR = ConditionConfig("n", "number", 1, (0.0,), (1.0,)), ConditionConfig("v", "vector", 2)
PROMPTS, FEATURES = TextConfig(300, 4, 16, 1, 2), FeaturesConfig("e", "w", 8, 4, 16)
NETS: dict[str, NetConfig] = {
    "unet": UNetConfig(
        1,
        2,
        widths=(16, 16),
        attention=(1,),
        text=PROMPTS,
        positional_encoding=True,
        conditions=(EDGES, NUMBER, VECTOR),
        control_branch=SKETCH,
    ),
    "unet, features": UNetConfig(1, 2, widths=(16, 16), attention=(1,), text=FEATURES),
    "dit": DiTConfig(1, 2, width=16, depth=2, heads=2, text=PROMPTS, conditions=(EDGES, NUMBER)),
    "dit, features": DiTConfig(1, 0, width=16, depth=2, heads=2, text=FEATURES),
    "mlp": MLPConfig(2, 2, width=8, blocks=2),
}
KINDS = pytest.mark.parametrize("kind", list(NETS))


@KINDS
@pytest.mark.parametrize("prefix, suffix", [("", ""), ("1/", ""), ("net.", ""), ("", "/exp_avg")])
def test_every_name_of_before_is_the_same_weight_now(kind: str, prefix: str, suffix: str) -> None:
    now = [f"{prefix}{name}{suffix}" for name in build(NETS[kind]).state_dict()]
    before = {f"{prefix}{name}{suffix}": torch.tensor(number) for number, name in enumerate(BEFORE[kind])}
    found = renamed(before)
    assert {name: int(value) for name, value in found.items()} == {name: number for number, name in enumerate(now)}


@KINDS
def test_names_of_now_stay(kind: str) -> None:
    weights = build(NETS[kind]).state_dict()
    assert list(renamed(weights)) == list(weights)


@KINDS
def test_adapters_of_before_belong_to_the_same_layers(kind: str) -> None:
    def layers(names: list[str]) -> list[str]:
        return [name.removesuffix(".weight") for name in names if name.endswith(".weight")]

    before = {f"{layer}.lora_A.default.weight": torch.empty(0) for layer in layers(BEFORE[kind])}
    assert set(renamed(before)) == {
        f"{layer}.lora_A.default.weight" for layer in layers([*build(NETS[kind]).state_dict()])
    }


@pytest.mark.parametrize("name", zoo_names())
def test_shipped_models_have_every_tensor_of_their_files(name: str) -> None:
    stored = safetensors.torch.load_file(ZOO / name / "model.safetensors")
    weights = load(name).denoiser.net.state_dict()
    added = [one for one in stored if one.endswith((ADDED, PACKED))]  # to another model's (see deltas.py)
    whole = {one: value for one, value in stored.items() if one not in added and not one.endswith(SCALE)}
    assert len(weights) == len(whole) + len(added)
    for own, value in renamed(whole).items():
        assert torch.equal(weights[own], value.float())


def test_a_checkpoint_says_under_which_names_it_was_written(tmp_path: Path) -> None:
    """A network of a user's own may have any names, and none of them is taken for one of before."""
    tensors = {"enter.weight": torch.ones(2), "leave.rise.weight": torch.zeros(1)}
    write_folder(tmp_path / "own", {"ema.safetensors": tensors}, {"step": 1})
    own = open_checkpoint(tmp_path / "own")
    assert own is not None and own.read("ema.safetensors").keys() == tensors.keys()
    hashes = {"ema.safetensors": hashlib.sha256((tmp_path / "own" / "ema.safetensors").read_bytes()).hexdigest()}
    before = Checkpoint(tmp_path / "own", {"step": 1, "files": hashes})
    assert before.read("ema.safetensors").keys() == {"proj_in.weight", "proj_out.fc1.weight"}


def test_a_config_of_before_is_read() -> None:
    written = {"channels": 1, "kind": "unet", "places": True, "branch": {"name": "edges", "kind": "image"}}
    config = fit(UNetConfig, renamed_fields(written, "net"), "config.json")
    assert config == UNetConfig(1, positional_encoding=True, control_branch=ConditionConfig("edges", "image"))
    assert renamed_fields({"net": written}, "model")["net"] == renamed_fields(written, "net")


def test_a_control_branch_of_before_is_read(tmp_path: Path) -> None:
    base = new_model(ModelConfig((1, 8, 8), UNetConfig(1, widths=(16, 16))))
    model = add_control_branch(base, EDGES, seed=1)
    weights = {name: torch.randn_like(value) for name, value in model.denoiser.net.state_dict().items()}
    write_control_branch(tmp_path, weights, EDGES, "base")
    stored = safetensors.torch.load_file(tmp_path / "model.safetensors")
    content = json.loads((tmp_path / "config.json").read_bytes())
    now = with_control_branch(base, tmp_path).denoiser.net.state_dict()
    before = {name.replace("zero_convs", "leave").replace("image.conv", "image.enter"): v for name, v in stored.items()}
    assert before.keys() != stored.keys()
    safetensors.torch.save_file(before, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"base": content["base"], "sees": content["control"]}))
    again = with_control_branch(base, tmp_path).denoiser.net.state_dict()
    assert all(torch.equal(value, again[name]) for name, value in now.items())
    assert torch.equal(again["control_branch.image.conv.weight"], weights["control_branch.image.conv.weight"])
