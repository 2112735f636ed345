"""What to generate: one frozen value with one JSON form, and the one place that says what goes together in it.

The command line builds a Request, a picture carries it, and `resolve` (see resolving.py) makes of it what a model
takes. Messages call its fields by their names in backticks; whoever asks in other words, as the command line does with
options, puts those in their place.
"""

from __future__ import annotations

import hashlib
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    AliasChoices,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
)
from torch import Tensor

from sfumato.arguments import finite, shown, whole
from sfumato.errors import SfumatoError
from sfumato.hub.config import OWN, SamplingConfig
from sfumato.hub.settings import check_together
from sfumato.sampling import Edit
from sfumato.sampling.editing import MAX_FEATHER

T = TypeVar("T")
MAX_IMAGES = 100_000  # a request
VARIATION = 0.6  # the strength of a variation, where none is asked for
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
        raise SfumatoError(f"`seeds` names more than {MAX_IMAGES:,} pictures; generate them in several calls.")
    return tuple(seed for one in ranges for seed in one)


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
_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, arbitrary_types_allowed=True)
_ONE_IN_TURN = BeforeValidator(lambda given: _in_turn(given) if isinstance(given, str | list) else given)
# Under the second name an earlier sfumato wrote it.
Labels = Annotated[
    tuple[str | int | None, ...] | Mapping[str, float] | None,
    Field(validation_alias=AliasChoices("labels", "classes")),
]
Prompts = Annotated[
    tuple[str, ...] | Mapping[str, float] | None,
    _ONE_IN_TURN,
    Field(validation_alias=AliasChoices("prompts", "prompt")),
]
Texts = Annotated[tuple[str, ...] | None, _ONE_IN_TURN]


@dataclass(frozen=True)
class File:
    """A picture that a request names: its path as it was given, and the hash of what was in it."""

    __pydantic_config__ = _STRICT

    path: str
    sha256: str

    @staticmethod
    def of(path: str | Path) -> File:
        """The file as it is now; raises SfumatoError where it can't be read."""
        return File(str(path), _hash(Path(path)))

    def unchanged(self) -> Path | BytesIO:
        """Where to read it; raises SfumatoError where it isn't there or holds something else by now."""
        if _hash(Path(self.path)) != self.sha256:
            raise SfumatoError(f"{self.path} isn't what it was when this was generated; restore it, or name it anew.")
        return Path(self.path)


@dataclass(frozen=True)
class Upload(File):
    """A picture that came along with a request. Its `path` is what its sender calls it; no file of this machine is
    opened by that."""

    content: bytes = field(default=b"", repr=False)

    @staticmethod
    def named(name: str, content: bytes) -> Upload:
        return Upload(name, hashlib.sha256(content).hexdigest(), content)

    def unchanged(self) -> BytesIO:
        return BytesIO(self.content)


@dataclass(frozen=True)
class Control:
    """A picture as a condition; `ready` where it already is what the model sees, such as a sketch by hand."""

    __pydantic_config__ = _STRICT

    file: File
    ready: bool = False


@dataclass(frozen=True)
class PictureEdit:
    """A picture to begin with (see Edit): `strength` of the walk is taken, where `mask` is white if there is one, whose
    seam is feathered over so many pixels."""

    __pydantic_config__ = _STRICT

    image: File
    strength: float = 1.0
    mask: File | None = None
    upscale: bool = False
    feather: int = 0

    def __post_init__(self) -> None:
        whole("feather", self.feather, 0, MAX_FEATHER)
        if self.feather and self.mask is None:
            raise SfumatoError("`feather` is of the seam around what `mask` keeps; give a `mask` too.")
        if not 0 <= self.strength <= 1:
            raise SfumatoError(
                f"`strength` lies between 0 (the picture as it is) and 1 (never sees it), got {self.strength:g}."
            )
        if self.upscale and (self.mask is not None or self.strength != 1):
            raise SfumatoError("`upscale` keeps the whole picture; leave `mask` and `strength` out.")


