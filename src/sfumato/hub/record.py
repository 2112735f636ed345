"""What a picture says of itself: in words, as the command to generate it again, and as the request: exact."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from importlib.metadata import version
from pathlib import Path

from torch import Tensor

from sfumato.data import read_about
from sfumato.diffusion import Schedule
from sfumato.diffusion.schedules import schedule_words
from sfumato.errors import SfumatoError
from sfumato.hub.conditioning import STRENGTH
from sfumato.hub.config import SamplingConfig
from sfumato.hub.model import Model
from sfumato.hub.request import (
    Comparison,
    Control,
    File,
    Keyframes,
    PictureEdit,
    Request,
    Value,
    read_comparison,
    read_request,
    seed_words,
)
from sfumato.hub.settings import WALKED, settle
from sfumato.sampling.tuned import Tuned
from sfumato.shell import command_line, float_words

SHOWN = ("sampler", "steps", "grid", "schedule", "guidance")  # whatever they are; the others where they count
PLAIN = SamplingConfig()
ALL = "all"  # an interval that is none, whatever the model's own settings say
BEFORE_REQUESTS = (
    "an earlier sfumato generated it, and its seeds are other noise now, so that they generate another picture"
)
THRESHOLDS = {"none": ("threshold", False), "static": ("clip", True), "dynamic": ("threshold", True)}  # as flags
PREVIEW = "it is a preview of a training, of weights that have been trained on since; generate with the run instead"


@dataclass(frozen=True)
class By:
    """Who generates: a model, which of its weights, and what enlarges its pictures."""

    model: Model
    weights: str = "ema"
    larger: tuple[Model, ...] = ()


def facts(by: By, request: Request) -> dict[str, str]:
    """What the picture of a request carries."""
    return {**_about(by, request), "command": command(by, request), "request": request.json()}


def comparison_facts(by: By, asked: Comparison) -> dict[str, str]:
    """What the picture of a comparison carries."""
    settings = {name: ",".join(str(getattr(row, name)) for row in asked.rows) for name in ("sampler", "grid")}
    steps = {"steps": ",".join(map(str, asked.steps))}
    about = {**_about(by, asked.request), **settings, **steps}
    return {**about, "command": comparison_command(by, asked), "comparison": asked.json()}


def _about(by: By, request: Request) -> dict[str, str]:
    settings = request.sampling
    about = {
        **{name: _fact(value) for name, value in _what(request).items()},
        "sfumato": version("sfumato"),
        "model": by.model.source,
        "weights": by.weights,
        "weights_sha256": by.model.weights_hash,
    }
    if by.larger:
        about["upscale-with"] = shlex.join(model.source for model in by.larger)
        about["upscale-with sha256"] = ",".join(model.weights_hash for model in by.larger)
    own_levels = () if settings.tuned is None else ("grid", "schedule")
    for one in fields(settings):
        value = getattr(settings, one.name)
        if one.name in own_levels:
            continue
        if one.name in SHOWN or value != getattr(PLAIN, one.name):
            about[one.name] = _fact(_setting(value))
    one_picture = len(request.seeds) == 1
    if request.labels is not None:
        about["class" if one_picture else "classes"] = ",".join(map(str, request.labels))
    about["seed" if one_picture else "seeds"] = seed_words(request.seeds)
    return about


def _fact(value: object) -> str:
    value = value[-1] if isinstance(value, list) else value
    return "yes" if value is True else float_words(value) if isinstance(value, float) else str(value)


def command(by: By, request: Request) -> str:
    """The command line that generates a request again, quoted for a shell."""
    settings = request.sampling
    decided = WALKED if settings.tuned is not None else ()
    shown = [name for name in SHOWN if name not in decided and (name != "guidance" or request.conditioned)]
    said = {name: getattr(settings, name) for name in shown}
    default = settle(by.model.config.sampling, request.conditioned, **said)
    others = [one.name for one in fields(settings) if one.name not in (*SHOWN, *decided, "tuned")]
    return _line(by, request, said | {name: getattr(settings, name) for name in others}, default)


def comparison_command(by: By, asked: Comparison) -> str:
    """The command line that generates a comparison again."""
    settings = asked.request.sampling
    shown = [name for name in SHOWN[2:] if name != "guidance" or asked.request.conditioned]
    said = {name: getattr(settings, name) for name in shown}
    default = settle(by.model.config.sampling, asked.request.conditioned, **said)
    options = {"compare": ",".join(asked.names), "steps": ",".join(map(str, asked.steps)), **said}
    options |= {name: getattr(settings, name) for name in ("rule", "interval", "threshold", "first")}
    for name in ("eta", "tolerance"):
        (value, *others) = {getattr(row, name) for row in asked.rows}
        options[name] = None if others else value
    return _line(by, asked.request, options, replace(default, eta=None, tolerance=None))


def _line(by: By, request: Request, settings: Mapping[str, object], default: SamplingConfig) -> str:
    """The command with those of the `settings` that a model whose own are `default` needs said."""
    what = _what(request)
    places = [by.model.source]
    prompts = what.get("prompt")
    if isinstance(prompts, list) and not str(prompts[0]).startswith("-"):
        places.append(prompts.pop(0))
    if request.labels is not None and request.labels != by.model.config.classes[: len(request.seeds)]:
        what = {"class": list(request.labels), **what}
    options = {name: _setting(value) for name, value in settings.items() if name != "threshold"}
    if "interval" in options and settings["interval"] is None and default.interval is not None:
        options["interval"] = ALL
    usual = {name: _setting(getattr(default, name)) for name in settings if name not in SHOWN and name != "compare"}
    if (threshold := settings.get("threshold", default.threshold)) != default.threshold:
        flag, on = THRESHOLDS[str(threshold)]
        options, usual = {**options, flag: on}, {**usual, flag: not on}
    options |= {"weights": by.weights, "upscale-with": [model.source for model in by.larger]}
    options["seeds"] = seed_words(request.seeds)
    return command_line("sample", places, {**what, **options}, {**usual, "weights": "ema"})


def _what(request: Request) -> dict[str, object]:
    """What is to be generated, beside classes, by names of options."""
    found: dict[str, object] = {"prompt": list(request.prompts or ()), "negative": list(request.negative or ())}
    for kind, option in ((float, "number"), (tuple, "vector"), (Control, "control")):
        values = {name: v for name, v in request.conditions.items() if isinstance(v, kind) and name != STRENGTH}
        found[option] = [f"{name}={_value(value)}" for name, value in values.items()]
        if any(isinstance(value, Control) and value.ready for value in values.values()):
            found["control-ready"] = True
    if isinstance(strength := request.conditions.get(STRENGTH), float):
        found["control-strength"] = float_words(strength)
    if isinstance(request.edit, Keyframes):
        frames = [(number, one) for number, one in request.edit.frames.items() if isinstance(one, File)]
        found["keyframe"] = [f"{'last' if number == -1 else number}={one.path}" for number, one in frames]
    if isinstance(edit := request.edit, PictureEdit):
        found |= {"image": edit.image.path, "mask": None if edit.mask is None else edit.mask.path}
        found |= {"feather": edit.feather or None}
        found |= {"upscale": True} if edit.upscale else {"strength": float_words(edit.strength)}
    return {name: value for name, value in found.items() if value not in (None, [])}


def _value(value: Value) -> str:
    if isinstance(value, Control):
        return value.file.path
    if isinstance(value, Tensor):
        return "..."
    return ",".join(map(float_words, value)) if isinstance(value, tuple) else float_words(value)


def _setting(value: object) -> object:
    """A setting as it is written on the command line: an interval as 0.2-5."""
    if isinstance(value, Schedule):
        return schedule_words(value)
    if isinstance(value, Tuned):
        return value.words
    return "-".join(map(float_words, value)) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Recorded:
    """What a picture says of how to generate it again."""

    model: str
    weights: str
    weights_hash: str
    larger: tuple[str, ...]
    asked: Request | Comparison


def read_record(path: Path) -> Recorded:
    """What the PNG at `path` carries. Raises SfumatoError where it can't be generated again by that."""
    about = read_about(path)
    if _is_preview(about):
        raise SfumatoError(f"{path} can't be generated again: {PREVIEW}.")
    if before_requests(about):
        raise SfumatoError(f"{path} can't be generated again: {BEFORE_REQUESTS}.")
    asked: Request | Comparison | None = None
    try:
        if "request" in about:
            asked = read_request(about["request"])
        elif "comparison" in about:
            asked = read_comparison(about["comparison"])
    except SfumatoError as error:
        by = f" (of sfumato {other}; this is {version('sfumato')})" if (other := about.get("sfumato")) else ""
        raise SfumatoError(f"{path}{by} can't be generated again: {error}") from error
    if asked is None or "model" not in about:
        raise SfumatoError(
            f"{path} can't be generated again: it doesn't say by what request and model it was generated."
        )
    larger = tuple(shlex.split(about.get("upscale-with", "")))
    return Recorded(about["model"], about.get("weights", "ema"), about.get("weights_sha256", ""), larger, asked)


