"""`sfumato claims`"""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from sfumato.cli.display import console, duration, note
from sfumato.cli.eval import data_of
from sfumato.cli.sample import results_folder
from sfumato.files import replace_file
from sfumato.hub import load
from sfumato.training import pick_device

if TYPE_CHECKING:
    from sfumato.evaluation.claims import Cell, Finding

COLOURS = {"borne out": "green", "not borne out": "red", "undecided": "yellow"}


def claims(
    run: Annotated[Path, Parameter(help="A run such as runs/digits, one of its checkpoints, or digits, which ships.")],
    /,
    *,
    only: Annotated[
        list[str] | None,
        Parameter(help="forward-process, pure-noise, seeds, conditioning, few-steps, many-calls.", negative=""),
    ] = None,
    quick: Annotated[bool, Parameter(help="Fewer pictures, and wider intervals.", negative="")] = False,
    features: Annotated[str, Parameter(help="What is compared, as in `sfumato eval`.")] = "auto",
    out: Annotated[Path | None, Parameter(help="Where to write [default: RUN/claims].")] = None,
    as_json: Annotated[
        bool, Parameter(name="--json", help="Print the findings and nothing else.", negative="")
    ] = False,
) -> None:
    """Measure what is said of diffusion models, on this machine: each claim is borne out, is not, or stays undecided.

    The verdict is computed from the numbers in the table and their 95% intervals.
    """
    from sfumato.evaluation.claims import Laboratory, check_names, measure_claims
    from sfumato.evaluation.features import open_extractor
    from sfumato.evaluation.measure import open_reference

    check_names(only or [])
    start = time.perf_counter()
    model = load(run, device=pick_device())
    dataset, held, _ = data_of(run, model)
    lab = Laboratory(model, open_reference(dataset, open_extractor(features, dataset), held), quick)
    findings = []
    for finding in measure_claims(lab, only or []):
        findings.append(finding)
        if not as_json:
            _print(finding)
    content = json.dumps([_facts(finding) for finding in findings], indent=2, ensure_ascii=False)
    path = (out or results_folder(run) / "claims") / "claims.json"
    replace_file(path, (content + "\n").encode())
    if as_json:
        print(content)
        return
    console.print(f"In {duration(time.perf_counter() - start)}, written to:\n  {path}", soft_wrap=True)


def _print(finding: Finding) -> None:
    console.print(finding.claim, style="bold", soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for number, name in enumerate(finding.columns):
        table.add_column(name, justify="right" if number else "left")
    for row in finding.rows:
        table.add_row(*(words(cell) for cell in row))
    console.print(table)
    for check in finding.checks:
        if check.verdict == finding.verdict != "borne out":
            console.print(f"  {check.quantity}: {words(check.found)}", soft_wrap=True)
    for line in finding.notes:
        note(line)
    console.print(f"{finding.verdict}, in {duration(finding.seconds)}\n", style=COLOURS[finding.verdict])


def words(cell: Cell) -> str:
    """A cell of a finding's table, in as few characters as it can be told."""
    if cell is None:
        return ""
    if isinstance(cell, str | int):
        return f"{cell:,}" if isinstance(cell, int) else cell
    if isinstance(cell, float):
        return f"{cell:.3g}"
    return f"{cell.value:.3g} ± {(cell.high - cell.low) / 2:.1g}"


def _facts(finding: Finding) -> dict[str, Any]:
    """The finding as JSON knows it, which has no infinity."""
    found = asdict(finding) | {"verdict": finding.verdict}
    for facts, check in zip(found["checks"], finding.checks, strict=True):
        facts |= {key: facts[key] if math.isfinite(facts[key]) else None for key in ("least", "most")}
        facts["verdict"] = check.verdict
    return found
