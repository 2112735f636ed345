"""Low-rank adapters as the files that other programs read: diffusers' `load_lora_weights`, and ComfyUI's and A1111's.

adapter/pytorch_lora_weights.safetensors   in the names of diffusers and PEFT
adapter/kohya.safetensors                  in those of kohya's trainer, with an alpha a layer
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from sfumato.files import replace_file

DIFFUSERS, KOHYA = "pytorch_lora_weights.safetensors", "kohya.safetensors"
# A network's class → what diffusers calls that part of a pipeline
PARTS = {"UNet2DConditionModel": "unet", "UNet2DModel": "unet"}
TRANSFORMER = "transformer"
Layers = Mapping[str, Mapping[str, Tensor]]  # of each layer, its `up` and `down`


def diffusers_tensors(layers: Layers, architecture: str) -> dict[str, Tensor]:
    """The adapters as diffusers names them: unet.LAYER.lora_A.weight is `down`, lora_B `up`."""
    part, found = PARTS.get(architecture, TRANSFORMER), {}
    for name, own in layers.items():
        found[f"{part}.{name}.lora_A.weight"] = own["down"]
        found[f"{part}.{name}.lora_B.weight"] = own["up"]
    return found


def kohya_tensors(layers: Layers, architecture: str) -> dict[str, Tensor]:
    """The adapters as kohya's trainer names them: lora_unet_LAYER.lora_down.weight, lora_up, and alpha."""
    start, found = f"lora_{PARTS.get(architecture, TRANSFORMER)}_", {}
    for name, own in layers.items():
        plain = f"{start}{name.replace('.', '_')}"
        found[f"{plain}.lora_down.weight"] = own["down"]
        found[f"{plain}.lora_up.weight"] = own["up"]
        # What is added is alpha/rank·up·down; ours has no other scale than the matrices'.
        found[f"{plain}.alpha"] = own.get("alpha", torch.tensor(float(len(own["down"]))))
    return found


def write_adapters(folder: Path, layers: Layers, architecture: str, base: str) -> list[Path]:
    """Write both files into `folder`, of adapters trained for the pipeline `base`; returns their paths."""
    rank = max(len(own["down"]) for own in layers.values())
    about = {
        "format": "pt", "ss_network_module": "networks.lora", "ss_network_dim": str(rank),
        "ss_network_alpha": str(float(rank)), "ss_sd_model_name": Path(base).name,
        "ss_network_args": json.dumps({}),
    }  # fmt: skip
    contents = {
        DIFFUSERS: safetensors.torch.save(_kept(diffusers_tensors(layers, architecture)), {"format": "pt"}),
        KOHYA: safetensors.torch.save(_kept(kohya_tensors(layers, architecture)), about),
    }
    for name, content in contents.items():
        replace_file(folder / name, content)
    return [folder / name for name in contents]


def _kept(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().float().cpu().contiguous() for name, value in tensors.items()}
