"""Training for the studio: runs in one folder, on data named when the service was started, one at a time."""

from __future__ import annotations

import math
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.exceptions import HTTPException

from sfumato.errors import SfumatoError, unknown
from sfumato.evaluation.record import read_record
from sfumato.evaluation.scores import SCORES
from sfumato.files import locked
from sfumato.hub.checkpoints import saved_in
from sfumato.hub.config import is_run
from sfumato.training import judge_run, read_evaluations, training_config
from sfumato.training.metrics import follow, last_progress

MAX_MINUTES = 24 * 60
POINTS = 200  # of a curve
NAME = re.compile(r"[\w][\w.-]{0,63}")
SECONDS = 60.0  # for a training to save and end
LOG = "train.log"

ROUTES: Sequence[tuple[str, str, str]] = (
    ("GET", "/studio/runs", "list"),
    ("POST", "/studio/runs", "start"),
    ("GET", "/studio/runs/{name}", "show"),
    ("DELETE", "/studio/runs/{name}", "delete"),
    ("POST", "/studio/runs/{name}/stop", "stop"),
    ("POST", "/studio/runs/{name}/resume", "resume"),
    ("GET", "/studio/runs/{name}/previews/{file}", "preview"),
)


class Start(BaseModel):
    """A training asked for: on which data, what the run is called, and for how long."""

    model_config = ConfigDict(extra="forbid", strict=True)

    data: Annotated[str, StringConstraints(max_length=200)]
    name: Annotated[str, StringConstraints(max_length=64)]
    minutes: Annotated[float, Field(gt=0, le=MAX_MINUTES, allow_inf_nan=False)]


class More(BaseModel):
    """How long a run is to train altogether."""

    model_config = ConfigDict(extra="forbid", strict=True)

    minutes: Annotated[float, Field(gt=0, le=MAX_MINUTES, allow_inf_nan=False)] | None = None


