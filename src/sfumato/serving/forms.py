"""What is asked by a form, as OpenAI's clients send pictures, in the words of JSON."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from sfumato.hub.request import Upload
from sfumato.serving.uploads import file_name

PICTURES = ("image", "mask", "control", "input_reference", "last_frame")
T = TypeVar("T", bound=BaseModel)
MAX_FILES, MAX_FIELDS = 8, 256  # of one form


async def read_asked(request: Request, kind: type[T]) -> T:
    """What the body of `request` asks, a form or JSON. Raises RequestValidationError for what doesn't fit."""
    form = request.headers.get("content-type", "").lower().startswith(("multipart/", "application/x-www-form-"))
    try:
        if form:
            return kind.model_validate(await _fields(request), strict=False)
        return kind.model_validate_json(await request.body())
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        raise RequestValidationError(found) from error


async def _fields(request: Request) -> dict[str, Any]:
    """The fields of a form: `seeds[]` names a list, `conditions[age]` a table."""
    found: dict[str, Any] = {}
    async with request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS) as form:
        for given, value in form.multi_items():
            if isinstance(value, UploadFile) and not (value.filename or value.size):  # of a page's empty field
                continue
            one: Any = value
            if isinstance(value, UploadFile):
                one = Upload.named(file_name(value.filename or ""), await value.read())
            parts = re.fullmatch(r"([^\[\]]+)\[([^\[\]]*)\]", given)
            name = parts[1] if parts else given
            if name in PICTURES or parts is None:
                if name in found:
                    raise _refused(name, "given more than once; give one")
                found[name] = one
            elif parts[2]:
                table = found.setdefault(name, {})
                if not isinstance(table, dict):
                    raise _refused(name, "given in two ways; give one")
                table[parts[2]] = one
            else:
                listed = found.setdefault(name, [])
                if not isinstance(listed, list):
                    raise _refused(name, "given in two ways; give one")
                listed.append(one)
    return found


def _refused(name: str, why: str) -> RequestValidationError:
    return RequestValidationError([{"type": "form", "loc": ("body", name), "msg": why}])


def documented(kind: type[BaseModel]) -> dict[str, Any]:
    """The body of a route that takes a form or JSON, for OpenAPI."""
    schema = kind.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    file = {"type": "string", "format": "binary"}
    form = {
        **schema,
        "properties": {**schema["properties"], **{name: file for name in PICTURES if name in kind.model_fields}},
    }
    form.pop("example", None)
    content = {"multipart/form-data": {"schema": form}, "application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}
