"""The lesson in a browser: every chapter walked, every law of the pages kept, axe-core without a word."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from lesson import missing, node, served

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

# Those that take longest first, so that two at a time end together.
CHAPTERS = ("steering", "sampling", "reverse", "forward", "network", "training", "idea")


def in_two(script: str, parts: tuple[str, ...]) -> None:
    """A script's parts, each in a browser of its own, two at a time."""
    with served() as address, ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(node, script, address, part) for part in parts]:
            done.result()


def test_every_control_changes_what_it_should_and_the_address_restores_it() -> None:
    in_two("walk.mjs", CHAPTERS)


def test_the_pages_keep_their_laws() -> None:
    in_two("walk.mjs", ("flat", "quiz", "keyboard", "terms", "storage", "settings", "motion", "brush"))


def test_axe_finds_nothing() -> None:
    in_two("axe.mjs", (*CHAPTERS, "quiz", "glossary", "notes", "certificate"))
