"""Several real processes that train one model: forked with what torchrun tells them, and, to be ended, by torchrun."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import together
from forking import Forks
from sfumato.errors import SfumatoError
from sfumato.hub import new_model
from sfumato.hub.checkpoints import newest_checkpoint, open_checkpoint
from sfumato.training import Processes, Trainer, TrainingConfig, read_evaluations
from sfumato.training.state import FILES
from tiny import TINY, Command, blobs
from together import STEPS, go_on, start_together

pytest.importorskip("accelerate")
psutil = pytest.importorskip("psutil")  # a dependency of accelerate


def worker(launcher: subprocess.Popen[str], rank: int) -> psutil.Process:
    """The process of this rank that torchrun started."""
    children = [child for child in psutil.Process(launcher.pid).children() if "RANK" in child.environ()]
    return next(child for child in children if child.environ()["RANK"] == str(rank))


LOSE = """
import sys
from pathlib import Path
import torch
from sfumato.data.dataset import DataLost
from sfumato.training import Progress, TrainingConfig, join_processes, model_for, open_data, start_run, train

folder, run, shard = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "True"
processes = join_processes()
config = TrainingConfig(str(folder), size=(8, 8), images=10**5, batch=6, stream=True, previews=0, shard=shard)
with processes.first():
    dataset = open_data(config)
trainer = start_run(run, dataset, config, model_for(dataset, "nano"), torch.device("cpu"), processes)
try:
    for event in train(run, trainer):
        if isinstance(event, Progress) and event.step == 3 and processes.main:
            (folder / "red" / "4.png").unlink()
except DataLost as lost:
    print(f"[{processes.rank}] after step {trainer.step}: {lost}", flush=True)
processes.leave()
"""


@pytest.mark.parametrize("shard", [False, True])
def test_when_one_loses_a_picture_all_save_and_say_so(
    pictures: Path, tmp_path: Path, shard: bool, forks: Forks
) -> None:
    script = tmp_path / "lose.py"
    script.write_text(LOSE)
    done = forks.run([*map(str, (script, pictures, tmp_path / "run", shard))], tmp_path, ranks=2)
    told = done.stdout
    assert done.returncode == 0, done.stderr
    checkpoint, damaged = newest_checkpoint(tmp_path / "run" / "checkpoints", FILES)
    assert checkpoint is not None and not damaged and checkpoint.state["step"] >= 3
    for rank in (0, 1):
        assert f"[{rank}] after step {checkpoint.state['step']}: red/4.png can no longer be read: no such file" in told


def saved_tensors(run: Path, files: Sequence[str]) -> dict[str, torch.Tensor]:
    checkpoint, damaged = newest_checkpoint(run / "checkpoints", FILES)
    assert checkpoint is not None and not damaged
    assert (checkpoint.state["step"], checkpoint.state["skipped"]) == (STEPS, 1)
    return {f"{name}/{key}": value for name in files for key, value in checkpoint.read(name).items()}


def assert_equal_to_rounding(run: Path, other: Path) -> None:
    ours, theirs = (saved_tensors(one, FILES[:3]) for one in (run, other))
    assert max(float((value - theirs[name]).abs().max()) for name, value in ours.items()) < 1e-5
    ours, theirs = (saved_tensors(one, ["optimizer.safetensors"]) for one in (run, other))
    assert (
        max(float((value - theirs[name]).norm() / (theirs[name].norm() + 1e-6)) for name, value in ours.items()) < 0.01
    )


def assert_told_alike(run: Path, other: Path) -> None:
    """The last preview and the held-out losses, in which several processes share the work."""
    previews = [np.asarray(Image.open(one / "previews" / f"step-{STEPS:08d}.png"), int) for one in (run, other)]
    assert abs(previews[0] - previews[1]).max() <= 1
    ours, theirs = (read_evaluations(one)[-1] for one in (run, other))
    np.testing.assert_allclose(ours.held_out + ours.trained, theirs.held_out + theirs.trained, rtol=1e-3)


def cut(run: Path, step: int, to: Path) -> Path:
    """A copy of `run` as it would be, had its machine lost its power after `step`."""
    shutil.copytree(run, to)
    for path in (to / "checkpoints").iterdir():
        if int(path.name.split("-")[1]) > step:
            shutil.rmtree(path)
    return to


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> dict[int, Path]:
    """The same run by 1, 2 and 4 processes."""
    place = tmp_path_factory.mktemp("together")
    go_on(place / "1")
    for count in (2, 4):
        done = forks.run([together.__file__, str(place / str(count))], place, ranks=count)
        assert done.returncode == 0, done.stderr
    return {count: place / str(count) for count in (1, 2, 4)}


def test_any_number_of_processes_trains_the_same(runs: dict[int, Path]) -> None:
    for count in (2, 4):
        assert_equal_to_rounding(runs[count], runs[1])
        names = [sorted(p.relative_to(run).as_posix() for p in run.rglob("*")) for run in (runs[1], runs[count])]
        assert names[0] == names[1]
        assert_told_alike(runs[count], runs[1])


@pytest.mark.parametrize("count", [1, 2])
def test_a_run_of_four_processes_goes_on_in_fewer(
    runs: dict[int, Path], tmp_path: Path, count: int, forks: Forks
) -> None:
    run = cut(runs[4], 25, tmp_path / "run")
    if count == 1:
        go_on(run)
    else:
        done = forks.run([together.__file__, str(run)], tmp_path, ranks=count)
        assert done.returncode == 0 and "saved 26\n" in done.stdout and "saved 25\n" not in done.stdout, done.stderr
    assert_equal_to_rounding(run, runs[1])


def test_weights_that_were_shared_out_are_saved_whole_and_one_process_goes_on(
    runs: dict[int, Path], tmp_path: Path, forks: Forks
) -> None:
    done = forks.run([together.__file__, str(tmp_path / "run"), "shard", "25"], tmp_path, ranks=2)
    assert done.returncode == 0 and done.stdout == "saved 25\n", done.stderr
    saved, _ = newest_checkpoint(tmp_path / "run" / "checkpoints", FILES)
    whole = open_checkpoint(runs[1] / "checkpoints" / "checkpoint-00000025")
    for name in FILES:
        ours, theirs = ({key: value.shape for key, value in one.read(name).items()} for one in (saved, whole))
        assert ours == theirs
    go_on(tmp_path / "run")
    assert_equal_to_rounding(tmp_path / "run", runs[1])


LATENT = """
import sys
from pathlib import Path
import torch
from sfumato import Run
from sfumato.training import join_processes
from tiny import blobs

