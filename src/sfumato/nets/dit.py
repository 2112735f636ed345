"""The diffusion transformer: each patch of the picture is a token, which attends to all others and to the prompt.

Blocks are scaled, shifted and gated by the noise level and the class, and start as the identity (adaLN-zero, Peebles &
Xie 2023, section 3.2). Patches and the prompt's tokens meet in one softmax, each with projections of their own (Esser
et al. 2024, section 4), and their queries and keys are normalised.

Named sizes, with parameters and GFLOP of one forward pass (a multiply-add counts as two), measured by
`tests/unit/test_nets.py` for one picture without classes:

| size      | 8×8×1            | 32×32×3         | 64×64×3         |
| --------- | ---------------- | --------------- | --------------- |
| dit-nano  | 0.32 M, 0.030 GF | 0.32 M, 0.17 GF | 0.32 M, 0.17 GF |
| dit-tiny  | 4.1 M, 0.36 GF   | 4.1 M, 1.7 GF   | 4.1 M, 1.7 GF   |
| dit-small | 32.4 M, 2.8 GF   | 32.4 M, 12.1 GF | 32.4 M, 12.1 GF |
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.arguments import bounded
from sfumato.errors import SfumatoError, unknown
from sfumato.nets.bounds import CLASSES, COUNT, DEPTH, HEADS, WIDTH
from sfumato.nets.conditions import ConditionConfig, ImageEncoder, NumberEncoder, check_known, check_names, unshuffled
from sfumato.nets.layers import ConditionEmbedding, apply_rope, attend, rope_speeds, zeroed
from sfumato.nets.protocol import Parts, PictureNet
from sfumato.nets.temporal import Temporal, fold
from sfumato.nets.text import FeaturesConfig, TextConfig, prompt_reader
from sfumato.nets.unet import POSITION_CHANNELS, check_sides, positional_encoding


@dataclass(frozen=True)
class DiTConfig(PictureNet):
    """The shape of a diffusion transformer.

    `channels` of the picture; `classes` (0: unconditional); `depth` blocks of `width` features, a multiple of four
    times the `heads`; `patch` is the side in pixels of what becomes one token; `text` the encoder of prompts, for those
    that read one; `conditions` the numbers, vectors and images that it is conditioned on, by name. A
    `temporal` one takes clips too.
    """

    channels: int
    classes: int = 0
    kind: Literal["dit"] = "dit"
    width: int = 64
    depth: int = 4
    heads: int = 2
    patch: int = 1
    text: TextConfig | FeaturesConfig | None = None
    conditions: tuple[ConditionConfig, ...] = ()
    temporal: bool = False

    def __post_init__(self) -> None:
        bounded(self, channels=COUNT, classes=CLASSES, width=WIDTH, depth=DEPTH, heads=HEADS, patch=(1, 64))

    def check(self, *sides: int) -> None:
        """Raises SfumatoError, naming the nearest size that works, for pictures smaller than a patch."""
        height, width = sides
        if height < self.patch or width < self.patch:
            raise SfumatoError(
                f"this transformer takes patches of {self.patch}×{self.patch} pixels and can't take {height}×{width}; "
                f"the nearest size it takes is {max(height, self.patch)}×{max(width, self.patch)}."
            )

    def attended(self, *sides: int) -> list[tuple[int, ...]]:
        return [tuple(math.ceil(side / self.patch) for side in sides)]


# name → (width, depth, heads)
_SIZES: dict[str, tuple[int, int, int]] = {
    "dit-nano": (64, 4, 2),
    "dit-tiny": (192, 6, 6),
    "dit-small": (384, 12, 6),  # "DiT-S" of the paper
}
DIT_SIZES = tuple(_SIZES)
"""The names of the transformer's sizes."""
MAX_TOKENS = 256  # of a picture, at most: attention takes their square


