"""Colours as the numbers of sRGB, whatever profile a picture's file says that they are numbers of."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageCms

CLOSE = 2  # of 255: profiles that move no colour by more are sRGB in another writing
FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.NOCACHE  # a cache is not for several threads
SIDE = 9  # colours along each side of the cube by which that is found out


def to_srgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """The picture, in mode L, LA, RGB or RGBA, with its colours in sRGB, and what was done, to follow "5 pictures".

    Where its profile is of other things than grey or red, green and blue, or damaged, it stays as it is.
    """
    content = image.info.get("icc_profile")
    if not content:
        return image, []
    try:
        name, space, transform = _transform(content)
    except Exception:  # the library's errors are of several kinds, and a damaged profile is no reason to lose a picture
        return image, ["with a damaged colour profile taken as sRGB"]
    if transform is None:
        return image, []
    colours, alpha = image.convert("RGB"), image.getchannel("A") if image.mode.endswith("A") else None
    moved = ImageCms.applyTransform(colours.getchannel(0) if space == "GRAY" else colours, transform)
    assert moved is not None
    if image.mode in ("L", "LA") or space == "GRAY":
        moved = moved.getchannel(1)
    if alpha is not None:
        moved.putalpha(alpha)
    return moved, [f"in the colours of {name} converted to sRGB"]


@lru_cache(maxsize=16)  # a folder has few
def _transform(content: bytes) -> tuple[str, str, Any]:
    """The profile's name and space, and the transform to sRGB; None where it would change nothing, or can't be used."""
    profile = ImageCms.ImageCmsProfile(BytesIO(content))
    space = profile.profile.xcolor_space.strip()
    name = " ".join("".join(c for c in ImageCms.getProfileDescription(profile) if c.isprintable() or c == " ").split())
    if space not in ("RGB", "GRAY"):
        return name, space, None
    transform = ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        "L" if space == "GRAY" else "RGB",
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        FLAGS | (ImageCms.Flags.NOOPTIMIZE if space == "GRAY" else 0),  # which costs dark greys their precision
    )
    levels = np.linspace(0, 255, SIDE).round().astype(np.uint8)
    every = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    probe = Image.fromarray(every if space == "RGB" else np.arange(256, dtype=np.uint8)[None])
    before, after = (np.asarray(one, int) for one in (probe.convert("RGB"), ImageCms.applyTransform(probe, transform)))
    moves = np.abs(after - before).max() > CLOSE
    return name[:40] or "an unnamed profile", space, transform if moves else None
