"""Run, a run folder as a value: what it refuses, and that nothing is lost where nobody watches to the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import sfumato
from sfumato import Run, SfumatoError
from sfumato.cli import app
from sfumato.cli.words import in_options
from sfumato.hub.config import read_config
from sfumato.training import Noted, Progress, Saved

TINY: dict[str, Any] = {
    "net": "nano", "images": 32, "batch": 8, "precision": "fp32", "compile": False, "previews": 0, "evaluated": 0
}  # fmt: skip


class Net(nn.Module):
    def forward(self, x: Tensor, c_noise: Tensor, label: Tensor | None = None) -> Tensor:
        return x


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"net": Net}, "`net` is a size such as tiny, or a network of one's own, not <class"),
        ({"net": lambda x, c_noise: x}, "`net` is a size such as tiny"),
        ({"base": "digits", "recipe": "ddpm"}, "the recipe ddpm trains eps, and the model answers edm; leave `recipe`"),
        ({"base": "digits", "model.parameterization": "eps"}, "`base` keeps what the model is; leave `model.param"),
        ({"base": "digits", "net": "nano"}, "the network is that of `base`"),
    ],
)
def test_what_would_not_count_is_refused(tmp_path: Path, given: dict[str, Any], words: str) -> None:
    with pytest.raises(SfumatoError, match=words):
        Run.start(tmp_path / "run", "digits", images=8, batch=8, **given)
    assert not (tmp_path / "run").exists()


def test_a_run_that_is_left_before_its_end_is_saved_and_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    for name in ("whole", "left"):
        run = Run.start(tmp_path / name, "digits", **TINY)
        for event in (events := run.train()):
            if name == "left" and isinstance(event, Progress) and event.step == 2:
                break
        events.close()  # type: ignore[attr-defined]
    saved = [event.step for event in Run.open(tmp_path / "left").train() if isinstance(event, Saved)]
    assert saved == [4] and (tmp_path / "left" / "checkpoints" / "checkpoint-00000002").exists()
    ours, theirs = (Run.open(tmp_path / name).model().denoiser.state_dict() for name in ("left", "whole"))
    assert all(torch.equal(value, theirs[key]) for key, value in ours.items())


def test_a_run_on_data_of_a_program_says_that_they_are_to_be_given(tmp_path: Path) -> None:
    data = sfumato.datasets.from_arrays(np.random.default_rng(0).random((16, 1, 8, 8)))
    for _ in Run.start(tmp_path / "run", data, **TINY).train():
        pass
    with pytest.raises(SfumatoError, match="or give the data of the run as `data`"):
        next(Run.open(tmp_path / "run").resume(images=40))


def test_sampling_that_begins_beyond_what_is_trained_is_said(tmp_path: Path) -> None:
    given = {"recipe": "ddpm", **TINY, "schedule": {"kind": "linear", "steps": 10}}
    run = Run.start(tmp_path / "a", "digits", **given, **{"model.sampling.schedule": "linear"})
    said = [event.text for event in run.train() if isinstance(event, Noted)]
    assert any("sampling by the schedule linear begins at 157" in text for text in said)
    for recipe in sfumato.training.recipes.RECIPES:
        run = Run.start(tmp_path / recipe, "digits", recipe=recipe, **TINY)
        assert not any("begins at" in event.text for event in run.train() if isinstance(event, Noted))


def test_the_command_line_starts_the_run_that_python_starts_and_says_what_it_says(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (pictures / "red" / "broken.png").write_text("no picture")
    words = ["--net", "nano", "--images", "32", "--batch", "8", "--precision", "fp32", "--compile", "no", "--keep", "3"]
    words += ["--set", "previews=0", "--set", "evaluated=0", "--held-out", "0.1", "--control", "edges"]
    app(["train", "pictures", "--name", "ours", *words], print_error=False, result_action="return_value")
    shown = " ".join(capsys.readouterr().out.split())
    run = Run.start("runs/theirs", "pictures", checkpoints=3, held_out=0.1, control="edges", **TINY)
    said = [event.text for event in run.train() if isinstance(event, Noted)]
    assert run.config == Run.open("runs/ours").config
    assert read_config(Path("runs/ours/config.json")) == read_config(Path("runs/theirs/config.json"))
    assert "`held_out` 0.1 of 12 samples are too few to say anything: none is held out." in said
    assert any("broken.png" in text for text in said)
    assert "--held-out 0.1 of 12 samples" in shown and "use more --images" in shown
    assert [in_options(text) for text in said if in_options(text) not in shown] == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"batch": 4}, "a run goes on as it began, and takes no other `batch`"),
        ({"images": 16}, "has spent its budget .32 images"),
        ({"data": "elsewhere"}, "elsewhere, which the run was trained on, is no folder or file here any more"),
    ],
)
def test_what_a_run_can_not_go_on_with_is_said_when_it_is_asked(
    tmp_path: Path, given: dict[str, Any], words: str
) -> None:
    list(Run.start(tmp_path / "run", "digits", **TINY).train())
    with pytest.raises(SfumatoError, match=words):
        Run.open(tmp_path / "run").resume(**given)
