"""What ZIP and tar files have in common: where their members would be unpacked, and links among them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Generic, TypeVar

from sfumato.data.file_kinds import Parts, passed_over
from sfumato.data.listing import BROKEN, READ_ALREADY, LeftOut
from sfumato.errors import SfumatoError

REPLACED = "replaced by a later one of the same path"
OUTSIDE = "with a path that leads out of the archive"
MAX_LINKS = 40  # links to links, as in Linux

M = TypeVar("M")


@dataclass
class Members(Generic[M]):
    """The files of the archive `path` by where they would be unpacked; of one path the last counts, as on a disk."""

    path: Path
    files: dict[Parts, M] = field(default_factory=dict)
    left_out: LeftOut = field(default_factory=LeftOut)
    _links: dict[Parts, Parts | None] = field(default_factory=dict)
    _raw: dict[Parts, str] = field(default_factory=dict)

    def add(self, name: str, member: M, raw: str | None = None) -> None:
        """Take up a file called `name`, or `raw` in the archive itself.

        Raises SfumatoError where two names in the archive are the same path here alone.
        """
        if parts := self._new(name, raw):
            self.files[parts] = member

    def link(self, name: str, target: str, hard: bool = False) -> None:
        """Take up a link to `target`: from the archive's top if it is `hard`, or from where the link is."""
        if parts := self._new(name, None):
            self._links[parts] = joined(() if hard else parts[:-1], target)

    def leave_out(self, name: str, reason: str) -> None:
        """Count a member that is no file."""
        parts = joined((), name) or (name,)
        self.left_out[passed_over(parts) or (reason, parts)] += 1

    def resolve(self) -> None:
        """After the last member: put in the place of each link what it leads to."""
        folders = (
            {parts[:end] for parts in (*self.files, *self._links) for end in range(len(parts))} if self._links else ()
        )
        for parts, target in self._links.items():
            for _ in range(MAX_LINKS):
                if target is None or target not in self._links:
                    break
                target = self._links[target]
            if target in self.files:
                self.files[parts] = self.files[target]
            else:
                self.left_out[READ_ALREADY if target in folders else BROKEN, parts] += 1

    def _new(self, name: str, raw: str | None) -> Parts | None:
        parts = joined((), name)
        if not parts:
            self.left_out[OUTSIDE, (name,)] += 1
            return None
        if over := passed_over(parts):
            self.left_out[over] += 1
            return None
        raw = name if raw is None else raw
        if parts in self._raw:
            if joined((), self._raw[parts]) != joined((), raw):
                raise SfumatoError(
                    f"{self.path} holds '{self._raw[parts]}' and '{raw}', which are one path; rename one of them."
                )
            self.left_out[REPLACED, parts] += 1
            self.files.pop(parts, None)
            self._links.pop(parts, None)
        self._raw[parts] = raw
        return parts


def joined(folder: Parts, path: str) -> Parts | None:
    """Where `path` leads from `folder`, below the archive's top; None where it leads out of it."""
    found = list(folder) if not path.startswith("/") else []
    for part in PurePosixPath(path).parts:
        if part == "..":
            if not found:
                return None
            found.pop()
        elif part != "/":
            found.append(part)
    return tuple(found)
