"""`sfumato sample`"""

from __future__ import annotations

import io
import math
import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from cyclopts import Parameter
from rich.progress import Progress

from sfumato import __version__
from sfumato.cli.display import console
from sfumato.cli.edits import read_edit
from sfumato.cli.told import NOTHING, Told, check_prompt, describe, pick_labels, read_named
from sfumato.data import picture, save_animation, save_png, table
from sfumato.errors import SfumatoError, unknown
from sfumato.files import replace_file
from sfumato.hub import Model, SamplingConfig, load
from sfumato.hub.cascade import check_cascade, enlarge
from sfumato.hub.config import FIRST
from sfumato.hub.model import told_rows
from sfumato.hub.zoo import ships
from sfumato.sampling import Step, resolve, stepper
from sfumato.training import data_gaussian, pick_device

MOST = 100_000  # images a call
FLAGS = ("upscale", "threshold", "control-ready")
# What a picture says of itself that is an option of the command that draws it again.
OPTIONS = (
    "class", "number", "vector", "control", "control-ready", "control-strength", "negative", "image", "strength",
    "mask", "upscale", "upscale-with", "sampler", "steps", "grid", "schedule", "guidance",
    "rule", "interval", "threshold", "eta", "tolerance", "first", "weights",
)  # fmt: skip