@dataclass(frozen=True)
class Keyframes:
    """Frames of a clip that are given, by their numbers, 0 the first and -1 the last: they are kept bit for bit.

    Each is a file, or from Python a tensor `(channels, height, width)` in [−1, 1].
    """

    __pydantic_config__ = _STRICT

    frames: Mapping[int, File | Tensor]

    def __post_init__(self) -> None:
        if not self.frames:
            raise SfumatoError("`Keyframes` names no frame; give one or more, such as {0: picture}.")
        frames = {number: File.of(one) if isinstance(one, str | Path) else one for number, one in self.frames.items()}
        object.__setattr__(self, "frames", frames)


def usual_strength(kept: bool) -> float:
    """How far to go from a picture where nobody says, and whether part or all of it is `kept`."""
    return 1.0 if kept else VARIATION


Value = float | tuple[float, ...] | Control | Tensor


@dataclass(frozen=True)
class Request:
    """All that says what to generate: a picture a seed.

    `labels` (names of classes, or their numbers), `prompts` and `negative` prompts go to the pictures in turn, so that
    one goes to all; of a table of names with weights each picture is all at once (see `composed`): weights above 0 mean
    AND, below 0 NOT. `conditions` by name are a number, a vector, a picture, and the strength of a control branch.
    With `prompt_weights`, texts have weights in them: a (red:1.3) heart.
    `edit` is a picture to begin with, or what a clip's frames are, `start` the noisy pictures to begin with in the
    place of the seeds' noise.
    `sampling` is complete, so that a model's defaults no longer count; a `walk` of one's own takes the place of its
    sampler, which then says "own" (see `sampling.walk`).

    What is made of names, numbers and files has one JSON form. From Python there may be tensors and functions too,
    which have none; a tensor among the conditions has a row a picture. A request that contradicts itself can't be made:
    raises SfumatoError that says what doesn't go together.
    """

    __pydantic_config__ = _STRICT

    seeds: Seeds
    sampling: SamplingConfig
    labels: Labels = None
    prompts: Prompts = None
    negative: Texts = None
    conditions: Mapping[str, Value] = field(default_factory=dict)
    edit: PictureEdit | Keyframes | InstanceOf[Edit] | None = None
    start: Tensor | None = None
    walk: Callable[..., Any] | None = None
    prompt_weights: Annotated[bool, Field(exclude_if=operator.not_)] = False

    def __post_init__(self) -> None:
        for name in ("labels", "prompts", "negative"):
            object.__setattr__(self, name, _in_turn(getattr(self, name)))
        if self.walk is not None:
            object.__setattr__(
                self, "sampling", replace(self.sampling, sampler=OWN, eta=None, tolerance=None, tuned=None)
            )
        if not self.seeds:
            raise SfumatoError("there is nothing to generate without `seeds`; give one a picture, such as 0-15.")
        if self.labels is not None and not self.labels:
            raise SfumatoError("`labels` names none; leave it out, or name one or more.")
        self._check_weights()
        for name, texts in (("prompt", self.prompts), ("negative prompt", self.negative)):
            if texts is not None and len(texts) < 2 and not any(text.strip() for text in texts):  # of many, some may be
                raise SfumatoError(f"the {name} is empty; say what it is, or leave it out.")
            if any("\0" in text for text in texts or ()):
                raise SfumatoError(f"the {name} holds a null character; leave it out.")
        if self.prompt_weights and self.prompts is None:
            raise SfumatoError("`prompt_weights` are those within a prompt, such as a (red:1.3) heart; give one.")
        if self.composed and (self.sampling.guidance != 1 or self.negative is not None):
            raise SfumatoError("weights say how much each counts; leave `guidance` and `negative` out.")
        if isinstance(self.labels, Mapping) and isinstance(self.prompts, Mapping):
            raise SfumatoError("weights go to `labels` or to `prompts`; give one of them without.")
        if self.start is not None and (self.edit is not None or self.sampling.first != "network"):
            raise SfumatoError("`start` is where to begin; leave `first` and the picture to begin with out.")
        check_together(self.sampling, self.conditioned, self.negative is not None, self.edit is not None)

    def _check_weights(self) -> None:
        for table in (self.labels, self.prompts):
            for name, weight in table.items() if isinstance(table, Mapping) else ():
                finite(f"the weight of {name!r}", weight)
        for text in self.prompts or ():
            if not isinstance(text, str):
                raise SfumatoError(f"prompts are texts, such as {{'a heart': 1, 'a face': -0.5}}, not {shown(text)}.")

    @property
    def conditioned(self) -> bool:
        """Whether anything says what to generate."""
        return self.labels is not None or self.prompts is not None or bool(self.conditions)

    @property
    def composed(self) -> bool:
        """Whether each picture is of several conditions at once, with weights."""
        return isinstance(self.labels, Mapping) or isinstance(self.prompts, Mapping)

    def rows(self, rows: Sequence[int]) -> Request:
        """The request of some of its pictures."""

        def own(names: Any) -> Any:
            return names if names is None or isinstance(names, Mapping) else tuple(names[i % len(names)] for i in rows)

        values = {name: v[list(rows)] if isinstance(v, Tensor) else v for name, v in self.conditions.items()}
        return replace(
            self,
            seeds=tuple(self.seeds[row] for row in rows),
            labels=own(self.labels),
            prompts=own(self.prompts),
            negative=own(self.negative),
            conditions=values,
            start=None if self.start is None else self.start[list(rows)],
        )

    def at(self, index: int) -> Request:
        """The request of one of its pictures alone."""
        return self.rows([index])

    @property
    def files(self) -> tuple[File, ...]:
        """The pictures that it names."""
        named: list[File] = []
        if isinstance(self.edit, PictureEdit):
            named = [self.edit.image, *([] if self.edit.mask is None else [self.edit.mask])]
        elif isinstance(self.edit, Keyframes):
            named = [one for one in self.edit.frames.values() if isinstance(one, File)]
        return (*named, *(value.file for value in self.conditions.values() if isinstance(value, Control)))

    def with_files(self, other: Callable[[File], File]) -> Request:
        """The request with `other(file)` in the place of each picture that it names."""
        edit = self.edit
        if isinstance(edit, PictureEdit):
            edit = replace(edit, image=other(edit.image), mask=None if edit.mask is None else other(edit.mask))
        elif isinstance(edit, Keyframes):
            edit = Keyframes({n: other(one) if isinstance(one, File) else one for n, one in edit.frames.items()})
        values = {
            name: replace(value, file=other(value.file)) if isinstance(value, Control) else value
            for name, value in self.conditions.items()
        }
        return replace(self, edit=edit, conditions=values)

    def bare(self) -> Request:
        """The request with its pictures by name and hash alone, without what came along."""
        return self.with_files(lambda file: File(file.path, file.sha256)) if self.files else self

    def json(self) -> str:
        """The request as JSON, which `read_request` reads; raises SfumatoError where it holds tensors
        or functions."""
        tensors = [name for name, value in self.conditions.items() if isinstance(value, Tensor)]
        tensors += [name for name in ("edit", "start") if isinstance(getattr(self, name), Edit | Tensor)]
        if isinstance(self.edit, Keyframes) and any(isinstance(one, Tensor) for one in self.edit.frames.values()):
            tensors.append("edit")
        if tensors:
            raise SfumatoError(f"a request whose {tensors[0]} is a tensor has no JSON form; name a file instead.")
        if self.walk is not None:
            raise SfumatoError("a request with a walk of one's own has no JSON form; name a sampler instead.")
        return _JSON.dump_json(self.bare(), exclude_none=True).decode()


@dataclass(frozen=True)
class Comparison:
    """One request for several samplers, called `names`, with the settings `rows`, in several numbers of steps."""

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
        """The request for that cell."""
        return replace(self.request, sampling=replace(self.rows[row], steps=self.steps[column]))

    def cells(self) -> list[Request]:
        """All of them, row by row."""
        return [self.cell(row, column) for row in range(len(self.rows)) for column in range(len(self.steps))]

    def json(self) -> str:
        """The comparison as JSON, which `read_comparison` reads."""
        return _COMPARISON.dump_json(self, exclude_none=True).decode()


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


def _in_turn(given: Any) -> Any:
    """Names and texts as a tuple; one alone is of all."""
    if given is None or isinstance(given, tuple | Mapping):
        return given
    return (given,) if isinstance(given, str | int) else tuple(given)


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise SfumatoError(f"there is no file {path}.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SfumatoError(f"{path} can't be read: {reason.lower()}.") from error
