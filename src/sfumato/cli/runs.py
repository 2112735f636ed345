"""`sfumato runs`, and which run is meant where another verb names one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from sfumato.cli.display import console, count, next_command
from sfumato.cli.training_options import run_name
from sfumato.errors import SfumatoError
from sfumato.files import locked
from sfumato.hub.checkpoints import saved_in
from sfumato.hub.config import AUTOENCODER, CodecConfig, is_autoencoder, is_run, read_config
from sfumato.readable import duration
from sfumato.training import Progress, training_config
from sfumato.training.autoencoder_plan import SHARE
from sfumato.training.metrics import last_progress

SHOWN = 8  # runs that a message names


@dataclass(frozen=True)
class State:
    """How a run stands: what of it can be read, its last step that is written down, whether it trains or is saved."""

    folder: Path
    data: str
    samples: str
    progress: Progress | None
    trains: bool
    saved: bool
    readable: bool = True

    @property
    def words(self) -> str:
        if not self.readable:
            return "config.json is damaged"
        spent = 0.0 if self.progress is None else self.progress.fraction
        if self.trains:
            return f"trains, {spent:.0%}"
        if not self.saved:
            return "nothing saved"
        return "finished" if spent >= 1 else f"stopped at {spent:.0%}"


def runs(
    folder: Annotated[Path, Parameter(help="Where runs are kept.")] = Path("runs"),
    /,
) -> None:
    """List the runs in a folder, the newest first: what each learns, how far it has come, whether it trains now."""
    if is_run(folder):
        raise SfumatoError(f"{folder} is a run itself; `sfumato info {folder}` tells of it.")
    if not (found := runs_in(folder)):
        begin = next_command("train", ["./photos"])
        console.print(f"There are no runs in {folder} yet. One begins with: {begin}", soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("run", "data", "samples", "trained", "state"):
        table.add_column(name, overflow="fold")
    for run in found:
        images = "" if run.progress is None else f"{count(run.progress.images)} in {duration(run.progress.seconds)}"
        table.add_row(str(run.folder), run.data, run.samples, images, run.words)
    console.print(table)


def runs_in(folder: Path) -> list[State]:
    """The runs in `folder`, the one that was written to last first; an autoencoder's in a model's only without that."""
    inside = [path if taken(path) else path / AUTOENCODER for path in folder.iterdir()] if folder.is_dir() else []
    found = [_state(path) for path in inside if _holds_run(path)]
    return sorted(found, key=lambda run: -_touched(run.folder))


def _state(folder: Path) -> State:
    saved = bool(saved_in(folder / "checkpoints"))
    try:
        config = training_config(folder)
        if is_autoencoder(folder):
            picture = read_config(folder / "config.json", CodecConfig, "codec").picture
            samples = f"{'×'.join(map(str, picture))} (autoencoder)"
        else:
            samples = "×".join(map(str, read_config(folder / "config.json").seen[1]))
    except SfumatoError:
        return State(folder, "", "", None, locked(folder), saved, readable=False)
    return State(folder, config.data.source, samples, last_progress(folder, config), locked(folder), saved)


def _touched(run: Path) -> float:
    written = (path for path in (run / "config.json", run / "metrics.jsonl") if path.exists())
    return max((path.stat().st_mtime for path in written), default=0.0)


def run_to_resume(data: str | None, name: str | None, out: Path) -> tuple[Path, str | None]:
    """Which run `train --resume` means, and the place of its data where that is named too.

    It may be named by its folder, in the place of the data or by --name, or by its name in `out`; data alone mean the
    last run that was named after them.
    """
    if data is not None and name is None and _holds_run(Path(data)):
        return Path(data), None
    if name is not None and _holds_run(Path(name)):
        return Path(name), data
    if data is not None and name is None and is_autoencoder(Path(data) / AUTOENCODER):
        raise no_model_yet(Path(data))
    if name is not None or data is not None:
        return (_named(name, out) if name is not None else numbered(out / run_name(data or ""))[-1]), data
    found = runs_in(out)
    known = [f"{run.folder.relative_to(out)} ({run.words})" for run in found[:SHOWN]]
    more = f" and {len(found) - SHOWN} more (`sfumato runs {out}`)" if len(found) > SHOWN else ""
    there = f"in {out} there are {', '.join(known)}{more}" if known else f"there are none in {out}"
    raise SfumatoError(f"say which run to go on with, as in sfumato train --resume {out / 'NAME'}; {there}.")


def check_begun(folder: Path, latent: bool, resume: bool) -> None:
    """Raises SfumatoError where `folder` has but the autoencoder of a model, and that isn't gone on with."""
    if is_run(folder) or not is_autoencoder(folder / AUTOENCODER):
        return
    if resume and not latent:
        raise no_model_yet(folder)
    if latent and not resume and saved_in(folder / AUTOENCODER / "checkpoints"):
        raise SfumatoError(f"{folder} already holds an autoencoder; go on with --resume, or give another --name.")


def no_model_yet(folder: Path) -> SfumatoError:
    """What is to be said of a run that was to be of a model too, and has only begun with its autoencoder."""
    config, state = training_config(folder / AUTOENCODER), _state(folder / AUTOENCODER)
    how = {
        "latent": True,
        "name": folder.name,
        "out": None if folder.parent == Path("runs") else folder.parent,
        "images": config.images,
        "minutes": None if config.minutes is None else round(config.minutes / SHARE, 3),
        "resume": True,
    }
    look = f"look at it: {next_command('watch', [folder / AUTOENCODER])}"
    more = f"go on with both: {next_command('train', [config.data.source], **how)}"
    return SfumatoError(
        f"{folder} holds an autoencoder ({state.words}) and no model yet; {look if state.trains else more}"
    )


def run_to_start(data: str, name: str | None, out: Path) -> Path:
    """Where a new run on `data` is kept: by its name, or by that of the data and a number if others are there."""
    if name is not None:
        return _named(name, out)
    if _holds_run(Path(data)):
        raise SfumatoError(f"{data} is a run, and no data; go on with it: sfumato train --resume {data}.")
    return free(out / run_name(data))


def free(folder: Path) -> Path:
    """`folder`, or the first of folder-2, folder-3, … that is free: an earlier run is never overwritten."""
    found = numbered(folder)
    return folder.with_name(f"{folder.name}-{len(found) + 1}") if taken(folder) else folder


def numbered(folder: Path) -> list[Path]:
    """`folder` and those of folder-2, folder-3, … that hold runs, one after the other."""
    found = [folder]
    while taken(following := folder.with_name(f"{folder.name}-{len(found) + 1}")):
        found.append(following)
    return found


def taken(folder: Path) -> bool:
    """Whether a run is in `folder`, or what is left of one."""
    return (folder / "config.json").exists() or (folder / "checkpoints").exists()


def _holds_run(path: Path) -> bool:
    return is_run(path) or is_autoencoder(path)


def _named(name: str, out: Path) -> Path:
    if not name.strip() or Path(name).name != name:
        raise SfumatoError(f"--name is one word, kept in {out}/, not '{name}'; --out says where runs are kept.")
    return out / name
