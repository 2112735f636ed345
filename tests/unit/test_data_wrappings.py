"""Every wrapping of the same files is the same set, and every file is used, read, or left out with a reason."""

from __future__ import annotations

import csv
import io
import json
import stat
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sfumato.data import Dataset, open_dataset
from sfumato.data.dataset import USED

Sample = tuple[int, str | None, tuple[str, ...]]  # a picture's red value, its class, its captions

CLASSES = [("ant", "bee"), ("Dog", "dog", "été"), ("10_sks dog", "1_dog"), ("1", "2", "11"), ("猫", "犬 2")]
NAMES = ["a.png", "B.PNG", "2023.01.05_img0.png", "2023.01.05_img1.png", "x y.Png", "hash0", "猫.png", "-n=(1).png"]
TEXTS = ["a red fox", "ein Käfer 🪲,\nzwei Zeilen\n\nund ein Absatz", 'he said "no", twice', "犬", "last"]
WAYS = [".txt", ".caption", ".TXT", ".json", ".png.txt", "metadata.jsonl", "metadata.csv", "Metadata.JSON"]
JUNK: list[dict[str, bytes]] = [  # what is among pictures and is none, or none to train on
    {".DS_Store": b"x", ".hidden.png": b"x"}, {"__MACOSX/ant/._a.png": b"x", "Thumbs.db": b"x"},
    {"@eaDir/a.png/SYNO.png": b"x"}, {".thumbnails/a.png": b"x"}, {"lost+found/a.png": b"x"},
    {"README": b"about", "LICENSE.txt": b"free"}, {"clip.mp4": b"x"}, {"raw.CR2": b"x", "phone.HEIC": b"x"},
    {"old.rar": b"x"}, {"noise": b"\0\1"}, {"Previews.lrdata/a.png": b"x"}, {"alone.json": b"{}"},
    {"runs/one/config.json": b'{"model": {}, "training": {}}', "runs/one/previews/step-1.png": b"x"},
    {"sfumato-digits/samples/0.png": b"x"}, {"cache/key.u8": b"x", "cache/key.json": b"{}"},
]  # fmt: skip


def png(value: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (6, 4), (value, 0, 1)).save(file, "PNG")
    return file.getvalue()


@dataclass
class Tree:
    """What a person keeps: files by path, links to files or nowhere, and the samples that are meant by them."""

    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    tree = Tree()
    classes = draw(st.sampled_from([(), *CLASSES]))
    told = draw(st.booleans()) and bool(classes)  # by .cls beside the pictures rather than by folders
    way = draw(st.sampled_from(WAYS))
    rows: list[dict[str, str]] = []
    for label in classes or [None]:
        for name in draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True)):
            value = len(tree.samples)
            stem = f"{label}-{name}" if told else f"{label}/{name}" if label else name
            tree.files[stem] = png(value)
            base = stem.rpartition(".")[0] if "." in name else stem
            if told:
                tree.files[f"{base}.cls"] = str(label).encode()
            captions: tuple[str, ...] = ()
            if draw(st.booleans()):
                text = draw(st.sampled_from(TEXTS))
                captions = (text,)
                if way == ".json":
                    tree.files[base + way] = json.dumps({"caption": text}).encode()
                elif way == ".png.txt":
                    tree.files[f"{stem}.txt"] = text.encode()
                elif way.startswith("."):
                    tree.files[base + way] = text.encode("utf-8-sig")
                else:
                    rows.append({"file_name": stem, "text": text})
            tree.samples.append((value, label, captions))
            if "." in name and draw(st.integers(0, 5)) == 0:
                tree.files[f"{base}.seg.png"] = png(200)
    if rows:
        tree.files[way] = metadata(way, rows)
    for some in draw(st.lists(st.sampled_from(JUNK), max_size=6, unique_by=id)):
        tree.files |= some
    if draw(st.booleans()):
        value, label, _ = tree.samples[0]
        target = next(name for name, content in tree.files.items() if content == png(value))
        folder = f"{label}/" if label and not told else ""
        tree.links[f"{folder}linked.png"] = target.rpartition("/")[2]
        if told:
            tree.files["linked.cls"] = str(label).encode()
        tree.samples.append((value, label, ()))
    if draw(st.booleans()):
        tree.links["broken.png"] = "nowhere.png"
    return tree


def metadata(name: str, rows: list[dict[str, str]]) -> bytes:
    if name.lower().endswith(".jsonl"):
        return "\n".join(map(json.dumps, rows)).encode()
    if name.lower().endswith(".json"):
        return json.dumps({row["file_name"]: {"caption": row["text"]} for row in rows}).encode()
    file = io.StringIO()
    table = csv.DictWriter(file, ["file_name", "text"], delimiter=";")
    table.writeheader()
    table.writerows(rows)
    return file.getvalue().encode("utf-16")


