"""What the options of `sfumato train` say, as the library takes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sfumato.data.columns import Columns
from sfumato.errors import SfumatoError
from sfumato.training.settings import parse_settings

SETTINGS = {  # what each option is called in config.json
    "size": "data.size", "held_out": "data.held_out", "flip": "data.flip", "crop": "data.crop", "stream": "data.stream",
    "frames": "data.frames", "fps": "data.fps", "cut_scenes": "data.cut_scenes",
    "columns": "data.columns", "images": "images", "minutes": "minutes", "batch": "batch", "seed": "seed",
    "lora": "lora", "optimizer": "optimizer.name", "learning_rate": "optimizer.learning_rate",
    "accumulate": "machine.accumulate", "shard": "machine.shard", "precision": "machine.precision",
    "compile": "machine.compile", "gradient_checkpointing": "machine.gradient_checkpointing",
    "instance_prompt": "data.instance_prompt", "class_prompt": "data.class_prompt", "keep": "keeping.checkpoints",
}  # fmt: skip
CHOICES: dict[str, dict[str, str | bool | None]] = {
    "precision": {"auto": None, "bf16": "bf16", "fp32": "fp32"},
    "compile": {"auto": None, "yes": True, "no": False},
}
WHY = {"precision": " (float16 overflows)"}


def settings_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the options of `train` say, --set among them, by their names in config.json.

    Raises SfumatoError for one that can't be, and where an option and --set contradict each other.
    """
    said = {**options, "size": parse_size(options["size"]), "flip": options["flip"] or None}
    said |= {name: _chosen(name, options[name]) for name in CHOICES}
    columns = Columns(listed(options["number"]), listed(options["vector"]))
    said["columns"] = columns or None
    given = {setting: said[name] for name, setting in SETTINGS.items() if said[name] is not None}
    more = parse_settings(options["settings"] or ())
    for name in more.keys() & given.keys():
        if more[name] != given[name]:
            raise SfumatoError(
                f"--set {name}={more[name]} contradicts the option that says {given[name]}; leave one out."
            )
    return given | more


def listed(names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))


def _chosen(option: str, value: str | None) -> str | bool | None:
    choices = CHOICES[option]
    if value is not None and value not in choices:
        *others, last = choices
        raise SfumatoError(f"--{option} is {', '.join(others)} or {last}, not '{value}'{WHY.get(option, '')}.")
    return choices[value] if value is not None else None


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
