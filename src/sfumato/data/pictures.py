"""Tensors as pictures: grids, scatter plots, PNGs that say how they were made, animations, terminal blocks."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, PngImagePlugin, UnidentifiedImageError
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.files import replace_file

RGB = tuple[int, int, int]

# Okabe & Ito's colours, which colour-blind readers can tell apart, without the yellow that vanishes on white.
COLOURS: tuple[RGB, ...] = (
    (0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167),
    (86, 180, 233), (230, 159, 0), (40, 40, 40), (148, 103, 60),
)  # fmt: skip
GAP = (128, 132, 138)
_KEY = "sfumato"


def to_uint8(x: Tensor) -> NDArray[np.uint8]:
    """Pictures `(count, channels, height, width)` in [−1, 1], clamped, as `(count, height, width, channels)` bytes.

    Raises ValueError where a value is not a finite number.
    """
    if not bool(x.isfinite().all()):
        raise ValueError("a picture holds values that are not finite numbers")
    scaled = ((x.detach().float().cpu().clamp(-1, 1) + 1) * 127.5).round()
    pixels: NDArray[np.uint8] = scaled.byte().permute(0, 2, 3, 1).numpy()
    return pixels


def tile(x: Tensor, columns: int | None = None, scale: int | None = None, gap: int = 1) -> Image.Image:
    """Pictures side by side, `columns` a row (about square by default), with `gap` pixels between them.

    Each is enlarged by the whole number `scale`, by default until its longer side has at least 48 pixels.
    """
    pixels = to_uint8(x)
    if pixels.shape[-1] not in (1, 3):
        raise ValueError(f"a picture has 1 or 3 channels, got {pixels.shape[-1]}")
    count, height, width, _ = pixels.shape
    columns = min(columns or math.ceil(math.sqrt(count)), count)
    scale = scale or max(1, math.ceil(48 / max(height, width)))
    rows = -(-count // columns)
    gap = gap * max(1, scale // 3)
    sheet = np.empty((rows * (height * scale + gap) - gap, columns * (width * scale + gap) - gap, 3), np.uint8)
    sheet[:] = GAP
    for index, picture in enumerate(pixels):
        top = index // columns * (height * scale + gap)
        left = index % columns * (width * scale + gap)
        large = picture.repeat(scale, axis=0).repeat(scale, axis=1)
        sheet[top : top + height * scale, left : left + width * scale] = large
    return Image.fromarray(sheet)


def scatter(points: Tensor, labels: Sequence[int] | None = None, size: int = 640, extent: float = 2.8) -> Image.Image:
    """A point set `(count, 2)` or `(count, 3)` on white, coloured by label; three dimensions are seen from the side.

    `extent` is the largest coordinate that still shows.
    """
    flat = points.detach().float().cpu().numpy().astype(np.float64)
    depth = np.zeros(len(flat))
    if flat.shape[1] == 3:  # turned by 35° about the vertical axis and tilted by 40°
        turn, tilt = math.radians(35), math.radians(40)
        x = flat[:, 0] * math.cos(turn) - flat[:, 1] * math.sin(turn)
        away = flat[:, 0] * math.sin(turn) + flat[:, 1] * math.cos(turn)
        flat, depth = np.stack([x, flat[:, 2] * math.cos(tilt) + away * math.sin(tilt)], axis=1), away
    fine = 3  # drawn large, then reduced, so that the dots come out smooth
    sheet = Image.new("RGB", (size * fine, size * fine), "white")
    draw = ImageDraw.Draw(sheet, "RGBA")
    radius = fine * min(4.0, max(1.2, 90 / math.sqrt(len(flat))))
    centres = (flat / extent * [1, -1] + 1) / 2 * size * fine
    for index in np.argsort(-depth, kind="stable"):
        x, y = centres[index]
        colour = COLOURS[labels[index] % len(COLOURS)] if labels is not None else COLOURS[0]
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*colour, 150))
    return sheet.resize((size, size), Image.Resampling.BOX)


def picture(
    samples: Tensor,
    labels: Sequence[int] | None = None,
    columns: int | None = None,
    scale: int | None = None,
    gap: int = 1,
) -> Image.Image:
    """A batch of samples as one picture, whatever they are: a grid of images or a scatter plot of points."""
    return scatter(samples, labels) if samples.ndim == 2 else tile(samples, columns, scale, gap)


def save_png(image: Image.Image, path: Path, about: Mapping[str, str]) -> None:
    """Write a PNG that carries `about` as text: as JSON under the key "sfumato", and fact by fact."""
    text = PngImagePlugin.PngInfo()
    text.add_itxt(_KEY, json.dumps(dict(about), ensure_ascii=False))
    for name, value in about.items():
        text.add_itxt(name, value)
    data = io.BytesIO()
    image.save(data, "PNG", pnginfo=text)
    replace_file(path, data.getvalue())


def read_about(path: Path) -> dict[str, str]:
    """What `save_png` wrote into the PNG at `path`. Raises SfumatoError where there is no such text to read."""
    try:
        with Image.open(path) as image:
            image.load()
            text = getattr(image, "text", {}).get(_KEY)
        about = json.loads(text) if text is not None else None
    except FileNotFoundError as error:
        raise SfumatoError(f"there is no file {path}.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise SfumatoError(f"{path} is not a readable PNG.") from error
    if not isinstance(about, dict):
        raise SfumatoError(f"{path} was not drawn by sfumato: it carries no record of how it was made.")
    return {str(name): str(value) for name, value in about.items()}


def save_animation(frames: Sequence[Image.Image], path: Path, milliseconds: int, last_hold: int) -> None:
    """Write `frames` as an endless .webp, .gif or .png (APNG), by suffix; the last one stays for `last_hold` ms."""
    data = io.BytesIO()
    durations = [milliseconds] * (len(frames) - 1) + [last_hold]
    kind = path.suffix.lower().lstrip(".")
    options = {"lossless": True, "method": 4} if kind == "webp" else {}
    frames[0].save(
        data, kind.upper(), save_all=True, append_images=frames[1:], duration=durations, loop=0, **options
    )  # fmt: skip
    replace_file(path, data.getvalue())


def half_blocks(image: Image.Image, columns: int) -> list[list[tuple[RGB, RGB]]]:
    """The picture as rows of (upper, lower) colours, one pair a terminal character, at most `columns` wide."""
    if image.width > columns:
        image = image.resize((columns, max(1, round(image.height * columns / image.width))), Image.Resampling.BOX)
    pixels = np.asarray(image.convert("RGB"))
    if len(pixels) % 2:
        pixels = np.concatenate([pixels, pixels[-1:]])
    tuples = [[(int(r), int(g), int(b)) for r, g, b in row] for row in pixels]
    return [list(zip(upper, lower, strict=True)) for upper, lower in zip(tuples[::2], tuples[1::2], strict=True)]
