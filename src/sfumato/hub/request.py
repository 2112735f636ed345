"""What to draw: one frozen value with one JSON form, and the one place that says what goes together in it.

The command line builds a Request, a picture carries it, and `resolve` (see resolving.py) makes of it what a model
takes. Messages call its fields by their names in backticks; whoever asks in other words, as the command line does with
options, puts those in their place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, ConfigDict, PlainSerializer, TypeAdapter, ValidationError

from sfumato.errors import SfumatoError
from sfumato.hub.config import RULES, SamplingConfig, overridden
from sfumato.sampling import resolve as resolve_sampler

T = TypeVar("T")
MAX_IMAGES = 100_000  # a request
LARGEST_SEED = 2**64 - 1


def parse_seeds(text: str) -> tuple[int, ...]:
    """'0-3' → (0, 1, 2, 3), '3,7' → (3, 7). Raises SfumatoError for nonsense and for more than MAX_IMAGES."""
    ranges = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,20})\s*(?:-\s*(\d{1,20})\s*)?", part, re.ASCII)
        if not match:
            raise SfumatoError(f"`seeds` takes whole numbers from 0, such as 0-15 or 3,7,42, not '{text}'.")
        first, final = int(match[1]), int(match[2] or match[1])
        if final < first:
            raise SfumatoError(f"the seed range {first}-{final} runs backwards; write {final}-{first}.")
        if final > LARGEST_SEED:
            raise SfumatoError(f"a seed lies between 0 and 2**64 - 1, got {final}.")
        ranges.append(range(first, final + 1))
    if sum(one.stop - one.start for one in ranges) > MAX_IMAGES:  # len() of a range knows 63 bits
        raise SfumatoError(f"`seeds` names more than {MAX_IMAGES:,} pictures; draw them in several calls.")
    return tuple(seed for one in ranges for seed in one)


def float_words(value: float) -> str:
    """The shortest text that reads as the same number: 2.0 → '2', 5e-05 → '5e-05'."""
    return repr(float(value)).removesuffix(".0")


def seed_words(seeds: Sequence[int]) -> str:
    """(0, 1, 2, 7) → '0-2,7': what `parse_seeds` reads."""
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][1] + 1:
            runs[-1][1] = seed
        else:
            runs.append([seed, seed])
    return ",".join(str(first) if first == final else f"{first}-{final}" for first, final in runs)


Seeds = Annotated[
    tuple[int, ...],
    BeforeValidator(lambda given: parse_seeds(given) if isinstance(given, str) else given),
    PlainSerializer(seed_words),
]
_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True)
class File:
    """A picture that is drawn from: its path as it was given, and the hash of what was in it."""

    __pydantic_config__ = _STRICT

    path: str
    sha256: str

    @staticmethod
    def of(path: str | Path) -> File:
        """The file as it is now; raises SfumatoError where it can't be read."""
        return File(str(path), _hash(Path(path)))

    def unchanged(self) -> Path:
        """Its path; raises SfumatoError where it isn't there or holds something else by now."""
        if _hash(Path(self.path)) != self.sha256:
            raise SfumatoError(f"{self.path} isn't what it was when this was drawn; restore it, or name it anew.")
        return Path(self.path)


@dataclass(frozen=True)
class Control:
    """A picture as a condition; `ready` where it already is what the model sees, such as a sketch by hand."""

    __pydantic_config__ = _STRICT

    file: File
    ready: bool = False


@dataclass(frozen=True)
class PictureEdit:
    """A picture to begin with (see Edit): `strength` of the walk is taken, where `mask` is white if there is one."""

    __pydantic_config__ = _STRICT

    image: File
    strength: float = 1.0
    mask: File | None = None
    upscale: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise SfumatoError(
                f"`strength` lies between 0 (the picture as it is) and 1 (never sees it), got {self.strength:g}."
            )
        if self.upscale and (self.mask is not None or self.strength != 1):
            raise SfumatoError("`upscale` keeps the whole picture; leave `mask` and `strength` out.")


Value = float | tuple[float, ...] | Control


@dataclass(frozen=True)
class Request:
    """All that says what to draw: a picture a seed.

    `classes` are told in turn, one a picture; `prompt` and `negative` are told of all, as are the `conditions` by name:
    a number, a vector, a picture (and the strength of a branch). `sampling` is complete, so that a model's defaults no
    longer count. One that contradicts itself can't be made: raises SfumatoError that says what doesn't go together.
    """

    __pydantic_config__ = _STRICT

    seeds: Seeds
    sampling: SamplingConfig
    classes: tuple[str, ...] | None = None
    prompt: str | None = None
    negative: str | None = None
    conditions: Mapping[str, Value] = field(default_factory=dict)
    edit: PictureEdit | None = None

    def __post_init__(self) -> None:
        if not self.seeds:
            raise SfumatoError("there is nothing to draw without `seeds`; give one a picture, such as 0-15.")
        if self.classes is not None and not self.classes:
            raise SfumatoError("`classes` names none; leave it out, or name one or more.")
        for name, text in (("prompt", self.prompt), ("negative prompt", self.negative)):
            if text is not None and not text.strip():
                raise SfumatoError(f"the {name} is empty; say what it is, or leave it out.")
            if text is not None and "\0" in text:
                raise SfumatoError(f"the {name} holds a null character; leave it out.")
        check_together(self.sampling, self.conditioned, self.negative is not None, self.edit is not None)

    @property
    def conditioned(self) -> bool:
        """Whether anything is told of what to draw."""
        return self.classes is not None or self.prompt is not None or bool(self.conditions)

    def at(self, index: int) -> Request:
        """The request of one of its pictures alone."""
        own = None if self.classes is None else (self.classes[index % len(self.classes)],)
        return replace(self, seeds=(self.seeds[index],), classes=own)

    def json(self) -> str:
        """The request as JSON, which `read_request` reads."""
        return _JSON.dump_json(self).decode()


