"""A model of ours as a folder of diffusers: of a network that is its own, one that its pipelines read by themselves."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from sfumato.diffusion import Schedule
from sfumato.diffusion.schedules import Linear
from sfumato.errors import SfumatoError
from sfumato.files import whole_folder, write_file
from sfumato.hub.codec import Codec
from sfumato.hub.config import SamplingConfig
from sfumato.hub.diffusers.folder import INDEX
from sfumato.hub.diffusers.pipeline_folder import codec_files, write_pipeline
from sfumato.hub.diffusers.schedulers import timesteps_of, written_scheduler
from sfumato.hub.diffusers.texts import PipelineText
from sfumato.hub.model import Model
from sfumato.nets import DiffusersConfig
from sfumato.nets.diffusers import DIT_CLASS, UNET2D_CLASS, DiffusersNet
from sfumato.nets.kl import KLAutoencoder

DIT_CLASSES = 1000  # of a DiTPipeline, to which the next number is no class


def export_pipeline(
    model: Model, folder: Path, label: str | int | None = None, sampling: SamplingConfig | None = None
) -> list[Path]:
    """Write `model` as a folder of diffusers, whole or not at all; returns its files.

    One whose network is diffusers' UNet2DModel becomes one of its own DDIM pipelines, or in latents its LDMPipeline,
    which know no classes: it generates the one of the `label`, or any where that is None, folded into the weights. One
    whose network is its DiTTransformer2DModel becomes its DiTPipeline. A pipeline that reads prompts is what it was,
    with all adapters in its weights. All others bring their code along (see pipeline_folder.py) and walk as `sampling`
    says where nobody says otherwise, by default as the model does. Raises SfumatoError where the folder isn't empty, or
    the model can't be handed on so.
    """
    check_empty(folder)
    net = model.config.net
    kind = net.architecture if isinstance(net, DiffusersConfig) else ""
    write = _write_read if model.config.pipeline else WRITTEN.get(kind)
    if write is not None and sampling is not None:
        raise SfumatoError("pipelines of diffusers are told sampler and steps as they run; leave them out.")
    if label is not None and kind != UNET2D_CLASS:
        raise SfumatoError("the folder generates any class, by `class_labels`; leave the class out.")
    with _written(folder) as made:
        if write is not None:
            write(model, made, label)
        else:
            write_pipeline(model, made, sampling)
    return _files(folder)


def export_codec(codec: Codec, folder: Path) -> list[Path]:
    """Write an autoencoder as a folder of diffusers, whole or not at all; returns its files.

    One of diffusers is read by `AutoencoderKL.from_pretrained`; ours brings its code along.
    """
    check_empty(folder)
    with _written(folder) as made:
        if isinstance(codec.net, KLAutoencoder):
            _vae(codec).save_pretrained(made)
        else:
            for name, content in codec_files(codec).items():
                write_file(made / name, content)
    return _files(folder)


@contextmanager
def _written(folder: Path) -> Iterator[Path]:
    """A new folder that becomes `folder` once it is whole; raises SfumatoError where that can't be written."""
    try:
        with whole_folder(folder) as made:
            yield made
    except OSError as error:
        raise SfumatoError(f"could not write {folder}: {error.strerror}; choose another place.") from error


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def check_empty(folder: Path) -> None:
    """Raises SfumatoError where there are files in `folder` already."""
    if folder.exists() and any(folder.iterdir()):
        raise SfumatoError(f"{folder} holds files already, and nothing is written over them; choose another folder.")


def _write_unet2d(model: Model, folder: Path, label: str | int | None) -> None:
    net = model.config.net
    assert isinstance(net, DiffusersConfig)
    scheduler = _scheduler(model, net)
    (number,) = model.labels([label], 1) or [None]
    unet, library = _plain(model, net.classes if number is None else number), import_module("diffusers")
    if model.codec is None:
        _save(library.DDIMPipeline(unet, scheduler), folder)
    else:
        side, other = model.config.shape[1:]
        if side != other:
            raise SfumatoError("an LDMPipeline of diffusers generates squares alone; train a model of square pictures.")
        unet.register_to_config(sample_size=side)  # one number there, and no pair
        _save(library.LDMPipeline(_vae(model.codec), unet, scheduler), folder)


