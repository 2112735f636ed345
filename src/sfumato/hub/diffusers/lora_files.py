"""Low-rank adapters as the files that other programs read: diffusers' `load_lora_weights`, and ComfyUI's and A1111's.

adapter/pytorch_lora_weights.safetensors   in the names of diffusers and PEFT
adapter/kohya.safetensors                  in those of kohya's trainer, with an alpha a layer; of SDXL the original's
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from sfumato.files import replace_file
from sfumato.hub.diffusers.original_names import original_name
from sfumato.nets.diffusers import DiffusersConfig

DIFFUSERS, KOHYA = "pytorch_lora_weights.safetensors", "kohya.safetensors"
# A network's class → what diffusers calls that part of a pipeline
PARTS = {"UNet2DConditionModel": "unet", "UNet2DModel": "unet"}
TRANSFORMER = "transformer"
WIDTH_OF_SD2 = 1024  # of a token's features
Layers = Mapping[str, Mapping[str, Tensor]]  # of each layer, its `up` and `down`


def diffusers_tensors(layers: Layers, architecture: str) -> dict[str, Tensor]:
    """The adapters as diffusers names them: unet.LAYER.lora_A.weight is `down`, lora_B `up`."""
    part, found = PARTS.get(architecture, TRANSFORMER), {}
    for name, own in layers.items():
        found[f"{part}.{name}.lora_A.weight"] = own["down"]
        found[f"{part}.{name}.lora_B.weight"] = own["up"]
    return found


def kohya_tensors(layers: Layers, net: DiffusersConfig) -> dict[str, Tensor]:
    """The adapters as kohya's trainer names them: lora_unet_LAYER.lora_down.weight, lora_up, and alpha."""
    start, found = f"lora_{PARTS.get(net.architecture, TRANSFORMER)}_", {}
    for name, own in layers.items():
        plain = name.replace(".", "_")
        if is_xl(net):
            plain = original_name(plain, int(net.arguments.get("layers_per_block", 2)))
        plain = f"{start}{plain}"
        found[f"{plain}.lora_down.weight"] = own["down"]
        found[f"{plain}.lora_up.weight"] = own["up"]
        # What is added is alpha/rank·up·down; ours has no other scale than the matrices'.
        found[f"{plain}.alpha"] = own.get("alpha", torch.tensor(float(len(own["down"]))))
    return found


def is_xl(net: DiffusersConfig) -> bool:
    """Whether it is SDXL's UNet, which is told the size of pictures."""
    return net.arguments.get("addition_embed_type") == "text_time"


def write_adapters(folder: Path, layers: Layers, net: DiffusersConfig, base: str) -> list[Path]:
    """Write both files into `folder`, of adapters of `net`, trained for the pipeline `base`; returns their paths."""
    rank = max(len(own["down"]) for own in layers.values())
    about = {
        "format": "pt", "ss_network_module": "networks.lora", "ss_network_dim": str(rank),
        "ss_network_alpha": str(float(rank)), "ss_sd_model_name": Path(base).name,
        "ss_network_args": json.dumps({}), "ss_v2": str(net.arguments.get("cross_attention_dim") == WIDTH_OF_SD2),
    }  # fmt: skip
    if is_xl(net):
        about["ss_base_model_version"] = "sdxl_base_v1-0"  # by which A1111 tells what they are for
    contents = {
        DIFFUSERS: safetensors.torch.save(_kept(diffusers_tensors(layers, net.architecture)), {"format": "pt"}),
        KOHYA: safetensors.torch.save(_kept(kohya_tensors(layers, net)), about),
    }
    for name, content in contents.items():
        replace_file(folder / name, content)
    return [folder / name for name in contents]


def _kept(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().float().cpu().contiguous() for name, value in tensors.items()}
