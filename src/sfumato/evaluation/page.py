"""The page of an evaluation: one HTML file that stands alone, and the picture of the closest pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from markupsafe import Markup
from PIL.Image import Image
from torch import Tensor

from sfumato.data import picture, save_png, table, tile
from sfumato.evaluation.charts import bar_chart, line_chart
from sfumato.evaluation.evaluate import CURVE_SAMPLES, Evaluation
from sfumato.evaluation.features import rounded
from sfumato.evaluation.measure import Reference
from sfumato.evaluation.record import ScoreRecord
from sfumato.evaluation.report import embed, render
from sfumato.evaluation.scores import SCORES
from sfumato.files import replace_file
from sfumato.training.held_out import describe, read_evaluations

PAIRS = 12
GRID = 100


def write_page(folder: Path, evaluation: Evaluation, reference: Reference, run: Path | None) -> list[Path]:
    """Write samples.png, pairs.png (of pictures) and report.html into `folder`, and say which.

    denoising.webp of that folder is shown where there is one, and the loss by level where `run` has measured it.
    """
    record, dataset = evaluation.record, reference.dataset
    source, conditions = record.source, record.conditions
    about = {"model": source.model, "weights_sha256": source.weights_hash, "seeds": source.seeds}
    shown = shown_rows(len(evaluation.samples), dataset.is_images)
    labels = None if evaluation.labels is None else [evaluation.labels[i] for i in shown]
    save_png(picture(evaluation.samples[shown], labels, columns=10), folder / "samples.png", about)
    written = [folder / "samples.png"]
    if dataset.is_images:
        save_png(pairs_picture(evaluation, reference), folder / "pairs.png", about)
        written.append(folder / "pairs.png")
    animation = folder / "denoising.webp"
    evaluations = read_evaluations(run) if run is not None else []
    read, steps = evaluation.measured.read, [point["steps"] for point in record.curve]
    kind = next((name for point in record.curve for name in point if name != "steps"), "")
    sampler = ", ".join(f"{name} {value}" for name, value in source.sampler.items())
    page = {
        "title": f"{dataset.name.capitalize()}, measured",
        "subtitle": f"{source.model}, {source.weights} weights, {source.parameters:,} parameters.",
        "figures": [_figure(name, s) for name, s in record.scores.items() if name in HEADLINES][:4],
        "drawn": f"Seeds {source.seeds}, classes {source.classes}; {sampler}.",
        "grid": embed(folder / "samples.png"),
        "animation": embed(animation) if animation.exists() else "",
        "shown": f"{len(shown):,}",
        "count": f"{conditions.count:,}",
        "compared": (
            f"{conditions.count:,} samples against {conditions.reference_count:,} of {conditions.reference} "
            f"({conditions.split}), in the features “{conditions.features}”. The floor is what real samples score that "
            "no model drew. Numbers are comparable only where features, counts and data are the same."
        ),
        "scores": [_row(name, s) for name, s in record.scores.items()],
        "notes": [note[0].upper() + note[1:] for note in record.notes],
        "by_class": Markup(_by_class(read, evaluation.labels, dataset.classes))
        if read is not None and evaluation.labels is not None and len(dataset.classes) <= 20
        else "",
        "curve": Markup(line_chart(steps, [max(p[kind], 1e-9) for p in record.curve], "steps", SCORES[kind].title))
        if len(steps) > 1
        else "",
        "curve_count": f"{min(conditions.count, CURVE_SAMPLES):,}",
        "memorised": any(a.memorised for a in evaluation.audits),
        "verdict": evaluation.verdict[0].upper() + evaluation.verdict[1:],
        "pairs": embed(folder / "pairs.png") if dataset.is_images else "",
        "audits": [
            {
                "space": a.space, "median": f"{float(a.samples.ratio.median()):.3f}",
                "held": f"{float(a.held_out.ratio.median()):.3f}", "threshold": f"{a.threshold:.3f}",
                "flagged": f"{a.flagged:,}", "expected": f"{a.expected:.1f}", "p": f"{a.p_value:.2g}",
            }
            for a in evaluation.audits
        ],
        "duplicates": duplicates_words(evaluation),
        "levels": describe(evaluations[-1]) if evaluations else [],
        "command": source.command,
        "facts": [(n.replace("_", " "), str(v)) for n, v in (asdict(conditions) | asdict(source)).items()
                  if v != "" and n not in ("command", "sampler")],
    }  # fmt: skip
    replace_file(folder / "report.html", render("evaluation.html.j2", page))
    return [*written, folder / "report.html"]


HEADLINES = ("class_accuracy", "frechet", "kernel", "precision", "recall", "two_sample")


def shown_rows(count: int, images: bool) -> list[int]:
    """Which samples the page shows: a hundred pictures, evenly spread, or all points."""
    return torch.linspace(0, count - 1, min(count, GRID if images else count)).long().tolist()


def pairs_picture(evaluation: Evaluation, reference: Reference) -> Image:
    """The closest pairs by each space: samples above, the nearest training picture below, their ratio beneath."""
    cells, names = [], []
    for found in evaluation.audits:
        closest = found.samples.ratio.argsort(stable=True)[:PAIRS]
        copies, _ = reference.dataset.batch(reference.train[found.samples.index[closest].numpy()])
        drawn = rounded(evaluation.samples[closest])
        row = [tile(torch.stack([x, y]), columns=1) for x, y in zip(drawn, copies, strict=True)]
        cells.append([(image, f"{float(found.samples.ratio[i]):.2f}") for image, i in zip(row, closest, strict=True)])
        names.append(found.space.removeprefix("the "))
    columns = [str(number + 1) for number in range(len(cells[0]))]
    return table(cells, names, columns)


def duplicates_words(evaluation: Evaluation) -> str:
    """What the training set repeats, in a sentence."""
    found = evaluation.duplicates
    count = len(found.pairs)
    words = f"{count:,} pair{'s' if count != 1 else ''} of near-duplicates" if count else "no near-duplicates"
    return f"Among {found.searched:,} training samples there are {words} (closer than a tenth of the usual distance)."


def _by_class(read: Tensor, labels: Sequence[int], classes: Sequence[str]) -> str:
    asked = torch.tensor(labels)
    held = [c for c in range(len(classes)) if bool((asked == c).any())]
    shares = [float((read[asked == c] == c).float().mean()) for c in held]
    return bar_chart([classes[c] for c in held], shares, "class asked for", "read as asked (%)")


def _figure(name: str, found: ScoreRecord) -> dict[str, object]:
    score = SCORES[name]
    floor = "" if found.floor is None else f" (floor {number(found.floor)})"
    return {"value": number(found.value), "meaning": f"{score.title}{floor}: {score.meaning}", "met": None}


def _row(name: str, found: ScoreRecord) -> dict[str, str]:
    score = SCORES[name]
    return {
        "title": score.title,
        "value": number(found.value),
        "interval": f"{number(found.low)} to {number(found.high)}",
        "floor": "" if found.floor is None else f"{number(found.floor)}",
        "better": {"lower": "↓", "higher": "↑", "half": "→ 0.5"}[score.better],
        "meaning": score.meaning if score.unbiased else f"{score.meaning}; depends on the counts",
        "p": "" if found.p_value is None else f"{found.p_value:.2g}",
    }


def number(value: float) -> str:
    """Three digits that count, and no more than four places."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if value != 0 and abs(value) < 0.001:
        return f"{value:.1e}".replace("-", "−")
    return f"{value:.3g}".replace("-", "−")
