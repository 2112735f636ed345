"""A folder as it comes from the world: three in a hundred files broken, every mode and size, captions for some."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tiny import Command

NOTES = [
    "1 picture left out (the file is truncated): dog/052.jpg.",
    "1 picture left out (an empty file): cat/020.png.",
    "1 picture left out (a web page, not a picture): dog/082.png.",
    "32 pictures smaller than 16×16 and enlarged.",
    "15 pictures with transparency placed on white.",
    "13 pictures converted from CMYK to RGB.",
    "14 pictures of 16 bits scaled to 8.",
]


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A hundred files in two classes: in turns L, RGBA, P, CMYK, 16 bits and two RGB, of three sizes; three broken."""
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "mixed" / name).mkdir(parents=True)
    for number in range(100):
        width, height = [(16, 16), (40, 23), (9, 31)][number % 3]
        colour = Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8))
        mode = ["L", "RGBA", "P", "CMYK", "I;16", "RGB", "RGB"][number % 7]
        if mode == "RGBA":
            colour.putalpha(Image.fromarray(rng.integers(0, 250, (height, width), np.uint8)))
        if mode == "I;16":
            colour = Image.fromarray(rng.integers(0, 2**16, (height, width), np.uint16))
        suffix = ".jpg" if mode in ("CMYK", "L") else ".png"
        colour = colour if mode in ("RGBA", "I;16") else colour.convert(mode)
        colour.save(tmp_path / "mixed" / ("cat", "dog")[number >= 50] / f"{number:03}{suffix}")
    (tmp_path / "mixed/cat/020.png").write_bytes(b"")
    (tmp_path / "mixed/dog/082.png").write_text("<html>404 Not Found</html>")
    path = tmp_path / "mixed/dog/052.jpg"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    lines = [{"file_name": f"cat/{number:03}.png", "text": f"cat number {number}"} for number in (2, 5, 20)]
    (tmp_path / "mixed/metadata.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path / "mixed"


def test_a_folder_from_the_world_trains_and_what_was_left_out_is_listed(sfumato: Command, mixed: Path) -> None:
    refused = sfumato("train", mixed, "--images", 64)
    assert refused.returncode == 2 and "different sizes" in refused.stderr and "--size 8" in refused.stderr
    trained = sfumato("train", mixed, "--size", 16, "--images", 64, "--batch", 32, "--net", "tiny", "--flip")
    assert trained.returncode == 0, trained.stderr
    assert json.loads((mixed.parent / "runs/mixed/config.json").read_text())["training"]["data"]["flip"] is True
    assert "97 of 3 × 16 × 16, 2 classes" in trained.stdout
    told = sfumato("info", mixed, "--size", 16)
    assert told.returncode == 0, told.stderr
    for note in NOTES:
        assert note in trained.stdout and note in told.stdout, told.stdout
    assert "samples   97" in told.stdout and "cat, dog" in told.stdout
    assert "2 of 97, such as “cat number 2”" in told.stdout


def test_pictures_are_streamed_and_cropped_and_the_run_goes_on(sfumato: Command, mixed: Path, tmp_path: Path) -> None:
    how = ("--size", 16, "--crop", 4, "--stream", "--images", 64, "--batch", 32, "--net", "nano", "--name", "streamed")
    trained = sfumato("train", mixed, *how)
    assert trained.returncode == 0, trained.stderr
    assert "97 of 3 × 16 × 16, 2 classes" in trained.stdout
    assert all(note in trained.stdout for note in NOTES if "enlarged" not in note)
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".json"], "no pixel is kept"
    again = sfumato("train", "--resume", "--name", "streamed", "--images", 128)
    assert again.returncode == 0 and "Going on from step 2" in again.stdout, again.stderr
    for wrong, word in (((mixed, "--crop", 4), "give both"), (("digits", "--stream"), "leave --stream out")):
        refused = sfumato("train", *wrong, "--images", 64)
        assert refused.returncode == 2 and word in refused.stderr and refused.stderr.count("\n") == 1, refused.stderr
