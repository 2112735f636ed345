"""Captions: where they are found among what is said of pictures, and where they are kept once read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import overload

import numpy as np

FIELDS = ("text", "caption")  # what a caption is called in metadata, in shards and in tables

Texts = tuple[str, ...]  # the captions of one picture: one, several, or none; none of them is empty


class Captions(Sequence[Texts]):
    """The captions of each picture, mapped from the files that cache.py describes."""

    def __init__(self, text: Path, ends: Path, upto: Path) -> None:
        self._text = np.memmap(text, np.uint8, "r")
        self._ends = np.memmap(ends, np.int64, "r")
        self._upto = np.memmap(upto, np.int64, "r")

    def __len__(self) -> int:
        return len(self._upto)

    @overload
    def __getitem__(self, index: int) -> Texts: ...
    @overload
    def __getitem__(self, index: slice) -> list[Texts]: ...
    def __getitem__(self, index: int | slice) -> Texts | list[Texts]:
        numbers = range(len(self))[index]  # counts from the end too, and raises IndexError
        return self._read(numbers) if isinstance(numbers, int) else [self._read(number) for number in numbers]

    def _read(self, number: int) -> Texts:
        first, last = int(self._upto[number - 1]) if number else 0, int(self._upto[number])
        return tuple(
            self._text[int(self._ends[text - 1]) if text else 0 : int(self._ends[text])].tobytes().decode()
            for text in range(first, last)
        )


def first_texts(captions: Sequence[Texts], rows: Iterable[int]) -> list[str]:
    """What the samples at `rows` are called: the first caption of each, '' where one has none."""
    return [(*captions[row], "")[0] for row in rows]


def json_object(content: bytes) -> Mapping[str, object]:
    """The JSON object that `content` is; an empty one where it is none."""
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def captions_in(fields: Mapping[str, object]) -> Texts | None:
    """The captions among a picture's fields: several where they are a list, None where there is no such field."""
    for value in (fields.get(name) for name in FIELDS):
        if isinstance(value, str | list):
            return texts_of(value if isinstance(value, list) else [value])
    return None


def texts_of(values: Iterable[object]) -> Texts:
    """The captions among `values`, without what is empty or no text."""
    return tuple(filter(None, (plain(value) for value in values if isinstance(value, str))))


def plain(text: str) -> str:
    """Text that can be kept: JSON and tables may hold halves of characters, which UTF-8 can't."""
    return text.encode(errors="replace").decode().strip()
