"""One of several processes that train the tiny model.

torchrun --nproc-per-node 4 tests/together.py FOLDER [shard [LAST STEP]]
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import torch

from sfumato.training import (
    ALONE,
    Processes,
    Progress,
    Saved,
    TrainingConfig,
    join_processes,
    resume_run,
    start_run,
    train,
)
from tiny import TINY, blobs

STEPS, SKIPPED = 50, 7
# 18 rows don't divide among 4; a checkpoint a step.
CONFIG = TrainingConfig(
    "blobs",
    images=18 * STEPS,
    batch=18,
    held_out=0.2,
    uncertainty=True,
    previews=1,
    save_minutes=1e-9,
    checkpoints=STEPS,
)


def go_on(folder: Path, processes: Processes = ALONE, shard: bool = False, last: int | None = None) -> None:
    """Start the run in `folder`, or take it up, and train to the end, or to step `last`. Sharded, it is saved then."""
    config = replace(CONFIG, shard=True, save_minutes=60.0) if shard else CONFIG
    fresh, cpu = not processes.same((folder / "config.json").exists()), torch.device("cpu")
    trainer = (
        start_run(folder, blobs(), config, TINY, cpu, processes)
        if fresh
        else resume_run(folder, blobs(), config, cpu, processes)[0]
    )
    if processes.rank == processes.count - 1:  # one process alone meets what is no number: no one takes that step
        trainer.model.denoiser.register_forward_hook(
            lambda module, arguments, x0_hat: x0_hat * float("nan") if trainer.step == SKIPPED else None
        )
    for event in train(folder, trainer):
        if isinstance(event, Saved) and processes.main:
            print("saved", event.step, flush=True)
        if isinstance(event, Progress) and last is not None and event.step == last - 1:  # all hear of it a step later
            trainer.stop()
    processes.leave()


def start_together(count: int, *command: object, **where: Path) -> subprocess.Popen[str]:
    """Start torchrun with `count` processes of `command`: a script, or -m and a module; and their arguments."""
    path = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100", "PYTHONPATH": os.pathsep.join(path)}
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    return subprocess.Popen(
        [*launcher, *map(str, command)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **where,
    )


if __name__ == "__main__":
    go_on(Path(sys.argv[1]), join_processes(), "shard" in sys.argv[2:], int(sys.argv[3]) if sys.argv[3:] else None)
