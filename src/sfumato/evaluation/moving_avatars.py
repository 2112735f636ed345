"""What an avatar does in a clip, told by the clips that come nearest: an exact key to what a caption says of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sfumato.data.moving_avatars import BODIES, FACES, MovingAvatar, can, draw_avatar


def read_action(asked: MovingAvatar, clip: NDArray[np.uint8]) -> str:
    """What the avatar of `clip` `(frames, 3, height, width)` does, whose drawing is that of `asked`.

    Of the clips in which that drawing does any one thing with its body and its face, it is the nearest: exact for a
    clip that is one of them.
    """
    frames, _, height, width = clip.shape
    nearest, action = float("inf"), ""
    for body in BODIES:
        for face in FACES:
            one = replace(asked, body=body, face=face)
            if can(asked.style, asked.drawing, face):
                drawn = draw_avatar(one, frames, height, width).astype(np.float32)
                distance = float(np.square(drawn - clip).mean())
                nearest, action = min((nearest, action), (distance, one.action))
    return action
