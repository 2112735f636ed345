"""The models that ship: they load by name, draw what was asked for, and say where they come from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import sfumato
from sfumato.data import open_dataset
from sfumato.errors import SfumatoError
from sfumato.evaluation import judge
from sfumato.hub.zoo import ZOO, load_zoo, ships, zoo_names
from tiny import Command


def test_all_that_are_promised_ship() -> None:
    assert zoo_names() == ["avatars", "digits", "digits-student", "emoji", "points"]


@pytest.mark.parametrize("name", zoo_names())
def test_each_is_small_and_has_a_card(name: str) -> None:
    files = {p.name for p in (ZOO / name).iterdir()}
    own = files - {"tokenizer.json", "tuned.json", "codec.safetensors"}
    assert own == {"README.md", "config.json", "model.safetensors"}
    model = load_zoo(name)
    assert ("tokenizer.json" in files) == (model.tokenizer is not None)
    assert ("codec.safetensors" in files) == (model.codec is not None)
    assert model.tuned_steps == [one.steps for one in model.tuned], "to the weights that ship"
    command = "students" if model.config.student else name
    assert f"benchmarks/zoo.py {command}" in (ZOO / name / "README.md").read_text()
    assert sum(p.stat().st_size for p in ZOO.rglob("*.*")) < 40e6


def test_the_digits_are_read_as_asked() -> None:
    labels = [i % 10 for i in range(200)]
    samples = sfumato.load("digits").sample(range(200), labels, batch=200)
    assert judge(samples, torch.tensor(labels), open_dataset("digits")).read_as_asked >= 0.97


@pytest.mark.parametrize(("steps", "least"), [(2, 0.95), (1, 0.95)])
def test_their_student_s_digits_are_read_as_asked_in_two_calls_and_in_one(steps: int, least: float) -> None:
    labels, student = [i % 10 for i in range(200)], sfumato.load("digits-student")
    assert student.config.student and student.config.sampling.steps == 2
    samples = student.sample(range(200), labels, steps=steps, batch=200)
    assert judge(samples, torch.tensor(labels), open_dataset("digits")).read_as_asked >= least


def test_the_points_lie_on_the_set_that_was_asked_for() -> None:
    model, count = sfumato.load("points"), 200
    assert sum(p.stat().st_size for p in (ZOO / "points").iterdir()) < 0.3e6
    data = open_dataset("points:plane:20000")
    x, labels = data.batch(torch.arange(len(data)))
    assert labels is not None
    drawn = model.sample(range(count * 7), [label for label in range(7) for _ in range(count)], batch=1400)
    for label, own in enumerate(drawn.split(count)):
        real = x[labels == label]
        nearest = torch.cdist(own, real).amin(1)
        usual = torch.cdist(real[:count], real[count:]).amin(1)
        assert nearest.median() < 3 * usual.median(), model.config.classes[label]


def test_a_run_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert ships("digits") and not ships("cats")
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits/config.json").write_text("{}")
    assert not ships("digits")


def test_an_unknown_name_lists_them() -> None:
    with pytest.raises(SfumatoError, match="digits"):
        load_zoo("digit")


def test_the_command_line_draws_and_tells_how_to_again(sfumato: Command, tmp_path: Path) -> None:
    told = sfumato("sample", "digits", "--class", 3, "-n", 2)
    assert told.returncode == 0, told.stderr
    again = sfumato("info", tmp_path / "sfumato-digits/samples/3-seed-0001.png")
    assert "sfumato sample digits --class 3" in again.stdout.replace("\n", " ")
    assert sfumato("sample", "digits", "--first", "teleport", "-n", 2).returncode == 0
    told = sfumato("sample", "points", "--class", "moons", "-n", 500)
    assert told.returncode == 0 and (tmp_path / "sfumato-points/samples/points.npy").exists(), told.stderr
    told = sfumato("info", "points")
    assert told.returncode == 0 and "moons" in told.stdout and "ships" in told.stdout, told.stderr
