"""The Gaussian of the data that a run was trained on, which may take the first part of its walks."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch

from sfumato.data import Dataset, draw_augmentation, open_dataset
from sfumato.errors import SfumatoError
from sfumato.files import NotWritten, replace_file
from sfumato.hub.codec import model_codec
from sfumato.hub.config import read_config
from sfumato.hub.zoo import ships, zoo_data
from sfumato.sampling import Gaussian
from sfumato.training.config import open_data
from sfumato.training.latents import encoded
from sfumato.training.run import training_config


def data_gaussian(run: str | Path) -> Gaussian:
    """The Gaussian of the data that `run` was trained on, kept in the run with their fingerprint once it is known.

    Raises SfumatoError where it isn't and the data are no longer there, or have changed.
    """
    run = Path(run)
    if ships(run):
        return _fitted(open_dataset(zoo_data(str(run))))
    folder = run.parent.parent if (run / "state.json").exists() else run
    path = folder / "gaussian.safetensors"
    config = training_config(folder)
    with (
        suppress(OSError, safetensors.SafetensorError),  # damaged: fitted again
        safetensors.safe_open(path, "pt") as file,
    ):
        if (file.metadata() or {}).get("data", "") == config.data.fingerprint:
            mean, basis, variances, rest = map(file.get_tensor, ("mean", "basis", "variances", "rest"))
            return Gaussian(mean, basis, variances, float(rest))
    dataset = open_data(config)
    if (codec := model_codec(folder, read_config(folder / "config.json"))) is not None:
        dataset = encoded(dataset, codec, config)
    if (now := dataset.fingerprint()) != config.data.fingerprint and config.data.fingerprint:
        raise SfumatoError(
            f"{config.data.source} no longer holds what {folder} was trained on (sha256 {now[:12]}, which was "
            f"{config.data.fingerprint[:12]}), so their Gaussian is not known; restore the data, or leave `first` out."
        )
    found = _fitted(dataset, config.data.flip)
    tensors = {"mean": found.mean, "basis": found.basis, "variances": found.variances, "rest": torch.tensor(found.rest)}
    content = {name: value.contiguous() for name, value in tensors.items()}
    with suppress(NotWritten):  # it is fitted again the next time
        replace_file(path, safetensors.torch.save(content, {"data": config.data.fingerprint}))
    return found


def _fitted(dataset: Dataset, flip: bool = False) -> Gaussian:
    rows = dataset.spread(4000)
    shown = draw_augmentation(0, 0, len(rows), False, dataset.crop)  # as training shows them
    both = [shown, replace(shown, mirrored=np.ones(len(rows), np.bool_))] if flip else [shown]
    return Gaussian.fit(torch.cat([dataset.batch(rows, one)[0] for one in both]))
