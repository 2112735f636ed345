"""A folder of diffusers is measured, tuned, taught to walk in a few steps and written out, as a run of ours is."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pipelines import ddim_folder, stable_diffusion
from sfumato.cli import app
from sfumato.errors import SfumatoError
from sfumato.evaluation import tuning
from sfumato.hub import load
from sfumato.hub.tuned import read_tuned

CAPTIONS = ("a red heart", "a green tree", "a blue sea")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stable_diffusion(tmp_path_factory.mktemp("verbs") / "stable")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty-two pictures of one colour and another in their middles, each with a caption."""
    place, generator = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for number in range(42):
        picture = np.broadcast_to(generator.integers(0, 256, 3, np.uint8), (16, 16, 3)).copy()
        picture[4:12, 4:12] = generator.integers(0, 256, 3, np.uint8)
        Image.fromarray(picture).save(place / f"{number}.png")
        (place / f"{number}.txt").write_text(CAPTIONS[number % 3])
    return place


def call(*words: object) -> None:
    with pytest.raises(SystemExit) as ended:
        app([*map(str, words)], exit_on_error=False, print_error=False)
    assert ended.value.code == 0


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sfumato.cli.opening.settle_threads", lambda work: None)
    return tmp_path


def test_a_pipeline_is_measured_against_pictures_with_captions(
    folder: Path, photos: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call("eval", folder, "--data", photos, "-n", 12, "--steps", 1, "--features", "pixels", "--no-curve")
    assert "captions of 8 of the samples that stand for held-out ones" in capsys.readouterr().out
    place = here / "sfumato-stable/evaluation"
    record = json.loads((place / "record.json").read_text())
    assert record["source"]["model"] == folder.as_posix() and record["conditions"]["reference"] == str(photos)
    assert {"recall", "two_sample"} <= record["scores"].keys() and f"--data {photos}" in record["source"]["command"]
    assert (place / "report.html").exists()
    with pytest.raises(SfumatoError, match=r"is no run, and doesn't say what it was trained on; .* by --data"):
        call("eval", folder)
    for caption in photos.glob("1*.txt"):
        (here / caption.with_suffix(".png").name).write_bytes(caption.with_suffix(".png").read_bytes())
    with pytest.raises(SfumatoError, match=r"11 of 11 pictures .* have no caption, and .* goes by words"):
        call("eval", folder, "--data", here)


def test_a_walk_is_tuned_to_a_pipeline_and_kept_in_its_folder(
    folder: Path, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"TAUGHT": 2, "HELD_OUT": 4, "WHOLE": 2, "BATCH": 2}.items():
        monkeypatch.setattr(tuning, name, value)
    monkeypatch.setattr(tuning, "BASES", ("dpm++2m", "ddim"))
    monkeypatch.setattr(tuning, "TEACHER_STEPS", 16)
    monkeypatch.setattr("sfumato.cli.tune.tuning", partial(tuning.tuning, iterations=1))
    (here / "prompts.txt").write_text("\n".join(CAPTIONS))
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    plain = load(folder)
    try:
        call("tune", folder, "--data", here / "prompts.txt", "--steps", 3)
        (walk,) = read_tuned(folder)
        model = load(folder)
        assert walk.steps == 3 and walk.guidance == model.config.sampling.guidance and model.tuned_steps == [3]
        assert "are how the model walks in so many steps" in capsys.readouterr().out
        ours, others = (one.sample([5], prompts="a red heart", steps=3) for one in (model, plain))
        assert ours.isfinite().all() and not torch.equal(ours, others)
    finally:
        (folder / "tuned.json").unlink(missing_ok=True)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_cant_be_tuned_is_refused_before_any_work(folder: Path, here: Path) -> None:
    (here / "empty.txt").write_text("\n")
    for words, message in (
        ((folder,), r"doesn't|is no run, whose data would say what to walk to; give --data, pictures with captions or"),
        ((folder, "--data", here / "empty.txt"), "holds no prompt; write one a line"),
        ((folder, "--data", here / "gone.txt"), "can't be read as text; write a prompt a line"),
        ((f"{folder}+style.safetensors",), "put together as it is loaded; write it as one folder"),
        (("hf:me/mine",), "kept as it is on the Hub; put it into a folder of yours"),
        (("digits",), "ships with the package"),
    ):
        with pytest.raises(SfumatoError, match=message) as found:
            call("tune", *words)
        assert "\n" not in str(found.value)
    with pytest.raises(SfumatoError, match="was trained without captions; leave `prompts` out"):
        tuning.tuning(load(ddim_folder(here / "ddim")), 4, prompts=["a red heart"])


def test_adapters_learn_the_ends_of_a_pipelines_walks(folder: Path, photos: Path, here: Path) -> None:
    call("distill", folder, "--data", photos, "--lora", 2, "--steps", 2, "--images", 8, "--batch", 4,
         "--set", "keeping.previews=0")  # fmt: skip
    student = load(here / "runs/stable-student")
    assert student.config.student and student.config.sampling.steps == 2
    pictures = student.sample([1], prompts="a red heart")
    assert pictures.shape == (1, 3, 16, 16) and pictures.isfinite().all()
    call("export", here / "runs/stable-student", "--to", "single-file")
    file = here / "runs/stable-student/single-file/stable-student.safetensors"
    again = load(f"{folder}+{file}")
    for ours, theirs in zip(again.denoiser.parameters(), student.denoiser.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    with pytest.raises(SfumatoError, match="holds weights alone, and who reads it says the rest"):
        call("export", folder, "--to", "single-file", "--steps", 4)
    with pytest.raises(SfumatoError, match=r"put together as it is loaded; write it as one folder \(sfumato export"):
        call("push", here / "runs/stable-student", "me/mine", "--dry-run")
