"""What a run has written down of its steps, read while it trains or later."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sfumato.strict import parse
from sfumato.training.config import TrainingConfig
from sfumato.training.loop import Progress
from sfumato.training.run import METRICS, training_config

PAUSE = 0.5  # seconds between looks at the file


def follow(run: Path, once: bool = False) -> Iterator[list[Progress]]:
    """The run's metrics as they are written, what is there already first, to the end of its budget.

    `once`: no further than what is there now.
    """
    path, position = run / METRICS, 0
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


def last_progress(run: Path, config: TrainingConfig) -> Progress | None:
    """The last step of `run` that is written down whole."""
    lines, _ = _lines(run / METRICS, 0)
    for line in reversed(lines):
        with suppress(ValueError, KeyError, TypeError):
            return _progress(parse(line), config)
    return None


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
