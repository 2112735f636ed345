"""The quiz: its engine and questions in Node, and its pages as a reader uses them."""

from __future__ import annotations

import pytest

from lesson import missing, run_node, served

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


def test_the_engine_and_the_questions() -> None:
    run_node("--test", "tests/quiz.mjs", browses=False)


def test_programs_of_samplers() -> None:
    run_node("--test", "tests/program.mjs", browses=False)


def test_the_translations() -> None:
    run_node("--test", "tests/languages.mjs", browses=False)


@pytest.mark.usefixtures("when_changed")
def test_the_pages() -> None:
    with served() as address:
        run_node("tests/quiz-pages.mjs", address)
