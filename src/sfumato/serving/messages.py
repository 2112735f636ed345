"""What clients of the service send, OpenAI's words and ours beside them, and the request that it means to a model."""

from __future__ import annotations

import re
import secrets
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from sfumato.data import KINDS
from sfumato.errors import SfumatoError
from sfumato.hub import Model
from sfumato.hub.conditioning import STRENGTH
from sfumato.hub.request import Control, PictureEdit, Request, Value, parse_seeds, usual_strength
from sfumato.hub.resolving import MAX_STRENGTH
from sfumato.hub.settings import settle
from sfumato.sampling.editing import MAX_FEATHER
from sfumato.serving.uploads import Kind, Picture, as_mask, checked

ENDING = "the service is ending; ask again when it has started again."
DRAINING = "the service is ending and finishes what it has; ask again when it has started again."
MAX_PICTURES, MAX_STEPS, MAX_PARTIAL = 64, 1000, 16  # of one request; partial pictures of each
MAX_CONDITIONS, MAX_NUMBERS = 16, 1024  # numbers and vectors by name, and the numbers of one
MAX_TEXT, MAX_NAME = 4_000, 200  # characters
SETTINGS = ("sampler", "steps", "guidance", "grid", "eta")
EXAMPLE: JsonDict = {"model": "digits", "prompt": "3", "n": 2, "seeds": "0-1", "steps": 20}

