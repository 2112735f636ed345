"""The models that an engine serves: loaded when they are first asked for, unloaded when others need their place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sfumato.data import KINDS
from sfumato.errors import unknown
from sfumato.hub import Model
from sfumato.nets.conditions import GUIDANCE
from sfumato.sampling import SAMPLERS
from sfumato.sampling import resolve as resolve_sampler
from sfumato.serving.jobs import Full
from sfumato.serving.messages import size_of


def describe(name: str, model: Model) -> dict[str, Any]:
    """What clients may know of a model: OpenAI's fields, and what it takes."""
    settings = model.config.sampling
    branch = model.config.control_branch
    return {
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": "sfumato",
        "size": size_of(model),
        "frames": model.config.shape[0] if KINDS[model.config.kind].moving else None,
        "channels": model.config.seen[1][-3 if KINDS[model.config.seen[0]].spatial else 0],
        "classes": list(model.config.classes),
        "takes_prompts": model.text_conditional,
        "conditions": [
            {"name": one.name, "kind": one.kind, "size": one.size, "computed": one.computed}
            for one in model.config.conditions
            if one.name != GUIDANCE  # which is asked for as any model's
        ],
        "control_branch": None if branch is None else branch.name,
        "latent": model.codec is not None,
        "sampler": resolve_sampler(settings.sampler)[0],
        "steps": settings.steps,
        "tuned_steps": model.tuned_steps,
        "guidance": settings.guidance,
        "grid": settings.grid,
        "samplers": {name: {"needs": row.needs, "use": row.use} for name, row in SAMPLERS.items()},
        "weights_sha256": model.weights_hash,
    }


class Models:
    """Models by name, of which at most `most` are loaded; `loaders` says how each is."""

    def __init__(self, loaders: Mapping[str, Callable[[], Model]], most: int) -> None:
        self.loaders = dict(loaders)
        self.most = most
        self._loaded: dict[str, Model] = {}  # the one that was asked for last is the last

    @property
    def loaded(self) -> tuple[str, ...]:
        return tuple(self._loaded)

    def put(self, name: str, load: Callable[[], Model], busy: Collection[str] = ()) -> None:
        """Serve one more model, or what has become of one; raises Full while that is `busy`."""
        self.drop(name, busy)
        self.loaders[name] = load

    def drop(self, name: str, busy: Collection[str] = ()) -> None:
        """Serve the model called `name` no longer; raises Full while it is `busy`."""
        if name in busy:
            raise Full(f"jobs of {name} haven't ended; try again when they have.")
        self.loaders.pop(name, None)
        self._loaded.pop(name, None)

    def get(self, name: str, busy: Collection[str] = ()) -> Model:
        """The model called `name`; where there is no place for it, the one that was used least recently makes room.

        Raises SfumatoError for a name that isn't served, and Full where all places are taken by models that are `busy`.
        """
        if name not in self.loaders:
            raise unknown("model", name, self.loaders)
        if name not in self._loaded:
            idle = [other for other in self._loaded if other not in busy]
            if len(self._loaded) >= self.most:
                if not idle:
                    raise Full(f"{self.most} models are at work, and no more are loaded at once; try again soon.")
                del self._loaded[idle[0]]
            self._loaded[name] = self.loaders[name]()
        self._loaded[name] = self._loaded.pop(name)
        return self._loaded[name]
