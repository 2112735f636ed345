"""How long training goes on, and what of its learning rate each step takes."""

from __future__ import annotations

import math
from dataclasses import dataclass

FIRST = 0.1  # of the learning rate, with which a budget in minutes begins, whose steps may be longer than the warm-up
NEEDED = 1000  # images


def needed(side: int) -> int:
    """The images that the smallest network has to see before what it generates at so many pixels a side is no noise."""
    return NEEDED * max(8, side) // 8


@dataclass(frozen=True)
class Budget:
    """So many `images` seen or `minutes` of wall clock, whichever ends first, in steps of `batch` images.

    `warmup` and `decay` are shares of it, in which the learning rate rises from nothing and falls to it. It changes
    every `hold` images only.
    """

    images: int | None
    minutes: float | None
    batch: int
    warmup: float = 0.0
    decay: float = 0.0
    hold: int = 1

    def spent(self, images: int, seconds: float, reserve: float = 0.0) -> float:
        """The share of the budget that so much training takes, in [0, 1], where `reserve` seconds are kept for later.

        At most half of the minutes are kept.
        """
        by_images = images / self.images if self.images else 0.0
        whole = 60 * self.minutes if self.minutes else math.inf
        return min(1.0, max(by_images, seconds / max(whole - reserve, whole / 2)))

    def rate_share(self, images: int, seconds: float, reserve: float = 0.0) -> float:
        """What of the learning rate a step takes that begins there, in [0, 1]: warm-up, constant, decay to nothing."""
        spent = self.spent(images - images % self.hold, seconds, reserve)
        own = self.batch / self.images if self.images else FIRST * self.warmup
        rise = (spent + own) / self.warmup if self.warmup else 1.0
        fall = (1 - spent) / self.decay if self.decay else 1.0
        return min(1.0, rise, fall)
