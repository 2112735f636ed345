"""What training asks of any data set: batches, the order they come in, and opening one by name."""

import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.data import KINDS, Dataset, open_dataset, order, to_uint8
from sfumato.data.dataset import Rows
from sfumato.data.order import MAX_LISTED, _keys, _permuted
from sfumato.errors import SfumatoError

counts = st.integers(1, 60)
seeds = st.integers(0, 2**40)
law = settings(deadline=None, derandomize=True)


@law
@given(counts, seeds, st.integers(0, 5))
def test_every_epoch_shows_every_sample_once(count: int, seed: int, epoch: int) -> None:
    indices = order(count, seed, epoch * count, count)
    assert indices.dtype == np.int64
    assert sorted(indices) == list(range(count))


@law
@given(counts, seeds, st.integers(0, 300), st.integers(0, 150), st.integers(0, 150))
def test_two_calls_are_one(count: int, seed: int, position: int, first: int, second: int) -> None:
    parts = [order(count, seed, position, first), order(count, seed, position + first, second)]
    whole = order(count, seed, position, first + second)
    assert np.concatenate(parts).tolist() == whole.tolist()
    assert len(whole) == first + second


@law
@given(seeds, seeds)
def test_seeds_and_epochs_shuffle_differently(seed: int, other: int) -> None:
    epochs = [order(60, s, e * 60, 60).tolist() for s in {seed, other} for e in range(3)]
    assert len({tuple(epoch) for epoch in epochs}) == len(epochs)
    assert list(range(60)) not in epochs


@law
@given(st.integers(1, 3000), seeds, st.integers(0, 5), st.randoms())
def test_an_order_that_is_computed_shows_every_sample_once(count: int, seed: int, epoch: int, random: Random) -> None:
    indices = _permuted(np.arange(count), count, _keys(seed, epoch))
    assert sorted(indices) == list(range(count))
    place = random.randrange(count)
    assert _permuted(np.array([place]), count, _keys(seed, epoch)) == indices[place]


@pytest.mark.parametrize("count", [MAX_LISTED, MAX_LISTED + 1, 99_991, 512**2, 512**2 + 1], ids=str)
def test_large_orders_are_permutations_without_a_pattern(count: int) -> None:
    first, second = order(count, 1, 0, 2 * count).reshape(2, count)
    assert first.dtype == np.int64
    for epoch in (first, second):
        assert (np.sort(epoch) == np.arange(count)).all()
    assert (order(count, 1, count - 3, 6) == [*first[-3:], *second[:3]]).all()
    for a, b in [
        (first, np.arange(count)),
        (first[1:], first[:-1]),
        (first, second),
        (first, order(count, 2, 0, count)),
    ]:
        assert (a == b).sum() < 12  # 1 is expected
        assert abs(np.corrcoef(a, b)[0, 1]) < 5 / count**0.5
        cells = np.histogram2d(a, b, 64)[0]
        expected = len(a) / 64**2
        assert ((cells - expected) ** 2).sum() / expected == pytest.approx(63**2, rel=0.1)  # chi squared; 5 deviations


def test_large_batches_hold_neighbours_as_often_as_chance_has_it() -> None:
    batches = order(2**17, 0, 0, 2**17).reshape(-1, 128) // (2**17 // 10 + 1)  # a class a tenth of the set
    counts = np.stack([(batches == label).sum(1) for label in range(10)])
    assert counts.var(axis=1).mean() == pytest.approx(128 * 0.1 * 0.9, rel=0.1)


def test_the_order_belongs_to_whoever_asked() -> None:
    before = order(10, 0, 0, 10).tolist()
    order(10, 0, 0, 10)[:] = 0
    assert order(10, 0, 0, 10).tolist() == before


@pytest.mark.parametrize("wrong", [(0, 0, 0, 1), (5, -1, 0, 1), (5, 0, -1, 1), (5, 0, 0, -1)], ids=str)
def test_an_order_that_cannot_be_is_refused(wrong: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="no order"):
        order(*wrong)


