"""The pictures that `sfumato sample` begins with, from the files that the user names."""

from __future__ import annotations

import math
from pathlib import Path

from torch import Tensor

from sfumato.cli.display import note
from sfumato.cli.told import clear_part
from sfumato.data.decode import header_size, read_picture
from sfumato.errors import SfumatoError
from sfumato.hub import Model
from sfumato.sampling import Edit

STRENGTH = 0.6  # of a variation, where none is asked for


def read_edit(
    model: Model, image: Path | None, strength: float | None, mask: Path | None, upscale: bool
) -> Edit | None:
    """What --image, --strength, --mask and --upscale ask for; raises SfumatoError where they don't fit together."""
    if image is None:
        for name, given in (("--strength", strength is not None), ("--mask", mask is not None), ("--upscale", upscale)):
            if given:
                raise SfumatoError(f"{name} says what to do with a picture; name it with --image.")
        return None
    if len(model.config.shape) != 3:
        raise SfumatoError(f"{model.source} draws points; leave --image out.")
    if strength is not None and not 0 <= strength <= 1:
        raise SfumatoError(f"--strength lies between 0 (the picture as it is) and 1 (never sees it), got {strength:g}.")
    if upscale and (mask is not None or strength is not None):
        raise SfumatoError("--upscale keeps the whole picture; leave --mask and --strength out.")
    channels, height, width = model.config.shape
    sides = _sides(image)
    size = (height, width)
    if upscale:
        factor = math.ceil(max(height / sides[0], width / sides[1]) - 1e-9)
        while factor <= min(height, width) and (height % factor or width % factor):
            factor += 1
        if factor < 2 or height % factor or width % factor:
            raise SfumatoError(
                f"{image} is {sides[0]}×{sides[1]} and can't be enlarged to the model's {height}×{width}; "
                f"give one of {height // 2}×{width // 2} or less."
            )
        size = (height // factor, width // factor)
    picture, facts = read_picture(image, channels, size)
    if sides != size:
        note(f"{image.name} was fitted from {sides[0]}×{sides[1]} into {size[0]}×{size[1]}.")
    for fact in facts:
        if "enlarged" not in fact:
            note(f"{image.name} was taken {fact}.")
    if mask is None:
        return Edit(picture, 1.0 if upscale else STRENGTH if strength is None else strength, upscale=upscale)
    if _sides(mask) != sides:
        raise SfumatoError(
            f"the mask {mask} is {_sides(mask)[0]}×{_sides(mask)[1]} and {image} is {sides[0]}×{sides[1]}; "
            "make both one size, white where to draw."
        )
    return Edit(picture, 1.0 if strength is None else strength, _read_mask(mask, size))


def _read_mask(path: Path, size: tuple[int, int]) -> Tensor:
    """Where the mask in `path` is white: bool `(1, height, width)`. What is transparent isn't painted, and keeps."""
    white, facts = read_picture(path, 1, size)
    clear = clear_part(path, size)
    for fact in facts:
        if "transparency" not in fact and "enlarged" not in fact:
            note(f"the mask {path.name} was taken {fact}.")
    if bool(clear.any()):
        note(f"the mask {path.name} is transparent over {float(clear.float().mean()):.0%}: there the picture is kept.")
    drawn = (white > 0) & ~clear
    if not bool(drawn.any()):
        whole = "transparent wherever it is white" if bool((white > 0).any()) else "black all over"
        raise SfumatoError(f"the mask {path} is {whole}; paint it white, and opaque, where to draw.")
    return drawn


def _sides(path: Path) -> tuple[int, int]:
    if not path.exists():
        raise SfumatoError(f"there is no file {path}.")
    found = header_size(lambda: path)
    if found is None or min(found) < 1:
        raise SfumatoError(f"{path} can't be used: not a valid picture.")
    return found