folder, shard = Path(sys.argv[1]), sys.argv[2] == "True"
run = Run.start(folder, blobs(), net="nano", latent=True, factor=2, images=96, batch=16, precision="fp32",
                perceptual=0.0, critic_from=0.5, held_out=0.2, previews=1, evaluated=4, shard=shard)
list(run.train())
join_processes().leave()
"""


def test_an_autoencoder_and_a_model_in_its_latents_are_trained_by_several(tmp_path: Path, forks: Forks) -> None:
    (tmp_path / "latent.py").write_text(LATENT)
    for count, shard in ((1, False), (2, True)):
        done = forks.run([*map(str, ("latent.py", tmp_path / str(count), shard))], tmp_path, ranks=count)
        assert done.returncode == 0, done.stderr
    one, two = tmp_path / "1", tmp_path / "2"
    for place, off in (("autoencoder", 0.01), ("", 0.05)):  # what is rounded otherwise; latents are, to half precision
        checkpoints = [newest_checkpoint(run / place / "checkpoints", FILES)[0] for run in (one, two)]
        alone, together = (found.read("ema.safetensors") for found in checkpoints if found is not None)
        assert alone.keys() == together.keys()
        apart = sum(float((together[name] - value).square().sum()) for name, value in alone.items())
        assert apart < off**2 * sum(float(value.square().sum()) for value in alone.values())


def test_the_weights_of_a_run_of_one_are_shared_out_and_trained_the_same(
    runs: dict[int, Path], tmp_path: Path, forks: Forks
) -> None:
    run = cut(runs[1], 40, tmp_path / "cut")
    done = forks.run([together.__file__, str(run), "shard"], tmp_path, ranks=2)
    assert done.returncode == 0, done.stderr
    assert_equal_to_rounding(run, runs[1])
    assert_told_alike(run, runs[1])


def test_when_one_process_is_killed_the_others_end_and_the_run_goes_on(runs: dict[int, Path], tmp_path: Path) -> None:
    process = start_together(2, together.__file__, tmp_path / "run")
    assert process.stdout is not None
    for line in process.stdout:
        if line == "saved 10\n":
            other, killed = worker(process, 0), worker(process, 1)
            killed.kill()
    _, told = process.communicate(timeout=300)
    assert process.returncode != 0 and "SIGKILL" in told
    assert not other.is_running()
    go_on(tmp_path / "run")
    assert_equal_to_rounding(tmp_path / "run", runs[1])


STOP = """
import json, sys
from dataclasses import replace
from pathlib import Path
import torch
from sfumato.diffusion import Level
from sfumato.training import Judged, Preview, Progress, join_processes, start_run, train
from tiny import TINY, blobs
from together import CONFIG

