"""Latents of a data set's pictures, encoded once and kept in a flat file, so that training never asks the encoder.

KEY.f16   float16 `(variants × count, channels, height, width)`: of all pictures, and then of all mirror images, where
          those were asked for: the mirror image of latents is not that of their picture. Of clips each frame is
          encoded by itself: `(count, frames, channels, height, width)`
KEY.json  their number, shape, dtype and what they were made of; written last, it makes the other valid

KEY is a hash of the pictures, of the codec's weights and of what else decides.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato.data.cache import cache_folder, written_together
from sfumato.data.dataset import Dataset, Pictures, Progress, Rows
from sfumato.data.kinds import KINDS, LATENTS_OF
from sfumato.errors import SfumatoError
from sfumato.files import write_file
from sfumato.seeds import numpy_generator

VERSION = 1  # raise it when the layout or the way of encoding changes
AT_ONCE = 64  # pictures, or frames, that are encoded before they are written
DTYPE = np.float16


@dataclass(frozen=True)
class Encoding:
    """What makes latents of pictures `(count, …)` in [−1, 1]: a function, one latent's `shape`, and a hash of it.

    A latent pixel stands for `factor`×`factor` pixels.
    """

    encode: Callable[[Tensor], Tensor]
    shape: tuple[int, int, int]
    weights: str
    factor: int = 1


def open_latents(
    pictures: Dataset,
    encoding: Encoding,
    flip: bool = False,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """The latents of pictures or clips with their classes, captions and columns, from the cache or encoded into it.

    With `flip`, those of their mirror images too. Of pictures that parts are cut out of, the whole is encoded, and the
    parts are of whole latent pixels. `progress(done, total)` is called as they are encoded. Raises SfumatoError for
    what is no set of pictures, for parts of other sizes, and where the cache can't be written.
    """
    _check(pictures, encoding.factor)
    crop = pictures.crop // encoding.factor
    whole = _stored(pictures, encoding.shape, crop)
    cache = cache or cache_folder()
    fingerprint = latent_fingerprint(pictures.fingerprint(), encoding.weights)
    about = {
        "version": VERSION, "count": len(pictures), "shape": list(whole), "dtype": np.dtype(DTYPE).name,
        "codec": encoding.weights, "data": pictures.fingerprint(), "variants": 1 + flip,
    }  # fmt: skip
    key = f"latents-{hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]}"
    if not _whole(cache, key, about):
        _encode(replace(pictures, crop=0), encoding, flip, cache, key, about, progress)
    path, shape = cache / f"{key}.f16", (len(pictures), *whole)
    rows, mirrored = _rows(path, shape, 0), _rows(path, shape, len(pictures)) if flip else None
    samples = np.memmap(path, DTYPE, "r", shape=shape)
    return replace(
        pictures, samples=samples, rows=rows, mirrored=mirrored, kind=LATENTS_OF[pictures.kind], content=fingerprint,
        pictures=pictures, crop=crop, images={},
    )  # fmt: skip


def unencoded(pictures: Dataset, shape: tuple[int, int, int], factor: int, flip: bool = False) -> Dataset:
    """A set such as the latents of this `shape` will be, whose samples say nothing: what a run is checked by first."""
    _check(pictures, factor)
    crop = pictures.crop // factor
    sample = _stored(pictures, shape, crop)
    noise = numpy_generator("made samples", 0).standard_normal(sample).astype(DTYPE)
    samples = np.broadcast_to(noise, (len(pictures), *noise.shape))
    return replace(
        pictures, samples=samples, rows=None, mirrored=samples if flip else None, kind=LATENTS_OF[pictures.kind],
        pictures=pictures, crop=crop, images={},
    )  # fmt: skip


def latent_fingerprint(pictures: str, codec: str) -> str:
    """That of latents, by those of the pictures and of the codec: others where either is another."""
    return hashlib.sha256(f"{pictures} by {codec}".encode()).hexdigest()


def _stored(pictures: Dataset, shape: tuple[int, int, int], crop: int) -> tuple[int, ...]:
    """The shape of one sample's latents as they are kept, by that of one picture's; of clips, those of each frame."""
    channels, height, width = shape
    return (*pictures.shape[:-3], channels, height + crop, width + crop)


def _check(pictures: Dataset, factor: int) -> None:
    if pictures.kind not in LATENTS_OF:
        raise SfumatoError(f"{pictures.name} are {KINDS[pictures.kind].name}, and latents are of pictures or clips.")
    check_crop(pictures.crop, factor)


def check_crop(crop: int, factor: int) -> None:
    """Raises SfumatoError unless parts that are `crop` pixels lower and narrower begin where latent pixels do."""
    if crop % factor:
        raise SfumatoError(
            f"a latent pixel stands for {factor}×{factor} pixels, and parts begin where one does: `crop` is a multiple "
            f"of {factor}, not {crop}."
        )


def _rows(path: Path, shape: tuple[int, ...], first: int) -> Pictures:
    if hasattr(os, "preadv"):
        return Rows(path, shape, DTYPE, first)
    return np.memmap(path, DTYPE, "r", shape=(first + shape[0], *shape[1:]))[first:]


def _whole(cache: Path, key: str, about: dict[str, object]) -> bool:
    """Whether the files called `key` are there, whole, and those that `about` describes."""
    try:
        stored = json.loads((cache / f"{key}.json").read_bytes())
        size = np.dtype(DTYPE).itemsize * int(np.prod([stored["variants"], stored["count"], *stored["shape"]]))
        return bool(stored == about and (cache / f"{key}.f16").stat().st_size == size)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _encode(
    pictures: Dataset,
    encoding: Encoding,
    flip: bool,
    cache: Path,
    key: str,
    about: dict[str, object],
    progress: Progress | None,
) -> None:
    """Write the latents, whole or not at all."""
    count, at_once = len(pictures), max(1, AT_ONCE // math.prod(pictures.shape[:-3]))
    with written_together(cache, key, ("f16", "json"), "the latents") as parts:
        with parts["f16"].open("wb") as file:
            for variant in range(1 + flip):
                for first in range(0, count, at_once):
                    x, _ = pictures.batch(np.arange(first, min(first + at_once, count)))
                    z = encoding.encode(x.flip(-1) if variant else x).cpu()
                    file.write(_half(z).data)
                    if progress is not None:
                        progress(variant * count + first + len(x), (1 + flip) * count)
            file.flush()
            os.fsync(file.fileno())
        write_file(parts["json"], json.dumps(about).encode())


def _half(latents: Tensor) -> NDArray[np.float16]:
    """Latents as they are kept; raises SfumatoError where they can't be."""
    found = latents.to(torch.float16)
    if not bool(found.isfinite().all()):
        raise SfumatoError("the autoencoder makes latents that are no finite numbers; train it again.")
    return found.contiguous().numpy()
