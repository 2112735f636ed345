"""Captions: where they are found among what is said of pictures, and where they are kept once read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import overload

import numpy as np

FIELDS = ("text", "caption")  # what a caption is called in metadata, in shards and in tables


class Captions(Sequence[str]):
    """The caption of each picture, '' where it has none, mapped from the files that cache.py describes."""

    def __init__(self, text: Path, ends: Path) -> None:
        self._text = np.memmap(text, np.uint8, "r")
        self._ends = np.memmap(ends, np.int64, "r")

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        numbers = range(len(self))[index]  # counts from the end too, and raises IndexError
        return self._read(numbers) if isinstance(numbers, int) else [self._read(number) for number in numbers]

    def _read(self, number: int) -> str:
        start = int(self._ends[number - 1]) if number else 0
        return self._text[start : int(self._ends[number])].tobytes().decode()


def json_object(content: bytes) -> Mapping[str, object]:
    """The JSON object that `content` is; an empty one where it is none."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def caption_in(fields: Mapping[str, object]) -> str | None:
    """The caption among a picture's fields, the first where it has several; None where there is no such field."""
    for value in (fields.get(name) for name in FIELDS):
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, str):
            return plain(first)
    return None


def plain(text: str) -> str:
    """Text that can be kept: JSON and tables may hold halves of characters, which UTF-8 can't."""
    return text.encode(errors="replace").decode().strip()
