"""An autoencoder of pictures, and the critic that may train it: convolutional, deterministic, and local.

No layer looks at the whole picture, as normalisation over it or attention would: what a pixel becomes depends on those
within `reach` of it alone, so that a large picture can be taken in tiles that give what the whole would give. A decoder
of clips may look at the frames before too, never at those behind.

Named sizes, of parameters and GFLOP to encode and decode one picture of 128×128×3 at factor 8 (a multiply-add counts as
two), measured by `tests/unit/test_autoencoder.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.arguments import bounded
from sfumato.errors import SfumatoError, unknown
from sfumato.nets.bounds import DEPTH, WIDTH
from sfumato.nets.layers import zeroed
from sfumato.nets.protocol import Parts
from sfumato.nets.residual import SLOPE, Residual, he

FACTORS: tuple[int, ...] = (2, 4, 8, 16)
SIZES = {"nano": (16, 1), "tiny": (24, 1), "small": (32, 2), "medium": (48, 2), "base": (64, 3)}  # width, blocks
WIDEST = 8  # times the finest stage's width
BACK = (1, 2)  # how far before it the frames are that a layer of a temporal decoder sees
CRITIC_STAGES = 3  # a score is that of patches of about 60 pixels


@dataclass(frozen=True)
class AutoencoderConfig:
    """The shape of an autoencoder.

    Pictures of `channels` become latents of `latent` channels. There is a stage a width: the finest at half of the
    picture's height and width, each other at half of the one before, so that three widths make a latent pixel of 8×8
    pixels. Each has so many `blocks`, in the encoder as in the decoder. One that is `temporal` looks back at the frames
    before, in its decoder.
    """

    channels: int
    latent: int
    widths: tuple[int, ...]
    blocks: int = 1
    temporal: bool = False

    def __post_init__(self) -> None:
        bounded(self, channels=(1, 64), latent=(1, 256), widths=WIDTH, blocks=DEPTH)
        if 2 ** len(self.widths) not in FACTORS:
            raise SfumatoError(
                f"an autoencoder has 1 to 4 widths, each of half the size of the one before, got {len(self.widths)}."
            )

    @property
    def factor(self) -> int:
        """By how much latents are lower and narrower than pictures."""
        return FACTORS[len(self.widths) - 1]

    @property
    def reach(self) -> int:
        """How many latent pixels away a pixel still counts, in the encoder as in the decoder."""
        pixels = 2 + 2 * self.blocks * sum(FACTORS[: len(self.widths)])  # of 3×3 convolutions, by their stage
        return -(-pixels // self.factor)

    @property
    def lookback(self) -> int:
        """How many frames before it count in what a frame is decoded to."""
        return BACK[-1] * len(self.widths) if self.temporal else 0

    def latent_shape(self, picture: Sequence[int]) -> tuple[int, int, int]:
        """That of the latents of a `picture` (channels, height, width); raises SfumatoError where it has none."""
        channels, *sides = picture
        if channels != self.channels:
            raise SfumatoError(
                f"the autoencoder takes pictures with channels: {self.channels}, and these have {channels}; let them "
                "agree."
            )
        if min(sides) < self.factor:
            raise SfumatoError(
                f"pictures of {'×'.join(map(str, sides))} pixels are smaller than the {self.factor}×{self.factor} that "
                "the autoencoder makes one of; give larger ones, or a smaller factor."
            )
        height, width = (-(-side // self.factor) for side in sides)
        return self.latent, height, width


def autoencoder_config(size: str, channels: int, factor: int, latent: int | None = None) -> AutoencoderConfig:
    """The autoencoder called `size` in SIZES; by default with as many latent channels as its `factor`."""
    if size not in SIZES:
        raise unknown("size of an autoencoder", size, SIZES)
    if factor not in FACTORS:
        raise SfumatoError(f"an autoencoder makes each side 2, 4, 8 or 16 times as short, not {factor}.")
    width, blocks = SIZES[size]
    widths = tuple(width * min(WIDEST, 2**stage) for stage in range(FACTORS.index(factor) + 1))
    return AutoencoderConfig(channels, factor if latent is None else latent, widths, blocks)


class Encoder(nn.Module):
    """Pictures whose sides the factor divides → latents."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        widths = config.widths
        self.conv_in = he(nn.Conv2d(4 * config.channels, widths[0], 3, padding=1), gain=1)
        self.blocks = nn.ModuleList(_blocks(width, config.blocks) for width in widths)
        self.down = nn.ModuleList(he(nn.Conv2d(fine, coarse, 2, stride=2), gain=1) for fine, coarse in pairwise(widths))
        self.conv_out = he(nn.Conv2d(widths[-1], config.latent, 1))

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv_in(F.pixel_unshuffle(x, 2))
        for stage, blocks in enumerate(self.blocks):
            h = blocks(self.down[stage - 1](h) if stage else h)
        out: Tensor = self.conv_out(F.leaky_relu(h, SLOPE))
        return out


