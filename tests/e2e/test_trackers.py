"""`--track`: the curves that TensorBoard shows are those of metrics.jsonl, and a tracker can't harm a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sfumato.cli.trackers import Trackers, check_trackers
from sfumato.errors import SfumatoError
from sfumato.training import TrainingConfig, start_run, train
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

    assert sfumato("train", "--resume", "--name", "moons", "--images", 6000, "--track", "tensorboard").returncode == 0
    assert max(curve(run / "tensorboard", "loss")) == 94


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


def test_a_tracker_that_fails_is_left_out_and_the_run_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    trainer = start_run(run, blobs(), TrainingConfig("blobs", images=16 * 20, batch=16, previews=1), TINY)
    (run / "tensorboard").write_text("a file where the tracker's folder should be")
    trackers = Trackers(["tensorboard"], run, trainer)
    for event in train(run, trainer):
        trackers.take(event)
    trackers.close()
    assert trainer.fraction == 1
    assert "tensorboard failed and is left out" in capsys.readouterr().out


def test_an_unknown_tracker_is_refused_before_training() -> None:
    with pytest.raises(SfumatoError, match="tensorboard"):
        check_trackers("tensorbord")
    assert check_trackers("") == []


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "wandb" else object())
    with pytest.raises(SfumatoError, match="pip install accelerate wandb"):
        check_trackers("tensorboard,wandb")
