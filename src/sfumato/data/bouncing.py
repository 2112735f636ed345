"""Small clips of one thing that bounces about: few enough that their exact denoiser can be computed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor

SIDE = 14
RANGE = 8  # places of a thing's middle along each side
FIRST = 3  # of these
FRAMES = 12
STEPS = [(x, y) for y, x in product((-1, 0, 1), repeat=2) if (x, y) != (0, 0)]  # pixels a frame, in eight directions
STEERED = {"l": (-1, 0), "r": (1, 0), "u": (0, -1), "d": (0, 1), "s": (0, 0)}


def things() -> Tensor:
    """Every thing at every place: disc and square of 1, disc and square of −1, float64 `(4, places, 14, 14)`."""
    reach = torch.arange(SIDE, dtype=torch.float64)
    found = []
    for y, x in product(range(FIRST, FIRST + RANGE), repeat=2):
        down, across = (reach - y).abs()[:, None], (reach - x).abs()[None]
        disc = (2.7 - torch.hypot(down, across)).clamp(0, 1)
        square = (torch.maximum(down.expand(SIDE, SIDE), across.expand(SIDE, SIDE)) == 2).double()
        found.append(torch.stack([disc, square, -disc, -square]))
    return torch.stack(found, dim=1)


def bouncing_clips(frames: int = FRAMES) -> Tensor:
    """Every clip of a thing that goes a pixel a frame in one of eight directions and bounces off the edges.

    float64 `(2048, frames, 1, 14, 14)`: four things at 64 places in eight directions.
    """
    paths = [
        [_bounced(y + k * dy) * RANGE + _bounced(x + k * dx) for k in range(frames)]
        for y, x in product(range(RANGE), repeat=2)
        for dx, dy in STEPS
    ]
    return _clips(paths)


def steered_clips(moves: Sequence[str]) -> Tensor:
    """Every clip of a thing that goes as `moves` say (l, r, u, d or s), and stops at the edges, `(256, …)`."""
    paths = []
    for y, x in product(range(RANGE), repeat=2):
        path = [y * RANGE + x]
        for move in moves:
            dx, dy = STEERED[move]
            x, y = (min(RANGE - 1, max(0, at + by)) for at, by in ((x, dx), (y, dy)))
            path.append(y * RANGE + x)
        paths.append(path)
    return _clips(paths)


def _bounced(place: int) -> int:
    """Where on 0 to RANGE − 1 a way ends that goes on to `place` and turns round at the edges."""
    turn = place % (2 * (RANGE - 1))
    return min(turn, 2 * (RANGE - 1) - turn)


def _clips(paths: list[list[int]]) -> Tensor:
    return things()[:, torch.tensor(paths)].flatten(0, 1)[:, :, None]
