"""Folders and archives of clips: animated GIF, WebP and APNG, videos by PyAV, and folders of frames.

The rule by which frames are taken: `fps` times a second, whatever the file's own rate, what is shown at that moment; so
many `frames` in a row are a clip, and the next ones another. Pictures of a folder are a frame each, as they are. With
`cut_scenes`, no clip goes on over a cut of the film. All is decoded once into the cache, with no more than one clip in
memory.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from sfumato.data.cache import cache_folder, open_stored, read_description, write_pictures
from sfumato.data.dataset import Dataset, Progress
from sfumato.data.decode import FORMATS, PNG, Decoded, decode, fitted, guarded_against_bombs, reason
from sfumato.data.file_kinds import OWNERS, VIDEOS
from sfumato.data.folder import cache_key, check_count, common_size
from sfumato.data.layout import Entry, Source, left_out
from sfumato.data.reading import Report
from sfumato.errors import SfumatoError
from sfumato.readable import readable

FRAMES, FPS = 16, 8.0  # of a clip and of a second, where nobody says
MAX_FRAMES, MAX_FPS = 1024, 240.0
ANIMATED = (".gif", ".webp", ".apng", ".avif")  # kinds that may move; a .png does where it says so
ANIMATION_CHUNK, HEAD_BYTES = b"acTL", 4096
STILL_SECONDS = 0.1  # for which a frame is shown that says 0, as browsers do it
TURNED, UNEVEN = "turned upright as their rotation says", "with frames of unequal length, taken by the clock"
SCENES = "of several scenes, cut where one ends"
# A cut, on grey levels of 255: frames as far apart as pictures of two things, or three times as far as any two of the
# scene before.
FAR, NEAR, TIMES, GRID = 40.0, 15.0, 3.0, 16
CUT_OFF = "that break off, of which the whole part is used"
BESIDE_CLIPS = "a still picture beside clips"

Pixels = tuple[NDArray[np.uint8], bool]  # of one frame, RGB, and whether it is grey


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


def check_clips(frames: int | None, fps: float | None) -> None:
    """Raises SfumatoError for what no clip has."""
    if frames is not None and not 1 <= frames <= MAX_FRAMES:
        raise SfumatoError(f"a clip has 1 to {MAX_FRAMES:,} `frames`, not {frames}.")
    if fps is not None and not 0 < fps <= MAX_FPS:
        raise SfumatoError(f"`fps` are frames a second, above 0 and up to {MAX_FPS:g}, not {fps:g}.")


def open_clips(
    source: Source,
    size: tuple[int, int] | None = None,
    frames: int | None = None,
    fps: float | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
    cut_scenes: bool = False,
) -> Dataset:
    """The clips of `source`, uint8 `(count, frames, 1 or 3, height, width)`, by the rule above; see `open_pictures`.

    Raises SfumatoError where fewer than two can be used, where PyAV is needed and isn't there, or the disk is full.
    """
    frames, fps, cache = frames or FRAMES, fps or FPS, cache or cache_folder()
    files, notes = clip_files(source)
    source = replace(source, entries=[one.entry for one in files], notes=[*source.notes, *notes])
    cut = [cut_scenes] if cut_scenes else []
    key = cache_key(source, size, frames, fps, [[still.changed for still in one.frames] for one in files], *cut)
    stored = read_description(cache, key)
    if stored is None:
        report, used = Report("clip"), set[int]()
        with guarded_against_bombs():
            size = size or common_size(source, clip_sizes(source, files), "clips")
            with write_pictures(cache, key, size, len(files), frames=frames) as writer:
                for number, one in enumerate(files, 1):
                    for clip in clips_of(one, source, size, frames, fps, cut_scenes):
                        if report.usable(one.entry, [clip]) and clip.pixels is not None:
                            writer.add(clip.pixels, clip.grey, one.entry.label, one.entry.captions)
                            used.add(number)
                    if progress is not None:
                        progress(number, len(files))
                classes = source.in_order(writer.labels)
                writer.final, writer.content, writer.lost = report.final, report.content.hexdigest(), report.lost
                writer.describe(classes, [readable(name) for name in classes], report.notes(source, writer.labels))
                writer.stored["used"] = len(used)
        stored = writer.stored
    check_count(source, stored["shape"][0], stored["notes"], "clip")
    return open_stored(cache, key, stored, source.path.as_posix(), source.notes, source.files)


def clip_files(source: Source) -> tuple[list[ClipFile], list[str]]:
    """What of the entries of `source` are clips, and a note on those that are none.

    Where nothing among them moves by itself, each folder of pictures is a clip, whose class is the folder around it.
    """
    moving = [entry for entry in source.entries if _moves(source, entry)]
    if moving:
        still = [entry.parts for entry in source.entries if entry not in set(moving)]
        return [ClipFile(entry) for entry in moving], [left_out(still, BESIDE_CLIPS)] if still else []
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
    """Whether a file is of a kind that moves, by its name."""
    suffix = path.suffix.lower()
    return path.is_file() and (suffix in ANIMATED or OWNERS.get(suffix) == VIDEOS)


def clip_facts(path: Path) -> ClipFacts:
    """What the file of a clip holds; raises SfumatoError where it can't be read."""
    size, turned, ends = (0, 0), 0, [0.0]
    try:
        with closing((_by_pyav if OWNERS.get(path.suffix.lower()) == VIDEOS else _by_pillow)(path)) as shown:
            for one in shown:
                if len(ends) == 1:
                    size, turned = one.image().rotate(one.turn, expand=True).size, one.turn
                ends.append(one.until)
    except SfumatoError:
        raise
    except Exception as error:  # decoders raise nearly anything on a broken file
        raise SfumatoError(f"{path} can't be used: {reason(path, error)}.") from error
    lengths = np.diff(ends)[:-1] if len(ends) > 2 else np.diff(ends)
    even = bool(np.ptp(lengths) <= 0.05 * lengths.max())
    return ClipFacts(size[1], size[0], len(ends) - 1, ends[-1], turned, even)


