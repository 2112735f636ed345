"""A trained model with a control branch on top, which alone is trained: the model itself stays as it is.

branch/model.safetensors    the weights of the control branch
branch/config.json          the image that controls it, and the model that it was trained on
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import safetensors
import safetensors.torch
from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.files import replace_file
from sfumato.hub.checkpoints import check_finite
from sfumato.hub.config import renamed_fields
from sfumato.hub.model import Model, new_model
from sfumato.nets import ConditionConfig
from sfumato.nets.protocol import Controllable
from sfumato.nets.renames import renamed
from sfumato.strict import fit, parse

WEIGHTS, CONFIG = "model.safetensors", "config.json"
PREFIX = "control_branch."  # of the names of its weights in the network


@dataclass(frozen=True)
class About:
    """What config.json says of a control branch: the path of its `base` model, and the image that it takes."""

    base: str
    control: ConditionConfig


def add_control_branch(
    source: Model, control: ConditionConfig, shape: tuple[int, ...] | None = None, seed: int = 0
) -> Model:
    """`source` with a fresh control branch for the image `control`, and for pictures of `shape` if that is another.

    It answers as before, bit for bit. Raises SfumatoError where it has one already, knows a condition of that name, or
    generates points.
    """
    net, name = source.config.net, source.source or "the model"
    if not net.controllable:
        raise SfumatoError(f"{name} is no UNet, which alone can have a control branch; leave `control` out.")
    if net.control_branch is not None:
        raise SfumatoError(
            f"{name} has a control branch already, for '{net.control_branch.name}'; start from the model below it."
        )
    if control.kind != "image":
        raise SfumatoError(f"a control branch takes an image, and '{control.name}' is a {control.kind}.")
    config = replace(
        source.config, net=replace(cast(Any, net), control_branch=control), shape=shape or source.config.shape
    )
    model = new_model(config, seed)
    own = cast(Controllable, model.denoiser.net)
    own.load_state_dict({**own.state_dict(), **source.denoiser.net.state_dict()})
    own.reset_control_branch()
    model.source, model.weights_hash = source.source, source.weights_hash
    model.tokenizer, model.encoder, model.codec = source.tokenizer, source.encoder, source.codec
    return model


def freeze_below(net: nn.Module) -> None:
    """Let nothing but the control branch of `net` be trained."""
    for name, weight in net.named_parameters():
        weight.requires_grad_(name.startswith(PREFIX))


def write_control_branch(folder: Path, weights: Mapping[str, Tensor], control: ConditionConfig, base: str) -> None:
    """Write the control branch's part of a network's `weights`, made for the model at `base`."""
    tensors = {
        name.removeprefix(PREFIX): value.detach().cpu().contiguous()
        for name, value in weights.items()
        if name.startswith(PREFIX)
    }
    replace_file(folder / CONFIG, (json.dumps(asdict(About(base, control)), indent=2) + "\n").encode())
    replace_file(folder / WEIGHTS, safetensors.torch.save(tensors))


def with_control_branch(base: Model, folder: str | Path) -> Model:
    """`base` with the control branch in `folder`, which is `branch` in the run that trained it.

    Raises SfumatoError where there is none that fits.
    """
    folder = Path(folder)
    try:
        content, tensors = (
            parse((folder / CONFIG).read_bytes()),
            safetensors.torch.load((folder / WEIGHTS).read_bytes()),
        )
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise SfumatoError(f"{folder} holds no control branch, or a damaged one; give the one in a run.") from error
    about = fit(About, renamed_fields(content, "control branch"), str(folder / CONFIG))
    check_finite(tensors, str(folder))
    tensors = renamed({f"{PREFIX}{name}": value for name, value in tensors.items()})
    model = add_control_branch(base, about.control)
    own = cast(Controllable, model.denoiser.net)
    try:
        own.control_branch.load_state_dict({name.removeprefix(PREFIX): value for name, value in tensors.items()})
    except RuntimeError as error:
        raise SfumatoError(
            f"the control branch in {folder} was trained on another network than this, that of {about.base}."
        ) from error
    model.denoiser.to(base.device).eval().requires_grad_(False)
    return model
