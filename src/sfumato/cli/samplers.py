"""`sfumato samplers`"""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.table import Table

from sfumato.cli.display import console
from sfumato.sampling import GRIDS, SAMPLERS


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
        table.add_column("use it for", overflow="fold")
        for name, row in SAMPLERS.items():
            if row.deterministic == deterministic:
                table.add_row(name, str(row.order), str(row.calls or "varies"), row.use)
        console.print(table)
    console.print(f"Grids: {', '.join(GRIDS)}. The last step asks once, whatever the sampler.", highlight=False)
