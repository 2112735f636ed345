"""What happens to a run when a process is killed, a file is cut short, or the disk is full."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from forking import FORKS
from sfumato.data import Dataset, open_dataset
from sfumato.errors import SfumatoError
from sfumato.files import free_disk
from sfumato.hub import ModelConfig, load
from sfumato.hub.checkpoints import MARGIN, newest_checkpoint, saved_in, write_checkpoint
from sfumato.nets import MLPConfig
from sfumato.training import Noted, Progress, Saved, StateLost, TrainingConfig, model_for, resume_run, start_run, train
from sfumato.training.state import FILES, snapshot_bytes, state_bytes
from tiny import TINY, Command, blobs

CPU = torch.device("cpu")
CONFIG = TrainingConfig(
    "blobs", images=16 * 40, batch=16, previews=1, save_minutes=1e-9, checkpoints=3
)  # saves at every step


def go_on(folder: Path, told: Connection) -> None:
    """Start the run, or go on with it, and tell each step that was saved, or why it ended."""
    torch.set_num_threads(1)  # as here: sums in another order would differ in the last bit
    fresh = not (folder / "config.json").exists()
    try:
        trainer = (
            start_run(folder, blobs(), CONFIG, TINY, CPU) if fresh else resume_run(folder, blobs(), CONFIG, CPU)[0]
        )
        for event in train(folder, trainer):
            if isinstance(event, Saved):
                told.send(event.step)
    except SfumatoError as error:
        told.send(str(error))
        sys.exit(1)


def final_weights(folder: Path) -> dict[str, torch.Tensor]:
    checkpoint, _ = newest_checkpoint(folder / "checkpoints", FILES)
    assert checkpoint is not None and checkpoint.state["step"] == 40
    return {f"{name}/{key}": value for name in FILES for key, value in checkpoint.read(name).items()}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    folder = tmp_path_factory.mktemp("uninterrupted") / "run"
    list(train(folder, start_run(folder, blobs(), CONFIG, TINY, CPU)))
    return final_weights(folder)


def stopped_at(folder: Path, step: int, config: TrainingConfig = CONFIG) -> None:
    trainer = start_run(folder, blobs(), config, TINY, CPU)
    for event in train(folder, trainer):
        if isinstance(event, Saved) and event.step == step:
            trainer.stop()


@pytest.fixture(scope="module")
def at_20(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was stopped after twenty steps; for copies, that a test may damage."""
    folder = tmp_path_factory.mktemp("stopped") / "run"
    stopped_at(folder, 20)
    return folder


def in_another_process(folder: Path) -> tuple[BaseProcess, Iterator[Any]]:
    """A process that goes on with the run, and what it tells."""
    ours, theirs = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=go_on, args=(folder, theirs))
    process.start()
    theirs.close()

    def told() -> Iterator[Any]:
        with ours, suppress(EOFError):
            while True:
                yield ours.recv()

    return process, told()


def test_killed_again_and_again_a_run_ends_as_if_it_had_not_been(
    tmp_path: Path, uninterrupted: dict[str, torch.Tensor]
) -> None:
    """SIGKILL lands at whatever point saving or training has reached once a given step was announced."""
    folder = tmp_path / "run"
    for kill_after in (1, 4, 9, 17, 30, None):
        process, told = in_another_process(folder)
        for step in told:
            if kill_after is not None and step >= kill_after:
                process.kill()
                break
        process.join()
        assert process.exitcode == (0 if kill_after is None else -signal.SIGKILL)
    result = final_weights(folder)
    assert all(torch.equal(result[name], value) for name, value in uninterrupted.items())
    steps = [json.loads(line)["step"] for line in (folder / "metrics.jsonl").open()]
    assert steps == sorted(set(steps)) and steps[-1] == 40


def test_two_processes_do_not_write_one_run(tmp_path: Path) -> None:
    """The second is told so and changes nothing, though the first stands still; once that was killed, all is free."""
    folder = tmp_path / "run"
    first, told = in_another_process(folder)
    assert next(told) == 1 and first.pid is not None
    os.kill(first.pid, signal.SIGSTOP)
    there = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    second, said = in_another_process(folder)
    (sentence,) = said
    second.join()
    assert second.exitcode == 1 and f"another process trains in {folder}; stop it first" in sentence
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == there
    first.kill()
    first.join()
    third, said = in_another_process(folder)
    assert [*said][-1] == 40
    third.join()
    assert third.exitcode == 0


