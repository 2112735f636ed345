"""Folders and archives of clips: animated GIF, WebP and APNG, videos by PyAV, and folders of frames.

The rule by which frames are taken: `fps` times a second, whatever the file's own rate, what is shown at that moment; so
many `frames` in a row are a clip, and the next ones another. Pictures of a folder are a frame each, as they are. With
`cut_scenes`, no clip goes on over a cut of the film. All is decoded once into the cache, with no more than one clip in
memory, or, streamed, whenever it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sfumato.data.cache import cache_folder, open_stored, read_description, write_pictures
from sfumato.data.clip_files import ClipFile, clip_files, clip_sizes
from sfumato.data.clip_reading import Rule, clips_of
from sfumato.data.clip_streaming import open_streamed_clips
from sfumato.data.dataset import Dataset, Progress
from sfumato.data.decode import guarded_against_bombs
from sfumato.data.folder import cache_key, check_count, common_size
from sfumato.data.layout import Source
from sfumato.data.reading import Report
from sfumato.errors import SfumatoError
from sfumato.readable import readable

FRAMES, FPS = 16, 8.0  # of a clip and of a second, where nobody says
MAX_FRAMES, MAX_FPS = 1024, 240.0


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
    stream: bool = False,
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
        rule = partial(Rule, frames=frames, fps=fps, cut_scenes=cut_scenes)

        def asked() -> tuple[int, int]:
            return size or common_size(source, clip_sizes(source, files), "clips")

        with guarded_against_bombs():
            if stream:
                streamed = open_streamed_clips(cache, key, source, files, asked, rule, progress)
                check_count(source, len(streamed), streamed.notes, "clip")
                return streamed
            stored = _decode_into(cache, key, source, files, rule(asked()), progress)
    check_count(source, stored["shape"][0], stored["notes"], "clip")
    return open_stored(cache, key, stored, source.path.as_posix(), source.notes, source.files)


def _decode_into(
    cache: Path, key: str, source: Source, files: Sequence[ClipFile], rule: Rule, progress: Progress | None
) -> dict[str, Any]:
    """Put every clip that can be read into the cache; returns its description."""
    report, used = Report("clip"), set[int]()
    with write_pictures(cache, key, rule.size, len(files), frames=rule.frames) as writer:
        for number, one in enumerate(files, 1):
            for clip, _ in clips_of(one, source, rule):
                if report.usable(one.entry, [clip]) and clip.pixels is not None:
                    writer.add(clip.pixels, clip.grey, one.entry.label, one.entry.captions)
                    used.add(number)
            if progress is not None:
                progress(number, len(files))
        classes = source.in_order(writer.labels)
        writer.final, writer.content, writer.lost = report.final, report.content.hexdigest(), report.lost
        writer.describe(classes, [readable(name) for name in classes], report.notes(source, writer.labels))
        writer.stored["used"] = len(used)
    return writer.stored
