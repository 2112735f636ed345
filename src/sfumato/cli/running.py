"""What a run shows and says while it trains, how it is stopped, and what to do next."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import torch

from sfumato.cli.display import (
    TrainingDisplay,
    console,
    count,
    duration,
    next_command,
    note,
    picture_columns,
    print_facts,
)
from sfumato.cli.trackers import Trackers
from sfumato.data import picture
from sfumato.hub import ModelConfig
from sfumato.hub.config import read_config
from sfumato.shell import Option
from sfumato.training import Judged, Noted, Plan, Preview, Progress, Saved, Trainer, TrainingConfig, Verdict, train
from sfumato.training.lora import adapter_words
from sfumato.training.previews import preview_labels
from sfumato.training.saving import ADAPTER


def run(folder: Path, trainer: Trainer, track: Sequence[str] = (), plan: Plan | None = None) -> None:
    """Train to the end with a live display. Interrupted, it saves, says how to go on and exits with 128 + signal."""
    config, model = trainer.config, trainer.model
    shape = " × ".join(map(str, model.config.shape))
    compiled = ", compiled" if config.machine.compile else ""
    threads = ", one thread, which is faster now" if config.machine.threads == 1 else ""
    classes = f", {len(model.config.classes)} classes" if model.config.classes else ""
    print_facts(
        [
            ("data", f"{trainer.dataset.name}: {count(len(trainer.dataset))} of {shape}{classes}"),
            ("network", f"{model.config.net.kind}, {model.parameter_count / 1e6:.1f} M parameters{_from(config)}"),
            ("machine", f"{trainer.device.type}, {config.machine.precision}{compiled}{threads}{_together(trainer)}"),
            *expected(trainer, plan),
            ("saved in", str(folder)),
        ]
    )
    if plan is not None and not plan.enough:
        note(too_few(plan))
    if not config.keeping.previews:
        note("no previews are generated: even the smallest would take more than its share of the time.")
    if config.lora is not None:
        trained = sum(weight.numel() for weight in model.denoiser.parameters() if weight.requires_grad)
        note(f"only adapters of rank {config.lora} are trained: {trained / 1e6:.2f} M parameters.")
    if config.machine.shard and not trainer.sharded:
        note("one process has none to share the weights out with, and holds them all; start several with torchrun.")
    if (sees := model.config.control_branch) is not None:
        trained = sum(weight.numel() for weight in model.denoiser.parameters() if weight.requires_grad)
        note(f"only a control branch for {sees.name} is trained: {trained / 1e6:.2f} M parameters.")
    if config.machine.compile:
        note("the first step waits for the network to be compiled, for a minute or two; the others are faster for it.")
    judged: Verdict | None = None
    with (
        closing(Trackers(track, folder, trainer)) as trackers,
        _signals_stop(trainer) as caught,
        TrainingDisplay(folder.name) as display,
    ):
        for event in train(folder, trainer):
            trackers.take(event)
            if isinstance(event, Progress):
                display.update(event)
            elif isinstance(event, Preview):
                number, labels = preview_labels(len(model.config.classes), model.config.kind)
                fitting = (picture_columns() + 1) // (model.config.shape[-1] + 1)  # side by side at full size
                columns = min(number // 2, fitting) if fitting >= 4 else number // 2
                display.show(picture(event.samples, labels, columns, scale=1, kind=model.config.kind))
            elif isinstance(event, Judged):
                display.tell(event.verdict.sentence)
                judged = event.verdict
            elif isinstance(event, Noted):
                note(event.text)
            elif isinstance(event, Saved):
                saved = event
    if caught or trainer.fraction < 1:  # another process may have been asked to stop
        console.print(f"Stopped and saved at step {count(saved.step)} in {saved.path}", soft_wrap=True)
        console.print(f"Go on with: {resume_command(folder)}", soft_wrap=True)
        trainer.processes.leave()
        raise SystemExit(128 + (caught[0] if caught else signal.SIGTERM))
    took = f"{count(trainer.step)} steps in {duration(trainer.seconds)}"
    console.print(f"Trained for {took}; saved in {saved.path}", soft_wrap=True)
    if judged and judged.word != "early":
        console.print(f"It is {judged.sentence}", soft_wrap=True)
    if config.lora is not None:
        console.print(f"The adapters alone are in {adapter_words(folder / ADAPTER)}", soft_wrap=True)
    trainer.processes.leave()


def expected(trainer: Trainer, plan: Plan | None) -> list[tuple[str, str]]:
    """What the budget will come to, as far as it was measured."""
    if plan is None or plan.rate is None:
        return []
    config, trained = plan.config, len(trainer.dataset) - len(trainer.held)
    slices = f" in {config.machine.accumulate} slices" if config.machine.accumulate > 1 else ""
    times = plan.images / trained
    words = f"about {_steps(plan)} of {config.batch} samples{slices}; each of {count(trained)} is seen "
    words += f"{count(round(times))} times" if times >= 1.5 else "once" if times >= 0.75 else "not even once"
    if config.minutes is None:
        words += f"; about {duration(plan.steps * plan.rate.seconds(config.batch / trainer.processes.count))}"
    return [("expect", words)]


def _steps(plan: Plan) -> str:
    return "one step" if plan.steps == 1 else f"{count(plan.steps)} steps"


def too_few(plan: Plan) -> str:
    """That little will come of so few steps, and what would help."""
    height, width = plan.model.shape[1:]
    side = plan.enough_at
    smaller = "" if side is None else f"--size {side}, "
    others = f"{smaller}more --minutes" if plan.config.minutes is not None else f"{smaller}more --images"
    there = "" if torch.cuda.is_available() else ", or a GPU"
    verb = "is" if plan.steps == 1 else "are"
    return (
        f"about {_steps(plan)} {verb} too few for {height}×{width} pixels: what is generated will look like noise; "
        f"use {others}{there}."
    )


def _from(config: TrainingConfig) -> str:
    return "" if config.origin is None else f", from {config.origin.path}"


def _together(trainer: Trainer) -> str:
    several = trainer.processes.count
    if several == 1:
        return ""
    shared = ", which share the weights out" if trainer.sharded else ""
    return f", {several} processes of {trainer.config.batch / several:g} images a step{shared}"


def resume_command(folder: Path, *options: Option) -> str:
    """The command that goes on with the run."""
    place = [] if folder.parent == Path("runs") else [("out", folder.parent)]
    return next_command("train", options=[("resume", True), ("name", folder.name), *place, *options])


@contextmanager
def _signals_stop(trainer: Trainer) -> Iterator[list[int]]:
    """While the block is open, Ctrl-C and SIGTERM end the run after the present step, saved.

    So do SIGUSR1 and SIGUSR2, by which schedulers announce that the machine will be taken (Slurm: --signal=USR1@60),
    and SIGHUP, which comes when the terminal is closed or the connection breaks, unless nohup said to ignore it.
    """
    caught: list[int] = []
    closed = getattr(signal, "SIGHUP", None)

    def stop(number: int, frame: object) -> None:
        caught.append(number)
        trainer.stop()
        if number == closed:
            console.quiet = True  # there is no one to tell any more
        # Asked twice: don't insist on saving. Of several processes, each hears it from the terminal and the launcher.
        if len(caught) > 1 and trainer.processes.count == 1:
            raise KeyboardInterrupt

    known = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2")]
    if closed is not None and signal.getsignal(closed) != signal.SIG_IGN:
        known.append(closed)
    before = {number: signal.signal(number, stop) for number in known if number is not None}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def finish(folder: Path) -> None:
    """Say what to try next with the run in `folder`."""
    model: ModelConfig = read_config(folder / "config.json")
    which: list[Option] = [("class", model.classes[0])] if model.classes else []
    for one in model.conditions:
        if one.kind == "number":
            which.append(("number", f"{one.name}={sum(one.mean):g}"))
        elif one.kind == "image":
            which.append(("control", "picture.png"))
    console.print("Next:")
    for line in (
        next_command("sample", [folder], [*which, ("count", 16)]),
        next_command("info", [folder]),
        resume_command(folder, ("minutes", 60)),
    ):
        console.print(f"  {line}", soft_wrap=True)
