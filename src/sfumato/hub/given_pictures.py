"""Pictures that a request names by their files, as tensors of the model's size; what was done to them is noted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from sfumato.arguments import shown
from sfumato.data.controls import FACTOR, enlarged, plain_control
from sfumato.data.decode import header_size, read_picture
from sfumato.errors import SfumatoError
from sfumato.hub.conditioning import times
from sfumato.hub.config import ModelConfig
from sfumato.hub.request import Control, File, PictureEdit
from sfumato.nets import ConditionConfig
from sfumato.sampling import Edit


def picture_in_memory(image: Any, channels: int) -> Tensor:
    """Pillow's picture, or an array of uint8, as `(channels, height, width)` in [−1, 1]: what its file would give.

    An array is `(height, width)`, or has 1, 3 or 4 channels last. Raises SfumatoError for anything else.
    """
    content = BytesIO()
    try:
        if isinstance(image, np.ndarray):
            if image.dtype != np.uint8:
                raise TypeError(f"an array of {image.dtype}")
            image = Image.fromarray(image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image)
        if not isinstance(image, Image.Image):
            raise TypeError(shown(image))
        (image.convert("RGB") if image.mode in ("CMYK", "YCbCr", "LAB", "HSV") else image).save(content, "PNG")
    except (TypeError, ValueError, OSError, IndexError) as error:
        raise SfumatoError(
            "a picture is a file, one of Pillow's, an array of uint8, (height, width) or (height, width, 3), or a "
            f"tensor of floats in [−1, 1], (channels, height, width), not {error}."
        ) from error
    content.seek(0)
    return read_picture(content, channels, (image.height, image.width))[0]


def mask_in_memory(mask: Any) -> Tensor:
    """An array of bool or Pillow's picture, white where to generate, as a tensor `(height, width)`; tensors stay."""
    if isinstance(mask, Image.Image):
        return torch.from_numpy(np.asarray(mask.convert("L")) > 127)
    if isinstance(mask, np.ndarray) and mask.dtype == np.bool_:
        return torch.from_numpy(mask.copy())
    if not isinstance(mask, Tensor):
        kind = f"an array of {mask.dtype}" if isinstance(mask, np.ndarray) else shown(mask)
        raise SfumatoError(f"a mask is of bool, (1, height, width), true where to generate, not {kind}.")
    return mask


