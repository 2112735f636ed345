"""Checkpoints on disk: a folder of safetensors files and a `state.json` that knows their hashes.

A checkpoint appears whole or not at all: it is written under a temporary name, synced, and renamed. One whose hashes
don't match (a truncated or altered file) is passed over for the one before it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from sfumato.data.signatures import signature
from sfumato.errors import SfumatoError
from sfumato.files import FULL, sync_folder, write_file
from sfumato.nets.renames import renamed
from sfumato.strict import parse

Tensors = Mapping[str, Tensor]
MARGIN = 2**16  # bytes beyond those of the tensors: names, hashes, blocks
NAMES = 2  # of weights, in what is written; before, others were (see renames.py)
_PREFIX, _MOVED = "checkpoint-", ".old.part"


@dataclass(frozen=True)
class Checkpoint:
    """One saved moment: its folder and the contents of its `state.json`."""

    path: Path
    state: dict[str, Any]

    def read(self, name: str) -> dict[str, Tensor]:
        """The tensors of file `name`, on the CPU. Raises SfumatoError where its bytes are not those written."""
        data = self._bytes(name)
        if data is None:
            raise SfumatoError(f"{self.path / name} is {trouble(self.path / name)}; use another checkpoint.")
        try:
            tensors = safetensors.torch.load(data)
            return tensors if self.state.get("names") == NAMES else renamed(tensors)
        except SafetensorError as error:
            raise SfumatoError(f"{self.path / name} is not a safetensors file; it was not loaded.") from error

    def intact(self, name: str) -> bool:
        return self._bytes(name) is not None

    def _bytes(self, name: str) -> bytes | None:
        try:
            data = (self.path / name).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == self.state["files"].get(name) else None


def checkpoint_path(folder: Path, step: int) -> Path:
    """Where the checkpoint of `step` is in `folder`."""
    return folder / f"{_PREFIX}{step:08d}"


def write_checkpoint(
    folder: Path, step: int, files: Mapping[str, Tensors], state: Mapping[str, Any], keep: int
) -> Path:
    """Save `files` (name → tensors) and `state` as `folder/checkpoint-<step>`, then drop all but the newest `keep`.

    Those of later steps, which a run that went back to an earlier one will reach again, are left alone: they may still
    generate. Raises SfumatoError where the disk is full; what was saved before stays as it was.
    """
    target = checkpoint_path(folder, step)
    put_back(folder)
    for leftover in folder.glob(f".{_PREFIX}*.part"):  # of a process that was killed while saving
        shutil.rmtree(leftover, ignore_errors=True)
    write_folder(target, files, {**state, "step": step}, f"`resume` goes on ({_newest_words(folder)})")
    for old in [path for path in saved_in(folder) if path.name <= target.name][:-keep]:
        shutil.rmtree(old)
    return target


def put_back(folder: Path) -> None:
    """Put back what a process had moved away to write it again when it was killed: there is no other of that step."""
    for moved in folder.glob(f".{_PREFIX}*{_MOVED}"):
        target = moved.with_name(moved.name[1:].removesuffix(_MOVED))
        with suppress(OSError):  # another process was faster
            if not target.exists():
                moved.replace(target)


def trouble(path: Path) -> str:
    """What is wrong with a file whose bytes are not those that were written, in words that follow its name."""
    if not path.exists():
        return "missing"
    return signature(path) or "damaged: its bytes are not those that were written"


def saved_in(folder: Path) -> list[Path]:
    """The checkpoints in `folder`, damaged ones too, from the oldest to the newest."""
    return sorted(folder.glob(f"{_PREFIX}*"))


def _apart(tensors: Tensors) -> dict[str, Tensor]:
    """`tensors` as a file takes them: in main memory, each with numbers of its own, tied weights too."""
    apart: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, value in tensors.items():
        own = value.detach().cpu().contiguous()
        storage = own.untyped_storage().data_ptr()
        apart[name] = own.clone() if storage in seen else own
        seen.add(storage)
    return apart


def write_folder(target: Path, files: Mapping[str, Tensors], state: Mapping[str, Any], then: str = "try again") -> None:
    """Save `files` and `state`, which holds the step, as the folder `target`, whole or not at all.

    Raises SfumatoError where the disk is full: what is missing, and what to do `then`.
    """
    folder, temporary = target.parent, target.with_name(f".{target.name}.part")
    need = free = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(temporary, ignore_errors=True)
        need = sum(t.numel() * t.element_size() for tensors in files.values() for t in tensors.values())
        free = shutil.disk_usage(folder).free
        if free < need + MARGIN:
            raise OSError(errno.ENOSPC, "not enough space")
        temporary.mkdir()
        hashes = {}
        for name, tensors in files.items():
            data = safetensors.torch.save(_apart(tensors))
            write_file(temporary / name, data)
            hashes[name] = hashlib.sha256(data).hexdigest()
        write_file(temporary / "state.json", json.dumps({**state, "names": NAMES, "files": hashes}, indent=1).encode())
        sync_folder(temporary)
        replaced = target.with_name(f".{target.name}{_MOVED}")
        shutil.rmtree(replaced, ignore_errors=True)  # of a write that was killed
        if target.exists():  # moved away, which takes no time, so that a kill hardly finds neither
            target.replace(replaced)
        temporary.replace(target)
        sync_folder(folder)
        shutil.rmtree(replaced, ignore_errors=True)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if error.errno not in FULL:
            raise SfumatoError(f"could not save to {folder}: {error.strerror}; choose another place.") from error
        raise SfumatoError(
            f"the disk that holds {folder} is full and step {state['step']} could not be saved: it takes "
            f"{megabytes(need)} and {megabytes(free)} are free; make room and {then}."
        ) from error


def megabytes(count: int) -> str:
    """1234567 → '1.2 MB'."""
    return f"{count / 1e6:.{0 if count >= 1e7 else 1}f} MB"


def _newest_words(folder: Path) -> str:
    saved = saved_in(folder)
    return f"{saved[-1].name} is intact" if saved else "nothing was saved before"


def newest_checkpoint(folder: Path, names: tuple[str, ...]) -> tuple[Checkpoint | None, list[Path]]:
    """The newest checkpoint in `folder` whose files `names` are intact, and the damaged ones that were passed over."""
    damaged: list[Path] = []
    for path in reversed(saved_in(folder)):
        checkpoint = open_checkpoint(path)
        if checkpoint is not None and all(checkpoint.intact(name) for name in names):
            return checkpoint, damaged
        damaged.append(path)
    return None, damaged


def open_checkpoint(path: Path) -> Checkpoint | None:
    """The checkpoint in `path`, or None where its state can't be read."""
    try:
        state = parse((path / "state.json").read_bytes())
    except (OSError, ValueError):
        return None
    return Checkpoint(path, state) if isinstance(state, dict) and isinstance(state.get("files"), dict) else None


def check_finite(tensors: Mapping[str, Tensor], where: str) -> None:
    """Raises SfumatoError where a weight is NaN or infinite: whatever it generates would be."""
    for name, value in tensors.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise SfumatoError(
                f"the weights in {where} are not finite (in {name}), and generate nothing; take an earlier "
                "checkpoint, or train again."
            )
