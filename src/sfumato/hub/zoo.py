"""The models that ship with the package: a config and bfloat16 weights a folder, at `sfumato/zoo/<name>`.

One that was fine-tuned from another that ships may keep only what it adds to that one's weights (see deltas.py), and
has that one's autoencoder where it has none of its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from sfumato.errors import SfumatoError, unknown
from sfumato.files import replace_file
from sfumato.hub.codec import FILE as CODEC
from sfumato.hub.codec import codec_bytes, model_codec, save_codec
from sfumato.hub.config import config_json, is_run, read_config
from sfumato.hub.deltas import SHIPPED, base_of, thin, whole
from sfumato.hub.model import Model
from sfumato.hub.prompts import TOKENIZER, frozen_encoder, read_tokenizer
from sfumato.hub.tuned import read_tuned
from sfumato.hub.weights import model_with
from sfumato.nets.renames import renamed

ZOO = SHIPPED
CARD, WEIGHTS = "README.md", "model.safetensors"
# What the data of some is called otherwise.
DATA = {
    "points": "points:plane", "avatars": "avatars:sprouts", "moving-avatars": "moving-avatars:sprouts:1000",
    "digits-student": "digits", "emoji-student": "emoji", "avatars-student": "avatars:sprouts",
}  # fmt: skip


def zoo_names() -> list[str]:
    """The models that ship."""
    return sorted(path.parent.name for path in ZOO.glob("*/config.json"))


def ships(path: str | Path) -> bool:
    """Whether `path` means a model that ships: no run of that name is here."""
    return str(path) in zoo_names() and not (Path(path) / "config.json").exists()


def is_model(folder: Path) -> bool:
    """Whether a model lies in the folder as one of the zoo does: its config, and weights beside it."""
    return (folder / "config.json").is_file() and (folder / WEIGHTS).is_file() and is_run(folder)


def zoo_data(name: str) -> str:
    """What `open_dataset` calls the data that the shipped model `name` was trained on."""
    return DATA.get(name, name)


def load_zoo(name: str, device: torch.device | str = "cpu", place: Path = ZOO) -> Model:
    """The shipped model called `name`; raises SfumatoError that lists them for any other."""
    if place == ZOO and name not in zoo_names():
        raise unknown("shipped model", name, zoo_names())
    config = read_config(place / name / "config.json")
    path = place / name / WEIGHTS
    tensors, weights_hash = _weights(path)
    model = model_with(config, tensors, f"the shipped model {name}")
    model.denoiser.to(device).eval().requires_grad_(False)
    model.tokenizer = read_tokenizer(model.config, place / name)
    model.encoder = frozen_encoder(model.config)
    model.codec = model_codec(codec_folder(place / name), model.config, device)
    model.tuned = read_tuned(place / name)
    model.source = name
    model.weights_hash = weights_hash
    return model


def codec_folder(folder: Path) -> Path:
    """Where the codec of the model in `folder` lies: there, or with the one that ships to whose weights it adds."""
    base = _base(folder / WEIGHTS)
    return ZOO / base if base and not (folder / CODEC).exists() else folder


def _weights(path: Path) -> tuple[dict[str, Tensor], str]:
    """The weights of a model, and the sha256 of the file that they are in."""
    content = path.read_bytes()
    tensors = renamed(safetensors.torch.load(content))
    if base := _base(path):
        try:
            tensors = whole(tensors, _weights(ZOO / base / WEIGHTS)[0])
        except (KeyError, RuntimeError) as error:
            raise SfumatoError(
                f"the weights in {path} don't fit those of {base}, to which they add; get the folder anew."
            ) from error
    return tensors, hashlib.sha256(content).hexdigest()


def _base(path: Path) -> str:
    """The model that ships to which the weights in the file add, if any."""
    base = base_of(path)
    if base and base not in zoo_names():
        raise unknown(f"shipped model, to which the weights in {path} add,", base, zoo_names())
    return base


def save_zoo(name: str, model: Model, place: Path = ZOO, half: bool = True, base: str = "", bits: int = 8) -> Path:
    """Write `model` into the zoo, in bfloat16 where `half`; returns its folder, for the card to be put beside.

    With a `base` that ships, only what the model adds to its weights is written, in so many `bits`, 8 or 4, and of a
    codec what is another than its.
    """
    tensors = {k: v.detach().cpu() for k, v in model.denoiser.net.state_dict().items()}
    own = model.codec
    if base:
        before = load_zoo(base)
        tensors = thin(tensors, before.denoiser.net.state_dict(), bits)
        if own is not None and before.codec is not None and codec_bytes(own) == codec_bytes(before.codec):
            own = None
    kept = {
        k: (v.bfloat16() if half and v.dtype == torch.float32 and v.ndim else v).contiguous()
        for k, v in tensors.items()
    }
    config = model.config
    if own is not None:
        config = replace(config, codec=save_codec(place / name, own, base))
    replace_file(place / name / "config.json", config_json(model=config))
    replace_file(place / name / WEIGHTS, safetensors.torch.save(kept, {"base": base} if base else None))
    if model.tokenizer is not None:
        replace_file(place / name / TOKENIZER, model.tokenizer.to_str().encode())
    return place / name
