"""Generated scenes of one to three coloured shapes, with captions that an exact checker can hold a model to.

"a small red circle left of a large blue square, and a small green cross below both". Scene i is a function of i alone,
so that there are as many as wanted (see evaluation/shapes.py for the checker).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.data.cache import cache_folder, open_stored, read_description, write_pictures
from sfumato.data.dataset import Dataset, Progress
from sfumato.data.order import mixed
from sfumato.errors import SfumatoError

VERSION = 1  # raise it when scenes or captions change
DEFAULT_COUNT, DEFAULT_HELD_OUT_COUNT, MAX_SHAPES = 50_000, 1000, 10_000_000
SIDE = 32.0  # scenes are laid out in these units, whatever the pixels
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (222, 45, 38),
    "yellow": (250, 200, 20),
    "green": (40, 160, 70),
    "blue": (40, 100, 225),
    "purple": (150, 60, 200),
    "black": (25, 25, 30),
}
SHAPES = ("circle", "square", "triangle", "cross")
SIZES = {"small": 3.4, "large": 6.2}  # about the radius
# One colour of each shape is never in a training scene, one shape of four colours.
HELD_OUT = {("green", "circle"), ("purple", "square"), ("red", "triangle"), ("blue", "cross")}
RELATIONS = ("left of", "right of", "above", "below")
GAP = 1.5  # between shapes, and to the border

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Thing:
    """One shape of a scene: its size, colour and shape in words, and its centre in 32 × 32 units, from the top left."""

    size: str
    colour: str
    shape: str
    x: float
    y: float

    @property
    def words(self) -> str:
        """ "small red circle"."""
        return f"{self.size} {self.colour} {self.shape}"


@dataclass(frozen=True)
class Scene:
    """The things of a scene and how they are placed: (number, relation, number of another)."""

    things: tuple[Thing, ...]
    relations: tuple[tuple[int, str, int], ...]

    @property
    def caption(self) -> str:
        """What the scene shows, in words."""
        first, *others = (f"a {thing.words}" for thing in self.things)
        if not others:
            return first
        pair = f"{first} {self.relations[0][1]} {others[0]}"
        return pair if len(others) == 1 else f"{pair}, and {others[1]} {self.relations[1][1]} both"


def scene(number: int, held_out: bool = False) -> Scene:
    """Scene `number`; with `held_out` one of its things has a colour and shape that no other scenes combine."""
    draws = iter(uniform(number, held_out))
    count = (1, 2, 2, 3)[int(next(draws) * 4)]
    odd = int(next(draws) * count) if held_out else -1
    kinds = named_things(draws, count, odd)
    radii = [SIZES[size] for size, _, _ in kinds]
    if count == 1:
        places = [(within(radii[0], next(draws)), within(radii[0], next(draws)))]
        return Scene((Thing(*kinds[0], *places[0]),), ())
    across = next(draws) < 0.5
    forwards = next(draws) < 0.5
    main = apart(radii[0], radii[1], next(draws), next(draws), forwards)
    relation = _word(across, forwards)
    widest = max(radii[:2])
    if count == 2:
        row = within(widest, next(draws))
        things = [(main[i], row + (2 * next(draws) - 1) * min(1.5, widest - radii[i] + 0.5)) for i in range(2)]
        relations = [(0, relation, 1)]
    else:
        last_first = next(draws) < 0.5
        third, row = apart(radii[2], widest, next(draws), next(draws), last_first)
        things = [(main[i], row + (2 * next(draws) - 1) * (widest - radii[i])) for i in range(2)]
        things.append((within(radii[2], next(draws)), third))
        beside = _word(not across, last_first)
        relations = [(0, relation, 1), (2, beside, 0), (2, beside, 1)]
    placed = [(x, y) if across else (y, x) for x, y in things]
    return Scene(tuple(Thing(*kind, *place) for kind, place in zip(kinds, placed, strict=True)), tuple(relations))


def named_things(draws: Iterator[float], count: int, odd: int = -1) -> list[tuple[str, str, str]]:
    """Size, colour and shape of `count` things; that of the number `odd` are a combination that is held out."""
    colours = list(COLOURS)
    kinds: list[tuple[str, str, str]] = []
    for place in range(count):
        if place == odd:
            choices = sorted(pair for pair in HELD_OUT if pair[0] in colours)
            colour, shape = choices[int(next(draws) * len(choices))]
            next(draws)
        else:
            colour = colours[int(next(draws) * len(colours))]
            shapes = [one for one in SHAPES if (colour, one) not in HELD_OUT]
            shape = shapes[int(next(draws) * len(shapes))]
        colours.remove(colour)  # so that a thing is known by its colour
        kinds.append((tuple(SIZES)[int(next(draws) * 2)], colour, shape))
    return kinds


def uniform(number: int, held_out: bool, first: int = 1) -> Floats:
    """Random numbers in [0, 1) that belong to one scene; another `first` begins others."""
    start = mixed(np.array([2 * number + held_out], np.uint64))
    numbers = mixed(start + np.arange(first, first + 32).astype(np.uint64)) / 2.0**64
    return np.minimum(numbers, 1 - 2.0**-53)


def within(radius: float, share: float) -> float:
    """A centre at which a thing of this radius is inside."""
    return GAP + radius + share * (SIDE - 2 * (GAP + radius))


def apart(first: float, second: float, one: float, other: float, forwards: bool) -> tuple[float, float]:
    """Centres of two things along one axis, the first before the second if `forwards`, anywhere that leaves a gap."""
    slack = SIDE - 2 * (first + second) - 3 * GAP
    before, after = sorted((one * slack, other * slack))
    near, far = (first, second) if forwards else (second, first)
    low = GAP + before + near
    high = low + near + GAP + (after - before) + far
    return (low, high) if forwards else (high, low)


def _word(across: bool, forwards: bool) -> str:
    return RELATIONS[2 * (not across) + (not forwards)]


def coverage(shape: str, radius: float, x: Floats, y: Floats, pixel: float = 1.0) -> Floats:
    """How much of each pixel at `x`, `y` from the centre a shape covers, in [0, 1], by its signed distance."""
    across, down = np.abs(x), np.abs(y)
    if shape == "circle":
        distance = np.hypot(x, y) - radius
    elif shape == "square":
        distance = np.maximum(across, down) - 0.89 * radius
    elif shape == "triangle":  # equilateral, its tip upwards, in the middle of its height
        inner = 0.62 * radius
        low = y - 0.5 * inner
        distance = np.maximum(low - inner, np.sqrt(3) / 2 * across - low / 2 - inner)
    else:
        bar = 0.34 * radius
        distance = np.minimum(np.maximum(across - radius, down - bar), np.maximum(down - radius, across - bar))
    covered: Floats = np.clip(0.5 - distance / pixel, 0, 1)
    return covered


def draw(one: Scene, height: int = 32, width: int = 32) -> NDArray[np.uint8]:
    """The scene on white, RGB `(3, height, width)`."""
    across, down = SIDE / width, SIDE / height
    y, x = (np.arange(height)[:, None] + 0.5) * down, (np.arange(width)[None] + 0.5) * across
    picture = np.full((3, height, width), 255.0)
    for thing in one.things:
        covered = coverage(thing.shape, SIZES[thing.size], x - thing.x, y - thing.y, max(across, down))
        picture += covered * (np.array(COLOURS[thing.colour], float)[:, None, None] - picture)
    pixels: NDArray[np.uint8] = np.rint(picture).astype(np.uint8)
    return pixels


def open_shapes(
    spec: str = "shapes",
    size: tuple[int, int] | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """`shapes` (50,000 scenes to train on), `shapes:COUNT`, or `shapes:held-out` (1,000), `(count, 3, 32, 32)`.

    Held-out scenes have a thing whose colour and shape meet in no other. Raises SfumatoError for a spec that is none.
    """
    match = re.fullmatch(r"shapes(?::(\d+|held-out))?", spec)
    if match is None:
        raise SfumatoError(f"shapes are written shapes, shapes:COUNT or shapes:held-out, not '{spec}'.")
    held = match[1] == "held-out"
    count = DEFAULT_HELD_OUT_COUNT if held else int(match[1] or DEFAULT_COUNT)
    if not 2 <= count <= MAX_SHAPES:
        raise SfumatoError(f"there are 2 to {MAX_SHAPES:,} shapes in a set, not {count:,}.")
    height, width = size or (int(SIDE), int(SIDE))
    folder = cache or cache_folder()
    key = f"shapes-{VERSION}-{'held-out' if held else count}-{height}x{width}"
    stored = read_description(folder, key)
    if stored is None:
        with write_pictures(folder, key, (height, width), count) as writer:
            for number, one in enumerate(scenes(count, held)):
                writer.add(draw(one, height, width), grey=False, captions=(one.caption,))
                if progress is not None and number % 1000 == 999:
                    progress(number + 1, count)
            writer.describe((), (), [])
        stored = writer.stored
    return open_stored(folder, key, stored, spec)


def scenes(count: int, held_out: bool = False) -> Iterator[Scene]:
    """The scenes of a set, in its order."""
    return (scene(number, held_out) for number in range(count))
