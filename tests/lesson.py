"""The lesson's built pages in a real browser, or the reason why not."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from sfumato.hub import ModelConfig
from sfumato.hub.config import CodecConfig
from sfumato.hub.zoo import load_zoo
from sfumato.lesson import server
from sfumato.lesson.computed import GUIDANCE, PROMPT_GUIDANCE, guided
from sfumato.lesson.server import SITE, LessonServer

WEB = Path(__file__).parents[1] / "web"
CARRIED = WEB / "browser" / "chromium"  # made by `make test` where none is installed
INSTALLED = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
BROWSER = os.environ.get("CHROMIUM") or next(filter(None, INSTALLED), str(CARRIED) if CARRIED.exists() else None)
UNCHANGED = "what it depends on is as it was when it passed"


def without_browser() -> str:
    """Why no page can be opened here; empty where one can."""
    if shutil.which("node") is None:
        return "Node.js 20 is not installed"
    if not (WEB / "node_modules" / "playwright-core").exists():
        return "what drives a browser is not installed: run make lesson"
    return "" if BROWSER else "no Chromium is installed"


def missing() -> str:
    """Why the lesson's pages can't be tested here; empty where they can."""
    if why := without_browser():
        return why
    return "" if (SITE / "index.html").exists() else "the lesson is not built: run make lesson"


@contextmanager
def served(folder: Path = SITE, instead: Mapping[str, Path] | None = None) -> Iterator[str]:
    """The pages' address while they are served, with other files in place of those that `instead` names."""
    with LessonServer(folder, port=0) as serving:
        serving.files |= instead or {}
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield serving.address
        serving.shutdown()


def node(script: str, *arguments: str, told: Any = None) -> Any:
    """What a script of web/tests prints, as JSON; its complaint where it fails."""
    return json.loads(run_node(f"tests/{script}", *arguments, told=json.dumps(told)))


def run_node(*arguments: str, told: str = "", browses: bool = True) -> str:
    """What Node.js prints in `web`, with the shared browser where it `browses`; its complaint where it fails."""
    environment = {**os.environ, "CHROMIUM": str(BROWSER)} | ({"BROWSER": shared_browser()} if browses else {})
    words = [*on_one_core(), "node", *arguments]
    result = subprocess.run(words, cwd=WEB, env=environment, input=told, capture_output=True, text=True, timeout=1800)
    assert result.returncode == 0, result.stderr[-4000:] + result.stdout[-4000:]
    return result.stdout


_sharing: list[tuple[subprocess.Popen[str], str]] = []