@pytest.mark.parametrize("file", [*FILES, "state.json"])
@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_a_damaged_newest_checkpoint_is_passed_over(
    tmp_path: Path, uninterrupted: dict[str, torch.Tensor], at_20: Path, file: str, damage: str
) -> None:
    folder = shutil.copytree(at_20, tmp_path / "run")
    path = folder / "checkpoints" / "checkpoint-00000020" / file
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        data[data.index(b"sha") if b"sha" in data else len(data) // 2] ^= 1
    path.write_bytes(data[: len(data) * 2 // 3] if damage == "truncated" else data)

    again, damaged = resume_run(folder, blobs(), CONFIG, CPU)
    # A flipped bit in state.json may leave it readable, but then a hash or a counter no longer fits what it names.
    if not (file == "state.json" and damage == "flipped"):
        assert again.step == 19 and [p.name for p in damaged] == ["checkpoint-00000020"]
    list(train(folder, again))
    result = final_weights(folder)
    assert all(torch.equal(result[name], value) for name, value in uninterrupted.items())


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("file", [*FILES, "state.json"])
def test_where_one_file_is_lost_in_every_checkpoint_nothing_is_begun_anew_or_deleted(
    tmp_path: Path, at_20: Path, file: str
) -> None:
    """The run is refused, with what is lost and whether the weights are there; from those alone it goes on if asked."""
    folder = shutil.copytree(at_20, tmp_path / "run")
    for number, path in enumerate(sorted((folder / "checkpoints").glob(f"*/{file}"), reverse=True)):
        path.write_bytes(path.read_bytes()[:-9]) if number % 2 else path.unlink()
    there = content(folder)
    with pytest.raises(
        StateLost, match=rf"checkpoint-00000020 is not complete \({file} is missing.*nothing was del"
    ) as lost:
        resume_run(folder, blobs(), CONFIG, CPU)
    assert lost.value.step == (None if file == "state.json" else 20)
    if file == "state.json":  # which says what the others must be
        with pytest.raises(StateLost, match="no weights are intact either"):
            resume_run(folder, blobs(), CONFIG, CPU, weights_only=True)
        assert content(folder) == there
        return
    assert content(folder) == there

    again, passed = resume_run(folder, blobs(), CONFIG, CPU, weights_only=True)
    assert (again.step, passed) == (20, [])
    saved = newest_checkpoint(folder / "checkpoints", tuple(name for name in FILES[:2] if name != file))[0]
    assert saved is not None
    ours = again.state()[0]
    for name in FILES[:2]:
        theirs = saved.read(name if name != file else FILES[1 - FILES.index(name)])
        assert all(torch.equal(value, theirs[key]) for key, value in ours[name].items())
    list(train(folder, again))
    assert final_weights(folder)


def test_what_a_run_passed_over_is_left_alone_until_it_is_there_again(tmp_path: Path) -> None:
    """Though one checkpoint alone is kept: the one just written is, and the one that may still draw."""
    folder, config = tmp_path / "run", replace(CONFIG, checkpoints=1)
    stopped_at(folder, 9, replace(CONFIG, checkpoints=3))
    for step in (8, 9):
        (folder / "checkpoints" / f"checkpoint-{step:08d}" / "optimizer.safetensors").unlink()
    again, damaged = resume_run(folder, blobs(), config, CPU)
    assert again.step == 7 and len(damaged) == 2
    kept = {}
    for event in train(folder, again):
        if isinstance(event, Saved):
            kept[event.step] = [int(path.name.split("-")[1]) for path in saved_in(folder / "checkpoints")]
    assert kept[8] == [8, 9] and kept[9] == [9] and kept[40] == [40]


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A real file system of 6 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        shutil.which("mount") is None
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)], capture_output=True).returncode
    ):
        pytest.skip("mounting a small tmpfs needs root and the right to mount, which this machine doesn't give")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path, but: int, name: str = "filler") -> None:
    """Leave so many bytes free, to a block."""
    (disk / name).write_bytes(bytes(free_disk(disk) - but))


def test_a_full_disk_stops_the_run_and_keeps_the_last_checkpoint(small_disk: Path) -> None:
    folder, config = small_disk / "run", replace(CONFIG, checkpoints=1)
    saved = []
    words = r"is full and step \d+ could not be saved: it takes [\d.]+ MB and [\d.]+ MB are free.*`resume`.*is intact"
    with pytest.raises(SfumatoError, match=words):
        for event in train(folder, start_run(folder, blobs(), config, TINY, CPU)):
            if isinstance(event, Saved):
                saved.append(event)
                if event.step == 3:
                    fill(small_disk, but=50_000)
    assert saved[-1].step == 3
    assert load(folder).source.endswith("checkpoint-00000003")
    assert not list((folder / "checkpoints").glob(".*"))

    (small_disk / "filler").unlink()
    again, damaged = resume_run(folder, blobs(), CONFIG, CPU)
    assert again.step == 3 and damaged == []
    list(train(folder, again))
    assert final_weights(folder)


