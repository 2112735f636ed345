"""`--track`: the curves that TensorBoard shows are those of metrics.jsonl, and a tracker can't harm a run."""

from __future__ import annotations

import importlib.util
import json
import os
import threading
from pathlib import Path

import pytest

from sfumato import AutoencoderRun
from sfumato.errors import SfumatoError
from sfumato.training import Noted, TrainingConfig, start_run, train
from sfumato.training.trackers import Trackers, check_trackers, earlier_trackers, tracked
from tiny import TINY, Command, blobs

pytest.importorskip("tensorboard")


def curve(folder: Path, name: str) -> dict[int, float]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return {event.step: event.value for event in events.Scalars(name)}


def test_tensorboard_reads_what_metrics_jsonl_holds(sfumato: Command, tmp_path: Path) -> None:
    arguments = ("points:moons:400", "--images", 4000, "--batch", 64, "--name", "moons", "--track", "tensorboard")
    ended = sfumato("train", *arguments)
    assert ended.returncode == 0, ended.stderr
    run = tmp_path / "runs" / "moons"
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    found = curve(run / "tensorboard", "loss")
    assert found == pytest.approx({line["step"]: line["loss"] for line in lines}, rel=1e-6)

    assert sfumato("train", "--resume", "--name", "moons", "--images", 6000).returncode == 0, "it stays in tensorboard"
    assert max(curve(run / "tensorboard", "loss")) == 94


def test_the_curves_of_an_autoencoder_are_shown_and_stay_there(tmp_path: Path) -> None:
    settings = {"batch": 16, "perceptual": 0.0, "held_out": 0.2, "previews": 1, "precision": "fp32", "threads": 1}
    run = AutoencoderRun.start(tmp_path / "eyes", blobs(), "nano", 2, 2, images=320, **settings)
    list(run.train("tensorboard"))
    list(AutoencoderRun.open(tmp_path / "eyes").resume(blobs(), images=480).train())
    lines = [json.loads(line) for line in (tmp_path / "eyes" / "metrics.jsonl").read_text().splitlines()]
    shown = curve(tmp_path / "eyes" / "tensorboard", "loss")
    assert shown == pytest.approx({line["step"]: line["loss"] for line in lines}, rel=1e-5) and max(shown) == 30
    assert curve(tmp_path / "eyes" / "tensorboard", "held out/sigma 0")


def test_held_out_losses_and_previews_are_shown_too(tmp_path: Path) -> None:
    config = TrainingConfig("blobs", images=16 * 20, batch=16, previews=2, held_out=0.3)
    trainer = start_run(tmp_path / "run", blobs(), config, TINY)
    trackers = Trackers(["tensorboard"], tmp_path / "run", trainer)
    for event in train(tmp_path / "run", trainer):
        trackers.take(event)
    trackers.close()
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    tags = events.Tags()
    assert tags["images"] == ["preview"]
    assert sum(tag.startswith("held out/sigma ") for tag in tags["scalars"]) == 4


def test_a_tracker_that_fails_is_left_out_and_the_run_goes_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    trainer = start_run(run, blobs(), TrainingConfig("blobs", images=16 * 20, batch=16, previews=1), TINY)
    (run / "tensorboard").write_text("a file where the tracker's folder should be")
    events = list(tracked(train(run, trainer), ["tensorboard"], run, trainer))
    assert trainer.fraction == 1
    said = [event.text for event in events if isinstance(event, Noted)]
    assert sum("tensorboard failed and is left out" in text for text in said) == 1


def test_a_run_that_is_stopped_shows_its_last_steps_too(tmp_path: Path) -> None:
    run = tmp_path / "run"
    trainer = start_run(run, blobs(), TrainingConfig("blobs", images=16 * 40, batch=16, previews=0), TINY)
    trackers = Trackers(["tensorboard"], run, trainer)
    for event in train(run, trainer):
        trackers.take(event)
        if trainer.step == 14:
            trainer.stop()
    trackers.close()
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert list(curve(run / "tensorboard", "loss")) == [line["step"] for line in lines] == [10, 14]


def test_curves_are_written_out_where_training_fails(sfumato: Command, tmp_path: Path) -> None:
    arguments = ("--images", 10_000, "--batch", 64, "--name", "nan", "--optimizer", "adamw", "--learning-rate", 1e30)
    ended = sfumato("train", "points:moons:400", *arguments, "--track", "tensorboard")
    assert ended.returncode == 2 and "not a finite number" in ended.stderr
    assert curve(tmp_path / "runs" / "nan" / "tensorboard", "skipped")


def test_a_tracker_that_hangs_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = threading.Event()  # that never answers while the run goes on
    monkeypatch.setattr("accelerate.tracking.TensorBoardTracker.start", lambda self: network.wait())
    run = tmp_path / "run"
    trainer = start_run(run, blobs(), TrainingConfig("blobs", images=16 * 20, batch=16, previews=1), TINY)
    trackers = Trackers(["tensorboard"], run, trainer)
    assert [note.text for note in trackers.said()] == [f"see the curves with: tensorboard --logdir {run}/tensorboard"]
    for event in train(run, trainer):
        trackers.take(event)
    trackers.close(patience=0)
    network.set()
    assert trainer.fraction == 1
    assert trackers.notes == ["tensorboard failed and is left out from here on: it doesn't come to an end"]


def test_an_unknown_tracker_is_refused_before_training() -> None:
    with pytest.raises(SfumatoError, match="tensorboard"):
        check_trackers("tensorbord")
    assert check_trackers("") == []


@pytest.mark.skipif(importlib.util.find_spec("wandb") is not None, reason="wandb is installed")
def test_a_missing_library_is_named_though_a_folder_has_its_name(sfumato: Command, tmp_path: Path) -> None:
    (tmp_path / "wandb").mkdir()  # as any other run leaves it there
    ended = sfumato("train", "points:moons:400", "--track", "tensorboard,wandb")
    assert ended.returncode == 2
    assert ended.stderr.strip().endswith("pip install accelerate wandb.") and not ended.stdout
    assert not (tmp_path / "runs").exists()


def test_a_run_goes_on_without_a_tracker_whose_library_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tensorboard").mkdir()
    assert earlier_trackers(tmp_path) == (["tensorboard"], [])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    names, (said,) = earlier_trackers(tmp_path)
    assert names == [] and "goes on without tensorboard" in said


def test_no_tracker_is_imported_unless_asked_for(sfumato: Command, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sorted({'accelerate', 'tensorboard', 'wandb'} & set(sys.modules)), end='#'))\n"
    )
    arguments = ("points:moons:400", "--images", 640, "--batch", 64)
    paths = f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    for track, imported in (("", "#"), ("tensorboard", "accelerate tensorboard#")):
        ended = sfumato("train", *arguments, "--name", f"a{track}", "--track", track, PYTHONPATH=paths)
        assert ended.stdout.splitlines()[-1].strip() == imported, ended.stderr