def pictures(labels: bool) -> Dataset:
    """Sixteen pictures that hold every byte once each."""
    samples = np.arange(16 * 16, dtype=np.uint8).reshape(16, 1, 4, 4)
    return Dataset("bytes", samples, np.arange(16) % 3 if labels else None, ("a", "b", "c") if labels else ())


def test_pictures_come_in_minus_one_to_one() -> None:
    dataset = pictures(labels=False)
    x, labels = dataset.batch(np.arange(16))
    assert (x.dtype, tuple(x.shape), labels) == (torch.float32, (16, 1, 4, 4), None)
    assert (x.flatten()[0], x.flatten()[-1]) == (-1, 1)
    assert torch.allclose(x.flatten().double(), torch.arange(256).double() / 127.5 - 1, atol=1e-7)
    assert (to_uint8(x) == dataset.samples.transpose(0, 2, 3, 1)).all()


@pytest.mark.parametrize("indices", [np.array([5, 2, 2]), torch.tensor([5, 2, 2])], ids=["numpy", "torch"])
def test_a_batch_keeps_order_and_labels(indices: np.ndarray | torch.Tensor) -> None:
    x, labels = pictures(labels=True).batch(indices)
    assert to_uint8(x)[:, 0, 0, 0].tolist() == [80, 32, 32]
    assert labels is not None
    assert (labels.dtype, labels.tolist()) == (torch.int64, [2, 2, 2])


def test_points_come_as_they_are_and_stay_apart() -> None:
    samples = np.arange(8, dtype=np.float32).reshape(4, 2) / 7
    dataset = Dataset("points", samples, np.array([0, 1, 0, 1]), ("a", "b"))
    assert (KINDS[dataset.kind].spatial, dataset.shape, len(dataset)) == (False, (2,), 4)
    x, labels = dataset.batch(np.array([3, 0]))
    assert torch.equal(x, torch.from_numpy(samples[[3, 0]]))
    assert labels is not None
    x.zero_(), labels.zero_()
    assert samples[3, 1] == 1 and dataset.labels is not None and dataset.labels[3] == 1


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="this system reads what is mapped")
def test_rows_are_read_as_an_array_would_give_them(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(0, 256, (7, 3, 2, 5), np.uint8)
    (tmp_path / "x").write_bytes(samples.tobytes())
    rows = Rows(tmp_path / "x", samples.shape)
    for indices in ([], [0], [6, 0, 6, -1, -7], list(range(7))):
        assert np.array_equal(rows[np.array(indices, np.int64)], samples[np.array(indices, np.int64)])
    for wrong in (7, -8):
        with pytest.raises(IndexError):
            rows[np.array([0, wrong])]
    (tmp_path / "y").write_bytes(bytes(1000))
    (tmp_path / "y").replace(tmp_path / "x")  # someone else's: these rows stay
    assert np.array_equal(rows[np.array([3])], samples[[3]])
    short = Rows(tmp_path / "x", (40, 3, 2, 5))
    with pytest.raises(SfumatoError, match="can no longer be read: the file breaks off"):
        short[np.array([39])]


@pytest.mark.filterwarnings("error")
def test_mapped_pictures_may_be_changed_in_the_batch_but_not_on_disk(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(range(64)))
    samples = np.memmap(tmp_path / "x", np.uint8, "r", shape=(4, 1, 4, 4))
    x, _ = Dataset("mapped", samples).batch(np.array([1, 0]))
    x.zero_()
    assert (tmp_path / "x").read_bytes() == bytes(range(64))


def test_digits() -> None:
    from sklearn.datasets import load_digits

    dataset = open_dataset("digits")
    scans = load_digits()
    assert dataset.samples.dtype == np.uint8
    assert (len(dataset), dataset.shape, dataset.notes) == (1797, (1, 8, 8), ())
    assert dataset.classes == tuple("0123456789")
    assert (dataset.samples[:, 0] == np.rint(scans.images / 16 * 255)).all()
    assert set(np.unique(dataset.samples)) == {round(grey * 255 / 16) for grey in range(17)}
    assert dataset.labels is not None and dataset.labels.dtype == np.int64
    assert dataset.labels.tolist() == scans.target.tolist()
    assert min(Counter(dataset.labels.tolist()).values()) >= 174


def test_digits_can_be_enlarged() -> None:
    small, large = open_dataset("digits"), open_dataset("digits", size=(16, 24))
    assert large.shape == (1, 16, 24)
    assert large.samples.dtype == np.uint8
    assert large.labels is not None and small.labels is not None and (large.labels == small.labels).all()
    again = large.samples.reshape(-1, 8, 2, 8, 3).mean((2, 4))
    assert np.corrcoef(again.ravel(), small.samples.ravel())[0, 1] > 0.97  # each pixel became six much like it
    assert (open_dataset("digits", size=(8, 8)).samples == small.samples).all()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("digit", "unknown data set 'digit': did you mean 'digits'"),
        ("Digits", "did you mean 'digits'"),
        ("avatars", "did you mean 'avatars:critters'"),
        ("cats", "folder of pictures works too, but there is none called cats here"),
        (
            "zzz",
            "It is digits, emoji, shapes, moving-shapes, avatars:STYLE, moving-avatars:STYLE, points:NAME or hf:NAME",
        ),
        ("points:spiral", "unknown point set 'spiral': did you mean 'spirals'"),
        ("./nowhere", r"there is no folder \./nowhere"),
        ("/nowhere/at/all", "there is no folder /nowhere/at/all"),
        ("picture.png", r"picture\.png is a file; give the folder"),
        ("./picture.png", "is a file; give the folder"),
        ("pictures/cta", "there is no folder pictures/cta; did you mean pictures/cat"),
        ("", "has no name"),
    ],
)
def test_a_name_that_means_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "picture.png").write_bytes(b"")
    (tmp_path / "pictures" / "cat").mkdir(parents=True)
    with pytest.raises(SfumatoError, match=message):
        open_dataset(spec)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes to take away")