def test_what_a_run_can_do_without_is_given_up_for_its_checkpoint(small_disk: Path) -> None:
    """Room for one checkpoint and no more: snapshots and those on the way are left out, which is said before the start.

    With that one on the disk, it is full: no line and no picture ends the run.
    """
    folder, config = small_disk / "run", replace(CONFIG, held_out=0.2, previews=4)
    trainer = start_run(folder, blobs(), config, TINY, CPU)
    fill(small_disk, but=state_bytes(trainer) + MARGIN + 200_000)
    events = []
    for event in train(folder, trainer):
        events.append(event)
        if isinstance(event, Saved):
            fill(small_disk, but=0, name="more")
    assert isinstance(events[0], Noted) and "no room for two checkpoints" in events[0].text
    notes = [event.text for event in events if isinstance(event, Noted)]
    assert [event.step for event in events if isinstance(event, Saved)] == [40]
    for words in ("snapshots of the averages", "without previews/: the disk is full", "without held_out.jsonl"):
        assert sum(words in note for note in notes) == 1, notes
    assert final_weights(folder) and load(folder).sample([0], steps=2).isfinite().all()


def test_older_checkpoints_make_room_for_the_last(small_disk: Path) -> None:
    folder, notes, steps = small_disk / "run", [], []
    for event in train(folder, start_run(folder, blobs(), CONFIG, TINY, CPU)):
        if isinstance(event, Saved):
            steps.append(event.step)
            if event.step == 3:
                fill(small_disk, but=50_000)
        notes += [event.text] if isinstance(event, Noted) else []
    assert any("fewer checkpoints are kept" in note for note in notes) and steps[-1] == 40
    assert final_weights(folder)


def test_files_that_can_not_be_written_do_not_end_a_run(tmp_path: Path) -> None:
    """Where previews, metrics, evaluations and averages should go there is something else."""
    folder, config = tmp_path / "run", replace(CONFIG, held_out=0.2)
    trainer = start_run(folder, blobs(), config, TINY, CPU)
    for name in ("previews", "averages"):
        (folder / name).write_text("in the way")
    for name in ("metrics.jsonl", "held_out.jsonl"):
        (folder / name).mkdir()
    notes = [event.text for event in train(folder, trainer) if isinstance(event, Noted)]
    assert final_weights(folder)
    for name in ("previews/", "averages/", "metrics.jsonl", "held_out.jsonl"):
        assert sum(f"goes on without {name}" in note for note in notes) == 1, notes


def test_a_run_whose_checkpoint_has_no_room_does_not_begin(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(free_disk(small_disk) - 200_000))
    with pytest.raises(
        SfumatoError, match=r"too full: what the run has to save takes [\d.]+ MB and [\d.]+ MB are free"
    ):
        start_run(small_disk / "run", blobs(), CONFIG, TINY, CPU)
    assert not (small_disk / "run").exists()


def test_what_a_checkpoint_takes_is_known_before_it_is_written(tmp_path: Path) -> None:
    for optimizer in ("adamw", "muon"):
        folder = tmp_path / optimizer
        trainer = start_run(folder, blobs(), replace(CONFIG, optimizer=optimizer, images=16 * 8), TINY, CPU)
        saved = [event for event in train(folder, trainer) if isinstance(event, Saved)][-1]
        size = sum(path.stat().st_size for path in saved.path.iterdir())
        assert 0.9 * size < state_bytes(trainer) < 1.1 * size
        snapshot = next((folder / "averages").iterdir()).stat().st_size
        assert 0.9 * snapshot < snapshot_bytes(trainer) < 1.1 * snapshot


def test_a_full_disk_is_one_line_on_the_command_line(small_disk: Path, sfumato: Command) -> None:
    fill(small_disk, but=100_000)
    result = sfumato("train", "points:moons", "--images", 2000, "--out", small_disk / "runs")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1 and "full" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each run is a fork, to be killed without starting Python anew")
def test_killed_at_random_moments() -> None:
    """Four of the fifty runs of benchmarks/killed.py, on a disk in memory where there is one."""
    script = Path(__file__).parents[2] / "benchmarks" / "killed.py"
    memory = {"TMPDIR": "/dev/shm"} if os.access("/dev/shm", os.W_OK) else {}
    told = subprocess.run([sys.executable, script, "4"], capture_output=True, text=True, env={**os.environ, **memory})
    assert told.returncode == 0, told.stdout + told.stderr


def test_a_limit_on_the_size_of_files_keeps_the_last_checkpoint(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="Windows has no such limits")
    folder = tmp_path / "run"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    trainer = start_run(folder, blobs(), CONFIG, TINY, CPU)
    try:
        with pytest.raises(SfumatoError, match=r"could not save to .*checkpoints: File too large"):
            for event in train(folder, trainer):
                if isinstance(event, Saved) and event.step == 3:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    again, damaged = resume_run(folder, blobs(), CONFIG, CPU)
    assert again.step == 3 and damaged == [] and not list((folder / "checkpoints").glob(".*"))


