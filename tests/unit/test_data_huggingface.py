"""hf:NAME, with data sets that the `datasets` library saved here: pictures, classes and captions as elsewhere."""

import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato.data import open_dataset
from sfumato.errors import SfumatoError
from tiny import Command

datasets = pytest.importorskip("datasets")

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 5, 4, 3), np.uint8)
LABELS = [1, 0, 1, -1, 0, 1]
TEXTS = ["one", "two", None, "four", "fünf", "six"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hugging")
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def table(**columns: Any) -> Any:
    return datasets.Dataset.from_dict({"image": [Image.fromarray(pixels) for pixels in PIXELS], **columns})


def labelled() -> Any:
    return table(label=LABELS, text=TEXTS).cast_column("label", datasets.ClassLabel(names=["zebra", "ape"]))


def saved_to_disk(path: Path) -> str:
    labelled().save_to_disk(path)
    return "hf:./set"


def saved_splits(path: Path) -> str:
    datasets.DatasetDict({"test": table(), "train": labelled()}).save_to_disk(path)
    return "hf:./set:train"


def parquet_folder(path: Path) -> str:
    path.mkdir()
    labelled().to_parquet(path / "train-00000-of-00001.parquet")
    return f"hf:{path}"


@pytest.mark.parametrize("save", [saved_to_disk, saved_splits, parquet_folder])
def test_pictures_classes_and_captions(save: Any, tmp_path: Path) -> None:
    spec = save(tmp_path / "set")
    for _ in range(2):  # the second time from the cache
        found = open_dataset(spec)
        kept = [0, 1, 2, 4, 5]  # one has no class
        np.testing.assert_array_equal(found.samples, PIXELS[kept].transpose(0, 3, 1, 2))
        assert found.classes == ("zebra", "ape") and found.labels is not None and found.captions is not None
        assert found.labels.tolist() == [LABELS[i] for i in kept]
        assert list(found.captions) == [(TEXTS[i],) if TEXTS[i] else () for i in kept]
        assert (found.name, found.notes) == (
            Path(spec).as_posix(),
            ("1 picture without a class left out: train/row 3.",),
        )
    assert len({path.stem for path in (tmp_path / "cache").iterdir()}) == 1


def test_pictures_alone_and_broken_ones(tmp_path: Path) -> None:
    file = BytesIO()
    Image.fromarray(PIXELS[0]).save(file, "PNG")
    rows = [{"bytes": content, "path": None} for content in (file.getvalue(), b"no picture", file.getvalue())]
    features = datasets.Features({"img": datasets.Image()})
    datasets.Dataset.from_dict({"img": [*rows, None]}, features=features).save_to_disk(tmp_path / "set")
    found = open_dataset("hf:./set")
    assert (len(found), found.classes, found.labels, found.captions) == (2, (), None, None)
    assert sorted(found.notes) == [
        "1 picture left out (no picture in that row): train/row 3.",
        "1 picture left out (not a valid picture): train/row 1.",
    ]


def test_pictures_that_lie_beside_as_files(tmp_path: Path) -> None:
    for number, pixels in enumerate(PIXELS):
        (tmp_path / "set" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "set" / "ab"[number % 2] / f"{number}.png")
    found = open_dataset("hf:./set")
    assert found.classes == ("a", "b")
    np.testing.assert_array_equal(found.samples, open_dataset("./set").samples)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("hf:", "written hf:NAME or hf:NAME:SPLIT"),
        ("hf:./nowhere", r"there is no folder \./nowhere"),
        ("hf:./set:tset", r"hf:\./set:tset can't be opened: Unknown split .tset.*test"),
        ("hf:./set", r"Unknown split .train.*test"),
        ("hf:./texts", r"has no column of pictures \(it has text\)"),
        ("hf:./empty", r"hf:\./empty can't be opened: "),
    ],
)
def test_what_cannot_be_opened_is_said_in_one_sentence(tmp_path: Path, spec: str, says: str) -> None:
    datasets.DatasetDict({"test": table()}).save_to_disk(tmp_path / "set")
    datasets.Dataset.from_dict({"text": ["a"]}).save_to_disk(tmp_path / "texts")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SfumatoError, match=says) as told:
        open_dataset(spec)
    assert "\n" not in str(told.value)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(SfumatoError, match=r"pip install 'sfumato\[hf\]'"):
        open_dataset("hf:ylecun/mnist")


def test_without_a_network_it_says_so_in_one_line(sfumato: Command) -> None:
    told = sfumato("info", "hf:ylecun/mnist", HF_HUB_OFFLINE="1")
    assert told.returncode == 2 and told.stderr.count("\n") == 1, told.stderr
    assert "hf:ylecun/mnist is not on this machine and the Hugging Face Hub can't be reached" in told.stderr


def test_the_command_line_trains_on_it(sfumato: Command, tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (20, 8, 8, 3), np.uint8)
    images = [Image.fromarray(each) for each in pixels]
    datasets.Dataset.from_dict({"image": images, "label": ["red", "blue"] * 10}).save_to_disk(tmp_path / "saved")
    run = sfumato("train", "hf:./saved", "--images", 32, "--batch", 16, "--net", "tiny")
    assert run.returncode == 0, run.stderr
    assert "20 of 3 × 8 × 8, 2 classes" in run.stdout and (tmp_path / "runs/saved/config.json").exists()
