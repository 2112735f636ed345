"""`sfumato studio`"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sfumato.cli.browser import opens
from sfumato.cli.display import console
from sfumato.cli.groups import COMMON, SERVER
from sfumato.cli.runs import runs_in
from sfumato.cli.serve import HOST, PORT, Host, Port, Service, named_models, run_service
from sfumato.data import KINDS
from sfumato.errors import SfumatoError
from sfumato.hub.config import is_run, read_config
from sfumato.hub.zoo import ZOO, zoo_names
from sfumato.serving.page import UNBUILT, built

JOBS = "studio.sqlite"


def studio(
    *models: Annotated[
        Path,
        Parameter(
            help="Runs such as runs/photos, or digits, which ships [default: all that ship, and those in --runs].",
            show_default=False,
            negative="",
        ),
    ],
    runs: Annotated[Path, Parameter(group=COMMON, help="Where runs are kept, and what was generated.")] = Path("runs"),
    data: Annotated[
        list[str] | None,
        Parameter(
            group=COMMON,
            negative="",
            help="What may be trained on: folders such as ./photos, one after another [default: digits].",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        Path | None,
        Parameter(
            group=COMMON,
            help=f"The file in which pictures and jobs are kept [default: {JOBS} in --runs].",
            show_default=False,
        ),
    ] = None,
    token: Annotated[
        str | None,
        Parameter(
            group=COMMON,
            env_var="SFUMATO_TOKEN",
            help="What the page asks for before it shows anything, at least 16 characters.",
            show_default=False,
        ),
    ] = None,
    browser: Annotated[
        bool | None, Parameter(group=SERVER, help="Open it in the browser [default: yes].", show_default=False)
    ] = None,
    port: Port = PORT,
    host: Host = HOST,
) -> None:
    """Open the studio: generate pictures in the browser, step by step, and keep them.

    It is `sfumato serve` with a page before it, and answers OpenAI's clients at /v1 besides.
    """
    if not built():
        raise SfumatoError(UNBUILT)
    if jobs is None:
        jobs = runs / JOBS
        try:
            runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise SfumatoError(f"{runs} can't be made ({why}); say where pictures are kept with --runs.") from error

    def announce(names: Sequence[str], address: str) -> None:
        console.print(f"The studio is open at {address}, with {', '.join(names)}   (Ctrl-C ends it)", soft_wrap=True)
        console.print(f"Pictures are kept in {jobs}.", style="dim", soft_wrap=True)
        if browser is not False and not opens(address):
            console.print("No browser could be started here: open that address in one.", soft_wrap=True)

    how = Service(token, jobs, port=port, host=host, runs=runs, data=_named_data(data or ["digits"]))
    run_service(named_models(models) or _found(runs), how, announce)


def _named_data(data: Sequence[str]) -> dict[str, str]:
    """What may be trained on, by the last part of each path; raises SfumatoError for a folder that isn't there."""
    named: dict[str, str] = {}
    for one in data:
        is_path = "/" in one or Path(one).exists()
        if is_path and not Path(one).exists():
            raise SfumatoError(f"there is no {one}; --data is what may be trained on, such as ./photos.")
        name = Path(one).resolve().name if is_path else one
        if name in named:
            raise SfumatoError(f"two data sets are called {name}; rename a folder.")
        named[name] = one
    return named


def _found(runs: Path) -> dict[str, Path]:
    """All models that ship, and those in `runs`, the newest first, but for points; a run of a shipped one's name is
    it."""
    saved = [run.folder for run in runs_in(runs) if run.saved and run.readable and is_run(run.folder)]
    shown = [path for path in [*saved, *(ZOO / name for name in zoo_names())] if _shown(path)]
    return {path.name: Path(path.name) if path.parent == ZOO else path for path in reversed(shown)}


def _shown(folder: Path) -> bool:
    """Whether it generates pictures or clips."""
    return KINDS[read_config(folder / "config.json").seen[0]].spatial
