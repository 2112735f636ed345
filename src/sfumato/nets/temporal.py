"""What makes a network for pictures one for clips: layers that look along the frames, zero at first.

Everything else takes frames as if they were pictures of a batch. A clip of one frame passes the temporal layers as it
is, so that one frame always *is* the network for pictures, however long they were trained.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.nets.layers import apply_rope, attend, rope_speeds, zeroed

REACH = 1  # frames to either side that the convolution sees
PERIODS = (8, 16, 32, 64, 128, 256)  # frames
FRAME_FEATURES = 2 * len(PERIODS)


def frame_encoding(frames: int, device: torch.device) -> Tensor:
    """Which frame of its clip each is, in sines and cosines: `(frames, FRAME_FEATURES)`."""
    angles = torch.arange(frames, device=device)[:, None] * (2 * math.pi / torch.tensor(PERIODS, device=device))
    return torch.cat([angles.sin(), angles.cos()], dim=1)


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
        self.attention = TemporalAttention(width, heads, position) if heads else None

    def forward(self, x: Tensor, frames: int, where: Tensor | None = None) -> Tensor:
        """`x` `(batch·frames, places, width)`, the frames of a clip one after another; `where` `(places, features)`."""
        if frames == 1:
            return x
        h: Tensor = self.norm(x).unflatten(0, (-1, frames))
        padded = F.pad(h, (0, 0, 0, 0, REACH, REACH))
        total: Tensor = x.unflatten(0, (-1, frames))
        for at, tap in enumerate(self.taps):
            total = torch.addcmul(total, padded[:, at : at + frames], tap)
        total = total if self.attention is None else total + self.attention(h, where)
        return total.flatten(0, 1)


class TemporalAttention(nn.Module):
    """Attention of each place over all frames, or of all places over all places of all frames; at first zero."""

    def __init__(self, width: int, heads: int, position: int = 0) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.norm_q, self.norm_k = (nn.RMSNorm(width // heads, eps=1e-6) for _ in range(2))
        self.position = nn.Linear(position, 3 * width, bias=False) if position else None
        self.frame = nn.Linear(FRAME_FEATURES, 3 * width, bias=False) if position else None
        self.out = zeroed(nn.Linear(width, width))

    def forward(self, h: Tensor, where: Tensor | None = None) -> Tensor:
        """`h` `(batch, frames, places, width)`."""
        batch, frames, places, _ = h.shape
        everywhere, at = self.position is not None, torch.arange(frames, device=h.device)
        if everywhere:
            at = at.repeat_interleave(places)
        qkv = self.qkv(h.flatten(1, 2) if everywhere else h.transpose(1, 2).flatten(0, 1))
        if self.position is not None and self.frame is not None and where is not None:
            qkv = qkv + self.position(where).repeat(frames, 1)
            qkv = qkv + self.frame(frame_encoding(frames, h.device)).repeat_interleave(places, 0)
        query, key, value = qkv.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        angles = at[:, None] * rope_speeds(query.shape[-1] // 2, h.device)
        query, key = apply_rope(self.norm_q(query.float()), angles), apply_rope(self.norm_k(key.float()), angles)
        mixed = attend(query.to(value), key.to(value), value)
        split = (1, (frames, places)) if everywhere else (0, (batch, places))
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2)).unflatten(*split)
        return out if everywhere else out.transpose(1, 2)


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
