"""Data sets of arrays, of PyTorch's data sets and of functions; each is the same as one that was opened."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.utils.data import IterableDataset, TensorDataset

from sfumato import Run
from sfumato.data import Dataset, open_dataset
from sfumato.data.datasets import from_arrays, from_callable, from_torch
from sfumato.errors import SfumatoError
from tiny import blobs

law = settings(deadline=None, derandomize=True, max_examples=30)
BYTES = np.arange(256, dtype=np.uint8).reshape(4, 1, 8, 8)


@law
@given(st.sampled_from(["bytes", "signed", "unit", "tensor", "torch"]), st.integers(0, 2**32))
def test_pictures_of_any_scale_are_the_same_bytes(scale: str, seed: int) -> None:
    x = np.random.default_rng(seed).integers(0, 256, (5, 3, 4, 6), np.uint8)
    x.flat[:2] = 0, 255
    data = {
        "bytes": lambda: from_arrays(x),
        "signed": lambda: from_arrays(x / 127.5 - 1),
        "unit": lambda: from_arrays((x / 255).astype(np.float32)),
        "tensor": lambda: from_arrays(torch.from_numpy(x).float() / 127.5 - 1),
        "torch": lambda: from_torch(TensorDataset(torch.from_numpy(x))),
    }[scale]()
    assert data.kind == "pictures" and data.samples.dtype == np.uint8 and np.array_equal(data.samples, x)
    assert torch.equal(data.batch(np.arange(5))[0], torch.from_numpy(x).float().div(127.5).sub(1))
    assert data.notes == () or scale not in ("bytes", "torch")


def test_arrays_are_the_set_that_was_opened() -> None:
    digits = open_dataset("digits")
    assert digits.labels is not None
    again = from_arrays(digits.samples, digits.labels, name="digits")
    assert again.fingerprint() == digits.fingerprint() and again.classes == digits.classes
    points = open_dataset("points:moons:50")
    assert from_arrays(points.samples, points.labels, classes=points.classes).fingerprint() == points.fingerprint()
    assert from_arrays(points.samples.astype(np.float64)).kind == "points"


def test_labels_may_be_names() -> None:
    named = from_arrays(BYTES, ["cat", "dog", "ox", "cat"])
    assert named.classes == ("cat", "dog", "ox") and named.labels is not None
    assert named.labels.tolist() == [0, 1, 2, 0] and named.labels.dtype == np.int64
    ordered = from_arrays(BYTES, ["cat", "dog", "ox", "cat"], classes=("ox", "dog", "cat"))
    assert ordered.labels is not None and ordered.labels.tolist() == [2, 1, 0, 2]
    assert from_arrays(BYTES, torch.tensor([0, 1, 0, 3])).classes == ("0", "1", "2", "3")


def test_captions_are_one_or_several() -> None:
    data = from_arrays(BYTES, captions=["a", ("b", "c"), (), "d"])
    assert data.captions is not None and list(data.captions) == [("a",), ("b", "c"), (), ("d",)]


class Items:
    """A data set as PyTorch's are: a length, and items."""

    def __init__(self, items: list[Any], classes: list[str] | None = None) -> None:
        self.items = items
        if classes is not None:
            self.classes = classes

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, number: int) -> Any:
        return self.items[number]


def test_items_are_tensors_pairs_dictionaries_or_pictures() -> None:
    data, arrays = blobs(6), list(blobs(6).samples)
    pairs = from_torch(Items([(torch.from_numpy(a), i % 3) for i, a in enumerate(arrays)], ["cat", "dog", "cow"]))
    assert pairs.fingerprint() == data.fingerprint()
    one = {"image": arrays[0], "label": torch.tensor(1), "caption": "a dog"}
    named = from_torch(Items([one] * 2), classes=("cat", "dog"))
    assert named.labels is not None and named.labels.tolist() == [1, 1] and named.captions == [("a dog",)] * 2
    colour = np.random.default_rng(0).integers(0, 256, (8, 6, 3), np.uint8)
    pictures = from_torch(Items([Image.fromarray(colour), Image.fromarray(colour)]))
    assert np.array_equal(pictures.samples[0], colour.transpose(2, 0, 1))
    grey = from_torch(Items([Image.fromarray(colour[..., 0])]))
    assert np.array_equal(grey.samples[0, 0], colour[..., 0])


