"""Sizes beyond which a file is refused, since a stranger's could fill the memory, and how a user raises them."""

from __future__ import annotations

import os

from sfumato.errors import SfumatoError

PIXELS, FILE, TEXT = "SFUMATO_MAX_PIXELS", "SFUMATO_MAX_FILE_BYTES", "SFUMATO_MAX_TEXT_BYTES"
LIMITS = {  # environment variable → the most that is opened where it isn't set
    PIXELS: 89_478_485,  # of one picture (Pillow's own limit: 256 MB of RGB)
    FILE: 256_000_000,  # of one picture's file or a table of captions, once unpacked
    TEXT: 2**20,  # of one caption's file, and of one text inside a picture's
}


def limit(variable: str) -> int:
    """The most that is opened: a row of LIMITS, or what the user set. Raises SfumatoError where that is no number."""
    own = os.environ.get(variable, "")
    if not own.strip():
        return LIMITS[variable]
    try:
        number = int(float(own))
    except (ValueError, OverflowError):
        number = 0
    if number < 1:
        raise SfumatoError(f"{variable} is {own!r}; give a whole number above 0, or leave it unset.")
    return number


def too_large(variable: str) -> str:
    """Why a file beyond the limit is left out, and what to do."""
    unit = "pixels" if variable == PIXELS else "bytes"
    return f"over {limit(variable):,} {unit}, which {variable} raises"
