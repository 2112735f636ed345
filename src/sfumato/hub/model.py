"""A model: what a run folder holds, put together again and ready to draw."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from sfumato.data.encoders import Encoder
from sfumato.data.tokens import open_tokenizer, tokenize, unread
from sfumato.diffusion import SCHEDULES, Condition, Denoiser, Level, NetDenoiser, Parameterization
from sfumato.diffusion.levels import broadcast
from sfumato.errors import SfumatoError, unknown
from sfumato.hub.checkpoints import Checkpoint, newest_checkpoint, open_checkpoint
from sfumato.nets import ConditionConfig, FeaturesConfig, MLPConfig, NetConfig, TextConfig, UNetConfig, build, text_of
from sfumato.sampling import (
    Edit,
    Gaussian,
    ImageNoise,
    Step,
    Stepper,
    classifier_free,
    grid,
    last,
    plus_plus,
    projected,
    resolve,
    sample,
    stepper,
    thresholded,
)
from sfumato.sampling.editing import begin_from, inpainted, restored
from sfumato.sampling.guidance import EVERYWHERE
from sfumato.sampling.inverse import downscaled, pseudo_inverse_guided

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Weights = Literal["ema", "raw"]
Rule = Literal["plain", "projected", "cfg++"]
Told = Mapping[str, Tensor | Sequence[float] | float]  # conditions by name
RULES: tuple[Rule, ...] = ("plain", "projected", "cfg++")
First = Literal["network", "analytical", "teleport"]
FIRST: tuple[First, ...] = ("network", "analytical", "teleport")
TELEPORT = 10.0  # sigma/alpha: the data's spread is a twentieth of it, and two thirds of karras' walk lie below
STRENGTH = "strength"  # of a branch, told like a condition
TOKENIZER = "tokenizer.json"  # beside the config of a model that reads prompts
WEIGHT_FILES: dict[str, str] = {"ema": "ema.safetensors", "raw": "model.safetensors"}


@dataclass(frozen=True)
class SamplingConfig:
    """How to draw: a checkpoint carries one as its default.

    `guidance` 0 ignores the condition, 1 is plainly conditional, more pushes towards it, by a `rule` (see guidance.py;
    that of cfg++ lies between 0 and 1), where sigma/alpha lies in `interval`; `threshold` scales what strays from
    [−1, 1] back. `eta` belongs to ddim and to samplers that add noise, `tolerance` to adaptive. `first` says who takes
    the first step: the network, or for free the Gaussian of the data, by one "analytical" answer or by a "teleport" to
    sigma/alpha = TELEPORT.
    """

    sampler: str = "dpm++2m"
    steps: int = 20
    grid: str = "karras"
    schedule: str = "edm"
    guidance: float = 1.0
    rule: Rule = "plain"
    interval: tuple[float, float] | None = None
    threshold: bool = False
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

    @property
    def conditions(self) -> tuple[ConditionConfig, ...]:
        """The numbers, vectors and images that the network is told, beside class and prompt."""
        return () if isinstance(self.net, MLPConfig) else self.net.told

    @property
    def branch(self) -> ConditionConfig | None:
        """What a branch of the network sees, which alone is trained (see branch.py)."""
        return self.net.branch if isinstance(self.net, UNetConfig) else None

    def suits(self, shape: tuple[int, ...], classes: tuple[str, ...]) -> bool:
        """Whether it may have been trained on such data; the model below a branch may know classes that they lack."""
        return self.shape == shape and (self.classes == classes or (self.branch is not None and not classes))

    def shape_of(self, one: ConditionConfig) -> tuple[int, ...]:
        """What the network is told of one sample by a condition."""
        if one.kind == "number":
            return ()
        return (one.size,) if one.kind == "vector" else (one.size, *self.shape[1:])


class Model:
    """A denoiser with its config. `model.sample(seeds=range(16), labels=[3] * 16)` draws sixteen threes.

    `tokenizer` is there where the network reads prompts, or `encoder` where a frozen one reads them for it:
    `model.sample(range(4), prompts=["a green heart"] * 4)`.
    """

    def __init__(
        self,
        config: ModelConfig,
        denoiser: NetDenoiser,
        source: str = "",
        weights_hash: str = "",
        tokenizer: Tokenizer | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        self.config = config
        self.denoiser = denoiser
        self.tokenizer = tokenizer
        self.encoder = encoder
        self.source = source
        self.weights_hash = weights_hash
        self.gaussian: Gaussian | None = None  # of the training data, for sampling.first

    @property
    def device(self) -> torch.device:
        return next(self.denoiser.parameters()).device

    @property
    def parameters(self) -> int:
        return sum(p.numel() for p in self.denoiser.net.parameters())

    @property
    def reads(self) -> bool:
        """Whether it can be told in words what to draw."""
        return self.tokenizer is not None or self.encoder is not None

    def label(self, name: str) -> int:
        """The number of the class called `name`; raises SfumatoError that lists the classes."""
        if not self.config.classes:
            words = "; say it in words, as a prompt" if self.reads else ""
            raise SfumatoError(f"{self.source or 'this model'} was trained without classes; leave --class out{words}.")
        if name not in self.config.classes:
            raise unknown("class", name, self.config.classes)
        return self.config.classes.index(name)

    def tokens(self, prompts: Sequence[str]) -> Tensor:
        """Prompts as the network reads them, int64 `(prompts, length)` or an encoder's features of them.

        Raises SfumatoError where it reads none, or where a frozen encoder isn't there any more.
        """
        text = text_of(self.config.net)
        if self.encoder is not None:
            return self.encoder(prompts)
        if text is None or self.tokenizer is None:
            known = "; choose with --class" if self.config.classes else ""
            raise SfumatoError(
                f"{self.source or 'this model'} was trained without captions; leave the prompt out{known}."
            )
        return tokenize(self.tokenizer, prompts, text.length)

    def unread(self, prompt: str) -> list[str]:
        """Plain sentences about what of `prompt` the network doesn't see."""
        if self.encoder is not None:
            return self.encoder.unread(prompt)
        return [] if self.tokenizer is None else unread(self.tokenizer, prompt, self.tokens([prompt]).shape[1])

    def condition(
        self,
        count: int,
        labels: Sequence[int] | Tensor | None = None,
        prompts: Sequence[str] | None = None,
        told: Told | None = None,
    ) -> dict[str, Tensor]:
        """What the denoiser is told of `count` samples: labels and prompts, or of either that there is none.

        `told` are other conditions by name, each of one sample or of all: a number, a vector, an image like the
        picture; NaN is not told. Where a branch sees the image, `strength` is how much that counts [default: 1]. Raises
        SfumatoError where the model doesn't know one, or knows one of another size.
        """
        cond = {}
        if self.config.classes:
            null = torch.full((count,), len(self.config.classes))
            cond["label"] = (null if labels is None else torch.as_tensor(labels)).to(self.device)
        if prompts is not None or self.reads:
            cond["text"] = self.tokens([""] * count if prompts is None else prompts).to(self.device)
        known = {one.name: one for one in self.config.conditions}
        for name, value in (told or {}).items():
            if name == STRENGTH and self.config.branch is not None:
                cond[name] = torch.as_tensor(value, dtype=torch.float32).expand(count).to(self.device)
                continue
            if name not in known:
                if not known:
                    raise SfumatoError(f"{self.source or 'this model'} was trained without '{name}'; leave it out.")
                raise unknown("condition", name, known)
            cond[name] = self._told(known[name], count, value).to(self.device)
        return cond

    def _told(self, one: ConditionConfig, count: int, value: Tensor | Sequence[float] | float) -> Tensor:
        """`value` as the network takes the condition `one` of `count` samples."""
        given = torch.as_tensor(value, dtype=torch.float32)
        shape = self.config.shape_of(one)
        if tuple(given.shape) not in (shape, (count, *shape)):
            asked = {"number": "one number", "vector": f"{one.size} numbers", "image": f"an image of {_words(shape)}"}
            raise SfumatoError(
                f"the condition '{one.name}' is {asked[one.kind]}, and what was given is of {_words(given.shape) or 1}."
            )
        if given.isinf().any():
            raise SfumatoError(f"the condition '{one.name}' takes finite numbers.")
        return given.expand(count, *shape)

    def stream(
        self,
        seeds: Sequence[int],
        labels: Sequence[int] | None = None,
        sampling: SamplingConfig | None = None,
        prompts: Sequence[str] | None = None,
        negative: Sequence[str] | None = None,
        edit: Edit | None = None,
        told: Told | None = None,
    ) -> Iterator[Step]:
        """Draw one batch, yielding every step; image i depends on `seeds[i]` and what it is told alone.

        Without `labels`, `prompts` or what is `told` by name (see `condition`) a model draws from all that it was
        trained on, unconditionally. Guidance leads away from the `negative` prompts, where they are given. `edit` is a
        picture to begin with.
        """
        sampling = sampling or self.config.sampling
        if sampling.schedule not in SCHEDULES:
            raise unknown("schedule", sampling.schedule, SCHEDULES)
        if not 0 <= sampling.guidance < math.inf:
            raise SfumatoError(
                f"guidance must be a finite number from 0, got {sampling.guidance}; 1 is plainly conditional, and a "
                "negative prompt leads away from something."
            )
        if sampling.rule not in RULES:
            raise unknown("rule of guidance", sampling.rule, RULES)
        if sampling.rule == "cfg++" and sampling.guidance > 1:
            raise SfumatoError(f"guidance by cfg++ lies between 0 and 1, not {sampling.guidance:g}.")
        for name, given in (("labels", labels), ("prompts", prompts), ("negative prompts", negative)):
            if given is not None and len(given) != len(seeds):
                raise ValueError(f"{len(seeds)} seeds need as many {name}, got {len(given)}")
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
        self.denoiser.eval()
        guided: Denoiser = self.denoiser
        cond = self.condition(len(seeds), labels if self.config.classes else None, prompts, told)
        if cond and (labels is not None or prompts is not None or told):
            null = self.condition(len(seeds), None, negative)
            interval = sampling.interval or EVERYWHERE
            if sampling.rule == "cfg++":
                guided = plus_plus(guided, sampling.guidance, null, levels, interval)
            else:
                by_rule = projected if sampling.rule == "projected" else classifier_free
                guided = by_rule(guided, sampling.guidance, null, interval)
        if sampling.threshold:
            guided = thresholded(guided)
        analytical = self.gaussian if sampling.first == "analytical" else None
        if edit is not None:
            return self._edited(edit, guided, levels, by, seeds, cond)
        noise = ImageNoise(seeds, self.config.shape, self.device)
        start = None
        if teleports and self.gaussian is not None:
            noisiest = path(1.0)
            full = broadcast((noisiest.alpha**2 + noisiest.sigma**2).sqrt(), first := noise()) * first
            start = self.gaussian.teleport(full, noisiest, levels[0])
        return sample(guided, levels, by, noise, cond, start, analytical)

    def _edited(
        self, edit: Edit, denoiser: Denoiser, levels: Level, by: Stepper, seeds: Sequence[int], cond: Condition
    ) -> Iterator[Step]:
        picture, shape = edit.picture.to(self.device), self.config.shape
        if edit.upscale:
            factor = shape[-1] // max(1, picture.shape[-1])
            if factor < 2 or (shape[0], *(factor * side for side in picture.shape[1:])) != tuple(shape):
                raise SfumatoError(
                    f"a picture of {_words(picture.shape)} can't be enlarged to {_words(shape)}: both sides must be "
                    "the same whole fraction of the model's."
                )
            denoiser = pseudo_inverse_guided(denoiser, downscaled(factor), picture, self.config.data_std)
            return sample(denoiser, levels, by, ImageNoise(seeds, shape, self.device), cond)
        if edit.mask is None and tuple(picture.shape) != tuple(shape):
            raise SfumatoError(
                f"the picture is {_words(picture.shape)} and the model draws {_words(shape)}; give one of that size."
            )
        noise = ImageNoise(seeds, tuple(picture.shape), self.device)
        rest, start = begin_from(picture.expand(len(seeds), *picture.shape), levels, edit.strength, noise)
        if edit.mask is None:
            return sample(denoiser, rest, by, noise, cond, start)
        if edit.mask.shape[-2:] != picture.shape[-2:]:
            raise SfumatoError(
                f"the mask is {_words(edit.mask.shape[-2:])} and the picture {_words(picture.shape[-2:])}; "
                "give both one size."
            )
        filled = sample(inpainted(denoiser, picture, edit.mask), rest, by, noise, cond, start)
        return restored(filled, picture, edit.mask)

    def sample(
        self,
        seeds: Sequence[int],
        labels: Sequence[int] | None = None,
        sampling: SamplingConfig | None = None,
        batch: int = 64,
        prompts: Sequence[str] | None = None,
        negative: Sequence[str] | None = None,
        edit: Edit | None = None,
        told: Told | None = None,
        **overrides: Any,
    ) -> Tensor:
        """Draw `(len(seeds), *shape)` on the CPU, `batch` at a time; pictures lie in about [−1, 1].

        What is `told` by name is of one sample, or of as many as there are seeds.

        `overrides` are fields of SamplingConfig: `model.sample(range(4), steps=50, sampler="ddim")`.
        """
        sampling = replace(sampling or self.config.sampling, **overrides)
        parts = []
        for first in range(0, len(seeds), batch):
            some = slice(first, first + batch)
            own = None if labels is None else labels[some]
            said, away = (None if texts is None else texts[some] for texts in (prompts, negative))
            about = None if told is None else told_rows(self.config.conditions, told, some)
            parts.append(last(self.stream(seeds[some], own, sampling, said, away, edit, about)).x.cpu())
        return torch.cat(parts)


