"""Checkpoints of Stable Diffusion 1.x in one file, in the names of the original repository, upon a folder of diffusers.

FOLDER+MODEL.safetensors takes settings, tokenizer and scheduler of the folder, and all weights of the file. The names
are translated by diffusers' own converters, without the network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.hub.diffusers.folder import AGAIN, fill
from sfumato.hub.diffusers.texts import PipelineText
from sfumato.hub.model import Model
from sfumato.nets.diffusers import DiffusersNet

NETWORK, TEXT, NEWER = "model.diffusion_model.", "cond_stage_model.transformer.", "conditioner.embedders."
CONVERTERS = "diffusers.loaders.single_file_utils"


def is_checkpoint(file: Path) -> bool:
    """Whether the file holds a whole model in the original repository's names, and not adapters."""
    if file.suffix != ".safetensors" or not file.is_file():
        return False
    try:
        with safe_open(str(file), "pt") as opened:
            return any(name.startswith(NETWORK) for name in opened.keys())  # noqa: SIM118
    except (OSError, SafetensorError):
        return False  # whoever reads it as adapters says what is wrong


def replace_weights(model: Model, file: Path) -> None:
    """Put the weights in `file` in the place of those of `model`, in place.

    Raises SfumatoError where they are another architecture's; the model is of no use then.
    """
    net, codec, encoder = model.denoiser.net, model.codec, model.encoder
    tensors, name = _read(file), model.source or "the model"
    if any(key.startswith(NEWER) for key in tensors) or not any(key.startswith(TEXT) for key in tensors):
        raise SfumatoError(
            f"{file} isn't laid out as Stable Diffusion 1.x is, whose single files alone are read; have diffusers make "
            "a folder of it (from_single_file, save_pretrained)."
        )
    if (
        not isinstance(net, DiffusersNet)
        or codec is None
        or not isinstance(encoder, PipelineText)
        or len(encoder.parts) != 1
    ):
        raise SfumatoError(f"{file} is a Stable Diffusion 1.x, and {name} is a folder of something else.")
    converters, text = import_module(CONVERTERS), encoder.parts[0].net
    parts: list[tuple[Any, Mapping[str, Tensor]]] = [
        (net.model, _converted(converters.convert_ldm_unet_checkpoint, tensors, file, config=net.config.arguments)),
        (codec.net.model, _converted(converters.convert_ldm_vae_checkpoint, tensors, file,
                                     config=getattr(codec.config.net, "arguments", {}))),
        (text, _plain(text, _converted(converters.convert_ldm_clip_checkpoint, tensors, file))),
    ]  # fmt: skip
    for part, found in parts:
        fill(part, found.items(), file)
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    model.source = f"{name}+{file.as_posix()}"
    model.weights_hash = hashlib.sha256(f"{model.weights_hash} {digest}".encode()).hexdigest()


def _read(file: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load_file(file)
    except (OSError, SafetensorError) as error:
        raise SfumatoError(f"{file} is damaged, or the download was broken off; {AGAIN}.") from error


def _converted(convert: Any, tensors: dict[str, Tensor], file: Path, **how: Any) -> dict[str, Tensor]:
    try:
        found: dict[str, Tensor] = convert(dict(tensors), **how)
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise SfumatoError(
            f"diffusers can't translate the names of the weights in {file} ({error}); {AGAIN}."
        ) from error
    return found


def _plain(text: nn.Module, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The text encoder's weights as the transformers that is installed names them."""
    wrapped = any(name.startswith("text_model.") for name in text.state_dict())
    return {
        name if wrapped else name.removeprefix("text_model."): value
        for name, value in tensors.items()
        if not name.endswith("position_ids")
    }
