"""Reading every picture of a source once, in threads, and saying what came of them."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from sfumato.data.dataset import Progress
from sfumato.data.decode import Decoded, decode
from sfumato.data.layout import Entry, Source, count_pictures, left_out
from sfumato.readable import readable

CHUNK_IMAGES, CHUNK_BYTES = 4096, 64_000_000  # at most that many pictures are in memory at a time

Result = TypeVar("Result")


def threads() -> int:
    """How many decode at a time: as many as there are cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Report:
    """What came of the pictures that were decoded, in sentences; `final` unless one may be readable another time.

    `content` is the SHA-256 of all that can be used, the same in any wrapping.
    """

    def __init__(self, what: str = "picture") -> None:
        self.what = what
        self.final = True
        self.content = hashlib.sha256()
        self.lost: Counter[str] = Counter()  # entries, by why they can't be used
        self._problems: dict[str, list[tuple[str, ...]]] = {}
        self._facts: Counter[str] = Counter()

    def usable(self, entry: Entry, decoded: Sequence[Decoded]) -> bool:
        """Take down how a picture and those that come with it were decoded; whether all of them were."""
        broken = [(one, of) for one, of in zip(decoded, (entry, *entry.images), strict=True) if one.pixels is None]
        for one, of in broken:
            self._problems.setdefault(one.problem, []).append(of.parts)
            self.final = self.final and not one.passing
        if broken:
            self.lost[broken[0][0].problem] += 1
        else:
            self._facts.update(decoded[0].facts)
            self.content.update(repr((entry.label, entry.captions, entry.values)).encode())
            for one in decoded:
                if one.pixels is not None:
                    self.content.update(repr(one.pixels.shape).encode() + one.pixels.tobytes())
        return not broken

    def notes(self, source: Source, labels: set[str]) -> list[str]:
        """All of it, where `labels` are those of the pictures that can be used."""
        lost = sorted({entry.label for entry in source.entries if entry.label is not None} - labels)
        return [
            *(left_out(paths, reason, self.what) for reason, paths in self._problems.items()),
            *(f"{count_pictures(number, self.what)} {fact}." for fact, number in self._facts.items()),
            *(f"class '{readable(name)}' has no {self.what} that can be read and was dropped." for name in lost),
        ]


def read_all(
    source: Source, size: tuple[int, int], progress: Progress | None, report: Report
) -> Iterator[tuple[int, Entry, list[Decoded]]]:
    """Every picture that can be read, with its place among the entries and the pictures that come with it."""
    chunk = min(CHUNK_IMAGES, CHUNK_BYTES // (3 * size[0] * size[1] * (1 + len(source.images))))

    def look(entry: Entry) -> list[Decoded]:
        return [decode(partial(source.read, one), size) for one in (entry, *entry.images)]

    for place, (entry, decoded) in enumerate(in_threads(look, source, chunk)):
        if report.usable(entry, decoded):
            yield place, entry, decoded
        if progress is not None:
            progress(place + 1, len(source.entries))


def in_threads(work: Callable[[Entry], Result], source: Source, chunk: int) -> Iterator[tuple[Entry, Result]]:
    """Each entry with what `work` makes of it, in order, with about `chunk` results waiting at most."""
    step = max(chunk, threads())
    with ThreadPoolExecutor(threads()) as pool:
        for first in range(0, len(source.entries), step):
            some = source.entries[first : first + step]
            yield from zip(some, pool.map(work, some), strict=True)
