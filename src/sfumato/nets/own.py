"""A network of the user's own, as a config: any module with `net(x, c_noise, **conditions)`."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import nn

from sfumato.arguments import bounded
from sfumato.errors import SfumatoError
from sfumato.nets.bounds import CLASSES
from sfumato.nets.conditions import ConditionConfig
from sfumato.nets.protocol import NetDefaults, takes
from sfumato.nets.text import FeaturesConfig, TextConfig

Plain = int | float | str | bool | None | tuple[int, ...]


@dataclass(frozen=True)
class OwnConfig(NetDefaults):
    """The class of a network, as "module:Class", and the `arguments` it was made with, as far as it keeps them.

    A file holds its name alone, and nothing is imported by it: whoever reads one gives the network, `net`, of which
    every model gets a copy of its own.
    """

    target: str
    arguments: Mapping[str, Plain] = field(default_factory=dict)
    classes: int = 0
    kind: Literal["own"] = "own"
    text: TextConfig | FeaturesConfig | None = None
    conditions: tuple[ConditionConfig, ...] = ()
    net: Any = field(default=None, repr=False, compare=False, metadata={"stored": False})

    def __post_init__(self) -> None:
        bounded(self, classes=CLASSES)
        if self.net is not None and not isinstance(self.net, nn.Module):
            raise SfumatoError(f"a network is an nn.Module, not {type(self.net).__name__}.")
        if self.net is not None and target_of(self.net) != self.target:
            raise SfumatoError(
                f"the network in config.json is a {self.target}, and the one that is given is a {target_of(self.net)}."
            )

    @property
    def ignores_labels(self) -> bool:
        return not self.classes

    def described(self) -> str:
        """Its class and arguments as Python writes a call."""
        inner = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.target.partition(':')[2]}({inner})"


def own_config(
    net: nn.Module,
    classes: int = 0,
    text: TextConfig | FeaturesConfig | None = None,
    conditions: Sequence[ConditionConfig] = (),
) -> OwnConfig:
    """The config of `net`, which takes labels where its `forward` has such an argument.

    Raises SfumatoError where it has none for one of the `conditions`.
    """
    for one in conditions:
        if not takes(net, one.name):
            raise SfumatoError(
                f"the network {type(net).__name__} takes no argument called `{one.name}`; add it to `forward`, or "
                "leave the condition out."
            )
    labels = classes if takes(net, "label") else 0
    return OwnConfig(target_of(net), arguments_of(net), labels, text=text, conditions=tuple(conditions), net=net)


def own_network(config: OwnConfig) -> nn.Module:
    """A copy of the network that was given; raises SfumatoError where none was."""
    if config.net is None:
        raise SfumatoError(
            f"the network is one of your own, and code is never loaded from a model's folder: give it, as in "
            f"load(folder, net={config.described()}), with {config.target.partition(':')[2]} from "
            f"{config.target.partition(':')[0]}."
        )
    net: nn.Module = copy.deepcopy(config.net)
    return net


def target_of(net: nn.Module) -> str:
    """The class of `net` as "module:Class"."""
    return f"{type(net).__module__}:{type(net).__qualname__}"


def arguments_of(net: nn.Module) -> dict[str, Plain]:
    """What `net` was made with, as far as it keeps it under the arguments' own names."""
    names = inspect.signature(type(net).__init__).parameters
    found = {name: getattr(net, name) for name in names if name in vars(net)}
    return {name: value for name, value in found.items() if isinstance(value, int | float | str | bool)}
