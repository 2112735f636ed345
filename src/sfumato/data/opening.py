"""What the data sets are called, and the one function that opens any of them."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.arguments import shown
from sfumato.data.dataset import Dataset, Progress
from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from sfumato.data.columns import Columns


MAX_SIDE = 8192  # pixels of a picture that is learnt
OWN = (
    "digits",
    "emoji",
    "shapes",
    "avatars",
    "moving-shapes",
    "moving-avatars",
)  # data sets that the package brings or makes, and so are points


def open_dataset(
    spec: str | Path,
    size: tuple[int, int] | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
    columns: Columns | None = None,
    crop: int = 0,
    stream: bool = False,
    frames: int | None = None,
    fps: float | None = None,
    cut_scenes: bool = False,
) -> Dataset:
    """The data set called `spec`: `digits`, `emoji`, `shapes`, `avatars:STYLE`, `moving-shapes`, `points:NAME`,
    `moving-avatars:STYLE`, or pictures, or with `frames` clips of so many.

    Pictures are in a folder, a ZIP, tar or parquet file, a folder of tar or parquet files, or `hf:NAME` or
    `hf:NAME:SPLIT`, which the `datasets` library gets from the Hugging Face Hub or opens as a folder.
    `points:NAME:COUNT` sets how many points. `size` (height, width) in pixels resizes pictures; `cache` is where
    decoded ones are kept (by default `cache_folder()` in cache.py); `progress(done, total)` is called as they are read;
    `columns` are those of metadata.jsonl that are read beside the captions (see columns.py). With `crop`, pictures are
    kept so many pixels larger, of which training shows `size`, each time at another place. With `stream`, they are
    decoded whenever they are asked for and not kept (see streaming.py). Frames of clips are taken `fps` times a second
    [default: 8] from animations, videos and folders of frames; with `cut_scenes` no clip goes on over a cut of the film
    (see clips.py).
    Raises SfumatoError for a spec that is none of these, for a size that can't be, and where nothing can be used.
    """
    from sfumato.data.avatars import open_avatars
    from sfumato.data.clips import check_clips, open_clips
    from sfumato.data.columns import NONE
    from sfumato.data.digits import open_digits
    from sfumato.data.emoji import open_emoji
    from sfumato.data.folder import open_pictures
    from sfumato.data.huggingface import huggingface_source
    from sfumato.data.moving_avatars import NAME as MOVING_AVATARS
    from sfumato.data.moving_avatars import open_moving_avatars
    from sfumato.data.moving_shapes import NAME as MOVING_SHAPES
    from sfumato.data.moving_shapes import open_moving_shapes
    from sfumato.data.points import POINTS, open_points
    from sfumato.data.shapes import open_shapes
    from sfumato.data.sources import source_of

    spec = named(spec)
    if size is not None and not 1 <= min(size) <= max(size) <= MAX_SIDE:
        raise SfumatoError(
            f"pictures of {size[0]:,}×{size[1]:,} pixels can't be; a size is at least 1×1 and at most {MAX_SIDE:,} a "
            "side."
        )
    own, kind = is_own(spec), spec.partition(":")[0]
    moving = kind == MOVING_SHAPES or spec.startswith(f"{MOVING_AVATARS}:")
    check_clips(frames, fps)
    as_clips = frames is not None or fps is not None
    if cut_scenes and (moving or not as_clips):
        raise SfumatoError(
            "films are there to cut scenes out of: give `frames` and a folder of them, or leave `cut_scenes` out."
        )
    if stream and (own or moving):
        raise SfumatoError(f"{spec} are in no files that could be decoded as they are asked for; leave `stream` out.")
    if moving or as_clips:
        _check_clips(spec, own and not moving, bool(columns), crop)
        if moving and kind == MOVING_AVATARS:
            return open_moving_avatars(spec, size, frames, cache, progress)
        if moving:
            return open_moving_shapes(spec, size, frames)
    if columns and (own or spec.startswith("hf:")):
        name = (*columns.numbers, *columns.vectors, *columns.images)[0]
        raise SfumatoError(f"{spec} comes without metadata, so there is no column '{name}'; give a folder that has it.")
    if crop:
        larger = _larger(spec, size, crop)
        return replace(open_dataset(spec, larger, cache, progress, columns, stream=stream), crop=crop)
    if spec == "digits":
        return open_digits(size)
    if spec.startswith("avatars:"):
        return open_avatars(spec, size, cache, progress)
    if spec == "emoji" or spec.startswith("emoji:"):
        return open_emoji(spec, size, cache, progress)
    if spec == "shapes" or spec.startswith("shapes:"):
        return open_shapes(spec, size, cache, progress)
    if spec.startswith("points:"):
        if size is not None:
            raise SfumatoError(f"{spec} are points, which have no height and width; leave the size out.")
        return open_points(spec)
    if spec.startswith("hf:"):
        return open_pictures(huggingface_source(spec), size, cache, progress, stream)
    if not spec.strip():
        raise SfumatoError("the data set has no name; give digits, points:NAME or a folder of pictures.")
    path = Path(spec)
    try:
        if path.exists() and as_clips:
            return open_clips(source_of(path, moving=True), size, frames, fps, cache, progress, cut_scenes, stream)
        if path.exists():
            return open_pictures(source_of(path, columns or NONE), size, cache, progress, stream)
        beside = [p.name for p in path.parent.iterdir() if p.is_dir()] if path.parent.is_dir() else []
    except PermissionError as refused:
        raise SfumatoError(f"{refused.filename or spec} can't be read: permission denied.") from refused
    if path.parent != Path() or spec.startswith("."):
        close = get_close_matches(path.name, beside, n=1)
        hint = f"; did you mean {path.parent / close[0]}?" if close else "."
        raise SfumatoError(f"there is no folder {spec}{hint}")
    drawn = {name: f"{name}:critters" for name in ("avatars", MOVING_AVATARS)}
    full = {**{name: f"points:{name}" for name in POINTS}, **drawn}
    close = get_close_matches(spec.lower(), [*OWN, *full, *full.values(), *beside], n=1, cutoff=0.7)
    hint = f": did you mean '{full.get(close[0], close[0])}'?" if close else "."
    raise SfumatoError(
        f"unknown data set '{spec}'{hint} It is digits, emoji, shapes, moving-shapes, avatars:STYLE, "
        "moving-avatars:STYLE, points:NAME or hf:NAME; a folder of pictures works too, but there is none called "
        f"{spec} here."
    )


def _check_clips(spec: str, pictures: bool, columns: bool, crop: int) -> None:
    """Raises SfumatoError for what clips can't be, or pictures that can't be clips."""
    if pictures or spec.startswith("hf:"):
        raise SfumatoError(f"{spec} are no clips; leave `frames` and `fps` out, or give a folder of clips.")
    for what, given in (("columns", columns), ("crop", crop)):
        if given:
            raise SfumatoError(f"{spec} are read as clips, which take no `{what}` yet; leave it out.")


def path_of(spec: str) -> Path:
    """Where the files of a data set are that is called so."""
    return Path(spec.removeprefix("hf:"))


def placed(spec: str) -> str:
    """`spec` with its path absolute, so that it is the same set in any folder; '' where it is none of files here."""
    path = path_of(spec)
    if is_own(spec) or not path.exists():
        return ""
    return f"{'hf:' if spec.startswith('hf:') else ''}{path.resolve()}"


def is_own(spec: str) -> bool:
    """Whether the package brings or makes the data set of this name."""
    return spec in OWN or spec.startswith(tuple(f"{name}:" for name in (*OWN, "points")))


def named(spec: str | Path) -> str:
    """`spec` as a text; raises SfumatoError for what names no data set, such as the samples themselves."""
    if isinstance(spec, str | Path):
        return str(spec)
    what = f"a data set is named by a text, such as digits or a folder's path, not by {shown(spec)}"
    raise SfumatoError(
        f"{what}; make one of arrays by `sfumato.datasets.from_arrays`, or of a PyTorch data set by `from_torch`."
    )


def _larger(spec: str, size: tuple[int, int] | None, crop: int) -> tuple[int, int]:
    if spec.startswith("points:"):
        raise SfumatoError(f"{spec} are points, of which nothing can be cut out; leave `crop` out.")
    if size is None or crop < 0:
        raise SfumatoError("`crop` is by how many pixels more than `size` pictures are read: give both, above 0.")
    return size[0] + crop, size[1] + crop
