"""The text in people's files, whichever encoding their programs wrote it in."""

from __future__ import annotations

import codecs
import os

from sfumato.errors import SfumatoError

ENCODING = "SFUMATO_TEXT_ENCODING"  # the environment variable that says what text other than Unicode's is in
MARKS = (  # what a file may begin with; UTF-32's contains UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode_text(content: bytes, where: str) -> str:
    """The text that `content` is, without the mark some programs begin it with, and with `\\n` at the ends of lines.

    It is in UTF-8, or in what its mark says, or else in $SFUMATO_TEXT_ENCODING: older encodings can't be told from
    each other in a few words, and a wrong guess would teach a model other words. Raises SfumatoError that names the
    file, `where`, if it is in none of these. To read it line by line, split it at `\\n`: `splitlines` would also break
    at characters that JSON and CSV may hold inside a text.
    """
    mark, encoding = next((row for row in MARKS if content.startswith(row[0])), (b"", "utf-8"))
    try:
        text = content[len(mark) :].decode(encoding)
        wrong = "" if mark else _foreign(text)
    except UnicodeDecodeError as error:
        text, wrong = "", f"byte 0x{content[len(mark) + error.start]:02X} at {len(mark) + error.start:,}"
    if wrong:
        own = os.environ.get(ENCODING, "")
        if not own:
            raise SfumatoError(
                f"{where} is no UTF-8 text ({wrong}); save it as UTF-8, or set {ENCODING} to the encoding that it is "
                "in, such as cp1252."
            )
        try:
            text = content.decode(own)
        except LookupError as error:
            raise SfumatoError(f"{ENCODING} is {own!r}, which is no encoding that is known; cp1252 is one.") from error
        except UnicodeError as error:
            raise SfumatoError(
                f"{where} is text neither in UTF-8 ({wrong}) nor in {own}, as {ENCODING} says; save it as UTF-8."
            ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _foreign(text: str) -> str:
    """What says that bytes are in another encoding though UTF-8 allows them."""
    if "\0" in text:
        return "a zero byte, as in UTF-16 without a mark"
    return "an escape byte, as in ISO-2022" if "\x1b" in text else ""