def clip_sizes(source: Source, files: Sequence[ClipFile]) -> Counter[tuple[int, int]]:
    """How many clips there are of each size (height, width), by their first frames."""
    found: Counter[tuple[int, int]] = Counter()
    for one in files:
        try:
            with closing(_shown(source, one)) as frames:
                first = next(frames)
                width, height = first.image().rotate(first.turn, expand=True).size
                found[height, width] += 1
        except SfumatoError:
            raise
        except Exception:  # decoding says what is wrong with the file
            continue
    return found


def clips_of(
    one: ClipFile, source: Source, size: tuple[int, int], frames: int, fps: float, cut_scenes: bool = False
) -> Iterator[Decoded]:
    """The clips of a file, or the problem that leaves it out; raises SfumatoError where PyAV is missing."""
    facts: list[str] = []
    told: list[str] = []
    found: list[Pixels] = []
    whole, cut = 0, Cuts() if cut_scenes else None
    try:
        with closing(_taken(source, one, size, frames, fps, facts)) as taken:
            for pixels in taken:
                if cut is not None and cut.before(pixels[0]):
                    facts.append(SCENES)
                    found.clear()
                found.append(pixels)
                if len(found) == frames:
                    whole += 1
                    clip = np.stack([each for each, _ in found])
                    new = tuple(fact for fact in dict.fromkeys(facts) if fact not in told)
                    told += new
                    yield Decoded(clip, all(grey for _, grey in found), new)
                    found.clear()
    except SfumatoError:
        raise
    except Exception as error:  # decoders raise nearly anything on a broken file
        if not whole:
            yield Decoded(None, problem=reason(None, error), passing=isinstance(error, MemoryError))
            return
        facts.append(CUT_OFF)
    if not whole:
        rate = "" if one.frames else f" at {fps:g} a second"
        short = f"without a scene of {frames} frames" if SCENES in facts else f"shorter than {frames} frames"
        few = f"{short}{rate}; give fewer `frames`{'' if one.frames else ', or more `fps`'}"
        yield Decoded(None, problem="a single frame" if len(found) == 1 else few)