def test_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    root = tmp_path / "pictures"
    root.mkdir()
    root.chmod(0)
    user = os.geteuid()
    try:
        if user == 0:  # root may read anything, so become nobody for a moment
            os.seteuid(65534)
        with pytest.raises(SfumatoError, match=r"pictures.*permission denied"):
            open_dataset(str(root))
    finally:
        os.seteuid(user)
        root.chmod(0o700)


@pytest.mark.parametrize(
    "change",
    [
        lambda one: replace(one, samples=one.samples[::-1].copy()),
        lambda one: replace(one, samples=one.samples.reshape(len(one), 1, 2, 8)),
        lambda one: replace(one, labels=None if one.labels is None else 2 - one.labels),
        lambda one: replace(one, classes=("a", "b", "d")),
        lambda one: replace(one, captions=["x"] * len(one)),
        lambda one: replace(one, values={"age": np.ones((len(one), 1), np.float32)}),
    ],
)
def test_a_fingerprint_tells_sets_apart(change: Callable[[Dataset], Dataset]) -> None:
    one = pictures(labels=True)
    assert replace(one, name="elsewhere", notes=("read anew",)).fingerprint() == one.fingerprint()
    assert change(one).fingerprint() != one.fingerprint()


def test_classes_in_another_order_are_the_same_set() -> None:
    data = Dataset("x", np.zeros((4, 1, 2, 2), np.uint8), np.array([0, 1, 2, 1]), ("1", "2", "10"))
    other = data.in_class_order(("1", "10", "2"))
    assert other.labels is not None and data.labels is not None
    assert [other.classes[number] for number in other.labels] == [data.classes[number] for number in data.labels]


def test_one_string_a_sample_is_its_caption() -> None:
    data = Dataset("x", np.zeros((3, 1, 2, 2), np.uint8), captions=["a cat", "", "a dog"])  # type: ignore[list-item]
    assert data.captions == [("a cat",), (), ("a dog",)]


def test_what_a_set_holds_is_not_in_its_repr() -> None:
    many = np.zeros((5000, 1, 2, 2), np.uint8)
    dataset = Dataset("many", many, np.zeros(5000, np.int64), ("a",), captions=["a"] * 5000)
    assert repr(dataset).startswith("Dataset(name='many', classes=('a',)") and len(repr(dataset)) < 300
