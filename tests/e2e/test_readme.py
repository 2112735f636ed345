"""The README's Python runs as it is written, but for the minute of training."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    lines = [line for line in code[1].splitlines() if line.strip()]
    assert len(lines) <= 12
    quick = code[1].replace("minutes=1", "images=640")
    assert quick != code[1]
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(quick, names)
    assert tuple(names["images"].shape) == (16, 1, 8, 8)  # type: ignore[attr-defined]
