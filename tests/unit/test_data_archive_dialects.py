"""Archives as programs really write them: read, or named for what they are."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.data import Dataset, open_dataset
from sfumato.data.dataset import USED
from sfumato.errors import SfumatoError


def png(value: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (6, 4), (value, 0, 1)).save(file, "PNG")
    return file.getvalue()


def look(path: Path) -> Dataset:
    return open_dataset(str(path), cache=path.parent / "cache")


def red(dataset: Dataset) -> list[int]:
    return sorted(dataset.samples[:, 0, 0, 0].tolist())


def zip_with_names(path: Path, names: list[bytes]) -> Path:
    """A ZIP file whose names are these bytes, without a word on their encoding."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(names):
            archive.writestr("ABC"[number] * len(name), png(number))
    content = path.read_bytes()
    for number, name in enumerate(names):
        content = content.replace(b"ABC"[number : number + 1] * len(name), name)
    path.write_bytes(content)
    return path


def patched(path: Path, central: dict[int, bytes], local: dict[int, bytes]) -> Path:
    """The ZIP file with bytes of its first member's headers replaced, by their offsets."""
    content = bytearray(path.read_bytes())
    for mark, changes in ((b"PK\x01\x02", central), (b"PK\x03\x04", local)):
        start = content.find(mark)
        for offset, new in changes.items():
            content[start + offset : start + offset + len(new)] = new
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("encoding", "names", "note"),
    [
        ("utf-8", ["ä/e\u0301te\u0301 1.png", "b/x 2.png", "ä/x 3.png"], ""),  # as Finder writes them
        ("cp437", ["Käfer/Übung 1.png", "bee/x 22.png", "Käfer/créée 3.png"], "cp437 (MS-DOS)"),
        ("cp932", ["猫/写真1.png", "犬/x 22.png", "犬/カタカナ 3.png"], "cp932 (Japanese Windows)"),
        ("cp932", ["猫/1.png", "犬/2.png", "犬/3.png"], "cp932 (Japanese Windows)"),
        ("gbk", ["照片/小猫1.png", "风景/x 22.png", "风景/山水 3.png"], "gbk (Chinese Windows)"),
    ],
)
def test_names_that_dont_say_their_encoding_are_read(
    encoding: str, names: list[str], note: str, tmp_path: Path
) -> None:
    dataset = look(zip_with_names(tmp_path / "x.zip", [name.encode(encoding) for name in names]))
    assert dataset.classes == tuple(sorted({name.split("/")[0] for name in names}))
    assert dataset.notes == ((f"names in x.zip don't say their encoding, and are read as {note}.",) if note else ())


@pytest.mark.parametrize(("method", "says"), [(9, "Deflate64"), (98, "PPMd"), (93, "Zstandard"), (77, "method 77")])
def test_a_compression_that_python_lacks_is_named(method: int, says: str, tmp_path: Path) -> None:
    path = zip_with_names(tmp_path / "x.zip", [b"0.png", b"1.png", b"2.png"])
    patched(path, {10: method.to_bytes(2, "little")}, {8: method.to_bytes(2, "little")})
    dataset = look(path)
    assert red(dataset) == [1, 2]
    assert dataset.notes == (
        f"1 file left out (compressed with {says}, which can't be read: unpack the ZIP file): 0.png.",
    )


def test_aes_is_named(tmp_path: Path) -> None:
    path = zip_with_names(tmp_path / "x.zip", [b"0.png", b"1.png"])
    patched(path, {8: b"\1", 10: b"\x63\0"}, {6: b"\1", 8: b"\x63\0"})
    with pytest.raises(SfumatoError, match=r"x\.zip is encrypted with AES; unpack it"):
        look(path)


@pytest.mark.parametrize(
    ("keep", "says"), [(0.5, "breaks off: its table of contents is missing"), (0.0, "no ZIP file")]
)
def test_half_a_zip_is_told_apart_from_none(keep: float, says: str, tmp_path: Path) -> None:
    path = zip_with_names(tmp_path / "x.zip", [b"0.png", b"1.png"])
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(SfumatoError, match=says):
        look(path)


