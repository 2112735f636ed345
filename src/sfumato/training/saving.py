"""What a run writes as it trains: checkpoints, which it can't do without, and what it can.

On a disk that is nearly full checkpoints come first: room is kept for the next one, and what else there is no room for
is given up, with a note.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sfumato.errors import SfumatoError
from sfumato.files import NotWritten, free_disk
from sfumato.hub.checkpoints import MARGIN, checkpoint_path, megabytes, newest_checkpoint, saved_in, write_checkpoint
from sfumato.hub.loading import WEIGHT_FILES
from sfumato.training.averages import snapshots_of, store_averages
from sfumato.training.run_loop import RunLoop
from sfumato.training.state import snapshot_bytes, state_bytes

FIRST_SAVE = 30.0  # seconds after which the first checkpoint of a run is written, to sample from while it trains


@dataclass(frozen=True)
class Saved:
    """A checkpoint was written."""

    step: int
    path: Path


@dataclass(frozen=True)
class Noted:
    """Something worth knowing that doesn't stop the run: a sentence."""

    text: str


class Saver:
    """Writes the files of the run in `folder`; of each kind that is given up it tells once."""

    def __init__(self, folder: Path, trainer: RunLoop) -> None:
        self.folder, self.trainer = folder, trainer
        self.place = folder / "checkpoints"
        self._notes: set[str] = set()

    def note(self, kind: str, text: str) -> Iterator[Noted]:
        """Say so, once for a kind."""
        if kind not in self._notes:
            self._notes.add(kind)
            yield Noted(text)

    def optional(self, what: str, write: Callable[[], object]) -> Iterator[Noted]:
        """Have `write` write a file that the run can do without."""
        try:
            write()
        except (NotWritten, OSError) as error:
            why = str(error) if isinstance(error, NotWritten) else f"it can't be written ({error.strerror})"
            yield from self.note(what, f"the run goes on without {what}: {why.rstrip('.')}.")

    def crowded(self) -> Iterator[Noted]:
        """Say so where there is no room for two checkpoints; all processes call this."""
        if self.trainer.processes.main and _room(self.folder, self.trainer.step) < 2 * state_bytes(self.trainer):
            need = megabytes(state_bytes(self.trainer))
            yield from self.note(
                "checkpoint",
                f"the disk has no room for two checkpoints of {need} beside each other: one is saved at the end or "
                "when the run is stopped, and none on the way.",
            )

    def checkpoint(self, last: bool) -> Iterator[Saved | Noted]:
        """Write a checkpoint, and before it what lies beside it (see RunLoop.beside).

        Unless it is the `last`, it is left out where the last would then find no room, and while steps fail, whose
        weights may be worse than those that were saved. All processes call this.
        """
        trainer, main = self.trainer, self.trainer.processes.main
        path = checkpoint_path(self.place, trainer.step)
        short = main and _room(self.folder, trainer.step) < 2 * state_bytes(trainer)
        if not last and (trainer.failing or trainer.processes.same(short)):
            yield from self.crowded()
            return
        if not main and not trainer.sharded:
            yield Saved(trainer.step, path)
            return
        files, counters = trainer.state()
        if not main:
            yield Saved(trainer.step, path)
            return
        # First: one without its checkpoint is written again, the other way round not.
        for what, write in trainer.beside(self.folder, files):
            yield from self.optional(what, write)
        older = _spare(self.folder, trainer.step)
        while free_disk(self.folder) < state_bytes(trainer) + MARGIN and older:
            shutil.rmtree(older.pop(0))
            yield from self.note("keep", "the disk is nearly full: fewer checkpoints are kept than `checkpoints` says.")
        keep = trainer.step + 1 if trainer.failing else trainer.config.keeping.checkpoints
        yield Saved(trainer.step, write_checkpoint(self.place, trainer.step, files, counters, keep))

    def snapshot(self) -> Iterator[Noted]:
        """Write a snapshot of the averages, where that leaves room for checkpoints. All processes call this."""
        trainer = self.trainer
        if not trainer.profiles or trainer.adapters_alone:
            return
        need = snapshot_bytes(trainer) + 2 * state_bytes(trainer)
        if trainer.processes.same(trainer.processes.main and _room(self.folder, trainer.step) < need):
            yield from self.note(
                "averages", "the disk is nearly full: snapshots of the averages, for `sfumato ema`, are left out."
            )
        elif trainer.processes.main or trainer.sharded:
            yield from self.optional("averages/", lambda: store_averages(self.folder, trainer))

    def what_is_left(self) -> str:
        """What there is to go on with after a run that failed, in a sentence that says what was looked at."""
        newest, _ = newest_checkpoint(self.place, (WEIGHT_FILES["ema"],))
        if newest is None:
            return "Nothing was saved that could generate."
        finite = all(bool(value.isfinite().all()) for value in newest.read(WEIGHT_FILES["ema"]).values())
        words = "its weights are finite numbers" if finite else "its weights are not all finite numbers"
        return f"{newest.path} is intact, and {words}."


def disk_bytes(trainer: RunLoop) -> int:
    """About what a run takes on the disk in the end, previews apart."""
    kept = bool(trainer.profiles) and not trainer.adapters_alone
    snapshots = snapshots_of(trainer.config) * snapshot_bytes(trainer) if kept else 0
    return trainer.config.keeping.checkpoints * state_bytes(trainer) + snapshots


def check_room(folder: Path, trainer: RunLoop, besides: int = 0) -> None:
    """Raises SfumatoError, in all processes, where the disk has no room for a checkpoint and bytes `besides`."""
    need, lack = state_bytes(trainer) + besides, ""
    if trainer.processes.main and (room := _room(folder, trainer.step)) < need:
        lack = (
            f"the disk that holds {folder} is too full: what the run has to save takes {megabytes(need)} and "
            f"{megabytes(max(0, room))} are free; make room, or write elsewhere."
        )
    if lack := trainer.processes.same(lack):
        raise SfumatoError(lack)


def _room(folder: Path, step: int) -> int:
    """The bytes that the checkpoint of `step` may take: those that are free, and those that may make room for it."""
    return free_disk(folder) - MARGIN + sum(map(_size, _spare(folder, step)))


def _spare(folder: Path, step: int) -> list[Path]:
    """The checkpoints before the newest one that the run has reached; it is intact, which later ones may not be."""
    return [path for path in saved_in(folder / "checkpoints") if path < checkpoint_path(path.parent, step)][:-1]


def _size(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            size += path.stat().st_size
    return size
