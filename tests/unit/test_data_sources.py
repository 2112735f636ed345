"""Which files are meant: whole paths tell them apart, one's own output is no data, and no kind is used unsaid."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from sfumato.data import Dataset, open_dataset
from sfumato.data.dataset import USED
from sfumato.data.report import BESIDE
from sfumato.errors import SfumatoError
from tiny import Command


def png(value: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (6, 4), (value, 0, 1)).save(file, "PNG")
    return file.getvalue()


def write(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_table(path: Path, first: int, count: int = 2, names: tuple[str, ...] = (), **columns: list[object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"image": [{"bytes": png(value)} for value in range(first, first + count)], **columns})
    if names:
        about = {"info": {"features": {"label": {"names": list(names)}}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(about)})
    pq.write_table(table, path)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "set").mkdir()
    return tmp_path / "set"


def look(path: Path | str) -> Dataset:
    place = Path(str(path).removeprefix("hf:").partition(":")[0])
    return open_dataset(str(path), cache=place.parent / "cache")


def red(dataset: Dataset) -> list[int]:
    return sorted(dataset.samples[:, 0, 0, 0].tolist())


PICTURES = {f"{value}.png": png(value) for value in range(4)}


# what tells one file from another


def test_parquet_files_of_one_name_are_apart(root: Path) -> None:
    write_table(root / "train" / "0000.parquet", 0, text=["zero", "one"])
    write_table(root / "test" / "0000.parquet", 2, caption=["two", "three"])
    dataset = look(root)
    told = dict(zip(dataset.samples[:, 0, 0, 0].tolist(), dataset.captions or (), strict=True))
    assert told == {0: ("zero",), 1: ("one",), 2: ("two",), 3: ("three",)}
    assert dataset.notes == (f"test and train are read together; to read one of them alone, give hf:{root}:test.",)


def test_parquet_files_may_differ_in_their_columns_but_not_in_what_a_class_is(root: Path) -> None:
    write_table(root / "a.parquet", 0, label=[0, 1], names=("cat", "dog"))
    shutil.move(write_table(root / "b.tmp", 2, label=[1, 1]), root / "b.parquet")
    table = pa.table({"picture": [png(9)], "label": [0], "weight": [1.0]})
    pq.write_table(table, root / "c.parquet")
    pq.write_table(pa.table({"text": ["no pictures"]}), root / "d.parquet")
    dataset = look(root)
    assert dataset.labels is not None and dataset.classes == ("cat", "dog")
    assert (red(dataset), sorted(dataset.labels.tolist())) == ([0, 1, 2, 3, 9], [0, 0, 1, 1, 1])
    assert dataset.notes == ("1 file left out (parquet files without a column of pictures): d.parquet.",)
    write_table(root / "e.parquet", 5, label=[0, 1], names=("dog", "cat"))
    with pytest.raises(SfumatoError, match=r"class 0 is 'cat' in a\.parquet and 'dog' in e\.parquet"):
        look(root)


@pytest.mark.parametrize("wrap", [write, write_tar, write_zip])
def test_keys_are_whole_names(wrap: object, root: Path) -> None:
    files: dict[str, bytes] = {}
    for value in range(3):
        files |= {f"2023.01.05_img{value}.png": png(value), f"2023.01.05_img{value}.txt": f"day {value}".encode()}
    suffix = {write: "", write_tar: ".tar", write_zip: ".zip"}[wrap]  # type: ignore[index]
    dataset = look(wrap(root / f"x{suffix}", files))  # type: ignore[operator]
    assert list(dataset.captions or ()) == [("day 0",), ("day 1",), ("day 2",)]


def test_folders_alike_in_names_sizes_and_times_are_apart_and_so_is_a_file_edited_in_place(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for number, name in enumerate(("a", "b")):
        for value in range(2):
            path = tmp_path / name / "photos" / f"{value}.png"
            write(tmp_path, {f"{name}/photos/{value}.png": png(10 * number + value)})
            os.utime(path, ns=(10**18, 10**18))
    one, other = (open_dataset(str(tmp_path / name / "photos"), cache=cache) for name in ("a", "b"))
    assert (red(one), red(other)) == ([0, 1], [10, 11])
    path = tmp_path / "a" / "photos" / "0.png"
    before = path.stat()
    assert len(png(7)) == before.st_size
    with path.open("r+b") as file:
        file.write(png(7))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_ino == before.st_ino
    edited = open_dataset(str(tmp_path / "a" / "photos"), cache=cache)
    assert red(edited) == [1, 7] and edited.fingerprint() != one.fingerprint()


def test_a_name_that_may_be_two_pictures_stops_with_both(root: Path) -> None:
    write_zip(root / "a.zip", {"0.png": png(0)}), write_zip(root / "b.zip", {"0.png": png(1)})
    write(root, {"metadata.jsonl": b'{"file_name": "0.png", "text": "which?"}'})
    with pytest.raises(SfumatoError, match=r"'0\.png', which may be a\.zip/0\.png, b\.zip/0\.png"):
        look(root)


# what is beside pictures


def test_what_wins_where_two_sources_disagree_is_said(root: Path) -> None:
    write(root, PICTURES)
    write(root, {f"{value}.txt": b"text" for value in range(4)} | {"1.caption": b"other", "2.caption": b"text"})
    write(root, {"3.json": b'{"caption": "json"}', "metadata.csv": b"file_name,text\n0.png,table\n"})
    write(root, {"metadata.jsonl": b'{"file_name": "0.png", "text": "lines"}\n'})
    dataset = look(root)
    assert list(dataset.captions or ()) == [("lines",), ("text",), ("text",), ("text",)]
    assert dataset.notes == (
        "metadata.jsonl and metadata.csv disagree on the captions of 1 picture, and metadata.jsonl is used: 0.png.",
        "metadata.jsonl and .txt disagree on the captions of 1 picture, and metadata.jsonl is used: 0.png.",
        ".txt and .caption disagree on the captions of 1 picture, and .txt is used: 1.png.",
        ".txt and .json disagree on the captions of 1 picture, and .txt is used: 3.png.",
    )
    assert dataset.files == {USED: 4, BESIDE: 9}


def test_metadata_beside_an_archive_tell_of_what_is_in_it(root: Path) -> None:
    write_zip(root / "images.zip", {f"inside/{name}": content for name, content in PICTURES.items()})
    write(root, {"metadata.jsonl": b'{"file_name": "inside/2.png", "text": "two"}\n'})
    dataset = look(root)
    assert list(dataset.captions or ()) == [(), (), ("two",), ()]
    assert dataset.files == {USED: 4, BESIDE: 2}


def test_columns_may_stand_in_a_table(root: Path) -> None:
    from sfumato.data.columns import Columns

    write(root, PICTURES)
    write(root, {"metadata.csv": b'file_name;age;style\n0.png;41.5;"[1, 2]"\n1.png;;\n2.png;3;"[0.5, -1]"\n'})
    dataset = open_dataset(str(root), cache=root.parent / "cache", columns=Columns(("age",), ("style",)))
    assert [str(one) for one in dataset.values["age"][:, 0].tolist()] == ["41.5", "nan", "3.0", "nan"]
    assert dataset.values["style"][[0, 2]].tolist() == [[1, 2], [0.5, -1]]


def test_other_parts_of_a_sample_are_none_to_draw(root: Path) -> None:
    files: dict[str, bytes] = {}
    for value in range(3):
        files |= {f"{value}.png": png(value), f"{value}.seg.png": png(100), f"{value}.cls": b"ab"[value % 2 :][:1]}
    path = write_tar(root / "x.tar", files)
    dataset = look(path)
    assert (red(dataset), dataset.classes) == ([0, 1, 2], ("a", "b"))
    assert dataset.notes == (
        "3 files left out (part of the sample of another picture): 0.seg.png, 1.seg.png, 2.seg.png.",
    )


def test_a_few_classes_beside_pictures_dont_push_out_the_folders(root: Path) -> None:
    write(root, {f"{'ab'[value % 2]}/{value}.png": png(value) for value in range(4)} | {"a/0.json": b'{"label": "x"}'})
    dataset = look(root)
    assert (red(dataset), dataset.classes) == ([0, 1, 2, 3], ("a", "b"))
    assert dataset.notes == ("folders are the classes; what files say of the class of 1 picture is not used.",)


def test_repeats_and_class_words_of_other_tools_are_told(root: Path) -> None:
    write(root, {f"10_sks dog/{name}": content for name, content in PICTURES.items()})
    assert look(root).notes == (
        "'10_sks dog' is no class, being alone; repeats and class word aren't read from it: its pictures count once "
        "each, not 10 times, and 'sks dog' is no caption.",
    )
    write(root, {"1_dog/9.png": png(9)})
    dataset = look(root)
    assert dataset.classes == ("10_sks dog", "1_dog") and "is the class's name as it is" in dataset.notes[0]


# what is no data


def test_a_run_inside_the_data_is_none(root: Path, run_folder: Path, sfumato: Command) -> None:
    """`cd photos; sfumato train .` leaves a run there, which the next one must not learn."""
    write(root, {f"{'ab'[value % 2]}/{value}.png": png(20 * value) for value in range(12)})
    shutil.copytree(run_folder, root / "runs" / "one")
    assert list(root.rglob("runs/one/**/*.png"))
    dataset = look(root)
    assert (len(dataset), dataset.classes) == (12, ("a", "b"))
    (note,) = dataset.notes
    assert "left out (a run of Sfumato): runs/one." in note
    told = sfumato("info", "set", "--size", 8)
    assert told.returncode == 0, told.stderr
    assert "12 used" in told.stdout and "a run of Sfumato" in told.stdout
    config = json.loads((root / "runs/one/config.json").read_text())
    (root / "runs/one/config.json").write_text(json.dumps({"codec": {}, "training": config["training"]}))
    assert "left out (a run of Sfumato): runs/one." in look(root).notes[0]  # that of an autoencoder


def test_links_to_one_folder_are_counted_and_a_folder_is_read_by_its_own_name(root: Path) -> None:
    write(root, {f"z/{name}": content for name, content in PICTURES.items()})
    write(root.parent, {"elsewhere/9.png": png(9)})
    for name, target in (("a", "z"), ("b", "../elsewhere"), ("c", "../elsewhere"), ("up", "../..")):
        (root / name).symlink_to(target)
    dataset = look(root)
    assert (dataset.classes, red(dataset)) == (("b", "z"), [0, 1, 2, 3, 9])
    assert dataset.files == {USED: 5, "a link to a folder that is read already": 3}


# which of several kinds is meant


def test_shards_beside_a_few_previews_are_what_is_meant(root: Path) -> None:
    for shard in range(2):
        samples = {f"{shard}{value}.png": png(10 * shard + value) for value in range(3)}
        write_tar(root / f"{shard}.tar", samples)
    write(root, {"preview/a.png": png(99), "preview/b.png": png(98)})
    dataset = look(root)
    assert red(dataset) == [0, 1, 2, 10, 11, 12]
    assert dataset.notes == (
        "2 files left out (beside 2 tar files with the pictures that are used): preview/a.png, preview/b.png.",
    )


def test_an_archive_beside_many_pictures_is_told_of(root: Path) -> None:
    write(root, PICTURES)
    write_zip(root / "old.zip", {"9.png": png(9)})
    (root / "broken.tar").write_bytes(b"no tar" * 200)
    dataset = look(root)
    assert red(dataset) == [0, 1, 2, 3]
    assert dataset.files == {
        USED: 4, "beside 4 files with the pictures that are used": 1, "archives that can't be read": 1,
    }  # fmt: skip
    assert any("broken.tar is no tar file" in note for note in dataset.notes)


def test_kinds_of_which_none_is_clearly_meant_are_refused(root: Path) -> None:
    write(root, PICTURES)
    write_zip(root / "more.zip", {"8.png": png(8), "9.png": png(9), "7.png": png(7)})
    with pytest.raises(
        SfumatoError, match=r"holds 4 pictures in 4 files and 3 pictures in 1 ZIP file; give .*more\.zip"
    ):
        look(root)


def test_several_zip_files_are_one_set_and_say_that_they_are_no_classes(root: Path) -> None:
    for first, name in enumerate(("cat", "dog")):
        write_zip(root / f"{name}.zip", {f"{value}.png": png(10 * first + value) for value in range(2)})
    dataset = look(root)
    assert (red(dataset), dataset.classes) == ([0, 1, 10, 11], ())
    assert dataset.notes == ("2 ZIP files are read together; which one a picture is in is no class.",)


def test_where_there_is_nothing_it_says_what_was_found(root: Path) -> None:
    write(root, {"a.heic": b"x", ".hidden.png": png(1)})
    with pytest.raises(SfumatoError, match=r"holds no pictures \(found: 1 \.heic, 1 hidden\)"):
        look(root)


# hf:FOLDER is the folder


def test_the_hub_reads_shards_as_the_plain_path_does(root: Path) -> None:
    for split, first in (("train", 0), ("test", 5)):
        files: dict[str, bytes] = {}
        for value in range(first, first + 3):
            files |= {f"{value}.png": png(value), f"{value}.cls": b"xy"[value % 2 :][:1], f"{value}.txt": b"a text"}
        write_tar(root / f"{split}-0.tar", files)
    assert red(look(root)) == [0, 1, 2, 5, 6, 7]
    for split, expected in (("", [0, 1, 2]), (":train", [0, 1, 2]), (":test", [5, 6, 7])):
        dataset = look(f"hf:{root}{split}")
        assert (red(dataset), dataset.classes, dataset.captions and dataset.captions[0]) == (
            expected, ("x", "y"), ("a text",)
        )  # fmt: skip
        assert any("of another split" in note for note in dataset.notes)
    with pytest.raises(SfumatoError, match=r"there is no split 'tset' \(there is test, train\)"):
        look(f"hf:{root}:tset")


def test_of_two_captions_that_could_be_meant_the_one_with_the_longer_name_in_common_is_used(tmp_path: Path) -> None:
    pictures = {f"v1.{i}.png": png(i) for i in range(3)}
    captions = {"v1.txt": b"all", "v1.0.txt": b"zero", "v1.1.png.txt": b"one"}
    dataset = open_dataset(str(write(tmp_path / "photos", {**pictures, **captions})), cache=tmp_path / "cache")
    assert [dataset.captions[i] for i in range(3)] == [("zero",), ("one",), ("all",)]
