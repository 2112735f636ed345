"""A folder of diffusers as a Model: whatever samples, guides, serves or exports our models does so with it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from sfumato.diffusion import NetDenoiser, Parameterization
from sfumato.errors import SfumatoError
from sfumato.hub.codec import Codec
from sfumato.hub.config import CodecConfig, ModelConfig
from sfumato.hub.diffusers.control import add_control_net
from sfumato.hub.diffusers.folder import Folder
from sfumato.hub.diffusers.memory import PLAIN, Memory
from sfumato.hub.diffusers.schedulers import read_scheduler
from sfumato.hub.diffusers.texts import READINGS, PipelineText
from sfumato.hub.model import Model
from sfumato.hub.weights import Uninitialised
from sfumato.nets.diffusers import ARCHITECTURES, CONTROL_NET, DiffusersConfig, diffusers_network, made_by_diffusers
from sfumato.nets.kl import KINDS, KLAutoencoder, kl_config

WIDTHS = ("cross_attention_dim", "caption_channels", "joint_attention_dim")  # of a token's features, by their names
LABELLED = {"UNet2DModel": "num_class_embeds", "DiTTransformer2DModel": "num_embeds_ada_norm"}  # how many classes
# Of autoencoders of before, the names of attention's weights, and what they are now.
RENAMES = {".query.": ".to_q.", ".key.": ".to_k.", ".value.": ".to_v.", ".proj_attn.": ".to_out.0."}


def load_pipeline(path: Path, device: torch.device | str = "cpu", memory: Memory = PLAIN) -> Model:
    """The model in a folder of diffusers, held as `memory` says.

    Raises SfumatoError where it is damaged, or of a kind that isn't known.
    """
    folder = Folder.open(path)
    part = next((name for name in ("unet", "transformer") if name in folder.parts), None)
    if part is None:
        raise SfumatoError(f"{path} holds a {folder.pipeline}, which has no network that generates; nothing is loaded.")
    architecture, about = folder.need(part), folder.config(part)
    if architecture not in ARCHITECTURES:
        raise SfumatoError(
            f"{path} holds a {folder.pipeline} whose network is a {architecture}, which isn't known here; those that "
            f"are: {', '.join(ARCHITECTURES)}."
        )
    shape, text = _shape(folder, about), _text(folder)
    codec = _codec(folder, shape)
    noise = read_scheduler(folder.config("scheduler"), codec is None, math.prod(shape[1:]) // 4)
    scale = 1 if codec is None else codec.config.net.factor
    reads = None if text is None else text.config(next(int(about[name]) for name in WIDTHS if about.get(name)))
    classes = _classes(folder, about)
    net = DiffusersConfig(architecture, about, shape[0], noise.timesteps, len(classes), reads, scale)
    guidance = 1.0 if text is None else READINGS[folder.pipeline].guidance
    config = ModelConfig(
        shape,
        net,
        classes,
        noise.parameterization,
        data_std=1.0,
        sampling=replace(noise.sampling, guidance=guidance),
        kind="pictures" if codec is None else "latents",
        codec=None if codec is None else codec.config,
    )
    with Uninitialised():
        made = diffusers_network(net)
    weights = folder.weights(part)
    weights.into(made.model)
    denoiser = NetDenoiser(made, Parameterization(config.parameterization, config.data_std))
    denoiser.eval().requires_grad_(False)
    model = Model(config, denoiser, path.as_posix(), weights.sha256, encoder=text)
    model.codec = codec
    if folder.has("controlnet"):
        if (kind := folder.need("controlnet")) != CONTROL_NET:
            raise SfumatoError(f"{path} is steered by a {kind}, which isn't known here, but one {CONTROL_NET} is.")
        add_control_net(model, path / "controlnet")
    memory.hold(model, torch.device(device))
    return model


def _text(folder: Folder) -> PipelineText | None:
    """What reads the prompts of the pipeline, if it takes any."""
    if "text_encoder" not in folder.parts:
        return None
    if folder.pipeline not in READINGS:
        raise SfumatoError(
            f"{folder.path} holds a {folder.pipeline}, and how that reads prompts isn't known here; the pipelines that "
            f"are: {', '.join(READINGS)}."
        )
    return PipelineText(folder, READINGS[folder.pipeline])


def _codec(folder: Folder, shape: tuple[int, ...]) -> Codec | None:
    """What makes pictures of the latents of `shape`; None where the network generates pictures."""
    part = next((name for name in ("vae", "vqvae") if name in folder.parts), None)
    if part is None:
        return None
    kind, about = folder.need(part), folder.config(part)
    if kind not in KINDS:
        raise SfumatoError(
            f"{folder.path} turns latents into pictures by a {kind}, which isn't known here; those that are: "
            f"{', '.join(KINDS)}."
        )
    net = kl_config(kind, about)
    if net.latent != shape[0]:
        raise SfumatoError(
            f"the network in {folder.path} takes {shape[0]} channels and its latents have {net.latent}: it is one for "
            "another task, such as inpainting, and isn't known here."
        )
    with Uninitialised():
        made = KLAutoencoder(net, made_by_diffusers(kind, about))
    weights = folder.weights(part)
    weights.into(made.model, RENAMES)
    picture = (net.channels, *(side * net.factor for side in shape[1:]))
    return Codec(CodecConfig(picture, net, weights.sha256), made)


def _shape(folder: Folder, about: Mapping[str, Any]) -> tuple[int, ...]:
    """What the network generates: (channels, height, width)."""
    channels, size = int(about.get("in_channels", 3)), about.get("sample_size")
    if about["_class_name"] == "FluxTransformer2DModel":  # which knows tokens of 2×2 latent pixels, of any number
        vae = folder.config("vae")
        channels, size = channels // 4, int(vae["sample_size"]) // kl_config(folder.need("vae"), vae).factor
    if size is None:
        raise SfumatoError(f"the config of the network in {folder.path} doesn't say its `sample_size`; add it.")
    sides = (size, size) if isinstance(size, int) else tuple(size)
    return (channels, *sides)


def _classes(folder: Folder, about: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the classes, where the pipeline has some, or else their numbers."""
    if about["_class_name"] not in LABELLED:
        return ()
    number, named = int(about.get(LABELLED[about["_class_name"]]) or 0), folder.settings.get("id2label") or {}
    return tuple(str(named.get(str(one), one)).split(",")[0] if number else "" for one in range(number))
