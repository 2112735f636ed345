"""The studio in a real Chromium, before a `sfumato studio` in a process of its own."""

from __future__ import annotations

import base64
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from lesson import node, without_browser
from served import TOKEN, Served
from sfumato.data import picture, read_about
from sfumato.data.controls import CONTROLS
from sfumato.data.datasets import from_arrays
from sfumato.evaluation.record import Conditions, Record, ScoreRecord, Source, write_record
from sfumato.hub import ModelConfig, load
from sfumato.hub.control_branch import add_control_branch
from sfumato.hub.resolving import resolve
from sfumato.nets import ConditionConfig, UNetConfig
from sfumato.serving.page import built
from sfumato.training import TrainingConfig, start_run, train
from tiny import blobs

WHY = without_browser() or ("" if built() else "the studio is not built: run make studio")
pytestmark = pytest.mark.skipif(bool(WHY) or os.name == "nt", reason=WHY or "Windows has no SIGTERM for others")

MAX_FIRST_VIEW = 400_000  # bytes
SHEETS = {"edges": (0, 255), "sketch": (255, 0)}  # the paper and the pen that a model was trained on
CLIPS = ModelConfig((4, 3, 8, 8), UNetConfig(3, 2, widths=(16, 16), temporal=True), ("cat", "dog"), kind="clips")


@contextmanager
def studio(folder: Path, *words: str, model: str = "digits", **environment: str) -> Iterator[Served]:
    """A studio of digits, or of another model, whose runs and pictures are kept in `folder`."""
    command = [sys.executable, "-m", "sfumato", "studio", model, "--port", "0", "--no-browser", *words]
    own = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    with subprocess.Popen(command, cwd=folder, env=own, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("The studio is open at http://127.0.0.1:"), line
        yield Served(process, int(line.partition(", with ")[0].rpartition(":")[2]))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with studio(tmp_path_factory.mktemp("studio")) as service:
        yield f"http://127.0.0.1:{service.port}"


@pytest.mark.parametrize("flow", ["dropped", "queue", "compare", "edit", "keyboard", "train", "accessible"])
def test_the_studio_does_what_it_says(address: str, flow: str) -> None:
    node("studio.mjs", address, flow)


def test_pictures_come_step_by_step_and_carry_how_they_were_made(address: str, tmp_path: Path) -> None:
    file = tmp_path / "digits-8-seed6.png"
    node("studio.mjs", address, "generate", str(file))
    about = read_about(file)
    assert (about["model"], about["class"], about["seed"], about["steps"]) == ("digits", "8", "6", "100")


def test_clips_play_and_cards_hold_what_was_measured(tmp_path: Path) -> None:
    run = tmp_path / "runs/moving"
    clips = np.random.default_rng(0).integers(0, 256, (8, 4, 3, 8, 8)).astype(np.uint8)
    data = from_arrays(clips, np.arange(8) % 2, classes=("cat", "dog"), name="noise")
    list(train(run, start_run(run, data, TrainingConfig("noise", images=8, batch=8, previews=0, evaluated=0), CLIPS)))
    conditions = Conditions("features", "", "none", 300, "noise", "", 300, "held out", "", 0)
    source = Source("moving", "ema", "earlier", 1, "0-299", "in turn", {}, "", "", "sfumato eval runs/moving")
    record = Record(conditions, source, {"kernel": ScoreRecord(0.0123, 0.01, 0.02, floor=0.001)})
    (run / "evaluation").mkdir()
    write_record(run / "evaluation/record.json", record)
    with studio(tmp_path, model="runs/moving") as service:
        node("studio.mjs", f"http://127.0.0.1:{service.port}", "clips")


def test_a_sketch_is_drawn_and_followed_as_python_follows_it(run_folder: Path, tmp_path: Path) -> None:
    few = TrainingConfig("blobs", images=192, batch=16, previews=0, evaluated=0, learning_rate=0.02)
    for name in SHEETS:
        branch = add_control_branch(load(run_folder), ConditionConfig(name, "image", computed=True))
        list(train(tmp_path / name, start_run(tmp_path / name, blobs(), few, branch, torch.device("cpu"))))
    with studio(tmp_path, "sketch", model="edges") as service:
        made = node("studio.mjs", f"http://127.0.0.1:{service.port}", "sketch")["made"]
    assert len(made) == 7
    assert len({pixels(one["picture"]).tobytes() for one in made}) == 6  # untold, both are the model below
    for one in made:
        name, sheet, strength = (one["asked"].get(field) for field in ("model", "control", "control_strength"))
        model, values = load(tmp_path / name), dict[str, Any]()
        if sheet is not None:
            paper, pen = SHEETS[name]
            ready = bool(one["asked"].get("control_ready"))
            assert not ready or (pixels(sheet)[0, 0], *pixels(sheet)[4, 2:6]) == (paper, *4 * [pen])
            given = torch.from_numpy(pixels(sheet) / np.float32(127.5) - 1)[None]
            values[name] = given if ready else CONTROLS[name](given[None], torch.zeros(1, 4))[0]
        if strength is not None:
            values["strength"] = strength
        request = model.request([5], "dog", conditions=values, steps=3)
        alone = picture(resolve(request, model).samples(), None, columns=1, scale=1, gap=0)
        assert np.array_equal(pixels(one["picture"]), np.asarray(alone.convert("L"))), one["asked"]


def pixels(file: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(file))).convert("L"))


def test_the_first_view_is_small(address: str) -> None:
    assert node("studio.mjs", address, "first")["sent"] < MAX_FIRST_VIEW


def test_five_hundred_pictures_outlive_the_service_and_are_found_again(tmp_path: Path) -> None:
    with studio(tmp_path) as service:
        for number in range(63):
            sampler = "heun" if number == 9 else "ddim"
            asked = {"class": str(number % 10), "seeds": f"{8 * number}-{8 * number + 7}", "steps": 1}
            status, answer = service.ask("/v1/jobs", {"model": "digits", "sampler": sampler, **asked})
            assert status == 202, answer
        while service.left():
            pass
    with studio(tmp_path) as service:
        assert node("studio.mjs", f"http://127.0.0.1:{service.port}", "history")["jobs"] == 63


def test_it_asks_for_the_token_and_for_the_right_one(tmp_path: Path) -> None:
    with studio(tmp_path, SFUMATO_TOKEN=TOKEN) as service:
        node("studio.mjs", f"http://127.0.0.1:{service.port}", "token", TOKEN)
