"""The UNet: down to a coarse view of the picture, up again, with skips that carry the detail across.

Named sizes, with parameters and GFLOP of one forward pass (a multiply-add counts as two), measured by
`tests/unit/test_nets.py` for one picture without classes:

| size   | 8×8×1             | 32×32×3         | 64×64×3         |
| ------ | ----------------- | --------------- | --------------- |
| nano   | 0.40 M, 0.016 GF  | 0.53 M, 0.14 GF | 0.60 M, 0.55 GF |
| tiny   | 1.6 M, 0.06 GF    | 1.9 M, 0.28 GF  | 2.0 M, 0.68 GF  |
| small  | 7.2 M, 0.30 GF    | 8.5 M, 1.1 GF   | 8.7 M, 1.6 GF   |
| medium | 18.6 M, 1.2 GF    | 24.0 M, 4.9 GF  | 24.7 M, 8.2 GF  |
| base   | 18.6 M, 1.2 GF    | 28.8 M, 8.6 GF  | 30.9 M, 21 GF   |
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import ClassVar, Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.arguments import bounded
from sfumato.errors import SfumatoError, unknown
from sfumato.nets.bounds import CLASSES, COUNT, DEPTH, MAX_STAGES, WIDTH
from sfumato.nets.conditions import ConditionConfig, ImageEncoder, NumberEncoder, check_known, check_names, unshuffled
from sfumato.nets.control_branch import ControlBranch, Prompt, descend
from sfumato.nets.layers import ConditionEmbedding, attend, zeroed
from sfumato.nets.protocol import Parts, PictureNet
from sfumato.nets.temporal import FRAME_FEATURES, Places, Temporal, consecutive, fold, frame_encoding
from sfumato.nets.text import FeaturesConfig, TextConfig, prompt_reader


@dataclass(frozen=True)
class UNetConfig(PictureNet):
    """The shape of a UNet.

    `channels` of the picture; `classes` (0: unconditional); `widths` of its stages, finest first, each at half the
    size of the one before; `blocks` per stage on either side; `attention` marks the stages that attend, counted
    from the finest, 0; `dropout` in [0, 1); `text` the encoder of prompts, for those that attend to one.
    With a `positional_encoding` it knows where in the picture each pixel is: a prompt says what belongs where, which
    convolutions could only guess from the border. Each square of `patch`×`patch` pixels is taken as one pixel with as
    many times the channels: flat drawings lose nothing by it, and the finest stage, most of the work, becomes that much
    cheaper. `conditions` are the numbers, vectors and images that it is conditioned on, by name; a `control_branch`
    takes another image (see control_branch.py). A `temporal` one takes clips too (see temporal.py); at the stages
    `spacetime` each place attends to all places of all frames, elsewhere to itself in others, and not at the finest.
    With any of them each block is told which frame it is at.
    """

    channels: int
    classes: int = 0
    kind: Literal["unet"] = "unet"
    widths: tuple[int, ...] = (64, 128)
    blocks: int = 1
    attention: tuple[int, ...] = ()
    dropout: float = 0.0
    text: TextConfig | FeaturesConfig | None = None
    positional_encoding: bool = False
    patch: int = 1
    conditions: tuple[ConditionConfig, ...] = ()
    control_branch: ConditionConfig | None = None
    temporal: bool = False
    spacetime: tuple[int, ...] = ()
    controllable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        bounded(self, channels=COUNT, classes=CLASSES, widths=WIDTH, blocks=DEPTH, dropout=(0.0, 0.99), patch=(1, 64))
        if not 1 <= len(self.widths) <= MAX_STAGES:
            raise SfumatoError(f"a UNet has 1 to {MAX_STAGES} widths, got {len(self.widths)}.")
        if len(self.widths) * self.blocks > DEPTH[1]:
            raise SfumatoError(f"a UNet has at most {DEPTH[1]} blocks a side, got {len(self.widths) * self.blocks}.")
        coarsest = len(self.widths) - 1
        bounded(self, attention=(0, coarsest), spacetime=(0, coarsest))

    def check(self, *sides: int) -> None:
        """Raises SfumatoError, naming the nearest size that works, for pictures too small to be halved so often."""
        height, width = sides
        least = self.patch * 2 ** (len(self.widths) - 1)
        if height < least or width < least:
            raise SfumatoError(
                f"this UNet halves its pictures {len(self.widths) - 1} times and can't take {height}×{width} pixels; "
                f"the nearest size it takes is {max(height, least)}×{max(width, least)}."
            )

    def attended(self, *sides: int) -> list[tuple[int, ...]]:
        return [tuple(math.ceil(side / 2**stage) for side in sides) for stage in self.attention]


# name → (widths from the coarsest stage, blocks per stage, most pixels a stage may have to attend)
_SIZES: dict[str, tuple[tuple[int, ...], int, int]] = {
    "nano": ((64, 32), 1, 0),
    "tiny": ((128, 64, 64, 32), 1, 0),
    "small": ((256, 128, 128, 64, 32), 1, 64),
    "medium": ((256, 256, 192, 96, 64), 2, 64),
    "base": ((256, 256, 256, 128), 2, 256),
}
SIZES = tuple(_SIZES)
"""The names of the UNet's sizes, the smallest first."""
TEXT_ATTENTION_PIXELS = 64  # pixels that a stage may have to attend to a prompt
MIN_SIDE, MAX_SIDE, COARSEST_SIDE = 4, 1024, 4  # pixels: a picture's shorter and longer side, and the coarsest stage