def test_what_a_function_makes_depends_on_its_seed_alone() -> None:
    def noisy(generator: np.random.Generator, count: int) -> tuple[Any, Any]:
        labels = generator.integers(0, 2, count)
        return labels[:, None] + generator.normal(0, 0.1, (count, 2)), labels

    one, again, other = (from_callable(noisy, 40, seed, classes=("left", "right")) for seed in (1, 1, 2))
    assert (one.name, one.kind, len(one), one.classes) == ("noisy", "points", 40, ("left", "right"))
    assert one.fingerprint() == again.fingerprint() != other.fingerprint()


def test_bools_are_black_and_white() -> None:
    bits = np.random.default_rng(0).integers(0, 2, (4, 1, 8, 8)).astype(bool)
    data = from_arrays(bits)
    assert np.array_equal(data.samples, np.where(bits, 255, 0)) and data.samples.dtype == np.uint8 and not data.notes
    assert from_arrays(bits[:, 0, 0]).samples.max() == 1  # points are numbers
    dark = from_arrays(bits.astype(np.int64))
    assert dark.samples.max() == 1 and dark.notes[0].startswith("whole numbers up to 1 are nearly black; give bools")


def test_a_list_of_pil_pictures_will_do() -> None:
    colour = np.random.default_rng(0).integers(0, 256, (3, 8, 6, 3), np.uint8)
    pictures = [Image.fromarray(one) for one in colour]
    assert np.array_equal(from_arrays(pictures).samples, colour.transpose(0, 3, 1, 2))
    assert from_arrays(pictures).fingerprint() == from_torch(Items(pictures)).fingerprint()
    assert np.array_equal(from_arrays([one.convert("L") for one in pictures]).samples.shape, (3, 1, 8, 6))
    assert from_arrays([Image.new("1", (8, 6), 1)]).samples.min() == 255


def test_labels_may_be_bools_and_whole_floats() -> None:
    numbers = from_arrays(BYTES, [0, 1, 1, 0])
    for labels in ([0.0, 1.0, 1.0, 0.0], np.array([False, True, True, False]), torch.tensor([0.0, 1.0, 1.0, 0.0])):
        assert from_arrays(BYTES, labels).fingerprint() == numbers.fingerprint()


def test_classes_without_samples_are_told() -> None:
    data = from_arrays(BYTES, [0, 1000, 0, 1000])
    assert data.notes == ("999 of 1,001 classes have no samples, such as '1'.",) and len(data.classes) == 1001
    assert from_arrays(BYTES, [0, 1, 0, 1]).notes == ()


class Endless(IterableDataset[int]):
    def __iter__(self) -> Iterator[int]:
        return itertools.count()


