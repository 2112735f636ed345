"""A trained model with a branch on top, which alone is trained: the model itself stays as it is.

branch/model.safetensors    the weights of the branch
branch/config.json          what it sees, and the model that it was trained on
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import safetensors
import safetensors.torch
from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.files import replace_file
from sfumato.hub.model import Model, new_model
from sfumato.hub.weights import check_finite
from sfumato.nets import ConditionConfig, UNet, UNetConfig
from sfumato.strict import fit, parse

WEIGHTS, CONFIG = "model.safetensors", "config.json"
PREFIX = "branch."  # of the names of its weights in the network


@dataclass(frozen=True)
class About:
    """What config.json says of a branch: what it `sees`, and the path of the model it was trained on."""

    base: str
    sees: ConditionConfig


def branched(source: Model, sees: ConditionConfig, shape: tuple[int, ...] | None = None, seed: int = 0) -> Model:
    """`source` with a fresh branch that `sees` an image, for pictures of `shape` if that is another; bit for bit the
    same answers. Raises SfumatoError where it has a branch already, knows a condition of that name, or draws points.
    """
    net, name = source.config.net, source.source or "the model"
    if not isinstance(net, UNetConfig):
        raise SfumatoError(f"{name} is no UNet, which alone can have a branch; leave --control out.")
    if net.branch is not None:
        raise SfumatoError(f"{name} has a branch already, for '{net.branch.name}'; start from the model below it.")
    if sees.kind != "image":
        raise SfumatoError(f"a branch sees an image, and '{sees.name}' is a {sees.kind}.")
    config = replace(source.config, net=replace(net, branch=sees), shape=shape or source.config.shape)
    model = new_model(config, seed)
    own = model.denoiser.net
    assert isinstance(own, UNet) and own.branch is not None
    own.load_state_dict({**own.state_dict(), **source.denoiser.net.state_dict()})
    own.branch.follow(own.down, own.middle)
    model.source, model.weights_hash = source.source, source.weights_hash
    model.tokenizer, model.encoder = source.tokenizer, source.encoder
    return model


def freeze_below(net: nn.Module) -> None:
    """Let nothing but the branch of `net` be trained."""
    for name, weight in net.named_parameters():
        weight.requires_grad_(name.startswith(PREFIX))


def write_branch(folder: Path, weights: Mapping[str, Tensor], sees: ConditionConfig, base: str) -> None:
    """Write what is the branch's of a network's `weights`, made for the model at `base`."""
    tensors = {
        name.removeprefix(PREFIX): value.detach().cpu().contiguous()
        for name, value in weights.items()
        if name.startswith(PREFIX)
    }
    replace_file(folder / CONFIG, (json.dumps(asdict(About(base, sees)), indent=2) + "\n").encode())
    replace_file(folder / WEIGHTS, safetensors.torch.save(tensors))


def with_branch(base: Model, folder: str | Path) -> Model:
    """`base` with the branch that lies in `folder`, which is `branch` in the run that trained it.

    Raises SfumatoError where there is none that fits.
    """
    folder = Path(folder)
    try:
        content, tensors = (
            parse((folder / CONFIG).read_bytes()),
            safetensors.torch.load((folder / WEIGHTS).read_bytes()),
        )
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise SfumatoError(f"{folder} holds no branch, or a damaged one; give the one in a run.") from error
    about = fit(About, content, str(folder / CONFIG))
    check_finite(tensors, str(folder))
    model = branched(base, about.sees)
    own = model.denoiser.net
    assert isinstance(own, UNet) and own.branch is not None
    try:
        own.branch.load_state_dict(tensors)
    except RuntimeError as error:
        raise SfumatoError(
            f"the branch in {folder} was trained on another network than this, that of {about.base}."
        ) from error
    model.denoiser.to(base.device).eval().requires_grad_(False)
    return model
