"""Distillation: a run whose model walks in a few steps, a student of a trained one."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from sfumato.arguments import one_of, shown, whole
from sfumato.data import Dataset
from sfumato.data.opening import is_own, path_of
from sfumato.errors import SfumatoError
from sfumato.hub import Model, load
from sfumato.hub.config import plain
from sfumato.hub.zoo import ships, zoo_data
from sfumato.nets.conditions import guidance_range
from sfumato.runs import Progress, Run
from sfumato.training import TrainingConfig, training_config
from sfumato.training.previews import make_preview
from sfumato.training.settings import full_name

MOST_STEPS = 8  # beyond which its teacher does as well, and each step draws anew
Method = Literal["consistency", "drifting", "walks"]
METHODS: tuple[Method, ...] = ("consistency", "drifting", "walks")
"""How a student learns: from its own answers at two levels of a walk, from the data alone (see drifting.py), or from
where its teacher's walks end (see ends.py)."""
# How a student is trained, where nothing else is said (see ObjectiveConfig).
DRIFTING: dict[str, Any] = {
    "objective.drifting": True,
    # A second step from little noise, sigma/alpha 0.2, mends an answer, and keeps what a first one has of variety.
    "objective.schedule": {"kind": "shift", "base": {"kind": "flow"}, "factor": 0.2},
    "optimizer.name": "adamw",
    "optimizer.learning_rate": 1e-3,
    "batch": 256,
    "keeping.evaluated": 0,
}
ONWARD = 3e-4  # the learning rate of a student that drifts on, which is to keep most of what it learnt
WALKS: dict[str, Any] = {
    "objective.walked": 6,
    # A second step from sigma/alpha 0.7, where what is still open of a picture is no matter of chance any more.
    "objective.schedule": {"kind": "shift", "base": {"kind": "flow"}, "factor": 0.7},
    "optimizer.name": "adamw",
    "optimizer.learning_rate": 1e-3,
    "keeping.evaluated": 0,
}
SETTINGS: dict[str, Any] = {
    "objective.consistency": True,
    "objective.noise": {"name": "log-normal", "std": 2.0, "tail": 0.05},
    "objective.closeness": 64.0,
    "objective.closeness_from": 4.0,
    "optimizer.name": "adamw",
    "optimizer.learning_rate": 4e-4,
    "keeping.evaluated": 0,  # by a loss of means, which it has left
}
OF_PIPELINES = ("objective.consistency", "objective.closeness", "objective.closeness_from", "keeping.evaluated")
MEAN = -1.1  # of ln(sigma/alpha), for data whose deviation is 0.5 (Geng et al. 2025, appendix)
KEPT = ("size", "held_out", "split", "flip", "crop", "stream", "columns")  # as its teacher's data were shown


