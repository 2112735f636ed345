"""Reads pictures of shapes back into what they show, and holds them to the captions they were drawn from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sfumato.data import to_uint8
from sfumato.data.shapes import COLOURS, SHAPES, SIDE, SIZES, Scene, Thing, coverage

LEAST = 5.0  # pixels that a thing covers; half of what the smallest does
LIKENESS = 0.72  # the share of a thing and its template that both cover: less is no shape that has a name
OFF = 60.0  # of 255: how far a pixel may be from any mixture of white and a colour

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Score:
    """How much of a scene a picture shows: `right` of `things`, `related` of `relations`, and `extra` things."""

    right: int
    things: int
    related: int
    relations: int
    extra: int


def read(picture: Tensor) -> list[Thing]:
    """The things that a picture `(3, 32, 32)` in [−1, 1] shows, largest first; what has no name is called "other".

    Each pixel is taken for a mixture of white and the colour that explains it best; what is connected is one thing,
    whose shape and size are those of the template, drawn at the same centre, that covers the most alike.
    """
    pixels = to_uint8(picture[None])[0].astype(float).transpose(2, 0, 1)
    if pixels.shape != (3, int(SIDE), int(SIDE)):
        raise ValueError(f"the checker reads pictures of 3×32×32, not {tuple(pixels.shape)}")
    covered = _unmixed(pixels)
    found = []
    for colour, amount in zip(COLOURS, covered, strict=True):
        for part in _connected(amount > 0.4):
            near = _grown(part)
            own = np.where(near, amount, 0)
            if (area := float(own.sum())) >= LEAST:
                found.append((area, _named(own, colour)))
    return [thing for _, thing in sorted(found, key=lambda pair: -pair[0])]


def score(picture: Tensor, scene: Scene) -> Score:
    """How much of `scene` the `picture` shows.

    A thing is right where one of its size, colour and shape is seen. A relation is seen between the largest things of
    the two colours, whatever their shapes.
    """
    seen = read(picture)
    left = [thing.words for thing in seen]
    right = 0
    for thing in scene.things:
        if thing.words in left:
            left.remove(thing.words)
            right += 1
    largest = {thing.colour: thing for thing in reversed(seen)}
    related = 0
    for first, relation, second in scene.relations:
        one, other = (largest.get(scene.things[number].colour) for number in (first, second))
        related += one is not None and other is not None and lies(one, relation, other)
    return Score(right, len(scene.things), related, len(scene.relations), max(0, len(seen) - len(scene.things)))


def lies(one: Thing, relation: str, other: Thing) -> bool:
    """Whether one thing is left of, right of, above or below another: apart, but for a fifth of their radii."""
    apart = 0.8 * (SIZES[one.size] + SIZES[other.size])
    towards = {
        "left of": other.x - one.x, "right of": one.x - other.x, "above": other.y - one.y, "below": one.y - other.y
    }[relation]  # fmt: skip
    return towards >= apart


def _unmixed(pixels: Floats) -> Floats:
    """How much of each pixel each colour covers, `(colours, height, width)`: of one colour at most, the rest white."""
    difference = pixels - 255
    palette = np.array(list(COLOURS.values()), float) - 255
    amounts = np.clip(np.einsum("chw,kc->khw", difference, palette) / (palette**2).sum(1)[:, None, None], 0, 1)
    errors = np.linalg.norm(difference[None] - amounts[:, None] * palette[:, :, None, None], axis=1)
    best = errors.argmin(0)
    mine = (np.arange(len(palette))[:, None, None] == best) & (errors <= OFF)
    unmixed: Floats = np.where(mine, amounts, 0)
    return unmixed


def _connected(mask: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    """The parts of a mask that hang together by a side or a corner."""
    left = mask.copy()
    while left.any():
        part = np.zeros_like(left)
        part.flat[left.argmax()] = True
        while (grown := _grown(part) & left).sum() > part.sum():
            part = grown
        left &= ~part
        yield part


def _grown(part: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask and the pixels around it."""
    padded = np.pad(part, 1)
    height, width = part.shape
    shifted = [padded[i : i + height, j : j + width] for i in range(3) for j in range(3)]
    grown: NDArray[np.bool_] = np.logical_or.reduce(shifted)
    return grown


def _named(own: Floats, colour: str) -> Thing:
    """The thing whose template, drawn where `own` has its centre of mass, covers the most alike."""
    middle = np.arange(int(SIDE)) + 0.5
    total = own.sum()
    x, y = float((own.sum(0) * middle).sum() / total), float((own.sum(1) * middle).sum() / total)
    best = (-1.0, "other", next(iter(SIZES)))
    for shape in SHAPES:
        below = _centre(shape)
        for size, radius in SIZES.items():
            drawn = coverage(shape, radius, middle[None] - x, middle[:, None] - y + below * radius)
            alike = float(np.minimum(own, drawn).sum() / np.maximum(own, drawn).sum())
            best = max(best, (alike, shape, size))
    alike, shape, size = best
    return Thing(size, colour, shape if alike >= LIKENESS else "other", x, y - _centre(shape) * SIZES[size])


@lru_cache
def _centre(shape: str) -> float:
    """How far below its own origin a shape of radius 1 has its centre of mass."""
    y, x = np.mgrid[-2:2:400j, -2:2:400j]
    drawn = coverage(shape, 1.0, x, y, 0.01)
    return float((drawn * y).sum() / drawn.sum())
