"""`sfumato doctor`"""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sfumato.cli.display import console, count, print_facts
from sfumato.training.machine import GIB, Machine, advice, measure_machine
from sfumato.training.precision import gains_by_compiling
from sfumato.training.resources import fit_threads


def doctor(
    *,
    out: Annotated[Path, Parameter(help="Where runs are kept.")] = Path("runs"),
    as_json: Annotated[bool, Parameter(name="--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Measure what this machine reaches in training, and say what to change."""
    fit_threads()  # as train does
    machine: Machine | None = None
    with nullcontext() if as_json else console.status("looking") as status:
        for found in measure_machine(out):
            if isinstance(found, Machine):
                machine = found
            elif status is not None:
                status.update(f"measuring {found}")
    assert machine is not None
    if as_json:
        print(json.dumps(asdict(machine) | {"advice": advice(machine)}, indent=2))
        return
    print_facts(facts(machine))
    changes = advice(machine)
    console.print("\nWhat to change:" if changes else "\nNothing needs to be changed.")
    for change in changes:
        console.print(f"  · {change}", soft_wrap=True)


def facts(machine: Machine) -> list[tuple[str, str]]:
    """The machine in aligned lines."""
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    rows = [
        ("versions", versions),
        ("device", f"{machine.device}, {machine.threads} threads on {machine.cores:g} usable cores"),
        ("others use", f"{machine.busy_cores:.1f} of {machine.processors} cores"),
        ("memory free", f"{machine.memory_free / GIB:.1f} of {machine.memory_total / GIB:.1f} GiB"),
        ("disk free", f"{_gib(machine.runs_disk_free)} for runs, {_gib(machine.cache_disk_free)} for decoded pictures"),
        (
            "convolutions",
            f"{count(machine.fp32_rate)} GFLOP/s in fp32, {count(machine.bf16_rate)} in bf16; "
            f"training uses {machine.precision}",
        ),
        ("compilation", _compilation(machine)),
    ]
    for trial in machine.trials:
        shape = " × ".join(map(str, trial.shape))
        rate = f"{count(trial.images_per_second)} images/s of {shape}, {count(trial.gflops)} GFLOP/s"
        memory = f", in {trial.memory / GIB:.1f} GiB" if trial.memory else ""
        rows.append((f"{trial.net} trains", f"{rate}, {trial.share:.0%} of the convolution rate (uncompiled){memory}"))
    missing = ", ".join(f"{extra} ({library})" for extra, library in machine.extras_missing.items())
    rows.append(("extras", f"not installed: {missing}" if missing else "all installed"))
    return rows


def _compilation(machine: Machine) -> str:
    if not machine.can_compile:
        return "not possible"
    if not gains_by_compiling(machine.device, machine.precision):
        return "possible, but fp32 gains nothing by it on a CPU; training leaves it out"
    return "possible, for runs of five minutes and more"


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"