def sample(
    run: Annotated[Path, Parameter(help="A run such as runs/photos, one of its checkpoints, or digits, which ships.")],
    prompt: Annotated[
        str | None, Parameter(help="What to draw, for a model that was trained on captions.", show_default=False)
    ] = None,
    /,
    *,
    class_: Annotated[
        str | None, Parameter(name="--class", help="Class to draw, or several: cat,dog. Default: each in turn.")
    ] = None,
    number: Annotated[
        str | None, Parameter(help="Numbers that the model was trained to be told: age=30, or age=30,weight=60.")
    ] = None,
    vector: Annotated[
        str | None,
        Parameter(help="A vector that it was trained to be told: 1,0,2, or a .npy file; several NAME=...;NAME=..."),
    ] = None,
    control: Annotated[
        str | None, Parameter(help="A picture to draw from, by what the model was trained to see of one (edges, ...).")
    ] = None,
    control_ready: Annotated[
        bool, Parameter(help="--control already is what the model sees, such as a sketch by hand.", negative="")
    ] = False,
    control_strength: Annotated[
        float | None, Parameter(help="How much --control counts for a branch: 0 nothing, 1 as trained.")
    ] = None,
    n: Annotated[
        int | None, Parameter(name=["-n", "--count"], help="How many pictures [default: 16; of a prompt 4].")
    ] = None,
    seeds: Annotated[str | None, Parameter(help="One seed a picture: 0-15, or 3,7,42.")] = None,
    sampler: Annotated[str | None, Parameter(help="See `sfumato samplers` [default: the model's own].")] = None,
    steps: Annotated[
        str | None,
        Parameter(help="How many steps to take [default: the model's own]; with --compare several: 5,10,20."),
    ] = None,
    grid: Annotated[str | None, Parameter(help="Which levels to visit: karras, logsnr, trailing, ...")] = None,
    schedule: Annotated[str | None, Parameter(help="The path they lie on: edm, linear, cosine, flow, ...")] = None,
    negative: Annotated[str | None, Parameter(help="What to draw away from.")] = None,
    image: Annotated[
        Path | None, Parameter(help="A picture to begin with: draw variations of it, or use --mask or --upscale.")
    ] = None,
    strength: Annotated[
        float | None, Parameter(help="How far to go from --image: 0 keeps it, 1 never sees it [default: 0.6].")
    ] = None,
    mask: Annotated[Path | None, Parameter(help="Draw only where this picture, as large as --image, is white.")] = None,
    upscale: Annotated[
        bool, Parameter(help="Enlarge --image to the model's size, with the detail that belongs there.", negative="")
    ] = False,
    upscale_with: Annotated[
        str | None, Parameter(help="Enlarge what is drawn with models trained with --control small: runs/x2,runs/x4.")
    ] = None,
    guidance: Annotated[
        float | None, Parameter(help="0 ignores class and prompt, 1 is plainly conditional, more insists on them.")
    ] = None,
    rule: Annotated[
        str | None, Parameter(help="How guidance pushes: plain, projected (colours stay calm) or cfg++ (from 0 to 1).")
    ] = None,
    interval: Annotated[
        str | None, Parameter(help="Guide only where sigma/alpha lies in this range, such as 0.2-5.")
    ] = None,
    threshold: Annotated[
        bool | None, Parameter(help="Scale colours back that guidance drives out of range.", negative="")
    ] = None,
    eta: Annotated[float | None, Parameter(help="The sampler's noise, 0 (none) to 1 (ddpm's).")] = None,
    tolerance: Annotated[float | None, Parameter(help="How exact the sampler adaptive is, such as 0.02.")] = None,
    first: Annotated[
        str | None,
        Parameter(help="Who takes the first step: network, or at no call analytical or teleport (few steps)."),
    ] = None,
    compare: Annotated[
        str | None, Parameter(help="One picture of several samplers, ddim,unipc, from the same noise.")
    ] = None,
    weights: Annotated[str, Parameter(help="ema (the running average) or raw.")] = "ema",
    out: Annotated[Path | None, Parameter(help="Where to write [default: RUN/samples].")] = None,
    animate: Annotated[
        bool, Parameter(help="Also write the way from noise to picture as an animation.", negative="")
    ] = False,
    batch: Annotated[int, Parameter(help="How many pictures are drawn at once.")] = 64,
) -> None:
    """Draw new pictures from a trained model.

    Each picture has a seed of its own and is the same at any batch size. The PNGs carry what is needed to draw them
    again; `sfumato info PICTURE.png` shows it.
    """
    if batch < 1:
        raise SfumatoError(f"--batch must be at least 1, got {batch}.")
    counts = parse_steps(steps)
    if len(counts) > 1 and compare is None:
        raise SfumatoError(f"--steps {steps} names {len(counts)} step counts; give one, or say which to --compare.")
    asked = [prompt, number, vector, control]
    few = 8 if compare is not None else 4 if any(one is not None for one in asked) else None
    numbers = parse_seeds(seeds, n if n is not None or seeds is not None else few)
    model = load(run, weights, pick_device())  # type: ignore[arg-type]
    given = {
        "steps": counts[0] if counts else None, "grid": grid, "schedule": schedule, "guidance": guidance, "eta": eta,
        "tolerance": tolerance, "first": first, "rule": rule, "interval": parse_interval(interval),
        "threshold": threshold,
    }  # fmt: skip
    given = {k: v for k, v in given.items() if v is not None}
    settings = replace(with_sampler(model.config.sampling, sampler), **given)  # type: ignore[arg-type]
    if settings.first not in FIRST:
        raise unknown("first step", settings.first, FIRST)
    if settings.first != "network":
        model.gaussian = data_gaussian(run)
    runs = [] if upscale_with is None else upscale_with.split(",")
    larger = [load(name.strip(), weights, pick_device()) for name in runs]  # type: ignore[arg-type]
    check_cascade([model, *larger])
    if larger and (compare is not None or animate):
        raise SfumatoError("--upscale-with enlarges what is drawn in the end; leave --compare and --animate out.")
    labels = pick_labels(model, class_, len(numbers))
    check_prompt(model, prompt)
    named = read_named(model, number, vector, control, control_ready, control_strength)
    if negative is not None and prompt is None and labels is None and not named:
        raise SfumatoError("--negative leads away from something while a prompt leads somewhere; give a prompt too.")
    check_prompt(model, negative)
    edit = read_edit(model, image, strength, mask, upscale)
    facts: dict[str, object] = {"prompt": prompt, "negative": negative, "image": image, "mask": mask}
    facts |= {"number": number, "vector": vector, "control": control, "control-ready": "yes" if control_ready else None}
    facts |= {"upscale-with": upscale_with, "control-strength": control_strength}
    if edit is not None:
        facts |= {"upscale": "yes"} if upscale else {"strength": f"{edit.strength:g}"}
    said = {name: str(value) for name, value in facts.items() if value is not None}
    told = Told(prompt, negative, edit, said, named)
    if guidance is not None and labels is None and prompt is None and not named:
        raise SfumatoError(
            f'there is nothing to guide: say what to draw, as in sfumato sample {run} "a green heart".'
            if model.reads
            else f"there is nothing to guide: say what to draw; {run} is told {describe(model.config.conditions)}."
            if model.config.conditions
            else f"{run} was trained without classes, so there is nothing to guide; leave --guidance out."
        )
    folder = out or results_folder(run) / "samples"
    if compare is not None:
        rows = [replace(with_sampler(settings, name), **given) for name in _names(compare)]  # type: ignore[arg-type]
        columns = counts or [5, 10, 20]
        path = comparison(model, numbers, labels, told, rows, columns, batch, folder / "compare.png", weights)
        console.print(f"Compared {len(rows)} samplers at {', '.join(map(str, columns))} steps:", soft_wrap=True)
        console.print(f"  {path}", soft_wrap=True)
        return
    samples, frames = draw(model, numbers, labels, settings, batch, animate, told)
    names = None if labels is None else [model.config.classes[label] for label in labels]
    prompts = None if prompt is None else [prompt] * len(numbers)
    *_, samples = [samples, *enlarge(larger, samples, numbers, names, prompts, batch=batch)]
    paths = write(model, samples, numbers, labels, told, settings, weights, folder)
    if animate:
        images = [picture(frame_of(step), labels and labels[: len(step.x)]) for step in frames]
        save_animation(images, folder / "denoising.webp", milliseconds=90, last_hold=1500)
        paths.append(folder / "denoising.webp")
    calls = f"{settings.sampler}, {settings.steps} steps, guidance {settings.guidance:g}, {weights} weights"
    console.print(f"Drew {len(numbers)} with {calls} from {model.source}", soft_wrap=True)
    for path in paths[-2:] if animate else paths[-1:]:
        console.print(f"  {path}", soft_wrap=True)


