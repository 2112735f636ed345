"""What `sfumato sample` writes: a picture of each, points, or samplers side by side, each with what it is of."""

from __future__ import annotations

import math
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sfumato.cli.display import console, count, note
from sfumato.cli.generating import (
    as_samples,
    check_folder,
    find,
    frame_of,
    frames_of,
    generate,
    generate_all,
    keep,
    keep_file,
    npy,
    pixels_of,
    read_pixels,
    stem,
)
from sfumato.data import animation, picture, table
from sfumato.data.films import film, suffixes
from sfumato.errors import SfumatoError
from sfumato.hub.cascade import enlarge
from sfumato.hub.record import By, comparison_facts, facts, split_requests
from sfumato.hub.request import Comparison, Request
from sfumato.hub.resolving import Resolved, resolve, suited_batch
from sfumato.sampling import Step
from sfumato.shell import float_words

MAX_COLUMNS = 20  # pictures in a row
MAX_SHOWN = 1024  # pictures in the one of them all, which would fill the memory


def write_comparison(by: By, asked: Comparison, batch: int | None, folder: Path) -> None:
    """One picture: a row a sampler, a column a number of steps, the same noise in every cell."""
    about = comparison_facts(by, asked)
    cells = [resolve(cell, by.model) for cell in asked.cells()]  # what can't be is said before all work
    path = find(folder, "compare", about)
    if path is None:
        check_folder(folder, ["compare"])
        shown = []
        for cell in cells:
            way: list[Step] = []
            samples = generate_all(cell, batch, way)
            columns = math.ceil(len(samples) / 2)
            shown.append((picture(samples, cell.every_label, columns), f"{way[-1].calls} calls"))
        wide = len(asked.steps)
        lines = [shown[first : first + wide] for first in range(0, len(shown), wide)]
        sheet = table(lines, asked.labels(), [f"{number} steps" for number in asked.steps])
        path = keep(folder, "compare", about, sheet)
    steps = ", ".join(map(str, asked.steps))
    console.print(f"Compared {len(asked.rows)} samplers at {steps} steps:", soft_wrap=True)
    console.print(f"  {path}", soft_wrap=True)


def write_points(by: By, resolved: Resolved, batch: int | None, folder: Path, animate: bool) -> None:
    """The points as .npy, and a picture of them."""
    check_folder(folder, ["denoising"])
    parts, way, stopped = [], list[Step](), False
    try:
        for _, samples in generate(resolved, batch, way=way):
            parts.append(samples)
    except KeyboardInterrupt:
        stopped = True
    generated = sum(map(len, parts))
    if not generated:
        raise KeyboardInterrupt
    asked = replace(resolved.request, seeds=resolved.request.seeds[:generated])
    points, labels = np.concatenate(parts), resolved.every_label
    about = facts(by, asked)
    paths = [
        keep_file(folder, "points", ".npy", about, npy(points)),
        keep(folder, "points", about, picture(torch.from_numpy(points), labels and labels[:generated])),
    ]
    paths += _animation(folder, about, way, labels) if animate and not stopped else []
    _tell(by, asked, generated, 0, paths, stopped)


