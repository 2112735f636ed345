"""What `import sfumato` costs beside `import torch`, in fresh processes, interleaved.

    python benchmarks/import_time.py

Prints one table (medians of 15 runs) and exits 1 where `import sfumato`, or sfumato with every public name loaded,
costs more than 1.2 times `import torch`.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

STATEMENTS = {
    "import torch": "import torch",
    "import sfumato": "import sfumato",
    "every public name": "import sfumato; [getattr(sfumato, name) for name in sfumato.__all__]",
}
seconds: dict[str, list[float]] = {name: [] for name in STATEMENTS}
for _ in range(16):
    for name, statement in STATEMENTS.items():
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        seconds[name].append(time.perf_counter() - start)
reference = statistics.median(seconds["import torch"][1:])
print(f"{'':<20}{'median s':>10}{'min':>8}{'max':>8}{'× torch':>9}")
ratios = {}
for name, values in seconds.items():
    counted = values[1:]  # the first run warms the disk cache
    ratios[name] = statistics.median(counted) / reference
    print(f"{name:<20}{statistics.median(counted):>10.2f}{min(counted):>8.2f}{max(counted):>8.2f}{ratios[name]:>9.2f}")
sys.exit(0 if max(ratios.values()) <= 1.2 else 1)
