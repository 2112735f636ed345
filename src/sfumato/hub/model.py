"""A model: what a run folder holds, put together again and ready to draw."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from sfumato.diffusion import SCHEDULES, NetDenoiser, Parameterization
from sfumato.diffusion.levels import broadcast
from sfumato.errors import SfumatoError, unknown
from sfumato.hub.checkpoints import Checkpoint, newest_checkpoint, open_checkpoint
from sfumato.nets import NetConfig, UNetConfig, build
from sfumato.sampling import Gaussian, ImageNoise, Step, classifier_free, grid, last, resolve, sample, stepper

Weights = Literal["ema", "raw"]
First = Literal["network", "analytical", "teleport"]
FIRST: tuple[First, ...] = ("network", "analytical", "teleport")
TELEPORT = 10.0  # sigma/alpha: the data's spread is a twentieth of it, and two thirds of karras' walk lie below
WEIGHT_FILES: dict[str, str] = {"ema": "ema.safetensors", "raw": "model.safetensors"}


@dataclass(frozen=True)
class SamplingConfig:
    """How to draw: a checkpoint carries one as its default.

    `guidance` 0 ignores the class, 1 is plainly conditional, more pushes towards it; `eta` belongs to ddim and to
    samplers that add noise, `tolerance` to adaptive. `first` says who takes the first step: the network, or for free
    the Gaussian of the data, by one "analytical" answer or by a "teleport" to sigma/alpha = TELEPORT.
    """

    sampler: str = "dpm++2m"
    steps: int = 20
    grid: str = "karras"
    schedule: str = "edm"
    guidance: float = 1.0
    eta: float | None = None
    tolerance: float | None = None
    first: First = "network"


@dataclass(frozen=True)
class ModelConfig:
    """All that is needed to build the model again.

    `shape` is one sample's: (channels, height, width) or (dimension,); `classes` their names, by number.
    """

    shape: tuple[int, ...]
    net: NetConfig
    classes: tuple[str, ...] = ()
    parameterization: str = "edm"
    data_std: float = 0.5
    sampling: SamplingConfig = field(default_factory=SamplingConfig)


class Model:
    """A denoiser with its config. `model.sample(seeds=range(16), labels=[3] * 16)` draws sixteen threes."""

    def __init__(self, config: ModelConfig, denoiser: NetDenoiser, source: str = "", weights_hash: str = "") -> None:
        self.config = config
        self.denoiser = denoiser
        self.source = source
        self.weights_hash = weights_hash
        self.gaussian: Gaussian | None = None  # of the training data, for sampling.first

    @property
    def device(self) -> torch.device:
        return next(self.denoiser.parameters()).device

    @property
    def parameters(self) -> int:
        return sum(p.numel() for p in self.denoiser.net.parameters())

    def label(self, name: str) -> int:
        """The number of the class called `name`; raises SfumatoError that lists the classes."""
        if not self.config.classes:
            raise SfumatoError(f"{self.source or 'this model'} was trained without classes; leave --class out.")
        if name not in self.config.classes:
            raise unknown("class", name, self.config.classes)
        return self.config.classes.index(name)

    def stream(
        self, seeds: Sequence[int], labels: Sequence[int] | None = None, sampling: SamplingConfig | None = None
    ) -> Iterator[Step]:
        """Draw one batch, yielding every step; image i depends on `seeds[i]` and `labels[i]` alone.

        Without `labels` a class-conditional model draws from all classes unconditionally.
        """
        sampling = sampling or self.config.sampling
        if sampling.schedule not in SCHEDULES:
            raise unknown("schedule", sampling.schedule, SCHEDULES)
        if not math.isfinite(sampling.guidance):
            raise SfumatoError(f"guidance must be a finite number, got {sampling.guidance}; 1 is plainly conditional.")
        if labels is not None and len(labels) != len(seeds):
            raise ValueError(f"{len(seeds)} seeds need as many labels, got {len(labels)}")
        if sampling.first not in FIRST:
            raise unknown("first step", sampling.first, FIRST)
        if sampling.first != "network" and self.gaussian is None:
            raise SfumatoError(
                f"the first step '{sampling.first}' needs the data's Gaussian; set model.gaussian = Gaussian.fit(data)."
            )
        name, named_grid = resolve(sampling.sampler)
        by = stepper(name, sampling.eta, sampling.steps, sampling.tolerance)
        path = SCHEDULES[sampling.schedule]()
        teleports = sampling.first == "teleport"
        levels = grid(named_grid or sampling.grid, path, sampling.steps, TELEPORT if teleports else None)
        denoiser, cond = self.denoiser, None
        guided: Any = denoiser
        if self.config.classes:
            null = {"label": torch.full((len(seeds),), len(self.config.classes), device=self.device)}
            cond = null if labels is None else {"label": torch.as_tensor(labels, device=self.device)}
            if labels is not None:
                guided = classifier_free(denoiser, sampling.guidance, null)
        noise = ImageNoise(seeds, self.config.shape, self.device)
        denoiser.eval()
        analytical = self.gaussian if sampling.first == "analytical" else None
        start = None
        if teleports and self.gaussian is not None:
            noisiest = path(1.0)
            full = broadcast((noisiest.alpha**2 + noisiest.sigma**2).sqrt(), first := noise()) * first
            start = self.gaussian.teleport(full, noisiest, levels[0])
        return sample(guided, levels, by, noise, cond, start, analytical)

    def sample(
        self,
        seeds: Sequence[int],
        labels: Sequence[int] | None = None,
        sampling: SamplingConfig | None = None,
        batch: int = 64,
        **overrides: Any,
    ) -> Tensor:
        """Draw `(len(seeds), *shape)` on the CPU, `batch` at a time; pictures lie in about [−1, 1].

        `overrides` are fields of SamplingConfig: `model.sample(range(4), steps=50, sampler="ddim")`.
        """
        sampling = replace(sampling or self.config.sampling, **overrides)
        parts = []
        for first in range(0, len(seeds), batch):
            some = slice(first, first + batch)
            own = None if labels is None else labels[some]
            parts.append(last(self.stream(seeds[some], own, sampling)).x.cpu())
        return torch.cat(parts)


def new_model(config: ModelConfig, seed: int = 0) -> Model:
    """A freshly initialised model; the weights are a function of `config` and `seed`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = build(config.net)
    denoiser = NetDenoiser(net, Parameterization(config.parameterization, config.data_std))
    if isinstance(config.net, UNetConfig):
        denoiser.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Model(config, denoiser)