class Trainings:
    """The runs in the folder `runs`. Each training is a process of its own, on one of `data`, by name; `ended(name,
    folder)` is called when one is over, and `dropped(name)` before a run is deleted, which raises where it can't be.
    """

    def __init__(
        self,
        runs: Path,
        data: Mapping[str, str],
        ended: Callable[[str, Path], object],
        dropped: Callable[[str], object],
    ) -> None:
        self._runs, self._data = runs, dict(data)
        self._ended, self._dropped = ended, dropped
        self._process: subprocess.Popen[bytes] | None = None
        self._name = ""
        self._lock = threading.Lock()

    def list(self) -> Any:
        """The data there are, and the runs, the one that was begun last first."""
        found = [path for path in self._runs.iterdir() if is_run(path)] if self._runs.is_dir() else []
        found.sort(key=lambda path: -(path / "config.json").stat().st_mtime)
        begun = [self._runs / self._name] if self._name and not (self._runs / self._name).exists() else []
        return {"data": [*self._data], "runs": [self._about(path) for path in [*begun, *found]]}

    def start(self, asked: Start) -> Any:
        """Begin a run."""
        if asked.data not in self._data:
            raise unknown("data set", asked.data, self._data)
        if not NAME.fullmatch(asked.name):
            raise SfumatoError("a run's name is 1 to 64 letters, digits, dots and dashes, and no path.")
        if (self._runs / asked.name).exists():
            raise SfumatoError(f"there is a run called {asked.name}; give another name, or resume it.")
        words = [self._data[asked.data], "--minutes", f"{asked.minutes:g}", "--name", asked.name]
        return self._train(asked.name, *words, "--out", str(self._runs))

    def resume(self, name: str, asked: More) -> Any:
        """Go on with a run that was stopped, or for longer."""
        folder = self._find(name)
        if locked(folder):
            raise SfumatoError(f"{name} trains already.")
        more = [] if asked.minutes is None else ["--minutes", f"{asked.minutes:g}"]
        return self._train(name, str(folder), "--resume", *more)

    def stop(self, name: str) -> Any:
        """Have a training save and end, as Ctrl-C does."""
        self._find(name)
        if not self._trains(name):
            raise SfumatoError(f"{name} isn't trained by this service now.")
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return {"name": name, "stopping": True}

    def show(self, name: str) -> Any:
        """How a run stands: its losses, what they say, its previews, and why it ended where it failed."""
        folder = self._find(name)
        steps = [one for found in follow(folder, once=True) for one in found] if is_run(folder) else []
        evaluations = read_evaluations(folder)
        return {
            **self._about(folder),
            "loss": [[one.images, one.loss] for one in steps[:: max(1, len(steps) // POINTS)] if one.loss == one.loss],
            "held_out": [[one.images, _mean(one.held_out)] for one in evaluations],
            "evaluation": _measured(folder),
            "verdict": judge_run(evaluations).sentence if evaluations else None,
            "previews": [path.name for path in sorted((folder / "previews").glob("step-*.png"))],
        }

    def preview(self, name: str, file: str) -> Any:
        """A preview as a file."""
        path = self._find(name) / "previews" / file
        if not re.fullmatch(r"step-\d+\.png", file) or not path.is_file():
            raise HTTPException(404, "the run has no preview of that name.")
        return Response(path.read_bytes(), media_type="image/png")

    def delete(self, name: str) -> Any:
        """Delete a run and its model for good."""
        folder = self._find(name)
        if locked(folder) or self._trains(name):
            raise SfumatoError(f"{name} is being trained; stop it first.")
        self._dropped(name)
        if folder.exists():
            shutil.rmtree(folder)
        self._name = "" if self._name == name else self._name
        (self._runs / f".{name}.{LOG}").unlink(missing_ok=True)
        return {"name": name, "deleted": True}

    def close(self) -> None:
        """Have what trains save and end."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def _train(self, name: str, *words: str) -> Any:
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                raise SfumatoError(f"{self._name} is being trained, and one is at a time; stop it, or wait.")
            self._runs.mkdir(parents=True, exist_ok=True)
            command = [sys.executable, "-m", "sfumato", "train", *words]
            log = self._runs / f".{name}.{LOG}"  # beside the run, whose folder is not there yet
            with log.open("wb") as out:
                how = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": subprocess.STDOUT}
                self._process = subprocess.Popen(command, start_new_session=True, **how)  # type: ignore[call-overload]
            self._name = name
            threading.Thread(target=self._wait, args=(self._process, name), daemon=True).start()
        return {"name": name, "state": "trains"}

    def _wait(self, process: subprocess.Popen[bytes], name: str) -> None:
        process.wait()
        if saved_in(self._runs / name / "checkpoints"):
            self._ended(name, self._runs / name)

    def _trains(self, name: str) -> bool:
        return self._name == name and self._process is not None and self._process.poll() is None

    def _find(self, name: str) -> Path:
        folder = self._runs / name
        if not NAME.fullmatch(name) or not (is_run(folder) or self._name == name):
            raise HTTPException(404, "there is no run of that name.")
        return folder

    def _about(self, folder: Path) -> dict[str, Any]:
        name = folder.name
        about: dict[str, Any] = {"name": name, "images": 0, "seconds": 0.0, "fraction": 0.0, "source": ""}
        if is_run(folder):
            config = training_config(folder)
            about["source"] = Path(config.data.source).name
            if (step := last_progress(folder, config)) is not None:
                about |= {"images": step.images, "seconds": step.seconds, "fraction": min(1.0, step.fraction)}
        trains, saved = self._trains(name) or locked(folder), bool(saved_in(folder / "checkpoints"))
        about["mine"] = self._trains(name)
        about["state"] = "trains" if trains else "failed" if not saved else _over(about["fraction"])
        if about["state"] == "failed":
            about["error"] = self._said(name)
        return about

    def _said(self, name: str) -> str:
        """The last words of a training."""
        log = self._runs / f".{name}.{LOG}"
        lines = log.read_text("utf-8", "replace").split("\n\n") if log.exists() else [""]
        return " ".join(next((part for part in reversed(lines) if part.strip()), "").split())[-500:]


def _measured(folder: Path) -> dict[str, Any] | None:
    """What `sfumato eval` has measured of a run's model, if it has."""
    try:
        record = read_record(folder)
    except SfumatoError:
        return None
    found = {
        name: one for name, one in record.scores.items() if all(map(math.isfinite, (one.value, one.low, one.high)))
    }
    return {
        "weights_sha256": record.source.weights_hash,
        "reference": record.conditions.reference,
        "count": record.conditions.count,
        "scores": [
            {
                "title": SCORES[name].title,
                "better": SCORES[name].better,
                "value": one.value,
                "low": one.low,
                "high": one.high,
                "floor": one.floor if one.floor is not None and math.isfinite(one.floor) else None,
            }
            for name, one in found.items()
            if name in SCORES
        ],
    }


def _over(fraction: float) -> str:
    return "finished" if fraction >= 1 else "stopped"


def _mean(rows: Sequence[Sequence[float]]) -> float:
    values = [value for row in rows for value in row]
    return sum(values) / max(1, len(values))
