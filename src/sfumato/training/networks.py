"""Which network suits a data set: its kind, its size, what it is conditioned on."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from sfumato.data import KINDS, Dataset
from sfumato.data.encoders import Encoder
from sfumato.data.tokens import learn_tokenizer, longest
from sfumato.errors import SfumatoError, unknown
from sfumato.hub import ModelConfig, SamplingConfig
from sfumato.hub.conditioning import times
from sfumato.nets import (
    DIT2D,
    NAMED_NETS,
    ConditionConfig,
    DiffusersConfig,
    FeaturesConfig,
    MLPConfig,
    TextConfig,
    named_net,
    own_config,
)
from sfumato.nets.diffusers import network_class
from sfumato.nets.named_diffusers import THEIRS
from sfumato.nets.protocol import takes


def model_for(
    dataset: Dataset,
    net: str | nn.Module = "auto",
    sampling: SamplingConfig | None = None,
    minutes: float | None = None,
    text_encoder: str | None = None,
    conditions: Sequence[ConditionConfig] = (),
) -> ModelConfig:
    """A model for `dataset`: its shape, classes and standard deviation (measured on up to 10,000 samples).

    Where the pictures have captions, it reads prompts: by an encoder that is trained along, or by the frozen
    `text_encoder` (see data/encoders.py). It is conditioned on the `conditions` (see conditions_of).

    `net` is a network of your own (see nets/protocol.py), a size of the UNet or of the DiT, or "auto", which is a UNet:
    tiny up to 16 pixels a side, small up to 64, medium above; nano where it is to be trained for less than a minute.
    plan_run goes by this machine's speed instead.
    """
    if isinstance(net, str):
        check_net(net)
    if text_encoder is not None and dataset.captions is None:
        raise SfumatoError(f"{dataset.name} has no captions for the text encoder {text_encoder} to read; leave it out.")
    some, _ = dataset.batch(dataset.spread(10_000))
    std = round(float(some.std()), 4)
    if not std > 0:
        raise SfumatoError(
            f"all pixels in {dataset.name} are equal, so there is nothing to learn; choose another folder."
        )
    classes = len(dataset.classes)
    if isinstance(net, nn.Module):
        if text_encoder is not None and not takes(net, "text"):
            raise SfumatoError(
                f"the network {type(net).__name__} takes no argument called `text`; add it to `forward`, or leave "
                "the text encoder out."
            )
        text = text_config(dataset, text_encoder) if takes(net, "text") else None
        own = own_config(net, classes, text, conditions)
        names = dataset.classes if own.classes else ()
        settings = sampling or SamplingConfig()
        model = ModelConfig(dataset.shape, own, names, data_std=std, sampling=settings, kind=dataset.kind)
        _try_out(net, model)
        return model
    if not KINDS[dataset.kind].spatial:
        if net != "auto":
            raise SfumatoError(f"{dataset.name} are points, for which there is one network; leave `net` out.")
        return ModelConfig(dataset.shape, MLPConfig(dataset.shape[0], classes), dataset.classes, data_std=std)
    if net == "auto":
        net = largest_net(dataset.shape)
        if minutes is not None and minutes < 1:  # a larger one would see too few samples
            net = "nano"
    if net == DIT2D and dataset.kind == "pictures":
        raise SfumatoError(f"the network {net} of diffusers generates latents; give `latent`, or an `autoencoder`.")
    made = named_net(net, dataset.shape, classes, text_config(dataset, text_encoder), conditions)
    theirs = isinstance(made, DiffusersConfig)  # diffusers' pipelines give a network pictures as they are
    return ModelConfig(
        dataset.shape,
        made,
        dataset.classes,
        parameterization="v" if theirs else "edm",
        data_std=1.0 if theirs else std,
        sampling=sampling or SamplingConfig(),
        kind=dataset.kind,
    )


def check_net(net: str) -> None:
    """Raises SfumatoError unless `net` is "auto" or a size that has a name, and what it is made by is here."""
    if net not in ("auto", *NAMED_NETS):
        raise unknown("network size", net, ["auto", *NAMED_NETS])
    if net in THEIRS:
        network_class(THEIRS[net])  # imported now, so that no run is begun without, and no clock counts its seconds


def _try_out(net: nn.Module, model: ModelConfig) -> None:
    """Ask a copy of `net` about two samples; raises SfumatoError where it can't be trained as the `model` says."""
    name, weights = type(net).__name__, list(net.parameters())
    if not any(weight.requires_grad for weight in weights):
        what = "all weights frozen; let some have requires_grad" if weights else "no weights; give one that can learn"
        raise SfumatoError(f"the network {name} has {what}.")
    device, dtype = weights[0].device, weights[0].dtype
    x, noise = (torch.zeros(2, *shape, dtype=dtype, device=device) for shape in (model.shape, ()))
    given: dict[str, Tensor] = {}
    if model.net.classes:
        given["label"] = torch.tensor([0, model.net.classes], device=device)
    if (text := model.net.text) is not None:
        size = (text.features,) if isinstance(text, FeaturesConfig) else ()
        kind = dtype if text.frozen else torch.int64
        given["text"] = torch.zeros(2, text.length, *size, dtype=kind, device=device)
    for one in model.net.conditions:
        given[one.name] = torch.zeros(2, *model.shape_of(one), dtype=dtype, device=device)
    asked = " and ".join(f"{key} of {times(value.shape)}" for key, value in {"x": x, "c_noise": noise, **given}.items())
    if model.net.classes:
        asked += f" (labels are 0 to {model.net.classes}, which is no class)"
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            answer = copy.deepcopy(net).eval()(x, noise, **given)
    except Exception as error:  # whatever the user's code raises
        why = " ".join(str(error).split()).rstrip(".")
        raise SfumatoError(
            f"the network {name} fails when it is called as net(x, c_noise, **conditions) with {asked}: "
            f"{type(error).__name__}: {why}."
        ) from error
    if not isinstance(answer, Tensor) or not answer.is_floating_point() or answer.shape != x.shape:
        got = f"{times(answer.shape)} of {answer.dtype}" if isinstance(answer, Tensor) else type(answer).__name__
        raise SfumatoError(
            f"the network {name} is to return a tensor of floats like x, here {times(x.shape)}, and returns {got}."
        )


def largest_net(shape: Sequence[int]) -> str:
    """The largest UNet that "auto" stands for, where there is time for it."""
    side = max(shape[-2:])
    return "tiny" if side <= 16 else "small" if side <= 64 else "medium"


def text_config(dataset: Dataset, text_encoder: str | None = None) -> TextConfig | FeaturesConfig | None:
    """An encoder for the captions of `dataset`, or how to read what the frozen one says; None where there are none."""
    if dataset.captions is None:
        return None
    if text_encoder is not None:
        folder = Path(text_encoder).expanduser()
        encoder = Encoder(str(folder.resolve()) if folder.is_dir() else text_encoder)
        return FeaturesConfig(encoder.name, encoder.weights, encoder.width, encoder.longest(dataset.captions))
    tokenizer = learn_tokenizer(dataset.captions)
    return TextConfig(tokenizer.get_vocab_size(), longest(tokenizer, dataset.captions))