def read_config(path: Path, kind: Any = ModelConfig, section: str = "model") -> Any:
    """The `section` of a run's config.json as a `kind`; raises SfumatoError that names what does not fit."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise SfumatoError(f"there is no trained model in {path.parent}: {path.name} is missing.") from error
    except ValueError as error:
        raise SfumatoError(f"{path} is not valid JSON; restore it or train again.") from error
    try:
        return TypeAdapter(kind).validate_python(content[section])
    except KeyError as error:
        raise SfumatoError(f"{path} has no section '{section}'; restore it or train again.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SfumatoError(f"{path} does not fit at '{section}.{where}': {first['msg'].lower()}.") from error


def config_json(**sections: Any) -> bytes:
    """The sections (dataclasses) as the text of a config.json."""
    return (json.dumps({name: asdict(value) for name, value in sections.items()}, indent=2) + "\n").encode()


def find_checkpoint(folder: Path, name: str) -> tuple[Checkpoint, list[Path]]:
    """The checkpoint to use under `folder` (a run, or one of its checkpoints) and the damaged ones passed over."""
    if not folder.exists():
        raise SfumatoError(f"there is no folder {folder}; train one first, or name a run such as runs/digits.")
    if (folder / "state.json").exists():
        checkpoint = open_checkpoint(folder)
        if checkpoint is None or not checkpoint.intact(name):
            raise SfumatoError(
                f"{folder / name} is missing or damaged; use {folder.parent.parent} to take an intact one."
            )
        return checkpoint, []
    found, damaged = newest_checkpoint(folder / "checkpoints", (name,))
    if found is None:
        state = f"{len(damaged)} damaged" if damaged else "no"
        raise SfumatoError(
            f"there is no trained model in {folder}: it holds {state} checkpoints; train with `sfumato train`."
        )
    return found, damaged


def load(path: str | Path, weights: Weights = "ema", device: torch.device | str = "cpu") -> Model:
    """The model in a run folder (newest intact checkpoint), in one checkpoint's folder, or one that ships, by name.

    `weights` "ema" (the running average, better pictures) or "raw". Raises SfumatoError where nothing usable is found.
    """
    folder = Path(path)
    if weights not in WEIGHT_FILES:
        raise unknown("weights", weights, WEIGHT_FILES)
    from sfumato.hub.zoo import load_zoo, ships

    if ships(path):
        return load_zoo(str(path), device)
    checkpoint, _ = find_checkpoint(folder, WEIGHT_FILES[weights])
    config: ModelConfig = read_config(checkpoint.path.parent.parent / "config.json")
    model = new_model(config)
    tensors = checkpoint.read(WEIGHT_FILES[weights])
    try:
        model.denoiser.net.load_state_dict(tensors)
    except RuntimeError as error:
        raise SfumatoError(
            f"the weights in {checkpoint.path} don't fit the network in config.json; restore the config they came with."
        ) from error
    model.denoiser.to(device).eval().requires_grad_(False)
    model.source = checkpoint.path.as_posix()
    model.weights_hash = checkpoint.state["files"][WEIGHT_FILES[weights]]
    return model
