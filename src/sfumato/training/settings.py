"""Settings of training by name, as JSON has them: of a config.json, of a recipe, of the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from sfumato.diffusion.schedules import as_schedule
from sfumato.errors import SfumatoError
from sfumato.strict import parse
from sfumato.training.config import GROUPS, NOISE, PATHS, SCHEDULE, TrainingConfig, unknown_setting

FIELDS = (*(one.name for one in fields(TrainingConfig)), "model")
# As fields were called before they were in groups.
RENAMED = {
    "law": "objective.noise.name",
    "law_mean": "objective.noise.mean",
    "law_std": "objective.noise.std",
    "law_tail": "objective.noise.tail",
    "coarse": "data.low_resolution",
    "keep": "keeping.checkpoints",
}


def grouped(settings: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` as a TrainingConfig has them in JSON, groups within; later ones win.

    A name is a path ("objective.weight"), the field's own ("weight") or one of before; a word for a schedule or a
    distribution of levels is one with its usual parameters. Names that nobody knows stay, for `fit` to find.
    """
    found: dict[str, Any] = {"objective": {"schedule": asdict(SCHEDULE), "noise": asdict(NOISE)}}
    if isinstance(settings.get("data"), str) and "split" not in settings:
        found["data"] = {"split": "over all"}  # as a run of before did; what it trained on is not held out now
    for name, value in settings.items():
        if not (name in GROUPS and isinstance(value, Mapping)):
            name = full_name(name)
        if name == "objective.noise" and isinstance(value, str):
            value = {"name": value}
        place(found, name, value)
    return found


def full_name(name: str) -> str:
    """The path of a setting that is given by its own name, or by one of before."""
    return RENAMED.get(name) or PATHS.get(name, name)


def place(content: dict[str, Any], path: str, value: Any) -> None:
    """Put `value` where `path` leads in nested `content`; mappings are merged with what is there.

    The name of a schedule becomes its table, whose parameters can be given after it.
    """
    name, _, rest = path.partition(".")
    if name == "schedule" and isinstance(value, str):
        value = asdict(as_schedule(value))
    if rest:
        inner = content.setdefault(name, {})
        if not isinstance(inner, dict):
            raise SfumatoError(f"{name} is {inner!r}, which holds no {rest}; give one of them.")
        place(inner, rest, value)
    elif isinstance(value, Mapping) and isinstance(content.get(name), dict) and "kind" not in value:
        for key, one in value.items():
            place(content[name], key, one)
    else:
        content[name] = value


def parse_settings(texts: Iterable[str]) -> dict[str, Any]:
    """`["objective.weight=min-snr", …]` by name: a value is JSON, or else a word.

    Raises SfumatoError for what has no "=", and for a name that is given twice.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        path = full_name(name.strip())
        if not equals or not path:
            raise SfumatoError(f"a setting is a name and a value such as objective.weight=min-snr, not '{text}'.")
        first, _, rest = path.partition(".")
        if first not in FIELDS:
            raise unknown_setting(name)
        if not rest and first in (*GROUPS, "model"):
            raise SfumatoError(f"{first} is a group of settings; name one of them, as in objective.weight=min-snr.")
        if path in found:
            raise SfumatoError(f"the setting {path} is given twice; leave one out.")
        try:
            found[path] = parse(value)
        except ValueError:
            found[path] = value.strip()
    return found
