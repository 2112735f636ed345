"""Training curves for other tools to show: TensorBoard, Weights & Biases, Trackio, by accelerate's trackers."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict
from functools import partial
from netrc import NetrcParseError, netrc
from pathlib import Path
from queue import Full, Queue
from threading import Thread
from typing import Any

import numpy as np
from PIL import Image

from sfumato.errors import SfumatoError, unknown
from sfumato.training.previews import Preview
from sfumato.training.run import Event, Judged, Measured
from sfumato.training.run_loop import RunLoop
from sfumato.training.saving import Noted

TRACKERS = {  # how to see what each has kept in the run's folder
    "tensorboard": "tensorboard --logdir {folder}",
    "wandb": "wandb sync --append {folder}/offline-run-*",
    "trackio": "TRACKIO_DIR={folder} trackio show",
}
BEHIND = 1000  # what may wait for a tracker before it is left out
CLOSING_SECONDS = 20.0  # seconds that a tracker has for its last words


def check_trackers(names: str | Sequence[str]) -> list[str]:
    """'tensorboard,wandb' as a list. Raises SfumatoError for an unknown one, and where a library is missing."""
    parts = names.split(",") if isinstance(names, str) else names
    found = list(dict.fromkeys(name.strip().lower() for name in parts if name.strip()))
    for name in found:
        if name not in TRACKERS:
            raise unknown("tracker", name, TRACKERS)
        if missing := _missing(name):
            raise SfumatoError(f"the tracker {name} needs {missing}; install it with: pip install accelerate {name}.")
    return found


def earlier_trackers(folder: Path) -> tuple[list[str], list[str]]:
    """The trackers that the run in `folder` was shown in before, by the folders that they left there, and what to say
    of those whose library has gone."""
    lacking = {name: _missing(name) for name in TRACKERS if (folder / name).is_dir()}
    notes = [f"the run goes on without {name}, which needs {library}." for name, library in lacking.items() if library]
    return [name for name, library in lacking.items() if not library], notes


def tracked(events: Iterator[Event], names: Sequence[str], folder: Path, trainer: RunLoop) -> Iterator[Event]:
    """The `events` of the run in `folder`, handed on to the trackers `names` too; what is to be said of those is added.

    Whoever leaves off or fails, the trackers have their last words.
    """
    trackers = Trackers(names, folder, trainer)
    with closing(events), closing(trackers):  # type: ignore[type-var]
        for event in events:
            trackers.take(event)
            yield from trackers.said()
            yield event
    yield from trackers.said()


def _missing(name: str) -> str | None:
    """The library that `name` needs and that isn't installed. A folder of that name, such as wandb/, is no library."""
    for library in ("accelerate", name):
        found = importlib.util.find_spec(library)
        if found is None or found.origin is None:
            return library
    return None


class Trackers:
    """Hands the events of a run on to trackers. None can stop the run or hold it up: one that fails is left out."""

    def __init__(self, names: Sequence[str], folder: Path, trainer: RunLoop) -> None:
        self.notes: list[str] = []
        self._feeders: list[Feeder] = []
        if not trainer.processes.main:
            return
        config = {key: value for key, value in asdict(trainer.config).items() if value is not None}
        for name in names:
            if name == "trackio":  # read as it is imported
                os.environ.setdefault("TRACKIO_DIR", str((folder / name).absolute()))
            if name != "wandb" or not _wandb_login():
                self.notes.append(f"see the curves with: {TRACKERS[name].format(folder=folder / name)}")
            start = partial(_start, name, folder, config, trainer.step)
            self._feeders.append(Feeder(name, start, self.notes.append))

    def said(self) -> Iterator[Noted]:
        """What is to be said of the trackers, once."""
        while self.notes:
            yield Noted(self.notes.pop(0))

    def take(self, event: Event) -> None:
        """Hand on what was measured or generated."""
        if not self._feeders:
            return
        if isinstance(event, Measured):
            values = {name: value for name, value in event.values.items() if value is not None}
            step = int(values.pop("step"))
            self._each(lambda tracker: tracker.log(values, step=step))
        elif isinstance(event, Judged):
            one = event.evaluation
            losses_at = {
                f"{kind}/sigma {sigma:g}": float(np.mean(losses))
                for kind, rows in (("held out", one.held_out), ("trained", one.trained))
                for sigma, losses in zip(one.sigmas, rows, strict=True)
            }
            self._each(lambda tracker: tracker.log(losses_at, step=one.step))
        elif isinstance(event, Preview) and event.path.exists():
            with Image.open(event.path) as image:
                picture = np.asarray(image.convert("RGB"))
            self._each(lambda tracker: _log_picture(tracker, picture, event.step))

    def close(self, patience: float = CLOSING_SECONDS) -> None:
        """Have all written out, waiting for each for `patience` seconds at most."""
        for feeder in self._feeders:
            feeder.close(patience)

    def _each(self, act: Callable[[Any], object]) -> None:
        for feeder in self._feeders:
            feeder.give(act)


