"""Every kind of pixel that Pillow can hand over, down to the byte."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage import io

from sfumato.data import Dataset, to_uint8
from sfumato.data.folder import open_folder

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)
GREY = RNG.integers(0, 256, (5, 7), dtype=np.uint8)
TRANSPARENT = "2 pictures with transparency placed on white."

# what turns an upright picture into the one that is stored under each EXIF orientation
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # fmt: skip


def look(tmp_path: Path, image: Image.Image, suffix: str = "png", **options: object) -> Dataset:
    """The data set of two files of that picture."""
    root = tmp_path / "pictures"
    root.mkdir()
    for name in "ab":
        image.save(root / f"{name}.{suffix}", **options)
    return open_folder(root, None, tmp_path / "cache")


def pixels(dataset: Dataset) -> NDArray[np.uint8]:
    """The first picture as (height, width, channels)."""
    assert (dataset.samples[0] == dataset.samples[1]).all()
    return dataset.samples[0].transpose(1, 2, 0)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "ppm"])
def test_colour_comes_through_untouched(tmp_path: Path, suffix: str) -> None:
    dataset = look(tmp_path, Image.fromarray(COLOUR), suffix)
    assert (pixels(dataset) == COLOUR).all()
    assert dataset.notes == ()


def test_files_to_training_and_back_lose_nothing(tmp_path: Path) -> None:
    x, _ = look(tmp_path, Image.fromarray(COLOUR)).batch(np.array([0]))
    assert (to_uint8(x)[0] == COLOUR).all()


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "pgm"])
def test_grey_comes_through_untouched(tmp_path: Path, suffix: str) -> None:
    dataset = look(tmp_path, Image.fromarray(GREY), suffix)
    assert (pixels(dataset)[..., 0] == GREY).all()
    assert (dataset.shape[0], dataset.notes) == (1, ())


def test_one_bit_is_black_and_white(tmp_path: Path) -> None:
    dataset = look(tmp_path, Image.fromarray(GREY > 127))
    assert (pixels(dataset)[..., 0] == np.where(GREY > 127, 255, 0)).all()
    assert (dataset.shape[0], dataset.notes) == (1, ())


def test_palette_becomes_its_colours(tmp_path: Path) -> None:
    image = Image.fromarray(RNG.integers(0, 3, (5, 7), dtype=np.uint8), "L")
    image = image.convert("P")
    image.putpalette([255, 0, 0, 0, 200, 10, 1, 2, 3])
    dataset = look(tmp_path, image)
    assert (pixels(dataset) == np.asarray(image.convert("RGB"))).all()
    assert dataset.notes == ()


@pytest.mark.parametrize("suffix", ["png", "gif"])
def test_a_transparent_palette_entry_is_white(tmp_path: Path, suffix: str) -> None:
    indices = np.array([[0, 1], [2, 1]], np.uint8)
    image = Image.frombytes("P", (2, 2), indices.tobytes())
    image.putpalette([255, 0, 0, 0, 200, 10, 1, 2, 3])
    dataset = look(tmp_path, image, suffix, transparency=1)
    assert pixels(dataset).tolist() == [[[255, 0, 0], [255, 255, 255]], [[1, 2, 3], [255, 255, 255]]]
    assert dataset.notes == (TRANSPARENT,)


@pytest.mark.parametrize(
    ("image", "key", "expected"),
    [(Image.fromarray(np.array([[10, 20]], np.uint8)), 20, [[10], [255]]),
     (Image.fromarray(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)), (4, 5, 6), [[1, 2, 3], [255, 255, 255]])],
    ids=["grey", "colour"],
)  # fmt: skip
def test_a_transparent_colour_is_white(tmp_path: Path, image: Image.Image, key: object, expected: object) -> None:
    dataset = look(tmp_path, image, transparency=key)
    assert pixels(dataset)[0].tolist() == expected
    assert dataset.notes == (TRANSPARENT,)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_on_white_is_exact_for_every_value_and_alpha(tmp_path: Path, mode: str) -> None:
    alpha, value = np.mgrid[:256, :256].astype(np.uint8)
    bands = [Image.fromarray(band) for band in [value] * (len(mode) - 1) + [alpha]]
    dataset = look(tmp_path, Image.merge(mode, bands))
    a, v = alpha.astype(int), value.astype(int)
    expected = np.rint((v * a + 255 * (255 - a)) / 255)
    assert (pixels(dataset)[..., 0] == expected).all()
    assert (dataset.shape[0], dataset.notes) == (1, (TRANSPARENT,))


def test_an_alpha_channel_that_hides_nothing_is_no_news(tmp_path: Path) -> None:
    dataset = look(tmp_path, Image.fromarray(COLOUR).convert("RGBA"))
    assert (pixels(dataset) == COLOUR).all()
    assert dataset.notes == ()


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("writer", ["pillow", "skimage"])
def test_sixteen_bits_are_scaled_to_eight(tmp_path: Path, suffix: str, writer: str) -> None:
    deep = np.array([[0, 128, 129, 257, 258], [32767, 32768, 65278, 65534, 65535]], np.uint16)
    root = tmp_path / "pictures"
    root.mkdir()
    for name in "ab":
        path = root / f"{name}.{suffix}"
        Image.fromarray(deep).save(path) if writer == "pillow" else io.imsave(path, deep, check_contrast=False)
    dataset = open_folder(root, None, tmp_path / "cache")
    assert pixels(dataset)[..., 0].tolist() == [[0, 0, 1, 1, 1], [127, 128, 254, 255, 255]]
    assert (dataset.shape[0], dataset.notes) == (1, ("2 pictures of 16 bits scaled to 8.",))


def test_dark_sixteen_bits_stay_dark(tmp_path: Path) -> None:
    dataset = look(tmp_path, Image.fromarray(np.full((2, 2), 255, np.uint16)))
    assert pixels(dataset).max() == 1


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    dataset = look(tmp_path, Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "tif")
    assert (pixels(dataset) == [255, 0, 0]).all()
    assert dataset.notes == ("2 pictures converted from CMYK to RGB.",)


def test_a_cmyk_jpeg_becomes_rgb(tmp_path: Path) -> None:
    dataset = look(tmp_path, Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "jpg", quality=100)
    assert np.abs(pixels(dataset).astype(int) - [255, 0, 0]).max() <= 3


def test_floating_point_has_no_known_range_and_is_left_out(tmp_path: Path) -> None:
    root = tmp_path / "pictures"
    root.mkdir()
    Image.fromarray(np.ones((5, 7), np.float32)).save(root / "float.tif")
    for name in "ab":
        Image.fromarray(COLOUR).save(root / f"{name}.png")
    (note,) = open_folder(root, None, tmp_path / "cache").notes
    assert note.startswith("1 picture left out (") and "known range" in note and "float.tif" in note


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
@pytest.mark.parametrize("size", [None, (5, 7)], ids=["own-size", "given-size"])
def test_every_exif_orientation_comes_out_upright(
    tmp_path: Path, orientation: int, suffix: str, size: tuple[int, int] | None
) -> None:
    root = tmp_path / "pictures"
    root.mkdir()
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = Image.fromarray(COLOUR).transpose(STORED[orientation])
    options = {"lossless": True} if suffix == "webp" else {}
    turned.save(root / f"turned.{suffix}", exif=exif, **options)
    Image.fromarray(COLOUR).save(root / "upright.png")
    dataset = open_folder(root, size, tmp_path / "cache")
    assert (dataset.samples.transpose(0, 2, 3, 1) == COLOUR).all()
    assert [note for note in dataset.notes if "upright" not in note] == []


def test_a_turned_jpeg_comes_out_upright_and_is_counted(tmp_path: Path) -> None:
    upright = np.zeros((32, 16, 3), np.uint8)
    upright[:16] = (250, 0, 0)  # red above black
    exif = Image.Exif()
    exif[0x0112] = 6
    dataset = look(
        tmp_path, Image.fromarray(upright).transpose(STORED[6]), "jpg", exif=exif, quality=100, subsampling=0
    )
    assert np.abs(pixels(dataset).astype(int) - upright).max() <= 3
    (note,) = dataset.notes
    assert note.startswith("2 pictures turned upright")


def test_a_long_turned_jpeg_keeps_its_detail(tmp_path: Path) -> None:
    root = tmp_path / "pictures"
    root.mkdir()
    stripes = np.zeros((40, 400, 3), np.uint8)
    stripes[:, ::4] = stripes[:, 1::4] = 255  # fine across, where the upright picture is long
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in "ab":
        Image.fromarray(stripes).transpose(STORED[6]).save(root / f"{name}.jpg", exif=exif, quality=100)
    dataset = open_folder(root, (10, 400), tmp_path / "cache")
    assert np.abs(pixels(dataset).astype(int) - stripes[:10]).max() <= 8


def test_damaged_exif_costs_no_picture(tmp_path: Path) -> None:
    dataset = look(tmp_path, Image.fromarray(COLOUR), exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert (pixels(dataset) == COLOUR).all()


def test_a_large_jpeg_is_reduced_without_changing_its_look(tmp_path: Path) -> None:
    root = tmp_path / "pictures"
    root.mkdir()
    large = np.zeros((512, 512, 3), np.uint8)
    large[:256, :256] = (200, 100, 50)
    for name in "ab":
        Image.fromarray(large).save(root / f"{name}.jpg", quality=95)
    dataset = open_folder(root, (32, 32), tmp_path / "cache")
    near = pixels(dataset).astype(int)
    assert np.abs(near[:13, :13] - [200, 100, 50]).max() <= 4
    assert np.abs(near[19:, 19:]).max() <= 4
    assert dataset.notes == ()


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_an_animation_gives_its_first_frame(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGB", (6, 4), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if suffix == "webp" else {}
    dataset = look(tmp_path, frames[0], suffix, save_all=True, append_images=frames[1:], duration=40, **options)
    assert (pixels(dataset) == [255, 0, 0]).all()
    (note,) = dataset.notes
    assert note == "2 pictures with several frames: the first is used."
