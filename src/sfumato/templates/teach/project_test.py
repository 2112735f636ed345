"""The solution is right, the exercise is open, and the lesson is there to be opened."""

import runpy
from pathlib import Path

from sfumato.lesson.server import pages

HERE = Path(__file__).parent


def test_the_solution_is_right_and_the_exercise_is_open():
    results = runpy.run_path(str(HERE / "check.py"))["results"]
    assert results(HERE / "solution.py") == {"add_noise": "", "euler": "", "guided": ""}
    assert set(results(HERE / "exercise.py").values()) == {"not filled in yet"}


def test_the_lesson_is_there():
    assert (pages() / "index.html").exists()
