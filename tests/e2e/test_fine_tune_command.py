"""Fine-tuning as a user meets it: from pictures to pictures by way of another model, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tiny import Command

TRAIN = ("--images", 16, "--batch", 16, "--precision", "fp32", "--compile", "no")


def test_adapters_are_trained_with_peft_and_drawn_without_it(
    sfumato: Command, run_folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(run_folder, tmp_path / "runs/tiny")
    trained = sfumato("train", "digits", "--from", "runs/tiny", "--lora", 4, "--name", "mine", *TRAIN)
    assert trained.returncode == 0, trained.stderr
    said = " ".join(trained.stdout.split())
    assert "adapters of rank 4" in said and "runs/mine/adapter (" in said and "kB" in said
    training = json.loads((tmp_path / "runs/mine/config.json").read_text())["training"]
    path, weights = training["origin"]["path"], training["origin"]["weights"]
    assert path.startswith("runs/tiny/checkpoints/checkpoint-") and len(weights) == 64
    assert training["optimizer"]["learning_rate"] == pytest.approx(3 * 0.006)

    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden/peft.py").write_text("raise ImportError")  # who only draws needs no peft
    without = os.pathsep.join([str(tmp_path / "hidden"), os.environ.get("PYTHONPATH", "")])
    drawn = sfumato("sample", "runs/mine", "--class", "3", "-n", 2, "--steps", 2, PYTHONPATH=without)
    assert drawn.returncode == 0, drawn.stderr
    told = " ".join(sfumato("info", "runs/mine").stdout.split())
    assert f"from {path} (weights {weights[:12]})" in told
    assert "adapters of rank 4: runs/mine/adapter (" in told

    refused = sfumato("train", "--resume", "--name", "mine", "--images", 96, PYTHONPATH=without)
    assert refused.returncode == 2 and "pip install 'sfumato[lora]'" in refused.stderr


def test_pictures_of_another_size_and_with_other_classes(sfumato: Command, pictures: Path, tmp_path: Path) -> None:
    assert sfumato("train", pictures, "--name", "first", "--size", 8, "--net", "nano", *TRAIN).returncode == 0
    (pictures / "blue").rename(pictures / "green")
    tuned = sfumato("train", pictures, "--from", "runs/first", "--name", "second", "--size", "12x16", *TRAIN)
    assert tuned.returncode == 0, tuned.stderr
    assert "from runs/first/checkpoints/checkpoint-00000001" in " ".join(tuned.stdout.split())
    config = json.loads((tmp_path / "runs/second/config.json").read_text())
    first = json.loads((tmp_path / "runs/first/config.json").read_text())
    assert config["model"]["shape"] == [3, 12, 16] and config["model"]["classes"] == ["green", "red"]
    assert config["model"]["data_std"] == first["model"]["data_std"]
    shutil.rmtree(tmp_path / "runs/first")
    again = sfumato("train", pictures, "--from", "runs/second/checkpoints/start", "--name", "third", *TRAIN)
    assert again.returncode == 0, again.stderr
    assert json.loads((tmp_path / "runs/third/config.json").read_text())["training"]["data"]["size"] == [12, 16]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("digits", "--from", "runs/none"), ["no folder runs/none"]),
        (("digits", "--from", "pictures"), ["no trained model in pictures"]),
        (("digits", "--from", "digit"), ["no folder digit"]),
        (("pictures", "--from", "digits"), ["1 channel", "3 channels"]),
        (("points:moons", "--from", "digits"), ["points of 2 numbers"]),
        (("digits", "--from", "digits", "--net", "tiny"), ["--net", "leave --net out"]),
        (("digits", "--lora", 4), ["--from"]),
        (("digits", "--from", "digits", "--lora", 0), ["rank", "between 1 and 63"]),
    ],
)
def test_wrong_input_gets_one_clear_line(
    sfumato: Command, pictures: Path, tmp_path: Path, arguments: tuple[object, ...], words: list[str]
) -> None:
    refused = sfumato("train", *arguments, "--name", "x", *TRAIN)
    assert refused.returncode == 2 and "Traceback" not in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert all(word in refused.stderr for word in words), refused.stderr
    assert not (tmp_path / "runs/x").exists()


def test_a_damaged_source_is_refused(sfumato: Command, run_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(run_folder, tmp_path / "runs/source")
    for path in (tmp_path / "runs/source/checkpoints").glob("*/ema.safetensors"):
        path.write_bytes(path.read_bytes()[:-1])
    refused = sfumato("train", "digits", "--from", "runs/source", "--name", "x", *TRAIN)
    assert refused.returncode == 2 and "1 damaged checkpoints" in refused.stderr
    assert not (tmp_path / "runs/x").exists()
