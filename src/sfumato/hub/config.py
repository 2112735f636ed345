"""What config.json says of a model: how its network is built, what conditions it, and how it generates."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Tag
from torch import nn

from sfumato.arguments import bounded, finite, one_of, shown, whole
from sfumato.data.kinds import LATENTS_OF, named_kind
from sfumato.diffusion import EDM, PARAMETERIZATIONS, AnySchedule
from sfumato.diffusion.schedules import as_schedule
from sfumato.errors import SfumatoError
from sfumato.nets import ConditionConfig, DiffusersConfig, NetConfig, OwnConfig
from sfumato.nets.autoencoder import AutoencoderConfig
from sfumato.nets.kl import KLConfig
from sfumato.sampling import CONSISTENCY, SAMPLERS, resolve
from sfumato.sampling.grids import grid_name
from sfumato.sampling.steppers import check_eta
from sfumato.sampling.tuned import Tuned
from sfumato.strict import VERSION, fit, parse, unknown_name

Rule = Literal["plain", "projected", "cfg++"]
RULES: tuple[Rule, ...] = ("plain", "projected", "cfg++")
First = Literal["network", "analytical", "teleport"]
Threshold = Annotated[
    Literal["none", "static", "dynamic"], BeforeValidator(lambda given: _named_threshold(given))  # once it was a bool
]
AUTOENCODER = "autoencoder"  # where it is in the folder of a model that is trained after it
THRESHOLDS = ("none", "static", "dynamic")
FIRST: tuple[First, ...] = ("network", "analytical", "teleport")
SECTIONS = ("model", "codec", "training", "baseline", "classifier")  # that a config.json may have
# Of each part of a config.json, what its fields were called before and are called now.
RENAMED_FIELDS: dict[str, dict[str, str]] = {
    "net": {"places": "positional_encoding", "branch": "control_branch"},
    "control branch": {"sees": "control"},
}
SCHEDULE = EDM()
OWN = "own"  # the sampler of a request whose walk is one of the caller's own
MAX_STEPS, MAX_SIDE, MAX_FRAMES = 10_000, 2**20, 10_000
LATENT_BITS = 16  # of a stored value
TELEPORT = 10.0  # sigma/alpha: the data's spread is a twentieth of it, and two thirds of karras' walk are below


@dataclass(frozen=True)
class SamplingConfig:
    """How to sample: a checkpoint carries one as its default.

    The `grid` lies on a `schedule`, which may be given by its name or as a table too (see `as_schedule`). `guidance` 0
    ignores the condition, 1 is plainly conditional, more pushes towards it, by a `rule` (see guidance.py; that of cfg++
    is between 0 and 1), where sigma/alpha is in `interval`. A `threshold` brings answers beyond [−1, 1] back: "static"
    clips them, "dynamic" scales them (see guidance.py). `eta` belongs to ddim and to samplers that add noise,
    `tolerance` to adaptive. `first` says who takes the first step: the network, or for free the Gaussian of the data,
    by one "analytical" answer or by a "teleport" to sigma/alpha = TELEPORT. What is `tuned` to one model takes the
    place of the grid, and adds to the sampler (see sampling/tuned.py). Clips have so many `frames`, by default as many
    as in training; more come in windows that go on from each other. With `anchors`, so many frames of a window come
    first, evenly, and then those between (see sampling/clips.py).
    """

    sampler: str = "dpm++2m"
    steps: int = 20
    grid: str = "karras"
    schedule: AnySchedule = SCHEDULE
    guidance: float = 1.0
    rule: Rule = "plain"
    interval: tuple[float, float] | None = None
    threshold: Threshold = "none"
    eta: float | None = None
    tolerance: float | None = None
    first: First = "network"
    tuned: Tuned | None = None
    frames: int | None = None
    anchors: int | None = None

    def __post_init__(self) -> None:
        if self.frames is not None:
            whole("frames", self.frames, 1, MAX_FRAMES)
        if self.anchors is not None:
            whole("anchors", self.anchors, 2, MAX_FRAMES)
        if whole("steps", self.steps, -(2**63)) < 1:
            raise SfumatoError(f"sampling needs at least 1 step, got {self.steps}; 20 is a good start.")
        bounded(self, steps=(1, MAX_STEPS))
        for name, low in (("eta", -math.inf), ("tolerance", 0.0)):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, finite(name, value, low))
        check_eta(self.eta or 0.0)
        guidance = self.guidance
        try:
            object.__setattr__(self, "guidance", finite("guidance", guidance, 0))
        except SfumatoError as error:
            raise SfumatoError(
                f"guidance must be a finite number from 0, got {shown(guidance)}; 1 is plainly conditional, and a "
                "negative prompt leads away from something."
            ) from error
        object.__setattr__(self, "schedule", as_schedule(self.schedule))
        one_of("rule of guidance", self.rule, RULES)
        one_of("first step", self.first, FIRST)
        if one_of("sampler", self.sampler) != OWN:
            resolve(self.sampler)
        grid_name(one_of("grid", self.grid))
        object.__setattr__(self, "threshold", one_of("threshold", _named_threshold(self.threshold), THRESHOLDS))
        if self.interval is not None:
            object.__setattr__(self, "interval", _interval(self.interval))
        if self.tuned is not None:
            self._check_tuned(self.tuned)

    def _check_tuned(self, tuned: Tuned) -> None:
        row = SAMPLERS.get(self.sampler)
        if tuned.steps != self.steps:
            raise SfumatoError(f"the walk is tuned in {tuned.steps} steps, and `steps` are {self.steps}; tune it anew.")
        if row is None or not row.deterministic or row.calls != 1 or self.first != "network":
            raise SfumatoError(
                "a tuned walk is that of a sampler without noise that asks once a step, from the first step on; "
                "leave `tuned` out."
            )


def _whose(config: Any) -> str:
    """Whose an autoencoder is, ours or diffusers', by its config or by the JSON of that."""
    theirs = "architecture" in config if isinstance(config, Mapping) else isinstance(config, KLConfig)
    return "diffusers" if theirs else "own"


