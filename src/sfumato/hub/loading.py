"""A trained model from a run folder, a checkpoint, or the package."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from sfumato.arguments import shown
from sfumato.errors import SfumatoError, unknown
from sfumato.files import locked
from sfumato.hub.checkpoints import Checkpoint, newest_checkpoint, open_checkpoint, trouble
from sfumato.hub.codec import Codec, model_codec, read_codec
from sfumato.hub.config import AUTOENCODER, CodecConfig, is_autoencoder, read_config, read_json, read_model
from sfumato.hub.diffusers.control import add_control_net, is_control_net
from sfumato.hub.diffusers.folder import check_no_file, is_pipeline
from sfumato.hub.diffusers.loading import load_pipeline
from sfumato.hub.diffusers.lora import add_adapter, add_layers, named_adapters, split_adapters
from sfumato.hub.diffusers.memory import PLAIN, Memory
from sfumato.hub.diffusers.single_file import is_checkpoint, replace_weights
from sfumato.hub.model import Model
from sfumato.hub.prompts import frozen_encoder, read_tokenizer
from sfumato.hub.remote import named_on_hub, pinned, pulled
from sfumato.hub.tuned import read_tuned
from sfumato.hub.weights import model_with
from sfumato.hub.zoo import ZOO, codec_folder, is_model, load_zoo, ships

Weights = Literal["ema", "raw"]
WEIGHT_FILES: dict[str, str] = {"ema": "ema.safetensors", "raw": "model.safetensors"}


def find_checkpoint(folder: Path, name: str) -> tuple[Checkpoint, list[Path]]:
    """The checkpoint to use under `folder` (a run, or one of its checkpoints) and the damaged ones passed over."""
    if not folder.exists():
        raise SfumatoError(f"there is no folder {folder}; train one first, or name a run such as runs/digits.")
    if (folder / "state.json").exists():
        checkpoint = open_checkpoint(folder)
        if checkpoint is None or not checkpoint.intact(name):
            raise SfumatoError(
                f"{folder / name} is {trouble(folder / name)}; use {folder.parent.parent} to take an intact one."
            )
        return checkpoint, []
    found, damaged = newest_checkpoint(folder / "checkpoints", (name,))
    if found is None and not damaged and (folder / "config.json").exists():
        read_json(folder / "config.json")
        why = "has saved nothing yet, as it began to train a moment ago; try again soon"
        raise SfumatoError(f"{folder} {why if locked(folder) else 'stopped before it saved anything; train it on'}.")
    if found is None and not damaged and is_autoencoder(folder / AUTOENCODER):
        goes_on = f"`sfumato train --resume {folder}` says how to go on"
        more = "it trains now" if locked(folder / AUTOENCODER) else goes_on
        raise SfumatoError(f"{folder} holds an autoencoder and no model yet, which is trained after it; {more}.")
    if found is None:
        state = f"{len(damaged)} damaged" if damaged else "no"
        why = f" ({damaged[0] / name} is {trouble(damaged[0] / name)})" if damaged else ""
        raise SfumatoError(
            f"there is no trained model in {folder}: it holds {state} checkpoints{why}; "
            f"{'go on from what is intact by `weights_only`' if damaged else 'train with `sfumato train`'}."
        )
    return found, damaged


def load(
    path: str | Path,
    weights: Weights = "ema",
    device: torch.device | str = "cpu",
    net: nn.Module | None = None,
    memory: Memory = PLAIN,
) -> Model:
    """The model in a run folder (newest intact checkpoint), in one checkpoint's folder, or one that ships, by name.

    Or a pipeline of the library diffusers, which needs that library; low-rank adapters are added to it as
    FOLDER+STYLE.safetensors:0.8, and a ControlNet as FOLDER+CONTROLNET. On the Hugging Face Hub a model is called
    hf:user/name@revision.

    `memory` says in how few bits and where a pipeline is held. `weights` "ema" (the running average, better pictures)
    or "raw". A model with a network of your own needs that `net`, of which it loads a copy. Raises SfumatoError where
    nothing usable is found.
    """
    if not isinstance(path, str | Path):
        raise SfumatoError(f"a model is named by its path or by its name, such as 'digits', not by {shown(path)}.")
    folder = Path(path)
    if weights not in WEIGHT_FILES:
        raise unknown("weights", weights, WEIGHT_FILES)
    if ships(path):
        check_plain(path, memory)
        if weights != "ema":
            raise SfumatoError(f"{path} ships with its averaged weights alone; leave `weights` out.")
        return load_zoo(str(path), device)
    base, adapters = split_adapters(folder)
    check_no_file(base)
    at = pulled(str(base)) if named_on_hub(base) else base
    if is_pipeline(at) or is_model(at):
        if net is not None or weights != "ema":
            raise SfumatoError(f"{base} holds one network and its weights alone; leave the rest out.")
        if not is_pipeline(at):
            check_plain(path, memory)
        model = load_pipeline(at, device, memory) if is_pipeline(at) else load_zoo(at.name, device, at.parent)
        model.source = base.as_posix() if at == base else pinned(str(base), at)
        model.tuned = read_tuned(at)
        for file, weight in adapters:
            if is_control_net(file):
                add_control_net(model, file, weight)
                model.source = f"{model.source}+{file.as_posix()}"
            elif is_checkpoint(file):
                replace_weights(model, file)
            else:
                add_adapter(model, file, weight)
        return model
    if at != base:
        raise SfumatoError(f"{base} is no model that is known here: neither Sfumato's nor a pipeline of diffusers.")
    checkpoint, _ = find_checkpoint(folder, WEIGHT_FILES[weights])
    if is_autoencoder(checkpoint.path.parent.parent):
        raise SfumatoError(f"{path} holds an autoencoder, which generates nothing: train a model in its latents.")
    config = read_model(checkpoint.path.parent.parent, net)
    if config.pipeline:
        model = base_pipeline(checkpoint.path.parent.parent, device, memory)
        add_layers(model, named_adapters(checkpoint.read(WEIGHT_FILES[weights])), str(checkpoint.path))
        model.config = replace(model.config, sampling=config.sampling)
        model.tuned = read_tuned(checkpoint.path.parent.parent)
        model.source = checkpoint.path.as_posix()
        model.weights_hash = checkpoint.state["files"][WEIGHT_FILES[weights]]
        return model
    check_plain(path, memory)
    model = model_with(config, checkpoint.read(WEIGHT_FILES[weights]), str(checkpoint.path))
    model.denoiser.to(device).eval().requires_grad_(False)
    model.tokenizer = read_tokenizer(config, checkpoint.path.parent.parent)
    model.encoder = frozen_encoder(config)
    model.codec = model_codec(checkpoint.path.parent.parent, config, device)
    model.tuned = read_tuned(checkpoint.path.parent.parent)
    model.source = checkpoint.path.as_posix()
    model.weights_hash = checkpoint.state["files"][WEIGHT_FILES[weights]]
    return model


class NoPipeline(SfumatoError):
    """What isn't a pipeline of diffusers is held in one way."""


