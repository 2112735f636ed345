"""Which samples training visits in which order, and how it shows them: functions of the seed and the place alone.

So a run that is resumed at any place goes on with the same data.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from sfumato.seeds import derived_seed, numpy_generator, seed_of

MAX_LISTED = 2**16  # samples whose order is shuffled in memory; that of more is computed where it is asked for
FEISTEL_ROUNDS = 6
_HELD_OUT_KEYS = np.random.SeedSequence((0, 1000)).generate_state(FEISTEL_ROUNDS, np.uint64).astype(np.uint64)
MIN_HELD_OUT, MAX_HELD_OUT = 8, 1000  # samples that are held out: fewer say nothing, more would be lost on large sets


@lru_cache(maxsize=2)  # a batch may end one epoch and begin the next
def _permutation(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    permutation = numpy_generator("order", seed, epoch).permutation(count)
    permutation.setflags(write=False)  # every caller is handed the same one
    return permutation


@lru_cache(maxsize=2)
def _keys(seed: int, epoch: int) -> NDArray[np.uint64]:
    return seed_of("order", seed, epoch).generate_state(FEISTEL_ROUNDS, np.uint64).astype(np.uint64)


def _permuted(positions: NDArray[np.int64], count: int, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Where the permutation of 0..count−1 of these `keys` sends `positions`, without the memory of a list of it.

    A Feistel network over pairs (left, right) of about √count each, which walks on while it is outside (Black and
    Rogaway, "Ciphers with arbitrary finite domains", 2002, sections 3 and 4).
    """
    low = np.uint64(isqrt(count - 1) + 1)
    high = np.uint64(-(-count // int(low)))
    walked = positions.astype(np.uint64)
    outside = np.ones(len(walked), bool)
    while outside.any():
        left, right = np.divmod(walked[outside], low)
        for number, key in enumerate(keys):
            if number % 2:
                right = (right + mixed(left ^ key) % low) % low
            else:
                left = (left + mixed(right ^ key) % high) % high
        walked[outside] = left * low + right
        outside = walked >= count
    return walked.astype(np.int64)


def mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finalizer (Steele, Lea & Flood 2014): every bit depends on every other."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def order(count: int, seed: int, position: int, number: int) -> NDArray[np.int64]:
    """The indices at `position` … `position + number − 1` of an endless stream of shuffled epochs.

    Each epoch is a permutation of 0..count−1, and epoch e's is a function of (seed, e) alone. Up to MAX_LISTED samples
    it is a list; that of more needs no memory. Raises ValueError unless count ≥ 1 and seed, position, number ≥ 0.
    """
    if count < 1 or min(seed, position, number) < 0:
        raise ValueError(f"no order of {count} samples from seed {seed}, position {position}, number {number}")
    parts = [np.empty(0, np.int64)]
    while number > 0:
        epoch, offset = divmod(position, count)
        some = min(number, count - offset)
        if count <= MAX_LISTED:
            parts.append(_permutation(count, seed, epoch)[offset : offset + some])
        else:
            parts.append(_permuted(np.arange(offset, offset + some), count, _keys(seed, epoch)))
        position, number = position + some, number - some
    return np.concatenate(parts)


def hold_out(count: int, share: float, labels: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """The samples of `count` that training leaves out, sorted: `share` of them, at most MAX_HELD_OUT, none if too few.

    With `labels` `(count,)` it is that share of each class, to the nearest sample above or below, and never the only
    one of a class; `share` is at most a half. Which they are depends on the count and the labels alone, so that runs on
    the same data can be compared.
    """
    sizes = np.bincount(labels) if labels is not None else np.array([count])
    shared = np.where(sizes > (labels is not None), sizes, 0)  # a class of one is learnt, or nobody could ask for it
    number = min(MAX_HELD_OUT, int(shared.sum() * share))
    if number < MIN_HELD_OUT:
        return np.empty(0, np.int64)
    if labels is None:
        return np.sort(_permuted(np.arange(number), count, _HELD_OUT_KEYS))
    positions = ((np.arange(number) + 0.5) * shared.sum() / number).astype(np.int64)  # evenly through class after class
    of = np.searchsorted(np.cumsum(shared), positions, side="right")
    inside = positions - (np.cumsum(shared) - shared)[of]
    by_class, begins = np.argsort(labels, kind="stable"), np.cumsum(sizes) - sizes
    held = []
    for one in np.unique(of).tolist():
        keys = seed_of("held-out samples", one).generate_state(FEISTEL_ROUNDS, np.uint64).astype(np.uint64)
        held.append(by_class[begins[one] + _permuted(inside[of == one], int(sizes[one]), keys)])
    return np.sort(np.concatenate(held)).astype(np.int64)


def around(held: NDArray[np.int64], positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """The samples at `positions` among those that are not in `held` (sorted)."""
    return positions + np.searchsorted(held - np.arange(len(held)), positions, side="right")


@dataclass(frozen=True)
class Augmentation:
    """How each of some pictures is shown: whether `mirrored` `(number,)`, and from which `corners` `(number, 2)` on.

    A corner is the highest row and the leftmost column that are seen. None stands for pictures as they are.
    """

    mirrored: NDArray[np.bool_] | None = None
    corners: NDArray[np.int64] | None = None

    def rows(self, rows: slice) -> Augmentation:
        """Those of some of the pictures."""
        mirrored = None if self.mirrored is None else self.mirrored[rows]
        return Augmentation(mirrored, None if self.corners is None else self.corners[rows])


IDENTITY = Augmentation()


def draw_augmentation(seed: int, position: int, number: int, flip: bool, crop: int) -> Augmentation:
    """How to show the pictures at `position` … of `order`'s stream: a coin and a corner for each place.

    With `flip` half of them are mirrored; a corner is any of (0, 0) … (`crop`, `crop`).
    """
    positions = np.arange(position, position + number, dtype=np.uint64)
    coins = mixed(mixed(positions) ^ np.uint64(derived_seed("augmentation", seed)))
    mirrored = coins >= np.uint64(2**63) if flip else None
    if not crop:
        return Augmentation(mirrored)
    halves = mixed(coins).view(np.uint32).reshape(-1, 2)
    return Augmentation(mirrored, (halves % np.uint32(crop + 1)).astype(np.int64))
