"""What a file is that isn't what its name says, by its first bytes, where a reader would only say "not valid"."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from pathlib import Path

LFS = b"version https://git-lfs.github.com/spec/"
HEAD_BYTES = 64  # bytes
HEIC = "a HEIC picture, which is not read; save it as JPEG or PNG"
TIFF = "a TIFF of a kind that is not read, or a damaged one; save it as PNG"
VIDEO = "a video, not a picture"
SIGNATURES: tuple[tuple[int, bytes, str], ...] = (  # where, what stands there, what that is
    (0, LFS, "a Git LFS pointer, not the file itself; fetch it with `git lfs pull`"),
    *((4, b"ftyp" + brand, HEIC) for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")),
    *((4, b"ftyp" + brand, VIDEO) for brand in (b"isom", b"iso2", b"mp41", b"mp42", b"qt  ", b"M4V ", b"avc1")),
    (0, b"\x1aE\xdf\xa3", VIDEO),
    (8, b"AVI ", VIDEO),
    *((0, mark, TIFF) for mark in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    (0, b"\xff\x0a", "a JPEG XL picture, which is not read; save it as PNG"),
    (4, b"JXL ", "a JPEG XL picture, which is not read; save it as PNG"),
    (0, b"8BPS", "a Photoshop document, not a picture"),
    (0, b"%PDF", "a PDF, not a picture"),
    (0, b"PK\x03\x04", "a ZIP archive, not a picture"),
    (0, b"\x1f\x8b", "a gzip archive, not a picture"),
    (0, b"<svg", "an SVG drawing, which is not read"),
    (0, b"<!doctype", "a web page, not a picture"),
    (0, b"<html", "a web page, not a picture"),
)


def signature(file: Path | BytesIO) -> str:
    """What the file is, in words that may follow its name; '' where its first bytes say nothing."""
    head = b""
    with suppress(OSError):
        if isinstance(file, BytesIO):
            head = file.getvalue()[:HEAD_BYTES]
        else:
            with file.open("rb") as opened:
                head = opened.read(HEAD_BYTES)
    if not head:
        return "an empty file"
    text = head.lstrip().lower()
    for place, bytes_, words in SIGNATURES:
        if head[place:].startswith(bytes_) or (bytes_.startswith(b"<") and text.startswith(bytes_)):
            return words
    return ""
