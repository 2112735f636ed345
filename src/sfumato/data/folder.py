"""Any folder of pictures: scanned first, converted and reported, decoded once into a memory-mapped cache.

Subfolders become classes. Whatever can't be read is left out and named, before training begins rather than hours in.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from sfumato.data.dataset import Dataset, Progress
from sfumato.errors import SfumatoError
from sfumato.files import FULL, replace_file

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"}
VERSION = 1  # of the cache; raise it when decoding changes
CHUNK = 256  # pictures decoded at a time, so that memory stays flat
NAMED = 5  # files named in a note before "and n more"


@dataclass(frozen=True)
class _Entry:
    path: Path
    label: str | None


@dataclass(frozen=True)
class _Decoded:
    pixels: NDArray[np.uint8] | None  # (3, height, width), None where the file can't be used
    grey: bool = False
    facts: tuple[str, ...] = ()  # conversions, in the words of the report
    problem: str = ""


def open_folder(
    root: Path, size: tuple[int, int] | None = None, cache: Path | None = None, progress: Progress | None = None
) -> Dataset:
    """The pictures below `root`, uint8 `(count, 1 or 3, height, width)`.

    Where pictures lie in subfolders, the subfolders are the classes, in alphabetical order. Pictures are resized to
    cover `size` and cropped at the centre; without `size` they must all be of one size. Greyscale stays one channel if
    every picture is grey. Raises SfumatoError where fewer than two pictures can be used, or the disk is full.
    """
    entries, notes = _list(root)
    if not entries:
        raise SfumatoError(_nothing_found(root))
    size = size or _common_size(root, entries)
    cache = cache or cache_folder()
    key = _key(root, entries, size)
    stored = _read_cache(cache, key)
    if stored is None:
        stored = _fill_cache(cache, key, root, entries, size, progress)
    count = stored["shape"][0]
    if count < 2:
        left = f" ({stored['notes'][0]})" if stored["notes"] else ""
        raise SfumatoError(
            f"{root} holds {_pictures(count)} that can be read{left}; training needs at least 2, better 500."
        )
    samples = np.memmap(cache / f"{key}.u8", np.uint8, "r", shape=tuple(stored["shape"]))
    classes = tuple(stored["classes"])
    labels = np.array(stored["labels"], np.int64) if classes else None
    return Dataset(root.as_posix(), samples, labels, classes, (*notes, *stored["notes"]))


def cache_folder() -> Path:
    """Where decoded pictures are kept: $SFUMATO_CACHE, or sfumato in the user's cache folder."""
    if own := os.environ.get("SFUMATO_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sfumato"


def _list(root: Path) -> tuple[list[_Entry], list[str]]:
    """Every picture file with its class, and what the reader should know about the layout."""

    def pictures(folder: Path, pattern: str) -> list[Path]:
        found = (p for p in folder.glob(pattern) if p.suffix.lower() in SUFFIXES and p.is_file())
        return sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(root).parts))

    loose = pictures(root, "*")
    folders = sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith(".") and pictures(p, "**/*"))
    if len(folders) == 1 and not loose:
        inner = [p for p in folders[0].iterdir() if p.is_dir() and pictures(p, "**/*")]
        if inner:  # train/dog/x.png: the wrapping folder is no class
            folders, loose = sorted(inner), pictures(folders[0], "*")
    if not folders:
        return [_Entry(path, None) for path in loose], []
    if len(folders) == 1 and not loose:
        return [_Entry(path, None) for path in pictures(folders[0], "**/*")], []
    notes = []
    if loose:
        notes.append(f"{_pictures(len(loose))} outside the class folders left out: {_names(loose)}.")
    return [_Entry(path, folder.name) for folder in folders for path in pictures(folder, "**/*")], notes


def _nothing_found(root: Path) -> str:
    others = Counter(p.suffix.lower() or "no suffix" for p in root.rglob("*") if p.is_file())
    held = ", ".join(f"{n} {suffix}" for suffix, n in others.most_common(3)) if others else "nothing"
    return f"{root} holds no pictures (found: {held}); give a folder with png, jpg, webp, bmp, gif or tiff files."


