"""What `sfumato sample` tells a model: a class, a prompt, numbers, vectors and images, as the user writes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from sfumato.cli.display import note
from sfumato.data.controls import CONTROLS, FACTOR, enlarged, plain_control
from sfumato.data.decode import read_picture
from sfumato.errors import SfumatoError, unknown
from sfumato.hub import Model
from sfumato.hub.model import STRENGTH
from sfumato.nets import ConditionConfig
from sfumato.sampling import Edit

STRONGEST = 4.0  # a branch may count, of 1 in training
FAR = 4.0  # standard deviations from the mean of the training data, beyond which little was learnt


@dataclass(frozen=True)
class Told:
    """What a model is told besides a class, conditions by name among it, and the `facts` of it that pictures carry."""

    prompt: str | None = None
    negative: str | None = None
    edit: Edit | None = None
    facts: dict[str, str] = field(default_factory=dict)
    named: dict[str, Tensor] = field(default_factory=dict)


NOTHING = Told()


def check_prompt(model: Model, prompt: str | None) -> None:
    """Say what the model won't see of `prompt`; raises SfumatoError where it reads none, or where there is nothing."""
    if prompt is None:
        return
    model.tokens([""])  # whether it reads any
    if not prompt.strip():
        raise SfumatoError("the prompt is empty; say what to draw, or leave it out to draw anything.")
    for sentence in model.unread(prompt):
        note(sentence)


def pick_labels(model: Model, names: str | None, count: int) -> list[int] | None:
    """A label for each of `count` pictures: the named classes in turn, or all of them."""
    if names is None and not model.config.classes:
        return None
    if names is not None and names in model.config.classes:  # a class name may itself hold a comma
        return [model.label(names)] * count
    chosen = [model.label(name.strip()) for name in names.split(",")] if names is not None else None
    chosen = chosen or list(range(len(model.config.classes)))
    return [chosen[i % len(chosen)] for i in range(count)]


def read_named(
    model: Model,
    number: str | None,
    vector: str | None,
    control: str | None,
    ready: bool,
    strength: float | None = None,
) -> dict[str, Tensor]:
    """What --number, --vector and --control tell, by name; raises SfumatoError where the model can't be told so."""
    if ready and control is None:
        raise SfumatoError("--control-ready says what --control is; name a picture with --control.")
    told: dict[str, Tensor] = {}
    if strength is not None:
        if control is None or model.config.branch is None:
            raise SfumatoError(
                "--control-strength is that of a branch, trained with --from and --control, and goes with --control; "
                "elsewhere use --guidance."
            )
        if not 0 <= strength <= STRONGEST:
            raise SfumatoError(
                f"--control-strength lies between 0 and {STRONGEST:g}, got {strength:g}; 1 is as trained."
            )
        told[STRENGTH] = torch.tensor(strength)
    for one, text in _named(model, "number", number, ","):
        told[one.name] = torch.tensor(_finite(text, f"--number {one.name}"))
        if abs(float(told[one.name]) - one.mean[0]) > FAR * one.std[0]:
            note(f"{one.name} was {one.mean[0]:g} ± {one.std[0]:g} in training, and little was learnt of {text}.")
    for one, text in _named(model, "vector", vector, ";"):
        told[one.name] = _vector(one, text)
    for one, text in _named(model, "image", control, ","):
        told[one.name] = _image(model, one, Path(text), ready)
    return told


OPTIONS = {"number": "--number", "vector": "--vector", "image": "--control"}
EXAMPLES = {"number": "--number {}=30", "vector": "--vector {}=1,0,2", "image": "--control {}=picture.png"}


def _named(model: Model, kind: str, given: str | None, between: str) -> list[tuple[ConditionConfig, str]]:
    """'age=30,weight=60' → each condition of this `kind` and what is said of it; a lone one needs no name."""
    if given is None:
        return []
    known = {one.name: one for one in model.config.conditions if one.kind == kind}
    if not known:
        others = [EXAMPLES[one.kind].format(one.name) for one in model.config.conditions]
        hint = f"; it takes {', '.join(others)}" if others else ""
        what = "images to draw from" if kind == "image" else f"{kind}s"
        raise SfumatoError(f"{model.source} was trained without {what}; leave {OPTIONS[kind]} out{hint}.")
    if len(known) == 1 and ((kind == "image" and _exists(Path(given))) or "=" not in given):
        return [(next(iter(known.values())), given.strip())]
    found: dict[str, str] = {}
    for part in given.split(between):
        name, sign, text = (piece.strip() for piece in part.partition("="))
        if not sign or not text:
            example = EXAMPLES[kind].format(next(iter(known)))
            raise SfumatoError(f"{OPTIONS[kind]} says which, as in {example}, not '{part.strip()}'.")
        if name not in known:
            raise unknown(kind, name, known)
        if name in found:
            raise SfumatoError(f"{OPTIONS[kind]} says {name} twice; say it once.")
        found[name] = text
    return [(known[name], text) for name, text in found.items()]


