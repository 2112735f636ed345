"""OpenAI's own client against `sfumato serve`: it generates, edits, streams and lists, and its exceptions are ours."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
from numpy.typing import NDArray
from PIL import Image

from manual import blocks
from served import TOKEN, Served, png, serving
from sfumato.cli import app
from sfumato.data import read_about

WHITE = np.zeros((8, 8), np.uint8)
WHITE[3:, 2:6] = 255


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as service:
        yield service


@pytest.fixture(scope="module")
def client(served: Served) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"http://127.0.0.1:{served.port}/v1", api_key=TOKEN, max_retries=0)


def pixels(data: bytes) -> NDArray[np.int64]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("L"), np.int64)


def content(answer: Any) -> list[bytes]:
    return [base64.b64decode(one.b64_json) for one in answer.data]


def test_it_lists_models_and_generates(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["digits"]
    assert client.models.retrieve("digits").model_extra["classes"] == [*"0123456789"]  # type: ignore[index]
    answer = client.images.generate(model="digits", prompt="3", n=2, size="auto", extra_body={"seeds": "5-6"})
    assert answer.data is not None and [one.model_extra for one in answer.data] == [{"seed": 5}, {"seed": 6}]
    assert [pixels(data).shape for data in content(answer)] == [(8, 8)] * 2


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, ["--class", "8"]),
        ({"strength": 0.3, "n": 2}, ["--class", "8", "--strength", "0.3"]),
        ({"mask": png(WHITE)}, ["--class", "8", "--mask", "mask.png"]),
        ({"upscale": True, "image": png(WHITE[::2, ::2])}, ["--class", "8", "--upscale"]),
    ],
)
def test_its_edits_are_the_command_lines(
    client: openai.OpenAI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    more = {"image": png(np.arange(64).reshape(8, 8) * 4), **given}
    files = {name: (f"{name}.png", more.pop(name)) for name in ("image", "mask") if name in more}
    for name, data in files.values():
        Path(name).write_bytes(data)
    seeds = [2**40 + number for number in range(more.get("n", 1))]
    answer = client.images.edit(model="digits", prompt="8", **files, extra_body={"steps": 4, "seeds": seeds, **more})
    named = ",".join(map(str, seeds))
    command = ["sample", "digits", "--image", "image.png", *words, "--steps", "4", "--seeds", named, "--out", "out"]
    app(command, exit_on_error=False, result_action="return_value")
    expected = {read_about(path)["seed"]: path for path in Path("out").glob("*seed*.png")}
    assert len(expected) == len(seeds)
    for number, data in enumerate(content(answer)):
        path = Path(f"{number}.png")
        path.write_bytes(data)
        about = read_about(path)
        other = expected[about["seed"]]
        assert about == read_about(other)
        assert np.abs(pixels(data) - pixels(other.read_bytes())).max() <= 1
    app(["sample", "--like", "0.png", "--out", "again"], exit_on_error=False, result_action="return_value")
    assert len([*Path("again").glob("*seed*.png")]) == 1, "the picture beside it is what it begins with"


def test_a_mask_may_be_transparent_where_to_generate_as_openais_are(client: openai.OpenAI) -> None:
    image = np.arange(64).reshape(8, 8) * 4
    coloured = np.dstack([image, image, image, 255 - WHITE]).astype(np.uint8)
    answers = [
        content(client.images.edit(image=png(image), mask=mask, prompt="8", extra_body={"seeds": [1], "steps": 4}))[0]
        for mask in (png(WHITE), png(coloured))
    ]
    assert np.array_equal(*map(pixels, answers))
    known = WHITE == 0
    assert np.array_equal(pixels(answers[0])[known], image[known])
    assert not np.array_equal(pixels(answers[0])[~known], image[~known])


def test_it_streams_pictures_as_they_come(client: openai.OpenAI) -> None:
    asked = {"seeds": [7, 8], "steps": 1000, "class": "3"}
    whole = content(client.images.generate(prompt="", extra_body=asked))
    events = [*client.images.generate(prompt="", stream=True, partial_images=3, extra_body=asked)]
    ends = [event for event in events if event.type == "image_generation.completed"]
    assert [base64.b64decode(event.b64_json) for event in ends] == whole and ends == events[-2:]
    numbers = dict[int, list[int]]()
    for event in events[:-2]:
        assert event.type == "image_generation.partial_image" and event.size == "8x8"
        assert pixels(base64.b64decode(event.b64_json)).shape == (8, 8)
        numbers.setdefault(event.model_extra["index"], []).append(event.partial_image_index)  # type: ignore[index]
    assert numbers.keys() <= {0, 1} and numbers
    assert all(some == sorted(set(some)) and set(some) <= {0, 1, 2} for some in numbers.values())
    (end,) = client.images.edit(image=png(WHITE), prompt="3", stream=True)
    assert end.type == "image_edit.completed"


def test_webp_and_jpeg_carry_the_request_too(client: openai.OpenAI, tmp_path: Path) -> None:
    asked = {"prompt": "3", "extra_body": {"seeds": [3], "steps": 3}}
    files = {"png": tmp_path / "a.png", "webp": tmp_path / "a.webp", "jpeg": tmp_path / "a.jpeg"}
    for kind, path in files.items():
        answer = client.images.generate(output_format=kind, **asked)  # type: ignore[call-overload]
        path.write_bytes(*content(answer))
        assert answer.output_format == kind and Image.open(path).format == kind.upper()
        assert read_about(path) == read_about(files["png"])
    lossless, small = (
        content(client.images.generate(output_format="webp", output_compression=level, **asked))[0]  # type: ignore[call-overload]
        for level in (100, 10)
    )
    assert np.array_equal(pixels(lossless), pixels(files["png"].read_bytes())) and len(small) < len(lossless)
    app(
        ["sample", "--like", str(files["jpeg"]), "--out", str(tmp_path)],
        print_error=False,
        result_action="return_value",
    )
    (again,) = tmp_path.glob("*seed*.png")
    assert np.abs(pixels(again.read_bytes()) - pixels(lossless)).max() <= 1


def test_what_is_refused_is_an_exception_of_its_own(client: openai.OpenAI) -> None:
    for kind, asked, sentence in (
        (openai.BadRequestError, {"model": "digit"}, "unknown model 'digit': did you mean 'digits'?"),
        (openai.BadRequestError, {"prompt": "a cat"}, "unknown class 'a cat'"),
        (openai.BadRequestError, {"size": "1024x1024"}, "the model's pictures are 8x8"),
        (openai.BadRequestError, {"stream": True, "quality": "hd"}, "'quality' is 'auto' or 'standard', not 'hd'"),
    ):
        with pytest.raises(kind, match=sentence) as found:
            client.images.generate(**{"prompt": "3", **asked})  # type: ignore[call-overload]
        assert found.value.type == "invalid_request_error"
    with pytest.raises(openai.BadRequestError, match="'image' is no picture that can be read"):
        client.images.edit(image=b"not a picture", prompt="3")
    with pytest.raises(openai.BadRequestError, match="'image': given more than once; give one"):
        client.images.edit(image=[png(WHITE)] * 2, prompt="3")
    with pytest.raises(openai.AuthenticationError, match="this service takes a token"):
        client.with_options(api_key="another").models.list()
    with pytest.raises(openai.NotFoundError, match="unknown model 'x'"):
        client.models.retrieve("x")


def test_the_manual_asks_so(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = blocks("serving.md", "python")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SFUMATO_TOKEN", TOKEN)
    Path("3.png").write_bytes(png(WHITE))
    exec(first.replace("localhost:8000", f"127.0.0.1:{served.port}"), {"openai": openai, "os": os})
