"""What the service says where it can't do what is asked: in a sentence, as OpenAI's clients read it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from sfumato.errors import SfumatoError
from sfumato.serving.guard import RETRY_SECONDS
from sfumato.serving.jobs import Conflict, Full
from sfumato.serving.messages import ALLOWED, Asked, kind_of, refusal

LONGEST = 60  # of what was sent, as told in a sentence
FITS = {  # what a field takes, by how pydantic's name for what is wrong begins
    "int_": "takes whole numbers",
    "float_": "takes numbers",
    "finite_number": "takes finite numbers",
    "bool_": "is true or false",
    "dict_type": "is a table of numbers by name",
    "string_type": "takes a text",
    "string_too_long": "has at most {max_length} characters",
    "too_long": "has at most {max_length} entries",
    "greater_than_equal": "is {ge} or more",
    "less_than_equal": "is {le} or less",
    "less_than": "is below {lt}",
    "literal_error": "is {expected}",
}


def answer_errors(app: FastAPI) -> None:
    """Let `app` answer all that is raised."""
    for kind, handler in (
        (RequestValidationError, _unfit),
        (SfumatoError, _unable),
        (HTTPException, _http),
        (Exception, _unexpected),
    ):
        app.add_exception_handler(kind, handler)


def _said(error: RequestValidationError) -> str:
    """The first field that doesn't fit, in a sentence; of what it may be, by what it comes closest to."""
    errors: Sequence[Any] = error.errors()
    where = errors[0]["loc"][1:2]
    found = max((one for one in errors if one["loc"][1:2] == where), key=lambda one: len(one["loc"]))
    if found["type"] == "json_invalid":
        return "the body is no JSON that can be read."
    if not where:
        return "the body is a JSON object, sent as application/json."
    if found["type"] == "extra_forbidden":
        known = [one.alias or name for name, one in Asked.model_fields.items()]
        close = get_close_matches(str(where[0]), known, n=1, cutoff=0.7)
        hint = f"did you mean '{close[0]}'? The" if close else "the"
        return f"'{where[0]}' is no field; {hint} fields are {', '.join(known)}."
    if where[0] in ALLOWED and (len(found["loc"]) <= len(("body", "field", "kind")) or found["type"] == "string_type"):
        return f"'{where[0]}' is {ALLOWED[where[0]]}."
    if fits := next((words for kind, words in FITS.items() if found["type"].startswith(kind)), None):
        bounds = {name: f"{one:g}" if isinstance(one, float) else one for name, one in found.get("ctx", {}).items()}
        return f"'{where[0]}' {fits.format(**bounds)}{_given(found['input'])}."
    words = found["msg"].removeprefix("Value error, ")
    return f"'{where[0]}': {words[0].lower()}{words[1:]}."


def _given(value: object) -> str:
    """What was sent in its place, where that is brief."""
    words = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return f", not {words}" if len(words) <= LONGEST else ""


def _answer(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(refusal(sentence, kind_of(status)), status, dict(headers or {}))


async def _unfit(request: Request, error: Any) -> Any:
    return _answer(400, _said(error))


async def _unable(request: Request, error: Any) -> Any:
    if isinstance(error, Full):
        return _answer(429, str(error), {"Retry-After": str(RETRY_SECONDS)})
    return _answer(422 if isinstance(error, Conflict) else 400, str(error))


async def _http(request: Request, error: Any) -> Any:
    if error.status_code == 405:  # the framework names the methods of one route only
        methods = [str(method) for route in request.app.routes for method in _methods(route, request)]
        sentence = f"this address takes {' and '.join(methods)}, not {request.method}."
        return _answer(405, sentence, {"Allow": ", ".join(methods)})
    ours = error.detail.endswith(".")  # else only the name of the status
    other = "there is nothing at this address." if error.status_code == 404 else f"{error.detail.lower()}."
    return _answer(error.status_code, error.detail if ours else other, error.headers)


def _methods(route: Any, request: Request) -> list[str]:
    """The methods of a route that leads where the request does."""
    return sorted(route.methods) if route.matches(request.scope)[0] != Match.NONE else []


async def _unexpected(request: Request, error: Any) -> Any:
    return _answer(500, f"an unexpected {type(error).__name__}; please report it.")