FLOATS = np.linspace(-1, 1, 256).reshape(4, 1, 8, 8)
WRONG: list[tuple[Any, str]] = [
    (lambda: from_arrays(np.zeros((4, 8, 8, 3), np.uint8)), "have 8; move the channels before height and width"),
    (lambda: from_arrays(FLOATS * 2), r"are in \[−1, 1\], or in \[0, 1\], and those of arrays are from -2 to 2"),
    (lambda: from_arrays(BYTES.astype(np.int64) - 1), r"are from 0 to 255, and those of arrays from -1 to 254"),
    (lambda: from_arrays(np.where(np.arange(4)[:, None, None, None] == 2, np.nan, FLOATS)), "sample 2 of arrays holds"),
    (lambda: from_arrays(np.zeros((0, 1, 8, 8))), "are 0 × 1 × 8 × 8; give one or more"),
    (lambda: from_arrays([["a"]]), r"must be numbers, not such as .*'a'.*; files of pictures are opened by"),
    (lambda: from_arrays([[Path("a.png")]]), "must be numbers, not such as PosixPath"),
    (lambda: from_arrays(np.zeros((4, 4, 4))), r"are 4 × 4 × 4, without channels; give `x\[:, None\]`"),
    (
        lambda: from_arrays(np.zeros((4, 1, 2, 3, 4, 5))),
        "1 × 2 × 3 × 4 × 5 is of no kind: there are points",
    ),
    (lambda: from_arrays(BYTES, [Path("a"), 1, 1, 1]), "names or numbers from 0, one a sample, not PosixPath"),
    (lambda: from_arrays(BYTES, [0, None, 1, 1]), "names or numbers from 0, one a sample, not None"),
    (lambda: from_arrays(BYTES, [0, 1]), "4 samples and 2 labels"),
    (lambda: from_arrays(BYTES, captions=["a"]), "4 samples and 1 captions"),
    (lambda: from_arrays(BYTES, [0.5, 1, 1, 1]), "whole numbers from 0, one a sample, or names"),
    (lambda: from_arrays(BYTES, [-1, 1, 1, 1]), "whole numbers from 0"),
    (lambda: from_arrays(BYTES, [0, 1, 2, 0], classes=("cat", "dog")), "has the label 2 and 2 classes"),
    (lambda: from_arrays(BYTES, [1, 2, 1, 2], classes=("cat", "dog")), "numbered from 0; subtract 1 from all"),
    (lambda: Dataset("mine", FLOATS), "pictures of float64, which are kept as uint8; sfumato.datasets.from_arrays"),
    (lambda: Dataset("mine", BYTES, np.array([1, 2, 1, 2]), ("cat", "dog")), "labels from 1 to 2 and 2 classes, which"),
    (lambda: Dataset("mine", BYTES, np.array([0, 1, 0, 1])), "0 classes, which are numbered from 0"),
    (lambda: from_arrays(BYTES, ["a", "b", "a", "b"], classes=("a",)), "'b', which is none of its classes"),
    (lambda: from_arrays(BYTES, classes=("a",)), "has classes and no labels"),
    (lambda: from_arrays(BYTES, kind="picture"), "unknown kind of samples 'picture'"),
    (lambda: from_arrays(BYTES, kind="points"), "points are number, and a sample of 1 × 8 × 8 is none of them"),
    (lambda: from_torch(Items([BYTES[0], BYTES[0, :, :4]])), r"item 1 of Items is 1 × 4 × 8 of uint8"),
    (lambda: from_torch(Items([])), "Items has no items"),
    (lambda: from_torch(Items([{"picture": 1}])), r"item 0 of Items has no 'image' \(it has picture\)"),
    (lambda: from_arrays(BYTES, [0, 1, 0, 1], classes=("a", "a")), "two classes called 'a'; give each a name"),
    (lambda: from_arrays(BYTES, ["a", 1, "a", 1]), "some labels of arrays are names and others are not"),
    (lambda: from_arrays([Image.new("RGBA", (8, 8))]), "sample 0 of arrays is a PIL picture of mode RGBA; bring it to"),
    (lambda: from_arrays([Image.new("L", (8, 8)), Image.new("L", (4, 8))]), "item 1 of arrays is 1 × 8 × 4 of uint8"),
    (lambda: from_arrays(np.zeros((4, 8, 8, 8), np.uint8)), r"have 8; give \(count, channel, height, width\)"),
    (lambda: from_torch(Endless()), r"Endless has no length and items by number; give `list\(...\)` of it"),
    (lambda: open_dataset(BYTES), r"not by .*; make one of arrays by `sfumato.datasets.from_arrays`"),  # type: ignore[arg-type]
    (lambda: Run.start("never", TensorDataset(torch.zeros(2, 1, 8, 8))), "of a PyTorch data set by `from_torch`"),  # type: ignore[arg-type]
    (lambda: Run.start("never", BYTES), "a data set is named by a text"),  # type: ignore[arg-type]
    (lambda: from_callable(3, 4), "made by a function"),  # type: ignore[arg-type]
    (lambda: from_callable(lambda generator, count: np.zeros((2, 2)), 4), "asked for 4 samples and made 2"),
]


@pytest.mark.parametrize("make, words", WRONG)
def test_what_doesn_t_fit_is_one_sentence(make: Any, words: str) -> None:
    with pytest.raises(SfumatoError, match=words) as error:
        make()
    assert str(error.value).endswith(".") and "\n" not in str(error.value)
