"""Training in latents: the data of a run as its codec makes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from sfumato.data import Dataset
from sfumato.data.captions import Texts
from sfumato.data.controls import CONTROLS
from sfumato.data.dataset import Progress
from sfumato.data.encoders import Encoder
from sfumato.data.features import caption_features
from sfumato.data.kinds import LATENTS_OF
from sfumato.data.latents import Encoding, check_crop, open_latents, unencoded
from sfumato.errors import SfumatoError
from sfumato.hub import Model
from sfumato.hub.codec import Codec
from sfumato.hub.config import CodecConfig
from sfumato.hub.loading import load_codec
from sfumato.nets.kl import KL, KLConfig
from sfumato.nets.named_diffusers import THEIRS
from sfumato.training.conditions import conditions_of
from sfumato.training.config import NOISE, TrainingConfig, changed
from sfumato.training.networks import model_for
from sfumato.training.precision import pick_device
from sfumato.training.processes import ALONE, Processes
from sfumato.training.recipes import with_settings
from sfumato.training.run import check_data
from sfumato.training.trainer import check_training

ENCODING = "encoding pictures"
SPREAD = 0.5  # about the standard deviation of pictures in [−1, 1], for which levels are chosen; that of latents is 1


def codec_for(autoencoder: str | Path, base: Model | None, processes: Processes = ALONE) -> Codec:
    """The codec of the run or the model `autoencoder`; raises SfumatoError where the model of `base` has its own."""
    if base is not None:
        raise SfumatoError("the model of `base` keeps what it generates, pixels or latents; leave `autoencoder` out.")
    return load_codec(autoencoder, processes.device or pick_device())


def autoencoder_of(net: str | nn.Module) -> str:
    """The size of the autoencoder that is trained for a model of the network `net`."""
    return KL if net in THEIRS else "auto"


def check_codec(codec: CodecConfig, net: str | nn.Module) -> None:
    """Raises SfumatoError where diffusers' own `net` is to generate latents that its pipelines can't decode."""
    if net in THEIRS and not isinstance(codec.net, KLConfig):
        raise SfumatoError(
            f"the network {net} is handed on to diffusers, which has no autoencoder like this one of ours; train one "
            f"of the size {KL}, or another network."
        )


def with_levels_of_latents(config: TrainingConfig) -> TrainingConfig:
    """`config` with the usual noise levels as far above the spread of latents as they are above that of pictures.

    Levels that were chosen otherwise stay.
    """
    if config.objective.noise != NOISE:
        return config
    return changed(config, noise=replace(NOISE, mean=round(NOISE.mean - math.log(SPREAD), 4)))


def check_model(
    pictures: Dataset,
    codec: CodecConfig,
    config: TrainingConfig,
    settings: Mapping[str, Any],
    net: str | nn.Module = "auto",
    controls: Sequence[str] = (),
    text_encoder: str | None = None,
) -> None:
    """Raises SfumatoError for what keeps a model in the latents of `pictures` from being trained, before there are any.

    `settings` are those of the model, and `controls` images that it is conditioned on.
    """
    check_codec(codec, net)
    check_crop(config.data.crop, codec.net.factor)
    check_data(pictures, config)
    latents = unencoded(pictures, codec.shape, codec.net.factor, config.data.flip)
    computed = [name for name in controls if name in CONTROLS]
    conditions = conditions_of(latents, config.data.columns, computed, codec.net.factor)
    model = with_settings(model_for(latents, net, text_encoder=text_encoder, conditions=conditions), settings)
    check_training(replace(model, codec=codec), latents, config)


def encoded(
    pictures: Dataset,
    codec: Codec,
    config: TrainingConfig,
    processes: Processes = ALONE,
    progress: Progress | None = None,
) -> Dataset:
    """The latents of `pictures` by `codec`; of several processes, the main one encodes what isn't in the cache.

    Raises SfumatoError where the codec is of other pictures.
    """
    wanted = codec.config.picture
    if (shape := pictures.shape[-3:]) != wanted and pictures.kind in LATENTS_OF:
        own, other = (" × ".join(map(str, one)) for one in (shape, wanted))
        what = "number of channels" if shape[0] != wanted[0] else "size"
        raise SfumatoError(
            f"{pictures.name} are {own}, and the autoencoder is of pictures of {other}, which is another {what}; open "
            "the data as that, or train an autoencoder of your own."
        )
    encoding = Encoding(codec.encode, codec.config.shape, codec.config.latents, codec.config.net.factor)
    with processes.first():
        return open_latents(pictures, encoding, config.data.flip, progress=progress)


def encode_captions(
    captions: Sequence[Texts], encoder: Encoder | None, processes: Processes, progress: Callable[[str, int, int], None]
) -> None:
    """Have a frozen encoder read the captions of a run; they are kept for it to find."""
    if encoder is None or not captions:
        return
    encoder.device = processes.device or pick_device()
    with processes.first():
        caption_features(captions, encoder, progress=partial(progress, f"captions through {encoder.name}"))