def _finite(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) < 3e38:
        raise SfumatoError(f"{where} takes a finite number such as 30 or 0.5, not '{text.strip()}'.")
    return value


def _vector(one: ConditionConfig, text: str) -> Tensor:
    """A vector written as 1,2,3, or in a .npy file."""
    where = f"--vector {one.name}"
    if text.endswith(".npy"):
        try:
            read = np.load(text, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            missing = (
                "there is no such file" if isinstance(error, FileNotFoundError) else "it is no .npy file of numbers"
            )
            raise SfumatoError(f"{where}: {text} can't be used, {missing}.") from error
        if read.dtype.kind not in "iuf" or not np.isfinite(read).all():
            raise SfumatoError(f"{where}: {text} can't be used, it holds something else than finite numbers.")
        values = torch.from_numpy(np.asarray(read, np.float32).reshape(-1))
    else:
        values = torch.tensor([_finite(part, where) for part in text.split(",")])
    if len(values) != one.size:
        raise SfumatoError(f"{where} takes {one.size} numbers, as in training, not {len(values)}.")
    return values


def _image(model: Model, one: ConditionConfig, path: Path, ready: bool) -> Tensor:
    """The image `(size, height, width)` of a condition: computed from the picture in `path`, or that as it is."""
    channels, height, width = model.config.shape
    if not _exists(path):
        raise SfumatoError(f"there is no file {path}.")
    if not one.computed or ready:
        own = one.size - bool(one.noise)
        picture, facts = read_picture(path, 1 if own == 1 else 3, (height, width))
        image = picture if not one.noise else torch.cat([picture, torch.zeros(1, height, width)])
    else:
        size = (-(-height // FACTOR), -(-width // FACTOR)) if one.name == "small" else (height, width)
        picture, facts = read_picture(path, channels, size)
        if one.name == "small":
            picture = enlarged(picture, height, width)
        image = plain_control(one, picture[None])[0] if one.name != "masked" else _with_hole(path, picture)
    for fact in facts:
        note(f"{path.name} was taken {fact}.")
    return image


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name longer than any file's
        return False


def _with_hole(path: Path, picture: Tensor) -> Tensor:
    """The picture, unknown where the file is transparent."""
    clear = clear_part(path, (picture.shape[-2], picture.shape[-1]))
    if not bool(clear.any()):
        raise SfumatoError(f"{path} has no hole to fill; make the part that is to be drawn transparent.")
    return torch.where(clear, math.nan, picture)


def clear_part(path: Path, size: tuple[int, int]) -> Tensor:
    """Where the picture in `path`, upright and fitted to `size` (height, width), is mostly transparent.

    bool `(1, height, width)`.
    """
    with Image.open(path) as file:
        if not file.has_transparency_data or file.mode.startswith("I"):
            return torch.zeros(1, *size, dtype=torch.bool)
        alpha = ImageOps.exif_transpose(file).convert("RGBA").getchannel("A")
    fitted = ImageOps.fit(alpha, (size[1], size[0]), Image.Resampling.BOX)
    return torch.from_numpy(np.asarray(fitted) < 128)[None]


def describe(conditions: Sequence[ConditionConfig]) -> str:
    """The conditions in words, as `sfumato info` tells them."""
    words = []
    for one in conditions:
        if one.kind == "number":
            words.append(f"{one.name}, a number of {one.mean[0]:g} ± {one.std[0]:g}")
        elif one.kind == "vector":
            words.append(f"{one.name}, {one.size} numbers")
        elif one.computed:
            doc = (CONTROLS[one.name].__doc__ or "").partition("\n")[0].rstrip(".") if one.name in CONTROLS else ""
            words.append(f"{one.name}, computed from a picture ({doc[:1].lower() + doc[1:]})")
        else:
            words.append(f"{one.name}, a picture")
    return "; ".join(words)