AnyAutoencoder = Annotated[
    Annotated[KLConfig, Tag("diffusers")] | Annotated[AutoencoderConfig, Tag("own")], Discriminator(_whose)
]


@dataclass(frozen=True)
class CodecConfig:
    """A codec of pictures of shape `picture` (channels, height, width), by the autoencoder `net`.

    `weights` is the SHA-256 of its file: what was encoded by another codec is no latent of this one. '' while it is
    trained. One whose decoder alone was trained further `encodes` as the codec of these weights.
    """

    picture: tuple[int, ...]
    net: AnyAutoencoder
    weights: str = ""
    encodes: str = ""

    def __post_init__(self) -> None:
        bounded(self, picture=(1, MAX_SIDE))
        if len(self.picture) != 3:
            raise SfumatoError(f"a codec is of pictures (channels, height, width), not of {_times(self.picture)}.")
        self.net.latent_shape(self.picture)

    @property
    def latents(self) -> str:
        """What tells its latents from those of others."""
        return self.encodes or self.weights

    @property
    def shape(self) -> tuple[int, int, int]:
        """One latent's: (channels, height, width)."""
        return self.net.latent_shape(self.picture)

    @property
    def compression(self) -> float:
        """How many values of a picture one value of its latents stands for."""
        return float(math.prod(self.picture) / math.prod(self.shape))

    @property
    def described(self) -> str:
        """In words: "8 × 16 × 16 of 3 × 128 × 128, a 24th of the values, 32,768 bits a picture"."""
        values = math.prod(self.shape)
        return (
            f"{_times(self.shape)} of {_times(self.picture)}, {self.compression:.3g} times fewer values, "
            f"{LATENT_BITS * values:,} bits a picture"
        )


@dataclass(frozen=True)
class ModelConfig:
    """All that is needed to build the model again.

    `shape` is one sample's: (channels, height, width) or (dimension,); `classes` their names, by number; `kind` a name
    in KINDS (see data/kinds.py), which configs of before leave to the shape. A model of latents may have a `codec`,
    which makes pictures of them.
    """

    shape: tuple[int, ...]
    net: NetConfig
    classes: tuple[str, ...] = ()
    parameterization: str = "edm"
    data_std: float = 0.5
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    kind: str = ""
    codec: CodecConfig | None = None

    def __post_init__(self) -> None:
        bounded(self, shape=(1, MAX_SIDE), data_std=(1e-6, 1e6))
        one_of("parameterization", self.parameterization, PARAMETERIZATIONS)
        self.net.check_shape(self.shape)
        object.__setattr__(self, "kind", named_kind(self.kind, self.shape).name)
        if self.net.classes != len(self.classes):
            raise SfumatoError(
                f"the network knows {self.net.classes} classes and {len(self.classes)} are named; let them agree."
            )
        if self.codec is not None and not (self.kind in LATENTS_OF.values() and self.shape[-3:] == self.codec.shape):
            raise SfumatoError(
                f"the codec makes latents of {_times(self.codec.shape)}, and the network generates {self.kind} of "
                f"{_times(self.shape)}; take the autoencoder that it was trained with."
            )

    @property
    def seen(self) -> tuple[str, tuple[int, ...]]:
        """The kind and the shape of what is seen: pictures or clips, where a codec decodes what is generated."""
        if self.codec is None:
            return self.kind, self.shape
        kind = next(seen for seen, latents in LATENTS_OF.items() if latents == self.kind)
        return kind, (*self.shape[:-3], *self.codec.picture)

    @property
    def pipeline(self) -> bool:
        """Whether it is a pipeline of diffusers that reads prompts, by the encoders in its folder."""
        return isinstance(self.net, DiffusersConfig) and self.net.text is not None

    @property
    def student(self) -> bool:
        """Whether it answers with the ends of walks, in the place of means, as `distill` has it learn."""
        return resolve(self.sampling.sampler)[0] == CONSISTENCY

    @property
    def conditions(self) -> tuple[ConditionConfig, ...]:
        """The numbers, vectors and images that condition the network, beside class and prompt."""
        return self.net.all_conditions

    @property
    def control_branch(self) -> ConditionConfig | None:
        """The image that a control branch takes, which alone is trained (see control_branch.py)."""
        return self.net.control_branch

    def suits(self, shape: tuple[int, ...], classes: tuple[str, ...]) -> bool:
        """Whether it may have been trained on such data, or on their latents.

        Below a control branch it may know classes that they lack.
        """
        lacking = self.control_branch is not None and not classes
        return shape in (self.shape, self.seen[1]) and (self.classes == classes or lacking or self.net.ignores_labels)

    def shape_of(self, one: ConditionConfig) -> tuple[int, ...]:
        """The shape of a condition of one sample."""
        if one.kind == "number":
            return ()
        return (one.size,) if one.kind == "vector" else (one.size, *self.seen[1][-2:])


