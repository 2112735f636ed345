"""Students by real processes: several that train one, and one whose machine loses its power."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from forking import Forks
from sfumato.hub.checkpoints import newest_checkpoint
from sfumato.training.state import FILES

STUDENT = """
import os, signal, sys
from pathlib import Path
from sfumato import Run, distill
from sfumato.training import Saved, join_processes

folder, last = Path(sys.argv[1]), int(sys.argv[2])
given = dict(images=640, batch=64, previews=1, save_minutes=1e-9, checkpoints=20, precision="fp32", compile=False)
run = Run.open(folder) if (folder / "config.json").exists() else distill("points", folder, guidance=1.5, **given)
for event in run.train():
    if isinstance(event, Saved) and event.step == last:
        os.kill(os.getpid(), signal.SIGKILL)
join_processes().leave()
"""


def saved(run: Path) -> dict[str, torch.Tensor]:
    checkpoint, damaged = newest_checkpoint(run / "checkpoints", FILES)
    assert checkpoint is not None and not damaged and checkpoint.state["step"] == 10
    return {f"{name}/{key}": value for name in FILES for key, value in checkpoint.read(name).items()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Path:
    """Where a student was trained by one process, undisturbed, in `alone`."""
    place = tmp_path_factory.mktemp("students")
    (place / "student.py").write_text(STUDENT)
    done = forks.run(["student.py", "alone", "-1"], place, ranks=1)
    assert done.returncode == 0, done.stderr
    return place


def test_several_processes_train_the_same_student(place: Path, forks: Forks) -> None:
    pytest.importorskip("accelerate")
    done = forks.run(["student.py", "together", "-1"], place, ranks=2)
    assert done.returncode == 0, done.stderr
    ours, theirs = saved(place / "together"), saved(place / "alone")
    assert ours.keys() == theirs.keys()
    for name in (one for one in ours if not one.startswith("optimizer")):
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-4, atol=1e-5)
    assert (place / "together" / "previews" / "teacher.png").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_student_whose_machine_lost_its_power_goes_on_bit_for_bit(place: Path) -> None:
    """With guidance, which is that of its teacher as that was when it began."""
    command = [sys.executable, "student.py", "killed"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run([*command, "4"], cwd=place, env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    subprocess.run([*command, "-1"], cwd=place, env=environment, check=True)
    ours, theirs = saved(place / "killed"), saved(place / "alone")
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
