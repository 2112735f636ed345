"""Run, a run folder as a value: what it refuses, and that nothing is lost where nobody watches to the end."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import sfumato
from sfumato import AutoencoderRun, Run, SfumatoError, load, runs
from sfumato.cli import MEANT_OPTIONS, app, no_option
from sfumato.cli.info import data_facts
from sfumato.cli.runs import run_to_resume, run_to_start, runs_in
from sfumato.cli.words import in_options
from sfumato.evaluation.report import write_training_report
from sfumato.evaluation.training_data import training_data
from sfumato.files import run_lock
from sfumato.hub.config import read_config
from sfumato.training import Noted, Progress, Saved
from sfumato.training.estimates import saving
from sfumato.training.settings import parse_settings

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
        ({"lr": 1e-3}, "no setting of training called 'lr': did you mean 'optimizer.learning_rate'"),
        ({"schedule": "squaredcos_cap_v2"}, "unknown schedule 'squaredcos_cap_v2': did you mean 'cosine-betas'"),
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
    assert not Run.open(tmp_path / "left").finished
    saved = [event.step for event in Run.open(tmp_path / "left").train() if isinstance(event, Saved)]
    assert saved == [4] and (tmp_path / "left" / "checkpoints" / "checkpoint-00000002").exists()
    ours, theirs = (Run.open(tmp_path / name).model().denoiser.state_dict() for name in ("left", "whole"))
    assert all(torch.equal(value, theirs[key]) for key, value in ours.items())
    assert Run.open(tmp_path / "left").finished
    (tmp_path / "left" / "checkpoints" / "checkpoint-00000004" / "model.safetensors").write_bytes(b"")
    assert not Run.open(tmp_path / "left").finished, "it would go on from what is intact"


def test_a_run_on_data_of_a_program_says_that_they_are_to_be_given(tmp_path: Path) -> None:
    data = sfumato.datasets.from_arrays(np.random.default_rng(0).random((300, 1, 8, 8)), np.arange(300) % 2)
    started = Run.start(tmp_path / "run", data, held_out=0.2, **TINY)
    assert list(started.train()) and list(started.resume(images=48))  # which knows its data
    run = Run.open(tmp_path / "run")
    with pytest.raises(SfumatoError, match="or give the data of the run as `data`"):
        next(run.resume(images=64))
    with pytest.raises(SfumatoError, match="or give the data it was trained on as `data`"):
        run.evaluate()
    with pytest.raises(SfumatoError, match="make one by `sfumato"):
        run.evaluate(data=np.zeros((300, 1, 8, 8)))
    assert list(run.resume(data, images=64))
    how: dict[str, Any] = {"count": 12, "features": "pixels", "curve": False, "steps": 2}
    ours, theirs = run.evaluate(data=data, **how), sfumato.evaluate(tmp_path / "run", data, **how)
    assert run.evaluate(**how).record.conditions == ours.record.conditions
    assert ours.record.conditions == theirs.record.conditions and ours.record.conditions.split == "trained on"
    assert ours.record.conditions.reference_count == 240  # what was held out of the training stands for real data
    others = sfumato.datasets.from_arrays(np.random.default_rng(1).random((300, 1, 8, 8)), np.arange(300) % 2)
    assert run.evaluate(data=others, **how).record.conditions.split == "all but a random fifth"


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


def test_runs_are_listed_numbered_and_gone_on_with_by_their_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    out = Path("runs")
    with pytest.raises(SfumatoError, match="there are none in runs"):
        run_to_resume(None, None, out)
    for number in ("", "-2", "-3"):
        assert run_to_start("digits", None, out) == Path(f"runs/digits{number}")
        assert number or run_to_resume("digits", None, out) == (Path("runs/digits"), "digits")
        run = Run.start(run_to_start("digits", None, out), "digits", **TINY)
        assert run_to_resume("digits", None, out) == (run.folder, "digits")
        assert run_to_resume(f"runs/digits{number}", None, out) == (run.folder, None)
        assert run_to_resume(None, run.folder.name, out) == (run.folder, None)
    list(run.train())
    with pytest.raises(SfumatoError, match="is a run, and no data; go on with it: sfumato train --resume runs/digits"):
        run_to_start("runs/digits", None, out)
    with pytest.raises(SfumatoError, match=r"in runs there are digits-3 \(finished\), digits.* \(nothing saved\)"):
        run_to_resume(None, None, out)
    assert [state.saved for state in runs_in(out)] == [True, False, False]
    app(["runs"], result_action="return_value")
    shown = capsys.readouterr().out
    assert (
        re.search(r"runs/digits-3  digits  1×8×8    32 in \d+ s  +finished", shown)
        and shown.count("nothing saved") == 2
    )


def test_runs_that_are_no_models_or_damaged_are_listed_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pictures = sfumato.datasets.from_arrays(np.random.default_rng(0).random((40, 1, 16, 16)))
    AutoencoderRun.start("runs/eyes", pictures, "nano", 4, images=8, batch=8, precision="fp32")
    AutoencoderRun.start("runs/both/autoencoder", pictures, "nano", 4, images=8, batch=8, precision="fp32")
    for number in range(8):
        config = tmp_path / "runs" / f"broken-{number}" / "config.json"
        (config.parent / "checkpoints").mkdir(parents=True)
        config.write_text("{")
    (tmp_path / "runs" / "notes").mkdir()
    said = [r"\(nothing saved\) and no model yet; go on with both: ", "--latent --name both --images 8 --resume"]
    for words in (["info", "runs/both"], ["watch", "runs/both"], ["train", "--resume", "--name", "both"]):
        with pytest.raises(SfumatoError, match=".*".join(said)):
            app(words, result_action="return_value", exit_on_error=False)
    app(["runs"], result_action="return_value")
    shown = capsys.readouterr().out
    listed = "".join(shown.split())  # in a narrow terminal, columns have lines of their own
    assert "1×16×16" in listed and "(autoencoder)" in listed and "runs/eyes" in listed and "notes" not in listed
    assert shown.count("config.json is") == 8
    with pytest.raises(SfumatoError, match=r"\(config.json is damaged\) and 2 more \(`sfumato runs runs`\)\."):
        run_to_resume(None, None, Path("runs"))
    with pytest.raises(SfumatoError, match=r"broken-1/config.json is not valid JSON"):
        sfumato.load("runs/broken-1")


def test_what_info_says_of_pictures_of_one_size_ends_with_what_to_type_next(pictures: Path) -> None:
    facts = dict(data_facts(str(pictures), None))
    assert facts["next"].endswith(f" train {pictures} --from emoji --minutes 3")


def test_no_checkpoint_is_promised_after_the_end_of_a_run(tmp_path: Path) -> None:
    given = {name: value for name, value in TINY.items() if name != "images"}
    for minutes, promised in ((0.05, False), (5.0, True)):
        trainer = Run.start(tmp_path / f"run-{minutes}", "digits", minutes=minutes, **given).trainer
        assert trainer is not None and ("to sample from after" in saving(trainer)) == promised


def test_a_run_without_a_checkpoint_says_whether_it_trains(tmp_path: Path) -> None:
    Run.start(tmp_path / "run", "digits", **TINY)
    with pytest.raises(SfumatoError, match="stopped before it saved anything"):
        sfumato.load(tmp_path / "run")
    with run_lock(tmp_path / "run"), pytest.raises(SfumatoError, match="has saved nothing yet, as it began to train"):
        sfumato.load(tmp_path / "run")


@pytest.mark.parametrize("before", [False, True])
def test_a_run_finds_its_data_from_any_folder(
    tmp_path: Path, pictures: Path, before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one of before, which knows them by a path from where it began."""
    monkeypatch.chdir(tmp_path)
    list(Run.start("runs/red", "pictures", **TINY).train())
    (tmp_path / "elsewhere" / "pictures").mkdir(parents=True)  # others of that name
    if before:
        config = tmp_path / "runs" / "red" / "config.json"
        config.write_text(config.read_text().replace(f'"place": "{pictures}"', '"place": ""'))
        (tmp_path / "elsewhere" / "pictures").rmdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    events = Run.open("../runs/red").resume(images=40)
    assert not any("goes on with" in event.text for event in events if isinstance(event, Noted))
    assert Run.open("../runs/red").config.data.source == "pictures"
    data, _, notes = training_data("../runs/red", sfumato.load("../runs/red"))
    assert data.name == "pictures" and len(data) == 12 and notes == []


