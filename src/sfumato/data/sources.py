"""Where a path's pictures come from: a folder, an archive, or a folder of archives; all by the same rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TypeVar

from sfumato.data.columns import NONE, Columns, read_metadata
from sfumato.data.companions import PART, parts_of_samples, read_companions, settled
from sfumato.data.file_kinds import METADATA, NO_PICTURE, OWNERS, TEXTS, VIDEOS, Kind, Parts, begins_a_picture, kind_of
from sfumato.data.layout import Entry, Source, arrange, count_pictures, split_of
from sfumato.data.limits import FILE, limit, too_large
from sfumato.data.listing import Listing, leave_own_output_out, merged, walk
from sfumato.data.metadata import finder
from sfumato.data.parquet import parquet_source
from sfumato.data.report import BESIDE, kinds, sentences, tally
from sfumato.data.tars import list_tar
from sfumato.data.zips import list_zip
from sfumato.errors import SfumatoError
from sfumato.readable import readable

T = TypeVar("T")

LISTERS: dict[str, Callable[[Path], Listing]] = {"zip": list_zip, "tar": list_tar}
CALLED = {"picture": "file", "zip": "ZIP file", "tar": "tar file", "parquet": "parquet file"}
APART = "for others to be conditioned on"
NESTED = "inside another archive"
MAJORITY_RATIO = 2  # times as many pictures as all other kinds hold make a kind the one that is meant
HEAD_BYTES = 16  # bytes that tell a picture


def source_of(path: Path, columns: Columns = NONE, moving: bool = False) -> Source:
    """The pictures at `path`, which exists, with the `columns` of their metadata; where `moving`, videos too.

    Raises SfumatoError where it is no kind that is read, holds none, or holds several kinds of which none is clearly
    meant.
    """
    if path.is_dir():
        return folder_source(replace(walk(path), moving=moving), columns)
    kind = kind_of(path.name)
    if kind in LISTERS:
        return picture_source(replace(LISTERS[kind](path), moving=moving), columns)
    if kind == "parquet" and not moving:
        _refuse(path, columns)
        return parquet_source(path, {(path.name,): path})
    raise SfumatoError(f"{path} is a file; give the folder that holds the pictures, or a zip, tar or parquet file.")


def folder_source(listing: Listing, columns: Columns = NONE) -> Source:
    """The pictures of a folder, or of the archives in it, whichever there are more of; what isn't used is noted."""
    root = listing.root
    leave_own_output_out(listing)
    found: dict[str | None, list[Parts]] = {kind: [] for kind in CALLED}
    for parts in sorted(listing.files):
        if (kind := _kind(listing, parts)) in found:
            found[kind].append(parts)
    if len(found["picture"]) == sum(map(len, found.values())):
        return picture_source(listing, columns)
    opened: dict[Parts, Listing] = {}
    refused: list[SfumatoError] = []
    for archive, lister in LISTERS.items():
        for parts in found[archive]:
            try:
                opened[parts] = replace(lister(root.joinpath(*parts)), moving=listing.moving)
            except SfumatoError as error:
                refused.append(error)
                listing.leave_out(parts, "archives that can't be read")
        found[archive] = [parts for parts in found[archive] if parts in opened]
    counts = {archive: sum(_count(opened[parts]) for parts in found[archive]) for archive in LISTERS}
    counts["picture"] = len(found["picture"])
    table = None
    if found["parquet"]:
        try:
            table = parquet_source(root, {parts: root.joinpath(*parts) for parts in found["parquet"]})
        except SfumatoError as error:
            refused.append(error)
    counts["parquet"] = len(table.entries) if table else 0
    best = _meant(root, found, counts)
    if not counts[best] and refused:
        raise refused[0]
    listing.notes += [str(error) for error in refused]
    for held, paths in found.items():
        for parts in paths if held != best else ():
            listing.leave_out(
                parts, f"beside {_amount(len(found[best]), CALLED[best])} with the pictures that are used"
            )
    if table and best == "parquet":
        _refuse(root, columns)
        for parts in list(listing.files):
            if parts not in found["parquet"]:
                listing.leave_out(parts, _why_unused(parts))
        left_out = Counter(listing.left_out)
        files = Counter({**table.files}) + Counter(tally(left_out))
        notes = [*listing.notes, *table.notes, *_splits(root, found[best]), *sentences(left_out)]
        return replace(table, notes=notes, files=files)
    if best == "picture":
        return picture_source(listing, columns)
    listing.notes += _splits(root, found[best])
    if best == "zip" and len(found[best]) > 1:
        listing.notes.append(
            f"{len(found[best]):,} ZIP files are read together; which one a picture is in is no class."
        )
    return picture_source(merged(listing, {parts: opened[parts] for parts in found[best]}), columns)


