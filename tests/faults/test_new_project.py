"""`sfumato new` where nothing can be written: it says so, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sfumato.errors import SfumatoError
from sfumato.templates import write_project


def test_a_full_disk_leaves_no_half_project(disk: Callable[[str], Path]) -> None:
    place = disk("size=16k")
    with pytest.raises(SfumatoError, match=r"mine can't be written: the disk is full; free some space"):
        write_project(place / "mine", "serve")
    assert list(place.iterdir()) == []


def test_where_it_may_not_write_it_says_so(disk: Callable[[str], Path]) -> None:
    place = disk("size=1m,ro")
    with pytest.raises(SfumatoError, match=r"mine can't be written: read-only file system; give a folder"):
        write_project(place / "mine", "teach")