def as_folder(path: Path, tree: Tree) -> tuple[str, int]:
    for name, content in tree.files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    for name, target in tree.links.items():
        (path / name).symlink_to(target)
    return str(path), 0


def as_hugging_folder(path: Path, tree: Tree) -> tuple[str, int]:
    return f"hf:{as_folder(path, tree)[0]}", 0


def as_zip(path: Path, tree: Tree) -> tuple[str, int]:
    with zipfile.ZipFile(path.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in tree.files.items():
            archive.writestr(f"whole/{name}", content)
        for name, target in tree.links.items():
            link = zipfile.ZipInfo(f"whole/{name}")
            link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, target)
    return str(path.with_suffix(".zip")), 0


def write_tar(path: Path, tree: Tree, mode: str, hard: bool = False) -> str:
    with tarfile.open(path, mode) as archive:
        for name, content in tree.files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name, target in tree.links.items():
            member = tarfile.TarInfo(name)
            member.type = tarfile.LNKTYPE if hard else tarfile.SYMTYPE
            member.linkname = f"{name.rpartition('/')[0]}/{target}".lstrip("/") if hard else target
            archive.addfile(member)
    return str(path)


def as_tar(path: Path, tree: Tree) -> tuple[str, int]:
    return write_tar(path.with_suffix(".tar"), tree, "w"), 0


def as_packed_tar(path: Path, tree: Tree) -> tuple[str, int]:
    return write_tar(path.with_suffix(".tar.gz"), tree, "w:gz", hard=True), 0


def as_shards(path: Path, tree: Tree) -> tuple[str, int]:
    """Two tar files, each with whole samples, and the metadata beside them."""
    path.mkdir()
    shards = [Tree(), Tree()]
    at = {name: crc32(name.split(".")[0].split("/")[0].encode()) % 2 for name in (*tree.files, *tree.links)}
    for name, content in tree.files.items():
        if name.lower().startswith("metadata."):
            (path / name).write_bytes(content)
        else:
            shards[0 if tree.links else at[name]].files[name] = content
    shards[0].links = tree.links
    used = [shard for shard in shards if any(content.startswith(b"\x89PNG") for content in shard.files.values())]
    for shard in shards:
        if shard not in used:
            used[0].files |= shard.files
    for number, shard in enumerate(used):
        write_tar(path / f"set-{number:05}.tar", shard, "w")
    return str(path), len(used)


def as_parquet(path: Path, tree: Tree) -> tuple[str, int]:
    labels = {"label": [label for _, label, _ in tree.samples]} if tree.samples[0][1] else {}
    texts = {"text": [captions[0] if captions else None for *_, captions in tree.samples]}
    images = [{"bytes": png(value), "path": None} for value, *_ in tree.samples]
    (path / "data").mkdir(parents=True)
    pq.write_table(pa.table({"image": images, **labels, **texts}), path / "data" / "train-0.parquet", row_group_size=3)
    return str(path), 1 + len(tree.samples) - len(tree.files) - len(tree.links)


WRAPPINGS: list[Callable[[Path, Tree], tuple[str, int]]] = [
    as_folder, as_hugging_folder, as_zip, as_tar, as_packed_tar, as_shards, as_parquet,
]  # fmt: skip


def samples(dataset: Dataset) -> list[Sample]:
    captions = dataset.captions or [()] * len(dataset)
    labels = [None] * len(dataset) if dataset.labels is None else [dataset.classes[at] for at in dataset.labels]
    return sorted(zip(dataset.samples[:, 0, 0, 0].tolist(), labels, captions, strict=True), key=repr)


@settings(max_examples=12)
@given(tree=trees())
def test_every_wrapping_is_the_same_set_and_accounts_for_every_file(
    tree: Tree, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("set")
    for wrap in WRAPPINGS:
        spec, more = wrap(root / wrap.__name__, tree)
        dataset = open_dataset(spec, cache=root / "decoded")
        assert samples(dataset) == sorted(tree.samples, key=repr), (spec, dataset.notes)
        assert sum(dataset.files.values()) == len(tree.files) + len(tree.links) + more, (spec, dataset.files)
        assert dataset.files[USED] == len(tree.samples)
        if tree.samples[0][1] is not None:
            names = {label for _, label, _ in tree.samples if label}
            numbers = all(name.isdigit() for name in names)
            assert dataset.classes == tuple(sorted(names, key=int if numbers else None))
