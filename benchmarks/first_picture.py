"""From a wish to its picture: the digits' model and its student, on the command line, in a program and in the browser.

    python benchmarks/first_picture.py [--no-browser]    against the built pages (make lesson)

One picture each. The command line starts anew each time; a program has the model at hand; the browser fetches the
network for its first picture, which counts apart. Medians, of three starts and of seven pictures.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from lesson import missing, node, served
from sfumato.hub import load

WAYS = (("digits", 10), ("digits-student", 2), ("digits-student", 1), ("digits", 1))  # as the lesson's race has them


def seconds(work: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def command(name: str, sampler: str, steps: int) -> None:
    with tempfile.TemporaryDirectory() as out:
        words = ["sample", name, "--class", "3", "-n", "1", "--sampler", sampler, "--steps", str(steps), "--out", out]
        subprocess.run([sys.executable, "-m", "sfumato", *words], check=True, capture_output=True)


def main() -> None:
    told = None
    if "--no-browser" not in sys.argv:
        if why := missing():
            sys.exit(why)
        with served() as address:
            told = node("first_picture.mjs", address)
    print(f"{'':<18}{'calls':>6}{'command':>10}{'program':>10}{'browser, first':>16}{'browser':>10}")
    for place, (name, steps) in enumerate(WAYS):
        model = load(name)
        sampler = "ddim" if (name, steps) == ("digits", 1) else model.config.sampling.sampler
        draw = partial(model.sample, [0], [3], sampler=sampler, steps=steps)
        draw()
        begun, warm = seconds(partial(command, name, sampler, steps), 3), seconds(draw, 7)
        page = [f"{told[place][key]:.3f} s" for key in ("first", "seconds")] if told else ["", ""]
        print(f"{name:<18}{steps:>6}{begun:>8.2f} s{warm:>8.3f} s{page[0]:>16}{page[1]:>10}", flush=True)


if __name__ == "__main__":
    main()
