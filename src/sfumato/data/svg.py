"""Drawings in SVG as pixels."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def render(svg: str, height: int, width: int) -> NDArray[np.uint8]:
    """An SVG on white as RGB `(3, height, width)`."""
    import resvg_py

    side = max(height, width)
    drawn = resvg_py.svg_to_bytes(svg_string=svg, width=side, height=side, background="#ffffff")
    with Image.open(io.BytesIO(bytes(drawn))) as image:
        pixels = np.asarray(image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS))
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))
