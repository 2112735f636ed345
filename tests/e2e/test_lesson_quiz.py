"""The quiz: its engine and questions in Node, and its pages as a reader uses them."""

from __future__ import annotations

import os
import subprocess

import pytest

from lesson import BROWSER, WEB, missing, on_one_core, served

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


def run(*command: str) -> None:
    words, environment = [*on_one_core(), "node", *command], {**os.environ, "CHROMIUM": str(BROWSER)}
    result = subprocess.run(words, cwd=WEB, env=environment, capture_output=True, text=True, timeout=1800)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]


def test_the_engine_and_the_questions() -> None:
    run("--test", "tests/quiz.mjs")


def test_programs_of_samplers() -> None:
    run("--test", "tests/program.mjs")


def test_the_translations() -> None:
    run("--test", "tests/languages.mjs")


@pytest.mark.usefixtures("when_changed")
def test_the_pages() -> None:
    with served() as address:
        run("tests/quiz-pages.mjs", address)