def write_pictures(
    by: By, resolved: Resolved, batch: int | None, folder: Path, animate: bool, fps: float | None = None
) -> None:
    """One PNG a picture, written as its batch is finished, and one of them all.

    Of clips a PNG has the frames beside each other, and files that move at `fps` stand beside it.
    """
    asked, batch = resolved.request, batch or suited_batch(resolved.shape)
    each = split_requests(asked)
    if len({(one.seeds, str(one.labels)) for one in each}) < len(each):
        raise SfumatoError("--seeds names a seed twice for what would be one picture; name each once.")
    about = [facts(by, one) for one in each]
    names = [stem(one) for one in each]
    found = {i: path for i, name in enumerate(names) if (path := find(folder, name, about[i])) is not None}
    shown = {i: read_pixels(path) for i, path in found.items() if i < MAX_SHOWN}
    before, stopped = len(found), False
    rows = [i for i in range(len(each)) if i not in found or (animate and i < batch)]
    way: list[Step] | None = [] if animate else None
    if rows:
        check_folder(folder, names)
    try:
        for some, samples in generate(resolved, batch, rows, way):
            for i, sample in zip(some, _enlarged(by, resolved, some, samples), strict=True):
                if i not in found:
                    pixels = pixels_of(sample[None])
                    found[i] = keep(folder, names[i], about[i], Image.fromarray(pixels))
                    if i < MAX_SHOWN:
                        shown[i] = pixels
                    if fps is not None:
                        _films(folder, names[i], about[i], frames_of(pixels, resolved.shape[0]), fps)
    except KeyboardInterrupt:
        stopped = True
    paths = []
    if not stopped:
        everything = facts(by, asked)
        grid = find(folder, "grid", everything)
        columns = grid_columns(len(shown), asked) if fps is None else 1
        sheet = picture(as_samples([shown[i] for i in sorted(shown)]), columns=columns)
        paths.append(grid or keep(folder, "grid", everything, sheet))
        if len(each) > MAX_SHOWN:
            note(f"{paths[0].name} shows the first {MAX_SHOWN:,}.")
        paths += _animation(folder, everything, way, resolved.every_label) if way else []
        if fps is not None:
            clips = torch.cat([frames_of(shown[i], resolved.shape[0]) for i in sorted(shown)])
            paths += _films(folder, "grid", everything, clips, fps)
    _tell(by, asked, len(found) - before, before, paths or [folder], stopped)


def grid_columns(number: int, request: Request) -> int | None:
    """How many pictures stand in a row: where classes come in turn, all of them once or more, so that each class has
    columns of its own; None for about a square."""
    classes = len(dict.fromkeys(request.labels or ()))
    if not 1 < classes <= min(number // 2, MAX_COLUMNS):
        return None
    return classes * max(1, min(round(math.sqrt(number) / classes), MAX_COLUMNS // classes))


def _enlarged(by: By, resolved: Resolved, rows: Sequence[int], samples: Tensor) -> Tensor:
    names, labels = by.model.config.classes, resolved.labels
    classes = None if labels is None else [None if (one := labels[i]) is None else names[one] for i in rows]
    prompts = None if resolved.prompts is None else [resolved.prompts[i] for i in rows]
    *_, last = [samples, *enlarge(by.larger, samples, [resolved.request.seeds[i] for i in rows], classes, prompts)]
    return last


def _animation(folder: Path, about: dict[str, str], way: Sequence[Step], labels: Sequence[int] | None) -> list[Path]:
    images = [picture(frame_of(step), labels and labels[: len(step.x)]) for step in way]
    data = animation(images, ".webp", milliseconds=90, last_hold=1500)
    return [keep_file(folder, "denoising", ".webp", about, data)]


def _films(folder: Path, name: str, about: dict[str, str], clips: Tensor, fps: float) -> list[Path]:
    """Clips beside each other in each kind of file that moves."""
    return [keep_file(folder, name, suffix, about, film(clips, suffix, fps)) for suffix in suffixes()]


def _tell(by: By, asked: Request, generated: int, before: int, paths: Sequence[Path], stopped: bool) -> None:
    """Say what was generated and where it is; ends the program where it was stopped."""
    how = asked.sampling
    guidance = f", guidance {float_words(how.guidance)}" if asked.conditioned else ""
    tuned = " as tuned" if how.tuned is not None else ""
    words = f"with {how.sampler}{tuned}, {how.steps} steps{guidance}, {by.weights} weights from {by.model.source}"
    there = f"; {count(before)} of them were there already" if before else ""
    if stopped:
        whole = count(len(asked.seeds))
        console.print(f"Stopped: {count(generated + before)} of {whole} are generated {words}", soft_wrap=True)
    else:
        console.print(f"Generated {count(generated + before)} {words}{there}", soft_wrap=True)
    for path in paths:
        console.print(f"  {path}", soft_wrap=True)
    if stopped:
        console.print("The same command goes on from there.", soft_wrap=True)
        raise SystemExit(128 + signal.SIGINT)
