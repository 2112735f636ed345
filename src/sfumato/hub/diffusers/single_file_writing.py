"""Stable Diffusion 1.x as one file of safetensors in the original repository's names, as ComfyUI and others read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.files import whole_folder
from sfumato.hub.diffusers.single_file import NETWORK, TEXT
from sfumato.hub.diffusers.single_file_names import unet_name, vae_name
from sfumato.hub.diffusers.texts import PipelineText
from sfumato.hub.diffusers.writing import check_empty
from sfumato.hub.model import Model
from sfumato.nets.diffusers import DiffusersNet
from sfumato.nets.kl import KLAutoencoder

PICTURES = "first_stage_model."
NETWORKS = "UNet2DConditionModel", "AutoencoderKL", "CLIPTextModel"  # of Stable Diffusion 1.x
LATER = ("addition_embed_type", "class_embed_type", "use_linear_projection")  # what it has none of
PREDICTS = {"eps": "epsilon", "v": "v"}


def export_file(model: Model, folder: Path, title: str) -> list[Path]:
    """Write the weights of `model`, as they are with all adapters, into the empty `folder` as `title`.safetensors.

    Its metadata name the architecture as ModelSpec does. Raises SfumatoError where it is no Stable Diffusion 1.x.
    """
    tensors, resolution = original_tensors(model), model.config.seen[1][1:]
    about = {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": "stable-diffusion-v1",
        "modelspec.implementation": "https://github.com/CompVis/stable-diffusion",
        "modelspec.title": title,
        "modelspec.resolution": "x".join(map(str, resolution[::-1])),
        "modelspec.prediction_type": PREDICTS[model.config.parameterization],
    }
    check_empty(folder)
    try:
        with whole_folder(folder) as made:
            safetensors.torch.save_file(tensors, made / f"{title}.safetensors", about)
    except OSError as error:
        raise SfumatoError(f"could not write {folder}: {error.strerror}; choose another place.") from error
    return [folder / f"{title}.safetensors"]


def original_tensors(model: Model) -> dict[str, Tensor]:
    """All weights by the names of the original repository; raises SfumatoError where that had no such network."""
    net, codec, encoder, name = model.denoiser.net, model.codec, model.encoder, model.source or "the model"
    if not isinstance(net, DiffusersNet) or codec is None or not isinstance(encoder, PipelineText):
        raise _no_file(name)
    if not isinstance(codec.net, KLAutoencoder):
        raise _no_file(name)
    vae: Any = codec.net.model
    unet, settings = net.model, net.config.arguments
    kinds = (type(unet).__name__, type(vae).__name__, *(type(part.net).__name__ for part in encoder.parts))
    layers = settings.get("layers_per_block", 2)
    if kinds != NETWORKS or any(settings.get(one) for one in LATER) or not isinstance(layers, int):
        raise _no_file(name)
    if model.config.parameterization not in PREDICTS:
        raise _no_file(name)
    if net.control_branch is not None:
        raise SfumatoError(f"{name} has a ControlNet, which has a file of its own; export the pipeline without it.")
    attention = ["Attn" in kind for kind in settings["up_block_types"]]
    stages, found = len(vae.decoder.up_blocks), dict[str, Tensor]()
    for key, value in unet.state_dict().items():
        found[NETWORK + unet_name(key, layers, attention)] = value
    for key, value in vae.state_dict().items():
        other = vae_name(key, stages)
        convolution = ".attn_1." in other and value.ndim == 2  # of 1×1 there
        found[PICTURES + other] = value[..., None, None] if convolution else value
    text: Any = encoder.parts[0].net
    for key, value in text.state_dict().items():
        found[f"{TEXT}text_model.{key.removeprefix('text_model.')}"] = value
    return {key: value.detach().cpu().contiguous().clone() for key, value in found.items()}


def _no_file(name: str) -> SfumatoError:
    return SfumatoError(
        f"{name} is no Stable Diffusion 1.x, whose layout alone is written as a single file; export it as a folder, "
        "`sfumato export --to diffusers`."
    )