def test_two_names_that_are_one_path_on_some_systems_stop_with_both(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for number, name in enumerate(("a/0.png", "a\\0.png")):
            member = zipfile.ZipInfo(name)
            member.filename, member.create_system = name, 0
            archive.writestr(member, png(number))
    with pytest.raises(SfumatoError, match=r"holds 'a/0\.png' and 'a\\0\.png', which are one path"):
        look(tmp_path / "x.zip")


def write_tar(path: Path, files: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


PICTURES = {f"{value}.png": png(value) for value in range(4)}


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tgz", "x.tar.bz2", "x.tar.xz", "x.txz", "x.tar"])
def test_a_compressed_tar_is_read_whatever_its_name(name: str, tmp_path: Path) -> None:
    packing = {"x.tar.bz2": "w:bz2", "x.tar.xz": "w:xz", "x.txz": "w:xz"}.get(name, "w:gz")
    assert red(look(write_tar(tmp_path / name, PICTURES, packing))) == [0, 1, 2, 3]


def test_half_a_compressed_tar_gives_what_is_whole(tmp_path: Path) -> None:
    noise = {f"{n}.png": png(n) + np.random.default_rng(n).bytes(20_000) for n in range(8)}
    path = write_tar(tmp_path / "x.tar.gz", noise, "w:gz")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    dataset = look(path)
    assert 2 <= len(dataset) < 8 and "x.tar.gz is damaged; what could be unpacked is used." in dataset.notes


def test_zstandard_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(100))
    with pytest.raises(SfumatoError, match="compressed with Zstandard, which can't be read; unpack it first"):
        look(tmp_path / "x.tar")


def test_links_and_what_is_no_file_in_a_tar_are_followed_or_counted(tmp_path: Path) -> None:
    kinds = {
        "b/hard.png": (tarfile.LNKTYPE, "a/0.png"), "b/soft.png": (tarfile.SYMTYPE, "../a/1.png"),
        "b/twice.png": (tarfile.SYMTYPE, "soft.png"), "b/lost.png": (tarfile.SYMTYPE, "nowhere.png"),
        "b/out.png": (tarfile.SYMTYPE, "../../etc/passwd"), "b/round.png": (tarfile.SYMTYPE, "round.png"),
        "c": (tarfile.SYMTYPE, "a"), "a/pipe": (tarfile.FIFOTYPE, ""),
    }  # fmt: skip
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for name, (kind, target) in kinds.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member)
        for value in range(2):
            member = tarfile.TarInfo(f"a/{value}.png")
            member.size = len(png(value))
            archive.addfile(member, io.BytesIO(png(value)))
    dataset = look(tmp_path / "x.tar")
    assert (dataset.classes, red(dataset)) == (("a", "b"), [0, 0, 1, 1, 1])
    assert dataset.files == {
        USED: 5, "a link that leads nowhere": 3, "a link to a folder that is read already": 1, "no regular file": 1,
    }  # fmt: skip


def test_the_later_of_two_of_one_name_counts_as_on_a_disk(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", PICTURES)
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("./0.png")
        member.size = len(png(9))
        archive.addfile(member, io.BytesIO(png(9)))
    dataset = look(path)
    assert red(dataset) == [1, 2, 3, 9]
    assert dataset.notes == ("1 file left out (replaced by a later one of the same path): 0.png.",)


def test_tar_files_that_were_joined_are_read_to_the_end(tmp_path: Path) -> None:
    first, second = (write_tar(tmp_path / f"{n}.tar", {f"{n}.png": png(n)}) for n in range(2))
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "both.tar").write_bytes(first.read_bytes() + second.read_bytes())
    assert (red(look(tmp_path / "x")), look(tmp_path / "x").notes) == ([0, 1], ())


def test_damage_in_the_middle_of_a_tar_is_told(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", PICTURES)
    content = bytearray(path.read_bytes())
    content[1024:1100] = b"\xff" * 76  # the second header
    path.write_bytes(content)
    dataset = look(path)
    assert red(dataset) == [0, 2, 3]
    assert dataset.notes == ("x.tar is damaged at byte 1,024; what can't be made out there is left out.",)


@pytest.mark.parametrize("form", ["gnu", "posix --sparse-version=0.0", "posix --sparse-version=0.1", "posix"])
def test_files_with_holes_are_read_whole(form: str, tmp_path: Path) -> None:
    if shutil.which("tar") is None:
        pytest.skip("there is no GNU tar")
    plain = tmp_path / "plain"
    plain.mkdir()
    for value in range(2):
        pixels = np.zeros((300, 300, 3), np.uint8)
        pixels[10], pixels[250] = 100 + value, 200
        Image.fromarray(pixels).save(tmp_path / "dense.bmp")
        content = (tmp_path / "dense.bmp").read_bytes()
        with (plain / f"{value}.bmp").open("wb") as file:
            for start in range(0, len(content), 4096):
                if any(block := content[start : start + 4096]):
                    file.seek(start)
                    file.write(block)
            file.truncate(len(content))
    words = ["tar", "--sparse", *f"--format={form}".split(), "-C", str(plain), "-cf", str(tmp_path / "x.tar"), "."]
    made = subprocess.run(words, capture_output=True)
    if made.returncode:
        pytest.skip(f"this tar writes none: {made.stderr.decode()}")
    assert (tmp_path / "x.tar").stat().st_size < 200_000, "the holes were left out"
    np.testing.assert_array_equal(look(tmp_path / "x.tar").samples, look(plain).samples)


@pytest.mark.parametrize("suffix", [".rar", ".7z", ".tar.zst"])
def test_an_archive_of_another_kind_is_counted(suffix: str, tmp_path: Path) -> None:
    root = tmp_path / "set"
    root.mkdir()
    for name, content in {**PICTURES, f"more{suffix}": b"x"}.items():
        (root / name).write_bytes(content)
    assert look(root).notes == (f"archives of kinds that can't be read left out: 1 {Path(suffix).suffix or suffix}.",)
