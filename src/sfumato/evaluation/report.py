"""The report of a run: one HTML file that stands alone, with its pictures and charts inside."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from PIL.Image import Image
from torch import Tensor

from sfumato.data import Dataset, tile
from sfumato.errors import SfumatoError
from sfumato.evaluation.charts import bar_chart, line_chart
from sfumato.evaluation.judge import Judgement, nearest
from sfumato.files import replace_file
from sfumato.hub import Model
from sfumato.readable import duration
from sfumato.training.previews import TEACHER

MEDIA = {".png": "image/png", ".webp": "image/webp", ".gif": "image/gif"}


def write_report(
    path: Path, model: Model, dataset: Dataset, samples: Tensor, judgement: Judgement, commands: Sequence[str]
) -> None:
    """Write `path`, in a run folder that holds metrics.jsonl, previews/, samples.png and denoising.webp."""
    folder = path.parent
    learnt = _learning(folder, model, commands)
    indices, novelty = nearest(samples, dataset)
    neighbours = folder / "neighbours.png"
    shown = torch.linspace(0, len(samples) - 1, 12).long()
    copies, _ = dataset.batch(indices[shown])
    tile(torch.cat([samples[shown], copies]), columns=12).save(neighbours)
    last, sampling = _metrics(folder)[-1], model.config.sampling
    page = {
        "title": f"{dataset.name.capitalize()}, generated from noise",
        "subtitle": f"A diffusion model trained for {last['seconds']:.0f} seconds on {len(dataset):,} pictures.",
        "figures": [
            {
                "value": f"{judgement.read_as_asked:.1%}",
                "meaning": f"of {judgement.count:,} generated pictures are read as the class asked for (aim: 97%)",
                "met": judgement.read_as_asked >= 0.97,
            },
            {
                "value": f"{judgement.ratio:.2f} ×",
                "meaning": "Fréchet distance to the real pictures, in units of that between their halves (aim: ≤ 1.5)",
                "met": judgement.ratio <= 1.5,
            },
            *_costs(model, last),
        ],
        "calls": sampling.steps,
        "grid": embed(folder / "samples.png"),
        "animation": embed(folder / "denoising.webp"),
        "accuracy": f"{judgement.classifier_accuracy:.1%}",
        "read": f"{judgement.read_as_asked:.1%}",
        "count": f"{judgement.count:,}",
        "by_class": Markup(bar_chart(dataset.classes, judgement.by_class, "class asked for", "read as asked (%)")),
        "frechet": f"{judgement.frechet:.2f}",
        "half": f"{judgement.half_to_half:.2f}",
        "half_spread": f"{judgement.half_to_half_spread:.2f}",
        "novelty": f"{float(novelty.median()):.2f}",
        "copies": f"{int((novelty < 1 / 3).sum()):,}",
        "neighbours": embed(neighbours),
        **learnt,
    }
    neighbours.unlink()
    replace_file(path, render("report.html.j2", page))


def write_training_report(folder: Path, model: Model, name: str, verdict: str, commands: Sequence[str]) -> Path:
    """Write report.html into a run `folder` on the data set `name`, of what it wrote down as it trained."""
    last = _metrics(folder)[-1]
    newest = _spread(folder / "previews", 1)
    page = {
        "title": f"{name.capitalize()}, learned",
        "subtitle": f"A diffusion model trained for {duration(last['seconds'])}.",
        "figures": _costs(model, last),
        "grid": embed(newest[-1]) if newest else "",
        "verdict": verdict,
        **_learning(folder, model, commands),
    }
    replace_file(folder / "report.html", render("training.html.j2", page))
    return folder / "report.html"


def _metrics(folder: Path) -> list[dict[str, float]]:
    """The lines of metrics.jsonl in which there is a loss."""
    metrics = folder / "metrics.jsonl"  # not there before the first step
    lines = [json.loads(line) for line in metrics.read_text().splitlines()] if metrics.exists() else []
    found = [line for line in lines if line["loss"]]
    if not found:
        raise SfumatoError(f"{folder} has written down no step whose loss is a finite number.")
    return found


def _costs(model: Model, last: Mapping[str, float]) -> list[dict[str, object]]:
    return [
        {"value": f"{last['seconds']:.0f} s", "meaning": f"of training, {last['images']:,} images seen", "met": None},
        {"value": f"{model.parameter_count / 1e6:.1f} M", "meaning": "parameters in the network", "met": None},
    ]


def _learning(folder: Path, model: Model, commands: Sequence[str]) -> dict[str, object]:
    """What a page says of the training in `folder`, and what to type next."""
    metrics = _metrics(folder)
    losses = smooth([line["loss"] for line in metrics])
    teacher = folder / "previews" / TEACHER
    return {
        "teacher": embed(teacher) if teacher.exists() else "",
        "loss": Markup(line_chart([line["images"] for line in metrics], losses, "images seen", "loss")),
        "previews": [
            {"image": embed(p), "step": f"{int(p.stem.split('-')[1]):,}"} for p in _spread(folder / "previews", 6)
        ],
        "facts": facts(model, metrics[-1]),
        "commands": commands,
    }


def render(template: str, page: Mapping[str, object]) -> bytes:
    """A page from one of this folder's templates, escaped."""
    environment = Environment(autoescape=True, loader=PackageLoader("sfumato.evaluation", ""))
    return environment.get_template(template).render(page).encode()


def facts(model: Model, last: dict[str, float]) -> list[tuple[str, str]]:
    """The settings and costs that a reader needs to compare or repeat."""
    config, sampling = model.config, model.config.sampling
    return [
        ("network", f"{config.net.kind}, {model.parameter_count:,} parameters"),
        ("predicts", f"{config.parameterization}, data standard deviation {config.data_std:g}"),
        ("training", f"{last['step']:,} steps, {last['images']:,} images, {last['seconds']:.1f} s"),
        ("final loss", f"{last['loss']:.4f}"),
        (
            "sampler",
            f"{sampling.sampler}, {sampling.steps} steps, {sampling.grid} grid, guidance {sampling.guidance:g}",
        ),
        ("weights", f"ema, {model.source}"),
        ("weights hash", f"sha256 {model.weights_hash[:16]}…"),
        ("PyTorch", f"{torch.__version__}, {torch.get_num_threads()} threads"),
    ]


def embed(path: Path) -> str:
    """A picture file as a data: address."""
    return f"data:{MEDIA[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def address(image: Image) -> str:
    """A picture as a data: address."""
    content = io.BytesIO()
    image.save(content, "PNG")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def smooth(values: Sequence[float], window: int = 5) -> list[float]:
    """Running mean over up to `window` values before and including each."""
    return [sum(part) / len(part) for part in (values[max(0, i + 1 - window) : i + 1] for i in range(len(values)))]


def _spread(folder: Path, most: int) -> list[Path]:
    """Up to `most` of the previews, evenly spaced, first and last included."""
    paths = sorted(folder.glob("step-*.png"))
    if len(paths) <= most:
        return paths
    if most == 1:
        return paths[-1:]
    return [paths[round(i * (len(paths) - 1) / (most - 1))] for i in range(most)]
