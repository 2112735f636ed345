"""The data that a model was trained on, and what of them was held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfumato.data import Dataset, open_dataset
from sfumato.data.latents import latent_fingerprint
from sfumato.hub import Model
from sfumato.hub.zoo import ships, zoo_data
from sfumato.training import open_data, training_config
from sfumato.training.config import left_out_by
from sfumato.training.pipelines import captioned
from sfumato.training.resuming import suited


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
        dataset = captioned(dataset, config, str(run))
    own, codec = dataset.fingerprint(), model.config.codec
    same = config.data.fingerprint in ("", own if codec is None else latent_fingerprint(own, codec.weights))
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