def check_plain(path: str | Path, memory: Memory) -> None:
    """Raises NoPipeline where what isn't a pipeline of diffusers is to be held otherwise than usual."""
    if memory != PLAIN:
        raise NoPipeline(
            f"{path} is no pipeline of diffusers, which alone may be held otherwise; leave `precision`, `offload` and "
            "`tiled` out."
        )


def base_pipeline(run: Path, device: torch.device | str = "cpu", memory: Memory = PLAIN) -> Model:
    """The pipeline of diffusers whose adapters the run trains, where it was when the run began, as it was.

    Raises SfumatoError where it isn't there any more, or is another by now.
    """
    origin = read_json(run / "config.json").get("training", {}).get("origin") or {}
    name, known = str(origin.get("path", "")), origin.get("weights", "")
    where = split_adapters(Path(name))[0]
    beside = [place / name for place in run.resolve().parents if (place / where).exists()]
    if not named_on_hub(name) and not where.exists() and not beside:
        raise SfumatoError(
            f"{run} holds adapters of the pipeline {name}, which is no folder here any more; put it back, or set "
            "training.origin.path in its config.json to where it is."
        )
    model = load(name if named_on_hub(name) or where.exists() else beside[0], device=device, memory=memory)
    if model.weights_hash != known:
        raise SfumatoError(
            f"{run} holds adapters of {name} as it was (weights {known[:12]}), and it has other weights by now "
            f"({model.weights_hash[:12]}); put those back."
        )
    return model


def load_codec(path: str | Path, device: torch.device | str = "cpu") -> Codec:
    """The codec of the run of an autoencoder, or of a model of latents: a run, a checkpoint, or one that ships.

    Raises SfumatoError where there is none.
    """
    folder = Path(path)
    if ships(path):
        folder = ZOO / str(path)
    elif (folder / "state.json").exists():
        folder = folder.parent.parent
    if not (folder / "config.json").exists():
        raise SfumatoError(f"there is no run in {folder}; name one of an autoencoder, or of a model of latents.")
    config = folder / "config.json"
    if is_autoencoder(folder):
        return read_codec(folder, read_config(config, CodecConfig, "codec")).to(device)
    place = codec_folder(folder) if is_model(folder) else folder
    codec = model_codec(place, read_config(config), device)
    if codec is None:
        raise SfumatoError(f"{path} generates pixels, without an autoencoder; train one first.")
    return codec