def _common_size(root: Path, entries: Sequence[_Entry]) -> tuple[int, int]:
    """The one size of all pictures that open; reads their headers only."""

    def measure(entry: _Entry) -> tuple[int, int] | None:
        try:
            with Image.open(entry.path) as image:
                width, height = image.size
                turned = image.getexif().get(0x0112, 1) >= 5
        except Exception:  # whatever is wrong with the file is reported when it is decoded
            return None
        return (width, height) if turned else (height, width)

    with _strict_about_size(), ThreadPoolExecutor() as pool:
        sizes = Counter(size for size in pool.map(measure, entries) if size)
    if len(sizes) > 1:
        (common, _), (other, _) = sizes.most_common(2)
        nearest = min((32, 64, 128, 256), key=lambda side: abs(side - min(min(s) for s in sizes)))
        raise SfumatoError(
            f"the pictures in {root} have {len(sizes)} different sizes, such as {common[0]}×{common[1]} and "
            f"{other[0]}×{other[1]}; choose one for all with --size, for example --size {nearest}."
        )
    return next(iter(sizes), (64, 64))  # if nothing opens, decoding says why


def _key(root: Path, entries: Sequence[_Entry], size: tuple[int, int]) -> str:
    digest = hashlib.sha256(f"{VERSION} {size}".encode())
    for entry in entries:
        status = entry.path.stat()
        digest.update(
            f"{entry.path.relative_to(root)}\0{entry.label}\0{status.st_size}\0{status.st_mtime_ns}\n".encode()
        )
    return f"{root.resolve().name[:40]}-{digest.hexdigest()[:16]}"


