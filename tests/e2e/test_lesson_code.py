"""The code that the lesson shows runs as it stands."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import torch

import sfumato.lesson

CODE = sorted((Path(sfumato.lesson.__file__).parent / "code").glob("*.py"))


@pytest.mark.parametrize("file", CODE, ids=[file.stem for file in CODE])
def test_it_runs_and_prints(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)  # whatever it writes is written there
    with torch.random.fork_rng():
        runpy.run_path(str(file), run_name="__main__")
    assert capsys.readouterr().out.strip()
    assert len(file.read_text().splitlines()) <= 20
