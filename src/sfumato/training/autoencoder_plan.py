"""Which autoencoder suits a set of pictures, and what a run of it is to be on this machine."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise
from typing import Any

import torch

from sfumato.data import Dataset
from sfumato.data.kinds import LATENTS_OF
from sfumato.errors import SfumatoError
from sfumato.hub.config import CodecConfig
from sfumato.nets.autoencoder import FACTORS
from sfumato.nets.kl import sized_autoencoder
from sfumato.training.autoencoding import AutoencoderTrainer, has_perceptual
from sfumato.training.config import TrainingConfig, changed
from sfumato.training.planning import HELD_OUT, default_batch
from sfumato.training.precision import fastest_precision, pick_device
from sfumato.training.processes import ALONE, Processes

ENOUGH = {"nano": 0, "tiny": 30_000, "small": 150_000}  # images that each has to see before it is better than the last
LATENT_SIDE = 16  # pixels a side that latents have at least, where their factor is chosen
CHOSEN = (4, 8)  # factors, from the least on
TIMED = 2  # steps
SHARE = 0.3  # of the minutes of a model in latents, that its autoencoder takes
LOOKS = 4  # previews, of a run of minutes
# Which settings of a run an autoencoder has too: these and those in these groups, but for some.
OWN, OWN_GROUPS = ("images", "minutes", "batch", "seed"), ("data.", "machine.", "keeping.", "reconstruction.")
NOT_OWN = ("data.columns", "data.crop", "data.low_resolution", "machine.shard")


@dataclass(frozen=True)
class AutoencoderPlan:
    """A run of an autoencoder as this machine can do it; planning took so many `seconds`."""

    config: TrainingConfig
    codec: CodecConfig
    seconds: float


def plan_autoencoder(
    dataset: Dataset,
    config: TrainingConfig,
    net: str = "auto",
    factor: int | None = None,
    channels: int | None = None,
    fixed: Collection[str] = (),
    processes: Processes = ALONE,
    tuned: CodecConfig | None = None,
) -> AutoencoderPlan:
    """What `config` leaves open, and the autoencoder: of the size `net`, by default one of ours as the minutes allow.

    `factor` is by default 4, and 8 where latents are then still LATENT_SIDE pixels high and wide; `channels` of latents
    are by default as many. With `tuned`, it is that, of clips whose decoder is trained. The precision, the batch and
    what is held out are open where they aren't named in `fixed`.
    """
    started, device = time.perf_counter(), processes.device or pick_device()
    if "precision" not in fixed:
        config = changed(config, precision=fastest_precision(device))
    if "held_out" not in fixed:
        config = changed(config, held_out=HELD_OUT)
    if "batch" not in fixed:
        frames = dataset.shape[0] if tuned is not None else 1
        config = changed(config, batch=max(processes.count, min(32, default_batch(dataset)) // frames))
    if "previews" not in fixed and config.minutes is not None:
        config = changed(config, previews=LOOKS)
    if tuned is not None:
        return processes.same(AutoencoderPlan(config, tuned, time.perf_counter() - started))
    codec = partial(codec_config, dataset, factor=factor, channels=channels)
    if net != "auto":
        return processes.same(AutoencoderPlan(config, codec(net), time.perf_counter() - started))
    chosen = codec("nano" if config.minutes is not None else "tiny")
    if config.minutes is not None:
        for size in list(ENOUGH)[1:]:
            left = 60 * config.minutes - (time.perf_counter() - started)
            if left / _image_seconds(codec(size), dataset, config, device) < ENOUGH[size]:
                break
            chosen = codec(size)
    return processes.same(AutoencoderPlan(config, chosen, time.perf_counter() - started))


def codec_config(dataset: Dataset, size: str, factor: int | None = None, channels: int | None = None) -> CodecConfig:
    """A codec of pictures, or of the frames of clips, by an autoencoder of this `size`.

    `factor` and `channels` are as in `plan_autoencoder`.
    """
    if dataset.kind not in LATENTS_OF:
        raise SfumatoError(f"{dataset.name} are {dataset.kind}, which have no latents: only pictures and clips do.")
    picture = dataset.shape[-3:]  # of clips, a frame
    if factor is None:
        factor = max((one for one in CHOSEN if min(picture[1:]) >= LATENT_SIDE * one), default=FACTORS[0])
    return CodecConfig(picture, sized_autoencoder(size, picture[0], factor, channels))


def autoencoder_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the `settings` of a run, by their full names, that an autoencoder has too."""
    return {
        name: value
        for name, value in settings.items()
        if name in OWN or (name.startswith(OWN_GROUPS) and name not in NOT_OWN)
    }


def settings_left(settings: Mapping[str, Any], minutes: float) -> dict[str, Any]:
    """Those of the `settings` that are left for a model whose autoencoder has taken so many minutes of its budget."""
    left = {name: value for name, value in settings.items() if not name.startswith("reconstruction.")}
    left.pop("data.size", None)  # it is that of the autoencoder
    if "minutes" in left:
        left["minutes"] -= minutes
        if left["minutes"] <= 0:
            raise SfumatoError(
                f"the autoencoder took {minutes:.3g} minutes, which leaves none of {settings['minutes']:.3g} for the "
                "model; give more `minutes`."
            )
    return left


def _image_seconds(codec: CodecConfig, dataset: Dataset, config: TrainingConfig, device: torch.device) -> float:
    """How long a step takes for each image of its batch."""
    without = {} if has_perceptual() else {"perceptual": 0.0}  # as it will be trained then
    trial = changed(config, images=10**12, minutes=None, adversarial=0.0, compile=False, **without)
    trainer = AutoencoderTrainer(codec, dataset, trial, device)
    moments = [time.perf_counter(), *(time.perf_counter() for _ in islice(trainer.steps(), 1 + TIMED))]
    return min(later - before for before, later in pairwise(moments)) / config.batch
