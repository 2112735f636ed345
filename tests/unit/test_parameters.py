"""What a picture says to Stable Diffusion web UI, beside its own record."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from asked import Draws, draws
from sfumato.data import read_about
from sfumato.data.parameters import PARAMETERS, parameters
from sfumato.hub.record import read_record

__all__ = ["draws"]


def test_a_picture_carries_its_parameters_beside_its_record(draws: Draws) -> None:
    draws(
        "tiny", "a heart, (red:1.2)", "--negative", "blue", "--guidance", 2.5, "--steps", 3,
        "--sampler", "DPM++ 2M Karras", "-n", 1, "--seeds", 7, "--out", "out",
    )  # fmt: skip
    path = next(path for path in Path("out").glob("*.png") if path.name != "grid.png")
    with Image.open(path) as image:
        size, texts = image.size, dict(image.text)
    prompt, negative, settings = texts[PARAMETERS].split("\n")
    assert prompt == "a heart, (red:1.2)" and negative == "Negative prompt: blue"
    said = dict(one.split(": ", 1) for one in settings.split(", "))
    about = read_about(path)
    assert said == {
        "Steps": "3",
        "Sampler": "DPM++ 2M",
        "Schedule type": "Karras",
        "CFG scale": "2.5",
        "Seed": "7",
        "Size": f"{size[0]}x{size[1]}",
        "Model hash": about["weights_sha256"][:10],
        "Model": "tiny",
        "Version": f"sfumato {about['sfumato']}",
    }


def test_without_its_parameters_a_picture_is_what_it_was(draws: Draws) -> None:
    draws("tiny", "a heart", "--steps", 2, "-n", 1, "--out", "out")
    path = next(path for path in Path("out").glob("*.png") if path.name != "grid.png")
    about, record = read_about(path), read_record(path)
    with Image.open(path) as image:
        kept = PngImagePlugin.PngInfo()
        for key, value in image.text.items():
            if key != PARAMETERS:
                kept.add_itxt(key, value)
        pixels = image.tobytes()
        image.save(path, pnginfo=kept)
    with Image.open(path) as image:
        assert PARAMETERS not in image.text and image.tobytes() == pixels
    assert read_about(path) == about and read_record(path) == record
    before = path.read_bytes()
    assert draws("tiny", "a heart", "--steps", 2, "-n", 1, "--out", "out") == [] and path.read_bytes() == before


@pytest.mark.parametrize("missing", ["seed", "steps", "sampler", "model"])
def test_what_is_of_no_single_seed_says_nothing(missing: str) -> None:
    about = {"seed": "1", "steps": "2", "sampler": "ddim", "model": "runs/a,b", "prompt": "☃"}
    assert parameters(about, (8, 9)) == '☃\nSteps: 2, Sampler: DDIM, Seed: 1, Size: 8x9, Model: "a,b"'
    assert parameters({name: value for name, value in about.items() if name != missing}, (8, 9)) is None
