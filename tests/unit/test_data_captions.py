"""Captions: the same in any wrapping, beside the right picture, and what is wrong with them said in a sentence."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from sfumato.data import Dataset, open_dataset
from sfumato.errors import SfumatoError

TEXTS = ["a red fox", "ein Käfer 🪲, zwei\n\nAbsätze", "", "the last one"]
SAID = [("a red fox",), ("ein Käfer 🪲, zwei\n\nAbsätze",), (), ("the last one",)]  # one each, or none


def png(value: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (6, 4), (value, 0, 1)).save(file, "PNG")
    return file.getvalue()


PICTURES = {f"{value}.png": png(value) for value in range(4)}
LINES = [{"file_name": f"{value}.png", "text": text} for value, text in enumerate(TEXTS) if text]


def metadata(lines: list[dict[str, str]] = LINES) -> bytes:
    return "\n".join(map(json.dumps, lines)).encode()


def folder(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def zipped(root: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(root.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return root.with_suffix(".zip")


def tarred(root: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(root.with_suffix(".tar"), "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, BytesIO(content))
    return root.with_suffix(".tar")


def parquet(root: Path, texts: list[object], column: str = "text") -> Path:
    table = pa.table({"image": [{"bytes": content} for content in PICTURES.values()], column: texts})
    pq.write_table(table, root.with_suffix(".parquet"), row_group_size=3)
    return root.with_suffix(".parquet")


def with_metadata(wrap: Callable[[Path, dict[str, bytes]], Path]) -> Callable[[Path], Path]:
    return lambda root: wrap(root, {**PICTURES, "metadata.jsonl": metadata()})


def texts_beside(root: Path) -> Path:
    texts = {f"{value}.txt": text.encode() for value, text in enumerate(TEXTS) if value != 2}
    return tarred(root, PICTURES | texts | {"LICENSE.txt": b"free"})


def json_beside(root: Path) -> Path:
    about = {f"{value}.json": json.dumps({"caption": text, "width": 6}).encode() for value, text in enumerate(TEXTS)}
    return tarred(root, PICTURES | about)


def shards(root: Path) -> Path:
    root.mkdir()
    for value, text in enumerate(TEXTS):
        tarred(root / f"{value}", {f"{value}.png": png(value), f"{value}.txt": text.encode()})
    return root


WRAPPINGS = {
    "folder": with_metadata(folder),
    "zip": with_metadata(zipped),
    "tar": with_metadata(tarred),
    "nested": lambda root: folder(
        root, {f"all/{k}": v for k, v in PICTURES.items()} | {"all/metadata.jsonl": metadata()}
    ),
    "from above": lambda root: folder(
        root,
        {f"all/{name}": content for name, content in PICTURES.items()}
        | {"metadata.jsonl": metadata([{**line, "file_name": f"all/{line['file_name']}"} for line in LINES])},
    ),
    "texts beside": texts_beside,
    "json beside": json_beside,
    "shards": shards,
    "parquet": lambda root: parquet(root, [text or None for text in TEXTS]),
    "parquet lists": lambda root: parquet(root, [[text] if text else [] for text in TEXTS], "caption"),
}


def look(path: Path, size: tuple[int, int] | None = None) -> Dataset:
    return open_dataset(str(path), size, path.parent / "cache")


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_captions_are_the_same_in_any_wrapping(wrapping: str, tmp_path: Path) -> None:
    path = WRAPPINGS[wrapping](tmp_path / "set")
    for dataset in (look(path), look(path)):  # the second time from the cache
        assert dataset.samples[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
        captions = dataset.captions
        assert captions is not None and list(captions) == SAID
        assert (captions[-1], captions[1:3], len(captions)) == (SAID[3], SAID[1:3], 4)
        other = "1 other file left out: 1 neither picture nor caption (LICENSE.txt)."
        assert (dataset.classes, dataset.notes) == ((), (other,) if wrapping == "texts beside" else ())
        with pytest.raises(IndexError):
            captions[4]


def test_lists_are_several_captions(tmp_path: Path) -> None:
    several = [["a fox", " a red fox\nin snow "], ["", 3, None, "one"], [], None]
    lines = [{"file_name": f"{value}.png", "text": texts} for value, texts in enumerate(several)]
    files = {**PICTURES, "metadata.jsonl": "\n".join(map(json.dumps, lines)).encode()}
    shard = {f"{value}.json": json.dumps({"caption": texts}).encode() for value, texts in enumerate(several)}
    table = [[text for text in texts or [] if text != 3] for texts in several]
    for path in (
        folder(tmp_path / "a", files),
        tarred(tmp_path / "b", PICTURES | shard),
        parquet(tmp_path / "c", table),
    ):
        for dataset in (look(path), look(path)):
            assert list(dataset.captions or ()) == [("a fox", "a red fox\nin snow"), ("one",), (), ()]


@pytest.mark.parametrize("path", [folder, zipped, tarred])
def test_without_any_there_are_none(path: Callable[[Path, dict[str, bytes]], Path], tmp_path: Path) -> None:
    assert look(path(tmp_path / "set", PICTURES)).captions is None
    assert sorted(file.suffix for file in (tmp_path / "cache").iterdir()) == [".json", ".u8"]


def test_captions_stay_with_their_pictures_when_some_break(tmp_path: Path) -> None:
    files = {f"{'ab'[value % 2]}/{name}": content for value, (name, content) in enumerate(PICTURES.items())}
    files["a/0.png"] = files["a/0.png"][:50]
    files["a/metadata.jsonl"] = metadata([LINES[0], {"file_name": "2.png", "text": "two"}])
    files["b/metadata.jsonl"] = metadata(LINES[1:])
    dataset = look(folder(tmp_path / "set", files))
    assert dataset.classes == ("a", "b") and dataset.labels is not None and dataset.captions is not None
    assert dataset.samples[:, 0, 0, 0].tolist() == [2, 1, 3]
    assert (dataset.labels.tolist(), list(dataset.captions)) == ([0, 1, 1], [("two",), SAID[1], SAID[3]])


def test_what_is_wrong_in_metadata_is_told(tmp_path: Path) -> None:
    lines = [
        metadata([LINES[0]]),
        b"{no json",
        b"[1]",
        b"",
        b'{"file_name": "1.png"}',
        b'{"text": "no name"}',
        b"null",
        b"[" * 100_000,
        b'{"file_name": "gone.png", "text": "x"}',
        b'{"file_name": "../1.png", "text": "x"}',
        b'{"file_name": "3.png", "text": "half a \\ud83d"}',
    ]
    dataset = look(folder(tmp_path / "set", PICTURES | {"metadata.jsonl": b"\n".join(lines)}))
    assert dataset.captions is not None and list(dataset.captions) == [SAID[0], (), (), ("half a ?",)]
    assert dataset.notes == (
        "6 lines of metadata.jsonl without a file_name and a text passed over: line 2, line 3, line 5, line 6, line 7 "
        "and 1 more.",
        "2 files named in metadata.jsonl that no picture here is: gone.png, ../1.png.",
    )


def test_metadata_damaged_in_a_zip_costs_the_captions_alone(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name, content in {**PICTURES, "metadata.jsonl": metadata()}.items():
            archive.writestr(name, content)
    content = bytearray((tmp_path / "set.zip").read_bytes())
    content[content.find(b"red fox")] ^= 0xFF
    (tmp_path / "set.zip").write_bytes(content)
    dataset = look(tmp_path / "set.zip")
    assert (len(dataset), dataset.captions) == (4, None)
    assert dataset.notes == ("1 file left out (damaged in the archive): metadata.jsonl.",)


@pytest.mark.parametrize("wrap", [folder, zipped, tarred])
@pytest.mark.parametrize("name", ["metadata.jsonl", "metadata.csv", "1.txt", "1.json"])
def test_text_in_an_unknown_encoding_is_refused_by_name(
    name: str, wrap: Callable[[Path, dict[str, bytes]], Path], tmp_path: Path
) -> None:
    with pytest.raises(SfumatoError, match=rf"{name} is no UTF-8 text"):
        look(wrap(tmp_path / "set", PICTURES | {name: "Käfer".encode("cp1252")}))


def test_a_changed_caption_is_noticed(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", {**PICTURES, "metadata.jsonl": metadata()})
    look(root)
    (root / "metadata.jsonl").write_bytes(metadata([{"file_name": "0.png", "caption": "a grey fox"}]))
    assert list(look(root).captions or ()) == [("a grey fox",), (), (), ()]
    (root / "metadata.jsonl").unlink()
    assert look(root).captions is None


@pytest.mark.parametrize("suffix", [".text", ".ends", ".upto"])
def test_damaged_captions_are_read_again(tmp_path: Path, suffix: str) -> None:
    root = folder(tmp_path / "set", {**PICTURES, "metadata.jsonl": metadata()})
    look(root)
    (file,) = (tmp_path / "cache").glob(f"*{suffix}")
    file.write_bytes(file.read_bytes()[:-3])
    assert list(look(root).captions or ()) == SAID


def test_captions_and_classes_come_together_in_shards(tmp_path: Path) -> None:
    files: dict[str, bytes] = {}
    for value, (name, content) in enumerate(PICTURES.items()):
        files |= {name: content, f"{value}.cls": b"xy"[value % 2 :][:1], f"{value}.txt": TEXTS[value].encode()}
    dataset = look(tarred(tmp_path / "set", files))
    assert dataset.classes == ("x", "y") and dataset.captions is not None and dataset.labels is not None
    assert (list(dataset.captions), dataset.labels.tolist()) == (SAID, [0, 1, 0, 1])
    assert np.array_equal(dataset.samples[:, 0, 0, 0], range(4))
