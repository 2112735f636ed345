"""How training shows its pictures: mirrored, and cut out at another place each time, by the place in the stream."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sfumato.data import Augmentation, Dataset, draw_augmentation, open_dataset
from sfumato.data.dataset import Rows
from sfumato.errors import SfumatoError
from sfumato.evaluation.features import content_hash
from sfumato.training.gaussian import _fitted
from tiny import blobs

law = settings(deadline=None, derandomize=True)
places = st.integers(0, 2**40)


def coins(seed: int, position: int, number: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    mirrored = draw_augmentation(seed, position, number, flip=True, crop=0).mirrored
    assert mirrored is not None
    return mirrored


@law
@given(places, places, st.integers(0, 150), st.integers(0, 150), st.integers(1, 40))
def test_a_view_belongs_to_its_place(seed: int, position: int, first: int, second: int, crop: int) -> None:
    whole = draw_augmentation(seed, position, first + second, True, crop)
    parts = [
        draw_augmentation(seed, position, first, True, crop),
        draw_augmentation(seed, position + first, second, True, crop),
    ]
    for name in ("mirrored", "corners"):
        assert np.array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name))
        assert np.array_equal(getattr(whole.rows(slice(first, None)), name), getattr(parts[1], name))
    assert np.array_equal(coins(seed, position, first), parts[0].mirrored), "a coin falls the same whatever is cropped"


def test_coins_are_fair_and_know_nothing_of_each_other() -> None:
    many = 2**16
    thrown = [coins(seed, 0, many) for seed in (0, 1, 2, 2**31 - 1)]
    limit = 5 * many**0.5 / 2  # deviations
    for k, coin in enumerate(thrown):
        assert abs(coin.sum() - many / 2) < limit
        for distance in (1, 2, 128, 1797):  # a step, an epoch of digits
            assert abs((coin[distance:] == coin[:-distance]).sum() - (many - distance) / 2) < limit
        for other in thrown[:k]:
            assert abs((coin == other).sum() - many / 2) < limit


@pytest.mark.parametrize("crop", [1, 4, 6])
def test_every_corner_is_as_likely_as_any_other_for_both_sides_of_a_coin(crop: int) -> None:
    many = 2**16
    augmentation = draw_augmentation(7, 123, many, True, crop)
    assert augmentation.corners is not None and augmentation.mirrored is not None
    assert augmentation.corners.min() == 0 and augmentation.corners.max() == crop
    cells = np.ravel_multi_index((*augmentation.corners.T, augmentation.mirrored.astype(int)), (crop + 1, crop + 1, 2))
    expected = many / (2 * (crop + 1) ** 2)
    chi_squared = ((np.bincount(cells) - expected) ** 2).sum() / expected
    freedom = 2 * (crop + 1) ** 2 - 1
    assert abs(chi_squared - freedom) < 5 * (2 * freedom) ** 0.5


@law
@given(st.integers(0, 5), st.integers(0, 5), st.lists(st.integers(0, 59), min_size=1, max_size=9), st.data())
def test_what_is_shown_is_that_part_of_the_picture(
    crop: int, more: int, indices: list[int], data: st.DataObject
) -> None:
    tall = np.concatenate([blobs().samples, blobs().samples[:, :, :more]], axis=2)
    dataset = replace(blobs(), samples=tall, crop=crop)
    height, width = 8 + more - crop, 8 - crop
    assert dataset.shape == (1, height, width)
    corners = np.array([[data.draw(st.integers(0, crop)) for _ in range(2)] for _ in indices])
    mirrored = np.array([data.draw(st.booleans()) for _ in indices])
    x, labels = dataset.batch(np.array(indices), Augmentation(mirrored, corners))
    for shown, index, turned, (top, left) in zip(x, indices, mirrored, corners, strict=True):
        seen = tall[index, :, top : top + height, left : left + width]
        assert np.array_equal(((shown + 1) * 127.5).round(), seen[..., ::-1] if turned else seen)
    middle = tall[indices, :, crop // 2 : crop // 2 + height, crop // 2 : crop // 2 + width]
    assert np.array_equal(dataset.stored(np.array(indices)), middle), "the middle, where nothing else is asked for"
    assert labels is not None and labels.tolist() == [index % 3 for index in indices]


def test_rows_of_a_file_are_shown_as_those_in_memory(tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(blobs().samples.tobytes())
    memory = replace(blobs(), crop=3)
    file = replace(memory, samples=np.empty((0, 1, 8, 8), np.uint8), rows=Rows(tmp_path / "rows", (60, 1, 8, 8)))
    augmentation = draw_augmentation(0, 0, 60, True, 3)
    assert (len(file), file.shape) == (60, (1, 5, 5))
    assert torch.equal(file.batch(np.arange(60), augmentation)[0], memory.batch(np.arange(60), augmentation)[0])
    assert content_hash(file) == content_hash(memory) != content_hash(replace(memory, crop=2))


@pytest.mark.parametrize("crop", [0, 3])
def test_no_pictures_are_an_empty_batch(crop: int) -> None:
    x, labels = replace(blobs(), crop=crop).batch(np.empty(0, np.int64))
    assert x.shape == (0, 1, 8 - crop, 8 - crop) and labels is not None and len(labels) == 0


def test_few_of_large_pictures_tell_what_a_set_is_like() -> None:
    rows = replace(blobs(), samples=np.empty((0, 3, 1024, 1024), np.uint8), rows=None)
    large = replace(rows, samples=np.broadcast_to(np.uint8(0), (10_000, 3, 1024, 1024)))
    assert blobs().spread(10_000).tolist() == list(range(60)) and blobs().spread(3).tolist() == [0, 29, 59]
    assert len(large.spread(10_000)) == 64 and large.spread(10_000)[-1] == 9_999


def test_images_that_pictures_are_drawn_from_are_shown_alike() -> None:
    dataset = blobs()
    depth = 255 - dataset.samples
    both: Dataset = replace(dataset, images={"depth": depth}, crop=2)
    augmentation = draw_augmentation(3, 9, 60, True, 2)
    x, _ = both.batch(np.arange(60), augmentation)
    told = both.column("depth", np.arange(60), augmentation)
    assert told is not None and told.shape == (60, 1, 6, 6)
    torch.testing.assert_close(told, -x)


def test_pictures_are_read_larger_by_what_is_cropped(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(4):
        ramp = np.arange(24, dtype=np.uint8)[:, None, None] * np.full((24, 24, 3), (10, 0, 0), np.uint8)
        Image.fromarray(ramp).save(folder / f"{number}.png")
    dataset = open_dataset(str(folder), (20, 18), tmp_path / "cache", crop=4)
    assert dataset.shape == (3, 20, 18) and dataset.crop == 4
    x, _ = dataset.batch(np.arange(4), Augmentation(corners=np.array([[0, 0], [4, 0], [0, 4], [2, 2]])))
    assert ((x[:, 0, 0, 0] + 1) * 12.75).round().tolist() == [0, 4, 0, 2]
    assert torch.equal(x[3], dataset.batch(np.array([3]))[0][0])


@pytest.mark.parametrize(
    ("spec", "size", "crop", "complaint"),
    [
        ("points:moons", None, 4, "nothing can be cut out"),
        ("digits", None, 4, "give both"),
        ("digits", (8, 8), -1, "give both"),
    ],
)
def test_what_cannot_be_cropped_is_told(spec: str, size: tuple[int, int] | None, crop: int, complaint: str) -> None:
    with pytest.raises(SfumatoError, match=complaint):
        open_dataset(spec, size, crop=crop)


def test_the_gaussian_is_of_what_is_shown() -> None:
    step = np.where(np.arange(24) < 12, 0, 255).astype(np.uint8)
    dataset = Dataset("steps", np.broadcast_to(step, (500, 1, 16, 24)).copy(), crop=8)
    rising = _fitted(dataset).mean.reshape(8, 16).mean(0)
    shares = [min(max(column - 3, 0), 9) / 9 for column in range(16)]  # of the nine corners that show white there
    torch.testing.assert_close(rising, 2 * torch.tensor(shares) - 1, atol=0.1, rtol=0)
