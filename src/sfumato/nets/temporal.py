"""What makes a network for pictures one for clips: layers that look along the frames, zero at first.

Everything else takes frames as if they were pictures of a batch. A clip of one frame passes the temporal layers as it
is, so that one frame always *is* the network for pictures, however long they were trained.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.nets.layers import apply_rope, attend, rope_speeds, zeroed

REACH = 1  # frames to either side that the convolution sees
PERIODS = (8, 16, 32, 64, 128, 256)  # frames
FRAME_FEATURES = 2 * len(PERIODS)
SPEED = 1 / 32  # of a picture a frame


def frame_encoding(numbers: Tensor) -> Tensor:
    """Which frame of its clip each of these `numbers` is, in sines and cosines: `(…, FRAME_FEATURES)`."""
    angles = numbers[..., None] * (2 * math.pi / torch.tensor(PERIODS, device=numbers.device))
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def consecutive(frames: int, device: torch.device) -> Tensor:
    """The numbers of the frames of a clip none of which is left out, `(1, frames)`."""
    return torch.arange(frames, device=device)[None]


class Places(NamedTuple):
    """Where the places of a frame are: as `features` `(places, n)`, and by their `centres` `(places, 2)`, how far down
    and across, in shares of the picture."""

    features: Tensor
    centres: Tensor


def waves(heads: int, pairs: int) -> Tensor:
    """How fast pairs of features turn over space and time, `(heads, pairs, 3)`: radians a picture's height, a picture's
    width and a frame.

    A wave that moves is still to whoever moves along with it: attention by such waves finds what is as far on as it
    moves in the time between. They go in all directions, from half a wave a picture to four, at speeds of about SPEED;
    every fourth stands still, and every eighth is the same all over a frame.
    """
    length, way = torch.rand(2, heads, pairs, 1).unbind(0)
    turns = math.pi * 8**length * torch.cat([(2 * math.pi * way).sin(), (2 * math.pi * way).cos()], dim=-1)
    speeds = SPEED * torch.randn(heads, pairs, 2)
    speeds[:, ::4] = 0
    found = torch.cat([turns, -(turns * speeds).sum(-1, keepdim=True)], dim=-1)
    found[:, 1::8, :2] = 0
    found[:, 1::8, 2] = rope_speeds(found[:, 1::8].shape[1], found.device)
    return found


class Temporal(nn.Module):
    """At each place, what is before and after it: a depthwise convolution, and with `heads` attention over all frames.

    Positions are rotary: what is learnt goes by how many frames lie between, so that a clip may have any length. With
    `position`, as many features as say where a place is, attention is over all places of all frames: what moves is
    elsewhere in other frames. There it matters as well which frame it is: what is to move left begins at the right.
    """

    def __init__(self, width: int, heads: int, position: int = 0) -> None:
        super().__init__()
        self.everywhere = position > 0
        self.norm = nn.LayerNorm(width)
        self.taps = nn.Parameter(torch.zeros(2 * REACH + 1, width))  # of the convolution, from the frame before on
        self.attention: TemporalAttention | None = None
        if heads:
            self.attention = SpacetimeAttention(width, heads, position) if position else TemporalAttention(width, heads)

    def forward(self, x: Tensor, frames: int, where: Places | None = None, numbers: Tensor | None = None) -> Tensor:
        """`x` `(batch·frames, places, width)`, the frames of a clip one after another.

        `where` says where the places are, `numbers` `(batch, frames)` which frames they are, where some are left out.
        """
        if frames == 1:
            return x
        h: Tensor = self.norm(x).unflatten(0, (-1, frames))
        padded = F.pad(h, (0, 0, 0, 0, REACH, REACH))
        total: Tensor = x.unflatten(0, (-1, frames))
        for at, tap in enumerate(self.taps):
            beside = padded[:, at : at + frames]
            if numbers is not None:  # what is left out is as what lies beyond the ends
                found = F.pad(numbers, (REACH, REACH), value=-1)[:, at : at + frames] == numbers + at - REACH
                beside = beside * found[:, :, None, None]
            total = torch.addcmul(total, beside, tap)
        numbers = consecutive(frames, x.device) if numbers is None else numbers
        total = total if self.attention is None else total + self.attention(h, numbers, where)
        return total.flatten(0, 1)


class TemporalAttention(nn.Module):
    """Attention of each place over all frames; at first zero."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.norm_q, self.norm_k = (nn.RMSNorm(width // heads, eps=1e-6) for _ in range(2))
        self.out = zeroed(nn.Linear(width, width))

    def forward(self, h: Tensor, numbers: Tensor, where: Places | None = None) -> Tensor:
        """`h` `(batch, frames, places, width)`, of frames with these `numbers`, `(batch or 1, frames)`; `where` places
        are matters in space and time alone."""
        batch, _, places, _ = h.shape
        at = numbers if len(numbers) == 1 else numbers.repeat_interleave(places, 0)
        angles = at[:, None, :, None] * rope_speeds(h.shape[-1] // self.heads // 2, h.device)
        out: Tensor = self.attended(self.qkv(h.transpose(1, 2).flatten(0, 1)), angles).unflatten(0, (batch, places))
        return out.transpose(1, 2)

    def attended(self, qkv: Tensor, angles: Tensor) -> Tensor:
        """`qkv` `(batch, tokens, 3·width)`, turned by `angles` that broadcast to `(batch, heads, tokens, pairs)`."""
        query, key, value = qkv.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        query, key = apply_rope(self.norm_q(query.float()), angles), apply_rope(self.norm_k(key.float()), angles)
        mixed = attend(query.to(value), key.to(value), value)
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out


class SpacetimeAttention(TemporalAttention):
    """Attention of all places of all frames to each other, at first zero. How far and how long they are from each other
    counts by `waves`, which are learnt (Heo et al. 2024, "Rotary position embedding for vision transformer")."""

    def __init__(self, width: int, heads: int, position: int) -> None:
        super().__init__(width, heads)
        self.position = nn.Linear(position, 3 * width, bias=False)
        self.frame = nn.Linear(FRAME_FEATURES, 3 * width, bias=False)
        self.waves = nn.Parameter(waves(heads, width // heads // 2))

    def forward(self, h: Tensor, numbers: Tensor, where: Places | None = None) -> Tensor:
        assert where is not None
        _, frames, places, _ = h.shape
        qkv = self.qkv(h.flatten(1, 2)) + self.position(where.features).repeat(frames, 1)
        qkv = qkv + self.frame(frame_encoding(numbers)).repeat_interleave(places, 1)
        in_space = (where.centres[:, None] * self.waves[:, None, :, :2]).sum(-1).repeat(1, frames, 1)
        in_time = numbers.repeat_interleave(places, 1)[:, None, :, None] * self.waves[:, None, :, 2]
        out: Tensor = self.attended(qkv, in_space + in_time).unflatten(1, (frames, places))
        return out


def fold(
    x: Tensor, c_noise: Tensor, given: Sequence[Tensor | None], conditions: Mapping[str, Tensor | None]
) -> tuple[int, Tensor, Tensor, list[Tensor | None], dict[str, Tensor | None]]:
    """How many frames there are, and frames as pictures: what is `given` of a clip is of each of them.

    `x` is `(batch, frames, channels, height, width)`, or a batch of pictures, which stay as they are; `c_noise` is
    `(batch,)`, or one a frame `(batch, frames)`.
    """
    if x.ndim == 4:
        return 1, x, c_noise, [*given], {**conditions}
    frames = x.shape[1]

    def each(value: Tensor | None) -> Tensor | None:
        return None if value is None else value.repeat_interleave(frames, 0)

    c_noise = c_noise.flatten() if c_noise.ndim == 2 else c_noise.repeat_interleave(frames, 0)
    return frames, x.flatten(0, 1), c_noise, list(map(each, given)), {name: each(v) for name, v in conditions.items()}
