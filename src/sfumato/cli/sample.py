"""`sfumato sample`"""

from __future__ import annotations

import math
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from cyclopts import Parameter
from PIL import Image
from torch import Tensor

from sfumato.cli.display import console, count, note
from sfumato.cli.drawing import (
    as_samples,
    check_folder,
    draw,
    draw_all,
    find,
    frame_of,
    keep,
    keep_file,
    npy,
    pixels_of,
    read_pixels,
    stem,
)
from sfumato.cli.opening import open_model
from sfumato.cli.options import (
    describe,
    given,
    option_words,
    parse_interval,
    parse_steps,
    pick_classes,
    pick_conditions,
    pick_edit,
    pick_seeds,
)
from sfumato.cli.record import By, compared, comparison_facts, facts, read_record, split_requests
from sfumato.data import animation, picture, table
from sfumato.errors import SfumatoError, unknown
from sfumato.hub.cascade import check_cascade, enlarge
from sfumato.hub.config import FIRST
from sfumato.hub.request import Comparison, Request, float_words, settle
from sfumato.hub.resolving import Arguments, resolve
from sfumato.hub.zoo import ships, zoo_names
from sfumato.sampling import Step
from sfumato.shell import command_line
from sfumato.training import data_gaussian

MAX_SHOWN = 1024  # pictures in the one of them all, which would fill the memory
COMPARED_STEPS = (5, 10, 20)


