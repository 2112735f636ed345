"""What the lessons' pages do around their scenes: print, link, mark what is done, train, and fetch little at first."""

from __future__ import annotations

import pytest

from lesson import missing, node, served
from prose import LESSONS

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.usefixtures("when_changed")]


MAX_FIRST_VIEW = 400_000  # bytes


def test_pages_print_link_mark_and_train() -> None:
    with served() as address:
        figures = node("pages.mjs", address)
    print(f"{figures['steps']} steps in ten seconds; points generated {figures['away']:.2f} from the data")


def test_the_first_view_of_each_lesson_is_small() -> None:
    """By Chromium's count of what came over the wire, compressed, until the scene and the questions stand."""
    with served() as address:
        views = node("first-views.mjs", address, "c=idea", *(f"c={lesson}" for lesson in LESSONS))
    print(", ".join(f"{query[2:]} {view['sent'] / 1e3:.0f} kB" for query, view in views.items()))
    assert max(view["sent"] for view in views.values()) < MAX_FIRST_VIEW
