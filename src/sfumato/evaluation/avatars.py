"""What an avatar shows, told by the renderings that come nearest: an exact key to a caption's options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.data.avatars import Avatar, choices, redrawn
from sfumato.data.svg import render


def read_options(
    style: str, asked: Avatar, picture: NDArray[np.uint8], names: Sequence[str] = ()
) -> dict[str, str | None]:
    """Which value of each of the options `names` the `picture` `(3, height, width)` shows, by default of all.

    Of the drawings that are what was `asked` but for this one option, it is the nearest: exact for a picture that is
    one of them. None where two come as near: the picture doesn't show it, as a hat's colour without a hat.
    """
    found: dict[str, str | None] = {}
    for name in names or asked.options:
        values = choices(style, name)
        drawn = [render(redrawn(style, asked, {name: value}).svg, *picture.shape[1:]) for value in values]
        distances = [_distance(one, picture) for one in drawn]
        nearest = min(distances)
        found[name] = values[distances.index(nearest)] if distances.count(nearest) == 1 else None
    return found


def _distance(one: NDArray[Any], other: NDArray[Any]) -> float:
    return float(np.square(one.astype(np.float32) - other.astype(np.float32)).mean())
