"""What config.json says of a model: how its network is built, what it is told, and how it draws."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from sfumato.errors import SfumatoError
from sfumato.nets import ConditionConfig, MLPConfig, NetConfig, UNetConfig

Rule = Literal["plain", "projected", "cfg++"]
RULES: tuple[Rule, ...] = ("plain", "projected", "cfg++")
First = Literal["network", "analytical", "teleport"]
FIRST: tuple[First, ...] = ("network", "analytical", "teleport")
TELEPORT = 10.0  # sigma/alpha: the data's spread is a twentieth of it, and two thirds of karras' walk lie below


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
