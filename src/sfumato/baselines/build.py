"""Baselines by name, of a given size, from a seed or from a folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from sfumato.baselines.baseline import Baseline, BaselineConfig, Kind
from sfumato.baselines.gan import GAN
from sfumato.baselines.vae import VAE
from sfumato.data import Dataset
from sfumato.data.kinds import kind_of_shape
from sfumato.errors import SfumatoError, unknown
from sfumato.files import replace_file
from sfumato.hub.config import config_json, read_config
from sfumato.hub.weights import Uninitialised
from sfumato.seeds import seeded

KINDS: dict[Kind, type[GAN] | type[VAE]] = {"gan": GAN, "vae": VAE}
"""The baselines by name."""
WITHIN, WIDEST = 0.05, 4096


def new_baseline(config: BaselineConfig, seed: int = 0) -> Baseline:
    """A freshly initialised baseline; the weights are a function of `config` and `seed`."""
    if config.kind not in KINDS:
        raise unknown("baseline", config.kind, KINDS)
    if not (kind := kind_of_shape(config.shape)).features:
        raise SfumatoError(f"the {config.kind.upper()} generates pictures, not {kind.described(config.shape)}.")
    with seeded("baseline weights", seed):
        return KINDS[config.kind](config).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def baseline_for(kind: Kind, dataset: Dataset, parameters: int) -> BaselineConfig:
    """A baseline for the pictures and classes of `dataset`, of as many parameters as a diffusion network.

    Both its networks are counted, as both are trained. Its width is the one that comes nearest to `parameters`.
    Raises SfumatoError for points, and where none comes within 5%.
    """
    return _sized(kind, tuple(dataset.shape), tuple(dataset.classes), parameters)


@cache  # some thirty networks are counted
def _sized(kind: Kind, shape: tuple[int, ...], classes: tuple[str, ...], parameters: int) -> BaselineConfig:
    def config(width: int) -> BaselineConfig:
        return BaselineConfig(kind, shape, classes, width)

    def size(width: int) -> int:
        with torch.device("meta"), Uninitialised():
            return new_baseline(config(width)).size

    narrow, wide = 1, WIDEST
    while wide - narrow > 1:
        middle = (narrow + wide) // 2
        narrow, wide = (middle, wide) if size(middle) <= parameters else (narrow, middle)
    width = min(narrow, wide, key=lambda one: abs(size(one) - parameters))
    if abs(size(width) / parameters - 1) > WITHIN:
        raise SfumatoError(
            f"no {kind.upper()} has about {parameters:,} parameters; the nearest has {size(width):,}. "
            "Compare with a larger network."
        )
    return config(width)


def save_baseline(folder: Path, baseline: Baseline) -> None:
    """Write `config.json` and `model.safetensors` into `folder`; raises SfumatoError where that can't be."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in baseline.state_dict().items()}
    replace_file(folder / "config.json", config_json(baseline=baseline.config))
    replace_file(folder / "model.safetensors", safetensors.torch.save(tensors))


def load_baseline(folder: Path, device: torch.device | str = "cpu") -> Baseline:
    """The baseline that `save_baseline` wrote; raises SfumatoError where it is missing or damaged."""
    config: BaselineConfig = read_config(folder / "config.json", BaselineConfig, "baseline")
    baseline = new_baseline(config)
    try:
        baseline.load_state_dict(safetensors.torch.load((folder / "model.safetensors").read_bytes()))
    except (OSError, safetensors.SafetensorError, RuntimeError) as error:
        raise SfumatoError(
            f"{folder / 'model.safetensors'} is missing or damaged, or of another config.json; train it again."
        ) from error
    return baseline.to(device).eval().requires_grad_(False)
