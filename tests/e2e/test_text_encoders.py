"""A frozen text encoder on the command line: trained with, alone and by two processes, asked, moved away, and wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from forking import Forks
from sfumato.hub import load
from text_encoders import small_encoder
from tiny import Command


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where there are captioned pictures, red and blue, and an encoder."""
    rng = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    lines = []
    for number in range(16):
        name, colour = (("red", (200, 40, 40)), ("blue", (40, 40, 200)))[number % 2]
        pixels = np.clip(np.array(colour) + rng.integers(-40, 40, (8, 8, 3)), 0, 255)
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "pictures" / f"{number}.png")
        lines.append(json.dumps({"file_name": f"{number}.png", "text": f"a {name} circle"}))
    (tmp_path / "pictures" / "metadata.jsonl").write_text("\n".join(lines))
    small_encoder(tmp_path / "reader", "clip")
    return tmp_path


def test_it_is_read_once_by_any_number_of_processes_and_asked_for_prompts(
    place: Path, sfumato: Command, forks: Forks
) -> None:
    options = (
        "--net", "dit-nano", "--images", 64, "--batch", 8, "--precision", "fp32", "--compile", "no", "--text-encoder",
    )  # fmt: skip
    told = sfumato("train", "pictures", "--name", "alone", *options, "reader")
    assert told.returncode == 0, told.stderr
    assert f"by {place / 'reader'}" in "".join(sfumato("info", "runs/alone").stdout.split("\n"))

    (place / "there").mkdir()
    words = ("train", place / "pictures", "--name", "both", *options, place / "reader")
    both = forks.run([*map(str, words)], place / "there", ranks=2)
    assert both.returncode == 0, both.stderr
    assert len(list((place / "there" / "cache").glob("features-*.f16"))) == 1
    ours, theirs = (load(run).denoiser.net.state_dict() for run in (place / "runs/alone", place / "there/runs/both"))
    assert (
        max(float((value - theirs[name]).abs().max()) for name, value in ours.items()) < 1e-4
    )  # as much as Muon makes of rounding: see test_optimizers.py
    assert not torch.equal(ours["text.token.weight"], torch.zeros_like(ours["text.token.weight"]))

    drawn = sfumato("sample", "runs/alone", "a red circle", "-n", 1, "--steps", 2, "--out", "drawn")
    assert drawn.returncode == 0 and (place / "drawn" / "a-red-circle-seed-0000.png").exists(), drawn.stderr
    (place / "reader").rename(place / "moved")
    refused = sfumato("sample", "runs/alone", "a red circle", HF_HUB_OFFLINE="1")
    assert refused.returncode == 2 and "is no folder and no installed package" in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stderr
    assert sfumato("sample", "runs/alone", "-n", 1, "--steps", 2).returncode == 0  # anything, without a prompt
