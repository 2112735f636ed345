"""What became of every file that was found, counted and in sentences."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from sfumato.data.file_kinds import HIDDEN, NO_PICTURE, UNREAD, Parts
from sfumato.data.layout import IN_PLACE, left_out, names
from sfumato.data.listing import LeftOut
from sfumato.readable import readable

BESIDE = "read beside them"
LISTED, SHOWN = 5, 3  # kinds, and files of little interest, that a note names


def tally(left: LeftOut) -> dict[str, int]:
    """How many files were left out, by reason."""
    found: Counter[str] = Counter()
    for (reason, _), number in left.items():
        found[reason] += number
    return dict(found)


def sentences(left: LeftOut) -> Iterator[str]:
    """What was left out and why, the pictures first and what nobody would train on last, in one sentence."""
    counts = tally(left)
    named: dict[str, list[Parts]] = defaultdict(list)
    for reason, parts in sorted(left):
        named[reason].append(parts)
    trivial = [reason for reason in named if reason in (HIDDEN, NO_PICTURE) or reason.startswith("of ")]
    for reason, paths in named.items():
        if reason in UNREAD:
            yield f"{reason} left out: {kinds(paths)}."
        elif reason in IN_PLACE or reason.startswith("without "):
            yield left_out(paths, reason)
        elif reason not in trivial:
            yield f"{_files(counts[reason])} left out ({reason}): {names(paths)}."
    if trivial:
        total = sum(counts[reason] for reason in trivial)
        some = "; ".join(_some(counts[reason], reason, named[reason]) for reason in trivial)
        yield f"{total:,} other file{'s' * (total != 1)} left out: {some}."


def kinds(files: Iterable[Parts]) -> str:
    """How many files there are of each suffix, the most frequent first."""
    found = Counter(PurePosixPath(parts[-1]).suffix.lower() or "no suffix" for parts in files)
    often = sorted(found.items(), key=lambda one: (-one[1], one[0]))[:LISTED]
    shown = ", ".join(f"{number:,} {readable(suffix)}" for suffix, number in often)
    return shown + (", …" if len(found) > LISTED else "")


def _files(count: int) -> str:
    return f"{count:,} file{'s' * (count != 1)}"


def _some(count: int, reason: str, paths: list[Parts]) -> str:
    shown = ", ".join(readable("/".join(parts)) for parts in paths[:SHOWN])
    return f"{count:,} {reason} ({shown}{', …' if len(paths) > SHOWN else ''})"
