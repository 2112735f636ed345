"""A checkpoint of Stable Diffusion in one file, upon another model's folder, is the model whose weights it holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from safetensors import safe_open
from torch import Tensor

from pipelines import ddim_folder, noise, stable_diffusion
from sfumato.errors import SfumatoError
from sfumato.hub import load
from sfumato.hub.diffusers.single_file_names import unet_name
from sfumato.hub.diffusers.single_file_writing import export_file

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
    from diffusers import StableDiffusionPipeline

    place = tmp_path_factory.mktemp("files")
    stable_diffusion(place / "one")
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


def test_a_model_goes_out_as_one_file_and_comes_in_again_bit_for_bit(place: Path, tmp_path: Path) -> None:
    """With an adapter too, whose weights are in the file; by the names that are written down above."""
    up, down = noise((16, 2), 1), noise((2, 16), 2)
    layer = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.lora_"
    safetensors.torch.save_file({f"{layer}A.weight": down, f"{layer}B.weight": up}, tmp_path / "style.safetensors")
    model = load(f"{place / 'other'}+{tmp_path / 'style.safetensors'}:0.5")
    (file,) = export_file(model, tmp_path / "file", "dream")
    known, found = safetensors.torch.load_file(place / "other.safetensors"), safetensors.torch.load_file(file)
    assert known.keys() == found.keys()
    changed = [name for name, value in known.items() if not torch.equal(value, found[name])]
    assert changed == ["model.diffusion_model.input_blocks.3.1.transformer_blocks.0.attn1.to_q.weight"]
    again = load(f"{place / 'one'}+{file}")
    for ours, theirs in zip(again.denoiser.parameters(), model.denoiser.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    asked: dict[str, Any] = {"prompts": "a red cat", "start": noise((1, 4, 8, 8)), "steps": 2}
    assert torch.equal(again.sample(**asked), model.sample(**asked))
    with safe_open(str(file), "pt") as opened:
        about = opened.metadata()
    assert about["modelspec.architecture"] == "stable-diffusion-v1" and about["modelspec.title"] == "dream"
    assert about["modelspec.resolution"] == "16x16" and about["modelspec.prediction_type"] == "epsilon"


def test_names_in_the_shape_of_stable_diffusion_are_the_original_repositorys() -> None:
    """As diffusers' own converter reads them; some are written down here, as ComfyUI looks for them."""
    from diffusers import UNet2DConditionModel
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint

    with torch.device("meta"):
        unet = UNet2DConditionModel(block_out_channels=(32, 64, 128, 128), cross_attention_dim=32)
    attention = ["Attn" in kind for kind in unet.config["up_block_types"]]
    weights = unet.state_dict()
    named = {f"model.diffusion_model.{unet_name(name, 2, attention)}": name for name in weights}
    assert len(named) == 686 == len(weights)
    for name in ("time_embed.2.bias", "input_blocks.3.0.op.weight", "input_blocks.11.0.out_layers.3.weight",
                 "middle_block.1.transformer_blocks.0.attn2.to_k.weight", "output_blocks.2.1.conv.weight",
                 "output_blocks.5.2.conv.weight", "output_blocks.11.1.proj_out.weight", "out.2.weight"):  # fmt: skip
        assert f"model.diffusion_model.{name}" in named
    read = convert_ldm_unet_checkpoint({name: weights[own] for name, own in named.items()}, config=dict(unet.config))
    assert read.keys() == weights.keys()
    assert all(read[own] is weights[own] for own in named.values())


def test_what_has_no_such_layout_is_not_written_as_one_file(place: Path, tmp_path: Path) -> None:
    for model in (load(ddim_folder(tmp_path / "ddim")), load("digits")):
        with pytest.raises(SfumatoError, match=r"is no Stable Diffusion 1\.x, .* export it as a folder"):
            export_file(model, tmp_path / "file", "dream")
    assert not (tmp_path / "file").exists()


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