folder, before = Path(sys.argv[1]), sys.argv[2]
processes = join_processes()
config = replace(CONFIG, images=18 * 10, previews=2, preview_calls=2, evaluated=2, save_minutes=60.0)
trainer = start_run(folder, blobs(), config, TINY, torch.device("cpu"), processes)
seen, calls = [], []
with torch.no_grad(), trainer.heeding():  # one has three network calls to make and the other none
    for _ in range(3 * processes.rank):
        trainer.average(torch.zeros(1, 1, 8, 8), Level.of(1.0, 1.0))
def asked(*_):
    calls.append(1)
    if before == "call" and processes.rank == 1:
        trainer.stop()
trainer.average.register_forward_hook(asked)
for event in train(folder, trainer):
    seen.append(type(event).__name__)
    last = isinstance(event, Preview) if before == "check" else before == "look"
    if processes.rank == 1 and trainer.step == 5 and last:
        trainer.stop()
if processes.main:
    looks = [name for name in seen if name in ("Preview", "Judged")]
    print(json.dumps([seen.count("Progress"), looks, len(calls)]))
processes.leave()
"""


@pytest.mark.parametrize(("before", "looks", "calls"), [("look", [], 0), ("call", [], 1), ("check", ["Preview"], 2)])
def test_several_asked_to_stop_leave_a_look_within_one_network_call_and_take_no_further_step(
    before: str, looks: list[str], calls: int, tmp_path: Path, forks: Forks
) -> None:
    (script := tmp_path / "stop.py").write_text(STOP)
    done = forks.run([str(script), str(tmp_path / "run"), before], tmp_path, ranks=2)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [5, looks, calls]


def test_a_signal_to_one_process_saves_and_stops_all(pictures: Path, tmp_path: Path, sfumato: Command) -> None:
    command = ("train", pictures, "--name", "p", "--batch", 5, "--precision", "fp32")
    process = start_together(2, "-m", "sfumato", *command, "--minutes", 60, cwd=tmp_path)
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if "step 1 " in line:
            worker(process, 1).send_signal(signal.SIGUSR1)
    process.communicate(timeout=300)
    assert process.returncode != 0
    assert told.count("machine") == told.count("Stopped and saved") == 1 and "2 processes of 2.5 images" in told
    saved, _ = newest_checkpoint(tmp_path / "runs" / "p" / "checkpoints", FILES)
    assert saved is not None and saved.state["step"] > 0
    gone_on = sfumato(*command[:4], "--resume", "--images", saved.state["images"] + 5, "--accumulate", 2, "--shard")
    assert "one process has none to share the weights out with" in gone_on.stdout
    assert gone_on.returncode == 0 and f"Going on from step {saved.state['step']}" in gone_on.stdout


def test_a_lone_process_imports_nothing_of_this(tmp_path: Path) -> None:
    ask = "import sys, sfumato.cli.train; from sfumato.training import ALONE, join_processes as join"
    check = "assert join() is ALONE and not {'accelerate', 'huggingface_hub'} & {*sys.modules}"
    assert subprocess.run([sys.executable, "-c", f"{ask}; {check}"]).returncode == 0


@pytest.mark.parametrize(("count", "slices", "batch"), [(1, 1, 1), (3, 1, 8), (4, 3, 13)])
def test_shares_cover_a_batch_and_differ_by_one_row(count: int, slices: int, batch: int) -> None:
    parts = [part for rank in range(count) for part in Processes(count, rank).share(batch, slices)]
    rows = [list(range(batch))[part] for part in parts]
    assert list(chain(*rows)) == list(range(batch))
    assert {len(part) for part in rows} <= {batch // (count * slices), batch // (count * slices) + 1}


@pytest.mark.parametrize(("count", "slices", "needed"), [(5, 1, 5), (2, 3, 6)])
def test_a_batch_too_small_to_share_is_refused(count: int, slices: int, needed: int) -> None:
    with pytest.raises(
        SfumatoError, match=f"a batch of 4 can't be shared by {count} processes.*`batch` of {needed} or"
    ):
        Processes(count, 0).share(4, slices)


@pytest.mark.parametrize("slices", [2, 5])
def test_batches_in_slices_train_the_same(slices: int) -> None:
    """Sixteen rows, also in slices that differ by a row."""

    def trained(accumulate: int) -> torch.Tensor:
        config = TrainingConfig("blobs", images=16 * 20, batch=16, accumulate=accumulate, uncertainty=True)
        trainer = Trainer(new_model(TINY), blobs(), config)
        losses = [progress.loss for progress in trainer.steps()]
        return torch.cat([torch.tensor(losses), *(value.flatten() for value in trainer.model.denoiser.parameters())])

    torch.testing.assert_close(trained(slices), trained(1), rtol=0, atol=1e-5)
