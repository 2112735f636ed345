"""The HTTP service before an engine: pictures as OpenAI's clients ask for them, and jobs that outlive their clients."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from sfumato.data.clips import FPS
from sfumato.errors import SfumatoError, unknown
from sfumato.serving.answers import answer_errors
from sfumato.serving.forms import PICTURES, documented, read_asked
from sfumato.serving.guard import App, Guard
from sfumato.serving.messages import DRAINING, ENDING, Asked, refusal
from sfumato.serving.metrics import CONTENT_TYPE, Requests, metrics
from sfumato.serving.phase import Phase
from sfumato.serving.rates import Rates
from sfumato.serving.streams import EDIT, GENERATION, followed, streamed
from sfumato.serving.tasks import KEPT_JOBS, Task, Terms
from sfumato.serving.trainings import ROUTES as TRAINING
from sfumato.serving.trainings import Trainings
from sfumato.serving.uploads import Kind, as_kind
from sfumato.serving.videos import Rate, Variant, VideoAsked, VideoKind, about_video, is_video, video_file
from sfumato.serving.watch import Watch
from sfumato.serving.worker import Worker

LEFT = 499  # nginx's word for a client that has gone, who doesn't read it
KEY = re.compile(r"[!-~]{1,200}")  # an Idempotency-Key


class Service:
    """What each address answers; `models` are what is served, by name (see models.describe).

    A client is known by its address: it has a queue of its own, and its jobs are nobody else's. While it is draining
    nothing more is accepted, and once it is ending whoever waits is told so at once.
    """

    def __init__(self, worker: Worker, models: Mapping[str, dict[str, Any]], phase: Phase, requests: Requests) -> None:
        self._worker = worker
        self._models = models
        self._phase = phase
        self._ending = phase.ending
        self._requests = requests

    async def generate(self, asked: Asked, request: Request) -> Any:
        """Generate pictures and wait for them; who leaves before they are there cancels them. With `stream` they are
        server-sent events, with `partial_images` of each on the way. With an Idempotency-Key it is a job, which goes
        on."""
        return await self._answered(asked, request, GENERATION)

    async def edit(self, request: Request) -> Any:
        """Generate from a picture: variations of it, or, with a `mask`, what is under that, or with `upscale` a larger
        one. A mask is white where to generate, or as OpenAI's transparent there."""
        asked = await read_asked(request, Asked)
        if asked.image is None:
            raise SfumatoError("`image` is missing; send the picture to begin with.")
        return await self._answered(asked, request, EDIT)

    async def submit(self, asked: Asked, request: Request) -> Any:
        """Accept a job, which goes on whether or not its client stays."""
        if asked.stream:
            raise SfumatoError("`stream` is of pictures that are waited for; of a job read /v1/jobs/ID/events.")
        return JSONResponse(self._described(await self._submit(asked, request, keep=True)), 202)

    async def jobs(
        self,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=KEPT_JOBS)] = KEPT_JOBS,
        after: Annotated[str | None, Query(max_length=100)] = None,
    ) -> Any:
        """The client's jobs, the newest first: at most `limit`, those before the one called `after`."""
        return _listed(await self._tasks(request), limit, after, self._described)

    async def job(self, id: str, request: Request) -> Any:
        """How a job stands, with its pictures once it is done."""
        task = await self._find(id, request)
        about = self._described(task)
        return about | (await _pictures(task) if about["status"] == "done" else {})

    async def picture(self, id: str, number: int, request: Request, output_format: Kind | None = None) -> Any:
        """One picture of a job that is done, as a file."""
        task = await self._find(id, request)
        if not 0 <= number < len(task.pngs):
            raise HTTPException(404, "the job has no picture of that number, or none yet.")
        kind = output_format or task.terms.kind
        compression = task.terms.compression if kind == task.terms.kind else None
        content = await asyncio.to_thread(as_kind, task.pngs[number], kind, compression)
        return Response(content, media_type=f"image/{kind}")

    async def events(self, id: str, request: Request) -> Any:
        """How a job stands, as server-sent events, whenever that changes until it has ended; its partial pictures,
        where some were asked for, are events of their own."""
        task = await self._find(id, request)
        told = followed(task, lambda: self._about(task), self._size(task), self._ending)
        return StreamingResponse(told, media_type="text/event-stream")

    async def cancel(self, id: str, request: Request) -> Any:
        """Drop a job; one that has ended stays as it is."""
        task = await self._find(id, request)
        await asyncio.wrap_future(self._worker.cancel(task))
        return self._about(task)

    async def delete(self, id: str, request: Request) -> Any:
        """Drop a job and forget it with its pictures."""
        await asyncio.wrap_future(self._worker.forget(await self._find(id, request)))
        return {"id": id, "object": "job", "deleted": True}

    async def create_video(self, request: Request) -> Any:
        """Accept a clip, which goes on whether or not its client stays."""
        task = await self._submit(await read_asked(request, VideoAsked), request, keep=True)
        return self._video(task)

    async def videos(
        self,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=KEPT_JOBS)] = 20,
        after: Annotated[str | None, Query(max_length=100)] = None,
        order: Literal["asc", "desc"] = "desc",
    ) -> Any:
        """The client's clips, the newest first unless `order` is asc: at most `limit`, those behind the one `after`."""
        tasks = [task for task in await self._tasks(request) if is_video(task)]
        return _listed(tasks if order == "desc" else tasks[::-1], limit, after, self._video)

    async def video(self, id: str, request: Request) -> Any:
        """How a clip stands."""
        return self._video(await self._find_video(id, request))

    async def video_content(
        self,
        id: str,
        request: Request,
        variant: Variant = "video",
        output_format: VideoKind | None = None,
        fps: Rate = FPS,
    ) -> Any:
        """A clip that is done, as a file."""
        task = await self._find_video(id, request)
        if not task.pngs:
            raise HTTPException(404, "the clip isn't there yet, or never will be; its `status` says which.")
        frames = task.job.request.sampling.frames or 1
        content, media = await asyncio.to_thread(video_file, task.pngs[0], frames, variant, output_format, fps)
        return Response(content, media_type=media)

    async def delete_video(self, id: str, request: Request) -> Any:
        """Drop a clip and forget it."""
        await asyncio.wrap_future(self._worker.forget(await self._find_video(id, request)))
        return {"id": id, "object": "video.deleted", "deleted": True}

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

    async def ready(self) -> Any:
        """Whether it may be asked for pictures."""
        if self._phase.draining:
            raise HTTPException(503, DRAINING)
        return await self.health()

    async def metrics(self) -> Any:
        """What it has done, for Prometheus."""
        return Response(metrics(self._worker, self._requests), media_type=CONTENT_TYPE)

    async def _answered(self, asked: Asked, request: Request, kind: str) -> Any:
        """The pictures, once they are there or as they come."""
        task = await self._submit(asked, request)
        if asked.stream:
            return StreamingResponse(self._streamed(task, kind), media_type="text/event-stream")
        ended = asyncio.wrap_future(task.ended)
        left = asyncio.ensure_future(request.receive())  # after the body, only that the client has gone
        ending = asyncio.ensure_future(self._ending.wait())
        try:
            await asyncio.wait((ended, left, ending), return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                if self._ending.is_set():
                    raise HTTPException(503, ENDING)
                return Response(status_code=LEFT)
            return await _pictures(task)
        finally:
            left.cancel()
            ending.cancel()
            self._let_go(task)

    async def _streamed(self, task: Task, kind: str) -> AsyncIterator[str]:
        try:
            async for event in streamed(task, kind, self._size(task), self._ending):
                yield event
        finally:
            self._let_go(task)

    def _let_go(self, task: Task) -> None:
        """Drop what nobody will ask for again."""
        if not task.terms.keep:
            self._worker.forget(task)

    async def _submit(self, asked: Asked | VideoAsked, request: Request, keep: bool = False) -> Task:
        name = asked.model or next(iter(self._models))
        if asked.model is None and len(self._models) > 1:
            raise SfumatoError(f"`model` is missing; the choices are {', '.join(self._models)}.")
        if self._phase.draining or self._ending.is_set():
            raise HTTPException(503, ENDING if self._ending.is_set() else DRAINING)
        if asked.output_compression not in (None, 100) and asked.output_format == "png":
            raise SfumatoError("`output_compression` is of webp and jpeg, and a png loses nothing; leave it out.")
        key = request.headers.get("idempotency-key")
        if key is not None and not KEY.fullmatch(key):
            raise SfumatoError("an Idempotency-Key is 1 to 200 letters, digits and signs, without spaces.")
        terms = Terms(
            _owner(request),
            keep or key is not None,
            key,
            "" if key is None else _hash(asked, request.url.path),
            asked.output_format,
            asked.output_compression,
            asked.partial_images or 0,
        )
        return await asyncio.wrap_future(self._worker.submit(name, asked.request, terms))

    async def _find(self, name: str, request: Request) -> Task:
        worker, owner = self._worker, _owner(request)
        task = await asyncio.to_thread(worker.find, name, owner) if worker.shared else worker.find(name, owner)
        if task is None:
            raise HTTPException(404, "there is no job of that id, or its pictures are kept no longer.")
        return task

    async def _tasks(self, request: Request) -> list[Task]:
        worker, owner = self._worker, _owner(request)
        return await asyncio.to_thread(worker.tasks, owner) if worker.shared else worker.tasks(owner)

    async def _find_video(self, name: str, request: Request) -> Task:
        task = await self._find(name, request)
        if not is_video(task):
            raise HTTPException(404, "the job of that id has no clip; read /v1/jobs/ID.")
        return task

    def _video(self, task: Task) -> dict[str, Any]:
        return about_video(task, self._size(task))

    def _size(self, task: Task) -> str:
        return str(self._models.get(task.job.model, {}).get("size", "auto"))

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

    def _described(self, task: Task) -> dict[str, Any]:
        """How a job stands, and what was asked."""
        return self._about(task) | {"request": json.loads(task.job.request.json()), "pictures": task.count}


def _listed(
    tasks: Sequence[Task], limit: int, after: str | None, about: Callable[[Task], dict[str, Any]]
) -> dict[str, Any]:
    """A page of tasks: at most `limit`, those behind the one called `after`; none where that isn't there."""
    if after is not None:
        places = [place for place, task in enumerate(tasks) if task.id == after]
        tasks = tasks[places[0] + 1 :] if places else []
    return {"object": "list", "data": [about(task) for task in tasks[:limit]], "has_more": len(tasks) > limit}


async def _pictures(task: Task) -> dict[str, Any]:
    """The pictures of a job as OpenAI's clients read them, each with its seed; raises where there are none."""
    if task.job.error is not None:
        raise SfumatoError(task.job.error)
    if not task.pngs:
        raise HTTPException(409, "the job was cancelled.")

    def files() -> list[str]:
        each = (as_kind(png, task.terms.kind, task.terms.compression) for png in task.pngs)
        return [base64.b64encode(data).decode("ascii") for data in each]

    texts = await asyncio.to_thread(files)
    each = zip(texts, task.job.request.seeds, strict=True)
    return {
        "created": int(time.time()),
        "output_format": task.terms.kind,
        "data": [{"b64_json": text, "seed": seed} for text, seed in each],
    }


def _owner(request: Request) -> str:
    return request.client.host if request.client else ""


def _hash(asked: Asked | VideoAsked, path: str) -> str:
    """What tells apart what was asked by one key."""
    given = {name: value for name, value in asked if name not in PICTURES}
    sent = {name: one.sha256 for name, one in asked if name in PICTURES and one is not None}
    return hashlib.sha256(json.dumps([path, given, sent], sort_keys=True).encode()).hexdigest()


ROUTES: Sequence[tuple[str, str, str]] = (
    ("POST", "/v1/images/generations", "generate"),
    ("POST", "/v1/images/edits", "edit"),
    ("POST", "/v1/images/variations", "edit"),
    ("POST", "/v1/videos", "create_video"),
    ("GET", "/v1/videos", "videos"),
    ("GET", "/v1/videos/{id}", "video"),
    ("DELETE", "/v1/videos/{id}", "delete_video"),
    ("GET", "/v1/videos/{id}/content", "video_content"),
    ("GET", "/v1/models", "models"),
    ("GET", "/v1/models/{id}", "model"),
    ("POST", "/v1/jobs", "submit"),
    ("GET", "/v1/jobs", "jobs"),
    ("GET", "/v1/jobs/{id}", "job"),
    ("DELETE", "/v1/jobs/{id}", "delete"),
    ("GET", "/v1/jobs/{id}/events", "events"),
    ("GET", "/v1/jobs/{id}/pictures/{number}", "picture"),
    ("POST", "/v1/jobs/{id}/cancel", "cancel"),
    ("GET", "/healthz", "health"),
    ("HEAD", "/healthz", "health"),
    ("GET", "/readyz", "ready"),
    ("HEAD", "/readyz", "ready"),
    ("GET", "/metrics", "metrics"),
)

BODIES: Mapping[str, type[BaseModel]] = {"edit": Asked, "create_video": VideoAsked}  # that may be forms


def make_app(
    worker: Worker,
    models: Mapping[str, dict[str, Any]],
    loopback: bool,
    token: str | None = None,
    phase: Phase | None = None,
    rates: Rates | None = None,
    log: Callable[[str], object] | None = None,
    trainings: Trainings | None = None,
) -> App:
    """The service of `worker` as an ASGI application; with a `token`, for those alone who have it, each as often as
    `rates` say. How near its end it is, `phase` says. `log` is given a line of JSON about each request. Where
    there are `trainings` the studio may begin them. To what is served models may be added later."""
    phase, requests = phase or Phase(), Requests()
    service = Service(worker, models, phase, requests)
    app = FastAPI(title="Sfumato", version=version("sfumato"), docs_url=None, redoc_url=None)
    for method, path, name in ROUTES:
        more = documented(BODIES[name]) if name in BODIES else None
        app.add_api_route(path, getattr(service, name), methods=[method], response_model=None, openapi_extra=more)
    for method, path, name in TRAINING if trainings is not None else ():
        endpoint = getattr(trainings, name)
        app.add_api_route(path, endpoint, methods=[method], response_model=None, include_in_schema=False)
    answer_errors(app)
    return Watch(Guard(app, loopback, token, phase.ending, rates), requests, log)
