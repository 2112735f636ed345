"""Fair turns, after deficit round-robin: what each has cost is counted, and whoever has had least is next."""

from __future__ import annotations

from collections.abc import Collection
from typing import Generic, TypeVar

K = TypeVar("K")


class Turns(Generic[K]):
    """Whose turn it is, by what the turns of each have cost so far, in any one unit.

    Nothing is saved up: whoever comes, or comes back, begins with the least of those who are there. So among those who
    always have something to do, no two differ by more than the largest cost of one turn.
    """

    def __init__(self) -> None:
        self._spent: dict[K, float] = {}

    def gather(self, here: Collection[K]) -> None:
        """Those who have something to do now; the others are forgotten."""
        known = {key: spent for key, spent in self._spent.items() if key in here}
        least = min(known.values(), default=0.0)
        self._spent = {key: known.get(key, least) for key in here}

    def next(self, among: Collection[K]) -> K:
        """Who has had least, the first of several."""
        return min(among, key=self._spent.__getitem__)

    def charge(self, key: K, cost: float) -> None:
        """Count what a turn of `key` has cost."""
        self._spent[key] += cost