def dit_config(
    size: str,
    shape: Sequence[int],
    classes: int = 0,
    text: TextConfig | FeaturesConfig | None = None,
    conditions: Sequence[ConditionConfig] = (),
) -> DiTConfig:
    """The transformer called `size` (a name in DIT_SIZES) for pictures of `shape` (channels, height, width), or clips.

    Its patches are as small as leaves at most 256 of them: 1 pixel up to 16×16, 2 up to 32×32, 4 up to 64×64. Raises
    SfumatoError for an unknown name, or for a side outside 4..1024 pixels, naming the nearest that works.
    """
    if size not in _SIZES:
        raise unknown("network size", size, DIT_SIZES)
    *frames, channels = shape[:-2]
    sides = shape[-2:]
    check_sides("transformer", sides)
    width, depth, heads = _SIZES[size]
    patch = 1
    while math.prod(-(-side // patch) for side in sides) > MAX_TOKENS:
        patch *= 2
    return DiTConfig(
        channels,
        classes,
        width=width,
        depth=depth,
        heads=heads,
        patch=patch,
        text=text,
        conditions=tuple(conditions),
        temporal=bool(frames),
    )


def rotary_angles(height: int, width: int, size: int, device: torch.device) -> Tensor:
    """The angles by which queries and keys of `size` features turn, `(height·width, size // 2)`: rows, then columns.

    A product of two tokens then depends on how far apart they are, in tokens, so what was learnt holds at any size.
    """
    speeds = rope_speeds(size // 4, device)
    down = torch.arange(height, device=device) - (height - 1) / 2  # from the middle, where the prompt's tokens are
    across = torch.arange(width, device=device) - (width - 1) / 2
    rows = (down[:, None, None] * speeds).expand(height, width, -1)
    columns = (across[None, :, None] * speeds).expand(height, width, -1)
    return torch.cat([rows, columns], dim=-1).flatten(0, 1)


class Stream(nn.Module):
    """What a block has for one kind of token: projections, two linear maps, and how the condition changes both.

    The prompt's tokens in the last block are only attended to: nothing of them is `updated`.
    """

    def __init__(self, width: int, heads: int, updated: bool = True) -> None:
        super().__init__()
        self.heads = heads
        self.modulate = zeroed(nn.Linear(width, (6 if updated else 2) * width))
        self.qkv = nn.Linear(width, 3 * width)
        self.norm_q, self.norm_k = (nn.RMSNorm(width // heads, eps=1e-6) for _ in range(2))
        if updated:
            self.out = nn.Linear(width, width)
            self.fc1 = nn.Linear(width, 4 * width)
            self.fc2 = nn.Linear(4 * width, width)

    def project(self, x: Tensor, embedding: Tensor) -> tuple[tuple[Tensor, Tensor, Tensor], list[Tensor]]:
        """Query, key and value `(batch, heads, tokens, size)` of `x`, and what of the modulation `answer` needs."""
        batch, tokens, width = x.shape
        scale, shift, *rest = self.modulate(embedding)[:, None].split(width, dim=-1)
        qkv = self.qkv(modulated(x, scale, shift)).reshape(batch, tokens, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        return (self.norm_q(query), self.norm_k(key), value), rest

    def update(self, x: Tensor, mixed: Tensor, rest: list[Tensor]) -> Tensor:
        """The tokens after the block, of what attention `mixed` for them."""
        gate, scale, shift, last_gate = rest
        x = x + gate * self.out(mixed.transpose(1, 2).flatten(2))
        out: Tensor = x + last_gate * self.fc2(F.gelu(self.fc1(modulated(x, scale, shift)), approximate="tanh"))
        return out


def modulated(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """`x` `(batch, tokens, width)` normalised, scaled and shifted."""
    return torch.addcmul(shift, F.layer_norm(x, x.shape[-1:]), 1 + scale)


class DiTBlock(nn.Module):
    """One attention over the patches, and with `text` over the prompt's tokens too; then each token by itself."""

    def __init__(self, width: int, heads: int, text: bool, last: bool) -> None:
        super().__init__()
        self.image = Stream(width, heads)
        self.text = Stream(width, heads, updated=not last) if text else None

    def forward(
        self, x: Tensor, text: Tensor | None, mask: Tensor | None, embedding: Tensor, angles: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        (query, key, value), rest = self.image.project(x, embedding)
        query, key = apply_rope(query, angles), apply_rope(key, angles)
        if self.text is None or text is None:
            mixed = attend(query.to(value), key.to(value), value)
            return self.image.update(x, mixed, rest), None
        theirs, others = self.text.project(text, embedding)
        query, key, value = (torch.cat(both, dim=2) for both in zip((query, key, value), theirs, strict=True))
        mixed = attend(query.to(value), key.to(value), value, mask=mask)
        count = x.shape[1]
        x = self.image.update(x, mixed[:, :, :count], rest)
        return x, self.text.update(text, mixed[:, :, count:], others) if others else None


class DiT(nn.Module):
    """`net(x, c_noise, label, text, **conditions) → Tensor` like `x`: `(batch, channels, height, width)`.

    A picture is at least a patch. Sides that aren't multiples of it are extended, and cut again. What else it is given,
    clips among it, is as in UNet.
    """

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.config = config
        width, channels = config.width, config.channels * config.patch**2
        self.condition = ConditionEmbedding(width, config.classes, config.text.width if config.text else 0)
        self.text = prompt_reader(config.text) if config.text else None
        self.text_proj = nn.Linear(config.text.width, width) if config.text else None
        self.proj_in = nn.Linear(channels + POSITION_CHANNELS, width)
        self.blocks = nn.ModuleList(
            DiTBlock(width, config.heads, config.text is not None, number == config.depth - 1)
            for number in range(config.depth)
        )
        self.modulate = zeroed(nn.Linear(width, 2 * width))
        self.proj_out = zeroed(nn.Linear(width, channels))
        # Last, so that the other weights are those of an unconditional network.
        check_names(config.conditions)
        self._numbers = [one for one in config.conditions if one.kind != "image"]
        self._images = [one for one in config.conditions if one.kind == "image"]
        self.condition.numbers.extend(NumberEncoder(one, width) for one in self._numbers)
        self.images = nn.ModuleList(ImageEncoder(one, width, config.patch) for one in self._images)
        self.temporal = nn.ModuleList(Temporal(width, config.heads) for _ in self.blocks) if config.temporal else None

    def parts(self) -> Parts:
        blocks = [cast(DiTBlock, block) for block in self.blocks]
        streams = [stream for block in blocks for stream in (block.image, block.text) if stream is not None]
        return Parts(
            ends=(self.proj_in, self.proj_out),
            conditioning=(self.condition, self.modulate, *(stream.modulate for stream in streams)),
            encoders=(self.condition.numbers, self.images),
            blocks=blocks,
            condition=self.condition,
        )

    def forward(
        self,
        x: Tensor,
        c_noise: Tensor,
        label: Tensor | None = None,
        text: Tensor | None = None,
        frame_numbers: Tensor | None = None,
        **conditions: Tensor | None,
    ) -> Tensor:
        check_known(self.config.conditions, conditions)
        whole, (height, width), patch = x.shape, x.shape[-2:], self.config.patch
        tokens, mask, attended, pooled = None, None, None, None
        if self.text is not None and self.text_proj is not None:
            features, mask = self.text(self.text.null(x.shape[0]) if text is None else text)
            pooled, tokens = features[:, 0], self.text_proj(features)
        frames, x, c_noise, (label, tokens, mask, pooled), conditions = fold(
            x, c_noise, (label, tokens, mask, pooled), conditions
        )
        embedding = self.condition(c_noise, label, pooled, [conditions.get(one.name) for one in self._numbers])

        x = unshuffled(x, patch)
        rows, columns = x.shape[-2:]
        if mask is not None:
            attended = F.pad(mask, (rows * columns, 0), value=True)[:, None, None]
        angles = rotary_angles(rows, columns, self.config.width // self.config.heads, x.device)
        h = self.proj_in(
            torch.cat([x, positional_encoding(x).expand(x.shape[0], -1, -1, -1)], dim=1).flatten(2).transpose(1, 2)
        )
        for one, encode in zip(self._images, self.images, strict=True):
            if (image := conditions.get(one.name)) is not None:
                h = h + encode(image).flatten(2).transpose(1, 2)
        for number, block in enumerate(self.blocks):
            h, tokens = block(h, tokens, attended, embedding, angles)
            h = h if self.temporal is None else self.temporal[number](h, frames, numbers=frame_numbers)
        scale, shift = self.modulate(embedding)[:, None].chunk(2, dim=-1)
        out: Tensor = self.proj_out(modulated(h, scale, shift)).transpose(1, 2).unflatten(2, (rows, columns))
        out = out if patch == 1 else F.pixel_shuffle(out, patch)[..., :height, :width]
        return out if len(whole) == 4 else out.reshape(whole)