class Feeder:
    """Starts a tracker and feeds it from a thread of its own, so that one that waits for a network holds nobody up."""

    def __init__(self, name: str, start: Callable[[], Any], say: Callable[[str], None]) -> None:
        self.name = name
        self._say = say
        self._left_out = False
        self._waiting: Queue[Callable[[Any], object] | None] = Queue(BEHIND)
        self._thread = Thread(target=self._feed, args=(start,), name=name, daemon=True)
        self._thread.start()

    def give(self, act: Callable[[Any], object] | None) -> None:
        """Have `act` called with the tracker when its turn comes; None ends."""
        if self._left_out:
            return
        try:
            self._waiting.put_nowait(act)
        except Full:
            self._leave_out("it doesn't answer")

    def close(self, patience: float) -> None:
        """Finish what waits, within `patience` seconds."""
        self.give(None)
        if not self._left_out:
            self._thread.join(patience)
        if not self._left_out and self._thread.is_alive():
            self._leave_out("it doesn't come to an end")

    def _feed(self, start: Callable[[], Any]) -> None:
        try:
            tracker = start()
            while (act := self._waiting.get()) is not None and not self._left_out:
                act(tracker)
            tracker.finish()
        except Exception as error:  # whatever another tool may meet: the run is worth more than its curve
            self._leave_out(" ".join(str(error).split())[:200] or type(error).__name__)

    def _leave_out(self, reason: str) -> None:
        if not self._left_out:
            self._left_out = True
            self._say(f"{self.name} failed and is left out from here on: {reason}")


def _start(name: str, folder: Path, config: dict[str, Any], step: int) -> Any:
    """The tracker `name`, started for the run in `folder`, which goes on from `step`."""
    from accelerate import tracking  # of its names, versions before 1.9 lack trackio's

    tracker: Any
    if name == "tensorboard":  # steps that a killed run had not saved are taken again
        tracker = tracking.TensorBoardTracker(name, folder, purge_step=step + 1)
    elif name == "wandb":
        folders = (path.name.removeprefix("offline-") for path in (folder / name).glob("*run-*-*"))
        before = max(folders, default="").rpartition("-")[2]
        how: dict[str, Any] = {"mode": "online", "resume": "allow"} if _wandb_login() else {"mode": "offline"}
        settings = {"silent": True, "console": "off", "init_timeout": 30}  # while it waits, this program can't end
        how |= {"name": folder.name, "id": before or None, "dir": folder}
        tracker = tracking.WandBTracker("sfumato", settings=settings, **how)
    else:
        tracker = tracking.TrackioTracker("sfumato", name=folder.name, resume="allow", embed=False)
    tracker.start()
    if name != "tensorboard":  # it would make a run of its own of the settings
        tracker.store_init_configuration(config)
    return tracker


def _wandb_login() -> bool:
    """Whether a key for Weights & Biases is at hand; without one its curves stay in the run's folder."""
    if "WANDB_MODE" in os.environ:
        return os.environ["WANDB_MODE"] == "online"
    with suppress(OSError, NetrcParseError):
        return "WANDB_API_KEY" in os.environ or netrc().authenticators("api.wandb.ai") is not None
    return "WANDB_API_KEY" in os.environ


def _log_picture(tracker: Any, picture: np.ndarray[Any, Any], step: int) -> None:
    if tracker.name == "tensorboard":
        tracker.log_images({"preview": picture[None]}, step=step, dataformats="NHWC")
    elif tracker.name == "wandb":
        tracker.log_images({"preview": picture[None]}, step=step)
    else:  # accelerate knows no pictures here
        import trackio

        tracker.log({"preview": trackio.Image(picture)}, step=step)
