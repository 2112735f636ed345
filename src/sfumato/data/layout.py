"""Which of the pictures that were found are used, and which class each belongs to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from unicodedata import normalize

from sfumato.data.captions import Texts
from sfumato.data.file_kinds import Parts
from sfumato.readable import readable

SPLITS = {
    "train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
    "dev": "validation", "test": "test", "testing": "test", "eval": "test",
}  # fmt: skip
NAMED = 5  # files named in a note before "and n more"

OUTSIDE, OUTSIDE_ONE, INSIDE = "outside the class folders", "outside the subfolder", "in the subfolder"
NO_CLASS = "without a class"
IN_PLACE = (OUTSIDE, OUTSIDE_ONE, INSIDE, NO_CLASS)  # reasons that follow "3 pictures"
DIGITS = re.compile(r"[0-9]+")
REPEATS = re.compile(r"([1-9]\d*)_(.+)")  # how kohya's tools name folders: repeats and class word


@dataclass(frozen=True, slots=True)  # there may be millions
class Entry:
    """A picture: its `parts` below the folder or archive, its class, what tells whether it has changed, its captions.

    `values` are float32 numbers, and `images` other pictures, of the columns that were asked for (see columns.py).
    """

    parts: Parts
    label: str | None
    size: int
    changed: int  # a number of its times, or a checksum
    captions: Texts = ()
    values: bytes = b""
    images: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Source:
    """Pictures wherever they are: their entries in order, and `read`, which any thread may ask for the file of one.

    `order` says which class comes first where that is neither by number nor the alphabet's. `read` may raise: decoding
    says why. `sizes` name the columns of the entries' values, and `images` their pictures. Unless `scattered`, one
    picture is only had with thousands of others around it. `files` counts, by what became of them, all files besides
    the entries.
    """

    path: Path
    entries: Sequence[Entry]
    notes: Sequence[str]
    read: Callable[[Entry], Path | BytesIO]
    order: tuple[str, ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()
    images: tuple[str, ...] = ()
    scattered: bool = True
    files: Mapping[str, int] = field(default_factory=dict)

    def in_order(self, labels: Iterable[str]) -> list[str]:
        """`labels` as their classes are numbered."""
        known = set(labels)
        return sorted(known, key=self.order.index) if self.order else list(as_numbers(known)) or sorted(known)


def arrange(
    root: Path, places: Mapping[Parts, Parts], classes: Mapping[Parts, str] = MappingProxyType({})
) -> tuple[dict[Parts, str | None], dict[Parts, str], list[str]]:
    """Which pictures are used, with the class of each; why others aren't; and notes on the layout.

    `places` are where each picture is, below `root`. `classes` are those that are known of pictures; where they are of
    fewer than half of them, and anyway without any, the folders that are side by side are the classes (`dog/x.png`, or
    `train/dog/x.png` where `train` is alone); one folder alone is no class. Pictures beside the classes are left out;
    beside one folder alone, the fewer are.
    """
    depth = _depth_of_classes(list(places.values()))
    loose = [parts for parts, place in places.items() if len(place) == depth + 1]
    inside = [parts for parts, place in places.items() if len(place) > depth + 1]
    folders = sorted({places[parts][depth] for parts in inside})
    notes = []
    if classes and (len(folders) < 2 or 2 * len(classes) >= len(places)):
        if len(folders) > 1:
            notes.append("classes are what files beside the pictures and metadata say; folders are none.")
        lost = {parts: NO_CLASS for parts in places if parts not in classes}
        return {parts: classes[parts] for parts in places if parts in classes}, lost, notes
    if classes:
        notes.append(
            f"folders are the classes; what files say of the class of {count_pictures(len(classes))} is not used."
        )
    lost = {}
    if loose and len(folders) == 1 and len(loose) >= len(inside):
        lost = dict.fromkeys(inside, INSIDE)
        inside, folders = [], []
    elif loose and folders:
        lost = dict.fromkeys(loose, OUTSIDE if len(folders) > 1 else OUTSIDE_ONE)
    if len(folders) > 1 and all(name.lower() in SPLITS for name in folders):
        chosen = next((name for name in folders if SPLITS[name.lower()] == "train"), folders[0])
        one = readable(str(Path(root, *places[inside[0]][:depth], chosen)))
        notes.append(f"{' and '.join(folders)} are taken as classes; to train on one of them alone, give {one}.")
    notes += _like_each_other(folders)
    notes += _repeats(
        folders if len(folders) > 1 else sorted({place[-2] for place in places.values() if len(place) > 1})
    )
    labelled = len(folders) > 1
    return {parts: places[parts][depth] if labelled else None for parts in inside or loose}, lost, notes


def _like_each_other(folders: Sequence[str]) -> Iterator[str]:
    alike: dict[str, list[str]] = {}
    for name in folders:
        alike.setdefault(normalize("NFC", name).casefold().strip(), []).append(readable(name))
    for some in alike.values():
        if len(some) > 1:
            quoted = "' and '".join(some)
            yield f"'{quoted}' are classes apart, though their names hardly differ."


def _repeats(folders: Sequence[str]) -> Iterator[str]:
    """What becomes of folders that are named for another tool."""
    found = [match for match in map(REPEATS.fullmatch, folders) if match]
    if found and len(found) == len(folders):
        first = found[0]
        what = "is the class's name as it is" if len(folders) > 1 else "is no class, being alone"
        yield (
            f"'{readable(first[0])}' {what}; repeats and class word aren't read from it: its pictures count once each, "
            f"not {first[1]} times, and '{readable(first[2])}' is no caption."
        )


def split_of(parts: Parts) -> str:
    """The split that a file's folders or the words of its name tell, in one spelling; '' where they tell none."""
    words = [*parts[:-1], *re.split(r"[\W_]+", parts[-1])]
    return next((SPLITS[word.lower()] for word in words if word.lower() in SPLITS), "")


def as_numbers(labels: Iterable[str]) -> tuple[str, ...]:
    """The order of classes that are all numbers; nothing for others, whose order is the alphabet's."""
    known = set(labels)
    return tuple(sorted(known, key=lambda one: (int(one), one))) if known and all(map(DIGITS.fullmatch, known)) else ()


def left_out(paths: Sequence[Parts], reason: str, what: str = "picture") -> str:
    """The note on pictures that aren't used."""
    if reason in IN_PLACE or reason.startswith("without "):
        return f"{count_pictures(len(paths), what)} {reason} left out: {names(paths)}."
    return f"{count_pictures(len(paths), what)} left out ({reason}): {names(paths)}."


def count_pictures(count: int, what: str = "picture") -> str:
    """ "1 picture", "2,000 pictures", or how many files of `what` else there are."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _depth_of_classes(pictures: list[tuple[str, ...]]) -> int:
    """How many folders wrap the classes: a folder that is alone, with more folders inside, is no class."""
    depth = 0
    while len({parts[depth] for parts in pictures}) == 1 and any(len(parts) > depth + 2 for parts in pictures):
        depth += 1
    return depth


def names(paths: Sequence[Parts]) -> str:
    """The first few of them, as they can be printed."""
    more = f" and {len(paths) - NAMED:,} more" if len(paths) > NAMED else ""
    return ", ".join(readable("/".join(parts)) for parts in paths[:NAMED]) + more
