"""The data that a model is compared with: those it was trained on, with what was held out, or others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfumato.data import Dataset, open_dataset
from sfumato.data.dataset import Progress
from sfumato.data.latents import latent_fingerprint
from sfumato.errors import SfumatoError
from sfumato.hub import Model
from sfumato.hub.zoo import ships, zoo_data
from sfumato.training import open_data, training_config
from sfumato.training.config import left_out_by
from sfumato.training.pipelines import captioned
from sfumato.training.resuming import suited


def data_for(
    run: str | Path, model: Model, data: str | Path | None = None, progress: Progress | None = None
) -> tuple[Dataset, NDArray[np.int64] | None, list[str]]:
    """As `training_data`, or where `data` are named those, and whether the training of `run` left out some of them."""
    if data is None and not ships(run) and not (run_of(Path(run)) / "config.json").exists():
        raise SfumatoError(
            f"{run} is no run, and doesn't say what it was trained on; name pictures to compare it with by `data`."
        )
    if data is None:
        return training_data(run, model)
    found = suited_to(model, data, progress)
    return found, held_out_of(run, found), []


def suited_to(model: Model, data: str | Path, progress: Progress | None = None) -> Dataset:
    """The pictures `data` in the size that `model` generates, with the words or the classes that it goes by.

    Raises SfumatoError where they have none that it knows.
    """
    kind, shape = model.config.seen
    name = model.source or "the model"
    if kind != "pictures":
        raise SfumatoError(
            f"{name} generates {kind}, which are compared with those it was trained on; leave `data` out."
        )
    found, known = open_dataset(data, (shape[1], shape[2]), progress=progress), model.config.classes
    if model.config.pipeline:
        return captioned(found, "", name)
    if not known:
        return replace(found, labels=None, classes=())
    if unknown := [one for one in found.classes if one not in known]:
        raise SfumatoError(
            f"{found.name} holds '{unknown[0]}', which is no class of {name}; `sfumato info` lists those."
        )
    if found.labels is None:
        raise SfumatoError(f"{found.name} has no classes, and {name} goes by them; put pictures into a folder a class.")
    numbers = np.array([known.index(one) for one in found.classes])
    return replace(found, labels=numbers[found.labels], classes=known)


def training_data(run: str | Path, model: Model) -> tuple[Dataset, NDArray[np.int64] | None, list[str]]:
    """What `model` of `run` was trained on, the samples of it that were held out, and plain sentences about it.

    `run` is a run, one of its checkpoints or a model that ships. Raises SfumatoError where the data aren't there.
    """
    if ships(run):
        return open_dataset(zoo_data(str(run))), None, []
    run = Path(run)
    config = training_config(run_of(run))
    dataset = suited(open_data(config), model.config, run)
    if model.config.pipeline:
        dataset = captioned(dataset, config.data.instance_prompt, str(run))
    own, codec = dataset.fingerprint(), model.config.codec
    same = config.data.fingerprint in ("", own if codec is None else latent_fingerprint(own, codec.latents))
    changed = f"{config.data.source} holds other samples, classes or captions than what {run} was trained on."
    return dataset, left_out_by(config, dataset), [] if same else [changed]


def held_out_of(run: str | Path, dataset: Dataset) -> NDArray[np.int64] | None:
    """Which samples of `dataset` the training of `run` left out; None unless it was trained on these very samples."""
    if not (run_of(Path(run)) / "config.json").exists():
        return None
    config = training_config(run_of(Path(run)))
    return left_out_by(config, dataset) if config.data.fingerprint == dataset.fingerprint() else None


def run_of(run: Path) -> Path:
    """The folder of a run, which may be named by one of its checkpoints."""
    return run.parent.parent if (run / "state.json").exists() else run
