"""Clips that are decoded whenever they are asked for and kept nowhere, as pictures are (see streaming.py).

Before training all are decoded once. What can't be read is left out and named; of each clip that can, it is noted where
in its file it begins, with a checksum of its frames. So of a long film only what is between the last key frame before a
clip and its end is decoded later. Where that gives other frames than the first time, as it may where a file's index is
wrong, the film is decoded from its start. The notes are in the cache as KEY.streamed.json, some 50 bytes a clip.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import TypeAdapter, ValidationError

from sfumato.data.clip_files import ClipFile
from sfumato.data.clip_reading import Place, Rule, clip_at, clips_of
from sfumato.data.dataset import Dataset, Progress, files_of
from sfumato.data.decode import Decoded
from sfumato.data.layout import Source
from sfumato.data.reading import Report
from sfumato.data.streaming import Streamed, numbered
from sfumato.errors import SfumatoError
from sfumato.files import replace_file

CHANGED = "its frames are others than they were"


@dataclass(frozen=True)
class FoundClips:
    """What reading all files found: of each clip the place of its file among them, where it begins, and its checksum.

    `channels` are 1 where all are grey; the rest is as in streaming.Found.
    """

    size: tuple[int, int]
    file: list[int]
    at: list[float]
    skip: list[int]
    checksum: list[int]
    channels: Literal[1, 3]
    notes: list[str]
    content: str
    lost: dict[str, int]


def open_streamed_clips(
    cache: Path,
    key: str,
    source: Source,
    files: Sequence[ClipFile],
    size: Callable[[], tuple[int, int]],
    rule: Callable[[tuple[int, int]], Rule],
    progress: Progress | None = None,
) -> Dataset:
    """The clips of `files` by `rule(size)`, as `open_clips` has them.

    `size()` is asked where nothing is remembered of them.
    """
    path = cache / f"{key}.streamed.json"
    found = _remembered(path, len(files))
    if found is None:
        report = Report("clip")
        found = _look(source, files, rule(size()), progress, report)
        if report.final:
            with suppress(SfumatoError):  # they are read again the next time
                replace_file(path, json.dumps(asdict(found)).encode())
    asked, of = rule(found.size), [files[number].entry for number in found.file]
    labels, classes = numbered(source, of)
    clips = ClipsInFiles(source, files, asked, found)
    shape = (len(of), asked.frames, found.channels, *asked.size)
    return Dataset(
        source.path.as_posix(),
        np.empty((0, *shape[1:]), np.uint8),
        labels,
        classes,
        (*source.notes, *found.notes),
        [entry.captions for entry in of] if any(entry.captions for entry in of) else None,
        Streamed(clips.decoded, lambda index: of[index].parts, shape),
        content=found.content,
        files=files_of(len(set(found.file)), source.files, found.lost),
        kind="clips",
    )


class ClipsInFiles:
    """Decodes one clip at a time."""

    def __init__(self, source: Source, files: Sequence[ClipFile], rule: Rule, found: FoundClips) -> None:
        self._source, self._files, self._rule = source, files, rule
        self._file, self._skip = np.array(found.file, np.int32), np.array(found.skip, np.int32)
        self._at, self._checksum = np.array(found.at, np.float64), np.array(found.checksum, np.uint32)

    def decoded(self, index: int) -> Decoded:
        """The clip at `index`, as it was the first time, or why it can't be had any more."""
        with suppress(Exception):  # decoding from the start says what is wrong
            place = Place(float(self._at[index]), int(self._skip[index]))
            clip = clip_at(place, self._files[self._file[index]], self._source, self._rule)
            if self._is(index, clip):
                return clip
        return self._from_start(index)

    def _from_start(self, index: int) -> Decoded:
        number = index - int(np.searchsorted(self._file, self._file[index]))
        clips = clips_of(self._files[self._file[index]], self._source, self._rule)
        clip, _ = next(islice(clips, number, None), (Decoded(None, problem=CHANGED), None))
        return clip if clip.pixels is None or self._is(index, clip) else Decoded(None, problem=CHANGED)

    def _is(self, index: int, clip: Decoded) -> bool:
        return clip.pixels is not None and zlib.crc32(clip.pixels.data) == self._checksum[index]


def _look(
    source: Source, files: Sequence[ClipFile], rule: Rule, progress: Progress | None, report: Report
) -> FoundClips:
    found = FoundClips(rule.size, [], [], [], [], 3, [], "", {})
    grey, labels = True, set()
    for number, one in enumerate(files):
        for clip, place in clips_of(one, source, rule):
            if report.usable(one.entry, [clip]) and clip.pixels is not None:
                found.file.append(number)
                found.at.append(place.at)
                found.skip.append(place.skip)
                found.checksum.append(zlib.crc32(clip.pixels.data))
                grey = grey and clip.grey
                if one.entry.label is not None:
                    labels.add(one.entry.label)
        if progress is not None:
            progress(number + 1, len(files))
    return replace(
        found, channels=1 if grey else 3, notes=report.notes(source, labels), content=report.content.hexdigest(),
        lost=dict(report.lost),
    )  # fmt: skip


def _remembered(path: Path, files: int) -> FoundClips | None:
    """What an earlier reading found, or None where there was none or the file is damaged."""
    try:
        found = TypeAdapter(FoundClips).validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    many = {len(column) for column in (found.file, found.at, found.skip, found.checksum)}
    ordered = all(one <= other for one, other in pairwise(found.file))
    whole = len(many) == 1 and ordered and all(0 <= one < files for one in found.file)
    return found if whole else None