def picture_source(listing: Listing, columns: Columns = NONE) -> Source:
    """The pictures among the files of a folder or an archive, with their classes, captions and `columns`.

    Raises SfumatoError where there are none.
    """
    root = listing.root
    if listing.archives or root.is_file():
        leave_own_output_out(listing)
    found: dict[str | None, list[Parts]] = {"picture": [], "text": [], "metadata": []}
    skipped = (f"{number:,} {reason}" for reason, number in tally(listing.left_out).items())
    held = ", ".join([kinds(listing.files), *skipped] if listing.files else skipped)
    for parts in sorted(listing.files):
        if (kind := _kind(listing, parts)) in found:
            found[kind].append(parts)
        else:
            listing.leave_out(parts, _why_unused(parts))
    pictures = found["picture"]
    if not pictures:
        what, such = ("clips", "gif, webp, apng, mp4") if listing.moving else ("pictures", "png, jpg, webp")
        videos = any(_why_unused(parts) == VIDEOS for _, parts in listing.left_out) and not listing.moving
        raise SfumatoError(
            f"{root} holds no {what} (found: {held or 'nothing'}); give one with {such}, … files"
            f"{', or videos as clips, by `frames`' if videos else ''}."
        )
    metadata = read_metadata(_metadata(listing, found["metadata"]), pictures, finder(listing, pictures), columns)
    drawn_from = {parts for images in metadata.images.values() for parts in images}
    versions = {parts: listing.files[parts] for parts in drawn_from}
    for parts in metadata.apart - drawn_from:
        listing.leave_out(parts, APART)
    for parts in parts_of_samples(pictures):
        if parts not in metadata.drawn | metadata.apart | drawn_from:
            listing.leave_out(parts, PART)
    pictures = [parts for parts in pictures if parts in listing.files and parts not in metadata.apart]
    said = read_companions(listing, pictures, found["text"])
    notes: list[str] = []
    order = [*metadata.sources, *TEXTS]
    captions = settled(_together(metadata.captions, said.captions), order, "captions", notes)
    classes = settled(_together(metadata.labels, said.labels), order, "classes", notes)
    labels, lost, arranged = arrange(root, {parts: listing.place(parts) for parts in pictures}, classes)
    for parts, reason in lost.items():
        listing.leave_out(parts, reason)
    entries = [Entry(p, label, *listing.files[p], captions.get(p, ())) for p, label in labels.items()]
    entries = metadata.attached(entries, versions, listing, columns)
    files = {BESIDE: said.read + len(metadata.sources) + len(listing.archives) + len(metadata.apart & drawn_from)}
    return Source(
        root,
        entries,
        [*arranged, *notes, *metadata.notes, *listing.notes, *sentences(listing.left_out)],
        lambda entry: listing.read(entry.parts),
        (),
        tuple(metadata.sizes.items()),
        columns.images,
        files={**files, **tally(listing.left_out)},
    )


def _kind(listing: Listing, parts: Parts) -> Kind | None:
    """What a file is, by its name, or by how it begins if that has no suffix."""
    kind = kind_of(parts[-1])
    if listing.moving and OWNERS.get(PurePosixPath(parts[-1].lower()).suffix) == VIDEOS:
        return "picture"
    if kind == "unnamed" and listing.files[parts][0] <= limit(FILE):
        with suppress(OSError, ValueError):
            return "picture" if begins_a_picture(listing.content(parts, HEAD_BYTES)) else kind
    return kind


def _why_unused(parts: Parts) -> str:
    if kind_of(parts[-1]) in ("zip", "tar", "parquet"):
        return NESTED
    return OWNERS.get(PurePosixPath(parts[-1].lower()).suffix, NO_PICTURE)


def _count(listing: Listing) -> int:
    return sum(kind_of(parts[-1]) == "unnamed" or _kind(listing, parts) == "picture" for parts in listing.files)


def _meant(root: Path, found: Mapping[str | None, Sequence[Parts]], counts: Mapping[str, int]) -> str:
    best = max(counts, key=lambda kind: counts[kind])
    others = [kind for kind in counts if kind != best and counts[kind]]
    if counts[best] < MAJORITY_RATIO * sum(counts[kind] for kind in others):
        held = " and ".join(
            f"{count_pictures(counts[kind])} in {_amount(len(found[kind]), CALLED[kind])}" for kind in (best, *others)
        )
        one = next(found[kind][0] for kind in (best, *others) if kind != "picture")
        raise SfumatoError(
            f"{root} holds {held}; give the one that is meant, such as {readable(str(root.joinpath(*one)))}, or move "
            "the others elsewhere."
        )
    return best


def _amount(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _splits(root: Path, archives: Sequence[Parts]) -> list[str]:
    found = sorted({split for parts in archives if (split := split_of(parts))})
    if len(found) < 2:
        return []
    return [
        f"{' and '.join(found)} are read together; to read one of them alone, give hf:{readable(str(root))}:{found[0]}."
    ]


def _metadata(listing: Listing, files: Sequence[Parts]) -> Iterator[tuple[Parts, bytes]]:
    """Those that can be read, that first whose word counts first."""
    for parts in sorted(files, key=lambda one: (METADATA.index(one[-1].lower()), one)):
        try:
            if listing.files[parts][0] > limit(FILE):
                raise ValueError(too_large(FILE))
            yield parts, listing.content(parts)
        except ValueError as error:
            listing.leave_out(parts, str(error))


def _together(
    one: Mapping[Parts, Mapping[str, T]], other: Mapping[Parts, Mapping[str, T]]
) -> dict[Parts, dict[str, T]]:
    found = {parts: dict(by_source) for parts, by_source in one.items()}
    for parts, by_source in other.items():
        found.setdefault(parts, {}).update(by_source)
    return found


def _refuse(path: Path, columns: Columns) -> None:
    if columns:
        raise SfumatoError(
            f"{path} is parquet, of which only captions and classes are read; give numbers, vectors and images in a "
            f"{METADATA[0]} beside the pictures, in a folder, zip or tar file."
        )
