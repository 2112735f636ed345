"""What the options of `sfumato train` say, as the library takes it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sfumato.data.columns import Columns
from sfumato.data.controls import CONTROLS
from sfumato.errors import SfumatoError, unknown
from sfumato.hub import Model
from sfumato.training import ALONE, Precision, Processes, TrainingConfig, pick_device
from sfumato.training.precision import can_compile
from sfumato.training.recipes import RECIPES, configure, kept_from
from sfumato.training.settings import parse_settings


def settled(
    options: Mapping[str, Any], recipe: str | None, texts: Sequence[str], start: Model | None
) -> tuple[TrainingConfig, dict[str, Any], list[str]]:
    """The training that options, recipe and --set ask for, the settings of its model, and the names that were given.

    Raises SfumatoError where an option and --set contradict each other, or where they would make of the model that is
    to `start` from another one.
    """
    given = {name: value for name, value in options.items() if value is not None}
    more = parse_settings(texts)
    for name in more:
        if name in given and name != "data.source" and more[name] != given[name]:
            raise SfumatoError(
                f"--set {name}={more[name]} contradicts the option that says {given[name]}; leave one out."
            )
    if not given.keys() & {"images", "minutes"} and not more.keys() & {"images", "minutes"}:
        given["minutes"] = 20.0
    if given.get("keeping.checkpoints", 1) < 1:
        raise SfumatoError(f"--keep must be above 0, got {given['keeping.checkpoints']}.")
    config, model = configure(given | more, recipe, "--set" if more else "what is asked for")
    if start is not None:
        model = kept_from(start.config, model, recipe, more, ("--from", "--recipe", "--set {}"))
    named = {**given, **more, **(RECIPES[recipe] if recipe else {})}
    return config, model, [name.rpartition(".")[2] for name in named]


def listed(names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))


def check_columns(columns: Columns, data: str) -> None:
    """A control that can be neither computed nor read is more likely misspelt than missing from the metadata."""
    if columns.images and not Path(data).exists():
        raise unknown("control", columns.images[0], CONTROLS)


def run_name(data: str) -> str:
    data = data.removeprefix("hf:")
    path = Path(data).resolve()
    called = path.name if path.is_dir() else path.stem if path.exists() else data
    name = re.sub(r"[^\w.-]+", "-", called).strip("-.")
    if not name:
        raise SfumatoError("give the run a name with --name.")
    return name


def parse_size(size: str | None) -> tuple[int, int] | None:
    """'64' → (64, 64), '48x64' → (48, 64)."""
    if size is None:
        return None
    match = re.fullmatch(r"(\d+)(?:[x×,](\d+))?", size.strip().lower())
    if not match or 0 in (height := int(match[1]), width := int(match[2] or match[1])):
        raise SfumatoError(f"--size takes pixels such as 64, or 48x64 for height x width, not '{size}'.")
    return height, width


def check_precision(precision: str) -> Precision:
    """The precision that is asked for; with "auto", it will be measured."""
    offered: dict[str, Precision] = {"auto": "fp32", "bf16": "bf16", "fp32": "fp32"}
    if precision not in offered:
        raise SfumatoError(f"--precision is auto, bf16 or fp32, not '{precision}' (float16 overflows).")
    return offered[precision]


def check_compile(choice: str, processes: Processes = ALONE) -> bool:
    """Whether the network is to be compiled, as is asked for; with "auto", it will be weighed."""
    if choice not in ("auto", "yes", "no"):
        raise SfumatoError(f"--compile is auto, yes or no, not '{choice}'.")
    if choice == "yes" and not can_compile(processes.device or pick_device()):
        raise SfumatoError(
            "the network can't be compiled here: PyTorch needs a C++ compiler and Python's headers for it (on Debian: "
            "apt install g++ python3-dev); leave --compile out."
        )
    return choice == "yes"