def before_requests(about: dict[str, str]) -> bool:
    """Whether it was generated when a seed was other noise than now: pictures have carried their request since."""
    seeded = bool({"seed", "seeds"} & about.keys()) and not {"request", "comparison"} & about.keys()
    return seeded and not _is_preview(about)


def _is_preview(about: dict[str, str]) -> bool:
    """Whether a training generated it, which says of its step."""
    return "step" in about and "request" not in about


def same_picture(path: Path, about: dict[str, str]) -> bool:
    """Whether the PNG at `path` is a picture of just this, however an earlier sfumato wrote its request."""
    try:
        found = read_about(path)
        if found.keys() == about.keys():
            for name, read in (("request", read_request), ("comparison", read_comparison)):
                if found.get(name) != about.get(name):
                    found[name] = read(found[name]).json()
        return found == about
    except SfumatoError:
        return False


def split_requests(request: Request) -> list[Request]:
    """One request a picture."""
    return [request.at(i) for i in range(len(request.seeds))]


def compared(base: Request, names: Sequence[str], steps: Sequence[int], **given: object) -> Comparison:
    """The samplers called `names`, on the grid that each name holds or else on that of `base`."""
    rows = tuple(settle(base.sampling, base.conditioned, sampler=name, **given) for name in names)
    return Comparison(base, tuple(names), tuple(replace(row, steps=steps[0]) for row in rows), tuple(steps))
