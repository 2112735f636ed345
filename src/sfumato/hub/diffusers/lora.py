"""Low-rank adapters that others trained, added to the weights of a pipeline: files of diffusers, of PEFT and of kohya.

An adapter of a layer is `up` and `down`, and adds `weight·alpha/rank·up·down` to what the layer multiplies by. Text
encoders may have some too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from sfumato.data.signatures import signature
from sfumato.errors import SfumatoError
from sfumato.hub.checkpoints import check_finite
from sfumato.hub.diffusers.original_names import diffusers_name
from sfumato.hub.diffusers.texts import PipelineText
from sfumato.hub.model import Model
from sfumato.nets.diffusers import DiffusersConfig, DiffusersNet

MAX_WEIGHT = 10.0
# How the names of its tensors end → which of them that is.
ENDS = {
    ".lora_A.weight": "down", ".lora_A.default.weight": "down", ".lora.down.weight": "down",
    "_lora.down.weight": "down", ".lora_linear_layer.down.weight": "down", ".lora_down.weight": "down",
    ".lora_B.weight": "up", ".lora_B.default.weight": "up", ".lora.up.weight": "up", "_lora.up.weight": "up",
    ".lora_linear_layer.up.weight": "up", ".lora_up.weight": "up", ".alpha": "alpha",
}  # fmt: skip
NETWORK = ("unet.", "transformer.", "lora_unet_", "lora_transformer_", "base_model.model.")
TEXTS = {"text_encoder.": 0, "lora_te_": 0, "lora_te1_": 0, "text_encoder_2.": 1, "lora_te2_": 1}  # of which encoder


def split_adapters(path: Path) -> tuple[Path, tuple[tuple[Path, float], ...]]:
    """A model's path and the adapters that are added to it: FOLDER+STYLE.safetensors:0.8+OTHER.safetensors.

    A weight that isn't said is 1. Raises SfumatoError for one that is out of range.
    """
    if "+" not in str(path) or path.exists():
        return path, ()
    base, *others = str(path).split("+")
    found = []
    for one in others:
        match = re.fullmatch(r"(.*?)(?::(-?\d+(?:\.\d+)?))?", one)
        assert match is not None
        weight = 1.0 if match[2] is None else float(match[2])
        if abs(weight) > MAX_WEIGHT:
            raise SfumatoError(f"the weight of an adapter lies between ±{MAX_WEIGHT:g}, got {weight:g} for {match[1]}.")
        found.append((Path(match[1]), weight))
    return Path(base), tuple(found)


def add_adapter(model: Model, file: Path, weight: float = 1.0) -> None:
    """Add the adapters in `file`, so much of them, to the weights of `model`, in place.

    Raises SfumatoError where it isn't a file of adapters, or one for another model.
    """
    layers, digest = _read(file)
    add_layers(model, layers, str(file), weight)
    model.source = f"{model.source}+{file.as_posix()}" + ("" if weight == 1 else f":{weight:g}")
    model.weights_hash = hashlib.sha256(f"{model.weights_hash} {digest} {weight:g}".encode()).hexdigest()


def add_layers(model: Model, layers: Mapping[str, Mapping[str, Tensor]], where: str, weight: float = 1.0) -> None:
    """Add so much of the adapters of `layers`, read from `where`, to the weights of `model`, in place; −`weight` takes
    them out again.

    Nothing is added before all fit; raises SfumatoError where one doesn't.
    """
    if not isinstance(model.denoiser.net, DiffusersNet):
        raise SfumatoError(f"{where} adapts a network of diffusers, which {model.source} has none of; leave it out.")
    targets, found = {"": _modules(model.denoiser.net.model)}, list[tuple[Tensor, Tensor, Tensor, float]]()
    for name, own in layers.items():
        if own.keys() < {"up", "down"}:
            raise SfumatoError(f"{where} has one half of the adapter {name} alone; get it anew, whole.")
        layer = _layer(model, targets, name)
        up, down = own["up"].float(), own["down"].float()
        fits = isinstance(layer, nn.Linear | nn.Conv2d) and layer.weight.numel() == up.shape[0] * down[0].numel()
        if not isinstance(layer, nn.Linear | nn.Conv2d) or not fits or len(down) != up.shape[1]:
            what = "which is of another size" if layer is not None else "which the model lacks"
            raise SfumatoError(
                f"{where} is made for another model than {model.source}: it adapts {name}, {what} there; take one of "
                "the same base."
            )
        rank = len(down)
        scale = weight * float(own.get("alpha", torch.tensor(float(rank)))) / rank
        found.append((layer.weight, up, down, scale))
    with torch.no_grad():
        for whole, up, down, scale in found:
            change = scale * (up.flatten(1) @ down.flatten(1)).reshape(whole.shape)
            whole.add_(change.to(whole))


def named_adapters(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The adapters of each layer, by what they are, among the trained weights of a network of ours."""
    layers: dict[str, dict[str, Tensor]] = defaultdict(dict)
    for name, value in tensors.items():
        end = next(end for end in ENDS if name.endswith(end))
        layers[name.removesuffix(end).removeprefix("model.")][ENDS[end]] = value
    return dict(layers)


