"""What a training step takes in memory, estimated by a step of one image beforehand, and measured.

    python benchmarks/memory.py            a minute
    python benchmarks/memory.py --quick    the first two rows

Each row is a process of its own. Exits 1 where one takes more than was estimated, or less than two fifths of it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys

ROWS = [("nano", 32, 64), ("small", 32, 64), ("tiny", 64, 16), ("small", 64, 16), ("medium", 128, 4)]
MB = 2**20


def work(net: str, side: int, batch: int) -> None:
    """Estimate, then take two steps, and print both in bytes."""
    from itertools import islice

    import numpy as np
    import psutil

    from sfumato.data import Dataset
    from sfumato.hub import new_model
    from sfumato.training import Trainer, TrainingConfig, fastest_precision, model_for, pick_device
    from sfumato.training.planning import BASE
    from sfumato.training.rates import measure_rate

    pixels = np.random.default_rng(0).integers(0, 256, (64, 3, side, side), dtype=np.uint8)
    data = Dataset("noise", pixels)
    config = TrainingConfig("noise", images=10**9, batch=batch, precision=fastest_precision(pick_device()))
    model = model_for(data, net)
    before = psutil.Process().memory_info().rss
    rate = measure_rate(model, data, config, pick_device())
    for _ in islice(Trainer(new_model(model), data, config).steps(), 2):
        pass
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    print(json.dumps([BASE + rate.weights + batch * rate.activations, taken]))


def main() -> int:
    good = True
    print("network  pixels  batch  estimated MB  measured MB")
    for row in ROWS[:2] if "--quick" in sys.argv else ROWS:
        command = [sys.executable, __file__, "--work", *map(str, row)]
        ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        estimated, taken = json.loads(ended.stdout)
        good = good and 0.4 * estimated <= taken <= estimated
        print(f"{row[0]:>7} {row[1]:>7} {row[2]:>6} {estimated / MB:>13,.0f} {taken / MB:>12,.0f}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    if "--work" in sys.argv:
        work(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        sys.exit(main())