def results_folder(run: Path) -> Path:
    """Where what is made from `run` goes: into the run, or for a model that ships into a folder here."""
    if ships(run):
        return Path(f"sfumato-{run}")
    return run.parent.parent if (run / "state.json").exists() else run


def with_sampler(settings: SamplingConfig, name: str | None) -> SamplingConfig:
    """The settings with this sampler, by any tool's name for it, and the grid that the name may hold."""
    if name is None:
        return settings
    sampler, grid = resolve(name)
    keeps_options = sampler == settings.sampler  # an eta or a tolerance belongs to the sampler it was given for
    return replace(
        settings,
        sampler=sampler,
        grid=grid or settings.grid,
        eta=settings.eta if keeps_options else None,
        tolerance=settings.tolerance if keeps_options else None,
    )


def _names(compare: str) -> list[str]:
    names = [name.strip() for name in compare.split(",") if name.strip()]
    if not 1 <= len(names) <= 24:
        raise SfumatoError(f"--compare takes 1 to 24 samplers, such as ddim,unipc, got {len(names)}.")
    return names


def parse_interval(interval: str | None) -> tuple[float, float] | None:
    """'0.2-5' → (0.2, 5.0). Raises SfumatoError for anything but two numbers from 0, the smaller first."""
    if interval is None:
        return None
    match = re.fullmatch(r"\s*(\d*\.?\d+)\s*-\s*(\d*\.?\d+)\s*", interval)
    if not match or float(match[1]) > float(match[2]):
        raise SfumatoError(
            f"--interval takes a range of sigma/alpha such as 0.2-5, the smaller first, not '{interval}'."
        )
    return float(match[1]), float(match[2])


