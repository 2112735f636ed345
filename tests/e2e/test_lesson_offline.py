"""The lesson works without a network once it has been opened, and a newer build takes the older one's place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lesson import missing, node, served
from sfumato.lesson.server import SITE

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.usefixtures("when_changed")]


def test_the_lesson_without_a_network(tmp_path: Path) -> None:
    shutil.copytree(SITE, tmp_path / "site")
    with served(tmp_path / "site") as address:
        told = node("offline.mjs", address, str(tmp_path / "site"))
    print(f"first view {told['first'] / 1e3:.0f} kB; kept {told['files']} files, {told['bytes'] / 1e6:.1f} MB")
    not_kept = ("sw.js", "live.json", "README.txt")
    kept = [path for path in SITE.rglob("*") if path.is_file() and path.parent.name != "handouts"]
    assert told["files"] == len(kept) - len(not_kept)
