"""The transformer: what a network has to be, and everything generic that is done with one."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import onnxruntime
import pytest
import torch
from torch import Tensor

from sfumato.data import Dataset
from sfumato.errors import SfumatoError
from sfumato.hub import ModelConfig, load, new_model
from sfumato.hub.config import read_config
from sfumato.hub.onnx import graph_onnx
from sfumato.nets import DiT, DiTConfig, FeaturesConfig, TextConfig, dit_config
from sfumato.nets.dit import apply_rope, rotary_angles
from sfumato.training import TrainingConfig, model_for, model_from, start_run, train
from sfumato.training.finetuning import moved_attention
from sfumato.training.optimizers import make_optimizers
from tiny import TINY, blobs, resumes_exactly

CPU = torch.device("cpu")
SMALL = DiTConfig(1, classes=3, width=32, depth=2, heads=2, patch=2)
WORDS = TextConfig(50, 8, width=32)
FEATURES = FeaturesConfig("some-encoder", "0" * 64, features=12, length=8, width=32)
TOLD = {
    "tokens": torch.tensor([[4, 6, 9]]),
    "features": torch.randn(1, 3, 12, generator=torch.Generator().manual_seed(5)),
}


def wake(net: torch.nn.Module) -> torch.nn.Module:
    """Networks start as zero maps; give every weight a value, so that each part shows in the output."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return net


def said() -> Dataset:
    """Pictures with captions as well as classes."""
    words = ["a red heart", "a blue heart", "the red circle", "blue circles", ""]
    return replace(blobs(), captions=[words[number % 5] for number in range(len(blobs()))])


def reading(kind: str) -> torch.nn.Module:
    return wake(DiT(replace(SMALL, text=WORDS if kind == "tokens" else FEATURES))).eval()


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("patch", [1, 2, 4])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 7, 9), (1, 33, 17), (3, 4, 64)], ids=str)
def test_any_size_comes_back_as_it_is(shape: tuple[int, int, int], patch: int) -> None:
    net = wake(DiT(replace(SMALL, channels=shape[0], patch=patch)))
    out = net(noise(2, *shape), torch.zeros(2), torch.tensor([0, 2]))
    assert out.shape == (2, *shape) and out.isfinite().all()


@pytest.mark.parametrize("text", [None, WORDS, FEATURES], ids=["none", "tokens", "features"])
def test_a_fresh_network_answers_zero(text: TextConfig | FeaturesConfig | None) -> None:
    assert DiT(replace(SMALL, text=text))(torch.ones(1, 1, 8, 8), torch.zeros(1)).abs().max() == 0


