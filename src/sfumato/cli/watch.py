"""`sfumato watch`"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from PIL import Image

from sfumato.cli.display import TrainingDisplay, console, picture_columns, print_facts
from sfumato.cli.info import autoencoder_facts, run_facts
from sfumato.cli.runs import no_model_yet
from sfumato.errors import SfumatoError
from sfumato.hub.config import AUTOENCODER, is_autoencoder, is_run
from sfumato.training import Progress, judge_run, read_evaluations
from sfumato.training.metrics import follow
from sfumato.training.reconstructions import psnr_of
from sfumato.training.run import METRICS

WAITING = "No step has been written down yet: the first line comes after ten steps, or ten seconds."


def watch(
    run: Annotated[Path, Parameter(help="The run's folder.")],
    /,
    *,
    once: Annotated[bool, Parameter(help="Say how it stands now, and end.", negative="")] = False,
) -> None:
    """Follow a training run from another terminal, until it ends or Ctrl-C. The run itself takes no notice."""
    encodes = is_autoencoder(run)
    if not is_run(run) and is_autoencoder(run / AUTOENCODER):
        raise no_model_yet(run)
    if not is_run(run) and not encodes:
        raise SfumatoError(f"{run} is no run: it has no config.json of one; give a folder such as runs/photos.")
    if not (run / METRICS).exists():
        console.print(WAITING, soft_wrap=True)
    shown: Path | None = None
    progress: Progress | None = None
    with TrainingDisplay(run.name, every_seconds=0) as display, suppress(KeyboardInterrupt):
        for found in follow(run, once):
            progress = found[-1]
            display.catch_up(found[:-1])
            display.update(progress)
            if evaluations := read_evaluations(run):
                quality = (
                    f"held-out pictures come back with {psnr_of(evaluations[-1]):.1f} dB (PSNR)" if encodes else ""
                )
                display.tell(quality or judge_run(evaluations).sentence)
            newest = max((run / "previews").glob("step-*.png"), default=None)
            if newest is not None and newest != shown:
                shown = newest
                with suppress(OSError), Image.open(newest) as image:
                    display.show(small(image))
    if progress is not None and progress.fraction >= 1:
        print_facts(autoencoder_facts(run) if encodes else run_facts(run))


def small(image: Image.Image) -> Image.Image:
    """A preview at as many pixels as the terminal shows."""
    width = min(image.width, picture_columns())
    return image.convert("RGB").resize((width, max(2, image.height * width // image.width)), Image.Resampling.BOX)
