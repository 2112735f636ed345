"""What the package asks of a network, and what it takes for granted of one that doesn't say.

A network is any module with `net(x, c_noise, **conditions) → Tensor` like `x`: a batch of samples, `c_noise`
`(batch,)`, and each condition by name. No base class is needed. It may say more by a method `parts` and an attribute
`memory_format`; its config says what it takes.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.nets.conditions import ConditionConfig
from sfumato.nets.layers import ConditionEmbedding
from sfumato.nets.text import FeaturesConfig, TextConfig


class NetDefaults:
    """What a network takes, as its config says it; here, samples of any shape and nothing else.

    `classes` is how many labels it takes, 0 for none; `text` how it reads prompts; `conditions` what else it takes by
    name; `control_branch` the image of a control branch, which only a `controllable` network can have.
    """

    classes: int
    temporal: bool = False  # whether it takes clips of any length, and a level a frame
    controllable: ClassVar[bool] = False

    @property
    def ignores_labels(self) -> bool:
        """Whether it may be trained on data with classes, and knows none of them."""
        return False

    @property
    def text(self) -> TextConfig | FeaturesConfig | None:
        return None

    @property
    def conditions(self) -> tuple[ConditionConfig, ...]:
        return ()

    @property
    def control_branch(self) -> ConditionConfig | None:
        return None

    @property
    def all_conditions(self) -> tuple[ConditionConfig, ...]:
        """All that it takes by name, through a control branch or without."""
        return self.conditions if self.control_branch is None else (*self.conditions, self.control_branch)

    def check_shape(self, shape: Sequence[int]) -> None:
        """Raises SfumatoError where samples of `shape` are none that it takes."""

    def check(self, *sides: int) -> None:
        """Raises SfumatoError, naming the nearest size that works, where it can't take samples of these `sides`."""

    def attended(self, *sides: int) -> list[tuple[int, ...]]:
        """Over how many places, along each side, it attends in samples of these `sides`."""
        return []


class PictureNet(NetDefaults):
    """What networks have in common that take `(channels, height, width)`, and `temporal` ones frames of these."""

    channels: int

    def check_shape(self, shape: Sequence[int]) -> None:
        if len(shape) not in ((3, 4) if self.temporal else (3,)) or shape[-3] != self.channels:
            raise mismatch(f"pictures{' and clips' * self.temporal} with channels: {self.channels}", shape)


class Controllable(nn.Module):
    """A network whose config is `controllable`, and has a control branch."""

    control_branch: nn.Module

    def reset_control_branch(self) -> None:
        """Let the control branch begin again, from the network as it is now."""
        raise NotImplementedError


def mismatch(takes: str, shape: Sequence[int]) -> SfumatoError:
    """The error for samples of a `shape` that a network doesn't take."""
    return SfumatoError(f"the network takes {takes}, and the shape is {' × '.join(map(str, shape))}; let them agree.")


@dataclass(frozen=True)
class Parts:
    """Modules of a network by what is done with them.

    `ends` take the sample in and give the answer, `encoders` take conditions beside class and prompt: neither is
    adapted nor made orthogonal, nor are those of `conditioning`, which carry noise level and condition, made
    orthogonal. `blocks` are repeated and hold nearly all weights. `condition` embeds noise level and class, of which a
    fine-tuned model may have others.
    """

    ends: Sequence[nn.Module] = ()
    conditioning: Sequence[nn.Module] = ()
    encoders: Sequence[nn.Module] = ()
    blocks: Sequence[nn.Module] = ()
    condition: ConditionEmbedding | None = None


def parts_of(net: nn.Module) -> Parts:
    """What `net.parts()` says; of a network that says nothing, the first and the last layer with weights are its ends.

    Its blocks are then the outermost members of its lists of modules.
    """
    if (own := getattr(net, "parts", None)) is not None:
        parts: Parts = own()
        return parts
    layers = [module for module in net.modules() if any(True for _ in module.parameters(recurse=False))]
    lists = [module for module in net.modules() if isinstance(module, nn.ModuleList)]
    members = [member for some in lists for member in some if not isinstance(member, nn.ModuleList)]
    inner = {id(module) for member in members for module in member.modules() if module is not member}
    blocks = [member for member in members if id(member) not in inner]
    return Parts(ends=[*layers[:1], *layers[-1:]], blocks=blocks)


def matrix_weights(net: nn.Module) -> list[Tensor]:
    """The weights that suit Muon: those of linear layers and convolutions between the ends, without conditioning."""
    parts = parts_of(net)
    layers = _layers(net, (*parts.ends, *parts.conditioning, *parts.encoders))
    return list({id(layer.weight): layer.weight for _, layer in layers}.values())  # tied ones once


def adaptable_layers(net: nn.Module) -> dict[str, nn.Linear | nn.Conv2d]:
    """The linear layers and convolutions that low-rank adapters may stand beside, by path."""
    parts = parts_of(net)
    return dict(_layers(net, (*parts.ends, *parts.encoders)))


def _layers(net: nn.Module, without: Sequence[nn.Module]) -> list[tuple[str, nn.Linear | nn.Conv2d]]:
    left_out = {id(module) for part in without for module in part.modules()}
    return [
        (path, module)
        for path, module in net.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d) and id(module) not in left_out
    ]


def memory_format_of(net: nn.Module) -> torch.memory_format:
    """How the weights and the samples of `net` are best laid out in memory."""
    layout: torch.memory_format = getattr(net, "memory_format", torch.contiguous_format)
    return layout


def takes(net: nn.Module, name: str) -> bool:
    """Whether `net` can be called with a condition called `name`."""
    parameters = inspect.signature(net.forward).parameters
    return name in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())
