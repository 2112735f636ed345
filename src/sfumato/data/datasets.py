"""Data sets of what a program has already: arrays, a PyTorch data set, a function that makes samples.

`sfumato.datasets.from_arrays(x, labels=y)`; those that have a name or are in files are opened (see opening.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import IterableDataset

from sfumato.arguments import shown
from sfumato.data.dataset import Dataset
from sfumato.data.kinds import Kind, named_kind
from sfumato.errors import SfumatoError
from sfumato.seeds import numpy_generator

SAMPLE, LABEL, CAPTION = ("image", "pixel_values", "x", "img"), ("label", "labels", "y"), ("caption", "text")
MODES = ("1", "L", "RGB")  # of PIL pictures
DEFAULT_COUNT = 100_000  # samples that a function makes
Made = ArrayLike | tuple[ArrayLike, ArrayLike]


def from_arrays(
    samples: ArrayLike | Tensor | Sequence[Image.Image],
    labels: Sequence[int] | Sequence[str] | ArrayLike | None = None,
    captions: Sequence[str] | Sequence[Sequence[str]] | None = None,
    classes: Sequence[str] = (),
    name: str = "arrays",
    kind: str = "",
) -> Dataset:
    """Samples `(count, ...)` as a data set: pictures `(count, channels, height, width)`, points `(count, dimension)`.

    Pictures are uint8, bools (black and white), or floats that are rounded to it: in [−1, 1], or in [0, 1] where none
    is below 0; a list of PIL pictures, grey or RGB and all of one size, will do. `labels` are whole numbers from 0, or
    names; `classes` names the numbers. A sample has one caption or several. `kind` is a name in KINDS, by default that
    of the shape. Raises SfumatoError that says what doesn't fit, and where.
    """
    if twice := [one for place, one in enumerate(classes) if one in classes[:place]]:
        raise SfumatoError(f"{name} has two classes called '{twice[0]}'; give each a name of its own.")
    if isinstance(samples, list | tuple) and any(isinstance(one, Image.Image) for one in samples):
        samples = _stacked(name, [_sample(f"sample {number} of {name}", one) for number, one in enumerate(samples)])
    given = _array(f"the samples of {name}", samples)
    if given.ndim < 2 or not given.size:
        raise SfumatoError(f"the samples of {name} are {_words(given.shape)}; give one or more along the first axis.")
    if given.ndim == 3 and kind in ("", "pictures"):
        raise SfumatoError(f"the samples of {name} are {_words(given.shape)}, without channels; give `x[:, None]`.")
    stored, notes = _stored(name, given, named_kind(kind, given.shape[1:]))
    count, numbers = len(stored), None
    if labels is not None:
        numbers, classes = _numbered(name, labels, tuple(classes))
        if empty := sorted({*range(len(classes))} - {*numbers.tolist()}):
            notes += (f"{len(empty):,} of {len(classes):,} classes have no samples, such as '{classes[empty[0]]}'.",)
    elif classes:
        raise SfumatoError(f"{name} has classes and no labels; give both, or neither.")
    for what, found in (("labels", numbers), ("captions", captions)):
        if found is not None and len(found) != count:
            raise SfumatoError(f"{name} has {count} samples and {len(found)} {what}; give one for each.")
    texts: Any = None if captions is None else list(captions)  # strings become texts
    return Dataset(name, stored, numbers, tuple(classes), notes, texts, kind=kind)


def from_torch(dataset: Any, classes: Sequence[str] = (), name: str = "", kind: str = "") -> Dataset:
    """All items of a `torch.utils.data.Dataset`, read into memory: samples, (sample, label), or dictionaries.

    A sample is a tensor, an array or a PIL picture, all of one size, as in `from_arrays`; a label a number, or a name.
    Of dictionaries "image", "label" and "caption" are taken (or "pixel_values", "x", "labels", "text"). `classes` is by
    default what the data set has under that name. Raises SfumatoError that names the item that doesn't fit.
    """
    name = name or type(dataset).__name__
    if isinstance(dataset, IterableDataset) or not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
        raise SfumatoError(f"{name} has no length and items by number; give `list(...)` of it, where it has an end.")
    samples, labels, captions = [], [], []
    for number in range(len(dataset)):
        sample, label, caption = _item(f"item {number} of {name}", dataset[number])
        samples.append(sample)
        labels += [] if label is None else [label]
        captions += [] if caption is None else [caption]
    if not samples:
        raise SfumatoError(f"{name} has no items.")
    named = classes or (tuple(getattr(dataset, "classes", ())) if labels and not isinstance(labels[0], str) else ())
    return from_arrays(_stacked(name, samples), labels or None, captions or None, named, name, kind)


def from_callable(
    make: Callable[[np.random.Generator, int], Made],
    count: int = DEFAULT_COUNT,
    seed: int = 0,
    classes: Sequence[str] = (),
    name: str = "",
    kind: str = "",
) -> Dataset:
    """`count` samples of `make(generator, count)`, which returns them, or them and their labels (see `from_arrays`).

    They are a function of `make` and `seed`, so that a run on them can be resumed; another seed makes others.
    """
    name = name or getattr(make, "__name__", type(make).__name__)
    if not callable(make):
        raise SfumatoError(f"samples are made by a function of a generator and a count, and {name} is none.")
    made = make(numpy_generator("made samples", seed), count)
    samples, labels = made if isinstance(made, tuple) else (made, None)
    found = from_arrays(samples, labels, None, classes, name, kind)
    if len(found) != count:
        raise SfumatoError(f"{name} was asked for {count} samples and made {len(found)}.")
    return found


def _stacked(name: str, samples: Sequence[NDArray[Any]]) -> NDArray[Any]:
    for number, sample in enumerate(samples):
        if sample.shape != samples[0].shape or sample.dtype != samples[0].dtype:
            raise SfumatoError(
                f"item {number} of {name} is {_words(sample.shape)} of {sample.dtype}, and the first is "
                f"{_words(samples[0].shape)} of {samples[0].dtype}; bring all to one size and type."
            )
    return np.stack(samples)


def _sample(what: str, given: Any) -> NDArray[Any]:
    """One sample as an array, of a PIL picture with its channels first."""
    if not isinstance(given, Image.Image):
        return _array(what, given)
    if given.mode not in MODES:
        raise SfumatoError(f"{what} is a PIL picture of mode {given.mode}; bring it to RGB or L by its `convert`.")
    pixels = np.asarray(given)
    return pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)


def _array(what: str, given: Any) -> NDArray[Any]:
    try:
        array = given.detach().cpu().numpy() if isinstance(given, Tensor) else np.asarray(given)
    except (TypeError, ValueError) as error:
        raise SfumatoError(f"{what} are no array of numbers: {error}.") from error
    if array.dtype.kind in "OUS":
        odd = next((one for one in array.flat if not isinstance(one, int | float)), given)
        raise SfumatoError(
            f"{what} must be numbers, not such as {shown(odd)}; files of pictures are opened by `sfumato.open_dataset`."
        )
    if array.dtype.kind not in "buif":
        raise SfumatoError(f"{what} are {array.dtype}, and must be numbers.")
    return array


def _stored(name: str, given: NDArray[Any], kind: Kind) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Samples as their kind is stored, and what to say of it."""
    if given.dtype.kind == "f" and not np.isfinite(given).all():
        (first, *_) = np.argwhere(~np.isfinite(given).reshape(len(given), -1).all(1))[0]
        raise SfumatoError(f"sample {first} of {name} holds numbers that are not finite.")
    if kind.bin is None:
        return np.ascontiguousarray(given, kind.dtype), ()
    if "channel" in kind.axes and (channels := given.shape[1 + kind.axes.index("channel")]) not in (1, 3):
        cure = (
            "move the channels before height and width"
            if given.shape[-1] in (1, 3)
            else f"give (count, {', '.join(kind.axes)})"
        )
        raise SfumatoError(f"{kind.name} have 1 or 3 channels, and those of {name} have {channels}; {cure}.")
    if given.dtype.kind == "b":
        return given.astype(np.uint8) * np.uint8(255), ()
    low, high = given.min(), given.max()
    if given.dtype.kind == "f":
        if low < -1 or high > 1:
            raise SfumatoError(
                f"{kind.name} of floats are in [−1, 1], or in [0, 1], and those of {name} are from {low:g} to "
                f"{high:g}; scale them, or give uint8."
            )
        scale = (given + 1) * 127.5 if low < 0 else given * 255
        return np.rint(scale).astype(np.uint8), (f"floats from {low:g} to {high:g} were rounded to 256 values.",)
    if low < 0 or high > 255:
        raise SfumatoError(f"{kind.name} of whole numbers are from 0 to 255, and those of {name} from {low} to {high}.")
    dark = ("whole numbers up to 1 are nearly black; give bools or floats where 1 is white.",) if high == 1 else ()
    return np.ascontiguousarray(given, np.uint8), dark


