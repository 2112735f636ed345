"""The features of captions, encoded once and mapped from flat files, so that training doesn't run the encoder.

KEY.f16   float16 `(tokens, features)`: those of each distinct text, unpadded, one after another
KEY.ids   uint64 `(texts,)`, sorted: a number for each text, by which it is found
KEY.ends  int64 `(texts,)`, where each ends in KEY.f16, in tokens
KEY.json  the number of texts, tokens and features; written last, it makes the others valid

KEY is a hash of the texts, of the encoder's weights and of how many tokens it reads.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfumato.data.cache import cache_folder, written_together
from sfumato.data.captions import Texts
from sfumato.data.dataset import Progress
from sfumato.data.encoders import Encoder, Half
from sfumato.files import write_file

VERSION = 1  # raise it when the layout or the way of encoding changes
CHUNK_TEXTS = 1024  # texts that are encoded before they are written


class Features:
    """The features of texts, `(tokens, features)` each, mapped from the files described above."""

    def __init__(self, cache: Path, key: str, width: int) -> None:
        self._ids = np.memmap(cache / f"{key}.ids", np.uint64, "r")
        self._ends = np.memmap(cache / f"{key}.ends", np.int64, "r")
        self._features = np.memmap(cache / f"{key}.f16", np.float16, "r").reshape(-1, width)

    def __len__(self) -> int:
        return len(self._ids)

    def get(self, text: str) -> Half | None:
        """Those of `text`; None where it was no caption."""
        number = np.uint64(identity(text))
        place = int(np.searchsorted(self._ids, number))
        if place == len(self._ids) or self._ids[place] != number:
            return None
        start = int(self._ends[place - 1]) if place else 0
        return self._features[start : int(self._ends[place])]


def identity(text: str) -> int:
    """A number for a text: that two of a million share one has a probability of 3e-8."""
    return int.from_bytes(hashlib.blake2b(text.encode(errors="replace"), digest_size=8).digest(), "little")


def caption_features(
    captions: Sequence[Texts], encoder: Encoder, cache: Path | None = None, progress: Progress | None = None
) -> Features | None:
    """What `encoder` makes of each text of `captions`, from the cache if it is there, and written to it if not.

    None where there are no texts. `progress(done, total)` is called as they are read. Raises SfumatoError where
    the cache can't be written.
    """
    cache = cache or cache_folder()
    ids, rows, positions = _distinct(captions)
    if not len(ids):
        return None
    about = (VERSION, encoder.expected or encoder.weights, encoder.length, len(ids))
    key = f"features-{hashlib.sha256(json.dumps(about).encode() + ids.tobytes()).hexdigest()[:32]}"
    if (width := _stored(cache, key, len(ids))) is not None:
        return Features(cache, key, width)
    ends, tokens = np.zeros(len(ids), np.int64), 0
    with written_together(cache, key, ("f16", "ids", "ends", "json"), "the captions' features") as parts:
        with parts["f16"].open("wb") as file:
            for first in range(0, len(ids), CHUNK_TEXTS):
                some = slice(first, first + CHUNK_TEXTS)
                texts = [captions[r][p] for r, p in zip(rows[some].tolist(), positions[some].tolist(), strict=True)]
                for number, half in enumerate(encoder.encode(texts), first):
                    file.write(np.ascontiguousarray(half).data)
                    ends[number] = tokens = tokens + len(half)
                    width = half.shape[1]
                if progress is not None:
                    progress(min(first + CHUNK_TEXTS, len(ids)), len(ids))
        write_file(parts["ids"], ids.tobytes())
        write_file(parts["ends"], ends.tobytes())
        write_file(parts["json"], json.dumps({"texts": len(ids), "tokens": tokens, "features": width}).encode())
    assert width is not None
    return Features(cache, key, width)


def _distinct(captions: Sequence[Texts]) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """The identities of the texts in `captions`, sorted, and where each is first: its sample and its place there."""
    ids, rows, positions = array("Q"), array("q"), array("q")
    for row in range(len(captions)):
        for place, text in enumerate(captions[row]):
            ids.append(identity(text))
            rows.append(row)
            positions.append(place)
    found, first = np.unique(np.asarray(ids, np.uint64), return_index=True)
    return found, np.asarray(rows, np.int64)[first], np.asarray(positions, np.int64)[first]


def _stored(cache: Path, key: str, texts: int) -> int | None:
    """How many features a token has in the files called `key`; None where they aren't there, or not whole."""
    try:
        described = json.loads((cache / f"{key}.json").read_bytes())
        width = int(described["features"])
        sizes = {"f16": 2 * int(described["tokens"]) * width, "ids": 8 * texts, "ends": 8 * texts}
        whole = all((cache / f"{key}.{kind}").stat().st_size == size for kind, size in sizes.items())
        return width if whole and described["texts"] == texts else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
