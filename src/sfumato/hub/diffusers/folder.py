"""What is in a folder of diffusers: its pipeline, the settings and the weights of its parts. Only safetensors are read.

model_index.json                     the pipeline's class, and the library and class of each part
unet/config.json                     a part's settings; a scheduler's are in scheduler_config.json
unet/diffusion_pytorch_model.safetensors     its weights, in one file or in several that an index lists
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from sfumato.data.signatures import signature
from sfumato.errors import SfumatoError
from sfumato.hub.checkpoints import check_finite

INDEX = "model_index.json"
UNSAFE = ("*.bin", "*.ckpt", "*.pt", "*.pth", "*.pkl")  # files that may run code when they are read
STEMS = ("diffusion_pytorch_model", "model")  # of weights, of diffusers' and transformers' parts
VARIANTS = ("", ".fp16", ".bf16", ".non_ema")
WITHOUT_WEIGHTS = ("scheduler", "tokenizer", "feature_extractor", "image_processor")  # parts of pipelines
AGAIN = "get it anew, whole"


def is_pipeline(folder: Path) -> bool:
    """Whether the folder holds a pipeline of diffusers."""
    return (folder / INDEX).is_file()


def check_whole(folder: Path) -> None:
    """Raises SfumatoError where a part of the pipeline in `folder` lacks its weights, whatever code it comes with."""
    for name, value in read_json(folder / INDEX).items():
        part = isinstance(value, list) and len(value) == 2 and value[1] is not None and not name.startswith("_")
        if part and not name.startswith(WITHOUT_WEIGHTS):
            Weights.find(folder / name)


def check_no_file(path: Path) -> None:
    """Raises SfumatoError where `path` is one file of weights, which don't say what network they are of."""
    if not path.is_file() or path.suffix not in (".safetensors", ".ckpt", ".bin", ".pt", ".pth"):
        return
    if path.suffix != ".safetensors":
        raise SfumatoError(f"{path} is a pickle, which can run any code when it is read, and none is.")
    raise SfumatoError(
        f"{path} is one file, of weights without their settings; of Stable Diffusion 1.x, name a folder for these "
        f"(FOLDER+{path.name}), or have diffusers make a folder of it: "
        f'StableDiffusionPipeline.from_single_file("{path}").save_pretrained("{path.with_suffix("")}").'
    )


@dataclass(frozen=True)
class Folder:
    """A pipeline of class `pipeline`, and its `parts`: name → class, or None where one was left out."""

    path: Path
    pipeline: str
    parts: Mapping[str, str | None]
    settings: Mapping[str, Any]

    @staticmethod
    def open(path: Path) -> Folder:
        """The pipeline in `path`; raises SfumatoError where its index can't be read."""
        content = read_json(path / INDEX)
        parts = {name: value[1] for name, value in content.items() if isinstance(value, list) and len(value) == 2}
        settings = {name: value for name, value in content.items() if not isinstance(value, list)}
        pipeline = content.get("_class_name")
        if isinstance(pipeline, list):
            raise SfumatoError(
                f"{path} brings code of its own, and none of a folder is ever run; where sfumato exported it, load the "
                "run instead."
            )
        if not isinstance(pipeline, str):
            raise SfumatoError(f"{path / INDEX} names no pipeline, so it is none of diffusers; {AGAIN}.")
        return Folder(path, pipeline, parts, settings)

    def has(self, part: str) -> bool:
        """Whether there is such a part."""
        return self.parts.get(part) is not None

    def need(self, part: str) -> str:
        """The class of a part; raises SfumatoError where the folder was saved without."""
        if (found := self.parts.get(part)) is None:
            raise SfumatoError(
                f"{self.path} was saved without its {part} (model_index.json says null), and generates nothing without "
                f"one; put a folder {part} there and name it, or {AGAIN}."
            )
        return found

    def config(self, part: str) -> dict[str, Any]:
        """The settings of a part."""
        self.need(part)
        name = "scheduler_config.json" if part == "scheduler" else "config.json"
        return read_json(self.path / part / name)

    def weights(self, part: str) -> Weights:
        """Where the weights of a part are."""
        self.need(part)
        return Weights.find(self.path / part)


