"""What the lesson's pages do around their scenes: print, link, mark what is done, and train."""

from __future__ import annotations

import pytest

from lesson import missing, node, served

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.usefixtures("when_changed")]


def test_pages_print_link_mark_and_train() -> None:
    with served() as address:
        figures = node("pages.mjs", address)
    print(f"{figures['steps']} steps in ten seconds; points generated {figures['away']:.2f} from the data")
