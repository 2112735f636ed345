"""Text as it can be shown: durations, and what comes from elsewhere, such as class names, captions and file names."""

from __future__ import annotations

import os
import unicodedata

JOINERS = "\u200c\u200d"  # letters of Persian and Hindi, and emoji, are spelt with them, and they do nothing else


def readable(text: str, keep: str = "") -> str:
    """`text` without what a terminal would obey, or what would make it look like another text: that is escaped.

    Control characters and the escape codes that begin with one, line breaks, marks that turn the direction of writing
    around, invisible characters, and bytes of file names that are no UTF-8. Characters in `keep` stay as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or _shows(c) else _escaped(c) for c in text)


def _shows(c: str) -> bool:
    return c.isprintable() or c in JOINERS or unicodedata.category(c) == "Zs"


def _escaped(c: str) -> str:
    if "\udc80" <= c <= "\udcff":  # how Python holds a byte that is no UTF-8
        return os.fsencode(c).decode(errors="backslashreplace") if os.name == "posix" else repr(c)[1:-1]
    return repr(c)[1:-1]


def duration(seconds: float) -> str:
    """3725 → '1 h 02 min', 75 → '1 min 15 s', 9 → '9 s'."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
