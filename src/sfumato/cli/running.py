"""What a run shows and says while it trains, how it is stopped, and what to do next."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from sfumato.autoencoder_runs import AutoencoderRun
from sfumato.cli.display import (
    TrainingDisplay,
    console,
    count,
    next_command,
    note,
    picture_columns,
    print_facts,
)
from sfumato.cli.words import in_options
from sfumato.data import picture
from sfumato.errors import SfumatoError
from sfumato.hub import ModelConfig
from sfumato.hub.config import read_config
from sfumato.nets.conditions import GUIDANCE
from sfumato.readable import duration
from sfumato.runs import Run
from sfumato.training import Event, Judged, Noted, Preview, Progress, Saved, Trainer, Verdict
from sfumato.training.autoencoding import AutoencoderTrainer
from sfumato.training.estimates import expectation, saving
from sfumato.training.lora import ADAPTER, adapter_words
from sfumato.training.previews import preview_labels
from sfumato.training.reconstructions import ROWS
from sfumato.training.run_loop import RunLoop


def show_training(run: Run | AutoencoderRun, events: Iterator[Event], again: str | None = None) -> None:
    """Train to the end with a live display. Interrupted, it saves, says how to go on and exits with 128 + signal.

    `again` is the command that goes on, where that isn't the one that resumes `run`.
    """
    folder, trainer = run.folder, run.trainer
    assert trainer is not None
    print_facts(_facts(run, trainer))
    judged: Verdict | None = None
    with _signals_stop(trainer) as caught, TrainingDisplay(folder.name) as display:
        for event in events:
            if isinstance(event, Progress):
                display.update(event)
            elif isinstance(event, Preview):
                display.show(_shown(event, trainer))
            elif isinstance(event, Judged):
                display.tell(event.verdict.sentence)
                judged = event.verdict
            elif isinstance(event, Noted):
                note(event.text)
            elif isinstance(event, Saved):
                saved = event
    trainer.processes.leave()
    if caught or trainer.fraction < 1:  # another process may have been asked to stop
        console.print(f"Stopped and saved at step {count(saved.step)} in {saved.path}", soft_wrap=True)
        if trainer.fraction < 1:
            console.print(f"Go on with: {again or resume_command(folder)}", soft_wrap=True)
        raise SystemExit(128 + (caught[0] if caught else signal.SIGTERM))
    steps = "one step" if trainer.step == 1 else f"{count(trainer.step)} steps"
    took = f"{steps} in {duration(trainer.seconds)}"
    console.print(f"Trained for {took}; saved in {saved.path}", soft_wrap=True)
    if judged:
        console.print(f"It is {in_options(judged.sentence)}", soft_wrap=True)
    if trainer.config.lora is not None:
        console.print(f"The adapters alone are in {adapter_words(folder / ADAPTER)}", soft_wrap=True)


def _shown(preview: Preview, trainer: Trainer | AutoencoderTrainer) -> Image.Image:
    """A preview as the terminal has room for it."""
    if isinstance(trainer, AutoencoderTrainer):
        return picture(preview.samples, None, len(preview.samples) // ROWS, scale=1)
    model = trainer.model.config
    number, labels = preview_labels(len(model.classes), model.seen[0])
    fitting = (picture_columns() + 1) // (model.seen[1][-1] + 1)  # side by side at full size
    lining_up = [some for some in range(4, fitting + 1) if number // 2 % some == 0]  # each class in its columns
    columns = max(lining_up, default=number // 2)
    return picture(preview.samples, labels, columns, scale=1, kind=model.seen[0])


def _facts(run: Run | AutoencoderRun, trainer: Trainer | AutoencoderTrainer) -> list[tuple[str, str]]:
    """What is trained, on what, how fast, and where it is saved."""
    if isinstance(trainer, AutoencoderTrainer):
        size = sum(weight.numel() for weight in trainer.average.parameters())
        machine = f"{trainer.device.type}, {trainer.config.machine.precision}{_together(trainer)}"
        return [
            ("data", f"{trainer.dataset.name}: {count(len(trainer.dataset))}"),
            ("autoencoder", f"{size / 1e6:.2f} M parameters, to latents of {trainer.codec.described}"),
            ("machine", f"{machine}, {trainer.config.batch} {trainer.dataset.kind} a step"),
            ("saved in", f"{run.folder}, {saving(trainer)}"),
        ]
    assert isinstance(run, Run)
    config, model = trainer.config, trainer.model
    shape = " × ".join(map(str, model.config.seen[1]))
    compiled = ", compiled" if config.machine.compile else ""
    threads = ", one thread, which is faster now" if config.machine.threads == 1 else ""
    classes = f", {len(model.config.classes)} classes" if model.config.classes else ""
    origin = "" if config.origin is None else f", from {config.origin.path}"
    facts = [
        ("data", f"{trainer.dataset.name}: {count(len(trainer.dataset))} of {shape}{classes}"),
        ("network", f"{model.config.net.kind}, {model.parameter_count / 1e6:.1f} M parameters{origin}"),
        ("machine", f"{trainer.device.type}, {config.machine.precision}{compiled}{threads}{_together(trainer)}"),
    ]
    if model.config.codec is not None:
        facts.insert(1, ("latents", model.config.codec.described))
    trained = len(trainer.dataset) - len(trainer.held)
    if run.plan is not None and (words := expectation(run.plan, trained, trainer.processes.count)):
        facts.append(("expect", words))
    return [*facts, ("saved in", f"{run.folder}, {saving(trainer)}")]


def _together(trainer: RunLoop) -> str:
    several = trainer.processes.count
    if several == 1:
        return ""
    shared = ", which share the weights out" if trainer.sharded else ""
    return f", {several} processes of {trainer.config.batch / several:g} images a step{shared}"


def resume_command(folder: Path, places: Sequence[str] = (), /, **options: object) -> str:
    """The command that goes on with the run, on the data at `places` where they aren't where they were."""
    place = None if folder.parent == Path("runs") else folder.parent
    return next_command("train", places, resume=True, name=folder.name, out=place, **options)


@contextmanager
def _signals_stop(trainer: RunLoop) -> Iterator[list[int]]:
    """While the block is open, Ctrl-C and SIGTERM end the run after the present network call, saved.

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
        if not console.quiet and len(caught) == 1:
            os.write(1, "\nstopping…\n".encode())  # not by print, amid whose own work this may be
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


def finish(run: Run) -> None:
    """Write the report of a run that has ended, and say what to try next."""
    folder = run.folder
    model: ModelConfig = read_config(folder / "config.json")
    which = {
        "class": model.classes[0] if model.classes else None,
        "number": [
            f"{one.name}={sum(one.mean):g}" for one in model.conditions if one.kind == "number" and one.name != GUIDANCE
        ],
        "control": "picture.png" if any(one.kind == "image" for one in model.conditions) else None,
    }
    prompt = run.config.data.instance_prompt
    commands = [
        next_command("sample", [folder, *([prompt] if prompt else [])], **which, count=4 if prompt else 16),
        next_command("info", [folder]),
        resume_command(folder, minutes=60),
    ]
    if run.trainer is None or run.trainer.processes.main:
        try:
            console.print(f"Report in {run.report(commands)} (open it in a browser)", soft_wrap=True)
        except (SfumatoError, OSError) as error:  # as on a full disk: the run itself is saved
            note(f"no report is written: {error}")
    console.print("Next:")
    for line in commands:
        console.print(f"  {line}", soft_wrap=True)
