"""Pictures that come along with what is asked, and the kinds of picture files that are sent back."""

from __future__ import annotations

import base64
import binascii
import json
import re
from io import BytesIO
from typing import Annotated, Any, Literal

import numpy as np
from PIL import Image
from pydantic import PlainValidator, WithJsonSchema

from sfumato.data.decode import guarded_against_bombs, header_size
from sfumato.data.pictures import encoded, read_text
from sfumato.errors import SfumatoError
from sfumato.hub.request import Upload

MAX_PIXELS = 2**24  # of a picture that is sent here
MAX_FILE_NAME = 100  # characters
Kind = Literal["png", "webp", "jpeg"]


def file_name(given: str) -> str:
    """What a client calls its file, without folders and what no name has: it is only told back."""
    name = re.split(r"[/\\]", given)[-1]
    return "".join(sign for sign in name if sign.isprintable())[-MAX_FILE_NAME:] or "picture"


def _uploaded(value: Any) -> Upload:
    if isinstance(value, Upload):
        return value
    if not isinstance(value, str):
        raise ValueError("a picture is sent as a file of a form, or as a text in base64")
    head, comma, rest = value.partition(",")
    if head.startswith("data:") and not (comma and head.endswith(";base64")):
        raise ValueError("a data URL of a picture begins with data:image/png;base64,")
    try:
        content = base64.b64decode(rest if head.startswith("data:") else value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("the text of a picture is its file in base64, or a data URL of it") from error
    return Upload.named("picture", content)


Picture = Annotated[
    Upload,
    PlainValidator(_uploaded),
    WithJsonSchema({"type": "string", "contentEncoding": "base64", "description": "a file in base64, or a data URL"}),
]


def checked(what: str, upload: Upload) -> Upload:
    """The upload; raises SfumatoError where it is no picture, or one of more than MAX_PIXELS. Not for two threads at
    once, as Pillow's limits are of the whole process."""
    with guarded_against_bombs():
        sides = header_size(upload.unchanged)
    if sides is None or min(sides) < 1:
        raise SfumatoError(f"`{what}` is no picture that can be read; send a PNG, JPEG or WebP.")
    if sides[0] * sides[1] > MAX_PIXELS:
        raise SfumatoError(f"`{what}` has {sides[0]}×{sides[1]} pixels, more than {MAX_PIXELS:,}; send a smaller one.")
    return upload


def as_mask(upload: Upload) -> Upload:
    """A mask as the library takes it, white where to generate. One that is transparent somewhere is OpenAI's: there."""
    try:
        with guarded_against_bombs(), Image.open(upload.unchanged()) as file:
            if not file.has_transparency_data:
                return upload
            alpha = np.asarray(file.convert("RGBA").getchannel("A"))
    except Exception:  # whatever Pillow raises at a broken file, which whoever opens it says
        return upload
    if alpha.min() == 255:
        return upload
    data = BytesIO()
    Image.fromarray(np.where(alpha < 128, 255, 0).astype(np.uint8)).save(data, "PNG")
    return Upload.named(upload.path, data.getvalue())


def as_kind(png: bytes, kind: Kind, compression: int | None) -> bytes:
    """A PNG of ours as another kind of file, with the same record of how it was made; WebP is lossless at 100, the
    default."""
    if kind == "png":
        return png
    with Image.open(BytesIO(png)) as image:
        about = json.loads(read_text(image) or "{}")
        return encoded(image, about, kind, 100 if compression is None else compression)