def distill(
    teacher: Model | str | Path,
    folder: str | Path | None = None,
    steps: int = 2,
    guidance: float | tuple[float, float] | None = None,
    data: str | Path | Dataset | None = None,
    method: Method = "consistency",
    progress: Progress = lambda what, done, of: None,
    **settings: Any,
) -> Run:
    """A new run in `folder` whose model is a student of `teacher`; nothing is trained yet: `run.train()` does.

    The student starts from the teacher's weights and learns to answer with the ends of its walks, so that 1, 2 or 4
    steps are enough; it is generated in `steps`, and in any other number where one is asked for. What it learns is
    the teacher's walk at this weight of `guidance`, by default the teacher's own; of two weights (1, 4) all between,
    where the student is told which by the `guidance` that it is sampled with. `folder` is by default that of the
    teacher with "-student", and `data` those that the teacher was trained on. By the `method` drifting the student
    learns from these data alone, beginning as the teacher, which suits pictures of a few classes; by walks from where
    those of the teacher end, which are walked as it is trained. A student that learnt otherwise may drift on: by
    drifting `teacher` may be one, whose name is followed by "-drifted". `progress` and
    `settings`, such as `minutes` or `lora`, are as in Run.start. Raises SfumatoError for any other student, a network
    that can't be one, and where the data aren't found.
    """
    if not 1 <= whole("steps", steps, -(2**63)) <= MOST_STEPS:
        raise SfumatoError(f"a student walks in 1 to {MOST_STEPS} steps, got {steps}; 2 is a good start.")
    one_of("method", method, METHODS)
    model = teacher if isinstance(teacher, Model) else load(teacher)
    name = model.source or shown(teacher)
    if model.config.student and method != "drifting":
        raise SfumatoError(
            f"{name} is a student already, whose answers lead nowhere else; distil its teacher, or let it drift on by "
            "`method` drifting."
        )
    if model.config.student and guidance_range(model.config.conditions):
        raise SfumatoError(f"{name} is told the weight of guidance, and by drifting nothing is guided; leave it so.")
    own: dict[str, Any] = {}
    if name is not None and (Path(name) / "state.json").exists():
        config = training_config(Path(name).parent.parent)
        own = _shown_as(config, model)
        data = _place(config) if data is None else data
    elif ships(name):
        data = zoo_data(name) if data is None else data
    if data is None:
        raise SfumatoError("say by `data` what the student is to learn from: the model doesn't know its own.")
    if method == "drifting":
        if guidance not in (None, 1):
            raise SfumatoError("by drifting nothing is guided, for no teacher is asked; leave `guidance` out.")
        guidance = 1.0
    elif guidance is None:
        guidance = model.config.sampling.guidance if model.conditional else 1.0
    elif guidance != 1 and not model.conditional:
        raise SfumatoError(f"there is nothing to guide: {name} takes no classes, prompts or conditions; leave it out.")
    noise = {**SETTINGS["objective.noise"], "mean": MEAN + math.log(model.config.data_std / 0.5)}
    taught = {**SETTINGS, "objective.noise": noise}
    if model.config.pipeline:  # whose adapters have noise levels and a learning rate of their own, as LCM-LoRA's do
        if method != "consistency":
            raise SfumatoError(f"{name} is a pipeline, of which adapters learn the ends of walks; leave `method` out.")
        taught = {key: value for key, value in taught.items() if key in OF_PIPELINES}
    usual = guidance
    if isinstance(guidance, tuple):  # one of which it walks by where nobody says which
        usual = min(max(model.config.sampling.guidance, guidance[0]), guidance[1])
        own["model.sampling.guidance"] = usual
    taught = {"consistency": taught, "drifting": DRIFTING, "walks": WALKS}[method]
    if model.config.student:
        own |= {"objective.schedule": plain(model.config.sampling.schedule), "optimizer.learning_rate": ONWARD}
    chosen = {**taught, "objective.guidance": guidance, "model.sampling.steps": steps}
    given = {full_name(key): value for key, value in settings.items()}
    control = [one.name for one in model.config.conditions if one.computed]
    teachers = _run_of(model, name)
    place = Path(folder) if folder is not None else teachers.with_name(called(teachers.name))
    run = Run.start(place, data, model, control=control, progress=progress, **{**chosen, **own, **given})
    if run.trainer is not None and run.trainer.config.keeping.previews:
        walked = model.settle(model.conditional, **({"guidance": usual} if model.conditional else {}))
        make_preview(place, run.trainer, replace(walked, tuned=None))  # which is for these weights, by their hash
    return run


def called(teacher: str) -> str:
    """The name of the run of a student of `teacher`, or of a student that drifts on."""
    return f"{teacher}-{'drifted' if teacher.endswith('-student') else 'student'}"


def _shown_as(config: TrainingConfig, model: Model) -> dict[str, Any]:
    """The settings by which a teacher's data were shown."""
    found = {f"data.{name}": getattr(config.data, name) for name in KEPT}
    if model.config.codec is not None:
        found["data.size"] = model.config.codec.picture[1:]
    return {name: value for name, value in found.items() if value is not None}


def _place(config: TrainingConfig) -> str:
    """Where a teacher's data are."""
    source, place = config.data.source, config.data.place
    return place if place and not is_own(source) and path_of(place).exists() else source


def _run_of(model: Model, name: str) -> Path:
    """The run of a model that is called so, by its checkpoint or as it ships; of a pipeline one of our own."""
    if ships(name) or (model.config.pipeline and not (Path(name) / "state.json").exists()):
        return Path("runs") / Path(name).name
    return Path(name).parent.parent
