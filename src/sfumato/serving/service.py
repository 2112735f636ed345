"""The HTTP service before an engine: pictures as OpenAI's clients ask for them, and jobs that outlive their clients."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from sfumato.errors import SfumatoError, unknown
from sfumato.hub import Model
from sfumato.serving.guard import App, Guard
from sfumato.serving.jobs import Full
from sfumato.serving.messages import ALLOWED, ENDING, Asked, kind_of, refusal
from sfumato.serving.worker import Task, Worker

RETRY_SECONDS = 5
EVENT_SECONDS = 0.2  # between two looks at a job
LEFT = 499  # nginx's word for a client that has gone, who doesn't read it


def describe(name: str, model: Model) -> dict[str, Any]:
    """What clients may know of a model: OpenAI's fields, and what it takes."""
    settings = model.config.sampling
    return {
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": "sfumato",
        "size": "x".join(map(str, reversed(model.config.seen[1][1:]))),
        "classes": list(model.config.classes),
        "takes_prompts": model.text_conditional,
        "sampler": settings.sampler,
        "steps": settings.steps,
        "guidance": settings.guidance,
        "weights_sha256": model.weights_hash,
    }


class Service:
    """What each address answers; `models` are what is served, by name (see `describe`).

    A client is known by its address: it has a queue of its own, and its jobs are nobody else's. Once it is `ending`,
    whoever waits is told so at once.
    """

    def __init__(self, worker: Worker, models: Mapping[str, dict[str, Any]], ending: asyncio.Event) -> None:
        self._worker = worker
        self._models = dict(models)
        self._ending = ending

    async def generate(self, asked: Asked, request: Request) -> Any:
        """Generate pictures and wait for them; who leaves before they are there cancels them."""
        task = await self._submit(asked, request)
        ended = asyncio.wrap_future(task.ended)
        left = asyncio.ensure_future(request.receive())  # after the body, only that the client has gone
        ending = asyncio.ensure_future(self._ending.wait())
        try:
            await asyncio.wait((ended, left, ending), return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                self._worker.cancel(task)
                if self._ending.is_set():
                    raise HTTPException(503, ENDING)
                return Response(status_code=LEFT)
        finally:
            left.cancel()
            ending.cancel()
            self._worker.forget(task)
        return _pictures(task)

    async def submit(self, asked: Asked, request: Request) -> Any:
        """Accept a job, which goes on whether or not its client stays."""
        return JSONResponse(self._about(await self._submit(asked, request, keep=True)), 202)

    async def jobs(self, request: Request) -> Any:
        """The client's jobs, the newest first."""
        return {"object": "list", "data": [self._about(task) for task in self._worker.tasks(_owner(request))]}

    async def job(self, id: str, request: Request) -> Any:
        """How a job stands, with its pictures once it is done."""
        task = self._find(id, request)
        about = self._about(task)
        return about | (_pictures(task) if about["status"] == "done" else {})

    async def events(self, id: str, request: Request) -> Any:
        """How a job stands, as server-sent events, whenever that changes until it has ended."""
        task = self._find(id, request)

        async def told() -> AsyncIterator[str]:
            ended, before = asyncio.wrap_future(task.ended), None
            ending = asyncio.ensure_future(self._ending.wait())
            try:
                while True:
                    final, about = ended.done(), self._about(task)
                    if not final and self._ending.is_set():
                        about, final = about | refusal(ENDING, kind_of(503)), True
                    if about != before:
                        yield f"data: {json.dumps(about)}\n\n"
                    if final:
                        return
                    before = about
                    await asyncio.wait((ended, ending), timeout=EVENT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            finally:
                ending.cancel()

        return StreamingResponse(told(), media_type="text/event-stream")

    async def cancel(self, id: str, request: Request) -> Any:
        """Drop a job; one that has ended stays as it is."""
        task = self._find(id, request)
        await asyncio.wrap_future(self._worker.cancel(task))
        return self._about(task)

    async def models(self) -> Any:
        """What can be asked."""
        return {"object": "list", "data": list(self._models.values())}

    async def model(self, id: str) -> Any:
        """What one model can be asked."""
        if id not in self._models:
            raise HTTPException(404, str(unknown("model", id, self._models)))
        return self._models[id]

    async def health(self) -> Any:
        """Whether the service works."""
        if not self._worker.alive:
            raise HTTPException(503, "the engine has stopped; start the service again.")
        return {"status": "ok"}

    async def _submit(self, asked: Asked, request: Request, keep: bool = False) -> Task:
        name = asked.model or next(iter(self._models))
        if asked.model is None and len(self._models) > 1:
            raise SfumatoError(f"`model` is missing; the choices are {', '.join(self._models)}.")
        if self._ending.is_set():
            raise HTTPException(503, ENDING)
        return await asyncio.wrap_future(self._worker.submit(name, asked.request, _owner(request), keep))

    def _find(self, name: str, request: Request) -> Task:
        if (task := self._worker.find(name, _owner(request))) is None:
            raise HTTPException(404, "there is no job of that id, or its pictures are kept no longer.")
        return task

    def _about(self, task: Task) -> dict[str, Any]:
        job = task.job
        about: dict[str, Any] = {
            "id": task.id,
            "object": "job",
            "created": task.created,
            "model": job.model,
            "status": task.state,
            "progress": round(job.progress, 4),
        }
        if job.state == "waiting":
            about["before_it"] = self._worker.place(task)
        return about | ({} if job.error is None else {"error": refusal(job.error)["error"]})


def _pictures(task: Task) -> dict[str, Any]:
    """The pictures of a job as OpenAI's clients read them, each with its seed; raises where there are none."""
    if task.job.error is not None:
        raise SfumatoError(task.job.error)
    if not task.pngs:
        raise HTTPException(409, "the job was cancelled.")
    each = zip(task.pngs, task.job.request.seeds, strict=True)
    return {
        "created": int(time.time()),
        "data": [{"b64_json": base64.b64encode(data).decode("ascii"), "seed": seed} for data, seed in each],
    }


def _owner(request: Request) -> str:
    return request.client.host if request.client else ""


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
    return f"'{where[0]}': {found['msg'][0].lower()}{found['msg'][1:]}."


def _answer(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(refusal(sentence, kind_of(status)), status, dict(headers or {}))


async def _unfit(request: Request, error: Any) -> Any:
    return _answer(400, _said(error))


async def _unable(request: Request, error: Any) -> Any:
    if isinstance(error, Full):
        return _answer(429, str(error), {"Retry-After": str(RETRY_SECONDS)})
    return _answer(400, str(error))


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


ROUTES: Sequence[tuple[str, str, str]] = (
    ("POST", "/v1/images/generations", "generate"),
    ("GET", "/v1/models", "models"),
    ("GET", "/v1/models/{id}", "model"),
    ("POST", "/v1/jobs", "submit"),
    ("GET", "/v1/jobs", "jobs"),
    ("GET", "/v1/jobs/{id}", "job"),
    ("GET", "/v1/jobs/{id}/events", "events"),
    ("POST", "/v1/jobs/{id}/cancel", "cancel"),
    ("GET", "/healthz", "health"),
    ("HEAD", "/healthz", "health"),
    ("GET", "/readyz", "health"),
    ("HEAD", "/readyz", "health"),
)


def make_app(
    worker: Worker,
    models: Mapping[str, dict[str, Any]],
    loopback: bool,
    token: str | None = None,
    ending: asyncio.Event | None = None,
) -> App:
    """The service of `worker` as an ASGI application; with a `token`, for those alone who have it. Set `ending`, and
    nobody waits any longer."""
    ending = ending or asyncio.Event()
    service = Service(worker, models, ending)
    app = FastAPI(title="Sfumato", version=version("sfumato"), docs_url=None, redoc_url=None)
    for method, path, name in ROUTES:
        app.add_api_route(path, getattr(service, name), methods=[method], response_model=None)
    for kind, handler in (
        (RequestValidationError, _unfit),
        (SfumatoError, _unable),
        (HTTPException, _http),
        (Exception, _unexpected),
    ):
        app.add_exception_handler(kind, handler)
    return Guard(app, loopback, token, ending)