def sample(
    run: Annotated[
        Path | None,
        Parameter(
            help="A run such as runs/photos, one of its checkpoints, or digits, which ships.", show_default=False
        ),
    ] = None,
    /,
    prompt: Annotated[
        str | None, Parameter(help="What to draw, for a model that was trained on captions.", show_default=False)
    ] = None,
    *,
    class_: Annotated[
        list[str] | None,
        Parameter(name="--class", help="Class to draw, or several: cat,dog. Default: each in turn.", negative=""),
    ] = None,
    number: Annotated[
        list[str] | None,
        Parameter(negative="", help="Numbers that the model was trained to be told: age=30, or age=30,weight=60."),
    ] = None,
    vector: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="A vector that it was trained to be told: 1,0,2, or a .npy file; several NAME=...;NAME=...",
        ),
    ] = None,
    control: Annotated[
        list[str] | None,
        Parameter(
            negative="", help="A picture to draw from, by what the model was trained to see of one (edges, ...)."
        ),
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
        list[str] | None,
        Parameter(
            negative="",
            help="Enlarge what is drawn with models trained with --control small, each by its own settings: "
            "runs/x2,runs/x4.",
        ),
    ] = None,
    guidance: Annotated[
        float | None, Parameter(help="0 ignores class and prompt, 1 is plainly conditional, more insists on them.")
    ] = None,
    rule: Annotated[
        str | None, Parameter(help="How guidance pushes: plain, projected (colours stay calm) or cfg++ (from 0 to 1).")
    ] = None,
    interval: Annotated[
        str | None, Parameter(help="Guide only where sigma/alpha lies in this range, such as 0.2-5, or all.")
    ] = None,
    threshold: Annotated[bool | None, Parameter(help="Scale colours back that guidance drives out of range.")] = None,
    eta: Annotated[float | None, Parameter(help="The sampler's noise, 0 (none) to 1 (ddpm's).")] = None,
    tolerance: Annotated[float | None, Parameter(help="How exact the sampler adaptive is, such as 0.02.")] = None,
    first: Annotated[
        str | None,
        Parameter(help="Who takes the first step: network, or at no call analytical or teleport (few steps)."),
    ] = None,
    compare: Annotated[
        str | None, Parameter(help="One picture of several samplers, ddim,unipc, from the same noise.")
    ] = None,
    like: Annotated[
        Path | None,
        Parameter(help="Draw again what this PNG says of itself; with RUN, by that model instead of its own."),
    ] = None,
    weights: Annotated[
        str | None, Parameter(help="ema (the running average) or raw [default: ema].", show_default=False)
    ] = None,
    out: Annotated[Path | None, Parameter(help="Where to write [default: RUN/samples].")] = None,
    animate: Annotated[
        bool, Parameter(help="Also write the way from noise to picture as an animation.", negative="")
    ] = False,
    batch: Annotated[int, Parameter(help="How many pictures are drawn at once.")] = 64,
) -> None:
    """Draw new pictures from a trained model.

    Each picture has a seed of its own and is the same at any batch size. The PNGs carry what is needed to draw them
    again; `sfumato info PICTURE.png` shows it. What is there already isn't drawn again, and nothing is overwritten.
    """
    if batch < 1:
        raise SfumatoError(f"--batch must be at least 1, got {batch}.")
    settings = given(
        sampler=sampler, grid=grid, schedule=schedule, guidance=guidance, rule=rule, threshold=threshold, eta=eta,
        tolerance=tolerance, first=first,
    )  # fmt: skip
    what = {
        "prompt": prompt, "class": class_, "number": number, "vector": vector, "control": control,
        "control-ready": control_ready or None, "control-strength": control_strength, "-n": n, "seeds": seeds,
        "steps": steps, "negative": negative, "image": image, "strength": strength, "mask": mask,
        "upscale": upscale or None, "upscale-with": upscale_with, "interval": interval, "compare": compare,
        "weights": weights,
    }  # fmt: skip
    asked: Request | Comparison
    with option_words():
        if like is not None:
            if others := [*given(**what), *settings]:
                option = others[0] if others[0].startswith("-") else f"--{others[0]}"
                raise SfumatoError(f"--like draws all as {like} says; leave {option} out.")
            found = read_record(like)
            by = _open(run or Path(found.model), found.weights, found.larger)
            asked = found.asked
            if by.model.weights_hash != found.weights_hash:
                note(f"{like} was drawn by other weights than those of {by.model.source}.")
        else:
            if run is None:
                ship = ", ".join(zoo_names())
                raise SfumatoError(f"say what to draw with: a run such as runs/photos, or a model that ships: {ship}.")
            counts = parse_steps(steps)
            if len(counts) > 1 and compare is None:
                raise SfumatoError(
                    f"--steps {steps} names {len(counts)} step counts; give one, or say which to --compare."
                )
            told = any(one is not None for one in (prompt, number, vector, control))
            numbers = pick_seeds(seeds, n, 8 if compare is not None else 4 if told else 16)
            if interval is not None:
                settings["interval"] = parse_interval(interval)
            by = _open(run, weights or "ema", _listed(upscale_with))
            if prompt is not None or negative is not None:
                by.model.tokens([""])  # raises where it reads none
            names = None if compare is None else _compared_names(compare)
            if names is not None and sampler is not None:
                raise SfumatoError("--compare says which samplers draw; leave --sampler out.")
            classes = pick_classes(by.model, class_, len(numbers))
            conditions = pick_conditions(by.model, number, vector, control, control_ready, control_strength)
            edit = pick_edit(image, strength, mask, upscale)
            conditioned = bool(classes or prompt is not None or conditions)
            _check_guidance(by, run, guidance, conditioned)
            own = {name: settings.pop(name) for name in ("eta", "tolerance") if name in settings and names is not None}
            if names is None and counts:
                settings["steps"] = counts[0]
            how = settle(by.model.config.sampling, conditioned, **settings)
            asked = Request(numbers, how, classes, prompt, negative, conditions, edit)
            if names is not None:
                asked = compared(asked, names, counts or COMPARED_STEPS, **own)
        whole = asked.request if isinstance(asked, Comparison) else asked
        if whole.sampling.first not in FIRST:
            raise unknown("first step", whole.sampling.first, FIRST)
        if whole.sampling.first != "network":
            by.model.gaussian = data_gaussian(run or Path(by.model.source))
        if by.larger and (isinstance(asked, Comparison) or animate):
            raise SfumatoError("--upscale-with enlarges what is drawn in the end; leave --compare and --animate out.")
        if animate and isinstance(asked, Comparison):
            raise SfumatoError("--animate shows how one sampler draws; leave --compare out.")
        arguments = resolve(whole, by.model)
        for one in asked.cells() if isinstance(asked, Comparison) else [asked]:  # what can't be is said before all work
            by.model.stream(one.seeds[:1], sampling=one.sampling, **arguments.rows(by.model, [0]))
        for words in arguments.notes:
            note(words)
        folder = out or results_folder(Path(by.model.source) if run is None else run) / "samples"
        if isinstance(asked, Comparison):
            _compare(by, asked, arguments, batch, folder)
        elif len(by.model.config.shape) == 1:
            _draw_points(by, asked, arguments, batch, folder, animate)
        else:
            _draw_pictures(by, asked, arguments, batch, folder, animate)


