"""Decoded pictures on disk, as flat files that are opened without reading them, however many they are.

KEY.u8      the pixels, uint8 `(count, 1 or 3, height, width)`, of clips `(count, frames, 1 or 3, height, width)`
KEY.labels  int64 `(count,)`, where there are classes
KEY.text    the captions in UTF-8, one after another, if there are any; KEY.ends, int64 `(texts,)`, where each ends;
            and KEY.upto, int64 `(count,)`, how many there are up to each picture's last
KEY.values  float32 `(count, sizes)`, where numbers and vectors were asked for, columns side by side
KEY.image0  the pictures that condition these, as the pixels, if there are such; KEY.image1 more
KEY.json    the shape, the classes and the notes; written last, it makes the others valid
"""

from __future__ import annotations

import json
import math
import os
import secrets
import shutil
import time
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from sfumato.data.captions import Captions, Texts
from sfumato.data.columns import split_columns
from sfumato.data.dataset import Dataset, Rows, files_of
from sfumato.errors import SfumatoError
from sfumato.files import FULL, sync_folder, write_file

VERSION = 5  # raise it when decoding or the layout of classes changes
ABANDONED_SECONDS = 24 * 3600  # seconds after which an unfinished file belongs to nobody
BLOCK_BYTES = 2**24  # bytes that are moved at a time