def parse_steps(steps: str | None) -> list[int]:
    """'5,10,20' → [5, 10, 20]. Raises SfumatoError for anything but whole numbers from 1 to 10,000."""
    if steps is None:
        return []
    parts = steps.split(",")
    if not all(re.fullmatch(r"\s*\d{1,5}\s*", part) and 1 <= int(part) <= 10_000 for part in parts):
        raise SfumatoError(f"--steps takes at least 1 step and at most 10000, such as 20 or 5,10,20, not '{steps}'.")
    return [int(part) for part in parts]


def comparison(
    model: Model, seeds: Sequence[int], labels: list[int] | None, told: Told, rows: Sequence[SamplingConfig],
    columns: Sequence[int], batch: int, path: Path, weights: str,
) -> Path:  # fmt: skip
    """One picture: a row a sampler, a column a number of steps, the same noise in every cell."""
    for row in rows:  # say what can't be before the first long walk
        for count in columns:
            stepper(row.sampler, row.eta, count, row.tolerance)
    cells = []
    for row in rows:
        line = []
        for count in columns:
            samples, way = draw(model, seeds, labels, replace(row, steps=count), batch, True, told)
            line.append((picture(samples, labels, columns=math.ceil(len(seeds) / 2)), f"{way[-1].calls} calls"))
        cells.append(line)
    names = [row.sampler for row in rows]
    sheet = table(cells, names, [f"{count} steps" for count in columns])
    words = about(model, replace(rows[0], sampler=",".join(names)), weights, told)
    save_png(sheet, path, {**words, "steps": ",".join(map(str, columns)), "seeds": seed_words(seeds)})
    return path


