"""Adapters of a pipeline of diffusers: how they are trained by default, on which captions, beside which pictures.

The pipeline stays as it is and where it is: a run keeps what is trained alone. Latents and features of captions are
made once, before the first step.

runs/<name>/class/seed-*.png     what the pipeline generates of the class, kept for prior preservation
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sfumato.data import Dataset, picture, png
from sfumato.data.dataset import Progress
from sfumato.errors import SfumatoError
from sfumato.files import replace_file
from sfumato.hub import Model, ModelConfig
from sfumato.hub.config import plain
from sfumato.hub.diffusers.texts import PipelineText
from sfumato.hub.resolving import suited_batch
from sfumato.nets import DiffusersConfig
from sfumato.training.config import TrainingConfig, changed
from sfumato.training.latents import ENCODING, encoded
from sfumato.training.planning import Plan
from sfumato.training.precision import fastest_precision, pick_device
from sfumato.training.processes import Processes
from sfumato.training.recipes import TIMESTEPS, with_settings
from sfumato.training.slices import shared_copy

Steps = Callable[[str, int, int], None]
GENERATING = "generating class pictures"
CLASS = "class"  # the folder of a run that holds its class pictures
CLASS_BATCH = 4  # of these, generated at once
BATCH = 4  # images a step
# As adapters of Stable Diffusion are trained elsewhere: AdamW at a constant rate, nothing held out of few pictures.
SETTINGS: dict[str, Any] = {
    "optimizer.name": "adamw", "optimizer.betas": [0.9, 0.999], "optimizer.warmup": 0.0, "optimizer.decay": 0.0,
    "optimizer.ema_widths": [0.1], "keeping.previews": 4, "data.held_out": 0.0, "batch": BATCH,
}  # fmt: skip
LEARNING_RATE = 1e-4


def pipeline_settings(base: ModelConfig, given: Collection[str]) -> dict[str, Any]:
    """What a run of adapters upon the pipeline `base` is trained by where nothing else is `given`: on its own levels,
    by the error of what its network answers."""
    flow = isinstance(base.net, DiffusersConfig) and base.net.flow
    found = SETTINGS | {
        "objective.schedule": plain(base.sampling.schedule),
        "objective.noise": TIMESTEPS | {"name": "uniform" if flow else "timesteps"},
        "objective.weight": base.parameterization,
    }
    if "optimizer.name" not in given:
        found["optimizer.learning_rate"] = LEARNING_RATE
    return found


def check_adapted(base: Model, config: TrainingConfig, controls: bool) -> None:
    """Raises SfumatoError for what can't be trained of the pipeline `base`: all but adapters."""
    name = base.source or "the model"
    if config.lora is None:
        raise SfumatoError(
            f"{name} is a pipeline of diffusers, of which adapters are trained and nothing else; give `lora`, a rank "
            "such as 16."
        )
    if controls or config.data.columns:
        raise SfumatoError(f"{name} takes prompts and nothing else; leave `control` and `columns` out.")
    if config.data.class_prompt and config.batch % 2:
        raise SfumatoError(f"half of each batch are class pictures: `batch` is an even number, not {config.batch}.")


def adapted_model(base: Model) -> Model:
    """The pipeline `base` made ready to have adapters beside its weights, which both share and which stay."""
    model = Model(base.config, shared_copy(base.denoiser), base.source, base.weights_hash, encoder=base.encoder)
    model.codec = base.codec
    return model


def captioned(dataset: Dataset, word: str, name: str) -> Dataset:
    """`dataset` with a caption a picture: its own, or the instance prompt `word`, or the name of its folder.

    Classes are words to a pipeline, and no others. Raises SfumatoError where nothing says what a picture shows.
    """
    own, texts = dataset.captions, []
    for row in range(len(dataset)):
        said = () if own is None else own[row]
        if not said and word:
            said = (word,)
        if not said and dataset.labels is not None:
            said = (dataset.classes[int(dataset.labels[row])],)
        texts.append(said)
    if lacking := sum(not said for said in texts):
        raise SfumatoError(
            f"{lacking:,} of {len(texts):,} pictures in {dataset.name} have no caption, and {name} goes by words; "
            "write captions (x.txt beside x.png), or in training an `instance_prompt` such as 'a photo of sks dog'."
        )
    return replace(dataset, captions=texts, labels=None, classes=())


