"""Generating with a progress bar, and writing what comes out: names that identify, and nothing ever overwritten."""

from __future__ import annotations

import hashlib
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from rich.progress import Progress
from torch import Tensor

from sfumato.cli.display import console
from sfumato.cli.opening import lines
from sfumato.data import picture, png
from sfumato.data.decode import SUFFIXES
from sfumato.data.films import SUFFIXES as FILMS
from sfumato.errors import SfumatoError
from sfumato.files import create_file
from sfumato.hub.record import same_picture
from sfumato.hub.request import Request
from sfumato.hub.resolving import Resolved, check_finite
from sfumato.sampling import Step

NAME_BYTES = 60  # of a prompt or a class in a file's name
SIGNS = set("<>|$`^~+=")  # ASCII symbols, which shells and systems take for something else


def generate(
    resolved: Resolved,
    batch: int | None = None,
    rows: Sequence[int] | None = None,
    way: list[Step] | None = None,
) -> Iterator[tuple[Sequence[int], Tensor]]:
    """The samples, or `rows` of them, in batches with their numbers, under a progress bar over network steps.

    The first batch's steps are added to `way`. Raises SfumatoError where the numbers run away.
    """
    rows, first = range(len(resolved.request.seeds)) if rows is None else rows, True
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("sampling", total=resolved.request.sampling.steps * len(rows))
        told = lines()
        for some, steps in resolved.batches(batch, rows):
            for step in steps:
                if way is not None and first:
                    way.append(_seen(resolved, step))
                bar.update(task, total=step.total * len(rows))
                if step.index:
                    bar.advance(task, len(some))
                told("sampling steps", int(bar.tasks[0].completed), step.total * len(rows))
            first = False
            check_finite(step.x)
            yield some, resolved.seen(step.x).cpu()


def _seen(resolved: Resolved, step: Step) -> Step:
    """A step of latents with the picture that they are, at the step's own scale."""
    if resolved.model.codec is None:
        return step
    scale = float((step.level.alpha**2 + step.level.sigma**2).sqrt())
    return replace(step, x=scale * resolved.seen(step.x / scale))


def generate_all(resolved: Resolved, batch: int | None = None, way: list[Step] | None = None) -> Tensor:
    """All the samples at once, `(len(seeds), *shape)`; see `generate`."""
    return torch.cat([samples for _, samples in generate(resolved, batch, way=way)])


def frame_of(step: Step) -> Tensor:
    """A step's picture at unit scale, on the CPU: noise that is 80 times as strong as the picture would only clip."""
    return step.x.cpu() / float((step.level.alpha**2 + step.level.sigma**2).sqrt())


def stem(request: Request) -> str:
    """The name of a picture's file, but for its suffix: what it shows, and its seed."""
    words = [] if request.prompts is None else [slug("+".join(request.prompts)) or "prompt"]
    words += [] if request.labels is None else [slug("+".join(map(str, request.labels))) or "class"]
    return "-".join([*words, f"seed-{request.seeds[0]:04d}"])


def slug(text: str, most: int = NAME_BYTES) -> str:
    """`text` as part of a file's name, of at most so many bytes of UTF-8: letters, marks, digits and emoji stay.

    What is cut short ends in a hash of the whole.
    """
    text = unicodedata.normalize("NFC", text)
    plain = re.sub("-+", "-", "".join(c if _names(c) else "-" for c in text)).strip("-.")
    if len(plain.encode()) <= most:
        return plain
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:6]
    kept = plain.encode()[: most - 7].decode(errors="ignore")
    while kept and unicodedata.category(plain[len(kept)])[0] == "M":  # a mark belongs to the letter before it
        kept = kept[:-1]
    return f"{kept.rstrip('-.')}-{digest}"


def _names(c: str) -> bool:
    return c in "_.-" or (unicodedata.category(c)[0] in "LMNS" and c not in SIGNS)


def pixels_of(samples: Tensor) -> NDArray[np.uint8]:
    """One sample `(1, channels, height, width)` as the file holds it, `(height, width, 3)`."""
    return np.asarray(picture(samples, None, columns=1, scale=1, gap=0))


def read_pixels(path: Path) -> NDArray[np.uint8]:
    """The pixels of a picture that was written by pixels_of."""
    with Image.open(path) as file:
        return np.asarray(file.convert("RGB"))


def frames_of(pixels: NDArray[np.uint8], frames: int) -> Tensor:
    """A clip `(1, frames, 3, height, width)` of the file that has its frames beside each other."""
    strip = as_samples([pixels])
    clip: Tensor = strip.unflatten(3, (frames, -1)).permute(0, 3, 1, 2, 4)
    return clip


def as_samples(pixels: Sequence[NDArray[np.uint8]]) -> Tensor:
    """Pictures of files as samples `(count, 3, height, width)`, which become the same pixels again."""
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1


def npy(points: NDArray[np.float32]) -> bytes:
    """An array as the bytes of a .npy file."""
    data = io.BytesIO()
    np.save(data, points, allow_pickle=False)
    return data.getvalue()


def find(folder: Path, name: str, about: dict[str, str], suffix: str = ".png") -> Path | None:
    """The picture of just this that is in `folder` already, if it is."""
    for path in _candidates(folder, name, about, suffix):
        if not path.exists():
            return None
        if same_picture(path, about):
            return path
    raise AssertionError


def keep(folder: Path, name: str, about: dict[str, str], image: Image.Image) -> Path:
    """Write the picture under its name, or where that is taken by another one under a name with a hash of `about`."""
    for path in _candidates(folder, name, about, ".png"):
        if create_file(path, png(image, about)) or same_picture(path, about):
            return path
    raise AssertionError


def keep_file(folder: Path, name: str, suffix: str, about: dict[str, str], data: bytes) -> Path:
    """Write a file that goes with a picture, which carries `about`; named as `keep` names that."""
    for path in _candidates(folder, name, about, suffix):
        if create_file(path, data) or path.read_bytes() == data:
            return path
    raise AssertionError


def _candidates(folder: Path, name: str, about: dict[str, str], suffix: str) -> Iterator[Path]:
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:8]
    yield folder / f"{name}{suffix}"
    yield folder / f"{name}-{digest}{suffix}"
    for number in count(2):
        yield folder / f"{name}-{digest}-{number}{suffix}"


def check_folder(folder: Path, names: Sequence[str]) -> None:
    """Raises SfumatoError unless files of these names, the longest of them, can be written into `folder`."""
    if folder.suffix.lower() in {*SUFFIXES, *FILMS} and not folder.is_dir():
        raise SfumatoError(
            f"--out is a folder, and {folder} is named as a file is; --out {folder.with_suffix('')} gets files named "
            "after what they show and their seeds."
        )
    longest = max(names, key=lambda name: len(name.encode()))
    trial = folder / f"{longest}-{'0' * 8}.png"
    if create_file(trial, b""):
        trial.unlink()
