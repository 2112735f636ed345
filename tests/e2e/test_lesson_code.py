"""The code that the lesson shows runs as it stands, and prints what the lesson says that it prints.

`python tests/e2e/test_lesson_code.py` writes what it prints anew, where that has changed for a reason.
"""

from __future__ import annotations

import io
import re
import runpy
from contextlib import redirect_stdout
from pathlib import Path

import pytest
import torch

import sfumato.lesson

CODE = sorted((Path(sfumato.lesson.__file__).parent / "code").glob("*.py"))
AS_IT_COMES = 67280421310721  # the seed of a process that sets none
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?")
CLOCK = re.compile(r" +\d+\.\d+ s$", re.MULTILINE)


def printed(file: Path) -> str:
    """What a file prints, run as a process of its own would."""
    out = io.StringIO()
    with torch.random.fork_rng(), redirect_stdout(out):
        torch.manual_seed(AS_IT_COMES)
        runpy.run_path(str(file), run_name="__main__")
    return out.getvalue()


@pytest.mark.parametrize("file", CODE, ids=[file.stem for file in CODE])
def test_it_runs_and_prints_what_is_shown(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # whatever it writes is written there
    now, shown = (CLOCK.sub("", text) for text in (printed(file), file.with_suffix(".txt").read_text()))
    assert now.strip()
    assert [part.strip() for part in NUMBER.split(now)] == [part.strip() for part in NUMBER.split(shown)]
    for ours, theirs in zip(NUMBER.findall(now), NUMBER.findall(shown), strict=True):
        last = 10.0 ** -len(theirs.partition(".")[2]) if "e" not in theirs else 1e-5
        found, told = (float(one.replace(",", "")) for one in (ours, theirs))
        assert found == pytest.approx(told, rel=0.02, abs=1.01 * last), (ours, theirs)
    assert len(file.read_text().splitlines()) <= 20


if __name__ == "__main__":
    for each in CODE:
        each.with_suffix(".txt").write_text(printed(each))