def _named_threshold(given: Any) -> Any:
    """The name of a threshold; one that was given as a bool, as it was before, is dynamic or none."""
    return given if not isinstance(given, bool) else "dynamic" if given else "none"


def _times(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))


def _interval(given: Any) -> tuple[float, float]:
    """An interval of sigma/alpha; its upper end may be infinite."""
    try:
        low, high = (float(end) for end in given)
    except (TypeError, ValueError):
        low, high = math.nan, math.nan
    if isinstance(given, str) or not 0 <= low <= high:
        raise SfumatoError(
            f"an interval is two numbers of sigma/alpha, the smaller first, such as (0.2, 5), not {shown(given)}."
        )
    return low, min(high, sys.float_info.max)  # JSON has no word for infinity


def read_config(
    path: Path, kind: Any = ModelConfig, section: str = "model", current: Callable[[Any], Any] | None = None
) -> Any:
    """The `section` of a run's config.json as a `kind`; raises SfumatoError that names what does not fit.

    `current` makes what a version of before wrote what this one writes.
    """
    content = read_json(path)
    if not isinstance(content, dict) or section not in content:
        raise SfumatoError(f"{path} has no section '{section}'; restore it or train again.")
    written_by = content.get(VERSION)
    for name in content:
        if name not in (VERSION, *SECTIONS):
            raise unknown_name(str(path), name, SECTIONS, written_by)
    found = renamed_fields(content[section], section)
    if current is not None and isinstance(found, dict):
        found = current(found)
    return fit(kind, found, str(path), written_by, section)


def read_json(path: Path) -> Any:
    """What the JSON file at `path` holds; raises SfumatoError where it can't be read."""
    try:
        return parse(path.read_bytes())
    except FileNotFoundError as error:
        raise SfumatoError(f"there is no trained model in {path.parent}: {path.name} is missing.") from error
    except OSError as error:
        raise SfumatoError(f"{path} can't be read: {(error.strerror or str(error)).lower()}.") from error
    except ValueError as error:
        raise SfumatoError(f"{path} is not valid JSON ({error}); restore it or train again.") from error


def is_run(path: Path) -> bool:
    """Whether there is a model's run in `path`: a folder of data may hold a config.json as well, of something else."""
    sections = _sections(path)
    # A damaged config is to be said.
    return "model" in sections if sections is not None else (path / "checkpoints").is_dir()


def is_autoencoder(path: Path) -> bool:
    """Whether the run in `path` is that of an autoencoder."""
    return "codec" in (_sections(path) or ())


def _sections(folder: Path) -> tuple[str, ...] | None:
    """Those of the config.json in `folder`, none where there is no such file; None where it can't be read."""
    try:
        content = parse((folder / "config.json").read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError):
        return None
    return tuple(content) if isinstance(content, dict) else ()


def read_model(folder: Path, net: nn.Module | None = None) -> ModelConfig:
    """The model of the run in `folder`, which gets the network of the user's own, `net`, if it has one.

    Raises SfumatoError where it has none and one is given, or the other way round.
    """
    config: ModelConfig = read_config(folder / "config.json")
    if net is None:
        return config
    if not isinstance(config.net, OwnConfig):
        raise SfumatoError(f"the network in {folder} is one of the package's; leave `net` out.")
    return replace(config, net=replace(config.net, net=net))


def renamed_fields(content: Any, part: str) -> Any:
    """A `part` of a config.json, and all parts within it, with the fields' names of now for those of before."""
    if not isinstance(content, dict):
        return content
    names = RENAMED_FIELDS.get(part, {})
    return {names.get(name, name): renamed_fields(value, name) for name, value in content.items()}


def config_json(**sections: Any) -> bytes:
    """The sections (dataclasses) as the text of a config.json, with the version that writes it."""
    content = {VERSION: version("sfumato"), **{name: plain(value) for name, value in sections.items()}}
    return (json.dumps(content, indent=2, allow_nan=False) + "\n").encode()


def plain(value: Any) -> Any:
    """A dataclass as what JSON knows, without the fields that aren't stored."""
    if is_dataclass(value):
        stored = [field.name for field in fields(value) if field.metadata.get("stored", True)]
        return {name: plain(getattr(value, name)) for name in stored}
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value
