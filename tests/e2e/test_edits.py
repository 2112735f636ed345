"""Variations, inpainting and enlarging from the command line, and all the pictures that can't be used so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.data import read_about
from tiny import Command


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("L"))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Pictures to begin with, in `tmp_path`, where the command runs."""
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)).save(tmp_path / "x.png")
    Image.fromarray(rng.integers(0, 256, (4, 4), np.uint8)).save(tmp_path / "small.png")
    Image.fromarray(rng.integers(0, 256, (20, 30, 4), np.uint8)).save(tmp_path / "clear.png")
    Image.fromarray(np.where(np.arange(64).reshape(8, 8) % 8 < 4, 255, 0).astype(np.uint8)).save(tmp_path / "left.png")
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "black.png")
    Image.new("LA", (8, 8), (255, 0)).save(tmp_path / "hidden.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "x.png").read_bytes()[:40])
    return tmp_path


def test_strength_0_keeps_the_picture_and_1_never_sees_it(files: Path, run_folder: Path, sfumato: Command) -> None:
    for strength, out in ((0, "kept"), (0.5, "half"), (1, "anew")):
        told = sfumato(
            "sample", run_folder, "--class", "cat", "--image", "x.png", "--strength", strength, "-n", 2, "--steps", 6,
            "--out", out,
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
    assert sfumato("sample", run_folder, "--class", "cat", "-n", 2, "--steps", 6, "--out", "plain").returncode == 0
    name = "cat-seed-0001.png"
    assert np.array_equal(pixels(files / "kept" / name), pixels(files / "x.png"))
    assert np.array_equal(pixels(files / "anew" / name), pixels(files / "plain" / name))
    assert not np.array_equal(pixels(files / "half" / name), pixels(files / "x.png"))


def test_outside_of_the_mask_the_picture_is_the_same_and_it_can_be_drawn_again(
    files: Path, run_folder: Path, sfumato: Command
) -> None:
    told = sfumato(
        "sample", run_folder, "--class", "dog", "--image", "x.png", "--mask", "left.png", "--rule", "projected",
        "--guidance", 2,
        "--interval", "0.1-20", "--threshold", "--steps", 6, "--seeds", 7, "--out", "drawn",
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    path = files / "drawn" / "dog-seed-0007.png"
    before, after = pixels(files / "x.png"), pixels(path)
    assert np.array_equal(before[:, 4:], after[:, 4:]) and not np.array_equal(before[:, :4], after[:, :4])
    words = read_about(path)["command"].split()
    assert sfumato(*words[1:], "--out", "again").returncode == 0
    assert (files / "again" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("kind", ["RGBA", "P"])
def test_what_is_transparent_in_a_mask_is_kept(files: Path, run_folder: Path, sfumato: Command, kind: str) -> None:
    """White on the left and opaque above: only there is anything drawn, whatever lies below the transparency."""
    left, above = np.arange(8)[None] < 4, np.arange(8)[:, None] < 4
    white = np.where(left & np.ones((8, 8), bool), 255, 0).astype(np.uint8)
    alpha = np.where(above & np.ones((8, 8), bool), 255, 0).astype(np.uint8)
    mask = Image.merge("LA", [Image.fromarray(white), Image.fromarray(alpha)])
    if kind == "P":
        paletted = Image.fromarray(np.where(alpha == 0, 2, white // 255).astype(np.uint8), "P")
        paletted.putpalette([0, 0, 0, 255, 255, 255, 255, 255, 255])
        paletted.save(files / "mask.png", transparency=2)
    else:
        mask.convert("RGBA").save(files / "mask.png")
    told = sfumato(
        "sample", run_folder, "--class", "dog", "--image", "x.png", "--mask", "mask.png", "--steps", 4, "-n", 1,
        "--out", "drawn",
    )  # fmt: skip
    said = " ".join((told.stdout + told.stderr).split())
    assert told.returncode == 0, told.stderr
    assert "mask.png is transparent over 50%: there the picture is kept" in said
    (path,) = (path for path in (files / "drawn").iterdir() if path.name.startswith("dog"))
    changed = pixels(path) != pixels(files / "x.png")
    assert changed.any() and not changed[4:].any() and not changed[:, 4:].any()


def test_an_enlarged_picture_is_one_that_reduces_to_it(files: Path, run_folder: Path, sfumato: Command) -> None:
    told = sfumato("sample", run_folder, "--image", "small.png", "--upscale", "-n", 1, "--out", "large")
    assert told.returncode == 0, told.stderr
    (large,) = (path for path in (files / "large").iterdir() if path.name != "grid.png")
    reduced = pixels(large).reshape(4, 2, 4, 2).mean((1, 3))
    assert np.corrcoef(reduced.ravel(), pixels(files / "small.png").ravel())[0, 1] > 0.9


def test_pictures_of_other_sizes_and_with_transparency_are_fitted_and_it_is_said(
    files: Path, run_folder: Path, sfumato: Command
) -> None:
    told = sfumato("sample", run_folder, "--image", "clear.png", "-n", 1, "--steps", 2, "--out", "drawn")
    said = " ".join((told.stdout + told.stderr).split())
    assert told.returncode == 0 and "fitted from 20×30 into 8×8" in said and "transparency placed on white" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mask", "left.png"], "--mask says what to do with a picture; name it with --image"),
        (["--strength", "0.5"], "name it with --image"),
        (["--upscale"], "name it with --image"),
        (["--image", "none.png"], "there is no file none.png"),
        (["--image", "broken.png"], "broken.png can't be used"),
        (["--image", "x.png", "--strength", "1.5"], "--strength lies between 0"),
        (["--image", "x.png", "--strength", "nan"], "--strength lies between 0"),
        (["--image", "x.png", "--mask", "clear.png"], "the mask clear.png is 20×30 and x.png is 8×8"),
        (["--image", "x.png", "--mask", "black.png"], "black all over"),
        (["--image", "x.png", "--mask", "hidden.png"], "transparent wherever it is white"),
        (["--image", "x.png", "--upscale"], "can't be enlarged to the model's 8×8; give one of 4×4 or less"),
        (["--image", "small.png", "--upscale", "--strength", "1"], "leave --mask and --strength out"),
        (["--class", "cat", "--guidance", "-1"], "guidance must be a finite number from 0"),
        (["--class", "cat", "--interval", "3"], "--interval takes a range of sigma/alpha"),
        (["--class", "cat", "--rule", "plane"], "did you mean 'plain'"),
        (["--class", "cat", "--negative", "a dog"], "was trained without captions; leave --negative out"),
    ],
)
def test_wrong_input_is_one_sentence(
    files: Path, run_folder: Path, sfumato: Command, arguments: list[str], message: str
) -> None:
    told = sfumato("sample", run_folder, *arguments, "--out", "drawn")
    assert told.returncode == 2 and message in " ".join(told.stderr.split()), told.stderr
    assert "Traceback" not in told.stderr and told.stderr.count("\n") <= 3
