"""A prompt's tokens by what a tokenizer.json says, in plain Python: for pipelines that have no library for it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import regex


class Spelling:
    """Byte-pair encoding as `tokenizer`, the contents of a tokenizer.json of ours, describes it."""

    def __init__(self, tokenizer: Mapping[str, Any]) -> None:
        self.normalizers = _steps(tokenizer["normalizer"], "normalizers")
        self.splits = _steps(tokenizer["pre_tokenizer"], "pretokenizers")
        model = tokenizer["model"]
        self.vocabulary: Mapping[str, int] = model["vocab"]
        self.ranks = {(first, second): rank for rank, (first, second) in enumerate(model["merges"])}
        self.unknown: int | None = None if model["unk_token"] is None else self.vocabulary[model["unk_token"]]

    def __call__(self, text: str, length: int) -> list[int]:
        """The first `length` tokens of `text`; 0 after its end, and nothing else of a blank text."""
        found = [number for piece in self._pieces(text) for number in self._numbers(piece)] if text.strip() else []
        return (found + [0] * length)[:length]

    def _pieces(self, text: str) -> list[str]:
        for step in self.normalizers:
            kind = step["type"]
            if kind == "Prepend":
                text = step["prepend"] + text if text else text
            elif kind == "Lowercase":
                text = text.lower()
            elif kind == "StripAccents":
                text = "".join(character for character in text if unicodedata.category(character) != "Mn")
            else:  # NFC, NFKD: forms of Unicode
                text = unicodedata.normalize(kind, text)
        pieces = [text] if text else []
        for step in self.splits:
            kind = step["type"]
            if kind == "Split":
                pieces = [part for piece in pieces for part in _isolated(step["pattern"]["Regex"], piece)]
            elif kind == "Metaspace":
                mark = step["replacement"]
                marked = [piece.replace(" ", mark) for piece in pieces]
                begun = [piece if piece.startswith(mark) else mark + piece for piece in marked]
                pieces = [part for piece in begun for part in re.findall(f"{mark}?[^{mark}]+|{mark}", piece)]
            else:  # Punctuation
                pieces = [part for piece in pieces for part in _isolated(r"[\p{P}$+<=>^`|~]", piece)]
        return pieces

    def _numbers(self, piece: str) -> Iterator[int]:
        parts = list(piece)
        while len(parts) > 1:
            never = len(self.ranks)
            pairs = [self.ranks.get(pair, never) for pair in pairwise(parts)]
            if (first := min(pairs)) == never:
                break
            at = pairs.index(first)
            parts[at : at + 2] = ["".join(parts[at : at + 2])]
        known = True
        for part in parts:
            if part in self.vocabulary:
                yield self.vocabulary[part]
            elif self.unknown is None:
                yield from (self.vocabulary[f"<0x{byte:02X}>"] for byte in part.encode())
            elif known:  # several in a row are one
                yield self.unknown
            known = part in self.vocabulary


def _steps(described: Mapping[str, Any] | None, name: str) -> list[Mapping[str, Any]]:
    if described is None:
        return []
    return list(described[name]) if described["type"] == "Sequence" else [described]


def _isolated(pattern: str, text: str) -> list[str]:
    """What the `pattern` finds and what is between, in order."""
    return [part for part in regex.split(f"({pattern})", text) if part]