def class_pictures(folder: Path, base: Model, config: TrainingConfig, progress: Progress | None = None) -> Dataset:
    """What the pipeline `base` generates of the class prompt, for the run in `folder`, which keeps it.

    Those that are there already aren't generated again.
    """
    prompt, count = config.data.class_prompt, config.data.class_images
    place = folder / CLASS
    paths = [place / f"seed-{seed:04d}.png" for seed in range(count)]
    missing = [seed for seed, path in enumerate(paths) if not path.exists()]
    batch = min(CLASS_BATCH, suited_batch(base.config.shape))
    for first in range(0, len(missing), batch):
        seeds = missing[first : first + batch]
        for seed, sample in zip(seeds, base.sample(seeds, prompts=prompt), strict=True):
            about = {"model": base.source, "prompt": prompt, "seed": str(seed)}
            replace_file(paths[seed], png(picture(sample[None], scale=1), about))
        if progress is not None:
            progress(first + len(seeds), len(missing))
    stored = np.stack([_read(path, base.config.seen[1]) for path in paths])
    content = hashlib.sha256(stored.tobytes() + prompt.encode()).hexdigest()
    return Dataset(CLASS, stored, captions=[(prompt,)] * count, content=content, kind="pictures")


def _read(path: Path, shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    try:
        with Image.open(path) as opened:
            found = np.asarray(opened.convert("RGB" if shape[0] == 3 else "L"))
    except OSError as error:
        raise SfumatoError(f"{path} is damaged; delete it, and it is generated again.") from error
    found = found.transpose(2, 0, 1) if found.ndim == 3 else found[None]
    if found.shape != shape:
        raise SfumatoError(f"{path} is {found.shape[2]}×{found.shape[1]} pixels, and the pipeline generates others; "
                           "delete it, and it is generated again.")  # fmt: skip
    return found


def ready(
    folder: Path, base: Model, pictures: Dataset, config: TrainingConfig, processes: Processes, progress: Steps
) -> tuple[Dataset, Dataset | None]:
    """What a run in `folder` trains adapters of `base` on: latents of `pictures` with captions, and of class pictures.

    Raises SfumatoError where the pictures are none that `base` generates, or nothing says what they show.
    """
    device = processes.device or pick_device()
    base.denoiser.to(device)
    if base.codec is not None:
        base.codec.to(device)
    if isinstance(base.encoder, PipelineText):
        base.encoder.to(device)
    pictures, others = captioned(pictures, config.data.instance_prompt, base.source), None
    if config.data.class_prompt:
        with processes.first():
            others = class_pictures(folder, base, config, partial(progress, GENERATING))
    if base.codec is not None:
        pictures = encoded(pictures, base.codec, config, processes, partial(progress, ENCODING))
        others = None if others is None else encoded(others, base.codec, config, processes)
    return pictures, others


def plan_adapters(
    config: TrainingConfig,
    model: ModelConfig,
    settings: Mapping[str, Any],
    fixed: Collection[str],
    processes: Processes,
) -> Plan:
    """A run of adapters as this machine can do it; nothing is measured, since a step of such networks takes long."""
    if "precision" not in fixed and config.machine.precision == "fp32":
        device = processes.device or pick_device()
        config = changed(config, precision="fp32" if device.type == "cpu" else fastest_precision(device))
    steps = 0 if config.images is None else math.ceil(config.images / config.batch)
    return Plan(config, with_settings(model, settings), None, 0.0, steps)


def settings_over(base: ModelConfig | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings `given`, and below them those of a pipeline, where `base` is one."""
    return {**(pipeline_settings(base, given) if base is not None and base.pipeline else {}), **given}
