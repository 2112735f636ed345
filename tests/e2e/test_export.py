"""What an importer gets: a graph and a walk that together draw the pictures that we draw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from sfumato.cli import app
from sfumato.hub import load
from sfumato.sampling import ImageNoise
from tiny import Command


def importer(folder: Path, noise: Any, labels: list[int]) -> np.ndarray:
    """Carry walk.json out with NumPy and onnxruntime alone."""
    graph = onnxruntime.InferenceSession(folder / "network.onnx")
    walk = json.loads((folder / "walk.json").read_text())
    registers = [noise() * walk["scale"]]

    def total(terms: list[list[float]]) -> np.ndarray:
        return sum(np.float32(c) * registers[int(i)] for i, c in terms)

    for line in walk["lines"]:
        if "ask" in line:
            at = total(line["ask"])
            asked = [len(walk["classes"])] * len(labels) if line.get("null") else labels
            told = {"x": (line["c_in"] * at).astype(np.float32), "label": np.array(asked)}
            told["c_noise"] = np.full(len(at), line["c_noise"], np.float32)
            registers.append(line["c_skip"] * at + line["c_out"] * graph.run(None, told)[0])
        elif "draw" in line:
            registers.append(noise())
        else:
            registers.append(total(line["arrive"]))
    return registers[-1]


@pytest.fixture(scope="module")
def network() -> dict[str, bytes]:
    """The graph of the run's network once it is written: it is the same for every walk, and takes seconds."""
    return {}


@pytest.mark.parametrize(
    ("sampler", "options"),
    [
        ("dpm++2m", {}),
        ("heun", {"grid": "logsnr"}),
        ("ddpm", {"grid": "trailing", "schedule": "linear"}),
        ("dpm++2m", {"guidance": 2.5}),
        ("ddim", {"guidance": 0.0}),
        ("ddim", {"eta": 0.5}),
    ],
)
def test_an_importer_draws_what_we_draw(
    sfumato: Command, run_folder: Path, tmp_path: Path, network: dict[str, bytes], sampler: str,
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    words = ["export", run_folder, "--out", tmp_path / "out", "--sampler", sampler, "--steps", 6, *flags]
    if not network:
        told = sfumato(*words)
        assert told.returncode == 0, told.stderr
        network["bytes"] = (tmp_path / "out" / "network.onnx").read_bytes()
        said, complaints = told.stdout, told.stderr
    else:
        monkeypatch.setattr("sfumato.hub.onnx.network_onnx", lambda model: network["bytes"])
        app([*map(str, words)], exit_on_error=False, print_error=False, result_action="return_value")
        said, complaints = capsys.readouterr()
    assert "network.onnx" in said and "walk.json" in said and complaints == ""
    model = load(run_folder)
    for seeds, labels in (([5], [1]), ([1, 2, 3], [0, 1, 2])):
        noise = ImageNoise(seeds, model.config.shape)
        theirs = importer(tmp_path / "out", lambda noise=noise: noise().numpy(), labels)
        ours = model.sample(seeds, labels, sampler=sampler, steps=6, **options)
        torch.testing.assert_close(torch.from_numpy(theirs), ours, rtol=0, atol=1e-4)


def test_the_adaptive_sampler_is_refused(sfumato: Command, run_folder: Path, tmp_path: Path) -> None:
    told = sfumato("export", run_folder, "--out", tmp_path / "out", "--sampler", "adaptive")
    assert told.returncode == 2 and "decides as it goes" in told.stderr and not (tmp_path / "out/walk.json").exists()
