"""The options of `sfumato sample` as parts of a request, and the library's messages in the words of the options."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sfumato.cli.display import note
from sfumato.data.controls import CONTROLS
from sfumato.errors import SfumatoError, unknown
from sfumato.hub import Model
from sfumato.hub.conditioning import STRENGTH
from sfumato.hub.record import ALL
from sfumato.hub.request import (
    MAX_IMAGES,
    Control,
    File,
    Keyframes,
    PictureEdit,
    Value,
    parse_seeds,
    usual_strength,
)
from sfumato.nets import ConditionConfig
from sfumato.nets.conditions import GUIDANCE, guidance_range
from sfumato.strict import parse

NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
OPTIONS = {"number": "--number", "vector": "--vector", "image": "--control"}
EXAMPLES = {"number": "--number {}=30", "vector": "--vector {}=1,0,2", "image": "--control {}=picture.png"}


def pick_seeds(seeds: str | None, count: int | None, default: int) -> tuple[int, ...]:
    """'0-3' → (0, 1, 2, 3); without seeds, 0 up to `count` or the `default`. Raises SfumatoError for nonsense."""
    if count is not None and not 1 <= count <= MAX_IMAGES:
        raise SfumatoError(f"-n must lie between 1 and {MAX_IMAGES:,}, got {count}.")
    if seeds is None:
        return tuple(range(default if count is None else count))
    numbers = parse_seeds(seeds)
    if count is not None and count != len(numbers):
        raise SfumatoError(
            f"--seeds {seeds} names {len(numbers)} pictures but -n asks for {count}; leave one of them out."
        )
    return numbers


def pick_classes(model: Model, given: Sequence[str] | None, count: int) -> tuple[str, ...] | None:
    """The classes that `count` pictures show in turn: those named, or all of them."""
    known = model.config.classes
    if given is None:
        return known[:count] or None
    chosen: list[str] = []
    for names in given:  # a class name may itself hold a comma
        chosen += [names] if names in known else [name.strip() for name in names.split(",")]
    for name in chosen:
        model.labels(name, 1)
    if len(chosen) > count:
        note(f"{len(chosen)} classes are named and {count} of them generated; -n {len(chosen)} generates each.")
    return tuple(chosen[:count])


def pick_conditions(model: Model, options: Mapping[str, Any]) -> dict[str, Value]:
    """What --number, --vector and --control say, by name; raises SfumatoError where the model doesn't take it."""
    control, ready, strength = options["control"], options["control_ready"], options["control_strength"]
    if ready and control is None:
        raise SfumatoError("--control-ready says what --control is; name a picture with --control.")
    values: dict[str, Value] = {}
    if strength is not None:
        if control is None or model.config.control_branch is None:
            raise SfumatoError(
                "--control-strength is that of a control branch, trained with --from and --control, and goes with "
                "--control; elsewhere use --guidance."
            )
        values[STRENGTH] = strength
    for one, text in _named(model, "number", options["number"]):
        values[one.name] = _finite(text, f"--number {one.name}")
    for one, text in _named(model, "vector", options["vector"]):
        values[one.name] = _vector(one, text)
    for one, text in _named(model, "image", control):
        if ready and not one.computed:
            note(f"{one.name} is always taken as it is; --control-ready changes nothing.")
        values[one.name] = Control(File.of(text), ready and one.computed)
    return values


def _named(model: Model, kind: str, given: Sequence[str] | None) -> list[tuple[ConditionConfig, str]]:
    """'age=30,weight=60' → each condition of this `kind` and what is said of it; a lone one needs no name."""
    if given is None:
        return []
    known = {one.name: one for one in model.config.conditions if one.kind == kind}
    if not known:
        others = [EXAMPLES[one.kind].format(one.name) for one in model.config.conditions]
        hint = f"; it takes {', '.join(others)}" if others else ""
        what = "images as conditions" if kind == "image" else f"{kind}s"
        raise SfumatoError(f"{model.source} was trained without {what}; leave {OPTIONS[kind]} out{hint}.")
    found: dict[str, str] = {}
    for name, text in (pair for one in given for pair in _pairs(one, kind, list(known))):
        if name not in known:
            raise unknown(kind, name, known)
        if name in found:
            raise SfumatoError(f"{OPTIONS[kind]} says {name} twice; say it once.")
        found[name] = text
    return [(known[name], text) for name, text in found.items()]


def _pairs(given: str, kind: str, known: list[str]) -> list[tuple[str, str]]:
    """The names and what is said of each, in one option; a path may hold any of the signs that separate them."""
    if kind == "image":
        for name in known:
            if given.startswith(f"{name}=") and _exists(given[len(name) + 1 :]):
                return [(name, given[len(name) + 1 :])]
        if len(known) == 1 and _exists(given):
            return [(known[0], given)]
    names = "|".join(map(re.escape, known))
    between = {"number": ",", "vector": ";", "image": rf",(?=\s*(?:{names})\s*=)"}[kind]
    pairs = []
    for part in re.split(between, given):
        own = re.match(rf"\s*({names})\s*=", part)
        name, sign, text = (own[1], "=", part[own.end() :]) if own else part.partition("=")
        if not own and len(known) == 1 and part == given and not sign:
            name, sign, text = known[0], "=", given
        if not sign or not text.strip():
            example = EXAMPLES[kind].format(known[0])
            raise SfumatoError(f"{OPTIONS[kind]} says which, as in {example}, not '{part.strip()}'.")
        pairs.append((name.strip(), text.strip()))
    return pairs


