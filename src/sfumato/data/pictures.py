"""Tensors as pictures: grids, scatter plots, PNGs that say how they were made, animations, terminal blocks."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin
from torch import Tensor

from sfumato.data.decode import guarded_against_bombs
from sfumato.data.limits import PIXELS, too_large
from sfumato.data.parameters import PARAMETERS, parameters
from sfumato.errors import SfumatoError
from sfumato.files import replace_file

RGB = tuple[int, int, int]

# Okabe & Ito's colours, which colour-blind readers can tell apart, without the yellow that vanishes on white.
COLOURS: tuple[RGB, ...] = (
    (0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167),
    (86, 180, 233), (230, 159, 0), (40, 40, 40), (148, 103, 60),
)  # fmt: skip
GAP = (128, 132, 138)
TURN, TILT = 20, 12  # degrees: where points in space are seen from
_KEY = "sfumato"
EXIF, USER_COMMENT, ASCII = 0x8769, 0x9286, b"ASCII\0\0\0"  # where JPEG and WebP carry it; see EXIF's standard
MAX_EXIF_BYTES = 60_000  # a JPEG's segment holds 65,533
SHORT = ("sfumato", "model", "weights", "weights_sha256", "request")  # what is needed to generate it again


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

    Each is enlarged by the whole number `scale`, by default until its longer side has at least 48 pixels; the gap grows
    along. Raises ValueError for an empty batch, for channels other than 1 or 3, and for values that aren't finite.
    """
    pixels = to_uint8(x)
    if not len(pixels):
        raise ValueError("there are no pictures to tile")
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


