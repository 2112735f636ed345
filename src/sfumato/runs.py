"""A run as a user holds it: started, gone on with, its model, and how good it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from sfumato.arguments import shown
from sfumato.autoencoder_runs import AutoencoderRun, first_autoencoder, first_codec, share_spent
from sfumato.data import KINDS, Dataset
from sfumato.data.controls import CONTROLS
from sfumato.data.encoders import find_encoder
from sfumato.data.opening import is_own, named, path_of, placed
from sfumato.errors import SfumatoError
from sfumato.evaluation.evaluating import Evaluation, evaluate
from sfumato.evaluation.report import write_training_report
from sfumato.hub import Model, load
from sfumato.hub.codec import model_codec
from sfumato.hub.config import AUTOENCODER, read_model
from sfumato.hub.loading import base_pipeline
from sfumato.hub.prompts import frozen_encoder
from sfumato.nets import ConditionConfig
from sfumato.nets.conditions import told_guidance
from sfumato.training import (
    Event,
    Plan,
    Processes,
    Trainer,
    TrainingConfig,
    branch_from,
    conditions_of,
    join_processes,
    judge_run,
    model_for,
    model_from,
    open_data,
    pick_device,
    plan_run,
    read_evaluations,
    resume_run,
    start_run,
    train,
    training_config,
)
from sfumato.training.autoencoder_plan import codec_config, settings_left
from sfumato.training.config import changed
from sfumato.training.estimates import remarks, too_few
from sfumato.training.finetuning import moved_attention
from sfumato.training.latents import (
    ENCODING,
    autoencoder_of,
    check_codec,
    check_model,
    codec_for,
    encode_captions,
    encoded,
    with_levels_of_latents,
)
from sfumato.training.pipelines import adapted_model, check_adapted, plan_adapters, ready
from sfumato.training.planning import plan_more
from sfumato.training.resources import fit_threads
from sfumato.training.resuming import suited
from sfumato.training.run import check_free, check_unspent, read_captions
from sfumato.training.run_settings import MINUTES, check_compiler, check_start, check_words, configure_start, extended
from sfumato.training.settings import full_name
from sfumato.training.trackers import check_trackers, earlier_trackers, tracked

NO_PREVIEWS = "no previews are generated: even the smallest would take more than its share of the time."
MEASURING = "measuring how fast this machine trains"
READING = 1 / 3  # of the minutes at most, that reading the data may take of them

Progress = Callable[[str, int, int], None]  # (what is done before the first step, how much of it is, of how much)


def _silently(what: str, done: int, of: int) -> None:
    pass


class MovedData(SfumatoError):
    """The data of a run are no longer where they were; `what` says so without what to do."""

    def __init__(self, source: str) -> None:
        self.what = f"{source}, which the run was trained on, is no folder or file here any more"
        super().__init__(f"{self.what}; say where it is now, or give the data of the run as `data`.")


class Run:
    """A run folder: `Run.start("runs/photos", "./photos", size=64, minutes=30)`, later `Run.open("runs/photos")`.

    `train()` and `resume()` yield what happens: steps, previews, checkpoints, measurements, notes. `plan` is what was
    chosen by this machine's speed, for a run that was just started; `trainer` trains it, once it is started or resumed.
    In a program that torchrun, accelerate or srun starts several times, all of them train the run together.
    """

    def __init__(
        self,
        folder: str | Path,
        trainer: Trainer | None = None,
        plan: Plan | None = None,
        net: nn.Module | None = None,
        data: Dataset | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.trainer = trainer
        self.plan = plan
        self._net = net
        self._dataset = data  # of a program: a folder that is opened again can't find it
        self._ready = trainer is not None
        self.autoencoder: AutoencoderRun | None = None  # that is trained first
        self._start_model: Callable[[Progress], Run] | None = None  # once it is trained

    @classmethod
    def start(
        cls,
        folder: str | Path,
        data: str | Path | Dataset,
        base: Model | str | Path | None = None,
        net: str | nn.Module = "auto",
        control: str | Sequence[str] = (),
        text_encoder: str | None = None,
        autoencoder: str | Path | None = None,
        progress: Progress = _silently,
        **settings: Any,
    ) -> Run:
        """A new run in `folder` on `data`, a data set or what `open_dataset` takes; nothing is trained yet.

        `settings` are fields of TrainingConfig by name; the budget is `minutes` [default: 20] or `images`. What is left
        open is chosen by this machine's speed. Reading the data takes of the minutes too, a third of them at most. A
        `recipe` among them is a name in RECIPES, a published way of training, whole but for what is given beside it;
        `latent=True`, perhaps with a `factor` and `channels`, has an autoencoder trained first, in `folder`/autoencoder
        and for a part of the budget, and then the model in its latents. `base` is a model to fine-tune, or its run or
        name; with `lora` only adapters of that rank are trained, as of a pipeline of diffusers nothing else is. `net`
        is a size (see `model_for`), or a network of one's own. `control` names images to condition on, computed from
        each picture ("edges") or in a column of the metadata, whose other columns are `columns`; with `base`, a control
        branch is trained. With an `autoencoder`, its run or a model that has one, the model generates latents, into
        which the pictures are encoded once; so it does with a `base` that does. `progress(what, done, of)` is called
        while files are read and the machine is measured. Raises SfumatoError where `folder` already holds a run, and
        for what doesn't go together.
        """
        recipe, latent = settings.pop("recipe", None), settings.pop("latent", False)
        shape = {name: settings.pop(name, None) for name in ("factor", "channels")}
        check_start(base, net, text_encoder, settings)
        controls = (control,) if isinstance(control, str) else tuple(control)
        if any(shape.values()) and not latent:
            raise SfumatoError("`factor` and `channels` are those of a new autoencoder; give `latent` too.")
        if not isinstance(latent, bool):
            raise SfumatoError(f"`latent` is True or False, not {shown(latent)}.")
        if latent:
            if base is not None or autoencoder is not None:
                raise SfumatoError("`latent` trains an autoencoder first; leave `base` and `autoencoder` out.")
            given = {full_name(name): value for name, value in settings.items()}
            processes, eyes = join_processes(), Path(folder) / AUTOENCODER
            config, own, _ = configure_start(data, None, controls, recipe, given)
            if config.machine.compile:  # what can't be is said before anything is trained
                check_compiler(processes)
            if text_encoder is not None:
                with processes.first():
                    find_encoder(text_encoder)
            check_free(Path(folder))
            if (begun := first_codec(eyes)) is not None:
                config = changed(config, size=begun.picture[1:])
            dataset = data if isinstance(data, Dataset) else _opened(config, processes, progress)
            size = autoencoder_of(net)
            made = begun or codec_config(dataset, "nano" if size == "auto" else size, **shape)
            check_model(dataset, made, config, own, net, controls, text_encoder)
            run, first = cls(folder), first_autoencoder(eyes, data, given, net=size, **shape)
            if not given.keys() & {"images", "minutes"}:
                given["minutes"] = MINUTES
            start = partial(cls.start, folder, data, None, net, controls, text_encoder, first.folder, recipe=recipe)
            run.autoencoder = first
            run._start_model = lambda progress: start(progress=progress, **settings_left(given, first.minutes))
            return run
        for name in map(full_name, settings):
            if name.startswith("reconstruction."):
                raise SfumatoError(f"`{name}` is of an autoencoder, and none is trained here; give `latent` too.")
        processes = join_processes()
        fit_threads()
        base = load(base) if isinstance(base, str | Path) else base
        pipeline = base if base is not None and base.config.pipeline else None
        codec = base.codec if base is not None else None
        if autoencoder is not None:
            codec = codec_for(autoencoder, base, processes)
            check_codec(codec.config, net)
            settings = {"size": codec.config.picture[1:], **settings}
        config, own, fixed = configure_start(data, base, controls, recipe, settings)
        check_words(config, base)
        if pipeline is not None:
            check_adapted(pipeline, config, bool(controls))
        if config.machine.compile:
            check_compiler(processes)
        folder = Path(folder)
        check_free(folder, processes)
        started = time.perf_counter()
        dataset = data if isinstance(data, Dataset) else _opened(config, processes, progress)
        others = None
        if pipeline is not None:
            dataset, others = ready(folder, pipeline, dataset, config, processes, progress)
        elif codec is not None:
            config = with_levels_of_latents(config) if base is None and recipe is None else config
            dataset = encoded(dataset, codec, config, processes, partial(progress, ENCODING))
        scale = 1 if codec is None else codec.config.net.factor
        computed = [name for name in controls if name in CONTROLS]
        conditions = conditions_of(dataset, config.data.columns, computed, scale)
        if isinstance(weights := config.objective.guidance, tuple):
            conditions = (*conditions, told_guidance(*weights))
        model = None if base is None else _based(base, dataset, conditions, config, bool(controls))
        built = None if model is None else model.config
        if isinstance(net, nn.Module):
            built = model_for(dataset, net, text_encoder=text_encoder, conditions=conditions)
        reading = 0.0
        if config.minutes is not None:
            reading = processes.same(min(time.perf_counter() - started, READING * 60 * config.minutes))
        progress(MEASURING, 0, 0)
        left = config if config.minutes is None else changed(config, minutes=config.minutes - reading / 60)
        if pipeline is not None:
            plan = plan_adapters(left, pipeline.config, own, fixed, processes)
        else:
            plan = plan_run(
                dataset,
                left,
                net if isinstance(net, str) else "auto",
                fixed=fixed,
                model=built,
                settings=own,
                text_encoder=text_encoder,
                conditions=conditions,
                processes=processes,
            )
        plan = replace(plan, config=changed(plan.config, minutes=config.minutes), seconds=plan.seconds + reading)
        if codec is not None and model is None:
            plan = replace(plan, model=replace(plan.model, codec=codec.config, data_std=1.0))
        if model is not None:
            model.config = replace(model.config, sampling=plan.model.sampling)
        encoder = frozen_encoder(plan.model) if pipeline is None else pipeline.encoder
        encode_captions(read_captions(dataset, plan.model, others), encoder, processes, progress)
        trainer = start_run(
            folder,
            dataset,
            plan.config,
            model or plan.model,
            processes=processes,
            spent=plan.seconds,
            codec=codec,
            class_pictures=others,
        )
        notes = list(dataset.notes)
        if base is not None and (moved := moved_attention(base, dataset)):
            notes.append(moved)
        if (asked := config.data.held_out) and not len(trainer.held):
            few = f"`held_out` {asked:g} of {len(dataset):,} samples are too few to say anything: none is held out."
            notes.append(few)
        if pipeline is None and (little := too_few(plan, len(dataset) - len(trainer.held), base is None)):
            notes.append(little)
        if not plan.config.keeping.previews and "previews" not in fixed:
            notes.append(NO_PREVIEWS)
        trainer.notes = [*notes, *remarks(trainer), *trainer.notes]
        own_net, own_data = net if isinstance(net, nn.Module) else None, data if isinstance(data, Dataset) else None
        return cls(folder, trainer, plan, own_net, own_data)

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

    def train(self, track: str | Sequence[str] = (), progress: Progress = _silently) -> Iterator[Event]:
        """Train to the end of the budget, from the start or from where the run was saved; yields what happens.

        The curves are shown in the trackers `track` too: tensorboard, wandb, trackio. `progress` is as in `start`.
        """
        if self._start_model is not None and self.autoencoder is not None:
            if not self.autoencoder.finished:
                return self._train_both(self.autoencoder, track, progress)
            begun, self._start_model = self._start_model(progress), None
            if begun.trainer is not None and begun.trainer.fraction >= 0.5:  # as much may be kept for its end
                raise SfumatoError(
                    "the minutes are too few for an autoencoder and a model: measuring how fast this machine trains "
                    "leaves none for the model; go on by `resume` with more `minutes`."
                )
            self.trainer, self.plan, self._net, self._dataset = begun.trainer, begun.plan, begun._net, begun._dataset
            self._ready = True
        if not self._ready or self.trainer is None:
            return self.resume(track=track, progress=progress)
        names, trainer = check_trackers(track), self.trainer
        self._ready = False
        return tracked(train(self.folder, trainer), names, self.folder, trainer)

    def _train_both(
        self, autoencoder: AutoencoderRun, track: str | Sequence[str], progress: Progress
    ) -> Iterator[Event]:
        yield from autoencoder.train(track)
        if autoencoder.finished:  # or else it was asked to stop
            yield from self.train(track, progress)

    def resume(
        self,
        data: str | Path | Dataset | None = None,
        weights_only: bool = False,
        track: str | Sequence[str] | None = None,
        progress: Progress = _silently,
        **settings: Any,
    ) -> Iterator[Event]:
        """Go on from the newest checkpoint as if never stopped, to the end of the budget or of a longer one.

        `data` are those of the run, where they can't be opened by its config, or where they are now. With
        `weights_only` it goes on from the newest weights, where the optimiser's state is lost. `settings` are those of
        EXTENDED, such as `minutes` or `images`; `track` and `progress` are as in `train` and `start`, and a run stays
        in its trackers. Raises SfumatoError where the budget is spent.
        """
        processes = join_processes()
        fit_threads()
        names, gone = earlier_trackers(self.folder) if track is None else (check_trackers(track), [])
        before = self.config
        config = extended(before, settings, processes)
        notes = []
        if isinstance(data, Dataset):
            self._dataset = data
        data = self._dataset if data is None else data
        if isinstance(data, str | Path):
            config, data = changed(config, source=named(data), place=placed(named(data))), None
            if config.data.source != before.data.source and config.data.place != before.data.place:
                notes.append(
                    f"the run was trained on {before.data.source} so far, and goes on with {config.data.source}."
                )
        model, others, pipeline = read_model(self.folder, self._net), None, None
        dataset = suited(self._data(config, processes, progress) if data is None else data, model, self.folder)
        if model.pipeline:
            pipeline = adapted_model(base_pipeline(self.folder))
            dataset, others = ready(self.folder, pipeline, dataset, config, processes, progress)
        elif (codec := model_codec(self.folder, model, processes.device or pick_device())) is not None:
            dataset = encoded(dataset, codec, config, processes, partial(progress, ENCODING))
        progress(MEASURING, 0, 0)
        config = config if model.pipeline else plan_more(dataset, config, model, processes)
        trainer, damaged = resume_run(
            self.folder,
            dataset,
            config,
            processes=processes,
            weights_only=weights_only,
            net=self._net,
            base=pipeline,
            class_pictures=others,
        )
        check_unspent(self.folder, trainer)
        if not config.keeping.previews and before.keeping.previews:
            notes.append(NO_PREVIEWS)
        notes += [*dataset.notes, *gone, *(f"{path} is damaged and was passed over." for path in damaged)]
        trainer.notes = [*notes, *remarks(trainer), *trainer.notes]
        self.trainer, self._ready = trainer, False
        return tracked(train(self.folder, trainer), names, self.folder, trainer)

    def stop(self) -> None:
        """Have the training end after the step that it is at, saved."""
        if self._start_model is not None and self.autoencoder is not None:
            self.autoencoder.stop()
        elif self.trainer is not None:
            self.trainer.stop()

    @property
    def finished(self) -> bool:
        """Whether its budget is spent: there is nothing to resume, unless for longer."""
        return share_spent(self.folder, self.trainer) >= 1

    def model(self, weights: str = "ema") -> Model:
        """The model of the newest checkpoint, on the fastest device."""
        return load(self.folder, weights, pick_device(), self._net)  # type: ignore[arg-type]

    def evaluate(self, **how: Any) -> Evaluation:
        """Measure the newest checkpoint against the data of the run; takes what `sfumato.evaluate` takes."""
        return evaluate(self.model(), **({} if self._dataset is None else {"data": self._dataset}) | how)

    def report(self, commands: Sequence[str] = ()) -> Path:
        """Write report.html into the folder: the newest preview, the loss, what it took, and `commands` to try."""
        evaluations = read_evaluations(self.folder)
        verdict = judge_run(evaluations).sentence if evaluations else ""
        name = self.trainer.dataset.name if self.trainer is not None else self.config.data.source
        return write_training_report(self.folder, self.model(), name, verdict, commands)

    def _data(self, config: TrainingConfig, processes: Processes, progress: Progress) -> Dataset:
        """The data of the run as its config opens them."""
        source, there = config.data.source, [one for one in (config.data.source, config.data.place) if one]
        if not is_own(source) and not source.startswith("hf:") and not any(path_of(one).exists() for one in there):
            raise MovedData(source)
        return _opened(config, processes, progress)


def _opened(config: TrainingConfig, processes: Processes, progress: Progress) -> Dataset:
    what = f"reading {config.data.source}"
    progress(what, 0, 0)
    with processes.first():
        return open_data(config, partial(progress, what))


def _based(
    base: Model, dataset: Dataset, conditions: Sequence[ConditionConfig], config: TrainingConfig, branch: bool
) -> Model:
    """The model that starts from the weights of `base`."""
    if base.config.pipeline:
        return adapted_model(base)
    known = {one.name for one in base.config.conditions}
    if config.lora is not None and any(one.name not in known for one in conditions):
        what = "a range of `guidance`" if isinstance(config.objective.guidance, tuple) else "`columns` and `control`"
        raise SfumatoError(f"adapters take no new conditions; leave {what} or `lora` out.")
    if config.lora is not None and KINDS[dataset.kind].moving and not KINDS[base.config.kind].moving:
        raise SfumatoError(
            "adapters train no layers that look along the frames; leave `lora` out, or `frames` and `fps`."
        )
    if branch:
        return branch_from(base, dataset, conditions, config.seed)
    return model_from(base, dataset, config.seed, conditions)