def _finite(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) < 3e38:
        raise SfumatoError(f"{where} takes a finite number such as 30 or 0.5, not '{text.strip()}'.")
    return value


def _vector(one: ConditionConfig, text: str) -> tuple[float, ...]:
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
        values = tuple(map(float, read.reshape(-1)))
    else:
        values = tuple(_finite(part, where) for part in text.split(","))
    if len(values) != one.size:
        raise SfumatoError(f"{where} takes {one.size} numbers, as in training, not {len(values)}.")
    return values


def pick_edit(
    image: Path | None, strength: float | None, mask: Path | None, upscale: bool, feather: int | None
) -> PictureEdit | None:
    """What the options of a picture ask for; raises SfumatoError where they don't fit together."""
    if feather is not None and mask is None:
        raise SfumatoError("--feather is of the seam around what --mask keeps; give a mask too.")
    if image is None:
        asked = {"--strength": strength is not None, "--mask": mask is not None, "--upscale": upscale}
        for name, given in asked.items():
            if given:
                raise SfumatoError(f"{name} says what to do with a picture; name it with --image.")
        return None
    if upscale and (mask is not None or strength is not None):
        raise SfumatoError("--upscale keeps the whole picture; leave --mask and --strength out.")
    if strength is None:
        strength = usual_strength(mask is not None or upscale)
    return PictureEdit(File.of(image), strength, None if mask is None else File.of(mask), upscale, feather or 0)


def pick_keyframes(image: Path | None, keyframes: Sequence[str], options: Mapping[str, Any]) -> Keyframes | None:
    """The frames of a clip that are given: `image` is the first; the others say which they are, 8=x.png or last=x.png.

    Raises SfumatoError for what clips don't take of the options of a picture.
    """
    for name in ("strength", "mask", "feather", "upscale"):
        if options[name] not in (None, False):
            raise SfumatoError(
                f"--{name} is for pictures; the model generates clips, which keep --image. Leave it out."
            )
    frames = {} if image is None else {0: File.of(image)}
    for given in keyframes:
        which, _, path = given.partition("=")
        number = {"first": "0", "last": "-1"}.get(which.strip(), which.strip())
        if not re.fullmatch(r"-?\d{1,6}", number) or not path.strip():
            raise SfumatoError(f"--keyframe says which frame is what, as in 8=x.png or last=x.png, not '{given}'.")
        if int(number) in frames:
            raise SfumatoError(f"frame {number} is given twice; give it once.")
        frames[int(number)] = File.of(path.strip())
    return Keyframes(frames) if frames else None


def parse_interval(interval: str) -> tuple[float, float] | None:
    """'0.2-5' → (0.2, 5.0), 'all' → None. Raises SfumatoError for anything but two numbers, the smaller first."""
    if interval == ALL:
        return None
    match = re.fullmatch(rf"\s*({NUMBER})\s*-\s*({NUMBER})\s*", interval.lower(), re.ASCII)
    if not match or float(match[1]) > float(match[2]) or not math.isfinite(float(match[2])):
        raise SfumatoError(
            f"--interval takes a range of sigma/alpha such as 0.2-5, the smaller first, not '{interval}'."
        )
    return float(match[1]), float(match[2])


def pick_threshold(clip: bool, threshold: bool | None) -> str | None:
    """What --clip and --threshold ask for; raises SfumatoError where both do."""
    if clip and threshold is not None:
        raise SfumatoError("--clip is another threshold than --threshold; leave one of them out.")
    return "static" if clip else {True: "dynamic", False: "none", None: None}[threshold]


def parse_schedule(schedule: str | None) -> Any:
    """'cosine' → its name, '{"kind": "linear", "steps": 500}' → the table; raises SfumatoError for damaged JSON."""
    if schedule is None or not schedule.lstrip().startswith("{"):
        return schedule
    try:
        return parse(schedule)
    except ValueError as error:
        raise SfumatoError(
            f"--schedule is a name such as cosine, or a table of JSON, and this is none ({error}): {schedule}"
        ) from error


def parse_steps(steps: str | None, least: int = 1, most: int = 10_000, option: str = "--steps") -> list[int]:
    """'5,10,20' → [5, 10, 20]. Raises SfumatoError for anything but whole numbers from `least` to `most`."""
    if steps is None:
        return []
    parts = steps.split(",")
    if not all(re.fullmatch(r"\s*\d{1,5}\s*", part) and least <= int(part) <= most for part in parts):
        takes = f"at least {least} step{'s' * (least > 1)} and at most {most}"
        raise SfumatoError(f"{option} takes {takes}, such as 20 or 5,10,20, not '{steps}'.")
    return [int(part) for part in parts]


def given(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def describe(conditions: Sequence[ConditionConfig]) -> str:
    """The conditions in words, as `sfumato info` shows them."""
    words = []
    for one in conditions:
        if one.name == GUIDANCE:
            low, high = guidance_range([one]) or (1.0, 1.0)
            words.append(f"{GUIDANCE} from {low:g} to {high:g}, at no further call")
        elif one.kind == "number":
            words.append(f"{one.name}, a number of {one.mean[0]:g} ± {one.std[0]:g}")
        elif one.kind == "vector":
            words.append(f"{one.name}, {one.size} numbers")
        elif one.computed:
            doc = (CONTROLS[one.name].__doc__ or "").partition("\n")[0].rstrip(".") if one.name in CONTROLS else ""
            words.append(f"{one.name}, computed from a picture ({doc[:1].lower() + doc[1:]})")
        else:
            words.append(f"{one.name}, a picture")
    return "; ".join(words)


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # a name longer than any file's
        return False