def _numbered(name: str, labels: Any, classes: tuple[str, ...]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels as numbers of classes, and what those are called."""
    if len(labels) and isinstance(labels[0], str):
        if not all(isinstance(one, str) for one in labels):
            raise SfumatoError(f"some labels of {name} are names and others are not; give names, or numbers from 0.")
        classes = classes or tuple(sorted(set(labels)))
        if unknown := sorted(set(labels) - set(classes)):
            raise SfumatoError(f"{name} has the label '{unknown[0]}', which is none of its classes.")
        number = {one: place for place, one in enumerate(classes)}
        return np.array([number[label] for label in labels], np.int64), classes
    if odd := [one for one in labels if not isinstance(one, int | float | np.generic | np.ndarray | Tensor)]:
        raise SfumatoError(f"the labels of {name} are names or numbers from 0, one a sample, not {shown(odd[0])}.")
    given = _array(f"the labels of {name}", labels)
    proper = np.isfinite(given) & (given >= 0) & (np.rint(given) == given)
    if given.ndim != 1 or not proper.all():
        raise SfumatoError(f"the labels of {name} are to be whole numbers from 0, one a sample, or names.")
    given = given.astype(np.int64)
    most = int(given.max(initial=-1))
    classes = classes or tuple(map(str, range(most + 1)))
    if most >= len(classes):
        cure = "subtract 1 from all" if most == len(classes) and given.min() == 1 else "name them all"
        raise SfumatoError(
            f"{name} has the label {most} and {len(classes)} classes, which are numbered from 0; {cure}."
        )
    return given, classes


def _item(what: str, item: Any) -> tuple[NDArray[Any], Any, str | None]:
    """A sample of a PyTorch data set, its label and its caption, as far as it has them."""
    caption = None
    if isinstance(item, Mapping):
        sample, label, caption = (
            next((item[key] for key in keys if key in item), None) for keys in (SAMPLE, LABEL, CAPTION)
        )
        if sample is None:
            raise SfumatoError(f"{what} has no '{SAMPLE[0]}' (it has {', '.join(map(str, item)) or 'nothing'}).")
    elif isinstance(item, tuple | list):
        sample, label = (*item, None)[:2] if item else (None, None)
    else:
        sample, label = item, None
    return _sample(what, sample), label.item() if isinstance(label, Tensor | np.generic) else label, caption


def _words(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape)) or "one number"
