"""A model of ours, whose network is diffusers' own, as a folder that its DDPM and DDIM pipelines read by themselves."""

from __future__ import annotations

import copy
import os
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from sfumato.diffusion import Schedule
from sfumato.diffusion.schedules import Linear
from sfumato.errors import SfumatoError
from sfumato.hub.diffusers.schedulers import timesteps_of, written_scheduler
from sfumato.hub.model import Model
from sfumato.nets import DiffusersConfig


def export_pipeline(model: Model, folder: Path, label: str | int | None = None) -> list[Path]:
    """Write `model` as a folder of diffusers, whole or not at all; returns its files.

    Of a model of classes it generates the one of the `label`, or any where that is None: what carries the class is
    folded into the weights. Raises SfumatoError where the folder isn't empty, or no pipeline of diffusers could run the
    model.
    """
    config = model.config
    if not isinstance(config.net, DiffusersConfig) or config.net.architecture != "UNet2DModel":
        raise SfumatoError(
            f"{model.source or 'the model'} has a network that diffusers doesn't know; train one by `net` unet2d, or "
            "export it as ONNX."
        )
    if config.codec is not None:
        raise SfumatoError("a model of latents goes with its autoencoder, which DDPM and DDIM pipelines know none of.")
    if folder.exists() and any(folder.iterdir()):
        raise SfumatoError(f"{folder} holds files already, and nothing is written over them; choose another folder.")
    scheduler = written_scheduler(_schedule(model, config.net), config.parameterization)
    (number,) = model.labels([label], 1) or [None]
    unet = _plain(model, config.net.classes if number is None else number)
    library = import_module("diffusers")
    pipeline = library.DDIMPipeline(unet, library.DDIMScheduler(**scheduler))
    pipeline.set_progress_bar_config(disable=True)
    made = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(made, ignore_errors=True)
    try:
        pipeline.save_pretrained(made)
        if folder.exists():
            folder.rmdir()
        made.replace(folder)
    except OSError as error:
        shutil.rmtree(made, ignore_errors=True)
        raise SfumatoError(f"could not write {folder}: {error.strerror}; choose another place.") from error
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _schedule(model: Model, net: DiffusersConfig) -> Schedule:
    """The schedule whose timesteps the network counts."""
    for one in (model.config.sampling.schedule, Linear()):
        found = timesteps_of(one)
        if len(found) == len(net.noise) and torch.allclose(torch.tensor(found), torch.tensor(net.noise), atol=1e-6):
            return one
    raise SfumatoError(
        "the network counts the timesteps of another schedule than the one that the model samples by; set "
        "model.sampling.schedule to it."
    )


def _plain(model: Model, label: int) -> Any:
    """A copy of diffusers' network without classes: their embedding of `label` is added to what the noise is."""
    net: Any = copy.deepcopy(model.denoiser.net.model).cpu().float()
    if net.class_embedding is None:
        return net
    settings = {name: value for name, value in net.config.items() if not name.startswith("_")}
    plain: Any = type(net)(**{**settings, "num_class_embeds": None})
    weights = net.state_dict()
    own = weights.pop("class_embedding.weight")[label]
    weights["time_embedding.linear_2.bias"] = weights["time_embedding.linear_2.bias"] + own
    plain.load_state_dict(weights)
    return plain.eval()
