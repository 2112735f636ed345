"""Avatars in motion: each of DiceBear's drawings hops, sways, spins, blinks, talks or stands still.

`moving-avatars:critters` are clips 0 to 1,999 of the style, `moving-avatars:critters:5000` more, and
`moving-avatars:critters:held-out` of drawings that are in no other clip (see data/avatars.py). Their captions end in
what they do: "pink body bell, …, blue background, hops".
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfumato.data.avatars import SIDE, Avatar, attribution, choices, numbered, parsed, redrawn
from sfumato.data.cache import cache_folder, open_stored, read_description, write_pictures
from sfumato.data.dataset import Dataset, Progress
from sfumato.data.svg import render
from sfumato.seeds import numpy_generator

NAME = "moving-avatars"
VERSION = 2  # raise it when clips or captions change
FRAMES = 16  # of a clip, where nobody says how many
DEFAULT_COUNT, DEFAULT_HELD_OUT_COUNT = 2000, 200
HEIGHT, LEAN = 14.0, 14.0  # how high a hop is, in hundredths of the picture, and how far one sways, in degrees
PERIOD = 8  # frames of a hop, and of half a turn; one sways to either side in as many
ACTIONS = ("hops", "sways", "spins", "stands still", "blinks", "talks")
CLOSED = (
    "closed",
    "closed2",
    "closedLine",
    "close",
    "sleepClose",
    "sleep",
    "sleepy",
    "sleepyOpen",
)  # eyes, the best first
OPEN = ("open", "ooh", "o", "openedSmile", "smileOpen", "gasp", "surprised", "surprise", "agape", "laugh", "speaker")
BLINKS = (3, 4, 11, 12)  # frames of each PERIOD·2 in which eyes are closed
TALKS = (0, 1, 1, 0, 1, 1, 0, 0)  # whether the mouth is open, frame by frame


@dataclass(frozen=True)
class MovingAvatar:
    """A drawing of a `style`, and which of ACTIONS it does."""

    style: str
    drawing: Avatar
    action: str

    @property
    def captions(self) -> tuple[str, str]:
        """What it shows and does, and some of what it shows and all of what it does."""
        whole, some = self.drawing.captions
        return f"{whole}, {self.action}", f"{some}, {self.action}"

    def pose(self, frame: int) -> tuple[Mapping[str, str], Mapping[str, float]]:
        """The parts that are others than the drawing's in that frame, from 0, and how the whole is moved."""
        values: dict[str, str] = {}
        if self.action == "blinks" and frame % (2 * PERIOD) in BLINKS:
            values["eyes"] = eyes_closed(self.style)[0]
        if self.action == "talks" and TALKS[frame % len(TALKS)]:
            values["mouth"] = _opened(self.style, self.drawing)
        return values, _moved(self.action, frame)

    def at(self, frame: int) -> Avatar:
        """The drawing as it is in that frame, from 0."""
        values, moved = self.pose(frame)
        return redrawn(self.style, self.drawing, values, **moved)


def moving_avatar(style: str, drawing: Avatar) -> MovingAvatar:
    """What a drawing does: a function of it alone. It blinks where its eyes can be closed and aren't."""
    draw = numpy_generator("made samples", zlib.crc32(f"moves {drawing.seed}".encode())).random()
    actions = [action for action in ACTIONS if can(style, drawing, action)]
    return MovingAvatar(style, drawing, actions[int(draw * len(actions))])


def can(style: str, drawing: Avatar, action: str) -> bool:
    """Whether the drawing can do that: a face needs eyes to close, or a mouth to open."""
    if action == "blinks":
        closed = eyes_closed(style)
        return bool(closed) and "eyes" in drawing.parts and drawing.parts["eyes"] not in closed
    return action != "talks" or ("mouth" in drawing.parts and bool(_opened(style, drawing)))


def eyes_closed(style: str) -> list[str]:
    """The eyes of a style that are closed, the best first."""
    known = _known(style, "eyes")
    return [eyes for eyes in CLOSED if eyes in known]


def draw_avatar(one: MovingAvatar, frames: int, height: int, width: int) -> NDArray[np.uint8]:
    """The clip on white, RGB `(frames, 3, height, width)`; frames that are alike are drawn once."""
    drawn: dict[str, NDArray[np.uint8]] = {}
    found = []
    for frame in range(frames):
        pose = repr(one.pose(frame))
        if pose not in drawn:
            drawn[pose] = render(one.at(frame).svg, height, width)
        found.append(drawn[pose])
    return np.stack(found)


def open_moving_avatars(
    spec: str,
    size: tuple[int, int] | None = None,
    frames: int | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """`moving-avatars:STYLE`, `moving-avatars:STYLE:COUNT` or `moving-avatars:STYLE:held-out`: captioned clips.

    They are `(count, 16, 3, 64, 64)`, unless `frames` or `size` are others, and a function of the style and their
    number alone. Raises SfumatoError for what is no style or no count, and where the packages aren't installed.
    """
    style, what = parsed(spec, DEFAULT_COUNT)
    (height, width), frames = size or (SIDE, SIDE), frames or FRAMES
    folder, held = cache or cache_folder(), what == "held-out"
    count = DEFAULT_HELD_OUT_COUNT if held else int(what)
    key = f"{NAME}-{VERSION}-{version('dicebear-styles')}-{style}-{what}-{frames}x{height}x{width}"
    stored = read_description(folder, key)
    if stored is None:
        with write_pictures(folder, key, (height, width), count, frames=frames) as writer:
            for number, drawing in enumerate(numbered(style, count, held)):
                one = moving_avatar(style, drawing)
                writer.add(draw_avatar(one, frames, height, width), grey=False, captions=one.captions)
                if progress is not None:
                    progress(number + 1, count)
            writer.describe((), (), [attribution(style)])
        stored = writer.stored
    return open_stored(folder, key, stored, spec)


def _moved(action: str, frame: int) -> Mapping[str, float]:
    """Where DiceBear draws it then."""
    turn = math.pi * frame / PERIOD
    if action == "hops":
        return {"translateY": round(-HEIGHT * abs(math.sin(turn)), 2)}
    if action == "sways":
        return {"rotate": round(LEAN * math.sin(turn), 2)}
    return {"rotate": round(math.degrees(turn) % 360, 2)} if action == "spins" else {}


def _opened(style: str, drawing: Avatar) -> str:
    """The mouth that a drawing opens, another than its own; '' where there is none."""
    known = _known(style, "mouth")
    return next((mouth for mouth in OPEN if mouth in known and mouth != drawing.parts.get("mouth")), "")


def _known(style: str, part: str) -> Sequence[str]:
    try:
        return choices(style, part)
    except KeyError:
        return ()
