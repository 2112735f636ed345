"""Low-rank adapters (Hu et al. 2021, "LoRA"), by PEFT: small matrices beside frozen weights are all that is trained.

Every linear layer and convolution between the first and the last becomes `W + B·A`, where A has `rank` rows and B
starts at zero, so that the network answers as before; of pipelines of diffusers, the layers of their transformers
alone. The classes' embedding, of which a fine-tuned model may have new rows, is trained whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.files import replace_file
from sfumato.hub.diffusers.lora_files import DIFFUSERS
from sfumato.nets.diffusers import DiffusersNet
from sfumato.nets.protocol import adaptable_layers, parts_of
from sfumato.seeds import seeded

ADAPTER = "adapter"  # the folder of a run that holds one
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"  # the files of an adapter, as PEFT names them
# Adapters take a higher learning rate than whole weights. On digits (0 to 4, then 5 to 9; 6,000 images,
# rank 8, Muon) 1, 3 and 10 times the usual came to Fréchet ratios of 2.3, 1.1 and 25; whole weights, at 1, to 0.9.
FASTER = 3.0
_NAME = "default"  # PEFT lets a network have several adapters; ours has one
_PREFIX = "base_model.model."  # of the names in PEFT's files


def add_adapters(net: nn.Module, rank: int, seed: int) -> None:
    """Freeze `net` and give it adapters of `rank`, in place; they are a function of its layers and `seed`.

    Raises SfumatoError where PEFT is missing, or where `rank` is no less than the narrowest layer's: nothing is saved.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise SfumatoError("adapters need the library peft: pip install 'sfumato[lora]'.") from error
    layers = adaptable_layers(net)
    if isinstance(net, DiffusersNet) and net.config.text is not None:
        # As kohya's and diffusers' trainers do, what reads the prompt: transformers' linear layers.
        layers = {path: layer for path, layer in layers.items() if _attends(path) and _matrix(layer)}
    if not layers:
        raise SfumatoError("the network has no linear layer or convolution between its ends that could be adapted.")
    narrowest = min(min(layer.weight.flatten(1).shape) for layer in layers.values())
    if not 1 <= rank < narrowest:
        raise SfumatoError(
            f"the rank of adapters lies between 1 and {narrowest - 1} here, where the narrowest layer has {narrowest} "
            f"channels, got {rank}; 4 or 8 is usual."
        )
    condition = parts_of(net).condition
    embeddings = [] if condition is None or condition.label is None else [condition.label]
    trained_whole = [path for path, module in net.named_modules() if any(module is one for one in embeddings)] or None
    # alpha = rank: B·A as it is, so that a learning rate means the same for any rank
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=list(layers), modules_to_save=trained_whole)
    with seeded("adapters", seed):
        inject_adapter_in_model(config, net, _NAME)


def _attends(path: str) -> bool:
    """Whether the layer at `path` is in one of the transformers of a network of diffusers."""
    return any(part in path for part in (".attentions.", "transformer_blocks."))


def _matrix(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Linear) or layer.kernel_size == (1, 1)


def plain_weights(net: nn.Module) -> dict[str, Tensor]:
    """The weights of `net` under its own names, the adapters, if it has any, added to what they adapt."""
    if not hasattr(net, "peft_config"):
        return net.state_dict()
    plain = {}
    for path, value in net.state_dict().items():
        if ".lora_" not in path and ".original_module." not in path:
            plain[path.replace(".base_layer.", ".").replace(f".modules_to_save.{_NAME}.", ".")] = value
    with torch.no_grad():
        for path, layer in net.named_modules():
            if hasattr(layer, "get_delta_weight"):
                plain[f"{path}.weight"] = plain[f"{path}.weight"] + layer.get_delta_weight(_NAME)
    return plain


def trained_weights(net: nn.Module) -> dict[str, Tensor]:
    """What a network with adapters trains, by its names in there."""
    return {path: weight for path, weight in net.named_parameters() if ".lora_" in path or ".modules_to_save." in path}


def restore_trained(net: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put back, in place, what `trained_weights` held."""
    weights = trained_weights(net)
    if weights.keys() != tensors.keys() or any(weights[name].shape != tensors[name].shape for name in weights):
        raise SfumatoError("the checkpoint's adapters don't fit config.json; restore the config that they came with.")
    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(tensors[name])


def adapter_words(folder: Path) -> str | None:
    """Where an adapter lies and how large it is, in words; None where there is none."""
    for names in ((WEIGHTS, CONFIG), (DIFFUSERS,)):
        with suppress(OSError):
            size = sum((folder / name).stat().st_size for name in names)
            return f"{folder} ({size / 1000:,.0f} kB)"
    return None


def write_adapter(folder: Path, net: nn.Module, base: str) -> None:
    """Write the adapters of `net` in PEFT's format, made for the model at `base`.

    `PeftModel.from_pretrained(network, folder)` reads them.
    """
    from peft import get_peft_model_state_dict

    tensors = get_peft_model_state_dict(net, adapter_name=_NAME, save_embedding_layers=False)  # "auto" asks the Hub
    named = {f"{_PREFIX}{name}": value.detach().cpu().contiguous() for name, value in tensors.items()}
    config: Any = net.peft_config[_NAME]  # type: ignore[index]
    about = {**config.to_dict(), "base_model_name_or_path": base, "inference_mode": True}
    replace_file(folder / CONFIG, (json.dumps(about, indent=2, default=sorted) + "\n").encode())  # sets, sorted
    replace_file(folder / WEIGHTS, safetensors.torch.save(named, {"format": "pt"}))
