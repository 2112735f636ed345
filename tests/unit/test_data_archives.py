"""The same pictures are the same data set in any wrapping, and a damaged one loses no more than it must."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from sfumato.data import Dataset, open_dataset
from sfumato.errors import SfumatoError

CLASSES = ("ant", "bee")


def png(seed: int, size: tuple[int, int] = (6, 5), grey: bool = False) -> bytes:
    shape = size if grey else (*size, 3)
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8)).save(file, "PNG")
    return file.getvalue()


def pictures(per_class: int = 4) -> dict[str, bytes]:
    return {f"{name}/{i:03}.png": png(100 * k + i) for k, name in enumerate(CLASSES) for i in range(per_class)}


def as_folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def as_zip(path: Path, files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path := path.with_suffix(".zip"), "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def as_tar(path: Path, files: dict[str, bytes]) -> Path:
    return write_tar(path.with_suffix(".tar"), files)


def as_shards(path: Path, files: dict[str, bytes]) -> Path:
    """WebDataset's layout: flat keys, classes in .cls files, here in three shards."""
    path.mkdir()
    samples = list(files.items())
    for shard in range(3):
        flat: dict[str, bytes] = {}
        for index, (name, content) in list(enumerate(samples))[shard * 3 : shard * 3 + 3 if shard < 2 else None]:
            flat[f"{index:05}.png"] = content
            flat[f"{index:05}.cls"] = name.split("/")[0].encode()
        write_tar(path / f"set-{shard:04}.tar", flat)
    return path


def as_parquet(path: Path, files: dict[str, bytes], group: int = 3, hugging: bool = True) -> Path:
    names = [name.split("/")[0] for name in files]
    labels = [CLASSES.index(name) for name in names] if hugging else names
    images = [{"bytes": content, "path": name} for name, content in files.items()]
    table = pa.table({"image": images, "label": labels})
    if hugging:
        about = {"info": {"features": {"label": {"names": list(CLASSES), "_type": "ClassLabel"}}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(about)})
    pq.write_table(table, path := path.with_suffix(".parquet"), row_group_size=group)
    return path


def as_parquet_folder(path: Path, files: dict[str, bytes]) -> Path:
    (path / "data").mkdir(parents=True)
    samples = list(files.items())
    for part, some in enumerate((samples[:3], samples[3:])):
        as_parquet(path / "data" / f"train-{part:05}", dict(some), hugging=False)
    (path / "README.md").write_text("about")
    return path


WRAPPINGS: list[Callable[[Path, dict[str, bytes]], Path]] = [as_zip, as_tar, as_shards, as_parquet, as_parquet_folder]


def opened(path: Path, size: tuple[int, int] | None = None) -> Dataset:
    return open_dataset(str(path), size, path.parent / "cache")


@pytest.mark.parametrize("wrap", WRAPPINGS)
@pytest.mark.parametrize("size", [None, (4, 4)])
def test_every_wrapping_holds_what_the_folder_holds(
    wrap: Callable[[Path, dict[str, bytes]], Path], size: tuple[int, int] | None, tmp_path: Path
) -> None:
    plain = opened(as_folder(tmp_path / "plain", pictures()), size)
    wrapped = opened(wrap(tmp_path / "wrapped", pictures()), size)
    assert wrapped.classes == plain.classes == CLASSES
    np.testing.assert_array_equal(wrapped.samples, plain.samples)
    np.testing.assert_array_equal(wrapped.labels, plain.labels)
    again = opened(next(p for p in tmp_path.iterdir() if p.name.startswith("wrapped")), size)
    np.testing.assert_array_equal(again.samples, plain.samples)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(2, 30), group=st.integers(1, 9), broken=st.sets(st.integers(0, 29), max_size=3))
