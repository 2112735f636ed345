"""Files that aren't what they say, processes that died or work at once, folders that may not be entered."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato.data import Dataset, open_dataset, order, save_animation, tile
from sfumato.data.folder import open_folder
from sfumato.errors import SfumatoError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three pictures whose red values are 0, 1 and 2."""
    (tmp_path / "pictures").mkdir()
    for value in range(3):
        Image.new("RGB", (8, 8), (value, 0, 1)).save(tmp_path / "pictures" / f"{value}.png")
    return tmp_path / "pictures"


def look(root: Path, size: tuple[int, int] | None = (8, 8)) -> Dataset:
    return open_folder(root, size, root.parent / "cache")


def test_postscript_in_disguise_is_not_run(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (8, 8)).save(root / "3.eps")
    (root / "3.eps").rename(root / "3.png")

    def never(*args: object, **options: object) -> None:
        raise AssertionError("another program was started")

    monkeypatch.setattr(subprocess, "Popen", never)
    monkeypatch.setattr(subprocess, "check_call", never)
    dataset = look(root)
    assert len(dataset) == 3
    assert dataset.notes == ("1 picture left out (EPS is not a kind that is read): 3.png.",)


def test_a_wrong_suffix_does_no_harm(root: Path) -> None:
    Image.new("RGB", (8, 8), (255, 0, 0)).save(root / "3.jpg", "PNG")
    assert look(root).samples[3, :, 0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("size", [None, (8, 8)], ids=["own-size", "given-size"])
def test_damaged_exif_does_not_lose_the_picture(root: Path, size: tuple[int, int] | None) -> None:
    Image.new("RGB", (8, 8), (3, 0, 1)).save(root / "3.png", exif=b"Exif\0\0II*\0\xff\xff\xff\xff nonsense")
    Image.new("RGB", (8, 8), (3, 0, 1)).save(root / "4.png", exif=b"Exif\0\0nonsense")
    dataset = look(root, size)
    assert (dataset.samples[:, 0, 0, 0].tolist(), dataset.notes) == ([0, 1, 2, 3, 3], ())


def test_thirty_two_bit_integers_have_no_known_range(root: Path) -> None:
    Image.fromarray(np.full((8, 8), 70_000, np.int32)).save(root / "deep.tif")
    assert look(root).notes == ("1 picture left out (32-bit pixels without a known range): deep.tif.",)


def test_what_a_killed_process_left_is_cleared_in_time(root: Path) -> None:
    cache = root.parent / "cache"
    cache.mkdir()
    old, new = cache / ".x.1.u8.part", cache / ".y.2.u8.part"
    for path in (old, new):
        path.write_bytes(b"unfinished")
    os.utime(old, (0, 0))
    look(root)
    assert not old.exists()
    assert new.exists()  # another process may still be at it


def test_many_can_open_one_folder_at_once(root: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        datasets = list(pool.map(look, [root] * 6))
    for dataset in datasets:
        assert dataset.samples[:, 0, 0, 0].tolist() == [0, 1, 2]
    assert sorted(path.suffix for path in (root.parent / "cache").iterdir()) == [".json", ".u8"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="becoming another user takes root")
def test_folders_that_may_not_be_entered() -> None:
    with TemporaryDirectory() as name:  # pytest's own folders are closed to other users altogether
        root = Path(name)
        root.chmod(0o755)
        (root / "private").mkdir(mode=0o700)
        os.seteuid(65534)
        try:
            for path in (root, root / "private", root / "private" / "inside"):
                with pytest.raises(SfumatoError, match=r"private.* can't be read: permission denied"):
                    open_dataset(str(path), cache=root / "cache")
        finally:
            os.seteuid(0)


@pytest.mark.parametrize("name", ["way.jpg", "way", "way.mp4"])
def test_an_animation_of_an_unknown_kind(tmp_path: Path, name: str) -> None:
    with pytest.raises(SfumatoError, match=r"end the name in \.webp, \.gif or \.png"):
        save_animation([Image.new("RGB", (8, 8))], tmp_path / name, 40, 900)
    assert list(tmp_path.iterdir()) == []


def test_nothing_can_be_tiled_animated_or_ordered(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no pictures"):
        tile(torch.zeros(0, 1, 8, 8))
    with pytest.raises(ValueError, match="at least one frame"):
        save_animation([], tmp_path / "way.webp", 40, 900)
    for arguments in [(0, 0, 0, 1), (5, -1, 0, 1), (5, 0, -1, 1), (5, 0, 0, -1)]:
        with pytest.raises(ValueError, match="no order"):
            order(*arguments)


def test_opening_the_package_loads_no_data_set() -> None:
    code = "import sys, sfumato.data; sys.exit('sfumato.data.digits' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
