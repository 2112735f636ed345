"""One picture file, of whatever kind, as bytes of one size, and in words what had to be done to it."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, PngImagePlugin, TiffImagePlugin
from torch import Tensor

from sfumato.data.colours import to_srgb
from sfumato.data.limits import PIXELS, TEXT, limit, too_large
from sfumato.data.signatures import signature
from sfumato.errors import SfumatoError
from sfumato.grey import grey

# The kinds that are read. Pillow goes by the content, whatever the suffix, and hands some kinds (EPS) to other
# programs: not with strangers' files.
FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "BMP", "DIB", "GIF", "TIFF", "PPM", "JPEG2000", "TGA", "AVIF")
SUFFIXES = {
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff",
    ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".tga", ".avif",
}  # fmt: skip

PNG = b"\x89PNG\r\n\x1a\n"
WHITE, BITS, BRIGHTEST = 262, 258, 281  # TIFF's tags PhotometricInterpretation, BitsPerSample, MaxSampleValue
TWELVE = 2**12 - 1

ORIENTATION = 0x0112  # the EXIF tag, and how to turn a picture upright for each of its values
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Decoded:
    """A picture as RGB bytes `(3, height, width)`, or the problem that leaves it out."""

    pixels: NDArray[np.uint8] | None
    grey: bool = False  # the three channels are the same
    facts: tuple[str, ...] = ()  # conversions, in words that follow "5 pictures"
    problem: str = ""
    passing: bool = False  # the system refused the file, which another time it may not


def decode(read: Callable[[], Path | BytesIO], size: tuple[int, int]) -> Decoded:
    """The picture that `read` finds, upright, on white where it is transparent, filling `size` (height, width).

    It is resized until it just covers `size` and cropped at the centre. Never raises: a broken file is a `problem`.
    """
    facts: list[str] = []
    path = None
    try:
        path = read()
        _check_sums(path)
        with Image.open(path) as file:
            if file.format not in FORMATS:
                return Decoded(None, problem=f"{file.format} is not a kind that is read")
            if getattr(file, "is_animated", False) and file.format != "MPO":  # a phone's MPO holds a preview as well
                facts.append("with several frames: the first is used")
            file.draft(None, (2 * max(size), 2 * max(size)))  # lets JPEG decode at a fraction of its size
            tagged = _orientation(file)
            file.load()  # Pillow turns a TIFF upright here by itself, and drops the tag
            upright = file.transpose(TURNS[_orientation(file)]) if _orientation(file) in TURNS else file
            if tagged in TURNS:
                facts.append("turned upright as their EXIF says")
            pixels, grey, conversions = fitted(upright, file, size)
            facts += conversions
    except Image.DecompressionBombWarning:
        return Decoded(None, problem=too_large(PIXELS))
    except Exception as error:  # Pillow's decoders raise nearly anything on a broken file
        passing = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is not None)
        return Decoded(None, problem=reason(path, error), passing=passing)
    return Decoded(pixels, grey, tuple(facts))


def fitted(image: Image.Image, file: Image.Image, size: tuple[int, int]) -> tuple[NDArray[np.uint8], bool, list[str]]:
    """`image`, opened as `file`, as RGB bytes `(3, height, width)` that fill `size`, whether it is grey, and what was
    done to it."""
    height, width = size
    plain, facts = _grey_or_rgb(image, file)
    if plain.width < width or plain.height < height:
        facts.append(f"smaller than {height}×{width} and enlarged")
    found = ImageOps.fit(plain, (width, height), Image.Resampling.LANCZOS)
    pixels = np.asarray(found.convert("RGB"))
    grey = found.mode == "L" or bool((pixels == pixels[..., :1]).all())
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)), grey, facts


def read_picture(path: Path | BytesIO, channels: int, size: tuple[int, int]) -> tuple[Tensor, tuple[str, ...]]:
    """The picture in `path` as `(channels, height, width)` in [−1, 1], filling `size`, and what was done to it.

    Colours become grey where there is 1 channel. Raises SfumatoError where it can't be read.
    """
    with guarded_against_bombs():
        decoded = decode(lambda: path, size)
    if decoded.pixels is None:
        raise SfumatoError(f"{path if isinstance(path, Path) else 'the picture'} can't be used: {decoded.problem}.")
    pixels = decoded.pixels[:1] if channels == 1 and decoded.grey else decoded.pixels
    picture = torch.from_numpy(pixels).float() / 127.5 - 1
    return picture if channels == 3 else grey(picture), decoded.facts


def header_size(read: Callable[[], Path | BytesIO]) -> tuple[int, int] | None:
    """The (height, width) that the picture has once upright, from its header; None where it can't be read."""
    try:
        with Image.open(read()) as file:
            width, height = file.size
            if isinstance(file, TiffImagePlugin.TiffImageFile):  # Pillow's versions differ on whether size is turned
                width, height = file.tag_v2[256], file.tag_v2[257]
            tag = Image.Image.getexif(file).get(ORIENTATION, 1)  # a PNG's own getexif would decode all of it
    except Exception:  # decoding says what is wrong with the file
        return None
    return (width, height) if tag in (5, 6, 7, 8) else (height, width)