def shared_browser() -> str:
    """Where the browser is that this process's scripts share, so that it starts and compiles its shaders once."""
    if not _sharing or _sharing[-1][0].poll() is not None:
        process = subprocess.Popen(
            [*on_one_core(), "node", "tests/shared.mjs"],
            cwd=WEB,
            env={**os.environ, "CHROMIUM": str(BROWSER)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        _sharing.append((process, process.stdout.readline().strip()))
        atexit.register(process.communicate)  # it ends with its input
    return _sharing[-1][1]


def on_one_core() -> list[str]:
    """Other tests work on the others: threads for networks as small as the lesson's would only wait for one another."""
    if sys.platform != "linux":
        return []
    cores = sorted(os.sched_getaffinity(0))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return ["taskset", "--cpu-list", str(cores[worker % len(cores)])]


def brief(folder: Path) -> dict[str, Path]:
    """For `served`, where the answers don't matter: shorter walks of smaller networks, and clouds of fewer centres.

    What is in `folder` already is taken as it is.
    """
    names = ("clouds.json", "digits/guided.json", "emoji/about.json", "avatars/about.json")
    networks = {f"{name}/network.onnx": name for name in ("digits", "emoji", "avatars")}
    halves = [f"avatars/{half}.onnx" for half in ("encoder", "decoder")]
    instead = {f"computed/{name}": folder / name.replace("/", "-") for name in (*names, *networks, *halves)}
    with FileLock(folder.with_suffix(".lock")):  # which other workers of the same tests wait for
        if not folder.exists():
            folder.mkdir()
            told = {name: json.loads((SITE / "computed" / name).read_text()) for name in names}
            for cloud in told["clouds.json"].values():
                if cloud["dimension"] == 3:
                    centres = cloud["centres"]
                    cloud["centres"] = [v for i in range(0, len(centres), 24) for v in centres[i : i + 3]]
            told["digits/guided.json"]["programs"] = guided(load_zoo("digits"), 2, GUIDANCE)
            told["emoji/about.json"]["programs"] = guided(load_zoo("emoji"), 2, PROMPT_GUIDANCE)
            told["avatars/about.json"]["program"] = guided(load_zoo("avatars"), 2, [2.0])["2"]
            for name, value in told.items():
                instead[f"computed/{name}"].write_text(json.dumps(value))
            for path, name in networks.items():
                instead[f"computed/{path}"].write_bytes(at_once(load_zoo(name).config))
            codec = load_zoo("avatars").codec
            assert codec is not None
            for half, content in squeezed_at_once(codec.config).items():
                instead[f"computed/avatars/{half}.onnx"].write_bytes(content)
    return instead


def at_once(config: ModelConfig) -> bytes:
    """A graph that takes what a network of prompts or of classes takes, and answers at once: of all of it, but it means
    nothing."""
    from onnx import TensorProto, helper

    text, (channels, *_) = config.net.text, config.shape
    random = np.random.default_rng(0)
    told, rows = ("label", len(config.classes) + 1) if text is None else ("text", text.vocabulary)
    meanings = random.normal(0, 0.3, (rows, channels)).astype(np.float32)
    weights = {
        "strokes": random.normal(0, 0.3, (channels, channels, 3, 3)).astype(np.float32),
        "meanings": meanings,
        "tokens": np.array([1]),
        "pixels": np.array([2, 3]),
        "numbers": np.array([1, 2, 3]),
    }
    shape: list[str | int] = ["batch"]
    if text is not None:
        meanings[0] = 0  # of what pads
        shape.append(text.length)
    nodes = [
        helper.make_node("Conv", ["x", "strokes"], ["drawn"], pads=[1, 1, 1, 1]),
        helper.make_node("Gather", ["meanings", told], ["meant" if text is None else "read"]),
        *([] if text is None else [helper.make_node("ReduceSum", ["read", "tokens"], ["meant"], keepdims=0)]),
        helper.make_node("Unsqueeze", ["meant", "pixels"], ["coloured"]),
        helper.make_node("Unsqueeze", ["c_noise", "numbers"], ["level"]),
        helper.make_node("Sum", ["drawn", "coloured", "level"], ["all"]),
        helper.make_node("Tanh", ["all"], ["answer"]),
    ]
    picture = ["batch", *config.shape]
    inputs = {
        "x": (TensorProto.FLOAT, picture),
        "c_noise": (TensorProto.FLOAT, ["batch"]),
        told: (TensorProto.INT64, shape),
    }
    return graph(nodes, inputs, ("answer", picture), {k: v for k, v in weights.items() if text or k != "tokens"})


def squeezed_at_once(config: CodecConfig) -> dict[str, bytes]:
    """An encoder and a decoder of these shapes that answer at once: each place of the latent is a square's mean."""
    from onnx import TensorProto, helper

    (channels, height, _), (depth, small, _) = config.picture, config.shape
    random, square = np.random.default_rng(0), [height // small] * 2
    mix = random.normal(0, 1, (depth, channels, 1, 1)).astype(np.float32)
    spread = np.broadcast_to(random.normal(0, 0.3, (depth, channels, 1, 1)), (depth, channels, *square))
    picture, latents = ["batch", *config.picture], ["batch", *config.shape]
    encoder = [
        helper.make_node("AveragePool", ["picture"], ["means"], kernel_shape=square, strides=square),
        helper.make_node("Conv", ["means", "mix"], ["latents"]),
    ]
    decoder = [
        helper.make_node("ConvTranspose", ["latents", "spread"], ["all"], strides=square),
        helper.make_node("Tanh", ["all"], ["picture"]),
    ]
    number = TensorProto.FLOAT
    return {
        "encoder": graph(encoder, {"picture": (number, picture)}, ("latents", latents), {"mix": mix}),
        "decoder": graph(
            decoder, {"latents": (number, latents)}, ("picture", picture), {"spread": spread.astype(np.float32)}
        ),
    }


def graph(
    nodes: list[Any],
    inputs: Mapping[str, tuple[int, Sequence[str | int]]],
    output: tuple[str, Sequence[str | int]],
    weights: Mapping[str, NDArray[Any]],
) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    whole = helper.make_graph(
        nodes,
        "at once",
        [helper.make_tensor_value_info(name, *kind) for name, kind in inputs.items()],
        [helper.make_tensor_value_info(output[0], TensorProto.FLOAT, output[1])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    content: bytes = helper.make_model(
        whole, ir_version=10, opset_imports=[helper.make_opsetid("", 20)]
    ).SerializeToString()
    return content


@cache
def pages_hash() -> str:
    """A hash of the pages, what serves them, what tries them and what they are tried in."""
    assert BROWSER is not None
    scripts = [*WEB.glob("tests/*.mjs"), WEB / "package-lock.json", Path(__file__), Path(server.__file__)]
    pages = [path for path in SITE.rglob("*") if path.is_file()]
    browser = Path(BROWSER).stat()
    inputs = hashlib.sha256(repr((BROWSER, browser.st_mtime_ns, browser.st_size)).encode())
    for path in sorted([*scripts, *pages]):
        inputs.update(str(path).encode() + hashlib.sha256(path.read_bytes()).digest())
    return inputs.hexdigest()