@dataclass(frozen=True)
class Weights:
    """The files that hold one network's weights."""

    files: tuple[Path, ...]

    @staticmethod
    def find(folder: Path) -> Weights:
        """Those in `folder`; raises SfumatoError where there are none in safetensors, or some are missing."""
        if not folder.is_dir():
            raise SfumatoError(f"there is no folder {folder}: the download was broken off; {AGAIN}.")
        for stem in STEMS:
            for variant in VARIANTS:
                if (one := folder / f"{stem}{variant}.safetensors").exists():
                    return Weights((one,))
                if (index := folder / f"{stem}.safetensors.index{variant}.json").exists():
                    return Weights(_listed(index))
        if unsafe := sorted(path.name for pattern in UNSAFE for path in folder.glob(pattern)):
            raise SfumatoError(
                f"{folder / unsafe[0]} is a pickle, which can run any code when it is read, and none is; get the "
                "weights as .safetensors, or have diffusers save them so (save_pretrained)."
            )
        raise SfumatoError(f"{folder} holds no weights (*.safetensors): the download was broken off; {AGAIN}.")

    def read(self) -> Iterator[tuple[str, Tensor]]:
        """Each tensor by its name, as it is in the files, which stay where they are; raises SfumatoError for damage."""
        for path in self.files:
            try:
                tensors = safetensors.torch.load_file(path)
            except (OSError, SafetensorError) as error:
                why = signature(path) or "damaged, or the download was broken off"
                raise SfumatoError(f"{path} is {why}; {AGAIN}.") from error
            yield from tensors.items()

    @property
    def sha256(self) -> str:
        """The hash of all of them."""
        digest = hashlib.sha256()
        for path in self.files:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    def into(self, net: nn.Module, renames: Mapping[str, str] | None = None) -> None:
        """Put the weights into `net`, in its dtype; raises SfumatoError where they are another network's, or no
        numbers."""
        fill(net, ((_renamed(name, renames or {}), value) for name, value in self.read()), self.files[0].parent)


def fill(net: nn.Module, tensors: Iterable[tuple[str, Tensor]], where: Path) -> None:
    """Put `tensors`, read from `where`, into `net`, in its dtype; raises SfumatoError where they don't fit it."""
    own = net.state_dict()
    missing = dict.fromkeys(own)
    for name, value in tensors:
        if name not in own:
            raise _misfit(where, name, "in the file and not in the network")
        if own[name].shape != value.shape:
            shapes = " there and ".join("×".join(map(str, one.shape)) or "one number" for one in (value, own[name]))
            raise _misfit(where, name, f"{shapes} in the network")
        check_finite({name: value}, str(where))
        own[name].copy_(value)
        missing.pop(name, None)
    if missing:
        raise _misfit(where, next(iter(missing)), "missing there")


def _misfit(where: Path, name: str, how: str) -> SfumatoError:
    return SfumatoError(
        f"the weights in {where} don't fit the network in its config.json: {name} is {how}; take both from one model."
    )


def _renamed(name: str, renames: Mapping[str, str]) -> str:
    for old, new in renames.items():
        name = name.replace(old, new)
    return name


def _listed(index: Path) -> tuple[Path, ...]:
    names = sorted(set(read_json(index).get("weight_map", {}).values()))
    for name in names:
        if not (index.parent / name).exists():
            raise SfumatoError(
                f"{index.parent / name}, one of {len(names)} files that {index.name} lists, is missing: the download "
                f"was broken off; {AGAIN}."
            )
    return tuple(index.parent / name for name in names)


def read_json(path: Path) -> dict[str, Any]:
    """What the JSON file holds, a table; raises SfumatoError where it can't be read."""
    try:
        content = json.loads(path.read_bytes())  # diffusers writes -Infinity, which is no JSON
    except FileNotFoundError as error:
        raise SfumatoError(f"there is no {path}: the download was broken off; {AGAIN}.") from error
    except (OSError, ValueError) as error:
        raise SfumatoError(f"{path} is no JSON that can be read ({error}); {AGAIN}.") from error
    if not isinstance(content, dict):
        raise SfumatoError(f"{path} holds no table of settings; {AGAIN}.")
    return content
