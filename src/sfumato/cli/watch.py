"""`sfumato watch`"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from PIL import Image

from sfumato.cli.display import TrainingDisplay, console, picture_columns, print_facts
from sfumato.cli.info import is_run, run_facts
from sfumato.errors import SfumatoError
from sfumato.strict import parse
from sfumato.training import Progress, TrainingConfig, judge_run, read_evaluations, training_config

PAUSE = 0.5  # seconds between looks at the file


def watch(
    run: Annotated[Path, Parameter(help="The run's folder.")],
    /,
    *,
    once: Annotated[bool, Parameter(help="Say how it stands now, and end.", negative="")] = False,
) -> None:
    """Follow a training run from another terminal, until it ends or Ctrl-C. The run itself takes no notice."""
    if not is_run(run):
        raise SfumatoError(f"{run} is no run: it has no config.json of one; give a folder such as runs/photos.")
    shown: Path | None = None
    progress: Progress | None = None
    with TrainingDisplay(run.name, every_seconds=0) as display, suppress(KeyboardInterrupt):
        for found in follow(run, once):
            progress = found[-1]
            display.catch_up(found[:-1])
            display.update(progress)
            if evaluations := read_evaluations(run):
                display.tell(judge_run(evaluations).sentence)
            newest = max((run / "previews").glob("step-*.png"), default=None)
            if newest is not None and newest != shown:
                shown = newest
                with suppress(OSError), Image.open(newest) as image:
                    display.show(small(image))
    if progress is None:
        console.print("No step has been written down yet: the first line comes after ten.", soft_wrap=True)
    elif progress.fraction >= 1:
        print_facts(run_facts(run))


def small(image: Image.Image) -> Image.Image:
    """A preview at as many pixels as the terminal shows."""
    width = min(image.width, picture_columns())
    return image.convert("RGB").resize((width, max(2, image.height * width // image.width)), Image.Resampling.BOX)


def follow(run: Path, once: bool = False) -> Iterator[list[Progress]]:
    """The run's metrics as they are written, what is there already first, to the end of its budget.

    `once`: no further than what is there now.
    """
    path, position = run / "metrics.jsonl", 0
    while True:
        config = training_config(run)  # read anew: a resumed run may have another budget
        lines, position = _lines(path, position)
        found = []
        for line in lines:
            with suppress(ValueError, KeyError, TypeError):  # damaged: the next one will do
                found.append(_progress(parse(line), config))
        if found:
            yield found
        if once or (found and found[-1].fraction >= 1):
            return
        time.sleep(PAUSE)


def _lines(path: Path, position: int) -> tuple[list[bytes], int]:
    """The whole lines from `position` on, and where they end. A resumed run cuts the file: on from its new end."""
    try:
        with path.open("rb") as file:
            position = min(position, file.seek(0, 2))
            file.seek(position)
            content = file.read()
    except FileNotFoundError:
        return [], 0
    whole = content[: content.rfind(b"\n") + 1]
    return whole.splitlines(), position + len(whole)


def _progress(line: dict[str, float | None], config: TrainingConfig) -> Progress:
    def number(name: str) -> float:
        value = line[name]
        return math.nan if value is None else float(value)

    images, seconds = int(number("images")), number("seconds")
    return Progress(
        step=int(number("step")),
        images=images,
        seconds=seconds,
        fraction=config.budget.spent(images, seconds),
        loss=number("loss"),
        gradient_norm=number("gradient_norm"),
        learning_rate=number("learning_rate"),
        skipped=int(number("skipped")),
    )
