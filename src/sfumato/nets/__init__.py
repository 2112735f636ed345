"""Networks that know nothing of diffusion: the UNet for pictures and the MLP for points."""

from torch import nn

from sfumato.nets.mlp import MLP, MLPBlock, MLPConfig
from sfumato.nets.text import TextConfig
from sfumato.nets.unet import SIZES, Block, UNet, UNetConfig, unet_config

NetConfig = UNetConfig | MLPConfig
BLOCKS = (Block, MLPBlock)  # that a network repeats, and that hold nearly all of its weights


def build(config: NetConfig) -> nn.Module:
    """The network that `config` describes, freshly initialised from torch's global generator."""
    return UNet(config) if isinstance(config, UNetConfig) else MLP(config)


__all__ = [
    "BLOCKS",
    "MLP",
    "SIZES",
    "MLPConfig",
    "NetConfig",
    "TextConfig",
    "UNet",
    "UNetConfig",
    "build",
    "unet_config",
]