def check_sides(network: str, sides: Sequence[int]) -> None:
    """Raises SfumatoError, naming the nearest that works, for a picture that is too small or too large."""
    nearest = [min(max(side, MIN_SIDE), MAX_SIDE) for side in sides]
    if nearest != [*sides]:
        raise SfumatoError(
            f"the {network} takes pictures of {MIN_SIDE} to {MAX_SIDE} pixels a side, not {sides[0]}×{sides[1]}; "
            f"the nearest size it takes is {nearest[0]}×{nearest[1]}."
        )


def unet_config(
    size: str,
    shape: Sequence[int],
    classes: int = 0,
    text: TextConfig | FeaturesConfig | None = None,
    conditions: Sequence[ConditionConfig] = (),
) -> UNetConfig:
    """The UNet called `size` (a name in SIZES) for pictures of `shape` (channels, height, width), or clips of them.

    It halves the picture until the longer side is at most 4 pixels (or the shorter side is 1). With `text` it attends
    at 8×8 and below, whatever its size, and has a positional encoding. Raises SfumatoError for an unknown name, or for
    a side outside 4..1024 pixels, naming the nearest that works.
    """
    if size not in _SIZES:
        raise unknown("network size", size, SIZES)
    *frames, channels = shape[:-2]
    sides = shape[-2:]
    check_sides("UNet", sides)
    from_coarsest, blocks, most = _SIZES[size]
    stages = 1 + max(0, math.ceil(math.log2(max(sides) / COARSEST_SIDE)))
    stages = max(min(stages, 1 + int(math.log2(min(sides)))), 2)
    widths = tuple(from_coarsest[min(stage, len(from_coarsest) - 1)] for stage in reversed(range(stages)))
    most = max(most, TEXT_ATTENTION_PIXELS) if text else most
    attention = tuple(s for s in range(stages) if -(-sides[0] // 2**s) * -(-sides[1] // 2**s) <= most)
    return UNetConfig(
        channels,
        classes,
        widths=widths,
        blocks=blocks,
        attention=attention,
        text=text,
        positional_encoding=text is not None,
        conditions=tuple(conditions),
        temporal=bool(frames),
    )


FREQUENCIES = (0.5, 1.0, 2.0)  # over the height and the width of a picture
POSITION_CHANNELS = 4 * len(FREQUENCIES)


def centres(x: Tensor) -> tuple[Tensor, Tensor]:
    """How far down and across the pixels of `x` `(…, height, width)` are, in shares of it: `(height,)`, `(width,)`."""
    height, width = ((torch.arange(n, device=x.device, dtype=torch.float32) + 0.5) / n for n in x.shape[-2:])
    return height, width


def positional_encoding(x: Tensor) -> Tensor:
    """Where each pixel of `x` `(…, height, width)` is, in sines and cosines: `(1, channels, height, width)`."""
    height, width = x.shape[-2:]
    down, across = centres(x)
    found = []
    for frequency in FREQUENCIES:
        for angle in (2 * math.pi * frequency * down[:, None], 2 * math.pi * frequency * across[None]):
            found += [angle.sin().expand(height, width), angle.cos().expand(height, width)]
    return torch.stack(found)[None].to(x.dtype)


class Block(nn.Module):
    """A residual block: two 3×3 convolutions, the second normalised, scaled and shifted by the embedding."""

    def __init__(
        self, inputs: int, outputs: int, embedding: int, dropout: float, heads: int, text: int, position: bool
    ) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(max(1, inputs // 16), inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.modulate = nn.Linear(embedding, 2 * outputs)
        self.norm2 = nn.GroupNorm(max(1, outputs // 16), outputs)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = zeroed(nn.Conv2d(outputs, outputs, 3, padding=1))
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.attention = Attention(outputs, heads, text, position) if heads else None

    def forward(self, x: Tensor, embedding: Tensor, prompt: Prompt | None = None) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.modulate(embedding)[:, :, None, None].chunk(2, dim=1)
        h = F.silu(torch.addcmul(shift, self.norm2(h), 1 + scale))
        out: Tensor = self.skip(x) + self.conv2(self.dropout(h))
        if self.attention is not None:
            out = self.attention(out, prompt)
        return out


class Attention(nn.Module):
    """Attention over the pixels of a stage and the tokens of the prompt, if there is one, added to the input.

    Both are keys of one softmax, so that a pixel decides what it looks at (Saharia et al. 2022, section 2.3).
    """

    def __init__(self, channels: int, heads: int, text: int = 0, position: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(max(1, channels // 16), channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.text_kv = nn.Linear(text, 2 * channels) if text else None
        self.position = nn.Conv2d(POSITION_CHANNELS, 3 * channels, 1, bias=False) if position else None
        self.out = zeroed(nn.Conv2d(channels, channels, 1))

    def forward(self, x: Tensor, prompt: Prompt | None = None) -> Tensor:
        batch, channels, height, width = x.shape
        all_three = self.qkv(self.norm(x))
        if self.position is not None:
            all_three = all_three + self.position(positional_encoding(x))
        qkv = all_three.reshape(batch, 3, self.heads, channels // self.heads, height * width)
        query, key, value = qkv.transpose(-1, -2).unbind(1)
        mask = None
        if self.text_kv is not None and prompt is not None:
            features, present = prompt
            text = self.text_kv(features).reshape(batch, -1, 2, self.heads, channels // self.heads)
            key, value = (torch.cat([k, w], 2) for k, w in zip((key, value), text.permute(2, 0, 3, 1, 4), strict=True))
            mask = F.pad(present, (height * width, 0), value=True)[:, None, None]
        mixed = attend(query, key, value, mask=mask)
        out: Tensor = self.out(mixed.transpose(-1, -2).reshape(batch, channels, height, width))
        return x + out


class UNet(nn.Module):
    """`net(x, c_noise, label, text, **conditions) → Tensor` like `x`: `(batch, channels, height, width)`.

    Any size from 2^(stages − 1); odd sizes are halved upwards and come back to the size of their skip. `c_noise` is
    `(batch,)`; `label` int64 `(batch,)` in 0..classes, where `classes` itself (the default) is the null class of
    classifier-free guidance. `text` is int64 `(batch, length)`, a prompt's tokens and then 0, or where they come from a
    frozen encoder their features, float `(batch, length, features)`; all 0 (the default) is no prompt. `conditions` are
    those of its config, by name; NaN is none, and so is what is left out. `strength` `(batch,)` is how much
    the control branch counts, 1 where it isn't given. With temporal layers it takes clips
    `(batch, frames, channels, height, width)` of any length too, and a level a frame.
    """

    memory_format = torch.channels_last

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        embedding = 2 * widths[-1]
        width = config.text.width if config.text else 0
        check_names(config.all_conditions)
        self.condition = ConditionEmbedding(embedding, config.classes, width)
        self.text = prompt_reader(config.text) if config.text else None

        def block(inputs: int, stage: int) -> Block:
            heads = max(1, widths[stage] // 64) if stage in config.attention else 0
            return Block(inputs, widths[stage], embedding, config.dropout, heads, width, config.positional_encoding)

        channels = config.channels * config.patch**2
        self.conv_in = nn.Conv2d(channels + config.positional_encoding * POSITION_CHANNELS, widths[0], 3, padding=1)
        self.down = nn.ModuleList(
            nn.ModuleList([block(above, stage)] + [block(widths[stage], stage) for _ in range(config.blocks - 1)])
            for stage, (above, _) in enumerate(pairwise([widths[0], *widths]))
        )
        self.middle = block(widths[-1], len(widths) - 1)
        self.up = nn.ModuleList(
            nn.ModuleList([block(below + w, stage)] + [block(2 * w, stage) for _ in range(config.blocks - 1)])
            for stage, (w, below) in enumerate(pairwise([*widths, widths[-1]]))
        )
        self.norm = nn.GroupNorm(max(1, widths[0] // 16), widths[0])
        self.conv_out = zeroed(nn.Conv2d(widths[0], channels, 3, padding=1))
        # Last, so that the other weights are those of an unconditional network.
        self._numbers = [one for one in config.conditions if one.kind != "image"]
        self._images = [one for one in config.conditions if one.kind == "image"]
        self.condition.numbers.extend(NumberEncoder(one, embedding) for one in self._numbers)
        self.images = nn.ModuleList(ImageEncoder(one, widths[0], config.patch) for one in self._images)
        self.control_branch: ControlBranch | None = None
        if (control := config.control_branch) is not None:
            self.control_name = control.name
            self.control_branch = ControlBranch(
                self.down, self.middle, ImageEncoder(control, widths[0], config.patch), widths
            )
        self.temporal: nn.ModuleList | None = None  # after each level downwards, the middle, and each level upwards
        if config.temporal:
            levels = [self._level(stage, width) for stage, width in enumerate(widths)]
            self.temporal = nn.ModuleList(Temporal(*one) for one in [*levels, levels[-1], *reversed(levels)])
        self.temporal_embedding: nn.Linear | None = None
        if config.temporal and config.spacetime:
            self.temporal_embedding = cast(nn.Linear, zeroed(nn.Linear(FRAME_FEATURES, embedding, bias=False)))

    def _level(self, stage: int, width: int) -> tuple[int, int, int]:
        """What the temporal layer after a stage is made of: its width, heads, and features of where a place is."""
        everywhere = stage in self.config.spacetime
        heads = max(1, width // 64) if stage or everywhere else 0  # at the finest, detail moves with the rest
        return width, heads, POSITION_CHANNELS * everywhere

    def parts(self) -> Parts:
        blocks = [module for module in self.modules() if isinstance(module, Block)]
        branch = self.control_branch
        of_branch = () if branch is None else (branch.image, branch.zero_convs)
        return Parts(
            ends=(self.conv_in, self.conv_out, *of_branch),
            conditioning=(self.condition, *(block.modulate for block in blocks)),
            encoders=(self.condition.numbers, self.images),
            blocks=blocks,
            condition=self.condition,
        )

    def reset_control_branch(self) -> None:
        """Let the control branch begin again, from the downward half as it is now."""
        if self.control_branch is not None:
            self.control_branch.follow(self.down, self.middle)

    def forward(
        self,
        x: Tensor,
        c_noise: Tensor,
        label: Tensor | None = None,
        text: Tensor | None = None,
        strength: Tensor | None = None,
        frame_numbers: Tensor | None = None,
        **conditions: Tensor | None,
    ) -> Tensor:
        check_known(self.config.all_conditions, conditions)
        prompt: Prompt | None = None
        patch = self.config.patch
        whole, features, present = x.shape, None, None
        if self.text is not None:
            features, present = self.text(self.text.null(x.shape[0]) if text is None else text)
        frames, x, c_noise, (label, features, present, strength), conditions = fold(
            x, c_noise, (label, features, present, strength), conditions
        )
        if features is not None and present is not None:
            prompt = features, present
        numbers = [conditions.get(one.name) for one in self._numbers]
        frame = None
        if self.temporal_embedding is not None and frames > 1:
            numbers_of_each = consecutive(frames, x.device) if frame_numbers is None else frame_numbers
            frame = self.temporal_embedding(frame_encoding(numbers_of_each).expand(whole[0], -1, -1).flatten(0, 1))
        embedding = self.condition(c_noise, label, None if prompt is None else prompt[0][:, 0], numbers, frame)

        height, width = x.shape[-2:]
        x = unshuffled(x, patch)
        h = self.conv_in(
            torch.cat([x, positional_encoding(x).expand(x.shape[0], -1, -1, -1)], dim=1)
            if self.config.positional_encoding
            else x
        )
        for one, encode in zip(self._images, self.images, strict=True):
            if (image := conditions.get(one.name)) is not None:
                h = h + encode(image)
        entered = h
        h, skips = descend(self.down, self.middle, h, embedding, prompt, partial(self._along, frames, frame_numbers))
        if self.control_branch is not None and (image := conditions.get(self.control_name)) is not None:
            middle, across = self.control_branch(entered, image, strength, embedding, prompt)
            h, skips = h + middle, [skip + more for skip, more in zip(skips, across, strict=True)]
        for number, blocks in enumerate(reversed(self.up), len(self.down) + 1):
            if h.shape[-2:] != skips[-1].shape[-2:]:
                h = F.interpolate(h, size=skips[-1].shape[-2:], mode="nearest")
            for block in cast(nn.ModuleList, blocks):
                h = block(torch.cat([h, skips.pop()], dim=1), embedding, prompt)
            h = self._along(frames, frame_numbers, number, h)
        out: Tensor = self.conv_out(F.silu(self.norm(h)))
        out = out if patch == 1 else F.pixel_shuffle(out, patch)[..., :height, :width]
        return out if len(whole) == 4 else out.reshape(whole)

    def _along(self, frames: int, frame_numbers: Tensor | None, number: int, h: Tensor) -> Tensor:
        """`h` `(batch·frames, channels, height, width)` after the temporal layer of this `number`, if there is one."""
        if self.temporal is None or frames == 1:
            return h
        layer = cast(Temporal, self.temporal[number])
        where = None
        if layer.everywhere:
            where = Places(positional_encoding(h)[0].flatten(1).T, torch.cartesian_prod(*centres(h)))
        places: Tensor = layer(h.permute(0, 2, 3, 1).flatten(1, 2), frames, where, frame_numbers)
        out: Tensor = places.transpose(1, 2).unflatten(2, h.shape[2:])
        return out
