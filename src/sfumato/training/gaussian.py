"""The Gaussian of the data that a run was trained on, which may take the first part of its walks."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from sfumato.data import Dataset, draw_views, open_dataset
from sfumato.files import replace_file
from sfumato.hub.zoo import ships, zoo_data
from sfumato.sampling import Gaussian
from sfumato.training.config import open_data
from sfumato.training.run import training_config


def data_gaussian(run: Path) -> Gaussian:
    """The Gaussian of the data that `run` was trained on, kept in the run once it is known.

    Raises SfumatoError where the data are no longer there.
    """
    if ships(run):
        return _fitted(open_dataset(zoo_data(str(run))))
    folder = run.parent.parent if (run / "state.json").exists() else run
    path = folder / "gaussian.safetensors"
    with suppress(FileNotFoundError, safetensors.SafetensorError, KeyError):  # damaged: fitted again
        kept = safetensors.torch.load(path.read_bytes())
        return Gaussian(kept["mean"], kept["basis"], kept["variances"], float(kept["rest"]))
    config = training_config(folder)
    found = _fitted(open_data(config), config.flip)
    tensors = {"mean": found.mean, "basis": found.basis, "variances": found.variances, "rest": torch.tensor(found.rest)}
    replace_file(path, safetensors.torch.save({name: value.contiguous() for name, value in tensors.items()}))
    return found


def _fitted(dataset: Dataset, flip: bool = False) -> Gaussian:
    rows = dataset.spread(4000)
    samples, _ = dataset.batch(rows, draw_views(0, 0, len(rows), False, dataset.crop))  # as training shows them
    return Gaussian.fit(torch.cat([samples, samples.flip(-1)]) if flip else samples)