def _read(file: Path) -> tuple[dict[str, dict[str, Tensor]], str]:
    """The tensors of each layer's adapter, by what they are, and the hash of the file."""
    if file.suffix != ".safetensors":
        raise SfumatoError(f"{file} isn't a .safetensors, and no other adapters are read: a pickle can run code.")
    layers: dict[str, dict[str, Tensor]] = defaultdict(dict)
    try:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        with safe_open(str(file), "pt") as opened:
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
            about = json.loads((opened.metadata() or {}).get("lora_adapter_metadata", "{}"))
    except FileNotFoundError as error:
        raise SfumatoError(f"there is no file {file} of adapters.") from error
    except (OSError, SafetensorError, ValueError) as error:
        raise SfumatoError(f"{file} is {signature(file) or 'damaged'}; get it anew, whole.") from error
    check_finite(tensors, str(file))
    for name, value in tensors.items():
        end = next((end for end in ENDS if name.endswith(end)), None)
        if end is None:
            raise SfumatoError(f"{file} holds {name}, which is no part of a low-rank adapter that is known here.")
        layers[name.removesuffix(end)][ENDS[end]] = value
    for part in ("unet", "transformer", "text_encoder", "text_encoder_2"):
        if (alpha := about.get(f"{part}.lora_alpha")) is not None:
            for name, own in layers.items():
                if name.startswith(f"{part}."):
                    own.setdefault("alpha", torch.tensor(float(alpha)))
    return dict(layers), digest


def _layer(model: Model, targets: dict[str, dict[str, nn.Module]], name: str) -> nn.Module | None:
    """The layer that an adapter's name means, written with dots or with underscores."""
    name = re.sub(r"\.processor\.(to_\w+)$", r".\1", name)
    name = re.sub(r"\.to_out$", ".to_out.0", name)
    for start, number in TEXTS.items():
        if name.startswith(start) and isinstance(model.encoder, PipelineText) and number < len(model.encoder.parts):
            if start not in targets:
                targets[start] = _modules(model.encoder.parts[number].net)
            short = _plain(name.removeprefix(start))
            return targets[start].get(short) or targets[start].get(short.removeprefix("text_model_"))
    for start in NETWORK:
        name = name.removeprefix(start)
    net = model.config.net
    layers = int(net.arguments.get("layers_per_block", 2)) if isinstance(net, DiffusersConfig) else 2
    return targets[""].get(diffusers_name(_plain(name), layers))


def _modules(net: Any) -> dict[str, nn.Module]:
    return {_plain(name): module for name, module in net.named_modules()}


def _plain(name: str) -> str:
    return name.replace(".", "_")
