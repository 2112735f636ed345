"""A folder of pictures: which files count, what the classes are, which size they get, and what the notes say."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.data import KINDS, Dataset, open_dataset
from sfumato.data.folder import open_folder
from sfumato.errors import SfumatoError


def save(path: Path, value: int = 0, size: tuple[int, int] = (6, 4)) -> Path:
    """One flat picture, (width, height) like Pillow's, that can be told apart by its red value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, 1, 2)).save(path)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    return tmp_path / "pictures"


def look(root: Path, size: tuple[int, int] | None = None) -> Dataset:
    return open_folder(root, size, root.parent / "cache")


def red(dataset: Dataset) -> list[int]:
    """Which pictures are there, in order."""
    return dataset.samples[:, 0, 0, 0].tolist()


def test_loose_pictures_have_no_classes(root: Path) -> None:
    save(root / "a.png", 1), save(root / "b.png", 2)
    dataset = look(root)
    assert (dataset.shape, len(dataset), KINDS[dataset.kind].spatial) == ((3, 4, 6), 2, True)
    assert (dataset.labels, dataset.classes, dataset.notes) == (None, (), ())
    assert dataset.samples.dtype == np.uint8
    assert dataset.name == root.as_posix()


def test_subfolders_are_the_classes_in_alphabetical_order(root: Path) -> None:
    save(root / "dog/1.png", 3), save(root / "cat/2.png", 2), save(root / "cat/1.png", 1), save(root / "ant/x/y.png", 0)
    dataset = look(root)
    assert dataset.classes == ("ant", "cat", "dog")
    assert dataset.labels is not None and dataset.labels.dtype == np.int64
    assert dataset.labels.tolist() == [0, 1, 1, 2]
    assert red(dataset) == [0, 1, 2, 3]


def test_a_folder_around_the_class_folders_is_no_class(root: Path) -> None:
    save(root / "train/dog/1.png", 2), save(root / "train/cat/1.png", 1)
    dataset = look(root)
    assert dataset.classes == ("cat", "dog")
    assert red(dataset) == [1, 2]


def test_one_folder_around_all_pictures_is_no_class(root: Path) -> None:
    save(root / "all/1.png", 1), save(root / "all/2.png", 2)
    assert look(root).classes == ()


def test_pictures_beside_class_folders_are_left_out_and_named(root: Path) -> None:
    save(root / "stray.png", 9), save(root / "dog/1.png", 2), save(root / "cat/1.png", 1)
    dataset = look(root)
    assert red(dataset) == [1, 2]
    (note,) = dataset.notes
    assert note.startswith("1 picture outside the class folders left out") and "stray.png" in note


def test_many_names_are_cut_short(root: Path) -> None:
    save(root / "dog/1.png"), save(root / "cat/1.png")
    for number in range(7):
        save(root / f"stray-{number}.png")
    (note,) = look(root).notes
    assert note.startswith("7 pictures") and "stray-4.png and 2 more" in note and "stray-5.png" not in note


def test_hidden_and_foreign_files_are_passed_over_in_one_sentence(root: Path) -> None:
    save(root / "a.png", 1), save(root / "b.PNG", 2)
    save(root / ".hidden.png", 9), save(root / ".thumbs/a.png", 9), save(root / "__MACOSX/._a.png", 9)
    (root / "notes.txt").write_text("no picture")
    (root / "folder.png").mkdir()
    (root / "empty").mkdir()
    dataset = look(root)
    assert (red(dataset), dataset.classes) == ([1, 2], ())
    assert dataset.notes == (
        "4 other files left out: 2 hidden (.hidden.png, .thumbs); 1 neither picture nor caption (notes.txt); "
        "1 of macOS (__MACOSX).",
    )


@pytest.mark.parametrize("suffix", ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff", "ppm"])
def test_every_named_format_opens(root: Path, suffix: str) -> None:
    save(root / f"a.{suffix}", 200), save(root / f"b.{suffix}", 200)
    dataset = look(root)
    assert dataset.shape == (3, 4, 6)
    assert np.abs(dataset.samples[:, 0].astype(int) - 200).max() <= 4  # JPEG and WebP lose a little
    assert dataset.notes == ()


def test_order_is_by_name_however_the_files_came_to_be(root: Path) -> None:
    for value in (5, 3, 8, 1):
        save(root / f"{value}.png", value)
    assert red(look(root)) == [1, 3, 5, 8]


def test_size_is_height_then_width(root: Path) -> None:
    save(root / "a.png", 7, (40, 30)), save(root / "b.png", 8, (50, 90))
    dataset = look(root, (12, 20))
    assert dataset.shape == (3, 12, 20)
    assert (dataset.samples[0, 0] == 7).all() and (dataset.samples[1, 0] == 8).all()
    assert dataset.notes == ()


@pytest.mark.parametrize("axis", [0, 1])
def test_a_resized_picture_covers_and_is_cropped_at_the_centre(root: Path, axis: int) -> None:
    bands = np.zeros((30, 10, 3), np.uint8)
    bands[10:20] = (1, 200, 3)
    for name in "ab":
        Image.fromarray(bands.swapaxes(0, axis)).save(root / f"{name}.png")
    dataset = look(root, (10, 10))
    assert (dataset.samples == np.array([1, 200, 3], np.uint8)[:, None, None]).all()


def test_enlarged_pictures_are_counted_in_the_notes(root: Path) -> None:
    save(root / "a.png", 1, (8, 8)), save(root / "b.png", 2, (16, 16)), save(root / "c.png", 3, (100, 15))
    (note,) = look(root, (16, 16)).notes
    assert note == "2 pictures smaller than 16×16 and enlarged."


def test_different_sizes_ask_for_one(root: Path) -> None:
    save(root / "a.png", 1, (60, 40)), save(root / "b.png", 2, (60, 40)), save(root / "c.png", 3, (70, 33))
    with pytest.raises(SfumatoError, match=r"2 different sizes.*40×60.*33×70.*`size` 32"):
        look(root)
    assert not (root.parent / "cache").exists()


def test_equal_sizes_need_no_size(root: Path) -> None:
    save(root / "a.png", 1, (7, 5)), save(root / "b.jpg", 2, (7, 5))
    assert look(root).shape == (3, 5, 7)


def test_grey_pictures_keep_one_channel_unless_one_has_colour(root: Path) -> None:
    grey = np.arange(24, dtype=np.uint8).reshape(4, 6)
    Image.fromarray(grey).save(root / "a.png")
    Image.fromarray(np.stack([grey + 9] * 3, axis=2)).save(root / "b.png")  # stored with three channels, grey still
    dataset = look(root)
    assert dataset.shape == (1, 4, 6)
    assert (dataset.samples[:, 0] == np.stack([grey, grey + 9])).all()
    save(root / "c.png", 255)
    dataset = look(root)
    assert dataset.shape == (3, 4, 6)
    assert (dataset.samples[0] == grey).all()


def test_progress_counts_every_file_once(root: Path) -> None:
    for value in range(5):
        save(root / f"{value}.png", value)
    seen: list[tuple[int, int]] = []
    open_folder(root, None, root.parent / "cache", lambda done, total: seen.append((done, total)))
    assert seen == [(n, 5) for n in range(1, 6)]


def test_open_dataset_takes_a_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(root / "a.png", 1), save(root / "b.png", 2)
    monkeypatch.chdir(root.parent)
    cache = root.parent / "cache"
    for spec in (str(root), "pictures", "./pictures", "pictures/"):
        assert red(open_dataset(spec, cache=cache)) == [1, 2]
    assert open_dataset("pictures", size=(8, 8), cache=cache).shape == (3, 8, 8)
