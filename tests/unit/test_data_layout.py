"""Folders as people keep them: wrapped, linked, split, mixed with what can't be read."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.data import Dataset, open_dataset
from sfumato.data import folder as folder_module
from sfumato.data.folder import open_folder
from sfumato.errors import SfumatoError


def save(path: Path, value: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (6, 4), (value, 1, 2)).save(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    return tmp_path / "pictures"


def look(root: Path) -> Dataset:
    return open_folder(root, None, root.parent / "cache")


def red(dataset: Dataset) -> list[int]:
    return dataset.samples[:, 0, 0, 0].tolist()


def test_any_number_of_wrapping_folders_is_no_class(root: Path) -> None:
    save(root / "download/v2/train/dog/1.png", 2)
    save(root / "download/v2/train/cat/1.png", 1)
    dataset = look(root)
    assert (dataset.classes, red(dataset)) == (("cat", "dog"), [1, 2])


def test_splits_side_by_side_are_pointed_out(root: Path) -> None:
    save(root / "test/dog/1.png", 1)
    save(root / "train/dog/1.png", 2)
    dataset = look(root)
    assert dataset.classes == ("test", "train")
    (note,) = dataset.notes
    assert note == f"test and train are taken as classes; to train on one of them alone, give {root / 'train'}."


def test_a_few_pictures_in_one_subfolder_do_not_push_out_the_many_beside_it(root: Path) -> None:
    for value in range(3):
        save(root / f"{value}.png", value)
    save(root / "thumbs/0.png", 9)
    dataset = look(root)
    assert (red(dataset), dataset.classes, dataset.labels) == ([0, 1, 2], (), None)
    assert dataset.notes == ("1 picture in the subfolder left out: thumbs/0.png.",)


def test_a_stray_picture_beside_one_subfolder_is_left_out(root: Path) -> None:
    save(root / "stray.png", 9)
    for value in range(3):
        save(root / f"all/{value}.png", value)
    dataset = look(root)
    assert (red(dataset), dataset.classes) == ([0, 1, 2], ())
    assert dataset.notes == ("1 picture outside the subfolder left out: stray.png.",)


def test_pictures_of_kinds_that_cannot_be_read_are_counted(root: Path) -> None:
    save(root / "1.png"), save(root / "2.png")
    for name in ("a.HEIC", "b.heic", "c.svg", "d.mov"):
        (root / name).write_text("x")
    assert look(root).notes == (
        "pictures of kinds that can't be read left out: 2 .heic, 1 .svg.",
        "videos left out: 1 .mov.",
    )


def test_links_are_followed_but_not_in_circles(root: Path) -> None:
    save(root.parent / "elsewhere/1.png", 1)
    save(root / "b/2.png", 2)
    try:
        (root / "a").symlink_to(root.parent / "elsewhere")
        (root / "b/back").symlink_to(root)
        (root / "b/dangling.png").symlink_to(root / "nowhere.png")
    except OSError as error:
        pytest.skip(f"no symbolic links here: {error}")
    dataset = look(root)
    assert (red(dataset), dataset.classes) == ([1, 2], ("a", "b"))
    assert dataset.notes == (
        "1 file left out (a link that leads nowhere): b/dangling.png.",
        "1 file left out (a link to a folder that is read already): b/back.",
    )


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_few_at_a_time_or_many_give_the_same(root: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    for value in range(17):
        Image.new(mode, (6, 4), value if mode == "L" else (value, 1, 2)).save(root / f"{value:02d}.png")
    monkeypatch.setattr(folder_module, "CHUNK_IMAGES", 1)
    assert red(look(root)) == list(range(17))


def test_a_name_is_explained(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent)
    for spec, message in [
        ("  ", "has no name; give digits, points:NAME or a folder"),
        ("moons", "did you mean 'points:moons'"),
        ("./pictues", "there is no folder ./pictues; did you mean pictures?"),
        ("nowhere/at/all", "there is no folder nowhere/at/all."),
    ]:
        with pytest.raises(SfumatoError) as caught:
            open_dataset(spec)
        assert message in str(caught.value)


@pytest.mark.parametrize(("spec", "size"), [("digits", (0, 8)), ("digits", (8, -1)), ("points:moons", (8, 8))])
def test_sizes_that_cannot_be(spec: str, size: tuple[int, int]) -> None:
    with pytest.raises(SfumatoError, match="size"):
        open_dataset(spec, size=size)


def test_no_global_random_state_is_touched(root: Path) -> None:
    import torch

    from sfumato.data import order

    save(root / "1.png"), save(root / "2.png")
    numpy_before = np.random.get_state()[1].tolist()  # noqa: NPY002
    torch_before = torch.get_rng_state()
    look(root), open_dataset("points:rings:100"), order(10, 0, 5, 10)
    assert np.random.get_state()[1].tolist() == numpy_before  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), torch_before)
