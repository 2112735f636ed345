"""How long waiting threads look for work before they sleep: what it costs a quiet machine, and saves a busy one.

    python benchmarks/threads.py            two minutes; nothing else may run
    python benchmarks/threads.py --quick    without the settings in between

Trains the digits' networks and draws with the smallest, in a process for each setting, alone and beside as many others
as there are cores that do nothing but compute. Exits 1 where the setting of the command line costs more than 5% of a
quiet machine's time, or a busy one gets nowhere with it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time

SETTINGS = {
    "as PyTorch comes": {},
    "as the command line sets it": {"SLEEP": "1"},
    "spin 100": {"GOMP_SPINCOUNT": "100"},
    "spin 3000": {"GOMP_SPINCOUNT": "3000"},
    "spin 10000": {"GOMP_SPINCOUNT": "10000"},
    "never spin": {"OMP_WAIT_POLICY": "passive"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
BETWEEN = ("spin 100", "spin 3000", "spin 10000", "never spin")
TIMES = ("nano step", "tiny step", "call")
LONGEST = 60  # seconds of one measurement
BUSY = "while True: sum(range(10000))"


def work() -> None:
    """Time a few steps and a few hundred calls, and print what they took in milliseconds each."""
    if os.environ.get("SLEEP"):
        from sfumato.cli import let_threads_sleep

        let_threads_sleep()
    from itertools import islice, pairwise

    from sfumato.data import open_dataset
    from sfumato.hub import new_model
    from sfumato.training import Trainer, TrainingConfig, fastest_precision, model_for, pick_device
    from sfumato.training.resources import fastest_threads

    data = open_dataset("digits")
    config = TrainingConfig("digits", images=10**9, batch=64, precision=fastest_precision(pick_device()))
    taken = {}
    for net in ("nano", "tiny"):
        trainer = Trainer(new_model(model_for(data, net)), data, config)
        moments = [step.seconds for step in islice(trainer.steps(), 24)][3:]
        taken[f"{net} step"] = 1e3 * statistics.mean(b - a for a, b in pairwise(moments))
    model = new_model(model_for(data, "nano"))
    model.sample(range(16), [0] * 16, steps=3)
    started = time.perf_counter()
    model.sample(range(16), [0] * 16, steps=100)
    taken["call"] = 10 * (time.perf_counter() - started)
    taken["threads chosen"] = fastest_threads(lambda: model.sample(range(16), [0] * 16, steps=3))
    print(json.dumps(taken))


def measured(setting: dict[str, str]) -> dict[str, float] | None:
    """What the work takes in an environment; None where it was given up."""
    try:
        ended = subprocess.run(
            [sys.executable, __file__, "--work"],
            env={**os.environ, **setting},
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return None
    found: dict[str, float] = json.loads(ended.stdout)
    return found


def main() -> int:
    quick, cores = "--quick" in sys.argv, len(os.sched_getaffinity(0))
    rows: dict[tuple[str, bool], dict[str, float] | None] = {}
    print("machine  threads wait                  nano step   tiny step        call   threads chosen")
    for busy in (False, True):
        others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(cores if busy else 0)]
        try:
            for name, setting in SETTINGS.items():
                if quick and name in BETWEEN:
                    continue
                found = rows[name, busy] = measured(setting)
                told = f"over {LONGEST} s"
                if found is not None:
                    told = "  ".join(f"{found[key]:>7.1f} ms" for key in TIMES) + f" {found['threads chosen']:>8.0f}"
                print(f"{'busy' if busy else 'quiet':<8} {name:<28} {told}", flush=True)
        finally:
            for other in others:
                other.kill()
    plain, ours = rows["as PyTorch comes", False], rows["as the command line sets it", False]
    crowded = rows["as the command line sets it", True]
    good = plain is not None and ours is not None and crowded is not None
    good = good and all(ours[key] <= 1.05 * plain[key] for key in TIMES)
    return 0 if good else 1


if __name__ == "__main__":
    if "--work" in sys.argv:
        work()
    else:
        sys.exit(main())
