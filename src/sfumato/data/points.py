"""Point sets in the plane and in space: data whose whole distribution can be seen at a glance.

Each is a function `(rng, count) → (points, labels)`, centred and scaled so that the standard deviation over all
coordinates is about 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.data.dataset import Dataset
from sfumato.errors import SfumatoError, unknown

Floats = NDArray[np.float64]
Labels = NDArray[np.int64] | None
Maker = Callable[[np.random.Generator, int], tuple[Floats, Labels]]

DEFAULT_COUNT, MAX_POINTS = 20_000, 10_000_000
SWISS_CENTRE = (2, 2 / (3 * np.pi))  # the mean of turn·(cos, sin) over the roll


def spirals(rng: np.random.Generator, count: int) -> tuple[Floats, Labels]:
    arm = rng.integers(0, 2, count)
    turn = 3 * np.pi * np.sqrt(rng.uniform(0.02, 1, count))
    angle = turn + np.pi * arm
    return (turn[:, None] * _circle(angle) + rng.normal(0, 0.25, (count, 2))) / 4.764, arm


def moons(rng: np.random.Generator, count: int) -> tuple[Floats, Labels]:
    moon = rng.integers(0, 2, count)
    arc = _circle(rng.uniform(0, np.pi, count))
    points = np.where(moon[:, None] == 0, arc - [0.5, 0.25], [0.5, 0.25] - arc)
    return (points + rng.normal(0, 0.06, (count, 2))) / 0.71, moon


def rings(rng: np.random.Generator, count: int) -> tuple[Floats, Labels]:
    ring = rng.choice(3, count, p=np.array([1, 2, 3]) / 6)
    radius = ring + 1 + rng.normal(0, 0.06, count)
    return radius[:, None] * _circle(rng.uniform(0, 2 * np.pi, count)) / 1.73, ring


def checkerboard(rng: np.random.Generator, count: int) -> tuple[Floats, Labels]:
    column = rng.integers(0, 4, count)
    row = 2 * rng.integers(0, 2, count) + column % 2
    corner = np.stack([column, row], axis=1)
    return (corner + rng.uniform(0, 1, (count, 2)) - 2) / 1.15, None


def pinwheel(rng: np.random.Generator, count: int) -> tuple[Floats, Labels]:
    blade = rng.integers(0, 5, count)
    along, across = rng.normal(1, 0.3, count), rng.normal(0, 0.06, count)
    angle = 2 * np.pi * blade / 5 + 0.45 * np.exp(along)
    rotated = along[:, None] * _circle(angle) + across[:, None] * _circle(angle + np.pi / 2)
    return rotated / 0.74, blade


def gaussians(rng: np.random.Generator, count: int) -> tuple[Floats, Labels]:
    which = rng.integers(0, 8, count)
    return (_circle(np.pi / 4 * which) + rng.normal(0, 0.08, (count, 2))) / 0.71, which


def swiss_roll(rng: np.random.Generator, count: int) -> tuple[Floats, Labels]:
    turn = 1.5 * np.pi * (1 + 2 * rng.uniform(0, 1, count))
    return (turn[:, None] * _circle(turn) + rng.normal(0, 0.3, (count, 2)) - SWISS_CENTRE) / 6.8, None


def swiss_roll_3d(rng: np.random.Generator, count: int) -> tuple[Floats, Labels]:
    turn = 1.5 * np.pi * (1 + 2 * rng.uniform(0, 1, count))
    x, z = (turn[:, None] * _circle(turn) - SWISS_CENTRE).T
    points = np.stack([x, rng.uniform(-10, 10, count), z], axis=1)
    return (points + rng.normal(0, 0.2, (count, 3))) / 6.5, None


def torus_knot(rng: np.random.Generator, count: int) -> tuple[Floats, Labels]:
    angle = rng.uniform(0, 2 * np.pi, count)
    radius = 2 + np.cos(3 * angle)
    x, z = radius * _circle(2 * angle).T
    points = np.stack([x, np.sin(3 * angle), z], axis=1)
    return (points + rng.normal(0, 0.09, (count, 3))) / 1.294, None


def helix(rng: np.random.Generator, count: int) -> tuple[Floats, Labels]:
    strand = rng.integers(0, 2, count)
    height = rng.uniform(-1, 1, count)
    points = np.stack([*_circle(2 * np.pi * height + np.pi * strand).T, 2 * height], axis=1)
    return (points + rng.normal(0, 0.06, (count, 3))) / 0.8826, strand


def sphere(rng: np.random.Generator, count: int) -> tuple[Floats, Labels]:
    direction = rng.normal(0, 1, (count, 3))
    return direction / np.linalg.norm(direction, axis=1, keepdims=True) * np.sqrt(3), None


def plane(rng: np.random.Generator, count: int) -> tuple[Floats, Labels]:
    which = rng.integers(0, len(PLANE), count)
    points = np.empty((count, 2))
    for number, name in enumerate(PLANE):
        rows = which == number
        points[rows] = POINTS[name][0](rng, int(rows.sum()))[0]
    return points, which


def _circle(angle: NDArray[np.floating[Any]]) -> Floats:
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1).astype(np.float64)


# The sets in the plane, which are the classes of `plane`.
PLANE = ("spirals", "moons", "rings", "checkerboard", "pinwheel", "gaussians", "swiss-roll")

# name → (maker, names of its classes)
POINTS: dict[str, tuple[Maker, tuple[str, ...]]] = {
    "spirals": (spirals, ("one", "two")),
    "moons": (moons, ("upper", "lower")),
    "rings": (rings, ("inner", "middle", "outer")),
    "checkerboard": (checkerboard, ()),
    "pinwheel": (pinwheel, ("1", "2", "3", "4", "5")),
    "gaussians": (gaussians, ("e", "ne", "n", "nw", "w", "sw", "s", "se")),
    "swiss-roll": (swiss_roll, ()),
    "swiss-roll-3d": (swiss_roll_3d, ()),
    "torus-knot": (torus_knot, ()),
    "helix": (helix, ("first", "second")),
    "sphere": (sphere, ()),
    "plane": (plane, PLANE),
}


def open_points(spec: str) -> Dataset:
    """`points:NAME` or `points:NAME:COUNT` (20,000 by default), float32 `(count, 2 or 3)`, the same points every time.

    Raises SfumatoError for a name that isn't in POINTS and for a count that can't be.
    """
    match = re.fullmatch(r"points:([^:]*)(?::(\d+))?", spec)
    if match is None:
        raise SfumatoError(f"point sets are written points:NAME or points:NAME:COUNT, not '{spec}'.")
    name, count = match[1], int(match[2] or DEFAULT_COUNT)
    if name not in POINTS:
        raise unknown("point set", name, POINTS)
    if not 2 <= count <= MAX_POINTS:
        raise SfumatoError(f"a point set holds 2 to {MAX_POINTS:,} points, not {count:,}.")
    maker, classes = POINTS[name]
    points, labels = maker(np.random.default_rng(0), count)
    return Dataset(spec, points.astype(np.float32), labels.astype(np.int64) if labels is not None else None, classes)
