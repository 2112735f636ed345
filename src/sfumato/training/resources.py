"""What this process may use of the machine: its cores, threads and memory, within the limits of a container."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import torch

HOPELESS = 4.0


def control_groups(controller: str, root: Path = Path("/")) -> list[Path]:
    """Folders of the Linux control groups, of version 1 or 2, that limit `controller` for this process.

    A container sees its own as the topmost; a batch job or a service has its limits further down.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # another system
        return []
    folders: list[Path] = []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        base = root / "sys/fs/cgroup" / (controller if controllers else "")
        own = base / group.lstrip("/")
        folders += [folder for folder in (own, *own.parents) if folder.is_relative_to(base)]
    return folders


def usable_cores(root: Path = Path("/")) -> float:
    """How many cores this process may use: those it is bound to, and its control groups' share of them."""
    cores = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else psutil.cpu_count() or 1)
    for folder in control_groups("cpu", root):
        for quota, period in (
            (_number(folder / "cpu.max"), _number(folder / "cpu.max", 1)),
            (_number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")),
        ):
            if quota is not None and quota > 0 and period:  # -1 is no limit
                cores = min(cores, quota / period)
    return cores


def fit_threads(root: Path = Path("/")) -> None:
    """Have PyTorch start no more threads than there are cores to use, unless the user has set their number.

    It counts the cores that the process is bound to, and knows nothing of a container's share of them.
    """
    cores = usable_cores(root)
    if "OMP_NUM_THREADS" not in os.environ and torch.get_num_threads() > math.ceil(cores):
        torch.set_num_threads(max(1, math.floor(cores)))


def free_memory(root: Path = Path("/")) -> int:
    """Bytes of memory that are free, within the limits of this process's control groups.

    What a group keeps of files that were not read lately makes room at once, and counts as free.
    """
    free = int(psutil.virtual_memory().available)
    for folder in control_groups("memory", root):
        for names in (("max", "current", "inactive_file"), ("limit_in_bytes", "usage_in_bytes", "total_inactive_file")):
            limit, used = (_number(folder / f"memory.{name}") for name in names[:2])
            if limit is not None and used is not None:
                with suppress(OSError):
                    stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
                    used -= int(stat.get(names[2], 0))
                free = min(free, max(0, limit - used))
    return free


def _number(path: Path, place: int = 0) -> int | None:
    """A whole number in a file of limits; None where there is none, or "max"."""
    try:
        return int(path.read_text().split()[place])
    except (OSError, ValueError, IndexError):
        return None


def busy_cores(seconds: float = 0.1) -> float:
    """How many cores are in use, measured while this process sleeps for `seconds`."""
    return float(psutil.cpu_percent(interval=seconds)) / 100 * (psutil.cpu_count() or 1)


def settle_threads(call: Callable[[], object]) -> None:
    """Have PyTorch compute with as many threads as `call` is fastest with, where other programs keep a core busy."""
    if torch.get_num_threads() > 1 and busy_cores() > 0.5:
        torch.set_num_threads(fastest_threads(call))


@contextmanager
def using_threads(count: int) -> Iterator[None]:
    """PyTorch computes with so many threads while the block is open; 0 leaves their number as it is."""
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if count:
            torch.set_num_threads(before)


def fastest_threads(call: Callable[[], object], seconds: float = 0.1) -> int:
    """With how many threads `call` is faster now: all that PyTorch has, or one, which must win by a tenth.

    Both are measured, in turns, for `seconds` each, after a first call that isn't; one call with all is enough where
    it takes HOPELESS times as long. On a busy machine all threads of a convolution wait for the one whose core another
    program has, some of them without ever sleeping, and one thread alone can be twenty times faster.
    """
    every = torch.get_num_threads()
    if every == 1:
        return 1

    def timed(threads: int) -> float:
        with using_threads(threads):
            started = time.perf_counter()
            call()
            return time.perf_counter() - started

    timed(1)
    alone = timed(1)
    if timed(every) > HOPELESS * alone:
        return 1
    together = timed(every)
    while min(alone, together) < seconds:
        alone, together = alone + timed(1), together + timed(every)
    return 1 if alone < 0.9 * together else every
