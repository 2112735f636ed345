"""Reads clips of moving shapes back into what they show, and holds them to the captions they were drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from torch import Tensor

from sfumato.data.moving_shapes import DIRECTIONS, SPEEDS, Motion, MovingScene
from sfumato.data.shapes import Thing
from sfumato.evaluation.shapes import read

STILL_WAY = 2.0  # 32nds of the picture, within which what stands still may stir
QUICK = sqrt(SPEEDS["slowly"] * SPEEDS["quickly"])
TURNED = 0.6  # of a 32nd: how far a thing comes back before it has bounced


@dataclass(frozen=True)
class ClipScore:
    """How much of a scene a clip shows: `right` of `things` in all of its frames, `moved` of as many as captioned,
    and in how many of its `frames` there is something else."""

    right: int
    moved: int
    things: int
    strange: int
    frames: int


def score_clip(clip: Tensor, scene: MovingScene) -> ClipScore:
    """How much of `scene` the `clip` `(frames, 3, 32, 32)` in [−1, 1] shows.

    A thing is right where one of its size, colour and shape is seen in every frame. It moves as captioned where the
    largest thing of its colour does: seen in every frame, to that side first, at that speed, back or not.
    """
    seen = [read(frame) for frame in clip]
    words = [[thing.words for thing in things] for things in seen]
    right = sum(all(thing.words in names for names in words) for thing in scene.things)
    tracks = [_track(seen, thing.colour) for thing in scene.things]
    moved = sum(motion_of(track) == motion for track, motion in zip(tracks, scene.motions, strict=True))
    strange = sum(len(things) != len(scene.things) for things in seen)
    return ClipScore(right, moved, len(scene.things), strange, len(clip))


def _track(seen: Sequence[Sequence[Thing]], colour: str) -> list[tuple[float, float]]:
    """Where the largest thing of this colour is in each frame; empty where one lacks it."""
    each = [[thing for thing in things if thing.colour == colour][:1] for things in seen]
    return [(thing.x, thing.y) for (thing,) in each] if all(each) else []


def motion_of(track: Sequence[tuple[float, float]]) -> Motion | None:
    """How a thing moves that is at these places frame after frame; None where it is as no caption says."""
    if len(track) < 2:
        return None
    places = np.asarray(track)
    axis = int(np.ptp(places, axis=0).argmax())
    along, across = places[:, axis], places[:, 1 - axis]
    if np.ptp(along) < min(STILL_WAY, SPEEDS["slowly"] / 2 * (len(along) - 1)):
        return Motion()
    if np.ptp(across) > max(STILL_WAY, np.ptp(along) / 2):
        return None
    speed = "quickly" if float(np.abs(np.diff(along)).mean()) > QUICK else "slowly"
    turns = sorted((int(along.argmin()), int(along.argmax())))  # one of them is where it begins, unless it bounces far
    furthest = max(turns, key=lambda at: abs(along[at] - along[0]))
    tip = next((at for at in turns if abs(along[at] - along[0]) > TURNED), furthest)
    ahead = int(np.sign(along[tip] - along[0]))
    back = (along[tip] - along[-1]) * ahead
    direction = next(name for name, way in DIRECTIONS.items() if way[axis] == ahead)
    return Motion(direction, speed, bool(back > TURNED))