def cache_folder() -> Path:
    """Where decoded pictures are kept: $SFUMATO_CACHE, or sfumato in the user's cache folder."""
    if own := os.environ.get("SFUMATO_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sfumato"


def read_description(cache: Path, key: str) -> dict[str, Any] | None:
    """What `key.json` tells of the pictures, or None where there are none or they are damaged."""
    try:
        stored: dict[str, Any] = json.loads((cache / f"{key}.json").read_bytes())
        count, *_, height, width = stored["shape"]
        sizes = {"u8": math.prod(stored["shape"])}
        sizes |= {"labels": 8 * count} if stored["classes"] else {}
        sizes |= {"text": stored["text"], "ends": 8 * stored["texts"], "upto": 8 * count} if stored["text"] else {}
        if values := stored.get("values"):
            sizes["values"] = 4 * count * sum(size for _, size in values)
        for number, (_, channels) in enumerate(stored.get("images", ())):
            sizes[f"image{number}"] = count * channels * height * width
        whole = all((cache / f"{key}.{kind}").stat().st_size == size for kind, size in sizes.items())
        return stored if whole and isinstance(stored["notes"], list) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def open_stored(
    cache: Path,
    key: str,
    stored: dict[str, Any],
    name: str,
    notes: Sequence[str] = (),
    files: Mapping[str, int] | None = None,
) -> Dataset:
    """The pictures that `stored` describes, one at least; `notes` come before their own, and `files` are others."""
    shape, classes = tuple(stored["shape"]), tuple(stored["classes"])
    pixels = cache / f"{key}.u8"
    return Dataset(
        name,
        np.memmap(pixels, np.uint8, "r", shape=shape),
        np.memmap(cache / f"{key}.labels", np.int64, "r") if classes else None,
        classes,
        (*notes, *stored["notes"]),
        Captions(cache / f"{key}.text", cache / f"{key}.ends", cache / f"{key}.upto") if stored["text"] else None,
        Rows(pixels, shape) if hasattr(os, "preadv") else None,
        _values(cache / f"{key}.values", shape[0], stored.get("values", ())),
        {
            name: _images(cache / f"{key}.image{number}", (shape[0], channels, *shape[-2:]))
            for number, (name, channels) in enumerate(stored.get("images", ()))
        },
        content=stored.get("content", ""),
        files={} if files is None else files_of(stored.get("used", shape[0]), files, stored["lost"]),
    )


def _values(path: Path, count: int, sizes: Sequence[tuple[str, int]]) -> dict[str, NDArray[np.float32]]:
    if not sizes:
        return {}
    return split_columns(np.memmap(path, np.float32, "r", shape=(count, sum(size for _, size in sizes))), sizes)


def _images(path: Path, shape: tuple[int, ...]) -> Rows | NDArray[np.uint8]:
    return Rows(path, shape) if hasattr(os, "preadv") else np.memmap(path, np.uint8, "r", shape=shape)


class Writer:
    """Pictures on their way into the cache; what has to be remembered of each is a number."""

    def __init__(
        self,
        pixels: BinaryIO,
        text: BinaryIO,
        size: tuple[int, int],
        values: BinaryIO | None = None,
        images: Sequence[BinaryIO] = (),
        columns: tuple[Sequence[tuple[str, int]], Sequence[str]] = ((), ()),
        frames: int | None = None,
    ) -> None:
        self.size, self.frames = size, frames
        self._values, self._images = values, images
        self._grey_images = [True] * len(images)
        self._columns = columns
        self.count = 0
        self.grey = True
        self.final = True  # no picture is missing for a reason that may pass
        self.content = ""  # SHA-256 of all that was added, where it is known
        self.lost: Mapping[str, int] = {}  # what can't be used, by why
        self.stored: dict[str, Any] = {}
        self._pixels, self._text = pixels, text
        self._numbers: dict[str, int] = {}  # of the labels, as they came
        self._labels, self._ends, self._upto = array("q"), array("q"), array("q")

    def add(
        self,
        pixels: NDArray[np.uint8],
        grey: bool,
        label: str | None = None,
        captions: Texts = (),
        values: bytes = b"",
        images: Sequence[tuple[NDArray[np.uint8], bool]] = (),
    ) -> None:
        """Write one picture, RGB `(3, height, width)`, or clip `(frames, 3, height, width)`, and what it brings.

        Either all are labelled, or none.
        """
        self._pixels.write(pixels.data)
        if self._values is not None:
            self._values.write(values)
        for number, (file, (image, without_colour)) in enumerate(zip(self._images, images, strict=True)):
            file.write(image.data)
            self._grey_images[number] &= without_colour
        self.count += 1
        for text in captions:
            self._text.write(text.encode())
            self._ends.append(self._text.tell())
        self._upto.append(len(self._ends))
        self.grey = self.grey and grey
        if label is not None:
            self._labels.append(self._numbers.setdefault(label, len(self._numbers)))

    @property
    def labels(self) -> set[str]:
        """Which there are."""
        return set(self._numbers)

    def describe(self, classes: Sequence[str], names: Sequence[str], notes: Sequence[str]) -> None:
        """After the last picture: the labels in the order of their numbers, what to call them, and what to tell."""
        number = np.array([classes.index(label) for label in self._numbers], np.int64)
        self._labels = array("q", number[np.asarray(self._labels, np.int64)].tobytes())
        of_clips = [] if self.frames is None else [self.frames]
        shape = [self.count, *of_clips, 1 if self.grey else 3, *self.size]
        self.stored = {"shape": shape, "classes": list(names), "text": self._text.tell(), "notes": list(notes)}
        self.stored |= {"texts": len(self._ends), "content": self.content, "lost": dict(self.lost)}
        sizes, images = self._columns
        if sizes:
            self.stored["values"] = [list(one) for one in sizes]
        if images:
            channels = [1 if grey else 3 for grey in self._grey_images]
            self.stored["images"] = [list(one) for one in zip(images, channels, strict=True)]

    def finish(self) -> dict[str, bytes]:
        """Sync pixels and text; returns what belongs into the other files."""
        for file, grey in zip((self._pixels, *self._images), (self.grey, *self._grey_images), strict=True):
            if grey:
                _keep_one_channel(file, self.count * (self.frames or 1), self.size[0] * self.size[1])
        for file in (self._pixels, self._text, *self._images, *([self._values] if self._values else [])):
            file.flush()
            os.fsync(file.fileno())
        files = {"labels": self._labels.tobytes()} if self.stored["classes"] else {}
        files |= {"ends": self._ends.tobytes(), "upto": self._upto.tobytes()} if self.stored["text"] else {}
        return files | {"json": json.dumps(self.stored).encode()}


@contextmanager
def write_pictures(
    cache: Path,
    key: str,
    size: tuple[int, int],
    most: int,
    sizes: Sequence[tuple[str, int]] = (),
    images: Sequence[str] = (),
    frames: int | None = None,
) -> Iterator[Writer]:
    """Put up to `most` pictures of `size` (height, width) in place of those called `key`: `add` each, then `describe`.

    With `frames` they are clips of so many. Each comes with float32 values of columns of these `sizes`, and with
    further pictures called `images`. They appear whole or not at all, and are valid from then on if the writer is
    `final`. Raises SfumatoError where the disk is full or can't be written.
    """
    numbers = sum(size for _, size in sizes)
    area = 3 * size[0] * size[1]
    each = area * ((frames or 1) + len(images)) + 4 * numbers + 100  # bytes, with labels and notes
    need = most * each
    mark = secrets.token_hex(4)  # process numbers repeat among containers that share a cache
    further = [*(["values"] if sizes else []), *(f"image{number}" for number in range(len(images)))]
    kinds = ("u8", "text", "labels", "ends", "upto", "json", *further)
    parts = {kind: cache / f".{key}.{mark}.{kind}.part" for kind in kinds}
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(cache)
        if shutil.disk_usage(cache).free < need:
            raise OSError(FULL[0], "not enough space")
        with ExitStack() as files:
            pixels, text = files.enter_context(parts["u8"].open("wb+")), files.enter_context(parts["text"].open("wb"))
            opened = {kind: files.enter_context(parts[kind].open("wb+")) for kind in further}
            values = opened.pop("values", None)
            writer = Writer(pixels, text, size, values, list(opened.values()), (sizes, images), frames)
            try:
                yield writer
            finally:
                need = max(need, writer.count * each)  # a film is a file of many clips
            others = writer.finish()
        for kind, content in others.items():
            write_file(parts[kind], content)
        (cache / f"{key}.json").unlink(missing_ok=True)
        for kind in ("u8", *(["text"] if writer.stored["text"] else []), *further, *others):
            if kind != "json" or writer.final:
                parts[kind].replace(cache / f"{key}.{kind}")
        sync_folder(cache)
    except OSError as error:
        if error.errno not in FULL:
            raise SfumatoError(
                f"could not keep the decoded pictures in {cache}: {(error.strerror or str(error)).lower()}; "
                "set SFUMATO_CACHE to a folder that can be written."
            ) from error
        least = "at least " if need > most * each else ""
        raise SfumatoError(
            f"the decoded pictures need {least}{need / 1e6:.1f} MB and the disk that holds {cache} is full; free some "
            "space, set SFUMATO_CACHE to a folder on another disk, or decode them as they are shown, by `stream`."
        ) from error
    finally:
        for path in parts.values():
            with suppress(OSError):
                path.unlink()


@contextmanager
def written_together(cache: Path, key: str, kinds: Sequence[str], what: str) -> Iterator[dict[str, Path]]:
    """Paths to write, one of each of `kinds`; they take the places of the files called `key` together, in that order.

    They appear whole or not at all. Raises SfumatoError where the cache can't be written; `what` is what they hold.
    """
    mark = secrets.token_hex(4)  # process numbers repeat among containers that share a cache
    parts = {kind: cache / f".{key}.{mark}.{kind}.part" for kind in kinds}
    try:
        cache.mkdir(parents=True, exist_ok=True)
        yield parts
        for kind, path in parts.items():
            path.replace(cache / f"{key}.{kind}")
        sync_folder(cache)
    except OSError as error:
        reason = "the disk is full" if error.errno in FULL else (error.strerror or str(error)).lower()
        raise SfumatoError(
            f"could not keep {what} in {cache}: {reason}; set SFUMATO_CACHE to a folder with space that can be written."
        ) from error
    finally:
        for path in parts.values():
            with suppress(OSError):
                path.unlink()


def _keep_one_channel(file: BinaryIO, count: int, area: int) -> None:
    """Shrink a file of grey RGB pictures, in place, to their first channel."""
    step = max(1, BLOCK_BYTES // (3 * area))
    for first in range(0, count, step):
        file.seek(3 * area * first)
        pictures = np.frombuffer(file.read(3 * area * min(step, count - first)), np.uint8).reshape(-1, 3, area)
        file.seek(area * first)
        file.write(pictures[:, 0].tobytes())
    file.truncate(area * count)


def _remove_abandoned(cache: Path) -> None:
    """Delete what killed processes left unfinished."""
    for path in cache.glob(".*.part"):
        try:
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                path.unlink()
        except FileNotFoundError:  # another process was faster
            continue