def test_a_run_that_has_ended_leaves_a_report_that_stands_alone(tmp_path: Path) -> None:
    run = Run.start(tmp_path / "run", "digits", **TINY | {"previews": 2, "images": 64})
    list(run.train())
    page = run.report(["sfumato sample <b>"]).read_text()
    assert "Digits, learned" in page and "sfumato sample &lt;b&gt;" in page and "64 images seen" in page
    previews = len(list((tmp_path / "run" / "previews").iterdir()))
    assert page.count("data:image/png;base64,") == previews + 1 > 1 and not re.search(r'(?:src|href)="(?!data:)', page)


def test_an_option_by_another_programs_name_is_answered_with_ours() -> None:
    assert no_option("train", "Unknown option: --lr. Did you mean --lora?").endswith("Did you mean --learning-rate?")
    assert "Did you mean --steps?" in no_option("sample", 'Unknown option: "--num_inference_steps=3".')
    assert no_option("eval", "Unknown option: --lr.") == "Unknown option: --lr."
    for verb, options in MEANT_OPTIONS.items():
        arguments = app[verb].assemble_argument_collection()
        known = {name for argument in arguments for name in argument.names}
        assert {name.partition(" ")[0] for meant in options.values() for name in meant.split(" or ")} <= known
        parse_settings(meant.partition(" ")[2] for meant in set(options.values()) if meant.startswith("--set"))


def test_a_run_of_no_step_has_nothing_to_report(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="has written down no step"):
        write_training_report(tmp_path, load("points"), "moons", "", ())


def test_reading_the_data_takes_of_the_minutes_at_most_a_third(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Run.start(tmp_path / "quick", "digits", minutes=100.0)
    ticks = itertools.count(0, 900)  # seconds between two looks at the clock
    monkeypatch.setattr(runs, "time", SimpleNamespace(perf_counter=lambda: float(next(ticks))))
    long = Run.start(tmp_path / "long", "digits", minutes=100.0)
    endless = Run.start(tmp_path / "endless", "digits", minutes=10.0)
    taken = [run.trainer.seconds for run in (quick, long, endless) if run.trainer is not None]
    assert taken[0] < 60 and 900 <= taken[1] < 960 and 200 <= taken[2] < 260
    assert [run.config.minutes for run in (quick, long, endless)] == [100, 100, 10]


def test_points_are_not_clipped() -> None:
    with pytest.raises(SfumatoError, match="points are not values in"):
        load("points").sample([0], steps=2, threshold="static")
