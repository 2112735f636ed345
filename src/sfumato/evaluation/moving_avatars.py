"""What an avatar does in a clip, told by the clips that come nearest: an exact key to what a caption says of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sfumato.data.moving_avatars import ACTIONS, PERIOD, MovingAvatar, can, draw_avatar


def read_action(asked: MovingAvatar, clip: NDArray[np.uint8]) -> str:
    """What the avatar of `clip` `(frames, 3, height, width)` does, whose drawing is that of `asked`.

    Of the clips in which that drawing does any one thing that it can, begun at any moment of it, it is the nearest:
    exact for a clip that is one of them.
    """
    frames, _, height, width = clip.shape
    seen, cycle = clip.reshape(frames, -1).astype(np.float32), 2 * PERIOD
    moments = (np.arange(cycle)[:, None] + np.arange(frames)) % cycle
    nearest, action = float("inf"), ""
    for each in ACTIONS:
        if can(asked.style, asked.drawing, each):
            drawn = draw_avatar(replace(asked, action=each), cycle, height, width).reshape(cycle, -1).astype(np.float32)
            apart = np.stack([np.square(frame - drawn).mean(1) for frame in seen], 1)
            distance = float(np.take_along_axis(apart, moments, 0).mean(1).min())
            nearest, action = min((nearest, action), (distance, each))
    return action
