"""Autoencoders of the library diffusers, as ours: latents are as the network that generates them takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from sfumato.arguments import bounded
from sfumato.errors import SfumatoError, unknown
from sfumato.nets.autoencoder import FACTORS, SIZES, Autoencoder, AutoencoderConfig, autoencoder_config, padded
from sfumato.nets.bounds import WIDTH
from sfumato.nets.diffusers import made_by_diffusers
from sfumato.nets.protocol import Parts

KL = "kl"
"""The name, beside those in SIZES, of diffusers' own AutoencoderKL."""
KL_CLASS = "AutoencoderKL"
KL_WIDTHS, KL_GROUPS = (32, 64, 64, 64, 64), 8  # of the stages from the finest on, and what they are normalised in
CERTAIN = -30.0  # the logarithm of the variance of a latent that is encoded with certainty
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
        if self.temporal:
            raise SfumatoError("an autoencoder of diffusers decodes frames as pictures; leave `temporal` out.")

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


def kl_size(channels: int, factor: int, latent: int | None = None) -> KLConfig:
    """diffusers' own AutoencoderKL as it is trained here; by default of as many latent channels as its `factor`."""
    if factor not in FACTORS:
        raise SfumatoError(f"an autoencoder makes each side 2, 4, 8 or 16 times as short, not {factor}.")
    widths = KL_WIDTHS[: FACTORS.index(factor) + 2]
    arguments = {
        "in_channels": channels,
        "out_channels": channels,
        "latent_channels": factor if latent is None else latent,
        "block_out_channels": list(widths),
        "down_block_types": ["DownEncoderBlock2D"] * len(widths),
        "up_block_types": ["UpDecoderBlock2D"] * len(widths),
        "norm_num_groups": KL_GROUPS,
        "mid_block_add_attention": False,
        "scaling_factor": 1.0,
    }
    return kl_config(KL_CLASS, arguments)


def sized_autoencoder(size: str, channels: int, factor: int, latent: int | None = None) -> AutoencoderConfig:
    """The autoencoder of a size: one of ours by a name in SIZES, or KL."""
    if size == KL:
        return kl_size(channels, factor, latent)
    if size not in SIZES:
        raise unknown("size of an autoencoder", size, [*SIZES, KL])
    return autoencoder_config(size, channels, factor, latent)


def build_autoencoder(config: AutoencoderConfig) -> Autoencoder:
    """What `config` describes, freshly initialised; raises SfumatoError where diffusers is needed and isn't here."""
    if isinstance(config, KLConfig):
        return KLAutoencoder(config, made_by_diffusers(config.architecture, config.arguments))
    return Autoencoder(config)


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
        encoded = self.model.encode(padded(x, self.config.factor))  # type: ignore[operator]
        out: Tensor = (self.latents_of(encoded) - self.shift) * self.scale
        return out

    def decode(self, z: Tensor, size: Any = None, frames: int | None = 1) -> Tensor:
        x: Tensor = self.model.decode(z / self.scale + self.shift, return_dict=False)[0]  # type: ignore[operator]
        return x if size is None else x[..., : size[0], : size[1]]

    @property
    def last_layer(self) -> Tensor:
        weight: Tensor = self.model.decoder.conv_out.weight  # type: ignore[union-attr, assignment]
        return weight

    def parts(self) -> Parts:
        model: Any = self.model
        ends = [model.encoder.conv_in, model.encoder.conv_out, model.decoder.conv_in, model.decoder.conv_out]
        quants = [layer for layer in (model.quant_conv, model.post_quant_conv) if layer is not None]
        blocks = [
            *model.encoder.down_blocks,
            model.encoder.mid_block,
            model.decoder.mid_block,
            *model.decoder.up_blocks,
        ]
        return Parts(ends=[*ends, *quants], blocks=blocks)

    @torch.no_grad()
    def fold(self, mean: Tensor, std: Tensor) -> None:
        """As of ours, into the 1×1 convolutions next to the latents, which from now on are certain."""
        out, into = self.model.quant_conv, self.model.post_quant_conv
        assert isinstance(out, nn.Conv2d) and isinstance(into, nn.Conv2d)
        assert out.bias is not None and into.bias is not None and self.scale == 1 and self.shift == 0
        number = len(mean)
        out.weight[:number].div_(std[:, None, None, None])
        out.bias[:number].sub_(mean).div_(std)
        out.weight[number:].zero_()
        out.bias[number:].fill_(CERTAIN)
        into.bias.add_(into.weight[:, :, 0, 0] @ mean)
        into.weight.mul_(std[None, :, None, None])
