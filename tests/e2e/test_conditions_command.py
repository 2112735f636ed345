"""From a folder with metadata to pictures of what is told, and a branch on top of a model, as a user does it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.data import read_about
from tiny import Command

QUICK = ("--net", "nano", "--images", 64, "--batch", 16, "--precision", "fp32", "--compile", "no", "--held-out", 0)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 8×8 pictures, each with a number, a vector and the picture that it is to be drawn from."""
    root = tmp_path_factory.mktemp("told")
    rng = np.random.default_rng(0)
    said = []
    for number in range(48):
        for kind in ("drawn", "depth"):
            (root / "faces" / kind).mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, 255, (8, 8) if kind == "depth" else (8, 8, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(root / "faces" / kind / f"{number}.png")
        said.append({"file_name": f"drawn/{number}.png", "age": 20 + number, "mood": [number / 48, 0.5],
                     "conditioning_image": f"depth/{number}.png"})  # fmt: skip
    (root / "faces" / "metadata.jsonl").write_text("\n".join(map(json.dumps, said)))
    return root


@pytest.fixture
def run(place: Path, sfumato: Command) -> Path:
    """A run that was told all three, and edges."""
    if not (place / "runs" / "faces").exists():
        made = sfumato(
            "train", place / "faces", "--number", "age", "--vector", "mood", "--control", "conditioning_image,edges",
            *QUICK, "--out", place / "runs",
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        assert "--number age=" in made.stdout and "--control picture.png" in made.stdout
    return place / "runs" / "faces"


def test_what_was_told_is_drawn_and_drawn_again_from_what_the_picture_says(
    run: Path, place: Path, tmp_path: Path, sfumato: Command
) -> None:
    depth, photo = place / "faces" / "depth" / "3.png", place / "faces" / "drawn" / "3.png"
    told = sfumato(
        "sample", run, "--number", "age=30", "--vector", "0.5,1",
        "--control", f"conditioning_image={depth},edges={photo}",
        "--guidance", 2, "--steps", 3, "--seeds", "3,4", "--out", "drawn",
    )  # fmt: skip
    assert told.returncode == 0 and told.stderr == "", told.stderr
    first = tmp_path / "drawn" / "seed-0003.png"
    about = read_about(first)
    assert (about["number"], about["vector"], about["guidance"]) == ("age=30", "mood=0.5,1", "2")
    again = sfumato(*shlex.split(about["command"])[1:], "--out", "again")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again" / first.name).read_bytes() == first.read_bytes()
    facts = " ".join(sfumato("info", run).stdout.split())
    assert "age, a number of 43.5" in facts and "mood, 2 numbers" in facts and "edges, computed from a picture" in facts


def test_it_is_measured_told_what_real_samples_are(run: Path, tmp_path: Path, sfumato: Command) -> None:
    measured = sfumato(
        "eval", run, "-n", 16, "--steps", 2, "--guidance", 2, "--features", "pixels", "--no-curve", "--out", "measured"
    )
    assert measured.returncode == 0, measured.stderr
    words = "age, mood, conditioning_image, edges of 9 of the samples that stand for held-out ones, in turn"
    assert f"generated for {words}" in " ".join(measured.stdout.split())
    record = json.loads((tmp_path / "measured" / "record.json").read_text())
    assert record["source"]["conditions"] == words
    assert words in (tmp_path / "measured" / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--number", "age=nan"), "--number age takes a finite number such as 30 or 0.5, not 'nan'"),
        (("--number", "weight=3"), "unknown number 'weight'"),
        (("--vector", "1,2,3"), "--vector mood takes 2 numbers, as in training, not 3"),
        (("--vector", "gone.npy"), "gone.npy can't be used, there is no such file"),
        (("--control", "picture.png"), "--control says which, as in --control conditioning_image=picture.png"),
        (("--control", "edges=gone.png"), "there is no file gone.png"),
        (("--class", "cat"), "was trained without classes; leave --class out"),
        (("--control-strength", "1"), "--control-strength is that of a control branch"),
        (("--control-ready",), "--control-ready says what --control is"),
    ],
)  # fmt: skip
def test_what_cant_be_told_is_one_sentence(
    arguments: tuple[str, ...], message: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sfumato.cli import app
    from sfumato.errors import SfumatoError

    with pytest.raises(SfumatoError) as error:
        app(["sample", str(run), *arguments], exit_on_error=False, print_error=False)
    assert message in str(error.value) and str(error.value).count("\n") == 0


def test_a_branch_is_trained_on_top_of_a_model_and_drawn_with(run: Path, place: Path, sfumato: Command) -> None:
    made = sfumato(
        "train", place / "faces", "--from", run, "--control", "sketch", "--name", "branch", *QUICK[2:],
        "--out", place / "runs",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert "only a control branch for sketch is trained" in " ".join(made.stdout.split())
    photo = place / "faces" / "drawn" / "3.png"
    drawn = sfumato(
        "sample",
        place / "runs" / "branch",
        "--control",
        f"sketch={photo}",
        "--control-strength",
        0.5,
        "--steps",
        3,
        "-n",
        1,
    )
    assert drawn.returncode == 0, drawn.stderr


def test_a_cascade_is_drawn_by_one_command(place: Path, tmp_path: Path, sfumato: Command) -> None:
    for side, more in ((8, ()), (16, ("--control", "small"))):
        made = sfumato("train", "shapes:40", "--size", side, "--name", f"x{side}", *more, *QUICK)
        assert made.returncode == 0, made.stderr
    drawn = sfumato("sample", "runs/x8", "a red circle", "--upscale-with", "runs/x16", "--steps", 3, "-n", 2)
    assert drawn.returncode == 0, drawn.stderr
    with Image.open(tmp_path / "runs" / "x8" / "samples" / "a-red-circle-seed-0001.png") as file:
        assert file.size == (16, 16)
