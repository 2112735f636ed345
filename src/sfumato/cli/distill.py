"""`sfumato distill`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sfumato.cli.display import console
from sfumato.cli.groups import COMMON, DATA, LEARNING, MODEL, RUNS
from sfumato.cli.opening import bars
from sfumato.cli.running import finish, show_training
from sfumato.cli.runs import free
from sfumato.cli.training_options import SETTINGS
from sfumato.distilling import Method, called
from sfumato.distilling import distill as distill_model
from sfumato.errors import SfumatoError
from sfumato.training import join_processes
from sfumato.training.settings import parse_settings


def distill(
    run: Annotated[Path, Parameter(help="The teacher: a run or one of its checkpoints, such as runs/photos.")],
    /,
    *,
    steps: Annotated[int, Parameter(group=COMMON, help="In how many steps the student generates: 1, 2 or 4.")] = 2,
    guidance: Annotated[
        str | None,
        Parameter(
            group=COMMON,
            help="At which weight of guidance its teacher walks [default: the teacher's own]; of 1-4 the student is "
            "told which, by --guidance as it is sampled.",
        ),
    ] = None,
    method: Annotated[
        Method,
        Parameter(
            group=COMMON,
            help="Learn from its own answers, from where its teacher's walks end, or by drifting from the data alone.",
        ),
    ] = "consistency",
    minutes: Annotated[
        float | None, Parameter(group=COMMON, help="Stop after so many minutes (20, if --images isn't given).")
    ] = None,
    images: Annotated[int | None, Parameter(group=COMMON, help="Stop after so many training images were seen.")] = None,
    data: Annotated[
        str | None, Parameter(group=DATA, help="Learn from these pictures [default: those of the teacher].")
    ] = None,
    lora: Annotated[
        int | None, Parameter(group=MODEL, help="Train only adapters of this rank, which are saved apart too.")
    ] = None,
    batch: Annotated[int | None, Parameter(group=LEARNING, help="Images a step.")] = None,
    learning_rate: Annotated[float | None, Parameter(group=LEARNING, help="Peak learning rate.")] = None,
    seed: Annotated[
        int | None, Parameter(group=LEARNING, help="Decides the data order and all noise [default: 0].")
    ] = None,
    settings: Annotated[
        list[str] | None,
        Parameter(
            group=LEARNING,
            name="--set",
            help="Any setting by its name in config.json, again and again: objective.closeness=64.",
            consume_multiple=False,
            negative="",
        ),
    ] = None,
    name: Annotated[
        str | None, Parameter(group=RUNS, help="The run's name [default: that of the teacher with -student].")
    ] = None,
    out: Annotated[Path, Parameter(group=RUNS, help="Where runs are kept.")] = Path("runs"),
) -> None:
    """Train a student of a model that generates in 1 to 4 steps, and lies in a run of its own.

    It starts from the teacher's weights and learns where the teacher's walks end, at one weight of guidance. A student
    itself is taken with --method drifting. Ctrl-C saves and stops; `sfumato train --resume` goes on.
    """
    options = {
        "minutes": minutes, "images": images, "lora": lora, "batch": batch, "learning_rate": learning_rate,
        "seed": seed,
    }  # fmt: skip
    given = {SETTINGS[option]: value for option, value in options.items() if value is not None}
    processes = join_processes()
    console.quiet = not processes.main
    teacher = run.parent.parent if (run / "state.json").exists() else run
    folder = out / name if name is not None else processes.same(free(out / called(teacher.name)))
    with bars() as progress:
        student = distill_model(
            run,
            folder,
            steps,
            parse_guidance(guidance),
            data,
            method,
            progress,
            **{**given, **parse_settings(settings or ())},
        )
        events = student.train(progress=progress)
    show_training(student, events)
    finish(student)


def parse_guidance(text: str | None) -> float | tuple[float, float] | None:
    """'2', or '1-4' for all weights between; raises SfumatoError for anything else."""
    if text is None:
        return None
    try:
        weights = [float(part) for part in text.split("-")]
    except ValueError:
        weights = []
    if len(weights) not in (1, 2):
        raise SfumatoError(f"--guidance is a weight such as 2, or a range of them such as 1-4, not '{text}'.")
    return weights[0] if len(weights) == 1 else (weights[0], weights[1])
