"""Reading JSON that others may have written or altered: all of it is understood, or the place that isn't is named."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from sfumato.errors import SfumatoError

VERSION = "sfumato"  # the name under which a file says which version wrote it


def parse(content: bytes | str, nan: bool = False) -> Any:
    """What the JSON says; with `nan`, also where scores that aren't finite were written as Python does.

    Raises ValueError for what is none by its standard (NaN, Infinity), for numbers beyond float64, for a name that is
    given twice, and for what is nested so deep that it would end Python.
    """
    try:
        return json.loads(
            content, parse_constant=float if nan else _no_number, parse_float=_finite, object_pairs_hook=_once
        )
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is too large")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = next(name for name, _ in pairs if sum(other == name for other, _ in pairs) > 1)
        raise ValueError(f"'{twice}' is given twice")
    return made


def fit(kind: Any, value: Any, where: str, written_by: object = None, section: str = "") -> Any:
    """`value`, as `parse` gives it, as a `kind`: a dataclass, of which every name is known and every type is kept.

    `where` begins the sentence of the SfumatoError that names the first place that doesn't fit, in the `section` of the
    file that `value` is; `written_by` is the version that wrote it, where that is known.
    """
    try:
        made = TypeAdapter(kind).validate_json(json.dumps(value), strict=True)  # of JSON, a list may be a tuple
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in (*([section] if section else []), *first["loc"]))
        at = f" at '{place}'" if place else ""
        raise SfumatoError(f"{where} does not fit{at}: {_said(first)}{_newer(written_by)}.") from error
    except SfumatoError as error:  # of a dataclass that looks at itself
        raise SfumatoError(f"{where} does not fit{f' in {section}' if section else ''}: {error}") from error
    if (found := _unknown(value, made, section)) is not None:
        place, name, names = found
        raise unknown_name(f"{where}{f' at {place}' if place else ''}", name, names, written_by)
    return made


def _said(error: ErrorDetails) -> str:
    """What pydantic found, in plain words where its own are those of its insides."""
    if error["type"] == "tuple_type":
        return "a list belongs there, such as [1] or [1, 2]"
    if error["type"] not in ("union_tag_invalid", "union_tag_not_found"):
        return error["msg"].lower()
    context = error.get("ctx", {})
    name = str(context.get("discriminator", "")).strip("'")
    if "tag" not in context:
        return f"its '{name}' is missing"
    known = str(context["expected_tags"]).replace("'", "")
    return f"there is no {name} '{context['tag']}', only {known}"


def unknown_name(where: str, name: str, names: Iterable[str], written_by: object = None) -> SfumatoError:
    """The error for a `name` that this version doesn't know: a newer one's, or a slip of the pen."""
    close = get_close_matches(name, list(names), n=1, cutoff=0.6)
    newer = _newer(written_by)
    what = "" if newer else f"; did you mean '{close[0]}'?" if close else "; correct it, or take it out"
    end = "" if what.endswith("?") else "."
    return SfumatoError(f"{where} has '{name}', which sfumato {version('sfumato')} doesn't know{newer or what}{end}")


def _newer(written_by: object) -> str:
    """What to do where another version wrote it; empty where this one did, or nobody knows."""
    if not isinstance(written_by, str) or written_by == version("sfumato"):
        return ""
    return f"; sfumato {written_by[:20]} wrote it: install that version"


def _unknown(value: Any, made: Any, place: str = "") -> tuple[str, str, list[str]] | None:
    """The place, the name and the known names of the first name in `value` that `made` has no field for."""
    if is_dataclass(made) and isinstance(value, Mapping):
        known = [field.name for field in fields(made)]
        for name, inner in value.items():
            if name not in known:
                return place, name, known
            if (found := _unknown(inner, getattr(made, name), f"{place}.{name}" if place else name)) is not None:
                return found
    elif isinstance(value, Mapping) and isinstance(made, Mapping):
        for name, inner in value.items():
            if (found := _unknown(inner, made.get(name), f"{place}.{name}" if place else name)) is not None:
                return found
    elif isinstance(value, list) and isinstance(made, list | tuple):
        for index, (inner, one) in enumerate(zip(value, made, strict=False)):
            if (found := _unknown(inner, one, f"{place}.{index}" if place else str(index))) is not None:
                return found
    return None
