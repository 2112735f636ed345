"""`sfumato tune`"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sfumato.cli.display import console, next_command
from sfumato.cli.groups import COMMON, HOW
from sfumato.cli.opening import bars, open_model
from sfumato.cli.options import parse_steps
from sfumato.errors import SfumatoError
from sfumato.evaluation.training_data import suited_to
from sfumato.evaluation.tuning import MOST_STEPS, STEPS, TEACHER_STEPS, Found, place_of, tuning
from sfumato.hub.tuned import write_tuned


def tune(
    run: Annotated[Path, Parameter(help="A run or one of its checkpoints, or a folder of diffusers.")],
    /,
    *,
    steps: Annotated[
        str | None, Parameter(group=COMMON, help="In how many steps, each tuned by itself [default: 4,6,8].")
    ] = None,
    data: Annotated[
        str | None,
        Parameter(
            group=COMMON,
            help="What to walk to: pictures with captions or classes, or a text file of a prompt a line [default: what "
            "it was trained on].",
        ),
    ] = None,
    weights: Annotated[str, Parameter(group=HOW, help="ema (the running average) or raw.")] = "ema",
) -> None:
    """Tune the walk of a few steps to a model: which levels it visits, and what its sampler weighs.

    The weights stay as they are. Long walks from some seeds teach where short ones are to end; whether those end nearer
    than by the model's own sampler, other seeds decide. Where they do, the walk is kept in the folder's tuned.json and
    is how the model walks in so many steps.
    """
    place = place_of(run)
    lines = None if data is None or Path(data).suffix != ".txt" else prompts_of(Path(data))
    model = open_model(run, weights)
    counts = parse_steps(steps, 2, MOST_STEPS) or STEPS
    with bars() as progress:
        of = None if data is None or lines else suited_to(model, data, partial(progress, f"reading {data}"))
        found = []
        for one in tuning(model, counts, of, progress=progress, prompts=lines):
            found.append(one)
            console.print(_words(one), soft_wrap=True, highlight=False)
    better = [one.tuned for one in found if one.better]
    if better:
        path = write_tuned(place, better)
        words = f"The walks that end nearer are in {path}, and are how the model walks in so many steps."
        console.print(words, soft_wrap=True)
        asked = [run, *(lines or ())[:1]]
        console.print(f"Next:\n  {next_command('sample', asked, steps=better[0].steps)}", soft_wrap=True)
    else:
        console.print("Nothing was changed.")


def prompts_of(path: Path) -> list[str]:
    """The prompts in a text file, one a line; raises SfumatoError where there are none."""
    try:
        found = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise SfumatoError(f"--data {path} can't be read as text; write a prompt a line.") from error
    if not found:
        raise SfumatoError(f"--data {path} holds no prompt; write one a line.")
    return found


def _words(found: Found) -> str:
    before, on_grid, after = found.errors
    gain = found.gain
    verdict = "kept" if found.better else "no nearer, and not kept"
    return (
        f"{found.plain.steps} steps: from where {TEACHER_STEPS} steps end, {found.plain.sampler} on {found.plain.grid} "
        f"ends {before:.4f} away, {found.tuned.sampler} on levels of its own {on_grid:.4f}, learnt {after:.4f}; "
        f"nearer by {gain.value:.4f} ({gain.low:.4f} to {gain.high:.4f}): {verdict}"
    )
