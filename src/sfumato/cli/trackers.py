"""Training curves for other tools to show: TensorBoard, Weights & Biases, Trackio, by accelerate's trackers."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sfumato.cli.display import note
from sfumato.errors import SfumatoError, unknown
from sfumato.training import Judged, Measured, Preview, Trainer
from sfumato.training.run import Event

TRACKERS = ("tensorboard", "wandb", "trackio")


def check_trackers(names: str) -> list[str]:
    """'tensorboard,wandb' as a list. Raises SfumatoError for an unknown one, and where a library is missing."""
    found = [name.strip().lower() for name in names.split(",") if name.strip()]
    for name in found:
        if name not in TRACKERS:
            raise unknown("tracker", name, TRACKERS)
        for library in ("accelerate", name):
            if importlib.util.find_spec(library) is None:
                raise SfumatoError(f"--track {name} needs {library}; install it with: pip install accelerate {name}.")
    return found


class Trackers:
    """Hands the events of a run on to trackers. One that fails is left out from then on; training goes on."""

    def __init__(self, names: Sequence[str], folder: Path, trainer: Trainer) -> None:
        self._trackers: dict[str, Any] = {}
        if not trainer.processes.main:
            return
        for name in names:
            self._try(name, lambda name=name: self._start(name, folder, trainer))  # type: ignore[misc]

    def take(self, event: Event) -> None:
        """Hand on what was measured or drawn."""
        if isinstance(event, Measured):
            values = {name: value for name, value in event.values.items() if value is not None}
            self._each(lambda tracker: tracker.log(values, step=int(values["step"])))
        elif isinstance(event, Judged):
            one = event.evaluation
            values = {
                f"{kind}/sigma {sigma:g}": float(np.mean(losses))
                for kind, rows in (("held out", one.held_out), ("trained", one.trained))
                for sigma, losses in zip(one.sigmas, rows, strict=True)
            }
            self._each(lambda tracker: tracker.log(values, step=one.step))
        elif isinstance(event, Preview) and event.path.exists():
            with Image.open(event.path) as image:
                picture = np.asarray(image.convert("RGB"))[None]
            self._each(lambda tracker: _log_picture(tracker, picture, event.step))

    def close(self) -> None:
        """Have all written out."""
        self._each(lambda tracker: tracker.finish())

    def _each(self, act: Callable[[Any], None]) -> None:
        for name, tracker in list(self._trackers.items()):
            self._try(name, lambda tracker=tracker: act(tracker))  # type: ignore[misc]

    def _try(self, name: str, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:  # whatever another tool may meet: the run is worth more than its curve
            self._trackers.pop(name, None)
            note(f"{name} failed and is left out from here on: {' '.join(str(error).split())[:200]}")

    def _start(self, name: str, folder: Path, trainer: Trainer) -> None:
        from accelerate.tracking import TensorBoardTracker, TrackioTracker, WandBTracker

        tracker: Any
        if name == "tensorboard":  # steps that a killed run had not saved are taken again
            tracker = TensorBoardTracker("tensorboard", folder, purge_step=trainer.step + 1)
        elif name == "wandb":
            mode = "online" if _wandb_login() else "offline"
            settings = {"silent": True, "console": "off"}
            tracker = WandBTracker(
                "sfumato", name=folder.name, group=folder.name, dir=folder, mode=mode, settings=settings
            )
        else:
            tracker = TrackioTracker("sfumato", name=folder.name, resume="allow", embed=False)
        tracker.start()
        self._trackers[name] = tracker
        if name != "tensorboard":  # it would make a run of its own of the settings
            config = {key: value for key, value in asdict(trainer.config).items() if value is not None}
            tracker.store_init_configuration(config)


def _wandb_login() -> bool:
    """Whether a key for Weights & Biases is at hand; without one its curves stay in the run's folder."""
    if "WANDB_MODE" in os.environ:
        return os.environ["WANDB_MODE"] == "online"
    with suppress(OSError, NetrcParseError):
        return "WANDB_API_KEY" in os.environ or netrc().authenticators("api.wandb.ai") is not None
    return "WANDB_API_KEY" in os.environ


def _log_picture(tracker: Any, picture: np.ndarray[Any, Any], step: int) -> None:
    if tracker.name == "tensorboard":
        tracker.log_images({"preview": picture}, step=step, dataformats="NHWC")
    elif tracker.name == "wandb":
        tracker.log_images({"preview": picture}, step=step)