def test_parquet_rows_keep_their_order_and_broken_ones_are_named(
    count: int, group: int, broken: set[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    broken = {index for index in broken if index < count - 2}
    files = {f"{CLASSES[i % 2]}/{i}.png": b"no picture" if i in broken else png(i) for i in range(count)}
    found = opened(as_parquet(tmp_path_factory.mktemp("p") / "set", files, group))
    kept = [i for i in range(count) if i not in broken]
    expected = np.stack([np.asarray(Image.open(io.BytesIO(png(i)))).transpose(2, 0, 1) for i in kept])
    np.testing.assert_array_equal(found.samples, expected)
    assert found.labels is not None and found.labels.tolist() == [i % 2 for i in kept]
    assert bool(broken) == any("left out (not a valid picture)" in note for note in found.notes)


def test_classes_keep_hugging_faces_order(tmp_path: Path) -> None:
    about = {"info": {"features": {"label": {"names": ["zebra", "ape"]}}}}
    table = pa.table({"img": [png(i) for i in range(4)], "label": [0, 1, 1, -1]})
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(about)}), tmp_path / "x.parquet")
    found = opened(tmp_path / "x.parquet")
    assert found.classes == ("zebra", "ape") and found.labels is not None
    assert found.labels.tolist() == [0, 1, 1]
    assert any("1 picture without a class left out" in note for note in found.notes)


def test_numbered_classes_count_as_numbers_do(tmp_path: Path) -> None:
    files: dict[str, bytes] = {}
    for index in range(12):
        files |= {f"{index:03}.png": png(index), f"{index:03}.cls": str(index).encode()}
    assert opened(as_tar(tmp_path / "x", files)).classes == tuple(str(index) for index in range(12))


def test_a_shard_reads_json_and_loses_only_what_has_no_class(tmp_path: Path) -> None:
    files = {
        "a.png": png(1),
        "a.json": b'{"label": "cat"}',
        "b.png": png(2),
        "b.json": b'{"cls": "dog"}',
        "c.png": png(3),
    }
    found = opened(as_tar(tmp_path / "x", files))
    assert found.classes == ("cat", "dog") and len(found) == 2
    assert any("1 picture without a class left out" in note for note in found.notes)


def test_a_zips_damaged_member_is_left_out(tmp_path: Path) -> None:
    path = as_zip(tmp_path / "x", pictures(), zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    where = content.find(pictures()["bee/002.png"])
    content[where + 60] ^= 0xFF
    path.write_bytes(content)
    found = opened(path)
    assert len(found) == 7
    assert any("left out (damaged in the archive): bee/002.png" in note for note in found.notes)


def test_a_tar_that_breaks_off_gives_what_is_whole(tmp_path: Path) -> None:
    path = as_tar(tmp_path / "x", {f"{i}.png": png(i, (40, 40)) for i in range(6)})
    content = path.read_bytes()
    path.write_bytes(content[: content.find(png(4, (40, 40))) + 100])
    found = opened(path)
    assert len(found) in (4, 5) and found.notes
    np.testing.assert_array_equal(
        found.samples[3], np.asarray(Image.open(io.BytesIO(png(3, (40, 40))))).transpose(2, 0, 1)
    )


def test_what_systems_leave_behind_is_no_picture(tmp_path: Path) -> None:
    extra = {"__MACOSX/ant/._000.png": b"x", "ant/.hidden.png": b"x", "ant/notes.txt": b"x"}
    assert len(opened(as_zip(tmp_path / "x", pictures() | extra))) == 8


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.zip", b"not a zip", "no ZIP file, or a damaged one"),
        ("x.zip", b"", "no ZIP file, or a damaged one"),
        ("x.tar", b"not a tar" * 100, "no tar file that can be read"),
        ("x.parquet", b"PAR1 no", "can't be read as parquet"),
        ("x.gif", b"", "is a file; give the folder"),
    ],
)
def test_what_is_no_archive_is_said_in_one_sentence(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SfumatoError, match=says):
        opened(tmp_path / name)


def test_an_archive_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="holds no pictures"):
        opened(as_zip(tmp_path / "x", {"a.txt": b""}))
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "y.parquet")
    with pytest.raises(SfumatoError, match=r"no column of pictures \(it has text\)"):
        opened(tmp_path / "y.parquet")


def test_a_password_is_asked_for_by_nobody(tmp_path: Path) -> None:
    path = as_zip(tmp_path / "x", pictures(), zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = content.find(mark)
        content[at + offset] |= 1
    path.write_bytes(content)
    with pytest.raises(SfumatoError, match="protected by a password"):
        opened(path)
