"""`sfumato samplers`"""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.table import Table

from sfumato.cli.display import console
from sfumato.sampling import GRIDS, SAMPLERS
from sfumato.sampling.advice import LEAST, NEVER

SHOWN = ("karras", "trailing", "logsnr")


def _from(sampler: str, grid: str) -> str:
    least = LEAST.get(sampler, {}).get(grid)
    return "" if least is None else "–" if least == NEVER else str(least)


def samplers() -> None:
    """List the samplers: order of convergence, network calls a step, and when to use each.

    Names from other tools work too: "DPM++ 2M Karras", "euler a", "k_heun", "UniPCMultistepScheduler".
    """
    for title, deterministic in (
        ("Deterministic: the noise decides the picture", True),
        ("With noise of their own", False),
    ):
        table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
        table.add_column("sampler", no_wrap=True)
        table.add_column("order", justify="right")
        table.add_column("calls a step", justify="right")
        for grid in SHOWN:
            table.add_column(f"{grid}, from", justify="right")
        table.add_column("use it for", overflow="fold")
        for name, row in SAMPLERS.items():
            if row.deterministic == deterministic:
                table.add_row(
                    name,
                    str(row.order or "–"),
                    str(row.calls or "varies"),
                    *(_from(name, grid) for grid in SHOWN),
                    row.use,
                )
        console.print(table)
    console.print(
        "From: the steps from which on it does better on such a grid than ddim or ddpm for as many calls; –: never.",
        highlight=False,
    )
    console.print(f"Grids: {', '.join(GRIDS)}. The last step asks once, whatever the sampler.", highlight=False)
