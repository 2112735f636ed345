"""`sfumato ema`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sfumato.cli.display import console, next_command, note
from sfumato.errors import SfumatoError
from sfumato.training import training_config
from sfumato.training.averages import stored_widths, write_average

WORTH_TELLING = 0.05


def ema(
    run: Annotated[Path, Parameter(help="A run such as runs/photos.")],
    /,
    *,
    width: Annotated[
        float | None,
        Parameter(
            help="The average's width as a share of the training: 0.02 to 0.2 are usual [default: that of the run]."
        ),
    ] = None,
    start: Annotated[
        float,
        Parameter(help="How much of it are the weights that a fine-tuned model, or a student, started from: 0.5."),
    ] = 0.0,
) -> None:
    """Make the average of the weights of another width, or with those of before, without training again.

    A wide average is smoother, a narrow one nearer to the last weights; which is best differs from model to model.
    With --start it lies between what a fine-tuned model started from and what it became.
    """
    config = training_config(run)
    if width is None:
        if not start:
            raise SfumatoError("say of which --width the average is to be, or with --start 0.5 what else is in it.")
        width = config.optimizer.ema_widths[-1]
    folder, error = write_average(run, config, width, start)
    console.print(f"The average of width {width:g} is in {folder}", soft_wrap=True)
    if error > WORTH_TELLING:
        kept = stored_widths(config)
        note(f"its weighting is off by {error:.0%}; the run keeps {kept}, and widths near those come out best.")
    console.print(f"Next:\n  {next_command('sample', [folder], count=16)}", soft_wrap=True)
