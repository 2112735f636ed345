"""The rule by which frames are taken out of a file, which clips.py tells, and where in the file each clip begins."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sfumato.data.clip_files import NO_FRAME, ClipFile, clip_trouble, shown_frames
from sfumato.data.decode import Decoded, decode, fitted
from sfumato.data.layout import Source
from sfumato.errors import SfumatoError
from sfumato.readable import readable

TURNED, UNEVEN = "turned upright as their rotation says", "with frames of unequal length, taken by the clock"
SCENES = "of several scenes, cut where one ends"
CUT_OFF = "that break off, of which the whole part is used"
# A cut, on grey levels of 255: frames as far apart as pictures of two things, or three times as far as any two of the
# scene before.
FAR, NEAR, TIMES, GRID = 40.0, 15.0, 3.0, 16


@dataclass(frozen=True)
class Rule:
    """How clips are taken: `fps` times a second, `frames` in a row, each filling `size` (height, width)."""

    size: tuple[int, int]
    frames: int
    fps: float
    cut_scenes: bool = False


class Place(NamedTuple):
    """Where a clip begins in its file: with the frame that is shown from the second `at` on, after so many takings
    of it. Of a folder of frames `at` is the number of the first."""

    at: float
    skip: int


class Taken(NamedTuple):
    """A frame by the rule, RGB, whether it is grey, and where it was."""

    pixels: NDArray[np.uint8]
    grey: bool
    place: Place


def clips_of(one: ClipFile, source: Source, rule: Rule) -> Iterator[tuple[Decoded, Place]]:
    """The clips of a file, or the problem that leaves it out; raises SfumatoError where PyAV is missing."""
    facts: list[str] = []
    told: list[str] = []
    found: list[Taken] = []
    whole, cut = 0, Cuts() if rule.cut_scenes else None
    nowhere = Place(0.0, 0)
    try:
        with closing(_taken(source, one, rule, facts)) as taken:
            for frame in taken:
                if cut is not None and cut.before(frame.pixels):
                    facts.append(SCENES)
                    found.clear()
                found.append(frame)
                if len(found) == rule.frames:
                    whole += 1
                    new = tuple(fact for fact in dict.fromkeys(facts) if fact not in told)
                    told += new
                    yield _together(found, new), found[0].place
                    found.clear()
    except SfumatoError:
        raise
    except Exception as error:  # decoders raise nearly anything on a broken file
        if not whole:
            passing = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is not None)
            yield Decoded(None, problem=_trouble(one, source, error), passing=passing), nowhere
            return
        facts.append(CUT_OFF)
    if not whole:
        rate = "" if one.frames else f" at {rule.fps:g} a second"
        short = f"without a scene of {rule.frames} frames" if SCENES in facts else f"shorter than {rule.frames} frames"
        few = f"{short}{rate}; give fewer `frames`{'' if one.frames else ', or more `fps`'}"
        none = not found and SCENES not in facts
        yield Decoded(None, problem=NO_FRAME if none else "a single frame" if len(found) == 1 else few), nowhere


def _trouble(one: ClipFile, source: Source, error: Exception) -> str:
    """Why the clips of a file can't be had."""
    file = None
    if not one.frames:
        with suppress(Exception):  # what can't be opened says so by its error
            file = source.read(one.entry)
    return clip_trouble(file, error)


def clip_at(place: Place, one: ClipFile, source: Source, rule: Rule) -> Decoded:
    """The clip that begins at `place` in a file, of which as little else is decoded as its kind allows.

    May raise anything; of a video whose index is wrong it is another clip.
    """
    with closing(_taken(source, one, rule, [], place.at)) as taken:
        found = list(islice(taken, place.skip, place.skip + rule.frames))
    return _together(found)


def _together(found: list[Taken], facts: tuple[str, ...] = ()) -> Decoded:
    return Decoded(np.stack([each.pixels for each in found]), all(each.grey for each in found), facts)


class Cuts:
    """Where a film cuts from a scene to the next: each frame, `(channels, height, width)` uint8, is asked in turn."""

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._furthest: float | None = None  # of two frames of this scene

    def before(self, pixels: NDArray[np.uint8]) -> bool:
        """Whether a new scene begins with this frame."""
        last, self._last = self._last, _coarse(pixels)
        if last is None:
            return False
        apart = float(np.abs(self._last - last).mean())
        if apart > FAR or (self._furthest is not None and apart > max(NEAR, TIMES * self._furthest)):
            self._furthest = None
            return True
        self._furthest = max(apart, self._furthest or 0.0)
        return False


def _coarse(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The picture in some 16 squares a side, which grain and small movements change little."""
    channels, height, width = pixels.shape
    side = max(1, min(height, width) // GRID)
    whole = pixels[:, : height // side * side, : width // side * side]
    squares = whole.reshape(channels, height // side, side, width // side, side)
    coarse: NDArray[np.float32] = squares.mean((2, 4), dtype=np.float32)
    return coarse


def _taken(
    source: Source, one: ClipFile, rule: Rule, facts: list[str], at: float = 0.0
) -> Generator[Taken, None, None]:
    """The frames by the rule from a place `at` on, one after another; what was done to them is added to `facts`."""
    for order, still in enumerate(one.frames[int(at) :], int(at)):
        decoded = decode(partial(source.read, still), rule.size)
        if decoded.pixels is None:
            raise ValueError(f"its frame {readable(still.parts[-1])}: {decoded.problem}")
        facts += decoded.facts
        yield Taken(decoded.pixels, decoded.grey, Place(order, 0))
    if one.frames:
        return
    number, before, first = _ticks(at, rule.fps), at, 0.0
    with closing(shown_frames(source, one, at)) as shown:
        for each in shown:
            first = first or each.until
            if UNEVEN not in facts and before and abs(each.until - before - first) > 0.05 * first:
                facts.append(UNEVEN)
            last = _ticks(each.until, rule.fps)
            if number < last:
                image = each.image()
                upright = image.rotate(each.turn, expand=True) if each.turn else image
                pixels, grey, done = fitted(upright, image, rule.size)
                facts += [*done, *([TURNED] if each.turn else [])]
                for skip in range(min(last - number, rule.frames)):  # what stands still for longer is no clip by itself
                    yield Taken(pixels, grey, Place(before, skip))
            number, before = max(number, last), each.until


def _ticks(seconds: float, fps: float) -> int:
    """The first taking of a frame at or after so many seconds."""
    return math.ceil((seconds - 1e-6) * fps)
