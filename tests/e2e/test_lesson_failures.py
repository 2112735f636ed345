"""Where the lesson can't begin or go on, it says so, and its text can be read all the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
from PIL import Image

from lesson import missing, node, served
from sfumato.lesson.server import SITE

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.usefixtures("when_changed")]


def test_a_link_to_it_is_shown_with_a_picture() -> None:
    page = (SITE / "index.html").read_text()
    told = dict(re.findall(r'<meta property="og:([\w:]+)" content="([^"]+)"', page))
    with Image.open(SITE / told["image"]) as card:
        assert card.size == (int(told["image:width"]), int(told["image:height"]))
    assert (SITE / told["image"]).stat().st_size < 300_000
    assert all(told[name] for name in ("title", "description", "type", "image:alt"))


def test_failures_speak_and_the_text_is_there() -> None:
    with served() as address:
        told: dict[str, dict[str, Any]] = node("failures.mjs", address, str(SITE))
    whole = told.pop("whole")
    assert whole["notices"] == whole["alerts"] == []
    sections = [heading for heading in told["no scripts"]["headings"] if heading in whole["headings"]]
    assert len(sections) >= 4  # the first chapter's title and its sections
    for name in ("no script", "thrown", "file"):
        assert set(sections) <= set(told[name]["headings"]), name
    for name in ("no scripts", "no script", "no script elsewhere", "thrown", "file"):
        (notice,) = told[name]["notices"]
        assert "7 Steering" in notice and ("http.server" in notice) == (name == "file"), name
    assert told["no script elsewhere"]["headings"] == []  # not the text of a chapter that wasn't asked for
    assert len([heading for heading in told["text"]["headings"] if re.match(r"\d ", heading)]) >= 7
    for name in ("no scene", "no page"):
        assert "could not be fetched" in told[name]["alerts"][0], name
    assert set(sections) <= set(told["no scene"]["headings"])
    for name in ("no translation", "no opening"):  # in English, which came with the page; with its scene at once
        assert set(sections) <= set(told[name]["headings"]), name
