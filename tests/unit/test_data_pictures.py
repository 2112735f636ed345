"""Tensors as pictures and files: exact bytes, geometry, the text inside a PNG, frames, colours."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sfumato.data import half_blocks, picture, read_about, save_animation, save_png, scatter, tile, to_uint8
from sfumato.data.pictures import COLOURS, GAP
from sfumato.errors import SfumatoError

BYTES = np.arange(256, dtype=np.uint8)


def tensor(pixels: np.ndarray) -> torch.Tensor:
    """Bytes (count, channels, height, width) in [−1, 1], as a data set's batch has them."""
    return torch.from_numpy(pixels).float().div(127.5).sub(1)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_bytes_survive_the_way_there_and_back() -> None:
    x = tensor(BYTES.reshape(4, 1, 8, 8))
    back = to_uint8(x)
    assert (back.dtype, back.shape) == (np.uint8, (4, 8, 8, 1))
    assert (back.ravel() == BYTES).all()
    assert (to_uint8(x.double()) == back).all()


def test_channels_go_last() -> None:
    pixels = noise(2, 3, 4, 5)
    assert (to_uint8(tensor(pixels)) == pixels.transpose(0, 2, 3, 1)).all()


def test_values_beyond_the_range_are_clamped() -> None:
    x = torch.tensor([-1e30, -1.5, -1, 0, 1, 1.5, 1e30]).reshape(1, 1, 1, 7)
    assert to_uint8(x).ravel().tolist() == [0, 0, 0, 128, 255, 255, 255]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_no_numbers_are_refused(value: float) -> None:
    x = torch.zeros(2, 1, 4, 4)
    x[1, 0, 2, 3] = value
    with pytest.raises(ValueError, match="finite"):
        to_uint8(x)
    with pytest.raises(ValueError, match="finite"):
        tile(x)


@pytest.mark.parametrize("channels", [1, 3])
def test_tiles_lie_where_they_should(channels: int) -> None:
    pixels = noise(5, channels, 4, 6)
    sheet = tile(tensor(pixels), columns=3, scale=2)
    assert (sheet.mode, sheet.size) == ("RGB", (3 * 12 + 2, 2 * 8 + 1))
    shown = np.asarray(sheet)
    for index in range(5):
        top, left = index // 3 * 9, index % 3 * 13
        part = shown[top : top + 8, left : left + 12]
        large = pixels[index].transpose(1, 2, 0).repeat(2, axis=0).repeat(2, axis=1)
        assert (part == large).all()
    assert (shown[8] == GAP).all() and (shown[:, 12] == GAP).all()
    assert (shown[9:, 26:] == GAP).all()  # the sixth place is empty


