"""The lesson's built pages in a real browser, or the reason why not."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock

from sfumato.hub import Model, new_model
from sfumato.hub.onnx import network_onnx
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
    result = subprocess.run(
        [*on_one_core(), "node", f"tests/{script}", *arguments],
        cwd=WEB,
        env={**os.environ, "CHROMIUM": str(BROWSER)},
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert result.returncode == 0, result.stderr[-4000:] + result.stdout[-4000:]
    return json.loads(result.stdout)


def on_one_core() -> list[str]:
    """Other tests work on the others: threads for networks as small as the lesson's would only wait for one another."""
    if sys.platform != "linux":
        return []
    cores = sorted(os.sched_getaffinity(0))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return ["taskset", "--cpu-list", str(cores[worker % len(cores)])]


def brief(folder: Path) -> dict[str, Path]:
    """For `served`, where the answers don't matter: shorter walks of smaller networks, and clouds of fewer centres.

    What is in `folder` already is taken as it is: an export takes longer than a chapter's walk.
    """
    names = ("clouds.json", "digits/guided.json", "emoji/about.json")
    instead = {f"computed/{name}": folder / name.replace("/", "-") for name in (*names, "emoji/network.onnx")}
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
            for name, value in told.items():
                instead[f"computed/{name}"].write_text(json.dumps(value))
            instead["computed/emoji/network.onnx"].write_bytes(network_onnx(small_emoji(), half=True))
    return instead | {"computed/digits/network.onnx": SITE / "computed" / "digits" / "rivals" / "diffusion.onnx"}


def small_emoji() -> Model:
    """Takes what the shipped model takes, and answers in a small part of its time; the answers mean nothing."""
    shipped = load_zoo("emoji")
    net = shipped.config.net
    text = replace(net.text, width=16, layers=1, heads=1)
    model = new_model(replace(shipped.config, net=replace(net, widths=(8, 16, 16), text=text)))
    model.tokenizer = shipped.tokenizer
    for weight in model.denoiser.net.parameters():
        if not weight.any():  # the last of each block begins as zero
            torch.nn.init.normal_(weight, std=0.1)
    return model


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