class Cuts:
    """Where a film cuts from a scene to the next: each frame, `(channels, height, width)` uint8, is asked in turn."""

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._furthest: float | None = None  # of two frames of this scene

    def before(self, pixels: NDArray[np.uint8]) -> bool:
        """Whether a new scene begins with this frame."""
        last, self._last = self._last, _coarse(pixels)
        if last is None:
            return False
        apart = float(np.abs(self._last - last).mean())
        if apart > FAR or (self._furthest is not None and apart > max(NEAR, TIMES * self._furthest)):
            self._furthest = None
            return True
        self._furthest = max(apart, self._furthest or 0.0)
        return False


def _coarse(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The picture in some 16 squares a side, which grain and small movements change little."""
    channels, height, width = pixels.shape
    side = max(1, min(height, width) // GRID)
    whole = pixels[:, : height // side * side, : width // side * side]
    squares = whole.reshape(channels, height // side, side, width // side, side)
    coarse: NDArray[np.float32] = squares.mean((2, 4), dtype=np.float32)
    return coarse


def _taken(
    source: Source, one: ClipFile, size: tuple[int, int], frames: int, fps: float, facts: list[str]
) -> Generator[Pixels, None, None]:
    """The frames by the rule, one after another; what was done to them is added to `facts`."""
    for still in one.frames:
        decoded = decode(partial(source.read, still), size)
        if decoded.pixels is None:
            raise ValueError(f"its frame {readable(still.parts[-1])}: {decoded.problem}")
        facts += decoded.facts
        yield decoded.pixels, decoded.grey
    if one.frames:
        return
    number, before, first = 0, 0.0, 0.0
    with closing(_shown(source, one)) as shown:
        for each in shown:
            first = first or each.until
            if UNEVEN not in facts and before and abs(each.until - before - first) > 0.05 * first:
                facts.append(UNEVEN)
            before = each.until
            last = math.ceil((each.until - 1e-6) * fps)  # the first that is taken after it
            if number < last:
                image = each.image()
                pixels, grey, done = fitted(image.rotate(each.turn, expand=True) if each.turn else image, image, size)
                facts += [*done, *([TURNED] if each.turn else [])]
                for _ in range(min(last - number, frames)):  # what stands still for longer is no clip by itself
                    yield pixels, grey
            number = max(number, last)


def _shown(source: Source, one: ClipFile) -> Generator[Shown, None, None]:
    """The frames of a file in their order."""
    if one.frames:
        for entry in one.frames:
            with Image.open(source.read(entry)) as file:
                yield Shown(file.copy, math.inf)
        return
    yield from (_by_pyav if _is_video(one.entry) else _by_pillow)(source.read(one.entry))


def _by_pillow(path: Path | BytesIO) -> Generator[Shown, None, None]:
    until = 0.0
    with Image.open(path) as file:
        if file.format not in FORMATS:
            raise ValueError(f"{file.format} is not a kind that is read")
        for frame in ImageSequence.Iterator(file):
            frame.load()  # some kinds say only then how long it is shown
            until += float(frame.info.get("duration") or 0) / 1000 or STILL_SECONDS
            yield Shown(frame.copy, until)


def _by_pyav(path: Path | BytesIO) -> Generator[Shown, None, None]:
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
        frame, begins = None, 0.0
        for number, following in enumerate(container.decode(stream)):
            at = number / rate if following.time is None else float(following.time)
            if frame is None:
                begins = at
            else:
                yield Shown(frame.to_image, at - begins, frame.rotation)
            frame, ends = following, at - begins + 1 / rate
        if frame is not None:
            yield Shown(frame.to_image, ends, frame.rotation)


def _moves(source: Source, entry: Entry) -> bool:
    """Whether a file is of a kind that moves, as its name or its head says."""
    suffix = PurePosixPath(entry.parts[-1].lower()).suffix
    if _is_video(entry) or suffix in ANIMATED:
        return True
    if suffix != ".png":
        return False
    found = source.read(entry)
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
