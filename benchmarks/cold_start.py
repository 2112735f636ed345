"""From a command to a picture: what `sfumato sample emoji "a purple heart"` takes from a cold start.

    python benchmarks/cold_start.py            the emoji of 32×32 that ship; a run folder instead measures that
    python benchmarks/cold_start.py avatars    and pictures of 128×128 in latents

Whole processes on up to two threads, medians of RUNS, the kinds taking turns: Python and PyTorch alone, one picture,
and the time that each of FURTHER more pictures adds, drawn one at a time. Exits with 1 where one picture takes 10
seconds or more, or a further one a second or more, of avatars two.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

RUNS, FURTHER = 5, 8
ONE, EACH, EACH_LARGE = 10.0, 1.0, 2.0  # seconds, at most
PROMPTS = {"avatars": "green cactus plant, yellow bowl pot, happy eyes, smile mouth"}


def seconds(arguments: Sequence[str]) -> float:
    """How long a Python process takes from its start to its end."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(min(2, os.cpu_count() or 1))}
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    model = sys.argv[1] if len(sys.argv) > 1 else "emoji"
    limits = {"one picture": ONE, "each further one": EACH_LARGE if model == "avatars" else EACH}
    found: dict[str, list[float]] = {"import torch": [], "one picture": [], "each further one": []}
    with tempfile.TemporaryDirectory() as place:
        draw = ["-m", "sfumato", "sample", model, PROMPTS.get(model, "a purple heart"), "--batch", "1", "--out", place]
        seconds([*draw, "-n", "1"])  # which brings the files into the disk's cache
        for _ in range(RUNS):
            found["import torch"].append(seconds(["-c", "import torch"]))
            found["one picture"].append(seconds([*draw, "-n", "1"]))
            found["each further one"].append(
                (seconds([*draw, "-n", str(1 + FURTHER)]) - found["one picture"][-1]) / FURTHER
            )
    missed = []
    print(f"{'':<18}{'median s':>10}{'min':>8}{'max':>8}{'asked':>8}")
    for name, each in found.items():
        middle, asked = statistics.median(each), limits.get(name)
        limit = f"< {asked:g}" if asked else ""
        print(f"{name:<18}{middle:>10.2f}{min(each):>8.2f}{max(each):>8.2f}{limit:>8}")
        if asked is not None and middle >= asked:
            missed.append(f"{name}: asked below {asked:g} s, got {middle:.2f}")
    print("\n".join(["", *missed]) if missed else "\nboth figures reached")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
