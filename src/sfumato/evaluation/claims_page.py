"""The findings as one HTML file that stands alone, and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from sfumato.data import save_png, tile
from sfumato.data.kinds import kind_of_shape
from sfumato.evaluation.charts import interval_chart, minus
from sfumato.evaluation.finding import Cell, Check, Finding, Verdict
from sfumato.evaluation.intervals import Estimate
from sfumato.evaluation.report import embed, render
from sfumato.files import replace_file

MARKS: dict[Verdict, tuple[str, str]] = {
    "borne out": ("✓", "met"),
    "not borne out": ("✗", "missed"),
    "undecided": ("?", "quiet"),
    "not applicable": ("–", "quiet"),
}


def write_claims(
    folder: Path, findings: Sequence[Finding], about: str, facts: Sequence[tuple[str, str]], command: str
) -> list[Path]:
    """Write claims.html, claims.json and the pictures of rivals into `folder`, and say which."""
    content = json.dumps([finding_facts(finding) for finding in findings], indent=2, ensure_ascii=False)
    replace_file(folder / "claims.json", (content + "\n").encode())
    verdicts = [finding.verdict for finding in findings]
    page = {
        "title": "What is said of diffusion models, measured",
        "subtitle": about,
        "figures": [
            {"value": str(verdicts.count(verdict)), "meaning": verdict, "style": style}
            for verdict, (_, style) in MARKS.items()
            if verdict != "not applicable" or verdict in verdicts
        ],
        "findings": [_section(folder, finding) for finding in findings],
        "command": command,
        "facts": facts,
    }
    replace_file(folder / "claims.html", render("claims.html.j2", page))
    return [folder / "claims.html", folder / "claims.json"]


def _section(folder: Path, finding: Finding) -> dict[str, object]:
    mark, style = MARKS[finding.verdict]
    samples = []
    for name, pictures in finding.samples:
        if kind_of_shape(pictures.shape[1:]).features:
            path = folder / f"{finding.name}-{name}.png".lower()
            save_png(tile(pictures, columns=10, scale=3), path, {"drawn by": name})
            samples.append((name, embed(path)))
    return {
        "name": finding.name,
        "claim": finding.claim,
        "verdict": finding.verdict,
        "mark": mark,
        "style": style,
        "seconds": f"{finding.seconds:.0f} s",
        "figure": Markup(figure(finding)) if finding.rows else "",
        "caption": _caption(finding),
        "samples": samples,
        "columns": finding.columns,
        "rows": [[_shown(cell) for cell in row] for row in finding.rows],
        "checks": [_decides(check) for check in finding.checks],
        "notes": finding.notes,
        "reason": finding.reason,
    }


def figure(finding: Finding) -> str:
    """The columns that the finding shows, a row of the table a row of the figure."""
    names = [", ".join(words(cell) for cell in row[: finding.named]) for row in finding.rows]
    series = {finding.columns[at]: [_interval(row[at]) for row in finding.rows] for at in finding.shown}
    return interval_chart(names, series, finding.unit)


def _caption(finding: Finding) -> str:
    if not finding.rows:
        return ""
    shown = " and ".join(finding.columns[at] for at in finding.shown)
    intervals = any(isinstance(row[at], Estimate) for row in finding.rows for at in finding.shown)
    title = f"{shown}, by {' and '.join(finding.columns[: finding.named])}{', with 95% intervals' * intervals}"
    return title[0].upper() + title[1:]


def _interval(cell: Cell) -> tuple[float, float, float]:
    if isinstance(cell, Estimate):
        return cell.value, cell.low, cell.high
    assert not isinstance(cell, str)
    value = math.nan if cell is None else float(cell)
    return value, value, value


def _decides(check: Check) -> dict[str, str]:
    mark, style = MARKS[check.verdict]
    if math.isinf(check.most):
        wanted = f"{check.least:.3g} or more"
    elif math.isinf(check.least):
        wanted = f"{check.most:.3g} or less"
    else:
        wanted = f"{check.least:.3g} to {check.most:.3g}"
    return {
        "quantity": check.quantity,
        "found": minus(words(check.found)),
        "wanted": minus(wanted),
        "mark": f"{mark} {check.verdict}",
        "style": style,
    }


def _shown(cell: Cell) -> str:
    return cell if isinstance(cell, str) else minus(words(cell))


def words(cell: Cell) -> str:
    """A cell of a finding's table, in as few characters as it can be told."""
    if cell is None:
        return ""
    if isinstance(cell, str | int):
        return f"{cell:,}" if isinstance(cell, int) else cell
    if isinstance(cell, float):
        return f"{cell:.3g}"
    reach = (cell.high - cell.low) / 2
    if not reach:
        return f"{cell.value:.3g}"
    places = max(0, -math.floor(math.log10(reach / 3)))  # the error's first digit, the second where that is 1 or 2
    return f"{round(cell.value, places) + 0.0:.{places}f} ± {reach:.{places}f}"  # + 0.0: no minus before 0


def finding_facts(finding: Finding) -> dict[str, Any]:
    """The finding as JSON knows it, which has neither infinity nor pictures."""
    found = asdict(replace(finding, samples=())) | {"verdict": finding.verdict}
    del found["samples"]
    for facts, check in zip(found["checks"], finding.checks, strict=True):
        facts |= {key: facts[key] if math.isfinite(facts[key]) else None for key in ("least", "most")}
        facts["verdict"] = check.verdict
    return found
