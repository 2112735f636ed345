"""Clips over HTTP: asked for as OpenAI's clients ask for videos, held to what the library draws of the same request."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from test_service import answered

from sfumato.data import KINDS
from sfumato.hub import Keyframes, Model, ModelConfig, SamplingConfig, new_model
from sfumato.hub.request import Upload, read_request
from sfumato.nets import UNetConfig
from sfumato.serving import Engine
from sfumato.serving.guard import App
from sfumato.serving.models import describe
from sfumato.serving.service import make_app
from sfumato.serving.worker import Worker

NET = UNetConfig(3, 2, widths=(16, 32), temporal=True)
FIRST = io.BytesIO()
Image.fromarray(np.full((8, 6, 3), (200, 10, 90), np.uint8)).save(FIRST, "PNG")
GIVEN = base64.b64encode(FIRST.getvalue()).decode()
ASKED = {"class": "cat", "seed": 3, "steps": 3}


def told(body: bytes) -> Any:
    return json.loads(body)


def model() -> Model:
    config = ModelConfig((4, 3, 8, 6), NET, ("cat", "dog"), sampling=SamplingConfig(steps=3), kind="clips")
    made = new_model(config, 0)
    with torch.no_grad():  # so that frames differ
        for number, weight in enumerate(made.denoiser.parameters()):
            weight += 0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(number))
    made.source = "clips"
    return made


@contextmanager
def service() -> Iterator[tuple[App, Worker]]:
    with Worker(Engine({"clips": model})) as worker:
        yield make_app(worker, {"clips": describe("clips", model())}, loopback=True), worker


async def made(app: App, worker: Worker, **asked: Any) -> dict[str, Any]:
    """A clip that is done."""
    status, _, body = await answered(app, "/v1/videos", {**ASKED, **asked})
    about: dict[str, Any] = told(body)
    assert status == 200 and about["object"] == "video" and about["status"] in ("queued", "in_progress", "completed")
    task = worker.find(about["id"], "127.0.0.1")
    assert task is not None
    await asyncio.wrap_future(task.ended)
    _, _, body = await answered(app, f"/v1/videos/{about['id']}")
    ended: dict[str, Any] = told(body)
    return ended


async def frames_of(app: App, id: str, query: str = "?output_format=webp") -> list[np.ndarray[Any, Any]]:
    status, headers, body = await answered(app, f"/v1/videos/{id}/content{query}")
    assert status == 200, body
    with Image.open(io.BytesIO(body)) as image:
        assert headers["content-type"] == f"image/{(image.format or '').lower()}"
        found = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            found.append(np.asarray(image.convert("RGB")))
        return found


def pictures(clip: torch.Tensor) -> np.ndarray[Any, Any]:
    """`(frames, 3, height, width)` as the bytes of files, frames beside each other."""
    values = ((clip.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).numpy()
    return np.concatenate([*values.transpose(0, 2, 3, 1)], axis=1)


@pytest.mark.parametrize(
    ("more", "frames"), [({}, 4), ({"frames": 7}, 7), ({"seconds": "0.25"}, 2), ({"seconds": 1}, 8)]
)
def test_a_clip_is_the_one_that_the_library_draws_of_the_request(more: dict[str, Any], frames: int) -> None:
    async def ask() -> None:
        with service() as (app, worker):
            about = await made(app, worker, **more)
            assert (about["status"], about["progress"], about["frames"]) == ("completed", 100, frames)
            assert (about["seconds"], about["size"], about["seed"]) == (f"{frames / 8:g}", "6x8", 3)
            (sheet,) = await frames_of(app, about["id"], "?variant=spritesheet")
            one = model()
            expected = one.sample([3], ["cat"], steps=3, frames=frames)[0]
            assert np.abs(sheet.astype(int) - pictures(expected).astype(int)).max() <= 1
            (first,) = await frames_of(app, about["id"], "?variant=thumbnail")
            assert np.array_equal(first, sheet[:, :6])
            shown = await frames_of(app, about["id"])
            assert len(shown) == frames and shown[0].shape == (16 * 8, 16 * 6, 3)
            assert np.array_equal(shown[1][8::16, 8::16], sheet[:, 6:12])

    asyncio.run(ask())


def test_frames_that_are_given_are_kept_bit_for_bit() -> None:
    async def ask() -> None:
        with service() as (app, worker):
            about = await made(app, worker, input_reference=GIVEN, last_frame=f"data:image/png;base64,{GIVEN}")
            (sheet,) = await frames_of(app, about["id"], "?variant=spritesheet")
            given = np.asarray(Image.open(io.BytesIO(FIRST.getvalue())))
            assert np.array_equal(sheet[:, :6], given) and np.array_equal(sheet[:, -6:], given)
            assert not np.array_equal(sheet[:, 6:12], given)

    asyncio.run(ask())


def test_a_form_asks_what_json_does() -> None:
    boundary = "frontier"
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in ASKED.items()]
    file = (
        b'Content-Disposition: form-data; name="input_reference"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    )
    body = b"".join(f"--{boundary}\r\n{part}\r\n".encode() for part in parts)
    body += f"--{boundary}\r\n".encode() + file + FIRST.getvalue() + f"\r\n--{boundary}--\r\n".encode()

    async def ask() -> None:
        with service() as (app, worker):
            kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
            status, _, answer = await answered(app, "/v1/videos", body, **kind)
            assert status == 200, answer
            task = worker.find(told(answer)["id"], "127.0.0.1")
            assert task is not None
            await asyncio.wrap_future(task.ended)
            about = await made(app, worker, input_reference=GIVEN)
            one, other = [await frames_of(app, id, "?variant=spritesheet") for id in (task.id, about["id"])]
            assert np.array_equal(one[0], other[0])

    asyncio.run(ask())


def test_clips_are_listed_and_deleted_and_pictures_are_none() -> None:
    async def ask() -> None:
        with service() as (app, worker):
            ids = [(await made(app, worker, seed=seed))["id"] for seed in (1, 2, 3)]
            for path in ("/v1/jobs", "/v1/images/generations"):
                status, _, body = await answered(app, path, {"class": "cat", "steps": 2})
                assert status == 400 and "ask /v1/videos" in told(body)["error"]["message"]
            for query, expected in (("", ids[::-1]), ("?order=asc", ids), (f"?limit=1&after={ids[2]}", ids[1:2])):
                listed = told((await answered(app, f"/v1/videos{query}"))[2])
                assert [one["id"] for one in listed["data"]] == expected
            deleted = told((await answered(app, f"/v1/videos/{ids[0]}", method="DELETE"))[2])
            assert deleted == {"id": ids[0], "object": "video.deleted", "deleted": True}
            assert (await answered(app, f"/v1/videos/{ids[0]}"))[0] == 404
            assert (await answered(app, f"/v1/videos/{ids[1]}", client="10.0.0.9"))[0] == 404
            assert (await answered(app, f"/v1/videos/{ids[1]}/content?fps=0"))[0] == 400

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"frames": 2, "seconds": "1"}, "leave one of them out"),
        ({"seconds": "40"}, "1 to 256 frames"),
        ({"seconds": 1e308}, "seconds"),
        ({"seconds": 0.001}, "1 to 256 frames"),
        ({"frames": 257}, "frames"),
        ({"size": "720x1280"}, "6x8"),
        ({"frames": 1, "input_reference": GIVEN}, "all frames of the clip are given"),
        ({"input_reference": base64.b64encode(b"none").decode()}, "no picture that can be read"),
        ({"prompt": "a cat"}, "cat, dog"),
        ({"fps": 8}, "fps"),
    ],
)
def test_what_can_not_be_is_refused_in_one_sentence(asked: dict[str, Any], words: str) -> None:
    async def ask() -> None:
        with service() as (app, _):
            own = {name: value for name, value in ASKED.items() if name != "class" or "prompt" not in asked}
            status, _, body = await answered(app, "/v1/videos", {**own, **asked})
            assert status == 400 and words in told(body)["error"]["message"], body

    asyncio.run(ask())


def test_pictures_that_are_frames_are_among_the_files_of_a_request() -> None:
    uploads = [Upload.named(name, bytes([number])) for number, name in enumerate("ab")]
    request = replace(model().request([1], ["cat"]), edit=Keyframes({0: uploads[0], -1: uploads[1]}))
    assert request.files == (*uploads,)
    known = {one.sha256: one for one in uploads}
    again = read_request(request.json()).with_files(lambda file: known[file.sha256])
    assert isinstance(again.edit, Keyframes) and again.edit.frames == {0: uploads[0], -1: uploads[1]}
    assert KINDS["clips"].moving
