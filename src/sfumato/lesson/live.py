"""What the lesson's pages may ask of this machine: to sample the reader's own model, and to train one as they watch.

PyTorch is imported by whatever first needs it, so that the lesson itself opens without waiting for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs

from pydantic import ValidationError

from sfumato.errors import SfumatoError
from sfumato.lesson.messages import Answer, Empty, SampleRequest, json_answer, refused

if TYPE_CHECKING:
    from sfumato.hub import Model
    from sfumato.lesson.work import Moment

MAX_WAITING = 4  # requests for pictures, the one that is being answered included
TRAINING_MINUTES = 1.5
NEWS_SECONDS = 1.0  # until a page that waits for news hears that there is none


State = Literal["none", "starting", "training", "finished", "stopped", "failed"]


@dataclass
class Training:
    """One training and what has come of it so far. `number` counts them, so that a page knows a new one."""

    number: int
    state: State
    images: int = 0
    seconds: float = 0.0
    fraction: float = 0.0
    error: str | None = None
    moments: list[Moment] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def runs(self) -> bool:
        return self.state in ("starting", "training")


class Live:
    """The service behind the pages. `close()` ends what is under way; nothing is written to the disk."""

    def __init__(self, run: Path | None = None, minutes: float = TRAINING_MINUTES) -> None:
        self._minutes = minutes
        self._model: Model | None = None
        self._about: dict[str, Any] | None = None
        if run is not None:
            self._open_model(run)
        self._waiting = threading.BoundedSemaphore(MAX_WAITING)
        self._drawing = threading.Lock()
        self._closing = threading.Event()
        self._news = threading.Condition()
        self._training = Training(0, "none")
        self._thread: threading.Thread | None = None

    def _open_model(self, run: Path) -> None:
        from sfumato.lesson.work import about, open_model

        self._model = open_model(run)
        self._about = about(self._model, run.resolve().name if run.exists() else str(run))

    def about(self) -> Answer:
        """`live.json`: that there is a service, and the model that it generates with, if any."""
        return json_answer({"live": True, "run": self._about, "minutes": self._minutes})

    def get(self, path: str, query: str) -> Answer | None:
        """The answer to GET, None where there is none at `path`."""
        if path == "live/about":
            return self.about()
        if path != "live/progress":
            return None
        since = parse_qs(query).get("since", ["0"])[-1]
        if not since.isascii() or not since.isdigit() or len(since) > 6:
            return refused(HTTPStatus.BAD_REQUEST, f"'since' is a whole number from 0, not '{since[:40]}'.")
        return self._progress(int(since))

    def post(self, path: str, body: bytes, left: Callable[[], bool]) -> Answer | None:
        """The answer to POST, None where there is none at `path`. `left()` tells that nobody waits for it any more."""
        try:
            if path == "live/draw":
                return self._generate(SampleRequest.model_validate_json(body), left)
            if path == "live/open":
                Empty.model_validate_json(body)
                return self._open()
            if path == "live/train":
                Empty.model_validate_json(body)
                return self._train()
            if path == "live/stop":
                Empty.model_validate_json(body)
                return self._stop()
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            message = first["msg"][0].lower() + first["msg"][1:]
            return refused(HTTPStatus.BAD_REQUEST, f"'{where}': {message}." if where else f"{message}.")
        except SfumatoError as error:
            return refused(HTTPStatus.BAD_REQUEST, str(error))
        return None

    def close(self) -> None:
        """End the training and the drawing, and wait until they have."""
        self._closing.set()
        self._training.stopping.set()
        if self._thread is not None:
            self._thread.join()
        with self._drawing:
            pass

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> Answer:
        """Open the digits that ship, where the lesson was started without a run; then as `live.json`."""
        with self._drawing:
            if self._model is None:
                self._open_model(Path("digits"))
        return self.about()

    def _generate(self, asked: SampleRequest, left: Callable[[], bool]) -> Answer:
        if not self._waiting.acquire(blocking=False):
            return refused(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{MAX_WAITING} others wait for pictures already; try again in a few seconds.",
                **{"Retry-After": "5"},
            )
        try:
            generated = self._in_turn(asked, lambda: self._closing.is_set() or left())
        finally:
            self._waiting.release()
        if generated is None:
            return refused(HTTPStatus.SERVICE_UNAVAILABLE, "the drawing was given up.")
        return Answer(generated, "image/png")

    def _in_turn(self, asked: SampleRequest, given_up: Callable[[], bool]) -> bytes | None:
        if self._model is None:
            raise SfumatoError("no model is open here; start the lesson with sfumato learn --run and a run.")
        from sfumato.lesson.work import generate

        with self._drawing:
            return generate(self._model, asked, given_up)

    def _train(self) -> Answer:
        with self._news:
            if self._training.runs or self._closing.is_set():
                return refused(HTTPStatus.CONFLICT, "a training is under way already; stop that one first.")
            self._training = Training(self._training.number + 1, "starting")
            self._thread = threading.Thread(target=self._watch, args=(self._training,), name="training", daemon=True)
            self._thread.start()
            return json_answer({"number": self._training.number})

    def _stop(self) -> Answer:
        self._training.stopping.set()
        return json_answer({"number": self._training.number})

    def _watch(self, training: Training) -> None:
        """Carry the training out, in a thread of its own, and keep what it says."""
        state: State = "finished"
        try:
            from sfumato.lesson.work import Moment, digits_training

            for event in digits_training(self._minutes):
                with self._news:
                    training.state = "training"
                    if isinstance(event, Moment):
                        training.moments.append(event)
                        self._news.notify_all()
                    else:
                        training.images, training.seconds = event.images, event.seconds
                        training.fraction = event.fraction
                if training.stopping.is_set():
                    state = "stopped"
                    break
        except Exception as error:  # a page has to hear whatever went wrong
            state = "failed"
            training.error = str(error) if isinstance(error, SfumatoError) else f"{type(error).__name__}: {error}"
        finally:
            with self._news:
                training.state = state
                self._news.notify_all()

    def _progress(self, since: int) -> Answer:
        """How the newest training stands, with its moments from `since` on; waits a little where there is none yet."""
        with self._news:
            self._news.wait_for(lambda: not self._training.runs or len(self._training.moments) > since, NEWS_SECONDS)
            training = self._training
            names = ("number", "state", "images", "seconds", "fraction", "error")
            facts = {name: getattr(training, name) for name in names}
            moments = [asdict(moment) for moment in training.moments[since:]]
        return json_answer({**facts, "next": len(training.moments), "moments": moments})