@dataclass(frozen=True)
class Comparison:
    """One request drawn by several samplers, called `names`, with the settings `rows`, in several numbers of steps."""

    __pydantic_config__ = _STRICT

    request: Request
    names: tuple[str, ...]
    rows: tuple[SamplingConfig, ...]
    steps: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.names) != len(self.rows) or not self.rows or not self.steps:
            raise SfumatoError("a comparison has a name a row, and at least one row and one number of steps.")

    def labels(self) -> list[str]:
        """What the rows are called: their samplers, and where that doesn't tell them apart, their grids too."""
        alike = len({row.grid for row in self.rows}) == 1 and len({row.sampler for row in self.rows}) == len(self.rows)
        return [row.sampler if alike else f"{row.sampler} {row.grid}" for row in self.rows]

    def cell(self, row: int, column: int) -> Request:
        """What is drawn there."""
        return replace(self.request, sampling=replace(self.rows[row], steps=self.steps[column]))

    def cells(self) -> list[Request]:
        """All of them, row by row."""
        return [self.cell(row, column) for row in range(len(self.rows)) for column in range(len(self.steps))]

    def json(self) -> str:
        """The comparison as JSON, which `read_comparison` reads."""
        return _COMPARISON.dump_json(self).decode()


_JSON, _COMPARISON = TypeAdapter(Request), TypeAdapter(Comparison)


def read_request(text: str | bytes) -> Request:
    """The request in `text`, as `Request.json` writes it. Raises SfumatoError that names what doesn't fit."""
    return _read(_JSON, text)


def read_comparison(text: str | bytes) -> Comparison:
    """The comparison in `text`, as `Comparison.json` writes it."""
    return _read(_COMPARISON, text)


def _read(adapter: TypeAdapter[T], text: str | bytes) -> T:
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise SfumatoError(f"the request can't be read at '{where}': {first['msg'].lower()}.") from error


def check_together(sampling: SamplingConfig, conditioned: bool, negative: bool, edited: bool) -> None:
    """Whatever is drawn comes through here: raises SfumatoError where something asked for could not be done.

    `conditioned`: the model is told what to draw. `negative`: it is told what to draw away from. `edited`: it begins
    with a picture.
    """
    if negative and not conditioned:
        raise SfumatoError("`negative` leads away from something while a prompt leads somewhere; give a prompt too.")
    if negative and not (sampling.guidance > 1 or (sampling.rule == "cfg++" and sampling.guidance > 0)):
        least = "above 0" if sampling.rule == "cfg++" else "above 1, such as 2"
        raise SfumatoError(
            f"at guidance {sampling.guidance:g} nothing leads away from `negative`; give a `guidance` {least}, "
            "or leave it out."
        )
    if edited and sampling.first != "network":
        raise SfumatoError(
            f"a first step by '{sampling.first}' begins with noise alone, and `image` is where to begin; leave `first` "
            "or the picture out."
        )


def settle(own: SamplingConfig, conditioned: bool, **given: Any) -> SamplingConfig:
    """A model's `own` settings with those that are `given`, fields of SamplingConfig, in their place.

    What is given and could not count is refused with a SfumatoError; the model's own that no longer count are dropped:
    so the settings say what is done. A sampler by another tool's name brings the grid that is part of the name.
    """
    overridden(own, **given)  # looks at each, before any is used
    named, named_grid = resolve_sampler(given["sampler"]) if "sampler" in given else (None, None)
    if named is not None:
        given["sampler"] = named
        if named_grid is not None and given.setdefault("grid", named_grid) != named_grid:
            raise SfumatoError(
                f"the sampler's name says the grid {named_grid} and `grid` says {given['grid']}; leave one of them out."
            )
        if named != resolve_sampler(own.sampler)[0]:  # an eta or a tolerance belongs to the sampler it was given for
            own = replace(own, eta=None, tolerance=None)
    settings: SamplingConfig = replace(own, **given)
    guidance, rule = settings.guidance, settings.rule
    if not conditioned:
        if given.get("guidance", 1.0) not in (0.0, 1.0):
            raise SfumatoError("there is nothing to guide: say what to draw, or leave `guidance` out.")
        return replace(_pushed_by_none(settings, given, "where nothing says what to draw"), guidance=1.0)
    if rule in RULES and guidance in ((0,) if rule == "cfg++" else (0, 1)):
        kept = settings.interval if guidance == 0 else None  # 0 is unconditional inside of it, and conditional outside
        settings = _pushed_by_none(settings, given, f"at guidance {guidance:g}", interval=guidance == 0)
        return replace(settings, interval=kept)
    return settings


def _pushed_by_none(
    settings: SamplingConfig, given: Mapping[str, Any], when: str, interval: bool = False
) -> SamplingConfig:
    """The settings without those that say how guidance pushes; raises SfumatoError where they were given."""
    for name in ("rule", *(() if interval else ("interval",))):
        if given.get(name) not in (None, "plain"):
            raise SfumatoError(f"`{name}` says how guidance pushes, and {when} nothing does; leave it out.")
    return replace(settings, rule="plain", interval=None)


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise SfumatoError(f"there is no file {path}.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SfumatoError(f"{path} can't be read: {reason.lower()}.") from error
