"""Disks that are really full, or read-only: small ones are mounted for the purpose."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.data import read_about, save_animation, save_png
from sfumato.data.folder import open_folder
from sfumato.errors import SfumatoError
from sfumato.files import replace_file

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8))  # 120 kB


def pictures(root: Path, count: int, side: int, mode: str = "RGB") -> Path:
    root.mkdir()
    for number in range(count):
        Image.new(mode, (side, side), number if mode == "L" else (number, 1, 2)).save(root / f"{number:02d}.png")
    return root


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_pictures_that_do_not_fit_are_refused_before_they_are_read(
    disk: Callable[[str], Path], tmp_path: Path, mode: str
) -> None:
    cache = disk("size=64k")
    seen: list[int] = []
    with pytest.raises(SfumatoError, match=r"need 1\.2 MB.*disk.*full.*SFUMATO_CACHE"):
        open_folder(pictures(tmp_path / "x", 10, 200, mode), None, cache, lambda done, total: seen.append(done))
    assert seen == []
    assert list(cache.iterdir()) == []


def test_a_disk_that_fills_up_while_pictures_are_read(disk: Callable[[str], Path], tmp_path: Path) -> None:
    cache = disk("size=256k")

    def fill(done: int, total: int) -> None:
        if done == 3:
            with pytest.raises(OSError, match="No space"):
                (cache / "someone-else").write_bytes(bytes(2**20))

    with pytest.raises(SfumatoError, match=r"need 0\.1 MB.*disk.*full.*SFUMATO_CACHE"):
        open_folder(pictures(tmp_path / "x", 10, 64), None, cache, fill)
    assert [path.name for path in cache.iterdir()] == ["someone-else"]

    (cache / "someone-else").unlink()
    assert len(open_folder(tmp_path / "x", None, cache)) == 10


def test_a_disk_without_room_for_the_description(disk: Callable[[str], Path], tmp_path: Path) -> None:
    cache = disk("size=12k")  # exactly the three pages that the pixels take
    with pytest.raises(SfumatoError, match=r"disk.*full.*SFUMATO_CACHE"):
        open_folder(pictures(tmp_path / "x", 4, 32), None, cache)
    assert list(cache.iterdir()) == []


def test_grey_pictures_fit_wherever_three_channels_would(disk: Callable[[str], Path], tmp_path: Path) -> None:
    cache = disk("size=52k")  # the pixels in three channels take 48k; making them one must not take more
    dataset = open_folder(pictures(tmp_path / "x", 16, 32, "L"), None, cache)
    assert (dataset.shape, dataset.samples[:, 0, 0, 0].tolist()) == ((1, 32, 32), list(range(16)))


def test_a_read_only_disk_is_refused_in_one_sentence(disk: Callable[[str], Path], tmp_path: Path) -> None:
    cache = disk("ro")
    with pytest.raises(SfumatoError, match=r"read-only.*SFUMATO_CACHE"):
        open_folder(pictures(tmp_path / "x", 2, 8), None, cache)


def test_a_file_that_does_not_fit_leaves_the_old_one(disk: Callable[[str], Path]) -> None:
    folder = disk("size=64k")
    replace_file(folder / "state.json", b"old")
    with pytest.raises(SfumatoError, match=r"disk is full.*state\.json.*0\.1 MB"):
        replace_file(folder / "state.json", bytes(100_000))
    assert (folder / "state.json").read_bytes() == b"old"
    assert [path.name for path in folder.iterdir()] == ["state.json"]


def test_a_picture_that_does_not_fit_leaves_the_old_one(disk: Callable[[str], Path]) -> None:
    path = disk("size=64k") / "grid.png"
    save_png(Image.new("RGB", (8, 8)), path, {"seed": "1"})
    before = path.read_bytes()
    with pytest.raises(SfumatoError, match="disk is full"):
        save_png(NOISE, path, {"seed": "2"})
    assert path.read_bytes() == before
    assert read_about(path) == {"seed": "1"}
    assert [path.name for path in path.parent.iterdir()] == ["grid.png"]


def test_an_animation_that_does_not_fit_leaves_nothing(disk: Callable[[str], Path]) -> None:
    path = disk("size=64k") / "denoising.webp"
    with pytest.raises(SfumatoError, match="disk is full"):
        save_animation([NOISE, NOISE.rotate(90)], path, 40, 500)
    assert list(path.parent.iterdir()) == []


def test_a_read_only_disk_can_keep_no_picture(disk: Callable[[str], Path]) -> None:
    with pytest.raises(SfumatoError, match=r"could not write .*grid\.png: read-only file system"):
        save_png(Image.new("RGB", (8, 8)), disk("ro") / "grid.png", {})
