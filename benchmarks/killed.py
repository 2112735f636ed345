"""Kill training runs at random moments, and see that each still ends as if it had not been.

    python benchmarks/killed.py          fifty runs, each killed (SIGKILL) up to three times
    python benchmarks/killed.py 6 7      six runs, random seed 7

A run of forty steps saves after every step, so that most kills land in the midst of saving. Prints one table; exits 1
where weights, averages or optimiser of a resumed run differ in a single bit from those of the uninterrupted one, or
where no kill landed before the end.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from sfumato.data import Dataset
from sfumato.hub import ModelConfig
from sfumato.hub.checkpoints import newest_checkpoint
from sfumato.nets import MLPConfig
from sfumato.training import TrainingConfig, resume_run, start_run, train
from sfumato.training.state import FILES

CPU = torch.device("cpu")
STEPS, KILLS = 40, 3
POINTS = Dataset("points", np.random.default_rng(0).standard_normal((64, 2), dtype=np.float32))
MODEL = ModelConfig((2,), MLPConfig(2, width=32, blocks=1), data_std=1.0)
CONFIG = TrainingConfig("points", images=STEPS * 16, batch=16, previews=0, save_minutes=1e-9)


def go_on(folder: Path) -> None:
    """Start the run in `folder`, or take it up, and train to the end."""
    fresh = not (folder / "config.json").exists()
    trainer = start_run(folder, POINTS, CONFIG, MODEL, CPU) if fresh else resume_run(folder, POINTS, CONFIG, CPU)[0]
    for _ in train(folder, trainer):
        pass


def killed_after(folder: Path, seconds: float) -> bool:
    """Train in a process of its own and kill it after `seconds`; whether it was still at work."""
    child = os.fork()
    if child == 0:
        try:
            go_on(folder)
            os._exit(0)
        finally:
            os._exit(1)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit(f"the run in {folder} failed")
    return os.WIFSIGNALED(status)


def outcome(folder: Path) -> dict[str, str]:
    """What a run leaves, by name: hashes of the last checkpoint's tensors and of the snapshots, and the steps told."""
    checkpoint, _ = newest_checkpoint(folder / "checkpoints", FILES)
    if checkpoint is None or checkpoint.state["step"] != STEPS:
        return {"end": "not reached"}
    found = {}
    for name in FILES:
        digest = hashlib.sha256()
        for key, value in sorted(checkpoint.read(name).items()):
            digest.update(key.encode() + value.numpy().tobytes())
        found[name] = digest.hexdigest()
    steps = [json.loads(line)["step"] for line in (folder / "metrics.jsonl").read_text().splitlines()]
    found["metrics.jsonl"] = str(steps == sorted(set(steps)) and steps[-1] == STEPS)
    return found | {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in (folder / "averages").iterdir()}


def main() -> None:
    torch.set_num_threads(1)  # sums in another order would differ in the last bit
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    moments = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    with tempfile.TemporaryDirectory() as place:
        go_on(Path(place) / "warm-up")  # the first steps of a process take far longer than those after
        started = time.perf_counter()
        go_on(Path(place) / "whole")
        seconds = time.perf_counter() - started
        whole = outcome(Path(place) / "whole")
        kills = equal = 0
        for run in range(runs):
            folder = Path(place) / f"run-{run}"
            kills += sum(killed_after(folder, moments.uniform(0, 0.6 * seconds)) for _ in range(KILLS))
            go_on(folder)
            ended = outcome(folder)
            equal += ended == whole
            for name in sorted(name for name in {*ended, *whole} if ended.get(name) != whole.get(name)):
                print(f"run {run} differs in {name}", flush=True)
    print("runs   kills   ended bit for bit as the uninterrupted one")
    print(f"{runs:>4} {kills:>7}   {equal}")
    sys.exit(0 if "end" not in whole and equal == runs and kills else 1)


if __name__ == "__main__":
    main()