def _read_cache(cache: Path, key: str) -> dict[str, Any] | None:
    """The description of a cached set, or None where there is none or it is damaged."""
    try:
        stored = json.loads((cache / f"{key}.json").read_bytes())
        whole = (cache / f"{key}.u8").stat().st_size == int(np.prod(stored["shape"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return stored if whole else None


def _fill_cache(
    cache: Path, key: str, root: Path, entries: Sequence[_Entry], size: tuple[int, int], progress: Progress | None
) -> dict[str, Any]:
    """Decode every picture into `cache/key.u8`, then describe it in `cache/key.json`, which makes it valid."""
    need = len(entries) * 3 * size[0] * size[1]
    part = cache / f".{key}.{os.getpid()}.part"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(cache).free < need:
            raise OSError(FULL[0], "not enough space")
        stored = _decode_all(part, root, entries, size, progress)
        part.replace(cache / f"{key}.u8")
    except OSError as error:
        if error.errno not in FULL:
            raise SfumatoError(
                f"could not keep the decoded pictures in {cache}: {(error.strerror or str(error)).lower()}; "
                "set SFUMATO_CACHE to a folder that can be written."
            ) from error
        raise SfumatoError(
            f"the decoded pictures need {need / 1e6:.1f} MB and the disk that holds {cache} is full; free some space, "
            "or set SFUMATO_CACHE to a folder on another disk."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    replace_file(cache / f"{key}.json", json.dumps(stored).encode())
    return stored


def _decode_all(
    part: Path, root: Path, entries: Sequence[_Entry], size: tuple[int, int], progress: Progress | None
) -> dict[str, Any]:
    kept: list[_Entry] = []
    problems: dict[str, list[Path]] = {}
    facts: Counter[str] = Counter()
    all_grey = True
    with part.open("wb") as file:
        for done, (entry, decoded) in enumerate(_decoded(entries, size), start=1):
            if decoded.pixels is None:
                problems.setdefault(decoded.problem, []).append(entry.path)
            else:
                file.write(decoded.pixels.tobytes())
                kept.append(entry)
                facts.update(decoded.facts)
                all_grey = all_grey and decoded.grey
            if progress is not None:
                progress(done, len(entries))
        file.flush()
        os.fsync(file.fileno())
    channels = 3
    if kept and all_grey:
        channels = 1
        _keep_one_channel(part, (len(kept), 3, *size))
    classes = sorted({entry.label for entry in kept if entry.label is not None})
    lost = sorted({e.label for e in entries if e.label is not None} - set(classes))
    notes = [f"{_pictures(len(paths))} left out ({reason}): {_names(paths)}." for reason, paths in problems.items()]
    notes += [f"{_pictures(number)} {fact}." for fact, number in facts.items()]
    notes += [f"class '{name}' has no picture that can be read and was dropped." for name in lost]
    return {
        "shape": [len(kept), channels, *size],
        "labels": [classes.index(entry.label) for entry in kept if entry.label is not None],
        "classes": classes,
        "notes": notes,
    }


def _decoded(entries: Sequence[_Entry], size: tuple[int, int]) -> Iterator[tuple[_Entry, _Decoded]]:
    with _strict_about_size(), ThreadPoolExecutor() as pool:
        for first in range(0, len(entries), CHUNK):
            some = entries[first : first + CHUNK]
            yield from zip(some, pool.map(lambda entry: _decode(entry.path, size), some), strict=True)


def _decode(path: Path, size: tuple[int, int]) -> _Decoded:
    """One picture as `(3, height, width)` bytes, with what had to be done to it."""
    height, width = size
    try:
        with Image.open(path) as file:
            facts = ["with several frames: the first is used"] if getattr(file, "n_frames", 1) > 1 else []
            file.draft(None, (2 * width, 2 * height))  # lets JPEG decode at a fraction of its size
            before = file.size
            image = ImageOps.exif_transpose(file)
            if image.getexif() != file.getexif():
                facts.append("turned upright by their EXIF orientation")
            image, more = _eight_bit(image)
            grey_mode = image.mode == "L"
            if min(before[0] / width, before[1] / height) < 1:
                more.append(f"smaller than {height}×{width} and enlarged")
            rgb = ImageOps.fit(image.convert("RGB"), (width, height), Image.Resampling.LANCZOS)
    except Image.DecompressionBombWarning:
        return _Decoded(None, problem="too large to open safely")
    except Exception as error:  # Pillow's decoders raise nearly anything on a broken file
        return _Decoded(None, problem=_reason(error))
    pixels = np.asarray(rgb)
    grey = grey_mode or bool((pixels == pixels[..., :1]).all())
    return _Decoded(np.ascontiguousarray(pixels.transpose(2, 0, 1)), grey, (*facts, *more))


def _eight_bit(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """The picture in mode L or RGB, and what was converted."""
    mode = image.mode
    if mode in ("L", "RGB"):
        if "transparency" not in image.info:
            return image, []
    elif mode.startswith("I"):
        values = np.asarray(image).astype(np.float64)
        scale = 257 if mode.startswith("I;16") or values.max() > 255 else 1
        return Image.fromarray(np.rint(values / scale).clip(0, 255).astype(np.uint8)), ["of 16 bits scaled to 8"]
    elif mode == "F":
        raise ValueError("floating-point pixels without a known range")
    elif mode == "1":
        return image.convert("L"), []
    if mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        flat = Image.alpha_composite(white, rgba).convert("L" if mode in ("L", "LA", "La") else "RGB")
        transparent = np.asarray(rgba)[..., 3].min() < 255
        return flat, ["with transparency placed on white"] if transparent else []
    return image.convert("RGB"), [f"converted from {mode} to RGB"] if mode != "P" else []


def _reason(error: Exception) -> str:
    words = str(error).lower()
    if "truncated" in words:
        return "the file is truncated"
    if "cannot identify" in words or "broken" in words:
        return "not a valid picture"
    if "decompression bomb" in words:
        return "too large to open safely"
    return words.split("\n")[0][:80] or type(error).__name__


def _keep_one_channel(path: Path, shape: tuple[int, int, int, int]) -> None:
    """Rewrite a file of grey RGB pictures with their first channel alone."""
    smaller = path.with_suffix(".grey")
    try:
        pixels = np.memmap(path, np.uint8, "r", shape=shape)
        with smaller.open("wb") as file:
            for first in range(0, shape[0], CHUNK):
                file.write(pixels[first : first + CHUNK, 0].tobytes())
            file.flush()
            os.fsync(file.fileno())
        del pixels
        smaller.replace(path)
    finally:
        smaller.unlink(missing_ok=True)


@contextmanager
def _strict_about_size() -> Iterator[None]:
    """Pillow's warning about enormous pictures becomes an error while the block is open."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL", category=UserWarning)
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _pictures(count: int) -> str:
    return f"{count:,} picture" if count == 1 else f"{count:,} pictures"


def _names(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return ", ".join(path.name for path in paths[:NAMED]) + more
