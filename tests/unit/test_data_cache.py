"""Pictures are decoded once: when the cache is used, when it is made anew, and where it lies."""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.data import Dataset
from sfumato.data.folder import open_folder

SIZE = (4, 6)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three pictures whose red values are 1, 2 and 3."""
    root = tmp_path / "pictures"
    root.mkdir()
    for value in (1, 2, 3):
        Image.new("RGB", (6, 4), (value, 0, 0)).save(root / f"{value}.png")
    return root


@pytest.fixture
def look(root: Path) -> Callable[..., tuple[Dataset, int]]:
    """Opens the pictures; tells the data set and how many files were decoded for it."""

    def look(size: tuple[int, int] | None = SIZE) -> tuple[Dataset, int]:
        seen: list[int] = []
        dataset = open_folder(root, size, root.parent / "cache", lambda done, total: seen.append(done))
        return dataset, len(seen)

    return look


def red(dataset: Dataset) -> list[int]:
    return dataset.samples[:, 0, 0, 0].tolist()


def test_samples_are_mapped_from_disk_and_read_only(look: Callable[..., tuple[Dataset, int]], root: Path) -> None:
    dataset, _ = look()
    assert isinstance(dataset.samples, np.memmap)
    assert not dataset.samples.flags.writeable
    assert Path(dataset.samples.filename).parent == root.parent / "cache"


def test_labels_are_mapped_from_disk_too(look: Callable[..., tuple[Dataset, int]], root: Path) -> None:
    for value, name in ((1, "b"), (2, "a"), (3, "b")):
        (root / name).mkdir(exist_ok=True)
        (root / f"{value}.png").rename(root / name / f"{value}.png")
    for dataset, _ in (look(), look()):
        assert isinstance(dataset.labels, np.memmap) and not dataset.labels.flags.writeable
        assert (dataset.labels.dtype, dataset.labels.tolist(), dataset.classes) == (np.int64, [0, 1, 1], ("a", "b"))
        x, labels = dataset.batch(np.array([2, 0]))
        assert labels is not None and labels.tolist() == [1, 0]
        assert ((x[:, 0, 0, 0] + 1) * 127.5).round().tolist() == [3, 2]


def test_the_second_time_nothing_is_decoded(
    look: Callable[..., tuple[Dataset, int]], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "4.png").write_text("no picture")
    first, decoded = look()
    assert decoded == 4

    def never(*args: object, **options: object) -> None:
        raise AssertionError("a picture was opened")

    monkeypatch.setattr(Image, "open", never)
    second, decoded = look()
    assert decoded == 0
    assert (second.samples == first.samples).all()
    assert (second.notes, second.classes, second.labels) == (first.notes, first.classes, first.labels)


def test_without_a_size_nothing_is_decoded_again_either(look: Callable[..., tuple[Dataset, int]]) -> None:
    first, _ = look(None)
    second, decoded = look(None)
    assert decoded == 0
    assert (second.samples == first.samples).all()


def test_a_changed_file_is_decoded_again(look: Callable[..., tuple[Dataset, int]], root: Path) -> None:
    look()
    Image.effect_noise((6, 4), 50).convert("RGB").save(root / "2.png")
    Image.new("RGB", (6, 4), (9, 0, 0)).save(root / "3.png")
    dataset, decoded = look()
    assert decoded == 3
    assert red(dataset)[::2] == [1, 9]


def test_added_removed_renamed_and_sorted_files_are_noticed(
    look: Callable[..., tuple[Dataset, int]], root: Path
) -> None:
    assert red(look()[0]) == [1, 2, 3]
    Image.new("RGB", (6, 4), (4, 0, 0)).save(root / "4.png")
    assert red(look()[0]) == [1, 2, 3, 4]
    (root / "2.png").unlink()
    assert red(look()[0]) == [1, 3, 4]
    (root / "1.png").rename(root / "5.png")
    assert red(look()[0]) == [3, 4, 1]
    for value, name in ((1, "one"), (3, "three"), (4, "four")):
        (root / name).mkdir()
        (root / {1: "5.png", 3: "3.png", 4: "4.png"}[value]).rename(root / name / "x.png")
    dataset, _ = look()
    assert (red(dataset), dataset.classes) == ([4, 1, 3], ("four", "one", "three"))


def test_each_size_has_its_own_cache(look: Callable[..., tuple[Dataset, int]]) -> None:
    assert look((4, 6))[0].shape == (3, 4, 6)
    assert look((6, 4))[0].shape == (3, 6, 4)
    dataset, decoded = look((4, 6))
    assert (dataset.shape, decoded) == ((3, 4, 6), 0)


@pytest.mark.parametrize("suffix", [".u8", ".labels", ".json"])
@pytest.mark.parametrize("keep", [0, 0.5, None], ids=["empty", "half", "missing"])
def test_a_damaged_cache_is_made_anew(
    look: Callable[..., tuple[Dataset, int]], root: Path, suffix: str, keep: float | None
) -> None:
    for value in (1, 2, 3):
        (root / f"class {value}").mkdir()
        (root / f"{value}.png").rename(root / f"class {value}/x.png")
    look()
    (file,) = (root.parent / "cache").glob(f"*{suffix}")
    if keep is None:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[: int(file.stat().st_size * keep)])
    dataset, decoded = look()
    assert (red(dataset), decoded) == ([1, 2, 3], 3)
    assert dataset.labels is not None and dataset.labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize("text", ["[]", "null", "{}", '"x"', '{"shape": 3}', '{"shape": [3, 3, 4, 6]}'])
def test_a_description_that_makes_no_sense_is_made_anew(
    look: Callable[..., tuple[Dataset, int]], root: Path, text: str
) -> None:
    look()
    (file,) = (root.parent / "cache").glob("*.json")
    file.write_text(text)
    dataset, decoded = look()
    assert (red(dataset), decoded) == ([1, 2, 3], 3)


def test_an_interrupted_reading_leaves_nothing_behind(look: Callable[..., tuple[Dataset, int]], root: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_folder(root, SIZE, root.parent / "cache", interrupt)
    assert list((root.parent / "cache").iterdir()) == []
    assert look()[1] == 3


def test_a_file_that_could_not_be_read_for_once_is_tried_again(
    look: Callable[..., tuple[Dataset, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Image.open

    def fail(path: Path) -> Image.Image:
        if Path(path).name == "2.png":
            raise OSError(errno.EMFILE, "Too many open files", str(path))
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(Image, "open", fail)
        dataset, _ = look()
        assert red(dataset) == [1, 3]
        assert "2.png" in dataset.notes[0] and "too many open files" in dataset.notes[0].lower()
    assert red(look()[0]) == [1, 2, 3]


@pytest.mark.parametrize(
    ("variable", "value", "inside"), [("SFUMATO_CACHE", "own", "own"), ("XDG_CACHE_HOME", "user", "user/sfumato")]
)
def test_the_environment_chooses_the_place(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, inside: str
) -> None:
    monkeypatch.delenv("SFUMATO_CACHE", raising=False)
    monkeypatch.setenv(variable, str(tmp_path / value))
    open_folder(root, SIZE)
    assert sorted(path.suffix for path in (tmp_path / inside).iterdir()) == [".json", ".u8"]


def test_moving_the_folder_keeps_its_cache(look: Callable[..., tuple[Dataset, int]], root: Path) -> None:
    look()
    (root.parent / "elsewhere").mkdir()
    moved = root.rename(root.parent / "elsewhere" / root.name)
    seen: list[int] = []
    open_folder(moved, SIZE, root.parent / "cache", lambda done, total: seen.append(done))
    assert seen == []


def test_what_killed_processes_left_is_cleared_away_after_a_day(
    look: Callable[..., tuple[Dataset, int]], root: Path
) -> None:
    cache = root.parent / "cache"
    cache.mkdir()
    for name, hours in (("old", 25), ("new", 1)):
        (cache / f".{name}.part").touch()
        os.utime(cache / f".{name}.part", (time.time() - hours * 3600,) * 2)
    look()
    assert [path.name for path in cache.glob(".*")] == [".new.part"]