@pytest.mark.parametrize("kind", TOLD)
def test_level_class_and_words_reach_the_output_and_no_prompt_is_one_of_zeros(kind: str) -> None:
    net, x, told = reading(kind), noise(1, 1, 8, 8), TOLD[kind]
    here, label = torch.zeros(1), torch.tensor([1])
    base = net(x, here, label, told)
    others = [
        net(x, torch.tensor([0.01]), label, told),
        net(x, here, torch.tensor([2]), told),
        net(x, here, label, told.flip(1) if kind == "tokens" else 2 * told.roll(1, 2)),
        net(x, here, label),
    ]
    for other in others:
        assert not torch.allclose(other, base, atol=1e-5)
    assert torch.equal(net(x, here, None, told), net(x, here, torch.tensor([3]), told))
    for tokens in (1, 8):
        nothing = net(x, here, label, torch.zeros_like(told[:, :1]).repeat_interleave(tokens, 1))
        torch.testing.assert_close(nothing, net(x, here, label), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", TOLD)
def test_padding_and_batch_mates_change_nothing(kind: str) -> None:
    net, told = reading(kind), TOLD[kind]
    padded = torch.cat([told, torch.zeros_like(told[:, :1]).repeat_interleave(5, 1)], 1)
    mate = padded.flip(1).roll(3, 1) if kind == "tokens" else noise(1, 8, 12)
    x, levels, labels = noise(2, 1, 7, 9), torch.tensor([0.3, -1.0]), torch.tensor([1, 3])
    alone = net(x[:1], levels[:1], labels[:1], told)
    torch.testing.assert_close(net(x[:1], levels[:1], labels[:1], padded), alone, rtol=0, atol=1e-5)
    together = net(x, levels, labels, torch.cat([padded, mate]))
    torch.testing.assert_close(together[:1], alone, rtol=0, atol=1e-5)


def test_attention_knows_how_far_apart_patches_lie_and_the_network_where() -> None:
    angles = rotary_angles(5, 4, 16, CPU)
    query, key = noise(20, 16), noise(20, 16, seed=2)
    products = apply_rope(query[:1], angles) @ apply_rope(key[:1], angles).T  # one query and key, at all places
    grid = products.reshape(5, 4, 5, 4)
    torch.testing.assert_close(grid[0, 0, 2, 1], grid[1, 2, 3, 3])
    assert not torch.isclose(grid[0, 0, 2, 1], grid[0, 0, 1, 2], atol=1e-4)
    net = wake(DiT(SMALL)).eval()
    x = noise(1, 1, 8, 8)
    assert not torch.allclose(net(x.flip(-1), torch.zeros(1)).flip(-1), net(x, torch.zeros(1)), atol=1e-4)
    one = torch.zeros(1, 1, 8, 8, requires_grad=True)
    net(one, torch.zeros(1))[0, 0, 0, 0].backward()
    assert one.grad is not None and one.grad[0, 0, -1, -1].abs() > 0


def test_bfloat16_stays_near_float32() -> None:
    net, told = reading("tokens"), TOLD["tokens"].expand(2, -1)
    x = noise(2, 1, 8, 8)
    full = net(x, torch.zeros(2), None, told)
    with torch.autocast("cpu", torch.bfloat16):
        half = net(x, torch.zeros(2), None, told).float()
    assert ((half - full).norm() / full.norm()) < 0.05


@pytest.mark.parametrize("kind", TOLD)
def test_onnx_answers_alike_at_any_batch_size(kind: str) -> None:
    net, told = reading(kind), TOLD[kind]
    inputs = {
        "x": torch.zeros(2, 1, 9, 8), "c_noise": torch.zeros(2), "label": torch.zeros(2, dtype=torch.int64),
        "text": told.expand(2, *told.shape[1:]).contiguous(),
    }  # fmt: skip
    batch = torch.export.Dim("batch", min=1, max=64)
    graph = onnxruntime.InferenceSession(graph_onnx(net, inputs, tuple({0: batch} for _ in inputs), ["answer"]))
    for count in (1, 5):
        text = told.expand(count, *told.shape[1:]).clone()
        text[-1, 1:] = 0
        given = (noise(count, 1, 9, 8), noise(count, seed=3), torch.arange(count) % 4, text)
        theirs = graph.run(None, dict(zip(inputs, (value.numpy() for value in given), strict=True)))[0]
        with torch.no_grad():
            torch.testing.assert_close(torch.from_numpy(theirs), net(*given), rtol=0, atol=1e-4)


def test_sizes_are_chosen_by_name_and_patches_by_the_pixels() -> None:
    patches = {(1, 8, 8): 1, (3, 16, 16): 1, (3, 28, 28): 2, (3, 32, 32): 2, (3, 48, 64): 4, (1, 4, 1024): 4}
    for shape, patch in patches.items():
        assert dit_config("dit-tiny", shape).patch == patch
    with pytest.raises(SfumatoError, match="did you mean 'dit-small'"):
        dit_config("dit-smal", (3, 32, 32))
    with pytest.raises(SfumatoError, match="nearest size it takes is 4×8"):
        dit_config("dit-nano", (3, 2, 8))
    with pytest.raises(SfumatoError, match="patches of 2×2 pixels and can't take 1×8"):
        SMALL.check(1, 8)
    assert isinstance(model_for(blobs(), "dit-nano").net, DiTConfig)
    with pytest.raises(SfumatoError, match="did you mean 'dit-nano'"):
        model_for(blobs(), "dit-nan")


def test_muon_takes_the_matrices_and_leaves_what_carries_the_condition() -> None:
    net = DiT(replace(SMALL, text=WORDS))
    adamw, muon = make_optimizers("muon", net, [], 1e-3, 0.0)
    taken = {id(weight) for group in muon.param_groups for weight in group["params"]}
    named = {name for name, weight in net.named_parameters() if id(weight) in taken}
    assert {"blocks.0.image.qkv.weight", "blocks.1.image.fc2.weight", "blocks.0.text.out.weight"} <= named
    assert not any(part in name for name in named for part in ("modulate", "condition", "proj_in", "proj_out", "bias"))
    assert len(named) + sum(len(group["params"]) for group in adamw.param_groups) == len(list(net.parameters()))


def test_training_goes_on_bit_for_bit_and_draws_what_is_asked(tmp_path: Path) -> None:
    data = said()
    model = model_for(data, "dit-nano")
    model = replace(model, net=replace(model.net, width=32, depth=2, patch=2))  # type: ignore[arg-type]
    config = TrainingConfig("blobs", images=16 * 8, batch=16, previews=1, low_resolution=0.5, held_out=0.2)
    resumes_exactly(tmp_path, data, config, model, stop_at=5)
    losses = [json.loads(line)["loss"] for line in (tmp_path / "whole" / "metrics.jsonl").open()]
    assert losses and all(map(math.isfinite, losses))
    assert read_config(tmp_path / "whole" / "config.json") == model

    drawn = load(tmp_path / "whole")
    wake(drawn.denoiser.net)
    prompts = ["a red heart", "blue circles"]
    both = drawn.sample([1, 2], [0, 1], prompts=prompts, steps=3, guidance=2.0)
    alone = drawn.sample([2], [1], prompts=prompts[1:], steps=3, guidance=2.0)
    torch.testing.assert_close(both[1:], alone, rtol=1e-3, atol=1e-3)
    assert not torch.allclose(both, drawn.sample([1, 2], [0, 1], prompts=prompts[::-1], steps=3, guidance=2.0))
    unconditional = drawn.sample([1, 2], steps=3)
    assert torch.equal(drawn.sample([1, 2], [0, 1], prompts=prompts, steps=3, guidance=0.0), unconditional)


def test_a_trained_one_is_tuned_at_another_size_whole_or_by_adapters(tmp_path: Path) -> None:
    source = new_model(ModelConfig((1, 8, 8), SMALL, TINY.classes))
    wake(source.denoiser.net)
    source.source = "grown"
    data = blobs()
    larger = replace(data, samples=data.samples.repeat(2, 2).repeat(2, 3)[:, :, :13, :15])
    model = model_from(source, larger)
    x = noise(2, 1, 13, 15)
    with torch.no_grad():
        assert torch.equal(model.denoiser.net(x, torch.zeros(2)), source.denoiser.net(x, torch.zeros(2)))
    told = moved_attention(source, larger)
    assert told is not None and "4×4" in told and "7×8" in told
    before = {name: value.clone() for name, value in model.denoiser.net.state_dict().items()}
    config = TrainingConfig("blobs", images=16 * 3, batch=16, previews=0, lora=4)
    list(train(tmp_path / "lora", start_run(tmp_path / "lora", larger, config, model, CPU)))
    after = load(tmp_path / "lora", weights="raw").denoiser.net.state_dict()
    assert torch.equal(after["proj_out.weight"], before["proj_out.weight"])
    assert not torch.equal(after["blocks.0.image.qkv.weight"], before["blocks.0.image.qkv.weight"])
