"""`sfumato demo`"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import torch
from cyclopts import Parameter

from sfumato.cli.display import console, next_command, print_facts
from sfumato.cli.generating import frame_of, generate_all
from sfumato.cli.running import show_training
from sfumato.cli.runs import free
from sfumato.data import Dataset, open_dataset, save_animation, save_png, tile
from sfumato.diffusion import RectifiedFlow
from sfumato.evaluation import Judgement, judge
from sfumato.hub import SamplingConfig, load
from sfumato.hub.record import By, facts
from sfumato.hub.request import Request
from sfumato.hub.resolving import resolve
from sfumato.runs import Run
from sfumato.sampling import Step
from sfumato.training import Plan, TrainingConfig, fastest_precision, pick_device, plan_run, start_run
from sfumato.training.config import changed
from sfumato.training.planning import HELD_OUT
from sfumato.training.resources import fit_threads

BATCH = 64
COUNT = 1000  # pictures that are generated and measured


def demo_config(minutes: float = 0.8, images: int | None = None, seed: int = 0) -> TrainingConfig:
    """The training that the demo runs, but for what demo_plan fits to the machine."""
    return TrainingConfig(
        data="digits",
        minutes=minutes,
        images=images,
        held_out=HELD_OUT,
        batch=BATCH,
        optimizer="adamw",
        learning_rate=2e-3,
        seed=seed,
        precision=fastest_precision(pick_device()),
    )


def demo_plan(dataset: Dataset, config: TrainingConfig) -> Plan:
    """The demo as this machine can do it; benchmarks/digits_quality.py measures what it reaches."""
    config = changed(config, batch=128)
    return plan_run(dataset, config, largest_batch=BATCH, settings={"sampling": asdict(demo_sampling())})


def demo_sampling() -> SamplingConfig:
    """Even times of straight paths: 8×8 digits have no finer detail for the grids that dwell at low noise.

    By benchmarks/quality_per_call.py, which measures the default of the checkpoint that it is given.
    """
    return SamplingConfig("dpm++2m", 10, "trailing", RectifiedFlow())


def demo(
    *,
    minutes: Annotated[float, Parameter(help="How long to train.")] = 0.8,
    images: Annotated[int | None, Parameter(help="Stop after so many training images, if that is sooner.")] = None,
    out: Annotated[Path, Parameter(help="Where runs are kept.")] = Path("runs"),
) -> None:
    """Train on 1,797 scanned digits for less than a minute, generate new ones, measure them and write a report."""
    fit_threads()
    dataset = open_dataset("digits")
    folder = free(out / "digits")
    plan = demo_plan(dataset, demo_config(minutes, images))
    trainer = start_run(folder, dataset, plan.config, plan.model, spent=plan.seconds)
    run = Run(folder, trainer, plan)
    show_training(run, run.train())

    model = load(folder, device=pick_device())
    classes = dataset.classes
    asked = Request(tuple(range(COUNT)), model.config.sampling, classes)
    way: list[Step] = []
    samples = generate_all(resolve(asked, model), 250, way)
    labels = [i % len(classes) for i in asked.seeds]
    shown = replace(asked, seeds=asked.seeds[:100])  # ten rows of ten, a column a class
    save_png(tile(samples[:100], columns=10, scale=6), folder / "samples.png", facts(By(model), shown))
    frames = [tile(frame_of(step)[:100], columns=10, scale=6) for step in way]
    save_animation(frames, folder / "denoising.webp", milliseconds=120, last_hold=2000)

    from sfumato.evaluation.report import write_report

    with console.status("measuring the pictures against the real ones"):
        judgement = judge(samples, torch.tensor(labels), dataset)
        write_report(folder / "report.html", model, dataset, samples, judgement, next_commands(folder))
    console.print()
    print_facts(figures(judgement))
    console.print()
    print_facts([
        ("report", f"{folder / 'report.html'}   (open it in a browser)"),
        ("pictures", str(folder / "samples.png")),
        ("animation", str(folder / "denoising.webp")),
        ("weights", model.source),
        ("config", str(folder / "config.json")),
        ("metrics", str(folder / "metrics.jsonl")),
    ])  # fmt: skip
    console.print("\nTry next:")
    for line in next_commands(folder):
        console.print(f"  {line}", soft_wrap=True)


def figures(judgement: Judgement) -> list[tuple[str, str]]:
    """The measured figures in words, the same as in the report."""
    read = (
        f"{judgement.read_as_asked:.1%} of {judgement.count:,} pictures, by a classifier that is right on "
        f"{judgement.classifier_accuracy:.1%} of real digits it never saw"
    )
    distance = (
        f"{judgement.frechet:.2f}, {judgement.ratio:.2f} × that between halves of the real digits "
        f"({judgement.half_to_half:.2f} ± {judgement.half_to_half_spread:.2f})"
    )
    return [("read as asked", read), ("Fréchet distance", distance)]


def next_commands(folder: Path) -> list[str]:
    return [
        next_command("sample", [folder], **{"class": 7}, seeds="0-31", guidance=2),
        next_command("eval", [folder]),
        next_command("sample", [folder], sampler="ddpm", steps=250, animate=True),
        next_command("train", ["./your-photos"], size=64, minutes=30),
    ]