ALLOWED = {  # of fields that may be of several kinds
    "seeds": f'a text such as "0-3", or a list of 1 to {MAX_PICTURES} whole numbers from 0',
    "class": f'a text such as "3", or a list of 1 to {MAX_PICTURES} texts',
}

Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
Name = Annotated[str, StringConstraints(max_length=MAX_NAME)]
Seed = Annotated[int, Field(ge=0, lt=2**64)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Numbers = Finite | Annotated[list[Finite], Field(min_length=1, max_length=MAX_NUMBERS)]


def size_of(model: Model) -> str:
    """Width and height of the model's pictures, or of the frames of its clips, as OpenAI writes them; of points ""."""
    kind, shape = model.config.seen
    return "x".join(map(str, reversed(shape[-2:]))) if KINDS[kind].spatial else ""


class Asked(BaseModel):
    """Pictures asked for. `prompt` names the class, for a model that was trained on classes and no captions; where
    neither it nor `class` is given, each class is generated in turn. Without `seeds` each picture has a random one."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"example": EXAMPLE})

    model: Name | None = None
    prompt: Text | None = None
    n: Annotated[int, Field(ge=1, le=MAX_PICTURES)] | None = None
    size: Annotated[str, StringConstraints(pattern=r"^(auto|\d{1,5}x\d{1,5})$")] = "auto"
    response_format: Literal["b64_json"] = "b64_json"
    output_format: Kind = "png"
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None
    stream: bool | None = None
    partial_images: Annotated[int, Field(ge=0, le=MAX_PARTIAL)] | None = None
    user: Name | None = None

    class_: Annotated[
        Name | Annotated[list[Name], Field(min_length=1, max_length=MAX_PICTURES)] | None, Field(alias="class")
    ] = None
    seeds: Name | Annotated[list[Seed], Field(min_length=1, max_length=MAX_PICTURES)] | None = None
    negative: Text | None = None
    prompt_weights: bool | None = None
    sampler: Name | None = None
    steps: Annotated[int, Field(ge=1, le=MAX_STEPS)] | None = None
    guidance: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = None
    grid: Name | None = None
    eta: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    conditions: Annotated[dict[Name, Numbers], Field(max_length=MAX_CONDITIONS)] | None = None

    image: Picture | None = None
    mask: Picture | None = None
    strength: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    feather: Annotated[int, Field(ge=0, le=MAX_FEATHER)] | None = None
    upscale: bool | None = None
    control: Picture | None = None
    control_ready: bool | None = None
    control_strength: Annotated[float, Field(ge=0, le=MAX_STRENGTH, allow_inf_nan=False)] | None = None

    quality: Literal["auto", "standard"] | None = None  # from here on OpenAI's, which would change nothing here
    style: Literal["vivid"] | None = None
    background: Literal["auto", "opaque"] | None = None
    moderation: Literal["auto"] | None = None

    def request(self, model: Model) -> Request:
        """What it means to `model`: the request that the command line makes of the same words. Raises SfumatoError."""
        if KINDS[model.config.kind].moving:
            raise SfumatoError(f"{model.source} generates clips; ask /v1/videos for them.")
        return self.meant(model)

    def meant(self, model: Model) -> Request:
        """The same, of a model of any kind."""
        own = size_of(model)
        if self.size not in ("auto", own):
            raise SfumatoError(f"the model's pictures are {own} and `size` says {self.size}; leave it out.")
        seeds, prompt, named = self._seeds(), self.prompt or None, self.class_
        if prompt is not None and not model.text_conditional and model.config.classes and named is None:
            prompt, named = None, prompt
        if prompt is not None or self.negative is not None:
            model.tokens([""], "the prompt" if prompt is not None else "`negative`")  # raises where it takes none
        labels = (named,) if isinstance(named, str) else tuple(named or model.config.classes[: len(seeds)]) or None
        if labels is not None:
            model.labels(labels, len(labels))  # raises for what is none of them
        given = {name: value for name in SETTINGS if (value := getattr(self, name)) is not None}
        edit, conditions = self._edit(), self._conditions(model)
        conditioned = labels is not None or prompt is not None or bool(conditions)
        own_settings = partial(settle, model.config.sampling) if edit is not None else model.settle
        how = own_settings(conditioned, **given)
        return Request(
            seeds,
            how,
            labels,
            prompt,  # type: ignore[arg-type]
            self.negative,  # type: ignore[arg-type]
            conditions,
            edit,
            prompt_weights=bool(self.prompt_weights),
        )

    def _edit(self) -> PictureEdit | None:
        """What is to be done with the picture that was sent."""
        if self.image is None:
            for name in ("mask", "strength", "feather", "upscale"):
                if getattr(self, name) not in (None, False):
                    raise SfumatoError(f"`{name}` says what to do with a picture; send an `image` too.")
            return None
        image, mask = checked("image", self.image), None
        if self.mask is not None:
            mask = as_mask(checked("mask", self.mask))
        upscale, strength = bool(self.upscale), self.strength
        if strength is None:
            strength = usual_strength(mask is not None or upscale)
        return PictureEdit(image, strength, mask, upscale, self.feather or 0)

    def _conditions(self, model: Model) -> dict[str, Value]:
        """Numbers, vectors and a picture that the model is conditioned on."""
        given = self.conditions or {}
        values: dict[str, Value] = {
            name: tuple(value) if isinstance(value, list) else float(value) for name, value in given.items()
        }
        for name in values:
            if model.named(name).kind == "image":  # raises for what it doesn't know
                raise SfumatoError(f"{name} is a picture; send it as `control`.")
        if self.control is None:
            for name in ("control_ready", "control_strength"):
                if getattr(self, name) not in (None, False):
                    raise SfumatoError(f"`{name}` is of a picture to start from; send a `control` too.")
            return values
        pictures = [one for one in model.config.conditions if one.kind == "image"]
        if len(pictures) != 1:
            some = "several pictures" if pictures else "no pictures as conditions"
            raise SfumatoError(f"{model.source} was trained with {some}; leave `control` out.")
        upload = checked("control", self.control)
        values[pictures[0].name] = Control(upload, bool(self.control_ready) and pictures[0].computed)
        if self.control_strength is not None:
            if model.config.control_branch is None:
                raise SfumatoError("`control_strength` is of a control branch, and the model has none; leave it out.")
            values[STRENGTH] = self.control_strength
        return values

    def _seeds(self) -> tuple[int, ...]:
        if self.seeds is None:
            return tuple(secrets.randbits(32) for _ in range(self.n or 1))
        seeds = parse_seeds(self.seeds) if isinstance(self.seeds, str) else tuple(self.seeds)
        if len(seeds) > MAX_PICTURES:
            raise SfumatoError(f"`seeds` are of {len(seeds)} pictures, and a request has at most {MAX_PICTURES}.")
        if self.n is not None and self.n != len(seeds):
            raise SfumatoError(f"`seeds` are of {len(seeds)} and `n` says {self.n}; leave one of them out.")
        return seeds


WORDS = {"labels": "class", "prompts": "prompt"}  # what the library's arguments are called here


def in_fields(text: str) -> str:
    """A message of the library in the words of the service."""
    return re.sub(r"`([a-z_]+)`", lambda found: f"'{WORDS.get(found[1], found[1])}'", text)


def kind_of(status: int) -> str:
    """What OpenAI calls an error of that status."""
    return "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"


def refusal(sentence: str, kind: str = "invalid_request_error") -> dict[str, Any]:
    """Why nothing else is answered, as OpenAI's clients read it."""
    return {"error": {"message": in_fields(sentence), "type": kind, "param": None, "code": None}}