def control_image(config: ModelConfig, one: ConditionConfig, control: Control, notes: list[str]) -> Tensor:
    """The image `(size, height, width)` of a condition: computed from the picture, or that as it is."""
    source, name = control.file.unchanged(), Path(control.file.path).name
    channels, height, width = config.seen[1]
    if not one.computed or control.ready:
        own = one.size - bool(one.noise)
        picture, facts = read_picture(source, 1 if own == 1 else 3, (height, width))
        image = picture if not one.noise else torch.cat([picture, torch.zeros(1, height, width)])
    else:
        size = (-(-height // FACTOR), -(-width // FACTOR)) if one.name == "small" else (height, width)
        picture, facts = read_picture(source, channels, size)
        if one.name == "small":
            picture = enlarged(picture, height, width)
        image = plain_control(one, picture[None])[0] if one.name != "masked" else _with_hole(control.file, picture)
    notes += [f"{name} was taken {fact}." for fact in facts]
    return image


def _with_hole(file: File, picture: Tensor) -> Tensor:
    """The picture, unknown where the file is transparent."""
    clear = clear_part(file.unchanged(), (picture.shape[-2], picture.shape[-1]))
    if not bool(clear.any()):
        raise SfumatoError(f"{file.path} has no hole to fill; make the part that is to be generated transparent.")
    return torch.where(clear, math.nan, picture)


def clear_part(path: Path | BytesIO, size: tuple[int, int]) -> Tensor:
    """Where the picture in `path`, upright and fitted to `size` (height, width), is mostly transparent.

    bool `(1, height, width)`.
    """
    with Image.open(path) as file:
        if not file.has_transparency_data or file.mode.startswith("I"):
            return torch.zeros(1, *size, dtype=torch.bool)
        alpha = ImageOps.exif_transpose(file).convert("RGBA").getchannel("A")
    fitted = ImageOps.fit(alpha, (size[1], size[0]), Image.Resampling.BOX)
    return torch.from_numpy(np.asarray(fitted) < 128)[None]


def open_edit(config: ModelConfig, asked: PictureEdit, notes: list[str]) -> Edit:
    """The picture to begin with and its mask, at the model's size or, to be enlarged, at a whole fraction of it."""
    kind, shape = config.seen
    if kind != "pictures":
        raise SfumatoError(f"the model generates {kind}; leave `image` out.")
    source, image, name = asked.image.unchanged(), asked.image.path, Path(asked.image.path).name
    channels, height, width = shape
    sides = _sides(source, image)
    size = (height, width)
    if asked.upscale:
        factor = math.ceil(max(height / sides[0], width / sides[1]) - 1e-9)
        while factor <= min(height, width) and (height % factor or width % factor):
            factor += 1
        if factor < 2 or height % factor or width % factor:
            raise SfumatoError(
                f"{image} is {sides[0]}×{sides[1]} and can't be enlarged to the model's {height}×{width}; "
                f"give one of {height // 2}×{width // 2} or less."
            )
        size = (height // factor, width // factor)
    picture, facts = read_picture(source, channels, size)
    if sides != size:
        notes.append(f"{name} was fitted from {sides[0]}×{sides[1]} into {size[0]}×{size[1]}.")
    notes += [f"{name} was taken {fact}." for fact in facts if "enlarged" not in fact]
    if asked.mask is None:
        return Edit(picture, asked.strength, upscale=asked.upscale)
    mask = asked.mask.unchanged()
    masked = _sides(mask, asked.mask.path)
    if masked != sides:
        raise SfumatoError(
            f"the mask {asked.mask.path} is {masked[0]}×{masked[1]} and {image} is {sides[0]}×{sides[1]}; "
            "make both one size, white where to generate."
        )
    return Edit(picture, asked.strength, _mask(mask, asked.mask.path, size, notes), feather=asked.feather)


def check_edit(edit: Edit, shape: Sequence[int]) -> None:
    """Raises SfumatoError where a model of `shape` can't begin with the picture."""
    picture = edit.picture
    if edit.upscale:
        factor = shape[-1] // max(1, picture.shape[-1])
        if factor < 2 or (shape[0], *(factor * side for side in picture.shape[1:])) != tuple(shape):
            raise SfumatoError(
                f"a picture of {times(picture.shape)} can't be enlarged to {times(shape)}: both sides must be "
                "the same whole fraction of the model's."
            )
    elif edit.mask is None and tuple(picture.shape) != tuple(shape):
        raise SfumatoError(
            f"the picture is {times(picture.shape)} and the model generates {times(shape)}; give one of that size."
        )
    elif edit.mask is not None and edit.mask.shape[-2:] != picture.shape[-2:]:
        raise SfumatoError(
            f"the mask is {times(edit.mask.shape[-2:])} and the picture {times(picture.shape[-2:])}; "
            "give both one size."
        )


def _mask(source: Path | BytesIO, path: str, size: tuple[int, int], notes: list[str]) -> Tensor:
    """Where the mask called `path` is white: bool `(1, height, width)`. What is transparent isn't painted: it keeps."""
    white, facts = read_picture(source, 1, size)
    clear, name = clear_part(source, size), Path(path).name
    said = [fact for fact in facts if "transparency" not in fact and "enlarged" not in fact]
    notes += [f"the mask {name} was taken {fact}." for fact in said]
    if bool(clear.any()):
        share = float(clear.float().mean())
        notes.append(f"the mask {name} is transparent over {share:.0%}: there the picture is kept.")
    generated = (white > 0) & ~clear
    if not bool(generated.any()):
        dark = "black all over" if bool((white == -1).all()) else "nowhere lighter than a middle grey"
        whole = "transparent wherever it is white" if bool((white > 0).any()) else dark
        raise SfumatoError(f"the mask {path} is {whole}; paint it white, and opaque, where to generate.")
    return generated


def _sides(source: Path | BytesIO, path: str) -> tuple[int, int]:
    found = header_size(lambda: source)
    if found is None or min(found) < 1:
        raise SfumatoError(f"{path} can't be used: not a valid picture.")
    return found