def table(
    cells: Sequence[Sequence[tuple[Image.Image, str]]], rows: Sequence[str], columns: Sequence[str]
) -> Image.Image:
    """Pictures with a caption each, in labelled rows and columns on white."""
    heading, caption = ImageFont.load_default(18), ImageFont.load_default(13)
    gap, line = 18, 30
    left = gap + math.ceil(max(heading.getlength(name) for name in rows)) + gap
    widths = [max(row[i][0].width for row in cells) for i in range(len(columns))]
    widths = [max(width, math.ceil(heading.getlength(name))) for width, name in zip(widths, columns, strict=True)]
    heights = [max(image.height for image, _ in row) for row in cells]
    size = (left + sum(widths) + gap * len(widths), gap + line + sum(heights) + (line + gap // 2) * len(heights))
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    x = left
    for name, width in zip(columns, widths, strict=True):
        draw.text((x, gap), name, (30, 30, 30), heading)
        x += width + gap
    y = gap + line
    for name, row, height in zip(rows, cells, heights, strict=True):
        draw.text((gap, y + height / 2), name, (30, 30, 30), heading, anchor="lm")
        x = left
        for (image, words), width in zip(row, widths, strict=True):
            sheet.paste(image, (x, y))
            draw.text((x, y + height + 6), words, (90, 94, 100), caption)
            x += width + gap
        y += height + line + gap // 2
    return sheet


def scatter(
    points: Tensor, labels: Sequence[int] | Tensor | None = None, size: int = 640, extent: float = 2.8
) -> Image.Image:
    """A point set `(count, 2)` or `(count, 3)` on white, coloured by label, `size` pixels square.

    Three dimensions are seen from above at a slant, with the third upwards; far points are paler. `extent` is the
    largest coordinate that still shows. Raises ValueError for other dimensions and for values that aren't finite.
    """
    flat = points.detach().double().cpu().numpy()
    if flat.ndim != 2 or flat.shape[1] not in (2, 3) or not np.isfinite(flat).all():
        raise ValueError(f"a scatter plot shows finite points of 2 or 3 dimensions, got {tuple(flat.shape)}")
    away = np.zeros(len(flat))
    if flat.shape[1] == 3:
        flat, away = _seen_from_above(flat)
    nearness = 1 - (away - away.min()) / max(float(np.ptp(away)), 1e-9) if len(away) else away
    opacity = np.rint(60 + 100 * nearness).astype(int)
    numbers = np.zeros(len(flat), np.int64) if labels is None else np.asarray(labels)
    fine = 3  # drawn large, then reduced, so that the dots come out smooth
    sheet = Image.new("RGB", (size * fine, size * fine), "white")
    draw = ImageDraw.Draw(sheet, "RGBA")
    radius = fine * min(4.0, max(1.2, 90 / math.sqrt(max(1, len(flat)))))
    centres = (flat / extent * [1, -1] + 1) / 2 * size * fine
    for index in np.argsort(-away, kind="stable"):
        x, y = centres[index]
        fill = (*COLOURS[numbers[index] % len(COLOURS)], int(opacity[index]))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)
    return sheet.resize((size, size), Image.Resampling.BOX)


def _seen_from_above(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points of three dimensions on the picture plane, and how far away each is."""
    turn, tilt = math.radians(TURN), math.radians(TILT)
    x = points[:, 0] * math.cos(turn) - points[:, 1] * math.sin(turn)
    back = points[:, 0] * math.sin(turn) + points[:, 1] * math.cos(turn)
    y = points[:, 2] * math.cos(tilt) + back * math.sin(tilt)
    return np.stack([x, y], axis=1), back * math.cos(tilt) - points[:, 2] * math.sin(tilt)


def save_png(image: Image.Image, path: Path, about: Mapping[str, str]) -> None:
    """Write a PNG (see `png`), whole or not at all; raises SfumatoError where the file can't be written."""
    replace_file(path, png(image, about))


def png(image: Image.Image, about: Mapping[str, str]) -> bytes:
    """The picture as a PNG that carries `about` as text: as JSON under "sfumato", in words as Description.

    One that says how it was generated says it to Stable Diffusion web UI too (see parameters.py).
    """
    text = PngImagePlugin.PngInfo()
    text.add_itxt(_KEY, json.dumps(dict(about), ensure_ascii=False))
    text.add_itxt("Description", "\n".join(f"{name}: {value}" for name, value in about.items()))
    if (said := parameters(about, image.size)) is not None:
        text.add_text(PARAMETERS, said)
    data = io.BytesIO()
    image.save(data, "PNG", pnginfo=text)
    return data.getvalue()


def encoded(image: Image.Image, about: Mapping[str, str], kind: str, quality: int) -> bytes:
    """The picture as a WebP, lossless at a `quality` of 100, or a JPEG, that carries `about` as JSON in its EXIF.

    Of a record that is too long for that, what generates the picture again, and nothing where that is too long too.
    """
    exif = Image.Exif()
    for part in (about, {name: about[name] for name in SHORT if name in about}):
        text = ASCII + json.dumps({_KEY: dict(part)}).encode("ascii")
        if len(text) <= MAX_EXIF_BYTES:
            exif.get_ifd(EXIF)[USER_COMMENT] = text
            break
    options = {"lossless": quality == 100} if kind == "webp" else {"subsampling": 0}
    data = io.BytesIO()
    image.save(data, kind.upper(), quality=quality, exif=exif, **options)
    return data.getvalue()


def read_text(image: Image.Image) -> str | None:
    """The JSON that an opened picture of ours carries."""
    if image.format == "PNG":
        image.load()
        text = getattr(image, "text", {}).get(_KEY)
        return None if text is None else str(text)
    comment = image.getexif().get_ifd(EXIF).get(USER_COMMENT)
    if not isinstance(comment, bytes) or not comment.startswith(ASCII):
        return None
    image.load()
    try:
        own = json.loads(comment.removeprefix(ASCII))
        return json.dumps(own[_KEY])
    except (ValueError, RecursionError, KeyError, TypeError):
        return None


def read_about(path: Path) -> dict[str, str]:
    """What the PNG, WebP or JPEG at `path` says of how it was made (see `png`). Raises SfumatoError where there is no
    such text to read."""
    try:
        with guarded_against_bombs(), Image.open(path) as image:
            text = read_text(image)
    except FileNotFoundError as error:
        raise SfumatoError(f"there is no file {path}.") from error
    except (OSError, SyntaxError, ValueError, RecursionError) as error:
        raise SfumatoError(f"{path} is not a readable PNG.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise SfumatoError(f"{path} has {too_large(PIXELS)}.") from error
    try:
        about = json.loads(text) if text is not None else None
    except (ValueError, RecursionError) as error:
        raise SfumatoError(
            f"{path} carries a damaged record of how it was made; the picture itself is whole."
        ) from error
    if not isinstance(about, dict):
        raise SfumatoError(f"{path} was not generated by sfumato: it carries no record of how it was made.")
    return {str(name): str(value) for name, value in about.items()}


def save_animation(frames: Sequence[Image.Image], path: Path, milliseconds: int, last_hold: int) -> None:
    """Write `frames` as an endless .webp, .gif or .png (APNG), by suffix; the last one stays for `last_hold` ms.

    Raises SfumatoError for another suffix or where the file can't be written, ValueError without frames.
    """
    if path.suffix.lower() not in (".webp", ".gif", ".png"):
        raise SfumatoError(f"an animation can't be written as {path.name}; end the name in .webp, .gif or .png.")
    replace_file(path, animation(frames, path.suffix, milliseconds, last_hold))


def animation(frames: Sequence[Image.Image], suffix: str, milliseconds: int, last_hold: int) -> bytes:
    """`frames` as the bytes of an animation of this kind; see save_animation."""
    kind = suffix.lower().lstrip(".")
    if not frames:
        raise ValueError("an animation needs at least one frame")
    data = io.BytesIO()
    durations = [milliseconds] * (len(frames) - 1) + [last_hold]
    options = {"lossless": True, "method": 4} if kind == "webp" else {}
    frames[0].save(
        data, kind.upper(), save_all=True, append_images=frames[1:], duration=durations, loop=0, **options
    )  # fmt: skip
    return data.getvalue()


def half_blocks(image: Image.Image, columns: int) -> list[list[tuple[RGB, RGB]]]:
    """The picture as rows of (upper, lower) colours, one pair a terminal character, at most `columns` wide."""
    if image.width > columns:
        image = image.resize((columns, max(1, round(image.height * columns / image.width))), Image.Resampling.BOX)
    pixels = np.asarray(image.convert("RGB"))
    if len(pixels) % 2:
        pixels = np.concatenate([pixels, pixels[-1:]])
    tuples = [[(int(r), int(g), int(b)) for r, g, b in row] for row in pixels]
    return [list(zip(upper, lower, strict=True)) for upper, lower in zip(tuples[::2], tuples[1::2], strict=True)]