def draw(
    model: Model, seeds: Sequence[int], labels: list[int] | None, settings: SamplingConfig, batch: int, frames: bool,
    told: Told = NOTHING, prompts: Sequence[str] | None = None,
) -> tuple[torch.Tensor, list[Step]]:  # fmt: skip
    """All the samples, with a progress bar over network steps; and the first batch's way there, if asked.

    `prompts` are one a sample, where they aren't all told the same; so may be what is told by name.
    """
    parts: list[torch.Tensor] = []
    way: list[Step] = []
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("drawing", total=settings.steps * -(-len(seeds) // batch))
        for first in range(0, len(seeds), batch):
            some = slice(first, first + batch)
            own = seeds[some]
            said, away = (None if text is None else [text] * len(own) for text in (told.prompt, told.negative))
            said = said if prompts is None else list(prompts[some])
            named = told_rows(model.config.conditions, told.named, some)
            for step in model.stream(own, labels and labels[some], settings, said, away, told.edit, named):
                if frames and first == 0:
                    way.append(step)
                if step.index:
                    bar.advance(task)
            parts.append(step.x.cpu())
    return torch.cat(parts), way


def frame_of(step: Step) -> torch.Tensor:
    """A step's picture at unit scale, on the CPU: noise that is 80 times as strong as the picture would only clip."""
    return step.x.cpu() / float((step.level.alpha**2 + step.level.sigma**2).sqrt())


def write(
    model: Model, samples: torch.Tensor, seeds: Sequence[int], labels: list[int] | None, told: Told,
    settings: SamplingConfig, weights: str, folder: Path,
) -> list[Path]:  # fmt: skip
    """One PNG a picture and one of them all (for points: one picture, and the points as .npy)."""
    common = about(model, settings, weights, told)
    everything = {**common, "seeds": seed_words(seeds)}
    if samples.ndim == 2:
        data = io.BytesIO()
        np.save(data, samples.numpy(), allow_pickle=False)
        replace_file(folder / "points.npy", data.getvalue())
        save_png(picture(samples, labels), folder / "points.png", everything)
        return [folder / "points.npy", folder / "points.png"]
    paths = []
    for i, seed in enumerate(seeds):
        own = {**common, "seed": str(seed)}
        words = [f"seed-{seed:04d}"]
        if labels is not None:
            own["class"] = model.config.classes[labels[i]]
            words.insert(0, re.sub(r"[^\w.-]+", "-", own["class"]))
        if told.prompt is not None:
            words.insert(0, re.sub(r"[^\w.-]+", "-", told.prompt)[:60].strip("-.") or "prompt")
        path = folder / f"{'-'.join(words)}.png"
        own["command"] = command(model, own)
        save_png(picture(samples[i : i + 1], None, columns=1, scale=1, gap=0), path, own)
        paths.append(path)
    if labels is not None:
        everything["classes"] = ",".join(model.config.classes[label] for label in dict.fromkeys(labels))
    save_png(picture(samples, labels), folder / "grid.png", everything)
    return [*paths, folder / "grid.png"]


def about(model: Model, settings: SamplingConfig, weights: str, told: Told = NOTHING) -> dict[str, str]:
    """What a picture carries so that it can be drawn again."""
    facts = {
        **told.facts,
        "sfumato": __version__,
        "model": model.source,
        "weights": weights,
        "weights_sha256": model.weights_hash,
        "sampler": settings.sampler,
        "steps": str(settings.steps),
        "grid": settings.grid,
        "schedule": settings.schedule,
        "guidance": f"{settings.guidance:g}",
    }
    for name in ("eta", "tolerance"):
        if (value := getattr(settings, name)) is not None:
            facts[name] = f"{value:g}"
    if settings.interval is not None:
        facts["interval"] = "-".join(f"{end:g}" for end in settings.interval)
    if settings.threshold:
        facts["threshold"] = "yes"
    for name, plain in (("first", "network"), ("rule", "plain")):
        if (value := getattr(settings, name)) != plain:
            facts[name] = value
    return facts


def command(model: Model, facts: dict[str, str]) -> str:
    """The command line that draws this picture again."""
    words = [f"sfumato sample {model.source}", *([shlex.quote(facts["prompt"])] if "prompt" in facts else [])]
    guided = not {"class", "prompt", "number", "vector", "control"}.isdisjoint(facts)
    for key in OPTIONS:
        if key in facts and (key != "guidance" or guided):
            words += [f"--{key}"] if key in FLAGS else [f"--{key} {shlex.quote(facts[key])}"]
    return " ".join([*words, f"--seeds {facts['seed']}"])


def parse_seeds(seeds: str | None, count: int | None) -> list[int]:
    """'0-3' → [0, 1, 2, 3]; '3,7' → [3, 7]; without seeds, 0 up to `count` (16). Raises SfumatoError for nonsense."""
    if count is not None and not 1 <= count <= MOST:
        raise SfumatoError(f"-n must lie between 1 and {MOST:,}, got {count}.")
    if seeds is None:
        return list(range(count or 16))
    numbers: list[int] = []
    for part in seeds.split(","):
        match = re.fullmatch(r"\s*(\d{1,18})\s*(?:-\s*(\d{1,18})\s*)?", part)
        if not match:
            raise SfumatoError(f"--seeds takes whole numbers from 0, such as 0-15 or 3,7,42, not '{seeds}'.")
        first, final = int(match[1]), int(match[2] or match[1])
        if final < first:
            raise SfumatoError(f"the seed range {first}-{final} runs backwards; write {final}-{first}.")
        if len(numbers) + final - first >= MOST:
            raise SfumatoError(f"--seeds names more than {MOST:,} pictures; draw them in several calls.")
        numbers.extend(range(first, final + 1))
    if count is not None and count != len(numbers):
        raise SfumatoError(
            f"--seeds {seeds} names {len(numbers)} pictures but -n asks for {count}; leave one of them out."
        )
    return numbers


def seed_words(seeds: Sequence[int]) -> str:
    """[0, 1, 2] → '0-2'; otherwise a comma-separated list."""
    if len(seeds) > 1 and list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]}-{seeds[-1]}"
    return ",".join(map(str, seeds))
