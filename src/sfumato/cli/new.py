"""`sfumato new`"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from sfumato.cli.display import console
from sfumato.cli.groups import COMMON
from sfumato.errors import SfumatoError
from sfumato.templates import NAMES, template, write_project


def new(
    name: Annotated[
        Path | None, Parameter(help="The project's name, and its folder; without one, the templates are listed.")
    ] = None,
    /,
    *,
    source: Annotated[
        str | None, Parameter(group=COMMON, name="--from", help=f"What to begin with: {', '.join(NAMES)}.")
    ] = None,
) -> None:
    """Begin a project: a folder with a README, where the data are from, commands or a script, a test, and files for
    Docker, Slurm and Kubernetes where they are of use.

    Its commands run as they stand, on drawings that the project makes or on data that the package brings.
    """
    if name is None and source is None:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for column in ("template", "begins with"):
            table.add_column(column, overflow="fold")
        for one in NAMES:
            table.add_row(one, template(one).summary)
        console.print(table)
        console.print("One of them: sfumato new my-project --from pictures")
        return
    if name is None:
        raise SfumatoError(f"say what the project is called, as in sfumato new my-{source} --from {source}.")
    if source is None:
        raise SfumatoError(f"say what {name} begins with: --from {', '.join(NAMES[:-1])} or {NAMES[-1]}.")
    readme, *others = write_project(name, source)
    console.print(f"The project is in {name}:", soft_wrap=True)
    console.print(f"  {', '.join(path.name for path in [readme, *others])}", soft_wrap=True)
    console.print("Next, as its README says:")
    for line in [f"cd {shlex.quote(str(name))}", *first_commands(readme.read_text(encoding="utf-8"))]:
        console.print(f"  {line}", soft_wrap=True)


def first_commands(readme: str) -> list[str]:
    """The commands in the first block of a README."""
    return readme.split("```")[1].strip().splitlines()
