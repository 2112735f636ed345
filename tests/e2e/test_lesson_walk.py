"""The lesson in a browser: every chapter walked, every law of the pages kept, axe-core without a word."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from lesson import missing, node, served

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

CHAPTERS = ("idea", "forward", "reverse", "network", "training", "sampling", "steering")


def in_two(script: str, halves: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    """A script's parts in two browsers at once."""
    with served() as address, ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(node, script, address, *half) for half in halves]:
            done.result()


def test_every_control_changes_what_it_should_and_the_address_restores_it() -> None:
    in_two("walk.mjs", (("idea", "reverse", "training"), ("forward", "network", "sampling", "steering")))


def test_the_pages_keep_their_laws() -> None:
    in_two("walk.mjs", (("keyboard", "terms"), ("flat", "storage", "settings", "quiz", "motion")))


def test_axe_finds_nothing() -> None:
    in_two("axe.mjs", (CHAPTERS[:3], (*CHAPTERS[3:], "quiz", "glossary", "notes", "certificate")))
