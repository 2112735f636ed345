"""Clips of one or two shapes that move, with captions that an exact checker can hold a model to.

"a small red circle moves right slowly, and a large blue square moves left quickly and bounces back". Clip i is a
function of i alone and is drawn whenever it is asked for, so that there are as many as wanted, as long as wanted, and
none lies on the disk (see evaluation/moving_shapes.py for the checker).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import overload

import numpy as np
from numpy.typing import NDArray

from sfumato.data.captions import Texts
from sfumato.data.dataset import Dataset
from sfumato.data.shapes import GAP, SIDE, SIZES, Scene, Thing, apart, draw, named_things, uniform, within
from sfumato.errors import SfumatoError

VERSION = 1  # raise it when clips or captions change
NAME = "moving-shapes"
DEFAULT_COUNT, DEFAULT_HELD_OUT_COUNT, MAX_CLIPS = 20_000, 1000, 10_000_000
FRAMES = 16  # of a clip, where nobody says how many; in as many, those that bounce have bounced
SPEEDS = {"slowly": 0.4, "quickly": 1.0}  # in 32nds of the picture a frame
DIRECTIONS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
BOUNCE = (5, 10)  # the frame at which a thing bounces, at the earliest and the latest
STREAM = 1000  # of random numbers, beyond those of the scenes that stand still


@dataclass(frozen=True)
class Motion:
    """How a thing moves: at which speed, to which side first, and whether it `bounces` back; '' stands still."""

    direction: str = ""
    speed: str = ""
    bounces: bool = False

    @property
    def words(self) -> str:
        """ "moves left quickly and bounces back"."""
        if not self.direction:
            return "stands still"
        return f"moves {self.direction} {self.speed}{' and bounces back' * self.bounces}"


@dataclass(frozen=True)
class MovingScene:
    """The things of a clip where they are at first, and how each moves."""

    things: tuple[Thing, ...]
    motions: tuple[Motion, ...]

    @property
    def caption(self) -> str:
        """What the clip shows, in words."""
        said = [f"a {one.words} {motion.words}" for one, motion in zip(self.things, self.motions, strict=True)]
        return ", and ".join(said)

    def at(self, frame: int) -> Scene:
        """What is seen in that frame, from 0; beyond those of a caption things go on, and bounce wherever they must."""
        return Scene(tuple(_moved(one, by, frame) for one, by in zip(self.things, self.motions, strict=True)), ())


@lru_cache(maxsize=4096)
def moving_scene(number: int, held_out: bool = False) -> MovingScene:
    """Clip `number`; with `held_out` one of its things has a colour and shape that no other clips combine."""
    draws = iter(uniform(number, held_out, STREAM).tolist())
    count = 1 + int(next(draws) * 2)
    odd = int(next(draws) * count) if held_out else -1
    kinds = named_things(draws, count, odd)
    radii = [SIZES[size] for size, _, _ in kinds]
    across = next(draws) < 0.5  # along which axis they move; each keeps to a lane of its own
    lanes: Sequence[float] = [within(radii[0], next(draws))]
    if count == 2:
        lanes = apart(radii[0], radii[1], next(draws), next(draws), next(draws) < 0.5)
    things, motions = [], []
    for kind, radius, lane in zip(kinds, radii, lanes, strict=True):
        still, forwards, quick, bounces = (next(draws) < share for share in (0.15, 0.5, 0.5, 0.3))
        place = within(radius, share := next(draws))
        motion = Motion()
        if not still:
            direction = ("right" if forwards else "left") if across else ("down" if forwards else "up")
            motion = Motion(direction, "quickly" if quick else "slowly", bounces)
            low, high = within(radius, 0), within(radius, 1)
            if bounces:
                way = SPEEDS[motion.speed] * (BOUNCE[0] + share * (BOUNCE[1] - BOUNCE[0]))
                place = high - way if forwards else low + way
            else:
                free = high - low - (FRAMES - 1) * SPEEDS[motion.speed]
                place = low + share * free if forwards else high - share * free
        x, y = (place, lane) if across else (lane, place)
        things.append(Thing(*kind, x, y))
        motions.append(motion)
    return MovingScene(tuple(things), tuple(motions))


def _moved(thing: Thing, motion: Motion, frames: int) -> Thing:
    """The thing after so many frames, within the picture: at its border it turns back."""
    if not motion.direction:
        return thing
    margin, way = GAP + SIZES[thing.size], SPEEDS[motion.speed] * frames
    free, (x, y) = SIDE - 2 * margin, DIRECTIONS[motion.direction]

    def there(place: float, sign: int) -> float:
        if not sign:
            return place
        along = (place + sign * way - margin) % (2 * free)
        return margin + min(along, 2 * free - along)

    return replace(thing, x=there(thing.x, x), y=there(thing.y, y))


def draw_clip(one: MovingScene, frames: int = FRAMES, height: int = 32, width: int = 32) -> NDArray[np.uint8]:
    """The clip on white, RGB `(frames, 3, height, width)`."""
    return np.stack([draw(one.at(frame), height, width) for frame in range(frames)])


class DrawnClips:
    """Clips `(count, frames, 3, height, width)` that are drawn as they are asked for."""

    def __init__(self, count: int, frames: int, size: tuple[int, int], held_out: bool) -> None:
        self.shape = (count, frames, 3, *size)
        self.held_out = held_out

    def __getitem__(self, indices: NDArray[np.int64], /) -> NDArray[np.uint8]:
        count, frames, _, height, width = self.shape
        found = np.empty((len(indices), *self.shape[1:]), np.uint8)
        for row, index in zip(found, (np.asarray(indices) % count).tolist(), strict=True):
            row[:] = draw_clip(moving_scene(index, self.held_out), frames, height, width)
        return found


class SceneCaptions(Sequence[Texts]):
    """The caption of each clip."""

    def __init__(self, count: int, held_out: bool) -> None:
        self._count, self.held_out = count, held_out

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Texts: ...
    @overload
    def __getitem__(self, index: slice) -> list[Texts]: ...
    def __getitem__(self, index: int | slice) -> Texts | list[Texts]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(self._count))]
        if not -self._count <= index < self._count:
            raise IndexError(f"there are {self._count} captions")
        return (moving_scene(index % self._count, self.held_out).caption,)


def open_moving_shapes(spec: str = NAME, size: tuple[int, int] | None = None, frames: int | None = None) -> Dataset:
    """`moving-shapes` (20,000 clips to train on), `moving-shapes:COUNT`, or `moving-shapes:held-out` (1,000).

    They are `(count, 16, 3, 32, 32)`, unless `frames` or `size` are others. Held-out clips have a thing whose colour
    and shape meet in no other. Raises SfumatoError for a spec that is none.
    """
    match = re.fullmatch(rf"{NAME}(?::(\d{{1,9}}|held-out))?", spec)
    if match is None:
        raise SfumatoError(f"moving shapes are written {NAME}, {NAME}:COUNT or {NAME}:held-out, not '{spec}'.")
    held = match[1] == "held-out"
    count = DEFAULT_HELD_OUT_COUNT if held else int(match[1] or DEFAULT_COUNT)
    if not 2 <= count <= MAX_CLIPS:
        raise SfumatoError(f"there are 2 to {MAX_CLIPS:,} moving shapes in a set, not {count:,}.")
    clips = DrawnClips(count, frames or FRAMES, size or (int(SIDE), int(SIDE)), held)
    content = hashlib.sha256(repr((NAME, VERSION, clips.shape, held)).encode()).hexdigest()
    return Dataset(
        spec,
        np.empty((0, *clips.shape[1:]), np.uint8),
        captions=SceneCaptions(count, held),
        rows=clips,
        content=content,
        kind="clips",
    )
