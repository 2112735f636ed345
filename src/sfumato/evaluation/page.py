"""The page of an evaluation: one HTML file that stands alone, and the picture of the closest pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from markupsafe import Markup
from PIL.Image import Image
from torch import Tensor

from sfumato.data import KINDS, picture, save_png, table, tile
from sfumato.data.clips import FPS
from sfumato.data.films import film
from sfumato.evaluation.charts import bar_chart, curves_chart, interval_chart
from sfumato.evaluation.evaluating import Evaluation
from sfumato.evaluation.features import rounded
from sfumato.evaluation.measure import Reference, like_rows
from sfumato.evaluation.memorisation import memorised
from sfumato.evaluation.model_card import model_card
from sfumato.evaluation.record import Record, ScoreRecord, write_record
from sfumato.evaluation.report import address, embed, render
from sfumato.evaluation.scores import SCORES
from sfumato.files import replace_file
from sfumato.shell import command_line

PAIRS = 12
GRID = 100
CAPTIONED = 12
CLIPS, FRAMES = 24, 4  # how many are shown, and frames of each in a table


def write_evaluation(folder: Path, evaluation: Evaluation, reference: Reference) -> list[Path]:
    """Write record.json, README.md, samples.png, report.html and, for pictures, pairs.png; returns their paths."""
    write_record(folder / "record.json", evaluation.record)
    replace_file(folder / "README.md", model_card(evaluation.record, reference.dataset).encode())
    return [folder / "record.json", folder / "README.md", *write_page(folder, evaluation, reference)]


def write_page(folder: Path, evaluation: Evaluation, reference: Reference) -> list[Path]:
    """Write samples.png, pairs.png (of pictures) and report.html into `folder`, and say which.

    denoising.webp of that folder is shown where there is one.
    """
    record, dataset = evaluation.record, reference.dataset
    source, conditions = record.source, record.conditions
    about = {"model": source.model, "weights_sha256": source.weights_hash, "seeds": source.seeds}
    shown = shown_rows(len(evaluation.samples), dataset.kind)
    labels = evaluation.resolved.every_label
    save_png(
        picture(evaluation.samples[shown], labels and [labels[i] for i in shown], columns=10, kind=dataset.kind),
        folder / "samples.png",
        about,
    )
    written = [folder / "samples.png"]
    if KINDS[dataset.kind].moving:
        moving = film(evaluation.samples[shown], ".webp", FPS, columns=8, scale=1 + (max(dataset.shape[-2:]) < 64))
        replace_file(folder / "samples.webp", moving)
        written.append(folder / "samples.webp")
    if KINDS[dataset.kind].spatial:
        save_png(pairs_picture(evaluation, reference), folder / "pairs.png", about)
        written.append(folder / "pairs.png")
    animation = folder / "denoising.webp"
    read = evaluation.measured.read
    page = {
        "title": f"{dataset.name.capitalize()}, measured",
        "subtitle": f"{source.model}, {source.weights} weights, {source.parameters:,} parameters.",
        "figures": [_figure(name, record.scores[name]) for name in HEADLINES if name in record.scores][:4],
        "generated": generated_words(record),
        "captioned": captioned(evaluation, reference),
        "grid": embed(folder / ("samples.webp" if KINDS[dataset.kind].moving else "samples.png")),
        "animation": embed(animation) if animation.exists() else "",
        "shown": f"{len(shown):,}",
        "count": f"{conditions.count:,}",
        "compared": (
            f"{conditions.count:,} samples against {conditions.reference_count:,} of {conditions.reference} "
            f"({conditions.split}), in the features “{conditions.features}”. The floor is what real samples score that "
            "no model generated. Numbers are comparable only where features, counts and data are the same."
        ),
        "scores": [_row(name, s) for name, s in record.scores.items()],
        "notes": [note[0].upper() + note[1:] for note in record.notes],
        "by_class": Markup(_by_class(read, labels, dataset.classes))
        if read is not None and labels is not None and len(dataset.classes) <= 20
        else "",
        "curve": Markup(_curve(record)) if len(record.curve) > 1 else "",
        "curve_table": curve_table(record),
        "curve_count": f"{record.curve[0]['count']:,.0f}" if record.curve else "",
        "memorised": memorised(evaluation.audits),
        "verdict": evaluation.verdict[0].upper() + evaluation.verdict[1:],
        "pairs": embed(folder / "pairs.png") if KINDS[dataset.kind].spatial else "",
        "audits": [
            {
                "space": a.space, "median": f"{float(a.samples.ratio.median()):.3f}",
                "held": f"{float(a.held_out.ratio.median()):.3f}", "threshold": f"{a.threshold:.3f}",
                "flagged": f"{a.flagged:,}", "expected": f"{a.expected:.1f}", "p": f"{a.p_value:.2g}",
            }
            for a in evaluation.audits
        ],
        "duplicates": duplicates_words(evaluation),
        "levels": Markup(_levels(record.levels)) if record.levels else "",
        "really": reference.really,
        "again": again(evaluation, reference),
        "facts": [(n.replace("_", " "), str(v)) for n, v in (asdict(conditions) | asdict(source)).items()
                  if v != "" and n not in ("command", "sampler")],
    }  # fmt: skip
    replace_file(folder / "report.html", render("evaluation.html.j2", page))
    return [*written, folder / "report.html"]


HEADLINES = (
    "class_accuracy", "frechet", "frames_frechet", "motion_frechet", "flicker", "precision", "recall", "kernel",
    "two_sample",
)  # fmt: skip


def shown_rows(count: int, kind: str) -> list[int]:
    """Which samples the page shows: a hundred pictures or a few clips, evenly spread, or all points."""
    most = CLIPS if KINDS[kind].moving else GRID if KINDS[kind].spatial else count
    return torch.linspace(0, count - 1, min(count, most)).long().tolist()


def pairs_picture(evaluation: Evaluation, reference: Reference) -> Image:
    """The closest pairs by each space: samples above, the nearest training picture below, their ratio beneath."""
    cells, names = [], []
    for found in evaluation.audits:
        closest = found.samples.ratio.argsort(stable=True)[:PAIRS]
        copies, _ = reference.dataset.batch(reference.train[found.samples.index[closest].numpy()])
        generated = rounded(evaluation.samples[closest])
        row = [_still(torch.stack([x, y])) for x, y in zip(generated, copies, strict=True)]
        cells.append([(image, f"{float(found.samples.ratio[i]):.2f}") for image, i in zip(row, closest, strict=True)])
        names.append(found.space.removeprefix("the "))
    columns = [str(number + 1) for number in range(len(cells[0]))]
    return table(cells, names, columns)


def _still(samples: Tensor, gap: int = 1) -> Image:
    """Pictures below each other; of clips a few frames, one clip a row."""
    if samples.ndim == 4:
        return tile(samples, columns=1, gap=gap)
    some = torch.linspace(0, samples.shape[1] - 1, min(FRAMES, samples.shape[1])).long()
    return picture(samples[:, some], gap=gap, kind="clips")


def generated_words(record: Record) -> str:
    """How the samples were generated, in a sentence; settings that are off are left out."""
    source = record.source
    sampler = dict(source.sampler)
    parts = [f"{sampler.pop('sampler')} in {sampler.pop('steps')} steps"]
    parts += [f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in sampler.items()
              if value is not False and value not in ("network", "plain", "none")]  # fmt: skip
    on = [f"classes {source.classes}"] if source.classes != "none" else []
    on += [f"captions {source.captions.partition(';')[0]}"] if source.captions != "none" else []
    on += [source.conditions] if source.conditions != "none" else []
    return f"Seeds {source.seeds}{''.join(f', {words}' for words in on)}; {', '.join(parts)}."


def captioned(evaluation: Evaluation, reference: Reference) -> list[dict[str, str]]:
    """Some captions, each with what was generated for it and the real picture that it belongs to."""
    prompts = evaluation.resolved.prompts
    if prompts is None or not KINDS[reference.dataset.kind].spatial:
        return []
    found = []
    for i in torch.linspace(0, len(prompts) - 1, min(CAPTIONED, len(prompts))).long().tolist():
        row = like_rows(reference, len(prompts))[i : i + 1]
        generated, real = evaluation.samples[i : i + 1], reference.dataset.batch(row)[0]
        cells = {name: address(_still(x, gap=0)) for name, x in (("generated", generated), ("real", real))}
        found.append({"caption": prompts[i], **cells})
    return found


def again(evaluation: Evaluation, reference: Reference) -> list[tuple[str, str]]:
    """What to type to have each part of the page again."""
    source, asked = evaluation.record.source, evaluation.resolved
    run = source.model.split("/checkpoints/")[0]
    first = source.seeds.split("-")[0]
    plain = ("sampler",) if asked.request.sampling.tuned is None else ()
    names = (*plain, "steps", *(("guidance",) if asked.request.conditioned else ()))
    options = {
        "prompt": None if asked.prompts is None else asked.prompts[0],
        "class": None if (labels := asked.every_label) is None else reference.dataset.classes[labels[0]],
        **{name: source.sampler[name] for name in names},
        "weights": source.weights,
        "seeds": first,
        "animate": True,
    }
    rest = ["scores"] + ["quality against steps"] * bool(evaluation.record.curve)
    return [
        (f"{', '.join(rest)}, loss by noise level, copies, this page", source.command),
        (
            f"the first sample, and its way there (sample n has the seed {first} + n)",
            command_line("sample", [source.model], options),
        ),
        ("whether another run is better", command_line("eval", ["OTHER"], {"against": run})),
    ]


def _curve(record: Record) -> str:
    kind = next(name for name in record.curve[0] if name in SCORES)
    series = {
        name: {point["steps"]: (point[kind], point["low"], point["high"]) for point in points}
        for name, points in (("the model" if not record.teacher_curve else "the student", record.curve),
                             ("its teacher", record.teacher_curve))
        if points
    }  # fmt: skip
    floor = record.curve[0]["floor"]
    return curves_chart(series, "steps", SCORES[kind].title, (floor, "real data") if floor > 0 else None)


def curve_table(record: Record) -> tuple[list[str], list[list[str]]]:
    """The heads and rows of quality against steps, those of a student's teacher below each of its own."""
    if not record.curve:
        return [], []
    kind = next(name for name in record.curve[0] if name in SCORES)
    shares = [name for name in ("recall", "class_accuracy") if name in record.curve[0]]
    both = bool(record.teacher_curve)
    heads = ["steps", *(["by"] if both else []), "calls", SCORES[kind].title, *(SCORES[name].title for name in shares)]
    rows = []
    named = [(point, name) for name, points in (("student", record.curve), ("teacher", record.teacher_curve))
             for point in points]  # fmt: skip
    for point, name in sorted(named, key=lambda one: one[0]["steps"]):
        row = [f"{point['steps']:g}", *([name] if both else []), f"{point.get('calls', point['steps']):g}"]
        row.append(f"{number(point[kind])} ({number(point['low'])} to {number(point['high'])})")
        row += [f"{point[one]:.1%} ({point[one + '_low']:.1%} to {point[one + '_high']:.1%})" for one in shares]
        rows.append([*row, f"{1000 * point['seconds']:.3g}" if "seconds" in point else ""])
    return [*heads, "ms a sample"], rows


def _levels(levels: Sequence[dict[str, float]]) -> str:
    series = {
        words: [(row[name], row[f"{name}_low"], row[f"{name}_high"]) for row in levels]
        for name, words in (("held_out", "held out"), ("trained", "trained on"))
    }
    return interval_chart([f"σ {row['sigma']:.2g}" for row in levels], series, "loss: 0 is a perfect guess")


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
        "title": score.title + "*" * (not score.unbiased),
        "value": number(found.value),
        "interval": f"{number(found.low)} to {number(found.high)}",
        "floor": "" if found.floor is None else f"{number(found.floor)}",
        "better": {"lower": "↓", "higher": "↑", "half": "→ 0.5"}[score.better],
        "meaning": score.meaning,
        "p": "" if found.p_value is None else f"{found.p_value:.2g}",
    }


def number(value: float) -> str:
    """Three digits that count, and no more than four places."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if value != 0 and abs(value) < 0.001:
        return f"{value:.1e}".replace("-", "−")
    return f"{value:.3g}".replace("-", "−")