def results_folder(run: Path) -> Path:
    """Where what is made from `run` goes: into the run, or for a model that ships into a folder here."""
    if ships(run):
        return Path(f"sfumato-{run}")
    return run.parent.parent if (run / "state.json").exists() else run


def _open(run: Path, weights: str, larger: Sequence[str]) -> By:
    model, *others = (open_model(name, weights) for name in (str(run), *larger))
    check_cascade([model, *others])
    return By(model, weights, tuple(others))


def _listed(runs: Sequence[str] | None) -> list[str]:
    """Runs that are named one an option, or several with commas between."""
    return [name for one in runs or [] for name in ([one] if Path(one).exists() else map(str.strip, one.split(",")))]


def _check_guidance(by: By, run: Path, guidance: float | None, conditioned: bool) -> None:
    if guidance is None or conditioned:
        return
    example = command_line("sample", [run, "a green heart"])
    raise SfumatoError(
        f"there is nothing to guide: say what to draw, as in {example}."
        if by.model.reads
        else f"there is nothing to guide: say what to draw; {run} is told {describe(by.model.config.conditions)}."
        if by.model.config.conditions
        else f"{run} was trained without classes, so there is nothing to guide; leave --guidance out."
    )


def _compared_names(compare: str) -> list[str]:
    names = [name.strip() for name in compare.split(",") if name.strip()]
    if not 1 <= len(names) <= 24:
        raise SfumatoError(f"--compare takes 1 to 24 samplers, such as ddim,unipc, got {len(names)}.")
    return names


def _compare(by: By, asked: Comparison, arguments: Arguments, batch: int, folder: Path) -> None:
    """One picture: a row a sampler, a column a number of steps, the same noise in every cell."""
    about = comparison_facts(by, asked)
    path = find(folder, "compare", about)
    if path is None:
        check_folder(folder, ["compare"])
        labels, seeds = arguments.labels, asked.request.seeds
        cells = []
        for row in range(len(asked.rows)):
            line = []
            for column in range(len(asked.steps)):
                way: list[Step] = []
                samples = draw_all(by.model, seeds, arguments, asked.cell(row, column).sampling, batch, way)
                shown = picture(samples, labels, columns=math.ceil(len(seeds) / 2))
                line.append((shown, f"{way[-1].calls} calls"))
            cells.append(line)
        sheet = table(cells, asked.labels(), [f"{number} steps" for number in asked.steps])
        path = keep(folder, "compare", about, sheet)
    steps = ", ".join(map(str, asked.steps))
    console.print(f"Compared {len(asked.rows)} samplers at {steps} steps:", soft_wrap=True)
    console.print(f"  {path}", soft_wrap=True)


def _draw_points(by: By, asked: Request, arguments: Arguments, batch: int, folder: Path, animate: bool) -> None:
    """The points as .npy, and a picture of them."""
    check_folder(folder, ["denoising"])
    parts, way, stopped = [], list[Step](), False
    try:
        for _, samples in draw(by.model, asked.seeds, arguments, asked.sampling, batch, way=way):
            parts.append(samples)
    except KeyboardInterrupt:
        stopped = True
    drawn = sum(map(len, parts))
    if not drawn:
        raise KeyboardInterrupt
    asked = replace(asked, seeds=asked.seeds[:drawn])
    points, labels = np.concatenate(parts), arguments.labels
    about = facts(by, asked)
    paths = [
        keep_file(folder, "points", ".npy", about, npy(points)),
        keep(folder, "points", about, picture(torch.from_numpy(points), labels and labels[:drawn])),
    ]
    paths += _animation(folder, about, way, labels) if animate and not stopped else []
    _tell(by, asked, drawn, 0, paths, stopped)


