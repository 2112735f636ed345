"""ControlNets of diffusers: a branch beside the UNet of Stable Diffusion or SDXL, by which a picture steers it.

FOLDER+CONTROLNET names a pipeline with the one in another folder; a pipeline may hold its own, in controlnet/.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from sfumato.errors import SfumatoError
from sfumato.hub.diffusers.folder import Weights, read_json
from sfumato.hub.model import Model
from sfumato.hub.weights import Uninitialised
from sfumato.nets import ConditionConfig, DiffusersConfig
from sfumato.nets.diffusers import CONTROL_NET, DiffusersNet, made_by_diffusers

CONDITION = "control"  # what the picture is called among the model's conditions
ALIKE = ("cross_attention_dim", "block_out_channels", "layers_per_block", "in_channels")  # as the network's below it


def is_control_net(folder: Path) -> bool:
    """Whether the folder holds a ControlNet; raises SfumatoError where its config can't be read."""
    return folder.is_dir() and (folder / "config.json").is_file() and _kind(folder) == CONTROL_NET


def _kind(folder: Path) -> Any:
    return read_json(folder / "config.json").get("_class_name")


def add_control_net(model: Model, folder: Path, weight: float = 1.0) -> None:
    """Put the ControlNet in `folder` beside the network of `model`, in place.

    Raises SfumatoError where it was made for another network, or there is one already.
    """
    about, net, name = read_json(folder / "config.json"), model.config.net, model.source or "the model"
    if not isinstance(net, DiffusersConfig) or net.architecture != "UNet2DConditionModel":
        raise SfumatoError(
            f"{folder} is a ControlNet for Stable Diffusion or SDXL, and {name} is neither; leave it out."
        )
    if net.control_branch is not None:
        raise SfumatoError(f"{name} has a ControlNet already, and one at a time is known here; leave {folder} out.")
    if weight != 1:
        raise SfumatoError(
            f"how much {folder} counts is said as one samples (`control-strength`); leave its weight out."
        )
    for setting in ALIKE:
        own, theirs = (_listed(one.get(setting)) for one in (net.arguments, about))
        if own != theirs:
            raise SfumatoError(
                f"{folder} is a ControlNet for another model than {name}: its {setting} is {theirs}, and {own} there; "
                "take one of the same base."
            )
    size = int(about.get("conditioning_channels", 3))
    control = ConditionConfig(CONDITION, "image", size, scale=net.scale)
    with Uninitialised():
        branch = made_by_diffusers(CONTROL_NET, about)
    weights = Weights.find(folder)
    weights.into(branch)
    own_net = cast(DiffusersNet, model.denoiser.net)
    config = replace(net, control_branch=control, control_arguments=about)
    branch.to(model.device, next(own_net.parameters()).dtype).eval().requires_grad_(False)
    own_net.config, own_net.control_branch = config, branch
    model.config = replace(model.config, net=config)
    model.weights_hash = hashlib.sha256(f"{model.weights_hash} {weights.sha256}".encode()).hexdigest()


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, list | tuple) else value