class Causal(nn.Module):
    """What has changed since the frames before, at each place, mixed and added: at first nothing.

    Without biases, of what stands still it is 0 for ever: a first frame, and one like those before it, is decoded as a
    picture is, bit for bit.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = he(nn.Conv2d(len(BACK) * width, width, 1, bias=False), gain=1)
        self.conv2 = zeroed(nn.Conv2d(width, width, 1, bias=False))

    def forward(self, x: Tensor, frames: int | None) -> Tensor:
        """`x` `(batch·frames, width, height, width)`, the frames of a clip one after another; None if of one clip."""
        clips = x[None] if frames is None else x.unflatten(0, (-1, frames))
        moments = torch.arange(clips.shape[1], device=x.device)  # before the first one it stood still
        before = [clips.index_select(1, (moments - back).clamp(min=0)) for back in BACK]
        changes = torch.cat([clips - one for one in before], 2).flatten(0, 1)
        out: Tensor = x + self.conv2(F.leaky_relu(self.conv1(changes), SLOPE))
        return out


class Decoder(nn.Module):
    """Latents → pictures: `Encoder`, the other way round, with a layer that looks back after each stage of one that is
    temporal."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        widths = config.widths
        self.conv_in = he(nn.Conv2d(config.latent, widths[-1], 1), gain=1)
        self.blocks = nn.ModuleList(_blocks(width, config.blocks) for width in widths)
        self.up = nn.ModuleList(he(nn.Conv2d(coarse, 4 * fine, 1), gain=1) for fine, coarse in pairwise(widths))
        self.conv_out = he(nn.Conv2d(widths[0], 4 * config.channels, 3, padding=1))
        self.temporal = nn.ModuleList(map(Causal, widths)) if config.temporal else None

    def forward(self, z: Tensor, frames: int | None = 1) -> Tensor:
        h = self.conv_in(z)
        for stage in reversed(range(len(self.blocks))):
            h = self.blocks[stage](h)
            if self.temporal is not None and frames != 1:
                h = self.temporal[stage](h, frames)
            if stage:
                h = F.pixel_shuffle(self.up[stage - 1](h), 2)
        return F.pixel_shuffle(self.conv_out(F.leaky_relu(h, SLOPE)), 2)


class Autoencoder(nn.Module):
    """`encode` makes latents of pictures and `decode` pictures of latents, of any size."""

    memory_format = torch.channels_last

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = Encoder(config), Decoder(config)

    def encode(self, x: Tensor) -> Tensor:
        """Pictures `(batch, channels, height, width)` → latents, `height / factor` high and `width / factor` wide.

        What is missing to whole latent pixels repeats the last row and column.
        """
        out: Tensor = self.encoder(padded(x, self.config.factor))
        return out

    def decode(self, z: Tensor, size: Sequence[int] | None = None, frames: int | None = 1) -> Tensor:
        """Latents → pictures, of which the `size` (height, width) at the upper left is kept.

        They are clips of so many `frames`, those of one after those of another, or one clip where that is None.
        """
        x: Tensor = self.decoder(z, frames)
        return x if size is None else x[..., : size[0], : size[1]]

    def forward(self, x: Tensor) -> Tensor:
        """Pictures, or clips `(batch, frames, …)` → what the latents keep of them."""
        if x.ndim == 4:
            return self.decode(self.encode(x), x.shape[-2:])
        y: Tensor = self.decode(self.encode(x.flatten(0, 1)), x.shape[-2:], x.shape[1])
        return y.reshape(x.shape)

    @property
    def last_layer(self) -> Tensor:
        """The weight of the last layer, which makes pixels."""
        return self.decoder.conv_out.weight

    def parts(self) -> Parts:
        """For the optimiser: see nets/protocol.py."""
        ends = [self.encoder.conv_in, self.encoder.conv_out, self.decoder.conv_in, self.decoder.conv_out]
        return Parts(ends=ends, blocks=[*self.encoder.blocks, *self.decoder.blocks])

    @torch.no_grad()
    def fold(self, mean: Tensor, std: Tensor) -> None:
        """Let latents from now on be `(z − mean) / std`, with both `(latent,)`, and be decoded to what they were."""
        out, into = self.encoder.conv_out, self.decoder.conv_in
        assert out.bias is not None and into.bias is not None
        out.weight.div_(std[:, None, None, None])
        out.bias.sub_(mean).div_(std)
        into.bias.add_(into.weight[:, :, 0, 0] @ mean)
        into.weight.mul_(std[None, :, None, None])


class Critic(nn.Module):
    """Pictures `(batch, channels, height, width)` → `(batch,)`, higher for what looks real: the mean over patches."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        widths = [width * 2**stage for stage in range(CRITIC_STAGES)]
        self.conv_in = he(nn.Conv2d(4 * channels, width, 3, padding=1), gain=1)
        self.blocks = nn.ModuleList(Residual(own) for own in widths)
        self.down = nn.ModuleList(he(nn.Conv2d(fine, coarse, 1), gain=1) for fine, coarse in pairwise(widths))
        self.conv_out = he(nn.Conv2d(widths[-1], 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv_in(F.pixel_unshuffle(padded(x, 2), 2))
        for stage, block in enumerate(self.blocks):
            h = block(self.down[stage - 1](F.avg_pool2d(h, 2, ceil_mode=True)) if stage else h)
        out: Tensor = self.conv_out(F.leaky_relu(h, SLOPE)).mean((1, 2, 3))
        return out


def padded(x: Tensor, factor: int) -> Tensor:
    """Pictures with their last row and column repeated until `factor` divides the sides."""
    missing = [-side % factor for side in x.shape[-2:]]
    return F.pad(x, (0, missing[1], 0, missing[0]), mode="replicate") if any(missing) else x


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Residual(width) for _ in range(count)))
