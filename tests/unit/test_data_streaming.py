"""Pictures that are decoded whenever they are shown are those that were decoded once, and take no room."""

import json
import shutil
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow
import pytest
import torch
from PIL import Image
from pyarrow import parquet

from sfumato.data import Dataset, open_dataset
from sfumato.data.columns import Columns
from sfumato.data.dataset import DataLost
from sfumato.errors import SfumatoError
from sfumato.evaluation.features import content_hash
from sfumato.hub import new_model
from sfumato.training import (
    Progress,
    Trainer,
    TrainingConfig,
    model_for,
    open_data,
    resume_run,
    start_run,
    train,
)

COLUMNS = Columns(("age",), ("style",), ("depth",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of noise of several sizes, one file broken, with captions, numbers, vectors and depths."""
    root = tmp_path / "photos"
    rng = np.random.default_rng(0)
    lines = []
    for number in range(24):
        path = root / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (10 + number, 14, 3), dtype=np.uint8)).save(path)
        depth = root / "ab"[number % 2] / f"depth-{number}.png"
        Image.fromarray(rng.integers(0, 256, (12, 12), dtype=np.uint8)).save(depth)
        told = {"text": f"picture {number}", "age": number, "style": [1, number], "depth": depth.name}
        lines.append((path.parent, json.dumps({"file_name": path.name, **told})))
    for letter in "ab":
        (root / letter / "metadata.jsonl").write_text("\n".join(line for at, line in lines if at.name == letter))
    (root / "b" / "7.png").write_bytes(b"no picture")
    return root


def same(one: Dataset, other: Dataset, columns: Columns) -> None:
    assert (one.name, len(one), one.shape, one.classes, one.notes) == (
        other.name, len(other), other.shape, other.classes, other.notes
    )  # fmt: skip
    assert content_hash(one) == content_hash(other)
    assert one.fingerprint() == other.fingerprint() != ""
    rows = np.random.default_rng(1).integers(0, len(one), 40)
    assert torch.equal(one.batch(rows)[0], other.batch(rows)[0])
    assert (one.captions and list(one.captions)) == (other.captions and list(other.captions))
    for name in (*columns.numbers, *columns.vectors, *columns.images):
        told, again = one.column(name, rows), other.column(name, rows)
        assert told is not None and again is not None and torch.equal(told, again)


def as_folder(folder: Path) -> Path:
    return folder


def as_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(folder))
    return folder.with_suffix(".zip")


def as_tar(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder), "tar", folder))


@pytest.mark.parametrize("wrap", [as_folder, as_zip, as_tar])
@pytest.mark.parametrize("columns", [Columns(), COLUMNS], ids=["plain", "columns"])
def test_a_streamed_set_is_the_one_that_is_kept(
    folder: Path, tmp_path: Path, wrap: Callable[[Path], Path], columns: Columns
) -> None:
    spec = str(wrap(folder))
    kept = open_dataset(spec, (8, 8), tmp_path / "kept", columns=columns)
    streamed = open_dataset(spec, (8, 8), tmp_path / "few", columns=columns, stream=True)
    same(streamed, kept, columns)
    assert streamed.classes == ("a", "b") and "7.png" in " ".join(streamed.notes)
    cut = open_dataset(spec, (6, 6), tmp_path / "few", columns=columns, crop=2, stream=True)
    same(cut, replace(kept, crop=2), columns)


def test_parquet_is_streamed_by_the_datasets_library_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    (tmp_path / "set").mkdir()
    contents = [path.read_bytes() for path in sorted(folder.glob("a/[0-9]*.png"))]
    table = {"image": [{"bytes": one} for one in contents], "label": [i % 3 for i in range(len(contents))]}
    spec = tmp_path / "pictures.parquet"
    parquet.write_table(pyarrow.table(table), spec)
    with pytest.raises(SfumatoError, match=r"is parquet, which reads thousands .* as hf:.*_by_th\w*\."):
        open_dataset(str(spec), (8, 8), tmp_path / "few", stream=True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hugging")
    spec.rename(tmp_path / "set" / "train.parquet")
    kept, streamed = (
        open_dataset(f"hf:{tmp_path / 'set'}", (8, 8), tmp_path / str(way), stream=way) for way in (False, True)
    )
    same(streamed, kept, Columns())
    assert len(streamed) == 12 and streamed.classes == ("0", "1", "2")


def test_nothing_is_kept_but_what_was_found_out(folder: Path, tmp_path: Path) -> None:
    read: list[int] = []

    def look() -> Dataset:
        return open_dataset(str(folder), (64, 64), tmp_path / "cache", lambda done, _: read.append(done), stream=True)

    dataset, again = look(), look()
    assert read == list(range(1, len(dataset) + 2)), "the second time, nothing was read"
    (kept,) = (tmp_path / "cache").iterdir()
    assert kept.name.endswith(".streamed.json") and kept.stat().st_size < 1000 < 3 * 64 * 64 * len(dataset)
    for damage in ('{"left_out": 3}', kept.read_text().replace("[3]", "[]"), kept.read_text().replace("[3]", "[7]")):
        kept.write_text(damage)
        read.clear()
        assert look().notes == again.notes == dataset.notes and read, damage


def test_a_set_that_is_kept_already_is_used_as_it_is(folder: Path, tmp_path: Path) -> None:
    open_dataset(str(folder), (8, 8), tmp_path / "cache")
    assert isinstance(open_dataset(str(folder), (8, 8), tmp_path / "cache", stream=True).samples, np.memmap)


def test_a_cache_that_cannot_be_written_is_not_needed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(SfumatoError, match="could not keep the decoded pictures"):
        open_dataset(str(folder), (8, 8), tmp_path / "cache")
    assert len(open_dataset(str(folder), (8, 8), tmp_path / "cache", stream=True)) == 47


def test_a_file_that_vanishes_stops_the_run_which_goes_on_once_it_is_back(folder: Path, tmp_path: Path) -> None:
    spec, cpu = str(folder), torch.device("cpu")
    config = TrainingConfig(spec, size=(8, 8), images=16 * 12, batch=16, stream=True, previews=0)
    whole = open_dataset(spec, (8, 8), tmp_path / "cache")
    model = model_for(whole, "nano")
    straight = start_run(tmp_path / "whole", whole, config, model, cpu)
    list(train(tmp_path / "whole", straight))

    streamed = open_dataset(spec, (8, 8), tmp_path / "few", stream=True)
    cut, missing = start_run(tmp_path / "cut", streamed, config, model, cpu), folder / "a" / "4.png"
    with pytest.raises(DataLost, match=r"a/4\.png can no longer be read: no such file .*; put it back"):
        for event in train(tmp_path / "cut", cut):
            if isinstance(event, Progress) and event.step == 3:
                missing.rename(tmp_path / "away.png")
    (tmp_path / "away.png").rename(missing)
    streamed = open_dataset(spec, (8, 8), tmp_path / "few", stream=True)
    again, damaged = resume_run(tmp_path / "cut", streamed, config, cpu)
    assert again.step == cut.step >= 3 and not damaged, "every step that was taken was saved"
    list(train(tmp_path / "cut", again))
    for name, tensors in straight.state()[0].items():
        assert all(torch.equal(value, again.state()[0][name][key]) for key, value in tensors.items()), name


def test_a_streamed_run_equals_one_from_the_cache(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = []
    for stream in (False, True):
        monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / f"cache-{stream}"))
        config = TrainingConfig(str(folder), size=(8, 8), images=16 * 6, batch=16, flip=True, crop=2, stream=stream)
        dataset = open_data(config)
        trainer = Trainer(new_model(model_for(dataset, "nano")), dataset, config)
        losses = [step.loss for step in trainer.steps()]
        ends.append((losses, trainer.state()[0]["ema.safetensors"]))
    assert ends[0][0] == ends[1][0]
    assert all(torch.equal(value, ends[1][1][name]) for name, value in ends[0][1].items())


def test_a_file_that_is_refused_for_a_moment_is_tried_again(folder: Path, tmp_path: Path) -> None:
    dataset = open_dataset(str(folder), (8, 8), tmp_path / "cache", stream=True)
    (path := folder / "a" / "4.png").rename(tmp_path / "away.png")
    threading.Timer(0.5, (tmp_path / "away.png").rename, [path]).start()
    found = dataset.stored(np.arange(47))
    assert np.array_equal(found, open_dataset(str(folder), (8, 8), tmp_path / "kept").samples)


def test_only_broken_files_with_columns_are_told_of_in_words(folder: Path, tmp_path: Path) -> None:
    for path in folder.rglob("*.png"):
        path.write_bytes(b"no picture")
    with pytest.raises(SfumatoError, match="0 pictures that can be read"):
        open_dataset(str(folder), (8, 8), tmp_path / "cache", columns=Columns(("age",)), stream=True)


@pytest.mark.parametrize("spec", ["digits", "points:moons", "shapes"])
def test_what_lies_in_no_files_is_not_streamed(spec: str) -> None:
    with pytest.raises(SfumatoError, match="leave `stream` out"):
        open_dataset(spec, stream=True)