def _write_dit(model: Model, folder: Path, label: str | int | None) -> None:
    """As a DiTPipeline, which takes class 1000 for none: the embeddings of those that aren't there are that of none."""
    net = model.config.net
    assert isinstance(net, DiffusersConfig) and model.codec is not None
    theirs: Any = copy.deepcopy(model.denoiser.net.model).cpu().float()
    settings = {name: value for name, value in theirs.config.items() if not name.startswith("_")}
    plain = type(theirs)(**{**settings, "num_embeds_ada_norm": DIT_CLASSES})
    weights = theirs.state_dict()
    for name in [name for name in weights if name.endswith("class_embedder.embedding_table.weight")]:
        own, none = weights[name][: net.classes], weights[name][net.classes]
        weights[name] = torch.cat([own, none.expand(DIT_CLASSES + 1 - len(own), -1)])
    plain.load_state_dict(weights)
    library = import_module("diffusers")
    _save(library.DiTPipeline(plain.eval(), _vae(model.codec), _scheduler(model, net)), folder)
    index = folder / INDEX
    named = {str(number): name for number, name in enumerate(model.config.classes)}
    write_file(index, (json.dumps({**json.loads(index.read_bytes()), "id2label": named}, indent=2) + "\n").encode())


def _write_read(model: Model, folder: Path, label: str | int | None) -> None:
    """A pipeline as it is in its own folder, with the weights that it has here."""
    encoder, net, name = model.encoder, model.denoiser.net, model.source or "the model"
    assert isinstance(encoder, PipelineText) and isinstance(net, DiffusersNet)
    if net.control_branch is not None:
        raise SfumatoError(f"{name} has a ControlNet, which has a folder of its own; export the pipeline without it.")
    pipe = import_module("diffusers").DiffusionPipeline.from_pretrained(
        encoder.place, local_files_only=True, use_safetensors=True
    )
    main = pipe.unet if hasattr(pipe, "unet") else pipe.transformer
    main.load_state_dict(net.model.state_dict())
    if model.codec is not None and isinstance(model.codec.net, KLAutoencoder):
        pipe.vae.load_state_dict(model.codec.net.model.state_dict())
    for part in encoder.parts:
        if "net" in vars(part):  # one that wasn't asked yet is as it is in the folder
            getattr(pipe, part.name).load_state_dict(part.net.state_dict())
    _save(pipe, folder)


# How networks of diffusers become pipelines of its own
WRITTEN: dict[str, Callable[[Model, Path, str | int | None], None]] = {
    UNET2D_CLASS: _write_unet2d,
    DIT_CLASS: _write_dit,
}


def _vae(codec: Codec) -> Any:
    """diffusers' own autoencoder; raises SfumatoError where it isn't one, or makes pictures of another size."""
    if not isinstance(codec.net, KLAutoencoder):
        raise SfumatoError("the autoencoder is ours, which pipelines of diffusers can't run; train one of the size kl.")
    factor, picture = codec.config.net.factor, codec.config.picture
    if any(side % factor for side in picture[1:]):
        sides = "×".join(map(str, picture[1:]))
        raise SfumatoError(
            f"pipelines of diffusers generate pictures whose sides {factor} divides, and these are {sides}; train "
            "another autoencoder and model, at such a `size`."
        )
    found: Any = copy.deepcopy(codec.net.model).cpu().float()
    found.register_to_config(sample_size=picture[-1])
    return found


def _save(pipeline: Any, folder: Path) -> None:
    pipeline.set_progress_bar_config(disable=True)
    pipeline.save_pretrained(folder)


def _scheduler(model: Model, net: DiffusersConfig) -> Any:
    settings = written_scheduler(_schedule(model, net), model.config.parameterization)
    return import_module("diffusers").DDIMScheduler(**settings)


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
