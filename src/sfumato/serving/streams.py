"""Server-sent events: how a job stands, and pictures as they come, in OpenAI's shape."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

from sfumato.serving.messages import ENDING, kind_of, refusal
from sfumato.serving.tasks import Task
from sfumato.serving.uploads import as_kind

EVENT_SECONDS, PARTIAL_SECONDS = 0.2, 0.05  # between two looks at a job; at its partial pictures
QUIET_SECONDS = 15.0  # without an event, after which a comment keeps the connection open
USAGE = {
    "input_tokens": 0,
    "output_tokens": 0,
    "total_tokens": 0,
    "input_tokens_details": {"text_tokens": 0, "image_tokens": 0},
}  # which OpenAI's clients expect
GENERATION, EDIT = "image_generation", "image_edit"  # what OpenAI's events begin with


async def followed(
    task: Task, about: Callable[[], dict[str, Any]], size: str, ending: asyncio.Event
) -> AsyncIterator[str]:
    """How a job stands, whenever that changes until it has ended, and the partial pictures that it has."""
    before, sent = None, dict[int, int]()
    async for final in _looks(task, ending, EVENT_SECONDS):
        for event in _partials(task, GENERATION, size, sent):
            yield event
        now = about()
        if final and not task.ended.done():
            now |= refusal(ENDING, kind_of(503))
        if now != before:
            yield f"data: {json.dumps(now)}\n\n"
        elif final is None:
            yield ": still there\n\n"
        before = now


async def streamed(task: Task, kind: str, size: str, ending: asyncio.Event) -> AsyncIterator[str]:
    """The pictures of a task as they come: partial ones, and each when all are done. An error is the last event."""
    sent = dict[int, int]()
    async for final in _looks(task, ending, PARTIAL_SECONDS):
        for event in _partials(task, kind, size, sent):
            yield event
        if final is None:
            yield ": still there\n\n"
    job = task.job
    if not task.ended.done():
        yield _event("error", refusal(ENDING, kind_of(503)))
    elif job.state != "done":
        yield _event("error", refusal(job.error or "the job was cancelled."))
    else:
        for row, png in enumerate(task.pngs):
            content = await asyncio.to_thread(as_kind, png, task.terms.kind, task.terms.compression)
            yield _picture(f"{kind}.completed", task, row, content, size, task.terms.kind, usage=USAGE)


async def _looks(task: Task, ending: asyncio.Event, seconds: float) -> AsyncIterator[bool | None]:
    """Whether this look at the task is the last; None where nothing was said for QUIET_SECONDS."""
    ended, end = asyncio.wrap_future(task.ended), asyncio.ensure_future(ending.wait())
    quiet = time.monotonic()
    try:
        while True:
            final = ended.done() or ending.is_set()
            late = time.monotonic() - quiet > QUIET_SECONDS
            yield None if late and not final else final
            quiet = time.monotonic() if late else quiet
            if final:
                return
            await asyncio.wait((ended, end), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        end.cancel()


def _partials(task: Task, kind: str, size: str, sent: dict[int, int]) -> Iterator[str]:
    """The partial pictures of rows that are newer than those `sent`."""
    for row, (number, png) in sorted({**task.partials}.items()):
        if sent.get(row, -1) < number:
            sent[row] = number
            yield _picture(f"{kind}.partial_image", task, row, png, size, "png", partial_image_index=number)


def _picture(kind: str, task: Task, row: int, content: bytes, size: str, output_format: str, **more: Any) -> str:
    return _event(
        kind,
        {
            "type": kind,
            "b64_json": base64.b64encode(content).decode("ascii"),
            "created_at": task.created,
            "size": size,
            "quality": "auto",
            "background": "opaque",
            "output_format": output_format,
            "index": row,
            "seed": task.job.request.seeds[row],
            **more,
        },
    )


def _event(name: str, data: Mapping[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
