"""Text in any of Unicode's encodings is read as it was written; any other is named, never guessed."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.data.limits import LIMITS, PIXELS, limit, too_large
from sfumato.data.text_files import ENCODING, decode_text
from sfumato.errors import SfumatoError

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\x1b\ufeff"))
MARKED = {
    "utf-8": b"", "utf-8-sig": b"", "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE, "utf-32-be": codecs.BOM_UTF32_BE,
}  # fmt: skip


@given(TEXTS, st.sampled_from(sorted(MARKED)))
def test_text_of_every_script_comes_back_from_every_encoding_of_unicode(text: str, encoding: str) -> None:
    assert decode_text(MARKED[encoding] + text.encode(encoding), "x.txt") == text


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_the_ends_of_lines_are_one_character(end: str) -> None:
    assert decode_text(end.join(["a\u2028b", "", "c\x85d"]).encode(), "x.txt").split("\n") == ["a\u2028b", "", "c\x85d"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("Café au lait".encode("cp1252"), "byte 0xE9 at 3"),
        ("パン".encode("shift-jis"), "byte 0x83 at 0"),
        ("a cat".encode("utf-16-le"), "a zero byte"),
        ("パン".encode("iso2022_jp"), "an escape byte"),
        (codecs.BOM_UTF8 + b"ok \xff", "byte 0xFF at 6"),
        (codecs.BOM_UTF16_LE + b"a", "byte 0x61 at 2"),
    ],
)
def test_text_in_another_encoding_is_named_with_what_to_do(
    content: bytes, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ENCODING, raising=False)
    with pytest.raises(SfumatoError, match=rf"photos/x\.txt is no UTF-8 text \({why}.*{ENCODING}"):
        decode_text(content, "photos/x.txt")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("cp1252", "Café “au” lait"), ("shift-jis", "パン"), ("iso2022_jp", "パン"), ("utf-16-le", "猫 cat")],
)
def test_a_user_says_what_encoding_it_is_and_unicode_is_still_read(
    encoding: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENCODING, encoding)
    assert decode_text(text.encode(encoding), "x.txt") == text
    assert decode_text(text.encode(), "x.txt") == text
    assert decode_text(text.encode("utf-16"), "x.txt") == text


@pytest.mark.parametrize(("encoding", "why"), [("ascii", "nor in ascii"), ("klingon", "no encoding that is known")])
def test_an_encoding_that_does_not_fit_is_named(encoding: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENCODING, encoding)
    with pytest.raises(SfumatoError, match=why):
        decode_text("é".encode("cp1252"), "x.txt")


def test_a_limit_is_raised_by_the_variable_that_its_message_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PIXELS, raising=False)
    assert limit(PIXELS) == LIMITS[PIXELS]
    assert too_large(PIXELS) == "over 89,478,485 pixels, which SFUMATO_MAX_PIXELS raises"
    monkeypatch.setenv(PIXELS, "2e8")
    assert limit(PIXELS) == 200_000_000
    for wrong in ("many", "0", "-1", "inf", "nan"):
        monkeypatch.setenv(PIXELS, wrong)
        with pytest.raises(SfumatoError, match="above 0"):
            limit(PIXELS)