@pytest.mark.parametrize(
    ("count", "columns", "shape"),
    [(1, None, (1, 1)), (4, None, (2, 2)), (5, None, (2, 3)), (10, None, (3, 4)), (3, 8, (1, 3)), (6, 1, (6, 1))],
)
def test_about_square_unless_told_otherwise(count: int, columns: int | None, shape: tuple[int, int]) -> None:
    sheet = tile(torch.zeros(count, 1, 2, 2), columns, scale=1, gap=0)
    assert (sheet.height // 2, sheet.width // 2) == shape


@pytest.mark.parametrize(("height", "width", "scale"), [(8, 8, 6), (28, 28, 2), (5, 47, 2), (48, 10, 1), (64, 64, 1)])
def test_small_pictures_are_enlarged_by_a_whole_number(height: int, width: int, scale: int) -> None:
    assert tile(torch.zeros(1, 1, height, width)).size == (width * scale, height * scale)


def test_only_grey_and_colour_can_be_shown() -> None:
    with pytest.raises(ValueError, match="1 or 3 channels, got 4"):
        tile(torch.zeros(1, 4, 8, 8))


def test_points_are_scattered_and_pictures_tiled() -> None:
    assert picture(torch.zeros(3, 2)).size == scatter(torch.zeros(3, 2)).size
    assert picture(torch.zeros(3, 1, 8, 8), columns=3, scale=1).size == (26, 8)


def test_a_point_lies_where_its_coordinates_say() -> None:
    sheet = np.asarray(scatter(torch.tensor([[1.0, 2.0]]), size=100, extent=4.0)).astype(int)
    rows, columns = np.nonzero((sheet != 255).any(axis=2))
    assert abs(rows.mean() - 24.5) <= 1  # y = 2 of 4 is a quarter from the top
    assert abs(columns.mean() - 62) <= 1


def hues(sheet: Image.Image) -> np.ndarray:
    """The most saturated colours' direction away from white."""
    away = 255 - np.asarray(sheet).reshape(-1, 3).astype(float)
    strong = away[np.linalg.norm(away, axis=1) > 0.9 * np.linalg.norm(away, axis=1).max()]
    return strong.mean(axis=0) / np.linalg.norm(strong.mean(axis=0))


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("label", range(len(COLOURS)))
def test_points_have_the_colour_of_their_label(dimension: int, label: int) -> None:
    expected = 255 - np.array(COLOURS[label], float)
    sheet = scatter(torch.zeros(1, dimension), [label], size=60)
    assert sheet.size == (60, 60)
    assert hues(sheet) @ expected / np.linalg.norm(expected) > 0.999


def test_labels_may_be_more_than_colours_and_of_any_kind() -> None:
    x, labels = torch.randn(40, 3, generator=torch.Generator().manual_seed(0)), [*range(20), *range(20)]
    sheet = np.asarray(scatter(x, labels, size=80))
    assert (np.asarray(scatter(x, np.array(labels), size=80)) == sheet).all()
    assert (np.asarray(scatter(x, torch.tensor(labels), size=80)) == sheet).all()
    assert (np.asarray(scatter(x, size=80)) != sheet).any()


def test_points_outside_are_simply_not_seen() -> None:
    assert (np.asarray(scatter(torch.tensor([[50.0, 0], [0, -1e9]]), size=60)) == 255).all()


def test_no_points_make_an_empty_sheet() -> None:
    assert (np.asarray(scatter(torch.zeros(0, 2), size=60)) == 255).all()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_points_that_are_no_numbers_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        scatter(torch.tensor([[0.0, value]]))


FACTS = {
    "seed": "7",
    "model": "läuft/über",
    "class": "日本 🦊",
    "command": 'sfumato sample "a b" --seeds 7\n',
    "empty": "",
}


def test_a_png_carries_how_it_was_made(tmp_path: Path) -> None:
    image = Image.fromarray(noise(5, 7, 3))
    path = tmp_path / "new" / "grid.png"
    save_png(image, path, FACTS)
    assert read_about(path) == FACTS
    with Image.open(path) as file:
        assert file.format == "PNG"
        assert (np.asarray(file) == np.asarray(image)).all()
        assert json.loads(file.text["sfumato"]) == FACTS
        assert any(
            "日本 🦊" in text for key, text in file.text.items() if key != "sfumato"
        )  # other programs see it too
    assert [p.name for p in path.parent.iterdir()] == ["grid.png"]


names = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@settings(deadline=None, derandomize=True)
@given(st.dictionaries(names, values, max_size=5))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, about: dict[str, str]) -> None:
    path = tmp_path_factory.getbasetemp() / "about.png"
    save_png(Image.new("L", (1, 1)), path, about)
    assert read_about(path) == about


def test_a_name_may_be_sfumato(tmp_path: Path) -> None:
    save_png(Image.new("L", (1, 1)), tmp_path / "x.png", {"sfumato": "0.1.0"})
    assert read_about(tmp_path / "x.png") == {"sfumato": "0.1.0"}


def foreign(path: Path, key: str = "Comment", text: str = "drawn elsewhere") -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text(key, text)
    Image.new("L", (4, 4)).save(path, "PNG", pnginfo=info)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "there is no file .*x.png"),
        (lambda path: path.mkdir(), "not a readable PNG"),
        (lambda path: path.write_text("text"), "not a readable PNG"),
        (lambda path: path.write_bytes(b""), "not a readable PNG"),
        (lambda path: Image.new("RGB", (4, 4)).save(path), "not generated by sfumato"),
        (lambda path: Image.new("RGB", (4, 4)).save(path, "JPEG"), "x.png"),
        (foreign, "not generated by sfumato"),
        (lambda path: foreign(path, "sfumato", '"text"'), "not generated by sfumato"),
        (lambda path: foreign(path, "sfumato", "not JSON"), "x.png carries a damaged record"),
        (lambda path: foreign(path, "sfumato", "[" * 100_000), "x.png carries a damaged record"),
    ],
    ids=["missing", "folder", "text", "empty", "bare", "jpeg", "foreign", "no record", "no json", "deep json"],
)
def test_a_file_without_a_record(tmp_path: Path, make: object, message: str) -> None:
    make(tmp_path / "x.png")
    with pytest.raises(SfumatoError, match=message):
        read_about(tmp_path / "x.png")


