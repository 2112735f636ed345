"""`sfumato ema`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sfumato.cli.display import console, next_command, note
from sfumato.training import training_config
from sfumato.training.averages import stored_widths, write_average

WORTH_TELLING = 0.05


def ema(
    run: Annotated[Path, Parameter(help="A run such as runs/photos.")],
    /,
    *,
    width: Annotated[float, Parameter(help="The average's width as a share of the training: 0.02 to 0.2 are usual.")],
) -> None:
    """Make the average of the weights of another width, without training again.

    A wide average is smoother, a narrow one nearer to the last weights; which is best differs from model to model.
    """
    config = training_config(run)
    folder, error = write_average(run, config, width)
    console.print(f"The average of width {width:g} is in {folder}", soft_wrap=True)
    if error > WORTH_TELLING:
        kept = stored_widths(config)
        note(f"its weighting is off by {error:.0%}; the run keeps {kept}, and widths near those come out best.")
    console.print(f"Next:\n  {next_command('sample', [folder], count=16)}", soft_wrap=True)