def _draw_pictures(by: By, asked: Request, arguments: Arguments, batch: int, folder: Path, animate: bool) -> None:
    """One PNG a picture, written as its batch is finished, and one of them all."""
    each = split_requests(asked)
    if len({(one.seeds, one.classes) for one in each}) < len(each):
        raise SfumatoError("--seeds names a seed twice for what would be one picture; name each once.")
    about = [facts(by, one) for one in each]
    names = [stem(one) for one in each]
    found = {i: path for i, name in enumerate(names) if (path := find(folder, name, about[i])) is not None}
    shown = {i: read_pixels(path) for i, path in found.items() if i < MAX_SHOWN}
    before, stopped = len(found), False
    rows = [i for i in range(len(each)) if i not in found or (animate and i < batch)]
    way: list[Step] | None = [] if animate else None
    if rows:
        check_folder(folder, names)
    try:
        for some, samples in draw(by.model, asked.seeds, arguments, asked.sampling, batch, rows, way):
            for i, sample in zip(some, _enlarged(by, asked, arguments, some, samples), strict=True):
                if i not in found:
                    pixels = pixels_of(sample[None])
                    found[i] = keep(folder, names[i], about[i], Image.fromarray(pixels))
                    if i < MAX_SHOWN:
                        shown[i] = pixels
    except KeyboardInterrupt:
        stopped = True
    paths = []
    if not stopped:
        everything = facts(by, asked)
        grid = find(folder, "grid", everything)
        paths.append(grid or keep(folder, "grid", everything, picture(as_samples([shown[i] for i in sorted(shown)]))))
        if len(each) > MAX_SHOWN:
            note(f"{paths[0].name} shows the first {MAX_SHOWN:,}.")
        paths += _animation(folder, everything, way, arguments.labels) if way else []
    _tell(by, asked, len(found) - before, before, paths or [folder], stopped)


def _enlarged(by: By, asked: Request, arguments: Arguments, rows: Sequence[int], samples: Tensor) -> Tensor:
    classes = None if asked.classes is None else [asked.classes[i % len(asked.classes)] for i in rows]
    prompts = None if arguments.prompts is None else [arguments.prompts[i] for i in rows]
    *_, last = [samples, *enlarge(by.larger, samples, [asked.seeds[i] for i in rows], classes, prompts)]
    return last


def _animation(folder: Path, about: dict[str, str], way: Sequence[Step], labels: Sequence[int] | None) -> list[Path]:
    images = [picture(frame_of(step), labels and labels[: len(step.x)]) for step in way]
    data = animation(images, ".webp", milliseconds=90, last_hold=1500)
    return [keep_file(folder, "denoising", ".webp", about, data)]


def _tell(by: By, asked: Request, drawn: int, before: int, paths: Sequence[Path], stopped: bool) -> None:
    """Say what was drawn and where it is; ends the program where it was stopped."""
    how = asked.sampling
    guidance = f", guidance {float_words(how.guidance)}" if asked.conditioned else ""
    words = f"with {how.sampler}, {how.steps} steps{guidance}, {by.weights} weights from {by.model.source}"
    there = f"; {count(before)} of them were there already" if before else ""
    if stopped:
        whole = count(len(asked.seeds))
        console.print(f"Stopped: {count(drawn + before)} of {whole} are drawn {words}", soft_wrap=True)
    else:
        console.print(f"Drew {count(drawn + before)} {words}{there}", soft_wrap=True)
    for path in paths:
        console.print(f"  {path}", soft_wrap=True)
    if stopped:
        console.print("The same command goes on from there.", soft_wrap=True)
        raise SystemExit(128 + signal.SIGINT)