def test_half_a_png_has_no_record(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    save_png(Image.fromarray(noise(64, 64, 3)), path, FACTS)
    whole = path.read_bytes()
    for length in (10, 40, 200, len(whole) // 2, len(whole) - 200):
        path.write_bytes(whole[:length])
        with pytest.raises(SfumatoError, match="not a readable PNG"):
            read_about(path)


def test_an_enormous_png_is_refused_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("L", (64, 64)).save(tmp_path / "x.png")
    monkeypatch.setenv("SFUMATO_MAX_PIXELS", "3000")  # of 64 × 64
    with pytest.raises(SfumatoError, match=r"x\.png has over 3,000 pixels, which SFUMATO_MAX_PIXELS raises"):
        read_about(tmp_path / "x.png")


@pytest.mark.parametrize("suffix", ["webp", "gif", "png", "WEBP"])
def test_an_animation_loops_and_holds_its_last_frame(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGB", (12, 8), COLOURS[index]) for index in range(4)]
    path = tmp_path / f"way.{suffix}"
    save_animation(frames, path, 40, 900)
    with Image.open(path) as file:
        assert (file.format, file.n_frames, file.info["loop"]) == (suffix.upper(), 4, 0)
        for index, frame in enumerate(frames):
            file.seek(index)
            assert file.convert("RGB").tobytes() == frame.tobytes()
            assert file.info["duration"] == (900 if index == 3 else 40)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", ["webp", "png"])
def test_frames_lose_nothing(tmp_path: Path, suffix: str) -> None:
    frames = [Image.fromarray(pixels) for pixels in noise(3, 20, 30, 3)]
    save_animation(frames, tmp_path / f"way.{suffix}", 40, 900)
    with Image.open(tmp_path / f"way.{suffix}") as file:
        for index, frame in enumerate(frames):
            file.seek(index)
            assert file.convert("RGB").tobytes() == frame.tobytes()


@pytest.mark.parametrize("suffix", ["webp", "gif", "png"])
def test_one_frame_is_a_picture(tmp_path: Path, suffix: str) -> None:
    frame = Image.new("RGB", (12, 8), COLOURS[1])
    save_animation([frame], tmp_path / f"way.{suffix}", 40, 900)
    with Image.open(tmp_path / f"way.{suffix}") as file:
        assert file.convert("RGB").tobytes() == frame.tobytes()


def test_half_blocks_are_the_pixels_in_pairs() -> None:
    pixels = noise(6, 5, 3)
    rows = half_blocks(Image.fromarray(pixels), 5)
    assert [len(row) for row in rows] == [5, 5, 5]
    again = np.array(rows).transpose(0, 2, 1, 3).reshape(6, 5, 3)
    assert (again == pixels).all()
    assert all(type(value) is int for row in rows for pair in row for colour in pair for value in colour)


def test_an_odd_last_row_is_doubled() -> None:
    pixels = noise(3, 2, 3)
    rows = half_blocks(Image.fromarray(pixels), 80)
    assert len(rows) == 2
    assert [upper for upper, _ in rows[1]] == [lower for _, lower in rows[1]] == [tuple(p) for p in pixels[2].tolist()]


@pytest.mark.parametrize(
    ("size", "columns", "shape"),
    [((100, 50), 20, (5, 20)), ((100, 1), 10, (1, 10)), ((40, 40), 40, (20, 40)), ((81, 81), 80, (40, 80))],
)
def test_wide_pictures_shrink_to_the_columns(size: tuple[int, int], columns: int, shape: tuple[int, int]) -> None:
    rows = half_blocks(Image.new("L", size, 99), columns)
    assert (len(rows), {len(row) for row in rows}) == (shape[0], {shape[1]})
    assert all(pair == ((99, 99, 99), (99, 99, 99)) for row in rows for pair in row)
