"""Folders that hold broken files, no pictures, or too few: what can be read is used, and the rest is named."""

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.data import Dataset, open_dataset
from sfumato.data.folder import open_folder
from sfumato.errors import SfumatoError

NOISE = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)


def good(path: Path, value: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (48, 48), (value, 0, 1)).save(path)


def half(path: Path) -> None:
    """A picture whose second half is missing, as after a download that broke off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(NOISE).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def text(path: Path) -> None:
    path.write_text("<html>404 Not Found</html>")


def empty(path: Path) -> None:
    path.touch()


def pointer(path: Path) -> None:
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n")


def phone(path: Path) -> None:
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))


def noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(200))


def look(root: Path, size: tuple[int, int] | None = (48, 48)) -> Dataset:
    return open_folder(root, size, root.parent / "cache")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three good pictures."""
    for value in range(3):
        good(tmp_path / "pictures" / f"{value}.png", value)
    return tmp_path / "pictures"


@pytest.mark.parametrize("size", [None, (48, 48)], ids=["own-size", "given-size"])
@pytest.mark.parametrize(
    ("spoil", "name", "reason"),
    [
        (half, "half.jpg", "the file is truncated"),
        (half, "half.png", "the file is truncated"),
        (text, "page.png", "a web page, not a picture"),
        (text, "truncated.png", "a web page, not a picture"),
        (empty, "zero.png", "an empty file"),
        (pointer, "pointer.png", "a Git LFS pointer, not the file itself; fetch it with `git lfs pull`"),
        (phone, "phone.jpg", "a HEIC picture, which is not read; save it as JPEG or PNG"),
        (noise, "noise.png", "not a valid picture"),
        (empty, "zero.jpg", "an empty file"),
    ],
)
def test_a_broken_file_is_left_out_and_named(
    root: Path, size: tuple[int, int] | None, spoil: Callable[[Path], None], name: str, reason: str
) -> None:
    spoil(root / name)
    dataset = look(root, size)
    assert dataset.samples[:, 0, 0, 0].tolist() == [0, 1, 2]
    assert dataset.notes == (f"1 picture left out ({reason}): {name}.",)


@pytest.mark.parametrize("suffix", ["gif", "webp", "bmp", "tif", "ppm"])
def test_half_a_file_of_any_format_never_passes_for_a_picture(root: Path, suffix: str) -> None:
    half(root / f"half.{suffix}")
    dataset = look(root)
    assert dataset.samples[:, 0, 0, 0].tolist() == [0, 1, 2]
    (note,) = dataset.notes
    assert note.startswith("1 picture left out (") and f"half.{suffix}" in note and str(root) not in note


@pytest.mark.parametrize("size", [None, (48, 48)], ids=["own-size", "given-size"])
@pytest.mark.parametrize("limit", [5000, 1000], ids=["warning", "error"])
def test_a_decompression_bomb_is_left_out(
    root: Path, monkeypatch: pytest.MonkeyPatch, limit: int, size: tuple[int, int] | None
) -> None:
    Image.new("RGB", (80, 80)).save(root / "bomb.png")
    for value in range(3):
        Image.new("RGB", (20, 20), (value, 0, 1)).save(root / f"{value}.png")
    monkeypatch.setenv("SFUMATO_MAX_PIXELS", str(limit))
    dataset = look(root, size and (20, 20))
    assert dataset.shape == (3, 20, 20)
    assert dataset.notes == (f"1 picture left out (over {limit:,} pixels, which SFUMATO_MAX_PIXELS raises): bomb.png.",)


def test_a_file_that_would_start_another_program_is_left_out(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *args: started.append(args))
    Image.fromarray(NOISE).save(root / "page.png", "EPS")
    (note,) = look(root).notes
    assert note.startswith("1 picture left out (") and "page.png" in note
    assert started == []


@pytest.mark.parametrize("name", ["photos.zip", "photos.tar", "photos.tar.gz", "photos.parquet"])
def test_an_archive_that_was_not_fetched_is_called_a_pointer(tmp_path: Path, name: str) -> None:
    pointer(tmp_path / name)
    with pytest.raises(SfumatoError, match="a Git LFS pointer, not the file itself; fetch it with `git lfs pull`"):
        open_dataset(str(tmp_path / name), cache=tmp_path / "cache")


