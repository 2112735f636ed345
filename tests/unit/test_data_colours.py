"""Colours that a file's profile gives another meaning come out as the same colours in sRGB, worked out here by hand."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageCms

from sfumato.data import Dataset
from sfumato.data.controls import CONTROLS
from sfumato.data.decode import read_picture
from sfumato.data.folder import open_folder
from sfumato.sampling import inverse

Floats = NDArray[np.float64]
# Red, green and blue as XYZ under D50, each a column.
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
P3 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])
ADOBE = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
PROPHOTO = np.array([[0.79767, 0.13519, 0.03134], [0.28804, 0.71188, 0.00009], [0.0, 0.0, 0.82491]])
SPACES = {  # with their gamma, 0 for sRGB's curve
    "Display P3": (P3, 0.0),
    "Adobe RGB (1998)": (ADOBE, 2.19922),
    "ProPhoto RGB": (PROPHOTO, 1.8),
    "red for green": (SRGB[:, [1, 2, 0]], 0.0),
}
LEVELS = np.linspace(0, 1, 4096)
INSIDE = np.random.default_rng(0).integers(90, 166, (8, 8, 3), dtype=np.uint8)  # colours that sRGB has as well


def linear(values: Floats, gamma: float) -> Floats:
    if gamma:
        return np.asarray(values**gamma)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def in_srgb(pixels: NDArray[np.uint8], matrix: Floats, gamma: float) -> Floats:
    light = (linear(pixels / 255, gamma) @ matrix.T @ np.linalg.inv(SRGB).T).clip(0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255


def profile(name: str, matrix: Floats | None, gamma: float = 0) -> bytes:
    """An ICC profile (version 2) of three primaries, or of grey."""

    def xyz(values: Floats) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(65536 * value) for value in values))

    text = name.encode() + b"\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78
    curve = b"curv\0\0\0\0" + struct.pack(">I4096H", 4096, *np.rint(65535 * linear(LEVELS, gamma)).astype(int))
    tags = {b"desc": described, b"cprt": b"text\0\0\0\0free\0", b"wtpt": xyz(np.array([0.9642, 1, 0.8249]))}
    if matrix is None:
        tags[b"kTRC"] = curve
    else:
        for letter, column in zip(b"rgb", matrix.T, strict=True):
            tags |= {bytes([letter]) + b"XYZ": xyz(column), bytes([letter]) + b"TRC": curve}
    table, body, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        table += tag + struct.pack(">2I", at + len(body), len(content))
        body += content + b"\0" * (-len(content) % 4)
    space = b"GRAY" if matrix is None else b"RGB "
    header = struct.pack(">I4sI4s4s4s", at + len(body), b"\0\0\0\0", 0x02100000, b"mntr", space, b"XYZ ")
    header += b"\0" * 12 + b"acsp" + b"\0" * 28 + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + body


def look(tmp_path: Path, image: Image.Image, suffix: str = "png", **options: object) -> Dataset:
    root = tmp_path / "pictures"
    root.mkdir()
    for name in "ab":
        image.save(root / f"{name}.{suffix}", **options)
    return open_folder(root, None, tmp_path / "cache")


def pixels(dataset: Dataset) -> NDArray[np.int64]:
    return dataset.samples[0].transpose(1, 2, 0).astype(int)


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
@pytest.mark.parametrize("name", SPACES)
def test_colours_of_other_spaces_are_the_same_colours_in_srgb(tmp_path: Path, name: str, suffix: str) -> None:
    options = {"lossless": True} if suffix == "webp" else {}
    dataset = look(tmp_path, Image.fromarray(INSIDE), suffix, icc_profile=profile(name, *SPACES[name]), **options)
    assert np.abs(pixels(dataset) - in_srgb(INSIDE, *SPACES[name])).max() <= 1.5
    assert np.abs(pixels(dataset) - INSIDE.astype(int)).max() > 5
    assert dataset.notes == (f"2 pictures in the colours of {name} converted to sRGB.",)


def test_a_picture_given_alone_is_converted_too(tmp_path: Path) -> None:
    Image.fromarray(INSIDE).save(tmp_path / "x.png", icc_profile=profile("Display P3", *SPACES["Display P3"]))
    picture, facts = read_picture(tmp_path / "x.png", 3, (8, 8))
    assert np.abs((picture.permute(1, 2, 0).numpy() + 1) * 127.5 - in_srgb(INSIDE, *SPACES["Display P3"])).max() <= 1.5
    assert facts == ("in the colours of Display P3 converted to sRGB",)


@pytest.mark.parametrize(
    "content", [profile("sRGB again", SRGB), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()]
)
def test_srgb_in_any_writing_changes_nothing_and_is_no_news(tmp_path: Path, content: bytes) -> None:
    dataset = look(tmp_path, Image.fromarray(INSIDE), icc_profile=content)
    assert (pixels(dataset) == INSIDE).all() and dataset.notes == ()


def test_transparency_and_palettes_keep_their_places(tmp_path: Path) -> None:
    content = profile("swapped", *SPACES["red for green"])
    alpha = np.arange(64, dtype=np.uint8).reshape(8, 8, 1) * 4
    dataset = look(tmp_path, Image.fromarray(np.concatenate([INSIDE, alpha], 2)), icc_profile=content)
    share = alpha / 255
    assert np.abs(pixels(dataset) - (share * in_srgb(INSIDE, *SPACES["red for green"]) + 255 * (1 - share))).max() <= 2
    (tmp_path / "palette").mkdir()
    image = Image.fromarray(INSIDE).quantize(16)
    dataset = look(tmp_path / "palette", image, icc_profile=content)
    colours = np.asarray(image.convert("RGB"))
    assert np.abs(pixels(dataset) - in_srgb(colours, *SPACES["red for green"])).max() <= 1.5


@pytest.mark.parametrize("deep", [False, True])
def test_grey_of_another_curve_stays_one_channel(tmp_path: Path, deep: bool) -> None:
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    image = Image.fromarray(values.astype(np.uint16) * 257) if deep else Image.fromarray(values)
    dataset = look(tmp_path, image, "tif" if deep else "png", icc_profile=profile("Gray Gamma 1.0", None, 1.0))
    light = values / 255
    expected = 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert dataset.shape[0] == 1 and np.abs(pixels(dataset)[..., 0] - expected).max() <= 1.5
    assert dataset.notes[-1] == "2 pictures in the colours of Gray Gamma 1.0 converted to sRGB."


def test_grey_means_the_same_wherever_it_is_made_of_colours(tmp_path: Path) -> None:
    Image.fromarray(INSIDE).save(tmp_path / "x.png")
    colours, _ = read_picture(tmp_path / "x.png", 3, (8, 8))
    given, _ = read_picture(tmp_path / "x.png", 1, (8, 8))
    expected = torch.einsum("c,chw->hw", torch.tensor([0.299, 0.587, 0.114]), colours)
    for one in (given, CONTROLS["grey"](colours[None], torch.zeros(1, 4))[0], inverse.grey(colours[None])[0]):
        torch.testing.assert_close(one[0], expected)
    theirs = torch.from_numpy(np.asarray(Image.fromarray(INSIDE).convert("L"), np.float32)) / 127.5 - 1
    torch.testing.assert_close(expected, theirs, rtol=0, atol=1.1 / 255)  # Pillow rounds to a byte


def test_a_damaged_profile_costs_no_picture_and_is_said(tmp_path: Path) -> None:
    dataset = look(tmp_path, Image.fromarray(INSIDE), icc_profile=profile("x", SRGB)[:200])
    assert (pixels(dataset) == INSIDE).all()
    assert dataset.notes == ("2 pictures with a damaged colour profile taken as sRGB.",)


def test_a_profiles_name_cannot_speak_to_the_terminal(tmp_path: Path) -> None:
    dataset = look(tmp_path, Image.fromarray(INSIDE), icc_profile=profile("\x1b[31mred\n", *SPACES["Display P3"]))
    assert all(note.isprintable() for note in dataset.notes)


@pytest.mark.parametrize("part", [b"IHDR", b"tEXt", b"IDAT", b"IEND"])
def test_a_png_with_a_wrong_checksum_is_left_out_by_name(tmp_path: Path, part: bytes) -> None:
    root = tmp_path / "pictures"
    root.mkdir()
    text = b"tEXt" + b"a\0b"
    for name in "abc":
        Image.fromarray(INSIDE).save(root / f"{name}.png")
        whole = (root / f"{name}.png").read_bytes()
        chunk = struct.pack(">I", 3) + text + struct.pack(">I", zlib.crc32(text))
        (root / f"{name}.png").write_bytes(whole[:33] + chunk + whole[33:])
    content = bytearray((root / "b.png").read_bytes())
    at = content.index(part)
    content[at + 4 + int.from_bytes(content[at - 4 : at]) + 1] ^= 1
    (root / "b.png").write_bytes(content)
    dataset = open_folder(root, None, tmp_path / "cache")
    assert len(dataset) == 2
    assert dataset.notes == ("1 picture left out (damaged: a part of it has the wrong checksum): b.png.",)


def tiff(values: NDArray[np.uint16], tags: dict[int, int]) -> bytes:
    """A grey TIFF of 16 bits in one strip, with further tags of one short."""
    height, width = values.shape
    content = values.astype("<u2").tobytes()
    all_tags = {256: width, 257: height, 258: 16, 259: 1, 262: 1, 277: 1, 278: height, 279: len(content)} | tags
    all_tags[273] = 8 + 2 + 12 * (len(all_tags) + 1) + 4
    rows = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in sorted(all_tags.items()))
    return b"II*\0" + struct.pack("<IH", 8, len(all_tags)) + rows + b"\0\0\0\0" + content


DEEP = np.array([[0, 1000, 2000], [3000, 4000, 4095]], np.uint16)


@pytest.mark.parametrize(
    ("values", "tags", "expected", "note"),
    [
        (DEEP * 16, {262: 0}, 255 - np.rint(DEEP / (65535 / 16) * 255), "of 16 bits scaled to 8"),
        (DEEP, {281: 4095}, np.rint(DEEP / 4095 * 255), "of 12 bits scaled to 8"),
        (DEEP, {281: 4095, 262: 0}, 255 - np.rint(DEEP / 4095 * 255), "of 12 bits scaled to 8"),
        (DEEP * 16, {281: 61234}, np.rint(DEEP / (65535 / 16) * 255), "of 16 bits scaled to 8"),
        (DEEP, {}, np.rint(DEEP / 257), "of 16 bits without a value above 4,095"),
    ],
    ids=["white is zero", "12 bits", "12 bits, white is zero", "brightest of this one", "perhaps 12 bits"],
)  # fmt: skip
def test_a_deep_tiff_is_read_as_its_tags_say(
    tmp_path: Path, values: NDArray[np.uint16], tags: dict[int, int], expected: Floats, note: str
) -> None:
    root = tmp_path / "pictures"
    root.mkdir()
    for name in "ab":
        (root / f"{name}.tif").write_bytes(tiff(values, tags))
    dataset = open_folder(root, None, tmp_path / "cache")
    assert pixels(dataset)[..., 0].tolist() == expected.astype(int).tolist()
    assert note in dataset.notes[-1]


def test_limits_are_raised_by_the_variable_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "pictures"
    root.mkdir()
    for name in "ab":
        Image.fromarray(INSIDE).save(root / f"{name}.png")
    text = b"iTXt" + b"workflow\0\1\0\0\0" + zlib.compress(b"x" * 3_000_000)
    whole = (root / "a.png").read_bytes()
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    (root / "c.png").write_bytes(whole[:33] + chunk + whole[33:])
    refused = open_folder(root, None, tmp_path / "cache")
    told = "holds a text over 1,048,576 bytes, which SFUMATO_MAX_TEXT_BYTES raises"
    assert refused.notes == (f"1 picture left out ({told}): c.png.",)
    monkeypatch.setenv("SFUMATO_MAX_TEXT_BYTES", "4e6")
    assert len(open_folder(root, (4, 4), tmp_path / "cache")) == 3


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"\xff\x0a" + b"\0" * 20, "a JPEG XL picture"), (b"MM\0*" + b"\0" * 20, "a TIFF of a kind that is not read")],
)
def test_kinds_of_pictures_that_are_not_read_are_named(tmp_path: Path, content: bytes, what: str) -> None:
    root = tmp_path / "pictures"
    root.mkdir()
    for name in "ab":
        Image.fromarray(INSIDE).save(root / f"{name}.png")
    (root / "c.png").write_bytes(content)
    (note,) = open_folder(root, None, tmp_path / "cache").notes
    assert what in note and "c.png" in note