@contextmanager
def guarded_against_bombs() -> Iterator[None]:
    """While the block is open, a picture that Pillow finds suspiciously large is an error; its other qualms are silent.

    Pillow knows no other way, and Python's filters hold for all threads: open it around them, not inside.
    """
    before = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL", category=UserWarning)
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        set_limits()
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY = before


def set_limits() -> None:
    """Tell Pillow what the user allows (see limits.py)."""
    Image.MAX_IMAGE_PIXELS = limit(PIXELS)
    PngImagePlugin.MAX_TEXT_CHUNK = limit(TEXT)
    PngImagePlugin.MAX_TEXT_MEMORY = max(64 * 2**20, 4 * limit(TEXT))


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # damaged EXIF is no reason to lose the picture
        return 1


def _check_sums(found: Path | BytesIO) -> None:
    """Raise ValueError where a PNG's parts don't have their checksums, which Pillow lets pass."""
    with found.open("rb") if isinstance(found, Path) else nullcontext(found) as file:
        content = file.read(len(PNG))
        if content == PNG:
            content += file.read()
        file.seek(0)
    if not content.startswith(PNG):
        return
    place, view = len(PNG), memoryview(content)
    while place + 12 <= len(content) and content[place - 8 : place - 4] != b"IEND":
        length = int.from_bytes(view[place : place + 4])
        ends = place + 8 + length
        if ends + 4 <= len(content) and zlib.crc32(view[place + 4 : ends]) != int.from_bytes(view[ends : ends + 4]):
            raise ValueError("damaged: a part of it has the wrong checksum")
        place = ends + 4


def _grey_or_rgb(image: Image.Image, file: Image.Image) -> tuple[Image.Image, list[str]]:
    """The picture in mode L or RGB, in sRGB, and what was converted; `file` is what it was opened as."""
    facts: list[str] = []
    mode = image.mode
    if mode.startswith("I;16") or (mode == "I" and file.format in ("PNG", "PPM")):  # Pillow's own conversion would clip
        image, facts = _of_eight_bits(image, getattr(file, "tag_v2", {}))
    elif mode in ("I", "F"):
        raise ValueError(f"{'floating-point' if mode == 'F' else '32-bit'} pixels without a known range")
    elif mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image, facts = to_srgb(image if mode == "LA" else image.convert("RGBA"))
        rgba = image.convert("RGBA")
        flat = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
        clear = bool((np.asarray(rgba)[..., 3] < 255).any())
        return flat, facts + ["with transparency placed on white"] * clear
    elif mode in ("L", "1"):
        image = image.convert("L")
    elif mode != "RGB":
        image, facts = image.convert("RGB"), [f"converted from {mode} to RGB"] if mode != "P" else []
    image, moved = to_srgb(image)
    return image, facts + moved


def _of_eight_bits(image: Image.Image, tags: Mapping[int, Any]) -> tuple[Image.Image, list[str]]:
    """The grey picture of 16 bits in mode L, by what the `tags` of its TIFF say of its values, if it is one."""
    values = np.asarray(image).astype(np.float64)
    bits = tags.get(BITS, (16,))[0]
    if (brightest := tags.get(BRIGHTEST, (0,))[0]) in (
        2**n - 1 for n in range(9, bits)
    ):  # other values say nothing of bits
        bits = brightest.bit_length()
    brightest = 2**bits - 1
    facts = [f"of {bits} bits scaled to 8"]
    if bits == 16 and 0 < values.max() <= TWELVE:
        facts.append(f"of 16 bits without a value above {TWELVE:,}: if they hold 12, multiply them by 16")
    scaled = np.rint(values * (255 / brightest)).clip(0, 255)
    if tags.get(WHITE) == 0:
        scaled = 255 - scaled
    eight = Image.fromarray(scaled.astype(np.uint8))
    eight.info = image.info
    return eight, facts


def reason(path: Path | BytesIO | None, error: Exception) -> str:
    """Why a file can't be used, in the same words for all files with the same trouble."""
    if strerror := getattr(error, "strerror", None):  # of PyAV's errors too
        return str(strerror).lower()
    if isinstance(error, Image.DecompressionBombError):
        return too_large(PIXELS)
    words = str(error).lower()
    if "cannot identify" in words:
        return (path and signature(path)) or "not a valid picture"
    if "max_text" in words:
        return f"holds a text {too_large(TEXT)}"
    if "truncated" in words:
        return "the file is truncated"
    if "broken" in words or "could not create decoder" in words:
        return "not a valid picture"
    return words.split("\n")[0].replace(str(path).lower(), "the file")[:80] or type(error).__name__
