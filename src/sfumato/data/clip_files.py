"""The files of clips: animated GIF, WebP and APNG by Pillow, videos by PyAV, and folders of frames."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, ImageSequence

from sfumato.data.decode import FORMATS, PNG, reason
from sfumato.data.file_kinds import OWNERS, VIDEOS, Parts
from sfumato.data.layout import Entry, Source, left_out
from sfumato.data.signatures import VIDEO, signature
from sfumato.errors import SfumatoError

ANIMATED = (".gif", ".webp", ".apng", ".avif")  # kinds that may move; a .png does where it says so
ANIMATION_CHUNK, HEAD_BYTES = b"acTL", 4096
STILL_SECONDS = 0.1  # for which a frame is shown that says 0, as browsers do it
FFMPEG_WORDS = ("invalid data found when processing input", "end of file")  # of what it makes nothing of
NO_FRAME = "a video without a frame that can be read"
BESIDE_CLIPS = "a still picture beside clips"


@dataclass(frozen=True)
class Shown:
    """A frame that a file shows until so many seconds from its start, and is to be turned by `turn` degrees for it."""

    image: Callable[[], Image.Image]
    until: float
    turn: int = 0


@dataclass(frozen=True)
class ClipFile:
    """The file of a clip or of several, or the pictures of a folder that are the frames."""

    entry: Entry
    frames: tuple[Entry, ...] = ()


def clip_files(source: Source) -> tuple[list[ClipFile], list[str]]:
    """What of the entries of `source` are clips, and a note on those that are none.

    Where nothing among them moves by itself, each folder of pictures is a clip, whose class is the folder around it.
    """
    moving: list[ClipFile] = []
    still: list[Parts] = []
    for entry in source.entries:
        if _moves(source, entry):
            moving.append(ClipFile(entry))
        else:
            still.append(entry.parts)
    if moving:
        return moving, [left_out(still, BESIDE_CLIPS)] if still else []
    folders: dict[tuple[str, ...], list[Entry]] = {}
    for entry in source.entries:
        folders.setdefault(entry.parts[:-1], []).append(entry)
    around = {parts[:-1] for parts in folders}
    found = []
    for parts, entries in folders.items():
        entries.sort(key=lambda entry: _as_counted(entry.parts[-1]))
        label = parts[-2] if len(around) > 1 and len(parts) > 1 else None
        found.append(ClipFile(replace(entries[0], parts=parts or entries[0].parts, label=label), tuple(entries)))
    return found, []


@dataclass(frozen=True)
class ClipFacts:
    """What the file of a clip holds: frames as it has them, how long they last, and whether as long as each other."""

    height: int
    width: int
    frames: int
    seconds: float
    turned: int
    even: bool


def is_clip(path: Path) -> bool:
    """Whether a file is of a kind that moves, by its name, or by its head where that may be either."""
    suffix = path.suffix.lower()
    if suffix == ".png" and path.is_file():
        return _is_animated_png(path)
    return suffix in ANIMATED or OWNERS.get(suffix) == VIDEOS


def clip_facts(path: Path) -> ClipFacts:
    """What the file of a clip holds; raises SfumatoError where it can't be read."""
    size, turned, ends, video = (0, 0), 0, [0.0], OWNERS.get(path.suffix.lower()) == VIDEOS
    try:
        with closing((_by_pyav if video else _by_pillow)(path)) as shown:
            for one in shown:
                if len(ends) == 1:
                    size, turned = one.image().rotate(one.turn, expand=True).size, one.turn
                ends.append(one.until)
    except SfumatoError:
        raise
    except Exception as error:  # decoders raise nearly anything on a broken file
        raise SfumatoError(f"{path} can't be used: {clip_trouble(path, error)}.") from error
    if len(ends) == 1:
        raise SfumatoError(f"{path} can't be used: {NO_FRAME}.")
    lengths = np.diff(ends)[:-1] if len(ends) > 2 else np.diff(ends)
    even = bool(np.ptp(lengths) <= 0.05 * lengths.max())
    return ClipFacts(size[1], size[0], len(ends) - 1, ends[-1], turned, even)