def told_rows(conditions: Sequence[ConditionConfig], told: Told, rows: slice) -> Told:
    """Those `rows` of what is told of many samples; what is told of one is of all."""
    whole = {STRENGTH: 0} | {one.name: {"number": 0, "vector": 1, "image": 3}[one.kind] for one in conditions}
    some = {}
    for name, value in told.items():
        given = torch.as_tensor(value, dtype=torch.float32)
        some[name] = given[rows] if given.ndim > whole.get(name, given.ndim) else given
    return some


def _words(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))


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


def read_tokenizer(config: ModelConfig, folder: Path) -> Tokenizer | None:
    """The tokenizer in `folder`, for a network that reads prompts; raises SfumatoError where it isn't there."""
    if not isinstance(text_of(config.net), TextConfig):
        return None
    path = folder / TOKENIZER
    try:
        return open_tokenizer(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SfumatoError(f"{path}, by which the model reads prompts, is missing or damaged; restore it.") from error


def frozen_encoder(config: ModelConfig) -> Encoder | None:
    """The encoder by which the network is told of prompts, where it is a frozen one; opened when it is asked."""
    text = text_of(config.net)
    if not isinstance(text, FeaturesConfig):
        return None
    return Encoder(text.encoder, text.length, text.features, text.weights)


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
    model.tokenizer = read_tokenizer(config, checkpoint.path.parent.parent)
    model.encoder = frozen_encoder(config)
    model.source = checkpoint.path.as_posix()
    model.weights_hash = checkpoint.state["files"][WEIGHT_FILES[weights]]
    return model
