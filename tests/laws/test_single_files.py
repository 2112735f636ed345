"""A checkpoint of Stable Diffusion in one file, upon another model's folder, is the model whose weights it holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

from pipelines import SD_NOISE, noise, stable_diffusion
from sfumato.errors import SfumatoError
from sfumato.hub import load

RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
          "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}  # fmt: skip
# Of the tiny UNet, where each block of diffusers is in the original's list.
BLOCKS = {
    "down_blocks.0.resnets.0": "input_blocks.1.0", "down_blocks.0.downsamplers.0.conv": "input_blocks.2.0.op",
    "down_blocks.1.resnets.0": "input_blocks.3.0", "down_blocks.1.attentions.0": "input_blocks.3.1",
    "mid_block.resnets.0": "middle_block.0", "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
    "up_blocks.0.resnets.0": "output_blocks.0.0", "up_blocks.0.attentions.0": "output_blocks.0.1",
    "up_blocks.0.resnets.1": "output_blocks.1.0", "up_blocks.0.attentions.1": "output_blocks.1.1",
    "up_blocks.0.upsamplers.0": "output_blocks.1.2", "up_blocks.1.resnets.0": "output_blocks.2.0",
    "up_blocks.1.resnets.1": "output_blocks.3.0", "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2", "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0",
    "conv_out": "out.2",
}  # fmt: skip
ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def original(pipe: Any) -> dict[str, Tensor]:
    """The weights of a pipeline in the original repository's names."""
    found = {}
    for name, value in pipe.unet.state_dict().items():
        start = max((block for block in BLOCKS if name.startswith(f"{block}.")), key=len)
        rest = name.removeprefix(f"{start}.")
        if ".resnets." in start:
            layer, _, end = rest.partition(".")
            rest = f"{RESNET[layer]}.{end}"
        found[f"model.diffusion_model.{BLOCKS[start]}.{rest}"] = value
    for name, value in pipe.vae.state_dict().items():
        if attention := re.match(r"(.*)mid_block\.attentions\.0\.(.*)\.(weight|bias)", name):
            layer = ATTENTION[attention[2]]
            found[f"first_stage_model.{attention[1]}mid.attn_1.{layer}.{attention[3]}"] = (
                value[..., None, None] if value.ndim == 2 else value
            )
            continue
        for pattern, words in (
            (r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}"),
            (r"down_blocks\.(\d)\.resnets\.(\d)", lambda m: f"down.{m[1]}.block.{m[2]}"),
            (r"down_blocks\.(\d)\.downsamplers\.0", lambda m: f"down.{m[1]}.downsample"),
            (r"up_blocks\.(\d)\.resnets\.(\d)", lambda m: f"up.{1 - int(m[1])}.block.{m[2]}"),
            (r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{1 - int(m[1])}.upsample"),
            (r"conv_shortcut", lambda m: "nin_shortcut"),
            (r"conv_norm_out", lambda m: "norm_out"),
        ):
            name = re.sub(pattern, words, name)
        found[f"first_stage_model.{name}"] = value
    for name, value in pipe.text_encoder.state_dict().items():
        plain = name.removeprefix("text_model.")
        found[f"cond_stage_model.transformer.text_model.{plain}"] = value
    return {name: value.contiguous().clone() for name, value in found.items()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models, `one` and `other`, and the latter in one file too."""
    from diffusers import DDIMScheduler, StableDiffusionPipeline

    place = tmp_path_factory.mktemp("files")
    scheduler = DDIMScheduler(**SD_NOISE, clip_sample=False, steps_offset=1)
    stable_diffusion(place / "one", scheduler)
    pipe = StableDiffusionPipeline.from_pretrained(place / "one")
    for part in (pipe.unet, pipe.vae, pipe.text_encoder):
        generator = torch.Generator().manual_seed(5)
        for weight in part.parameters():
            weight.data.add_(torch.randn(weight.shape, generator=generator), alpha=0.05)
    pipe.save_pretrained(place / "other")
    safetensors.torch.save_file(original(pipe), place / "other.safetensors")
    return place


def test_the_weights_of_one_file_are_those_of_its_folder(place: Path) -> None:
    found, expected = load(f"{place / 'one'}+{place / 'other.safetensors'}"), load(place / "other")
    for ours, theirs in zip(found.denoiser.parameters(), expected.denoiser.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    asked: dict[str, Any] = {"prompts": "a red cat", "start": noise((1, 4, 8, 8)), "steps": 3}
    assert torch.equal(found.sample(**asked), expected.sample(**asked))
    assert found.weights_hash != load(place / "one").weights_hash


def test_a_file_of_another_kind_is_refused(place: Path, tmp_path: Path) -> None:
    tensors = safetensors.torch.load_file(place / "other.safetensors")
    newer = {name.replace("cond_stage_model.transformer", "conditioner.embedders.0"): v for name, v in tensors.items()}
    safetensors.torch.save_file(newer, tmp_path / "xl.safetensors")
    with pytest.raises(SfumatoError, match=r"isn't laid out as Stable Diffusion 1\.x is"):
        load(f"{place / 'one'}+{tmp_path / 'xl.safetensors'}")
    tensors["model.diffusion_model.input_blocks.0.0.weight"] = torch.zeros(16, 4, 3, 3)
    safetensors.torch.save_file(tensors, tmp_path / "wide.safetensors")
    with pytest.raises(SfumatoError, match=r"conv_in.weight is 16×4×3×3 there and 8×4×3×3 in the network"):
        load(f"{place / 'one'}+{tmp_path / 'wide.safetensors'}")
    with pytest.raises(SfumatoError, match=r"FOLDER\+other.safetensors"):
        load(place / "other.safetensors")
