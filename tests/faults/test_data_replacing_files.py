"""A file that is replaced is the old one or the new one, whatever else happens."""

import subprocess
import sys
from pathlib import Path

import pytest

from sfumato import files
from sfumato.errors import SfumatoError
from sfumato.files import replace_file, write_file


def test_replaces_and_makes_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "x.bin"
    for data in (b"first", b"", b"second, longer"):
        replace_file(path, data)
        assert path.read_bytes() == data
        assert list(path.parent.iterdir()) == [path]


def test_a_folder_in_the_way_is_kept_and_nothing_else_left(tmp_path: Path) -> None:
    (tmp_path / "x.png").mkdir()
    with pytest.raises(SfumatoError, match=r"could not write .*x\.png: is a directory"):
        replace_file(tmp_path / "x.png", b"data")
    assert list(tmp_path.iterdir()) == [tmp_path / "x.png"]


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("in the way")
    with pytest.raises(SfumatoError, match="could not write"):
        replace_file(tmp_path / "x" / "y.png", b"data")
    assert (tmp_path / "x").read_text() == "in the way"


def test_a_process_killed_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    replace_file(path, b"old")
    code = (
        "import os, sys; from pathlib import Path; from sfumato import files\n"
        "os.fsync = lambda descriptor: os.kill(os.getpid(), 9)\n"
        "files.replace_file(Path(sys.argv[1]), b'new' * 10000)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode != 0
    assert path.read_bytes() == b"old"
    replace_file(path, b"newer")
    assert path.read_bytes() == b"newer"


def test_two_processes_can_replace_one_file_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.bin"

    def write_while_another_does(temporary: Path, data: bytes) -> None:
        write_file(temporary, data)
        code = "import sys; from pathlib import Path; from sfumato.files import replace_file\n"
        code += "replace_file(Path(sys.argv[1]), b'theirs')"
        subprocess.run([sys.executable, "-c", code, str(path)], check=True)
        assert path.read_bytes() == b"theirs"

    monkeypatch.setattr(files, "write_file", write_while_another_does)
    replace_file(path, b"ours")
    assert path.read_bytes() == b"ours"
    assert list(tmp_path.iterdir()) == [path]
