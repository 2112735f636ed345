"""A job: a request that an engine has accepted, and what has come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.hub.request import Request

State = Literal["waiting", "running", "done", "failed", "cancelled"]
ENDED = ("done", "failed", "cancelled")


class Full(SfumatoError):
    """There is no room for another job now; later there may be."""


class Conflict(SfumatoError):
    """A key that other things were asked by."""


@dataclass(eq=False)
class Job:
    """A request to the model called `model`, asked for by `owner`.

    `pictures` has each as it is finished, `(channels, height, width)` on the CPU, by its row of the request; all of
    them where the job is done, and none where it failed or was cancelled. `steps` counts those taken of all pictures;
    `error` is why it failed, in a sentence. On the way there are `partial_images` of each picture, evenly spread over
    its steps: `partials` has the newest by row, as its number from 0 and the estimate of the finished picture.
    """

    model: str
    request: Request
    owner: str = ""
    state: State = "waiting"
    steps: int = 0
    pictures: dict[int, Tensor] = field(default_factory=dict)
    error: str | None = None
    partial_images: int = 0
    partials: dict[int, tuple[int, Tensor]] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def progress(self) -> float:
        """How much of it is done, from 0 to 1."""
        count = len(self.request.seeds)
        if self.state == "done":
            return 1.0
        return min(1.0, self.steps / (count * self.request.sampling.steps))

    def end(self, state: State, error: str | None = None) -> None:
        """It is at its end; what was finished is kept of a whole job alone."""
        self.state, self.error = state, error
        self.partials.clear()
        if state != "done":
            self.pictures.clear()


def sentence(error: Exception) -> str:
    """Why a job failed."""
    return str(error) if isinstance(error, SfumatoError) else f"{type(error).__name__}: {error}"
