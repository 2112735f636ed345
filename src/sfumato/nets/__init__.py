"""Networks that know nothing of diffusion: the UNet and the transformer for pictures, the MLP for points."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from torch import nn

from sfumato.errors import SfumatoError, unknown
from sfumato.nets.conditions import ConditionConfig
from sfumato.nets.diffusers import DiffusersConfig, diffusers_network
from sfumato.nets.dit import DIT_SIZES, DiT, DiTConfig, dit_config
from sfumato.nets.mlp import MLP, MLPConfig
from sfumato.nets.named_diffusers import DIT2D, UNET2D, dit2d_config, unet2d_config
from sfumato.nets.own import OwnConfig, own_config, own_network
from sfumato.nets.text import FeaturesConfig, TextConfig
from sfumato.nets.unet import SIZES, UNet, UNetConfig, unet_config

NetConfig = UNetConfig | DiTConfig | MLPConfig | DiffusersConfig | OwnConfig
"""The config of any network that can be built."""
NETS: dict[type, Callable[[Any], nn.Module]] = {
    UNetConfig: UNet,
    DiTConfig: DiT,
    MLPConfig: MLP,
    DiffusersConfig: diffusers_network,
    OwnConfig: own_network,
}
"""What is built from each kind of config."""
NAMED_NETS: dict[str, Callable[..., UNetConfig | DiTConfig | DiffusersConfig]] = {
    **dict.fromkeys(SIZES, unet_config),
    **dict.fromkeys(DIT_SIZES, dit_config),
    UNET2D: unet2d_config,
    DIT2D: dit2d_config,
}
"""Networks for pictures, by the names of their sizes: what gives the config of each."""


def build(config: NetConfig) -> nn.Module:
    """The network that `config` describes, freshly initialised from torch's global generator."""
    return NETS[type(config)](config)


def named_net(
    name: str,
    shape: Sequence[int],
    classes: int = 0,
    text: TextConfig | FeaturesConfig | None = None,
    conditions: Sequence[ConditionConfig] = (),
) -> UNetConfig | DiTConfig | DiffusersConfig:
    """The network called `name` in NAMED_NETS for pictures of `shape`; raises SfumatoError for any other name."""
    if name not in NAMED_NETS:
        raise unknown("network size", name, NAMED_NETS)
    return NAMED_NETS[name](name, shape, classes, text, conditions)


def name_of(config: NetConfig, shape: Sequence[int]) -> str | None:
    """What the network is called in NAMED_NETS; None for any other."""
    if isinstance(config, UNetConfig | DiTConfig):
        for name in (*SIZES, *DIT_SIZES):
            if named_net(name, shape, config.classes, config.text, config.conditions) == config:
                return name
    if isinstance(config, DiffusersConfig) and config.timesteps == "ddpm" and len(shape) == 3:
        for name in (UNET2D, DIT2D):
            with suppress(SfumatoError):  # which those raise that have no network for the shape
                if named_net(name, shape, config.classes) == config:
                    return name
    return None


__all__ = [
    "DIT2D", "DIT_SIZES", "MLP", "NAMED_NETS", "NETS", "SIZES", "UNET2D", "ConditionConfig", "DiT", "DiTConfig",
    "DiffusersConfig", "FeaturesConfig", "MLPConfig", "NetConfig", "OwnConfig", "TextConfig", "UNet", "UNetConfig",
    "build", "dit_config", "name_of", "named_net", "own_config", "unet_config",
]  # fmt: skip
