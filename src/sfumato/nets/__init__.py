"""Networks that know nothing of diffusion: the UNet and the transformer for pictures, the MLP for points."""

from torch import nn

from sfumato.nets.conditions import ConditionConfig
from sfumato.nets.dit import DIT_SIZES, DiT, DiTBlock, DiTConfig, dit_config
from sfumato.nets.mlp import MLP, MLPBlock, MLPConfig
from sfumato.nets.text import FeaturesConfig, TextConfig
from sfumato.nets.unet import SIZES, Block, UNet, UNetConfig, unet_config

NetConfig = UNetConfig | DiTConfig | MLPConfig
BLOCKS = (Block, DiTBlock, MLPBlock)  # that a network repeats, and that hold nearly all of its weights


def build(config: NetConfig) -> nn.Module:
    """The network that `config` describes, freshly initialised from torch's global generator."""
    if isinstance(config, MLPConfig):
        return MLP(config)
    return DiT(config) if isinstance(config, DiTConfig) else UNet(config)


def text_of(config: NetConfig) -> TextConfig | FeaturesConfig | None:
    """How the network that `config` describes reads prompts; None where it doesn't."""
    return None if isinstance(config, MLPConfig) else config.text


__all__ = [
    "BLOCKS", "DIT_SIZES", "MLP", "SIZES", "ConditionConfig", "DiT", "DiTConfig", "FeaturesConfig", "MLPConfig",
    "NetConfig", "TextConfig", "UNet", "UNetConfig", "build", "dit_config", "text_of", "unet_config",
]  # fmt: skip