def test_data_that_are_not_numbers_are_skipped_wherever_they_turn_up(tmp_path: Path) -> None:
    points = np.random.default_rng(0).standard_normal((64, 2), dtype=np.float32)
    points[7] = np.nan
    config = replace(CONFIG, data="points", images=16 * 12)
    model = ModelConfig((2,), MLPConfig(2, width=32, blocks=1), data_std=1.0)
    trainer = start_run(tmp_path / "run", Dataset("points", points), config, model, CPU)
    list(train(tmp_path / "run", trainer))
    assert trainer.skipped == 3 and trainer.step == 12  # once an epoch of four batches
    files, _ = trainer.state()
    assert all(value.isfinite().all() for tensors in files.values() for value in tensors.values())


def test_a_checkpoint_outlives_its_data(sfumato: Command, pictures: Path, tmp_path: Path) -> None:
    command = ("train", pictures, "--images", 64, "--batch", 16, "--name", "c")
    assert sfumato(*command).returncode == 0
    pictures.rename(tmp_path / "moved")
    gone_on = sfumato("train", "--resume", "--name", "c", "--images", 128)
    assert gone_on.returncode == 2 and gone_on.stderr.count("\n") == 1 and "no folder" in gone_on.stderr
    assert load(tmp_path / "runs" / "c").source.endswith("checkpoint-00000004")
    drawn = sfumato("sample", "runs/c", "-n", 1, "--steps", 2)
    assert drawn.returncode == 0, drawn.stderr
    gone_on = sfumato("train", tmp_path / "moved", "--resume", "--name", "c", "--images", 80, "--batch", 8)
    assert gone_on.returncode == 0 and "goes on with" in gone_on.stdout and "from step 4" in gone_on.stdout
    assert "--batch 8 is left out: the run goes on as it began, with 16" in gone_on.stdout


def test_data_that_vanish_while_training_stop_nothing(pictures: Path, tmp_path: Path) -> None:
    """The decoded pictures are an open file: it lives as long as the run, even when it is unlinked."""
    dataset = open_dataset(str(pictures), cache=tmp_path / "cache")
    config = replace(CONFIG, data=str(pictures), images=16 * 6, save_minutes=10.0)
    trainer = start_run(tmp_path / "run", dataset, config, model_for(dataset, "tiny"), CPU)
    for event in train(tmp_path / "run", trainer):
        if isinstance(event, Progress) and event.step == 2:
            shutil.rmtree(pictures)
            shutil.rmtree(tmp_path / "cache")
    assert trainer.step == 6 and trainer.skipped == 0


def test_a_checkpoint_that_a_killed_process_had_moved_away_is_put_back(tmp_path: Path) -> None:
    """Between the two renames that write one step again there is neither under its name."""
    folder = tmp_path / "run"
    stopped_at(folder, 4, replace(CONFIG, checkpoints=1))
    path = folder / "checkpoints" / "checkpoint-00000004"
    path.replace(path.with_name(".checkpoint-00000004.old.part"))
    again, damaged = resume_run(folder, blobs(), CONFIG, CPU)
    assert again.step == 4 and not damaged and path.exists()


def test_weights_that_are_a_pointer_are_called_one(run_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(run_folder, tmp_path / "run")
    (path,) = (tmp_path / "run").glob("checkpoints/*/ema.safetensors")
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n")
    for place in (tmp_path / "run", path.parent):
        with pytest.raises(SfumatoError, match=r"ema\.safetensors is a Git LFS pointer, .*git lfs pull"):
            load(place)


def test_a_checkpoint_that_is_written_again_replaces_the_first(tmp_path: Path) -> None:
    for value in (1.0, 2.0):
        path = write_checkpoint(tmp_path, 7, {"model.safetensors": {"w": torch.full((3,), value)}}, {}, keep=1)
        checkpoint, damaged = newest_checkpoint(tmp_path, ("model.safetensors",))
        assert checkpoint is not None and checkpoint.path == path and not damaged
        assert checkpoint.read("model.safetensors")["w"].tolist() == [value] * 3
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_metrics_that_a_power_cut_left_damaged_do_not_stop_a_resume(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    trainer = start_run(folder, blobs(), CONFIG, TINY, CPU)
    for event in train(folder, trainer):
        if isinstance(event, Saved) and event.step == 20:
            trainer.stop()
    with (folder / "metrics.jsonl").open("ab") as file:
        file.write(bytes(100) + b"\n" + b'{"step": 2')
    again, _ = resume_run(folder, blobs(), CONFIG, CPU)
    list(train(folder, again))
    assert [json.loads(line)["step"] for line in (folder / "metrics.jsonl").open()] == [10, 20, 30, 40]
