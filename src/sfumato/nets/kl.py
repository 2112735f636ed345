"""Autoencoders of the library diffusers, as ours: latents are as the network that generates them takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from sfumato.arguments import bounded
from sfumato.errors import unknown
from sfumato.nets.autoencoder import Autoencoder, AutoencoderConfig
from sfumato.nets.bounds import WIDTH

EVERYWHERE = 2**20  # latent pixels: attention and normalisation look at the whole picture
# What `encode` of each gives → the latents that stand for the picture
KINDS: dict[str, Callable[[Any], Tensor]] = {
    "AutoencoderKL": lambda answer: answer.latent_dist.mode(),
    "AutoencoderTiny": lambda answer: answer.latents,
    "VQModel": lambda answer: answer.latents,
    "AutoencoderDC": lambda answer: answer.latent,
}


@dataclass(frozen=True)
class KLConfig(AutoencoderConfig):
    """An autoencoder of diffusers: its class, `architecture`, one of KINDS, and the `arguments` of that."""

    architecture: str = "AutoencoderKL"
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bounded(self, channels=(1, 64), latent=(1, 256), widths=WIDTH)
        if self.architecture not in KINDS:
            raise unknown("autoencoder of diffusers", self.architecture, KINDS)

    @property
    def factor(self) -> int:
        return int(2 ** (len(self.widths) - 1))

    @property
    def reach(self) -> int:
        return EVERYWHERE


def kl_config(architecture: str, arguments: Mapping[str, Any]) -> KLConfig:
    """The config of one that diffusers describes by these `arguments`."""
    widths = arguments.get("block_out_channels") or arguments.get("encoder_block_out_channels") or (64,)
    channels, latent = int(arguments.get("in_channels", 3)), int(arguments.get("latent_channels", 4))
    return KLConfig(channels, latent, tuple(widths), architecture=architecture, arguments=arguments)


class KLAutoencoder(Autoencoder):
    """The autoencoder `model` of diffusers, of latents as the network that generates them takes them."""

    memory_format = torch.contiguous_format

    def __init__(self, config: KLConfig, model: nn.Module) -> None:
        nn.Module.__init__(self)
        self.config, self.model = config, model
        self.scale = float(config.arguments.get("scaling_factor") or 1.0)
        self.shift = float(config.arguments.get("shift_factor") or 0.0)
        self.latents_of = KINDS[config.architecture]

    def encode(self, x: Tensor) -> Tensor:
        out: Tensor = (self.latents_of(self.model.encode(x)) - self.shift) * self.scale  # type: ignore[operator]
        return out

    def decode(self, z: Tensor, size: Any = None) -> Tensor:
        x: Tensor = self.model.decode(z / self.scale + self.shift, return_dict=False)[0]  # type: ignore[operator]
        return x if size is None else x[..., : size[0], : size[1]]