def test_many_broken_files_make_one_sentence(root: Path) -> None:
    for number in range(7):
        empty(root / f"zero-{number}.png")
    (note,) = look(root).notes
    assert note.startswith("7 pictures left out (an empty file)")
    assert "zero-4.png and 2 more" in note and "zero-5" not in note


def test_files_that_the_system_refuses_make_one_sentence(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Image.open

    def fail(path: Path) -> Image.Image:
        if Path(path).name < "3":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    good(root / "3.png"), good(root / "4.png")
    monkeypatch.setattr(Image, "open", fail)
    (note,) = look(root).notes
    assert note.lower() == "3 pictures left out (permission denied): 0.png, 1.png, 2.png."


def test_classes_stay_with_their_pictures_when_some_break(root: Path) -> None:
    for name in ("ant", "bee", "cat", "dog"):
        good(root / name / "1.png", ord(name[0]))
    for value in range(3):
        (root / f"{value}.png").unlink()
    half(root / "ant/1.png"), half(root / "cat/0.png")
    dataset = look(root)
    assert dataset.classes == ("bee", "cat", "dog")
    assert dataset.labels is not None and dataset.labels.tolist() == [0, 1, 2]
    assert dataset.samples[:, 0, 0, 0].tolist() == [ord(name[0]) for name in dataset.classes]
    assert "1.png" in dataset.notes[0] and "0.png" in dataset.notes[0]
    assert dataset.notes[1] == "class 'ant' has no picture that can be read and was dropped."


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match=r"no pictures \(found: nothing\); give one with png, jpg"):
        look(tmp_path)


def test_a_folder_of_other_files_says_what_it_found(tmp_path: Path) -> None:
    for name in ("a.txt", "b.TXT", "sub/c.txt", "d.csv", "README"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("no picture")
    with pytest.raises(SfumatoError, match=r"found: 3 \.txt, 1 \.csv, 1 no suffix"):
        look(tmp_path)


def test_one_picture_is_too_few(root: Path) -> None:
    (root / "0.png").unlink(), (root / "1.png").unlink()
    with pytest.raises(SfumatoError, match="holds 1 picture that can be read; training needs at least 2"):
        look(root)


def test_too_few_names_the_broken_ones(root: Path) -> None:
    half(root / "0.png"), half(root / "1.png")
    with pytest.raises(SfumatoError, match=r"holds 1 picture .*2 pictures left out .*truncated.*0\.png, 1\.png"):
        look(root)


@pytest.mark.parametrize("size", [None, (48, 48)], ids=["own-size", "given-size"])
def test_only_broken_pictures(root: Path, size: tuple[int, int] | None) -> None:
    for path in root.iterdir():
        text(path)
    for _ in "first", "from the cache":
        with pytest.raises(SfumatoError, match=r"holds 0 pictures .*3 pictures left out \(a web page, not a picture\)"):
            look(root, size)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names that are not text")
def test_file_names_that_are_not_text(root: Path) -> None:
    (root / "2.png").rename(os.fsdecode(os.fsencode(root) + b"/caf\xe9.png"))
    empty(Path(os.fsdecode(os.fsencode(root) + b"/z\xfcrich.png")))
    dataset = look(root)
    assert len(dataset) == 3
    (note,) = dataset.notes
    assert "rich.png" in note
    note.encode()  # can be printed


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names that are not text")
def test_class_names_that_are_not_text(root: Path) -> None:
    for value in range(3):
        (root / f"{value}.png").unlink()
    good(Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9/1.png"))), good(root / "bar/1.png")
    dataset = look(root)
    assert len(dataset.classes) == 2
    " ".join(dataset.classes).encode()  # can be printed and kept as JSON


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_cache_that_cannot_be_a_folder(root: Path, place: str) -> None:
    (root.parent / "file").write_text("in the way")
    with pytest.raises(SfumatoError, match="SFUMATO_CACHE"):
        open_folder(root, (48, 48), root.parent / place)
    assert (root.parent / "file").read_text() == "in the way"
