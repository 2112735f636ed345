"""`sfumato watch` tells what a run has written down, follows it, and takes no notice of damage."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sfumato.training.metrics import follow
from tiny import Command


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has come to its end: 30 steps."""
    place = tmp_path_factory.mktemp("watched")
    command = [sys.executable, "-m", "sfumato", "train", "points:moons", "--images", "3840", "--name", "m"]
    subprocess.run(command, cwd=place, check=True, capture_output=True)
    return place / "runs" / "m"


def test_a_run_that_has_ended_is_told_at_once(sfumato: Command, run: Path) -> None:
    for options in ([], ["--once"]):
        told = sfumato("watch", run, *options)
        assert told.returncode == 0, told.stderr
        first, *rest = told.stdout.splitlines()
        assert "100%" in first and "step 30" in first and "loss" in first
        assert any(line.startswith("checkpoint") for line in rest)


def test_every_line_is_told_once_as_it_is_written(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "m")
    path = tmp_path / "m" / "metrics.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.unlink()
    following = follow(tmp_path / "m")
    path.write_bytes(lines[0] + lines[1][:20])  # the second is being written
    assert [p.step for p in next(following)] == [10]
    with path.open("ab") as file:
        file.write(lines[1][20:] + b"damaged\n" + lines[2])
    assert [p.step for p in next(following)] == [20, 30]
    assert next(following, None) is None


def test_a_resumed_run_is_followed_from_where_it_goes_on(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(run, tmp_path / "m")
    path = tmp_path / "m" / "metrics.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1])
    following = follow(tmp_path / "m")
    assert [p.step for p in next(following)] == [10, 20]
    path.write_bytes(lines[0])  # cut back to its last checkpoint
    told = json.loads(lines[1])

    def going_on() -> None:
        with path.open("ab") as file:
            file.write(json.dumps({**told, "step": 15}).encode() + b"\n")

    pauses = iter([lambda: None, going_on])
    monkeypatch.setattr("sfumato.training.metrics.time.sleep", lambda _: next(pauses)())
    assert [p.step for p in next(following)] == [15]


def test_nothing_written_yet(sfumato: Command, run: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    shutil.copyfile(run / "config.json", tmp_path / "new" / "config.json")
    told = sfumato("watch", "new", "--once")
    assert told.returncode == 0 and "No step has been written down yet" in told.stdout


def test_what_is_no_run(sfumato: Command) -> None:
    told = sfumato("watch", "nowhere")
    assert told.returncode == 2 and "nowhere is no run" in told.stderr and "Traceback" not in told.stderr
