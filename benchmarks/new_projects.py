"""Each project of `sfumato new`, made and run as its README says, in the order in which it says it.

    python benchmarks/new_projects.py                       all of them: more than two hours, on a machine for itself
    python benchmarks/new_projects.py --quick research video    some; trainings take 0.3 minutes, 0.6, …, and of each
                                                                command's pictures 16 are made

What opens a page, waits for requests or installs is left out: tests and `docs/templates.md` say how those are tried.
Exits with 1 where a command fails.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sfumato.templates import NAMES, write_project

LEFT_OUT = ("pip", "sfumato serve", "sfumato watch", "sfumato learn", "python3 -m http.server", "curl")
ALONE = {"serve": ("python client.py", "sfumato sample"), "teach": ("python check.py exercise.py",)}  # need more


def commands(readme: str, template: str) -> Iterator[list[str]]:
    """The commands of a README's blocks that end by themselves, in words."""
    for block in readme.split("```")[1::2]:
        for line in block.strip().splitlines():
            waits = line.startswith(LEFT_OUT) and "--build" not in line
            if not waits and not line.startswith(ALONE.get(template, ("\0",))):
                yield shlex.split(line, comments=True)


def main() -> None:
    quick, names = "--quick" in sys.argv, [word for word in sys.argv[1:] if word in NAMES] or list(NAMES)
    runs = {"sfumato": [sys.executable, "-m", "sfumato"], "python": [sys.executable]}
    runs |= {"pytest": [sys.executable, "-m", "pytest"]}
    failed = 0
    print(f"{'seconds':>8}  {'ends':>4}  command", flush=True)
    with tempfile.TemporaryDirectory() as place:
        for name in names:
            minutes = 0.0
            readme, *_ = write_project(Path(place) / f"my-{name}", name)
            for program, *rest in commands(readme.read_text(encoding="utf-8"), name):
                line = shlex.join([program, *rest])
                if quick and "--minutes" in rest:
                    minutes += 0.3  # more each time, since the same command goes on with a run
                    rest[rest.index("--minutes") + 1] = f"{minutes:.1f}"
                if quick and "-n" in rest:
                    rest[rest.index("-n") + 1] = str(min(16, int(rest[rest.index("-n") + 1])))
                began = time.perf_counter()
                ran = subprocess.run([*runs[program], *rest], cwd=readme.parent, capture_output=True, text=True)
                print(f"{time.perf_counter() - began:8.1f}  {ran.returncode:4}  {line}", flush=True)
                if ran.returncode:
                    failed += 1
                    print((ran.stderr or ran.stdout)[-1000:], flush=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
