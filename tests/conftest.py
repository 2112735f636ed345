"""What several test folders share: a tiny run, and the command line as a user meets it."""

from __future__ import annotations

import gc
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from PIL import Image

from forking import ENVIRONMENT, SECONDS, Forks
from lesson import UNCHANGED
from sfumato.training import TrainingConfig, start_run, train
from tiny import TINY, Command, blobs

torch.set_num_threads(1)  # the networks here are too small to share

LONGEST = ("lesson_walk", "lesson_quiz", "claims_page", "lesson", "prompts", "processes", "text_encoders", "e2e/")

settings.register_profile(
    "laws",
    deadline=None,  # a slow machine is not a broken law
    derandomize=True,  # every run tries the same examples
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("laws")


UNTIL = float(os.environ.get("TESTS_UNTIL", "inf"))  # seconds since 1970, from which on no long test begins
LATER = 900  # seconds after that, from which on none does
LATE = "no time was left"


def place(item: pytest.Item) -> int:
    """Which part of LONGEST a test belongs to; its length for those that don't take long."""
    name = f"{item.path.parent.name}/{item.path.name}"
    return next((number for number, part in enumerate(LONGEST) if part in name), len(LONGEST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no process is left alone with it at the end; last where time is short,
    so that a slow machine has run all else."""
    items.sort(key=place, reverse=math.isfinite(UNTIL))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if time.time() > UNTIL + (LATER if place(item) == len(LONGEST) else 0):
        pytest.skip(LATE)


def pytest_collection_finish() -> None:
    """What is loaded by now stays, so that collecting garbage need not look through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    left = [report for report in skipped if UNCHANGED in str(report.longrepr)]
    if left:
        terminalreporter.write_line(
            f"{len(left)} tests of the lesson in a browser were left out: {UNCHANGED}. CI=true make test runs them all."
        )
    if late := [report.nodeid for report in skipped if LATE in str(report.longrepr)]:
        terminalreporter.write_line(f"{len(late)} tests were left out, as {LATE} ($TESTS_UNTIL): {' '.join(late)}")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache for all tests that ask for none of their own, in all of pytest's processes, and not the user's."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "cache"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFUMATO_CACHE", str(folder))
        yield folder


@pytest.fixture
def shared_cache(cache: Path, tmp_path: Path) -> None:
    """Let `sfumato` use the cache of all tests, where what is slow to compute may be there already."""
    (tmp_path / "cache").symlink_to(cache)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a tiny class-conditional model. Tests must not change it."""
    folder = tmp_path_factory.mktemp("runs") / "blobs"
    config = TrainingConfig("blobs", images=320, batch=16, previews=2)
    list(train(folder, start_run(folder, blobs(), config, TINY, torch.device("cpu"))))
    return folder


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    found = Forks()
    yield found
    found.close()


@pytest.fixture
def sfumato(tmp_path: Path, forks: Forks) -> Command:
    """`sfumato(*arguments)` runs the command line in `tmp_path`, in a process of its own.

    With an `environment` of its own it is started anew, which takes seconds longer; so it is where forks aren't safe.
    """

    def call(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        words = [*map(str, arguments)]
        if sys.platform == "linux" and not environment:
            return forks.run(words, tmp_path)
        return subprocess.run(
            [sys.executable, "-m", "sfumato", *words],
            cwd=tmp_path,
            env={**os.environ, **ENVIRONMENT, "SFUMATO_CACHE": str(tmp_path / "cache"), **environment},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )

    return call


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of twelve 16×16 colour pictures in two classes, red and blue."""
    rng = np.random.default_rng(0)
    for name, colour in (("red", (200, 40, 40)), ("blue", (40, 40, 200))):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(6):
            pixels = np.clip(np.array(colour) + rng.integers(-40, 40, (16, 16, 3)), 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "pictures" / name / f"{number}.png")
    return tmp_path / "pictures"