def clip_trouble(file: Path | BytesIO | None, error: Exception) -> str:
    """Why the file of a clip can't be used: `reason`, and for FFmpeg's words what the file is instead."""
    words = reason(file, error)
    if words not in FFMPEG_WORDS or file is None:
        return words
    found = signature(file)
    return found if found and found != VIDEO else "not a video, or a damaged one"


def clip_sizes(source: Source, files: Sequence[ClipFile]) -> Counter[tuple[int, int]]:
    """How many clips there are of each size (height, width), by their first frames."""
    found: Counter[tuple[int, int]] = Counter()
    for one in files:
        try:
            with closing(shown_frames(source, one)) as frames:
                first = next(frames)
                width, height = first.image().rotate(first.turn, expand=True).size
                found[height, width] += 1
        except SfumatoError:
            raise
        except Exception:  # decoding says what is wrong with the file
            continue
    return found


def shown_frames(source: Source, one: ClipFile, at: float = 0.0) -> Generator[Shown, None, None]:
    """The frames of a file in their order, from the one that is shown from the second `at` on."""
    if one.frames:
        for entry in one.frames:
            with Image.open(source.read(entry)) as file:
                yield Shown(file.copy, math.inf)
        return
    yield from (_by_pyav if _is_video(one.entry) else _by_pillow)(source.read(one.entry), at)


def _by_pillow(path: Path | BytesIO, at: float = 0.0) -> Generator[Shown, None, None]:
    until = 0.0
    with Image.open(path) as file:
        if file.format not in FORMATS:
            raise ValueError(f"{file.format} is not a kind that is read")
        for frame in ImageSequence.Iterator(file):
            frame.load()  # some kinds say only then how long it is shown
            begins, until = until, until + (float(frame.info.get("duration") or 0) / 1000 or STILL_SECONDS)
            if begins >= at:
                yield Shown(frame.copy, until)


def _by_pyav(path: Path | BytesIO, at: float = 0.0) -> Generator[Shown, None, None]:
    """Where `at` isn't 0, decoding begins with the last picture before it that stands for itself."""
    try:
        import av
    except ImportError as error:
        raise SfumatoError(
            "videos such as mp4, webm and mov are read by PyAV, which isn't installed; pip install 'sfumato[video]', "
            "or give GIF, WebP or APNG."
        ) from error
    with av.open(path if isinstance(path, BytesIO) else str(path), "r") as container:
        if not container.streams.video:
            raise ValueError("sound without a picture")
        stream = container.streams.video[0]
        rate = float(stream.average_rate or 1 / STILL_SECONDS)
        frames = enumerate(container.decode(stream))
        begins = None
        if at:
            _, first = next(frames)
            if first.time is None or stream.time_base is None:
                raise ValueError("frames without times")
            begins = float(first.time)
            container.seek(int((begins + at) / stream.time_base), stream=stream)
            frames = enumerate(container.decode(stream))
        frame, since, turn = None, 0.0, 0
        for number, following in frames:
            now = number / rate if following.time is None else float(following.time)
            begins = now if begins is None else begins
            if frame is not None and since >= at:
                yield Shown(frame.to_image, now - begins, turn)
            frame, since, turn = following, now - begins, following.rotation
        if frame is not None and since >= at:
            yield Shown(frame.to_image, since + 1 / rate, turn)


def _moves(source: Source, entry: Entry) -> bool:
    """Whether a file is of a kind that moves, as its name or its head says."""
    suffix = PurePosixPath(entry.parts[-1].lower()).suffix
    if _is_video(entry) or suffix in ANIMATED:
        return True
    if suffix != ".png":
        return False
    return _is_animated_png(source.read(entry))


def _is_animated_png(found: Path | BytesIO) -> bool:
    try:
        with found if isinstance(found, BytesIO) else found.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:  # decoding says so
        return False
    return head.startswith(PNG) and ANIMATION_CHUNK in head


def _is_video(entry: Entry) -> bool:
    return OWNERS.get(PurePosixPath(entry.parts[-1].lower()).suffix) == VIDEOS


def _as_counted(name: str) -> list[tuple[int, str]]:
    """A name by which frame 10 comes after frame 9."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]
