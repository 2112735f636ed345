"""The lesson in a browser: every chapter walked, every law of the pages kept, axe-core without a word."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from lesson import brief, missing, node, served

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.usefixtures("when_changed")]

# Those that take longest first.
CHAPTERS = (
    "steering",
    "sampling",
    "reverse",
    "forward",
    "network",
    "training",
    "idea",
    "world",
    "gan",
    "flow",
    "evaluation",
    "numbers",
    "vae",
    "pixels",
    "video",
    "latent",
    "few",
)
LAWS = (
    "actions",
    "guided",
    "opening",
    "tongues",
    "flat",
    "waits",
    "quiz",
    "keyboard",
    "terms",
    "storage",
    "settings",
    "motion",
    "brush",
)
PAGES = (*CHAPTERS, "lessons", "opening", "quiz", "glossary", "notes", "handout", "certificate")


@pytest.fixture(scope="session")
def instead(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    base = tmp_path_factory.getbasetemp()
    return brief((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "brief")


@pytest.fixture(scope="session")
def inputs(instead: Mapping[str, Path]) -> list[Path]:
    return [*instead.values()]


def walked(script: str, part: str, instead: Mapping[str, Path]) -> None:
    with served(instead=instead) as address:
        node(script, address, part)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_control_changes_what_it_should_and_the_address_restores_it(
    chapter: str, instead: Mapping[str, Path]
) -> None:
    walked("walk.mjs", chapter, instead)


@pytest.mark.parametrize("law", LAWS)
def test_the_pages_keep_their_laws(law: str, instead: Mapping[str, Path]) -> None:
    walked("walk.mjs", law, instead)


@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(page: str, instead: Mapping[str, Path]) -> None:
    walked("axe.mjs", page, instead)
