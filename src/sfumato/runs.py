"""A run as a user holds it: started, gone on with, its model, and how good it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from sfumato.arguments import shown
from sfumato.data import KINDS, Dataset
from sfumato.data.columns import Columns
from sfumato.data.controls import CONTROLS
from sfumato.data.opening import named
from sfumato.errors import SfumatoError
from sfumato.evaluation.evaluating import Evaluation, evaluate
from sfumato.evaluation.training_data import training_data
from sfumato.hub import Model, ModelConfig, load
from sfumato.hub.config import read_model
from sfumato.training import (
    Event,
    Plan,
    Trainer,
    TrainingConfig,
    branch_from,
    conditions_of,
    extend,
    model_for,
    model_from,
    open_data,
    pick_device,
    plan_run,
    resume_run,
    start_run,
    train,
    training_config,
)
from sfumato.training.planning import plan_more
from sfumato.training.recipes import RECIPES, configure, kept_from
from sfumato.training.resuming import suited
from sfumato.training.settings import full_name

MINUTES = 20.0  # of a run whose budget nobody gives


class Run:
    """A run folder: `Run.start("runs/photos", "./photos", size=64, minutes=30)`, later `Run.open("runs/photos")`.

    `train()` and `resume()` yield what happens: steps, previews, checkpoints, measurements. `plan` is what was chosen
    by this machine's speed, for a run that was just started.
    """

    def __init__(
        self,
        folder: str | Path,
        trainer: Trainer | None = None,
        plan: Plan | None = None,
        net: nn.Module | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.plan = plan
        self._trainer = trainer
        self._net = net

    @classmethod
    def start(
        cls,
        folder: str | Path,
        data: str | Path | Dataset,
        base: Model | str | Path | None = None,
        net: str | nn.Module = "auto",
        control: str | Sequence[str] = (),
        columns: Columns | None = None,
        text_encoder: str | None = None,
        recipe: str | None = None,
        **settings: Any,
    ) -> Run:
        """A new run in `folder` on `data`, a data set or what `open_dataset` takes; nothing is trained yet.

        `settings` are fields of TrainingConfig by name; the budget is `minutes` [default: 20] or `images`. `recipe` is
        a name in RECIPES, a published way of training, whole but for what is given beside it. What is left open is
        chosen by this machine's speed. `base` is a model to fine-tune, or its run or name; with `lora` only adapters of
        that rank are trained. `net` is a size (see `model_for`), or a network of one's own. `control` names images to
        condition on, computed from each picture ("edges"), and `columns` those of the metadata; with `base`, a control
        branch is trained. Raises SfumatoError where `folder` already holds a run, and for what doesn't go together.
        """
        if isinstance(base, str | Path):
            base = load(base)
        if not isinstance(net, str | nn.Module):
            raise SfumatoError(f"`net` is a size such as tiny, or a network of one's own, not {shown(net)}.")
        if base is not None and net != "auto":
            raise SfumatoError("the network is that of `base`; leave `net` out.")
        if base is None and settings.get("lora") is not None:
            raise SfumatoError("adapters are trained beside the weights of a model; say which by `base`.")
        controls = (control,) if isinstance(control, str) else tuple(control)
        computed = [name for name in controls if name in CONTROLS]
        columns = columns or Columns(images=tuple(name for name in controls if name not in computed))
        config, own, fixed = _configured(data, base, columns, recipe, settings)
        dataset = data if isinstance(data, Dataset) else open_data(config)
        conditions = conditions_of(dataset, columns, computed)
        model: Model | None = None
        built: ModelConfig | None = None
        if base is not None:
            fresh = branch_from if controls else model_from
            model = fresh(base, dataset, conditions=conditions, seed=config.seed)
            built = model.config
        elif isinstance(net, nn.Module):
            built = model_for(dataset, net, text_encoder=text_encoder, conditions=conditions)
        plan = plan_run(
            dataset,
            config,
            net if isinstance(net, str) else "auto",
            fixed=fixed,
            model=built,
            settings=own,
            text_encoder=text_encoder,
            conditions=conditions,
        )
        trainer = start_run(Path(folder), dataset, plan.config, model or plan.model, spent=plan.seconds)
        return cls(folder, trainer, plan, net if isinstance(net, nn.Module) else None)

    @classmethod
    def open(cls, folder: str | Path, net: nn.Module | None = None) -> Run:
        """The run in `folder`, which gets `net` where it is of a network of one's own; raises SfumatoError where there
        is none."""
        read_model(Path(folder), net)
        return cls(folder, net=net)

    @property
    def config(self) -> TrainingConfig:
        """What the run is trained by."""
        return training_config(self.folder)

    def train(self) -> Iterator[Event]:
        """Train to the end of the budget, from the start or from where the run was saved; yields what happens."""
        if self._trainer is None:
            yield from self.resume()
            return
        trainer, self._trainer = self._trainer, None
        yield from train(self.folder, trainer)

    def resume(
        self, data: Dataset | None = None, minutes: float | None = None, images: int | None = None
    ) -> Iterator[Event]:
        """Go on from the newest checkpoint as if never stopped, to the end of the budget or of a longer one.

        `data` are those of the run, where they can't be opened by its config. Raises SfumatoError where the budget is
        spent.
        """
        config = extend(self.config, images, minutes)
        model = read_model(self.folder, self._net)
        try:
            dataset = suited(open_data(config) if data is None else data, model, self.folder)
        except SfumatoError as error:
            if data is not None:
                raise
            raise SfumatoError(f"{str(error).rstrip('.')}; or give the data of the run as `data`.") from error
        trainer, _ = resume_run(self.folder, dataset, plan_more(dataset, config, model), net=self._net)
        if trainer.fraction >= 1:
            raise SfumatoError(f"{self.folder} has spent its budget; give a longer one, in `minutes` or `images`.")
        yield from train(self.folder, trainer)

    def model(self, weights: str = "ema") -> Model:
        """The model of the newest checkpoint, on the fastest device."""
        return load(self.folder, weights, pick_device(), self._net)  # type: ignore[arg-type]

    def evaluate(self, **how: Any) -> Evaluation:
        """Measure the newest checkpoint against the data of the run; takes what `sfumato.evaluate` takes."""
        data, held, _ = training_data(self.folder, model := self.model())
        return evaluate(model, how.pop("data", data), **{"held_out": held, **how})


def _configured(
    data: str | Path | Dataset, base: Model | None, columns: Columns, recipe: str | None, settings: Mapping[str, Any]
) -> tuple[TrainingConfig, dict[str, Any], list[str]]:
    """The training, the settings of its model, and the names of what is not left open."""
    given: dict[str, Any] = {full_name(name): value for name, value in settings.items()}
    if not given.keys() & {"images", "minutes"}:
        given["minutes"] = MINUTES
    if isinstance(size := given.get("data.size"), int):
        given["data.size"] = (size, size)
    if base is not None and not isinstance(data, Dataset) and KINDS[base.config.kind].spatial:
        given.setdefault("data.size", base.config.shape[1:])
    given["data.source"] = data.name if isinstance(data, Dataset) else named(data)
    if isinstance(data, Dataset) and KINDS[data.kind].spatial:
        given["data.size"] = data.shape[1:]
    if columns:
        given["data.columns"] = asdict(columns)
    config, own = configure(given, recipe)
    if base is not None:
        own = kept_from(base.config, own, recipe, settings)
    fixed = {**given, **RECIPES.get(recipe or "", {})}
    return config, own, [name.rpartition(".")[2] for name in fixed]
