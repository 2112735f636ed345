"""`sfumato claims`"""

from __future__ import annotations

import json
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import torch
from cyclopts import Parameter
from rich.table import Table

from sfumato import __version__
from sfumato.cli.display import console, note
from sfumato.cli.groups import COMMON, MEASURED, OUTPUT
from sfumato.cli.opening import open_model
from sfumato.cli.sample import results_folder
from sfumato.readable import duration
from sfumato.shell import command_line

if TYPE_CHECKING:
    from sfumato.evaluation.finding import Finding

COLOURS = {"borne out": "green", "not borne out": "red", "undecided": "yellow", "not applicable": "dim"}


def claims(
    run: Annotated[Path, Parameter(help="A run such as runs/digits, one of its checkpoints, or digits, which ships.")],
    /,
    *,
    only: Annotated[
        list[str] | None,
        Parameter(
            group=COMMON,
            help="forward-process, pure-noise, stability, fidelity, diversity, seeds, many-calls, few-steps, "
            "drifting, conditioning, code-bits, exact-bits, frechet-bias, copies or frames-agree.",
            negative="",
        ),
    ] = None,
    quick: Annotated[
        bool, Parameter(group=COMMON, help="Fewer pictures, and wider intervals.", negative="", show_default=False)
    ] = False,
    features: Annotated[str, Parameter(group=MEASURED, help="What is compared, as in `sfumato eval`.")] = "auto",
    out: Annotated[Path | None, Parameter(group=OUTPUT, help="Where to write [default: RUN/claims].")] = None,
    as_json: Annotated[
        bool,
        Parameter(
            group=OUTPUT, name="--json", help="Print the findings and nothing else.", negative="", show_default=False
        ),
    ] = False,
) -> None:
    """Measure what is said of diffusion models, on this machine: each claim is borne out, is not, or stays undecided.

    The verdict is computed from the numbers in the table and their 95% intervals.
    """
    from sfumato.evaluation.claims import check_names, expected_seconds, measure_claims
    from sfumato.evaluation.claims_page import finding_facts, write_claims
    from sfumato.evaluation.features import open_extractor
    from sfumato.evaluation.laboratory import QUICK, WHOLE, Laboratory
    from sfumato.evaluation.measure import open_reference
    from sfumato.evaluation.training_data import training_data

    names = only or []
    check_names(names)
    start = time.perf_counter()
    model = open_model(run)
    dataset, held, notes = training_data(run, model)
    for words in notes:
        note(words)
    extractor = open_extractor(features, dataset, held_out=held)
    lab = Laboratory(model, open_reference(dataset, extractor, held), QUICK if quick else WHOLE)
    if not as_json:
        console.print(f"This will take about {duration(expected_seconds(lab, names))}.\n", soft_wrap=True)
    findings: list[Finding] = []
    with nullcontext() if as_json else console.status("") as status:
        for found in measure_claims(lab, names):
            if isinstance(found, str):
                if status is not None:
                    status.update(f"measuring: {found}")
                continue
            findings.append(found)
            if not as_json:
                _print(found)
    options = {"only": names, "quick": quick, "features": features}
    command = command_line("claims", [run], options, {"features": "auto"})
    facts = [
        ("model", f"{model.source}, {model.parameter_count:,} parameters"),
        ("weights sha256", model.weights_hash),
        ("features", f"{lab.extractor.name}, {lab.reference.features.shape[1]} a sample"),
        ("data", f"{len(lab.reference.train):,} of {dataset.name} ({lab.reference.split})"),
        ("sfumato, torch", f"{__version__}, {torch.__version__}"),
        ("device", str(model.device)),
    ]
    about = f"Each claim with what was measured on {dataset.name}. The verdict follows from 95% intervals."
    paths = write_claims(out or results_folder(run) / "claims", findings, about, facts, command)
    if as_json:
        print(json.dumps([finding_facts(finding) for finding in findings], indent=2))
        return
    console.print(f"In {duration(time.perf_counter() - start)}, written to:", soft_wrap=True)
    for path in paths:
        console.print(f"  {path}", soft_wrap=True)


def _print(finding: Finding) -> None:
    from sfumato.evaluation.claims_page import words

    console.print(finding.claim, style="bold", soft_wrap=True)
    if finding.reason:
        note(finding.reason)
    if finding.rows:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for number, name in enumerate(finding.columns):
            table.add_column(name, justify="right" if number else "left", no_wrap=not number)
        for row in finding.rows:
            table.add_row(*(words(cell) for cell in row))
        console.print(table)
    for check in finding.checks:
        if check.verdict == finding.verdict != "borne out":
            console.print(f"  {check.quantity}: {words(check.found)}", soft_wrap=True)
    for line in finding.notes:
        note(line)
    console.print(f"{finding.verdict}, in {duration(finding.seconds)}\n", style=COLOURS[finding.verdict])
