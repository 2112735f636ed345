"""The files of a folder or an archive: which there are, which are no data whatever they hold, and how to read one."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from sfumato.data.captions import json_object
from sfumato.data.file_kinds import Parts, passed_over
from sfumato.errors import SfumatoError

BROKEN = "a link that leads nowhere"
READ_ALREADY = "a link to a folder that is read already"
SPECIAL = "no regular file"
RUN, DRAWN, CACHE = "a run of Sfumato", "drawn by Sfumato", "a cache of Sfumato"
MAX_CONFIG_BYTES = 1_000_000  # bytes of a run's config.json

Version = tuple[int, int]  # a file's bytes, and a number that is another where it has changed: of its times, or content
LeftOut = Counter[tuple[str, Parts]]  # why, and what is named for it (a file, or the folder it is in) → files


@dataclass
class Listing:
    """Files by their whole path below `root`, with what tells whether they have changed; `read` opens one.

    `left_out` counts those that are no data. `archives` are the paths of those that the files are in, if any.
    """

    root: Path
    files: dict[Parts, Version]
    read: Callable[[Parts], Path | BytesIO]
    left_out: LeftOut = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    archives: frozenset[Parts] = frozenset()

    def content(self, parts: Parts, most: int = -1) -> bytes:
        """The first bytes of a file, or all of it. Raises OSError or ValueError where they can't be had."""
        found = self.read(parts)
        if isinstance(found, BytesIO):
            return found.read(most)
        with found.open("rb") as file:
            return file.read(most)

    def place(self, parts: Parts) -> Parts:
        """Where a file would be if the archives were unpacked where they are."""
        if self.archives:
            for end in range(1, len(parts)):
                if parts[:end] in self.archives:
                    return (*parts[: end - 1], *parts[end:])
        return parts

    def leave_out(self, parts: Parts, reason: str, named: Parts | None = None) -> None:
        """Take a file out of the list."""
        del self.files[parts]
        self.left_out[reason, named or parts] += 1


def walk(root: Path) -> Listing:
    """Every file below the folder `root`, through links too; a folder is read once, by a path without links if any.

    Raises SfumatoError for a folder that may not be entered, unless it is the system's.
    """
    listing = Listing(root, {}, lambda parts: root.joinpath(*parts))
    folders: deque[Parts] = deque([()])
    links: deque[Parts] = deque()
    seen = set()
    while folders or links:
        through_link = not folders
        inside = links.popleft() if through_link else folders.popleft()
        path, over = root.joinpath(*inside), passed_over(inside)
        try:
            status = path.stat()
            above = through_link and root.resolve().is_relative_to(path.resolve())
            if above or (status.st_dev, status.st_ino) in seen:
                listing.left_out[READ_ALREADY, inside] += 1
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(path) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if over is None:
                reason = (error.strerror or str(error)).lower()
                raise SfumatoError(f"{error.filename} can't be read: {reason}.") from error
            listing.left_out[over] += 1
            continue
        for entry in found:
            parts = (*inside, entry.name)
            skipped = over or passed_over(parts, len(inside))
            linked = entry.is_symlink()
            if not linked and entry.is_dir():
                folders.append(parts)
            elif skipped:
                listing.left_out[skipped] += 1
            elif linked and Path(entry.path).is_dir():
                links.append(parts)
            elif Path(entry.path).is_file() if linked else entry.is_file():
                listing.files[parts] = version_of(Path(entry.path))
            else:
                listing.left_out[BROKEN if linked else SPECIAL, parts] += 1
    return listing


def version_of(path: Path) -> Version:
    """What tells a file from others: from a copy with the same times, and from itself once it was edited in place."""
    status = path.stat()
    return status.st_size, hash((status.st_mtime_ns, status.st_ctime_ns, status.st_ino))


def merged(outer: Listing, inner: Mapping[Parts, Listing]) -> Listing:
    """The files of `outer` with those of archives among them in their place."""

    def read(parts: Parts) -> Path | BytesIO:
        for end in range(1, len(parts)):
            if parts[:end] in inner:
                return inner[parts[:end]].read(parts[end:])
        return outer.read(parts)

    listing = Listing(outer.root, {}, read, Counter(outer.left_out), [*outer.notes], frozenset(inner))
    for parts, version in outer.files.items():
        if parts not in inner:
            listing.files[parts] = version
    for archive, own in inner.items():
        listing.files |= {(*archive, *parts): version for parts, version in own.files.items()}
        listing.left_out.update({(reason, (*archive, *named)): n for (reason, named), n in own.left_out.items()})
        listing.notes += own.notes
    return listing


def leave_own_output_out(listing: Listing) -> None:
    """What this package wrote below the root is no data: runs, what it drew, its cache."""
    own: dict[Parts, str] = {}
    for parts in listing.files:
        *folder, name = parts
        if not folder:
            continue
        if name == "config.json":
            with suppress(OSError, ValueError):
                if {"model", "training"} <= json_object(listing.content(parts, MAX_CONFIG_BYTES)).keys():
                    own[tuple(folder)] = RUN
        elif name.endswith(".u8"):
            own[tuple(folder)] = CACHE
        elif len(folder) > 1 and folder[-1] == "samples" and folder[-2].startswith("sfumato-"):
            own[tuple(folder[:-1])] = DRAWN
    for parts in list(listing.files) if own else ():
        if (within := _below(parts, own)) is not None:
            listing.leave_out(parts, own[within], within)
    for (reason, named), number in list(listing.left_out.items()) if own else ():
        if (within := _below(named, own)) is not None:
            del listing.left_out[reason, named]
            listing.left_out[own[within], within] += number


def _below(parts: Parts, folders: Collection[Parts]) -> Parts | None:
    """Which of the folders a file is in."""
    return next((parts[:end] for end in range(1, len(parts)) if parts[:end] in folders), None)
