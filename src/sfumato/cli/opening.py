"""Opening a model to sample with it, and data with a progress bar."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.markup import escape
from rich.progress import TaskID

from sfumato.cli.display import console, note
from sfumato.data import KINDS, Dataset, open_dataset
from sfumato.hub import Model, load
from sfumato.hub.diffusers.memory import PLAIN, Memory
from sfumato.training import pick_device
from sfumato.training.resources import fit_threads, settle_threads

PIXELS = 4 * 32 * 32  # of the pictures that threads are chosen by
QUIET_SECONDS = 30.0  # between two lines of a log


def open_model(run: str | Path, weights: str = "ema", memory: Memory = PLAIN) -> Model:
    """The model that `run` names, on the fastest device, with as many threads as it generates fastest with now.

    `weights` are "ema" or "raw", and `memory` how a pipeline of diffusers is held; raises SfumatoError where there is
    no such model.
    """
    device = pick_device()
    model = load(run, weights, device, None, memory)  # type: ignore[arg-type]
    if words := memory.words(model, device):
        note(words)
    fit_threads()
    if model.device.type == "cpu":
        count = max(1, PIXELS // KINDS[model.config.kind].places(model.config.shape))
        settle_threads(lambda: model.sample(range(count), batch=count, sampler="ddim", steps=1))
    return model


def lines() -> Callable[[str, int, int], None]:
    """For a log, where no bar moves: `told(what, done, of)` says now and then how far it is, on the standard error."""
    last = time.monotonic()

    def told(what: str, done: int, of: int) -> None:
        nonlocal last
        if not console.is_terminal and (now := time.monotonic()) - last > QUIET_SECONDS:
            last = now
            print(f"{what}: {done:,}{f' of {of:,}' if of else ''}", file=sys.stderr, flush=True)

    return told


@contextmanager
def bars() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each thing that is done while the block is open: `progress(what, done, of)` moves it; or `lines`."""
    from rich.progress import Progress as Bar

    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}
        told = lines()

        def progress(what: str, done: int, of: int) -> None:
            told(what, done, of)
            if what not in tasks:
                tasks[what] = bar.add_task(escape(what), total=None)
            bar.update(tasks[what], completed=done, total=of or None)

        yield progress


def open_and_tell(
    spec: str,
    size: tuple[int, int] | None = None,
    frames: int | None = None,
    fps: float | None = None,
    cut_scenes: bool = False,
) -> Dataset:
    """The data set called `spec`, opened with a bar over its files; says what was converted or left out."""
    with bars() as progress:
        show = partial(progress, f"reading {spec}")
        dataset = open_dataset(spec, size, progress=show, frames=frames, fps=fps, cut_scenes=cut_scenes)
    for text in dataset.notes:
        note(text)
    return dataset
