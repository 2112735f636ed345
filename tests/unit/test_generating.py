"""Files of pictures: names that identify, nothing overwritten, and a drawing that is stopped goes on."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asked import Draws, draws, model, pixels
from sfumato.cli import generating, opening, writing
from sfumato.cli.generating import NAME_BYTES, slug
from sfumato.data import read_about
from sfumato.errors import SfumatoError
from sfumato.hub import SamplingConfig
from sfumato.hub.request import Request
from sfumato.hub.resolving import Resolved

__all__ = ["draws"]
LONG = "a red heart on a very long road that leads through fields and woods"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["a heart", "--steps", 2], ["a heart", "--steps", 3]),  # the same class and seed with other settings
        ([f"{LONG} to the sea", "--steps", 2], [f"{LONG} to the hills", "--steps", 2]),
        (["🦊🦊", "--steps", 2], ["🐻", "--steps", 2]),
        (["?!", "--steps", 2], ["!?", "--steps", 2]),
        (["--compare", "ddim", "--steps", 2], ["--compare", "ddim", "--steps", 3]),
        (["a heart", "--steps", 2, "--animate"], ["a heart", "--steps", 3, "--animate"]),
    ],
)
def test_nothing_is_overwritten(draws: Draws, one: list[object], other: list[object]) -> None:
    first = draws("tiny", *one, "-n", 2, "--out", "out")
    before = {path: path.read_bytes() for path in Path("out").iterdir()}
    second = draws("tiny", *other, "-n", 2, "--out", "out")
    assert len(first) == len(second) and len(list(Path("out").iterdir())) == 2 * len(before)
    assert all(path.read_bytes() == content for path, content in before.items())


def test_what_is_there_already_is_not_drawn_again(draws: Draws, monkeypatch: pytest.MonkeyPatch) -> None:
    draws("tiny", "-n", 3, "--steps", 2, "--out", "out")
    before = {path: path.stat().st_mtime_ns for path in Path("out").iterdir()}
    drawn: list[int] = []
    real = generating.generate
    monkeypatch.setattr(writing, "generate", lambda *a, **k: (drawn.extend(r) or (r, x) for r, x in real(*a, **k)))  # type: ignore[func-returns-value]
    assert draws("tiny", "-n", 3, "--steps", 2, "--out", "out") == [] and drawn == []
    assert {path: path.stat().st_mtime_ns for path in Path("out").iterdir()} == before
    draws("tiny", "-n", 5, "--steps", 2, "--out", "out")
    assert drawn == [3, 4]


def test_a_drawing_that_is_stopped_keeps_what_is_drawn_and_goes_on(
    draws: Draws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("tiny", "a heart", "-n", 7, "--steps", 2, "--batch", 2)
    draws(*words, "--out", "whole")
    steps, calls = Resolved.steps, 0

    def stopped(self: Resolved, *a: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:  # after two batches
            raise KeyboardInterrupt
        return steps(self, *a)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Resolved, "steps", stopped)
        with pytest.raises(SystemExit) as end:
            draws(*words, "--out", "out")
    assert end.value.code == 130
    said = " ".join(capsys.readouterr().out.split())
    assert "Stopped: 4 of 7 are generated" in said and "The same command goes on from there." in said
    assert len(list(Path("out").iterdir())) == 4
    draws(*words, "--out", "out")
    assert "4 of them were there already" in " ".join(capsys.readouterr().out.split())
    names = {path.name for path in Path("whole").iterdir()}
    assert {path.name for path in Path("out").iterdir()} == names and "grid.png" in names
    for name in names:
        assert np.abs(pixels(Path("out", name)).astype(int) - pixels(Path("whole", name))).max() <= 1


@given(st.text(max_size=300))
def test_a_name_is_part_of_one_file_name_of_few_bytes(text: str) -> None:
    name = slug(text)
    assert (
        len(name.encode()) <= NAME_BYTES and not set(name) & set('/\\:*?"<>|\0\n') and not name.startswith((".", "-"))
    )
    assert not name or unicodedata.category(name[0]) != "Cf"


def test_names_keep_every_script_and_emoji_and_end_at_whole_letters() -> None:
    assert slug("🦊 and 🐻‍❄️!") == "🦊-and-🐻-❄️"
    assert slug("हिन्दी में") == "हिन्दी-में" and slug("パンと ハン") == "パンと-ハン"
    cut = slug("ही" * 60)
    assert len(cut.encode()) <= NAME_BYTES and cut.rpartition("-")[0] == "ही" * (len(cut.rpartition("-")[0]) // 2)
    assert slug("a" * 99) != slug("a" * 98)


def test_a_place_that_cannot_be_written_is_named_before_drawing(draws: Draws, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").write_text("")
    monkeypatch.setattr(writing, "generate", None)  # would not survive being called
    with pytest.raises(SfumatoError, match="could not write"):
        draws("tiny", "-n", 1, "--out", "file/inside")
    with pytest.raises(SfumatoError, match="could not write"):
        draws("tiny", "-n", 1, "--out", "file")


def test_numbers_that_run_away_are_one_sentence(draws: Draws, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = model()
    next(iter(broken.denoiser.parameters())).data.fill_(float("nan"))
    monkeypatch.setattr("sfumato.cli.opening.load", lambda *_: broken)
    with pytest.raises(SfumatoError, match="numbers run away; take more steps or less --guidance"):
        draws("tiny", "-n", 1, "--out", "out")


def test_a_seed_that_is_named_twice_for_one_picture_is_refused(draws: Draws) -> None:
    with pytest.raises(SfumatoError, match="names a seed twice"):
        draws("tiny", "--class", "cat", "--seeds", "3,3")
    both = draws("tiny", "--class", "cat", "--class", "🦊", "--seeds", "3,3", "--steps", 2, "--out", "out")
    assert [read_about(path).get("class") for path in both] == ["cat", None, "🦊"]


@given(st.integers(1, 30), st.integers(1, 100))
def test_classes_that_come_in_turn_have_columns_of_their_own(classes: int, number: int) -> None:
    names = tuple(f"class {i % classes}" for i in range(number))
    columns = writing.grid_columns(number, Request(tuple(range(number)), SamplingConfig(), names))
    if 1 < classes <= min(number // 2, 20):
        assert columns is not None and columns % classes == 0 and columns <= max(classes, number)
    else:
        assert columns is None


def test_a_log_is_told_how_far_a_drawing_is(
    draws: Draws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    draws("tiny", "-n", 2, "--steps", 3, "--out", "out")
    assert capsys.readouterr().err == ""  # it was over too soon
    monkeypatch.setattr(opening, "QUIET_SECONDS", 0)
    draws("tiny", "-n", 2, "--steps", 3, "--out", "more")
    assert "sampling steps: 6 of 6" in capsys.readouterr().err.splitlines()


@pytest.mark.parametrize("name", ["cat.png", "cat.JPG", "hop.gif", "hop.mp4"])
def test_a_file_where_a_folder_belongs_gets_one_sentence(draws: Draws, name: str) -> None:
    with pytest.raises(SfumatoError, match=f"--out {name[:3]} gets files"):
        draws("tiny", "-n", 2, "--steps", 2, "--out", name)
    assert not Path(name).exists()
    Path(name).mkdir()  # by its own will
    assert draws("tiny", "-n", 2, "--steps", 2, "--out", name)
