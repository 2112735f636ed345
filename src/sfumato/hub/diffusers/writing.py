"""A model of ours as a folder of diffusers: of a network that is its own, one that its pipelines read by themselves."""

from __future__ import annotations

import copy
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from sfumato.diffusion import Schedule
from sfumato.diffusion.schedules import Linear
from sfumato.errors import SfumatoError
from sfumato.files import whole_folder
from sfumato.hub.config import SamplingConfig
from sfumato.hub.diffusers.pipeline_folder import write_pipeline
from sfumato.hub.diffusers.schedulers import timesteps_of, written_scheduler
from sfumato.hub.model import Model
from sfumato.nets import DiffusersConfig
from sfumato.nets.diffusers import UNET2D_CLASS


def export_pipeline(
    model: Model, folder: Path, label: str | int | None = None, sampling: SamplingConfig | None = None
) -> list[Path]:
    """Write `model` as a folder of diffusers, whole or not at all; returns its files.

    One whose network is diffusers' UNet2DModel becomes one of its own DDIM pipelines, which know no classes: it
    generates the one of the `label`, or any where that is None, folded into the weights. All others bring their code
    along (see pipeline_folder.py) and walk as `sampling` says where nobody says otherwise, by default as the model
    does. Raises SfumatoError where the folder isn't empty, or the model can't be handed on so.
    """
    if folder.exists() and any(folder.iterdir()):
        raise SfumatoError(f"{folder} holds files already, and nothing is written over them; choose another folder.")
    net = model.config.net
    theirs = isinstance(net, DiffusersConfig) and net.architecture == UNET2D_CLASS and model.config.codec is None
    if theirs and sampling is not None:
        raise SfumatoError("pipelines of diffusers are told sampler and steps as they run; leave them out.")
    if label is not None and not theirs:
        raise SfumatoError("the folder generates any class, by `class_labels`; leave the class out.")
    try:
        with whole_folder(folder) as made:
            if theirs:
                _write_ddim(model, made, label)
            else:
                write_pipeline(model, made, sampling)
    except OSError as error:
        raise SfumatoError(f"could not write {folder}: {error.strerror}; choose another place.") from error
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _write_ddim(model: Model, folder: Path, label: str | int | None) -> None:
    config = model.config
    assert isinstance(config.net, DiffusersConfig)
    scheduler = written_scheduler(_schedule(model, config.net), config.parameterization)
    (number,) = model.labels([label], 1) or [None]
    unet = _plain(model, config.net.classes if number is None else number)
    library = import_module("diffusers")
    pipeline = library.DDIMPipeline(unet, library.DDIMScheduler(**scheduler))
    pipeline.set_progress_bar_config(disable=True)
    pipeline.save_pretrained(folder)


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
