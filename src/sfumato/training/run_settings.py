"""The settings that a run is started by, and those that it goes on with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from sfumato.arguments import shown
from sfumato.data import KINDS, Dataset
from sfumato.data.columns import Columns
from sfumato.data.controls import CONTROLS
from sfumato.data.opening import named, placed
from sfumato.errors import SfumatoError, unknown
from sfumato.hub import Model, SamplingConfig
from sfumato.hub.config import SCHEDULE, plain
from sfumato.sampling import CONSISTENCY
from sfumato.training.config import TrainingConfig, changed
from sfumato.training.networks import check_net
from sfumato.training.pipelines import settings_over
from sfumato.training.precision import can_compile, pick_device
from sfumato.training.processes import Processes
from sfumato.training.recipes import RECIPES, configure, kept_from
from sfumato.training.settings import full_name

MINUTES = 20.0  # of a run whose budget nobody gives
# What a run may go on with otherwise than it began: it changes nothing of what is learnt.
EXTENDED = (
    "images", "minutes", "data.source", "data.stream", "machine.accumulate", "machine.compile", "machine.shard",
    "keeping.checkpoints",
)  # fmt: skip
# How a model is sampled that has learnt the ends of walks, and one that starts from such a student to learn means.
STUDENT: dict[str, Any] = {
    "sampling.sampler": CONSISTENCY, "sampling.steps": 2, "sampling.grid": "trailing", "sampling.guidance": 1.0,
    "sampling.schedule": plain(SCHEDULE), "sampling.rule": "plain", "sampling.interval": None, "sampling.eta": None,
    "sampling.tolerance": None, "sampling.first": "network", "sampling.threshold": "none",
}  # fmt: skip
PLAIN = {"sampling.sampler": SamplingConfig().sampler, "sampling.steps": SamplingConfig().steps}


def check_start(
    base: Model | str | Path | None, net: str | nn.Module, text_encoder: str | None, settings: Mapping[str, Any]
) -> None:
    """Raises SfumatoError for what doesn't go together, before anything is read."""
    if not isinstance(net, str | nn.Module):
        raise SfumatoError(f"`net` is a size such as tiny, or a network of one's own, not {shown(net)}.")
    if isinstance(net, str):
        check_net(net)
    if base is None and settings.get("lora") is not None:
        raise SfumatoError("adapters, `lora`, are trained beside the weights of a model; say which by `base`.")
    if base is None:
        return
    if net != "auto":
        raise SfumatoError("the network is that of `base`; leave `net` out.")
    if text_encoder is not None:
        raise SfumatoError("the model of `base` goes on reading as it learnt to; leave `text_encoder` out.")


def check_compiler(processes: Processes) -> None:
    if not can_compile(processes.device or pick_device()):
        raise SfumatoError(
            "the network can't be compiled here: PyTorch needs a C++ compiler and Python's headers for it (on Debian: "
            "apt install g++ python3-dev); leave `compile` out."
        )


def configure_start(
    data: str | Path | Dataset,
    base: Model | None,
    controls: Sequence[str],
    recipe: str | None,
    settings: Mapping[str, Any],
) -> tuple[TrainingConfig, dict[str, Any], list[str]]:
    """The training, the settings of its model, and the names of what is not left open."""
    given = settings_over(None if base is None else base.config, {full_name(k): v for k, v in settings.items()})
    if not given.keys() & {"images", "minutes"}:
        given["minutes"] = MINUTES
    if isinstance(size := given.get("data.size"), int):
        given["data.size"] = (size, size)
    given["data.source"] = source = data.name if isinstance(data, Dataset) else named(data)
    if isinstance(data, Dataset) and KINDS[data.kind].spatial:
        given["data.size"] = data.shape[-2:]
    elif base is not None and KINDS[base.config.kind].spatial and not source.startswith("points:"):
        given.setdefault("data.size", base.config.seen[1][-2:])
    given["data.place"] = "" if isinstance(data, Dataset) else placed(source)
    columns = given.pop("data.columns", None) or {}
    columns = asdict(columns) if isinstance(columns, Columns) else dict(columns)
    named_images = [name for name in controls if name not in CONTROLS]
    if named_images and not isinstance(data, Dataset) and not Path(source).exists():
        raise unknown("control", named_images[0], CONTROLS)  # more likely misspelt than missing from the metadata
    columns["images"] = (*columns.get("images", ()), *named_images)
    if any(columns.values()):
        given["data.columns"] = columns
    config, own = configure(given, recipe)
    if base is not None:
        own = kept_from(base.config, own, recipe, settings)
    if config.objective.student:
        visited = {"sampling.schedule": plain(config.objective.schedule)} if config.objective.visited else {}
        own = STUDENT | visited | own
    elif base is not None and base.config.student:
        own = PLAIN | own
    if config.objective.frame_levels.anchors:
        own = {"sampling.anchors": config.objective.frame_levels.anchors} | own
    if config.objective.taught and base is None:
        name = "walked" if config.objective.walked else "guidance"
        raise SfumatoError(f"`{name}` is that of the model which a student starts from; say which by `base`.")
    fixed = {**given, **RECIPES.get(recipe or "", {})}
    return config, own, [name.rpartition(".")[2] for name in fixed]


def check_words(config: TrainingConfig, base: Model | None) -> None:
    """Raises SfumatoError where prompts are given that no pipeline is there to learn from."""
    for name in ("instance_prompt", "class_prompt"):
        if getattr(config.data, name) and (base is None or not base.config.pipeline):
            raise SfumatoError(
                f"`{name}` is learnt by adapters of a pipeline of diffusers, `base` with `lora`; leave it out."
            )


def extended(config: TrainingConfig, settings: Mapping[str, Any], processes: Processes) -> TrainingConfig:
    """`config` as a run goes on with it: another budget, and what changes nothing of what is learnt."""
    given = {full_name(name): value for name, value in settings.items()}
    for name in given.keys() - {*EXTENDED}:
        raise SfumatoError(
            f"a run goes on as it began, and takes no other `{name}`; it takes {', '.join(EXTENDED)}, or start another."
        )
    if given.keys() & {"images", "minutes"}:
        given = {"images": None, "minutes": None, **given}
    if given.get("machine.compile"):
        check_compiler(processes)
    if given.get("machine.shard"):
        given.setdefault("machine.compile", False)
    given.setdefault("machine.compile", config.machine.compile and can_compile(pick_device()))
    return changed(config, **{name.rpartition(".")[2]: value for name, value in given.items()})
