"""Clips as files that move: WebP, GIF and, by PyAV, mp4."""

from __future__ import annotations

import math
from fractions import Fraction
from importlib.util import find_spec
from io import BytesIO

from PIL import Image
from torch import Tensor

from sfumato.data.pictures import animation, tile

LEAST_SIDE = 128  # pixels, to which small clips are enlarged by a whole number
SUFFIXES = (".webp", ".gif", ".mp4")


def suffixes() -> tuple[str, ...]:
    """What can be written here: mp4 only where PyAV is installed."""
    return SUFFIXES if find_spec("av") is not None else SUFFIXES[:2]


def film(clips: Tensor, suffix: str, fps: float, columns: int | None = None, scale: int | None = None) -> bytes:
    """Clips `(count, frames, channels, height, width)` beside each other, as a file of this kind.

    Each is enlarged by the whole number `scale`, by default until its longer side has LEAST_SIDE pixels or more.
    """
    scale = scale or max(1, math.ceil(LEAST_SIDE / max(clips.shape[-2:])))
    images = [tile(clips[:, frame], columns, scale) for frame in range(clips.shape[1])]
    if suffix == ".mp4":
        return _mp4(images, fps)
    milliseconds = max(1, round(1000 / fps))
    return animation(images, suffix, milliseconds, milliseconds)


def _mp4(images: list[Image.Image], fps: float) -> bytes:
    """H.264, whose sides are even: a white row or column is added where they aren't."""
    import av

    data = BytesIO()
    width, height = (side + side % 2 for side in images[0].size)
    with av.open(data, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "12"}
        for image in images:
            if image.size != (width, height):
                larger = Image.new("RGB", (width, height), (255, 255, 255))
                larger.paste(image)
                image = larger
            for packet in stream.encode(av.VideoFrame.from_image(image)):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    return data.getvalue()
