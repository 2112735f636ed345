"""`sfumato tune`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sfumato.cli.display import console, next_command
from sfumato.cli.groups import COMMON, HOW
from sfumato.cli.opening import bars, open_model
from sfumato.cli.options import parse_steps
from sfumato.errors import SfumatoError
from sfumato.evaluation.training_data import run_of
from sfumato.evaluation.tuning import MOST_STEPS, STEPS, TEACHER_STEPS, Found, tuning
from sfumato.hub.tuned import write_tuned
from sfumato.hub.zoo import ships


def tune(
    run: Annotated[Path, Parameter(help="A run or one of its checkpoints, such as runs/photos.")],
    /,
    *,
    steps: Annotated[
        str | None, Parameter(group=COMMON, help="In how many steps, each tuned by itself [default: 4,6,8].")
    ] = None,
    weights: Annotated[str, Parameter(group=HOW, help="ema (the running average) or raw.")] = "ema",
) -> None:
    """Tune the walk of a few steps to a model: which levels it visits, and what its sampler weighs.

    The weights stay as they are. Long walks from some seeds teach where short ones are to end; whether those end nearer
    than by the model's own sampler, other seeds decide. Where they do, the walk is kept in RUN/tuned.json and is how
    the model walks in so many steps.
    """
    if ships(run):
        raise SfumatoError(
            f"{run} ships with the package, whose files stay as they are; tune a run of your own, such as runs/photos."
        )
    model = open_model(run, weights)
    if not (run_of(run) / "config.json").exists():
        raise SfumatoError(
            f"{run} is no run, and what others made stays as it is; train adapters (train --from), and tune those."
        )
    counts = parse_steps(steps, 2, MOST_STEPS) or STEPS
    with bars() as progress:
        found = []
        for one in tuning(model, counts, progress=progress):
            found.append(one)
            console.print(_words(one), soft_wrap=True, highlight=False)
    better = [one.tuned for one in found if one.better]
    if better:
        path = write_tuned(run_of(run), better)
        console.print(f"The walks that end nearer are in {path}, and are how the model walks in so many steps.")
        console.print(f"Next:\n  {next_command('sample', [run], steps=better[0].steps)}", soft_wrap=True)
    else:
        console.print("Nothing was changed.")


def _words(found: Found) -> str:
    before, on_grid, after = found.errors
    gain = found.gain
    verdict = "kept" if found.better else "no nearer, and not kept"
    return (
        f"{found.plain.steps} steps: from where {TEACHER_STEPS} steps end, {found.plain.sampler} on {found.plain.grid} "
        f"ends {before:.4f} away, {found.tuned.sampler} on levels of its own {on_grid:.4f}, learnt {after:.4f}; "
        f"nearer by {gain.value:.4f} ({gain.low:.4f} to {gain.high:.4f}): {verdict}"
    )
