"""Captions: what `metadata.jsonl` and the texts beside pictures say, and where they are kept once read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import overload

import numpy as np

from sfumato.data.layout import METADATA, Found, Parts, names

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


def read_metadata(files: Iterable[tuple[Parts, bytes]], found: Found) -> tuple[dict[Parts, str], list[str]]:
    """The captions of the pictures `found`, out of every `metadata.jsonl`: the folder it is in, and what is in it.

    Each line is an object with `file_name`, relative to that folder, and `text` or `caption`. Lines that are not, and
    names of no picture, become notes.
    """
    captions: dict[Parts, str] = {}
    notes = []
    for folder, content in files:
        where = names([(*folder, METADATA)])
        broken, strange = [], []
        for number, line in enumerate(content.splitlines(), start=1):
            fields = json_object(line)
            name, caption = fields.get("file_name"), caption_in(fields)
            if isinstance(name, str) and caption is not None:
                parts = (*folder, *PurePosixPath(name).parts)
                if parts in found:
                    captions[parts] = caption
                else:
                    strange.append((plain(name),))
            elif line.strip():
                broken.append((f"line {number:,}",))
        if broken:
            lines = f"{len(broken):,} line{'s' * (len(broken) > 1)}"
            notes.append(f"{lines} of {where} without a file_name and a text passed over: {names(broken)}.")
        if strange:
            named = f"{len(strange):,} file{'s' * (len(strange) > 1)}"
            notes.append(f"{named} named in {where} that no picture here is: {names(strange)}.")
    return captions, notes


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
