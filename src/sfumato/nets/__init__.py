"""Networks that know nothing of diffusion: the UNet for pictures and the MLP for points."""

from torch import nn

from sfumato.nets.conditions import ConditionConfig
from sfumato.nets.mlp import MLP, MLPConfig
from sfumato.nets.text import TextConfig
from sfumato.nets.unet import SIZES, UNet, UNetConfig, unet_config

NetConfig = UNetConfig | MLPConfig


def build(config: NetConfig) -> nn.Module:
    """The network that `config` describes, freshly initialised from torch's global generator."""
    return UNet(config) if isinstance(config, UNetConfig) else MLP(config)


__all__ = [
    "MLP", "SIZES", "ConditionConfig", "MLPConfig", "NetConfig", "TextConfig", "UNet", "UNetConfig", "build",
    "unet_config",
]  # fmt: skip
