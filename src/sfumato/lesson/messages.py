"""What the lesson's pages send to this machine, and what they get back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class SampleRequest(BaseModel):
    """Pictures asked for; what is left out is the model's own. Without labels a model samples all its classes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    seeds: Annotated[list[Annotated[int, Field(ge=0, lt=2**53)]], Field(min_length=1, max_length=64)]
    labels: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=64)] | None = None
    sampler: Annotated[str, Field(max_length=40)] | None = None
    steps: Annotated[int, Field(ge=1, le=1000)] | None = None
    guidance: Annotated[float, Field(ge=0, le=30, allow_inf_nan=False)] | None = None


class Empty(BaseModel):
    """The empty object: what starting and stopping take."""

    model_config = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True)
class Answer:
    """What goes back to the page."""

    content: bytes
    kind: str = "application/json"
    status: HTTPStatus = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict)


def json_answer(value: Any, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> Answer:
    """`value` as JSON."""
    return Answer(json.dumps(value, separators=(",", ":")).encode(), status=status, headers=headers)


def refused(status: HTTPStatus, sentence: str, **headers: str) -> Answer:
    """Why nothing else is answered, in a sentence."""
    return json_answer({"error": sentence}, status, **headers)
