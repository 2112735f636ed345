"""The run of an autoencoder as a user holds it: started, gone on with, and its codec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sfumato.data import Dataset
from sfumato.data.frames import frames_of
from sfumato.data.kinds import LATENTS_OF
from sfumato.data.opening import named
from sfumato.errors import SfumatoError
from sfumato.files import locked
from sfumato.hub.checkpoints import newest_checkpoint, saved_in
from sfumato.hub.codec import Codec
from sfumato.hub.config import CodecConfig, is_autoencoder, read_config
from sfumato.hub.loading import load_codec
from sfumato.training import Event, TrainingConfig, join_processes, open_data, pick_device, train, training_config
from sfumato.training.autoencoder_plan import SHARE, autoencoder_settings, plan_autoencoder
from sfumato.training.autoencoder_run import resume_autoencoder, start_autoencoder
from sfumato.training.autoencoding import AutoencoderTrainer
from sfumato.training.config import changed
from sfumato.training.decoder_training import check_start, tuned_config
from sfumato.training.held_out import read_evaluations
from sfumato.training.recipes import configure
from sfumato.training.reconstructions import psnr_of
from sfumato.training.resources import fit_threads
from sfumato.training.run import METRICS, check_free, check_unspent
from sfumato.training.run_loop import RunLoop
from sfumato.training.run_settings import MINUTES as MODEL_MINUTES
from sfumato.training.settings import full_name
from sfumato.training.state import RAW
from sfumato.training.trackers import check_trackers, earlier_trackers, tracked

MINUTES = 10.0  # of a run whose budget nobody gives


class AutoencoderRun:
    """A run folder: `AutoencoderRun.start("runs/eyes", "./photos", size=128, minutes=10)`, then `train()`.

    What it has learnt is a codec, `codec()`, which `Run.start(..., autoencoder="runs/eyes")` trains a model by.
    """

    def __init__(self, folder: str | Path, trainer: AutoencoderTrainer | None = None) -> None:
        self.folder = Path(folder)
        self.trainer = trainer
        self._ready = trainer is not None

    @classmethod
    def start(
        cls,
        folder: str | Path,
        data: str | Path | Dataset,
        net: str = "auto",
        factor: int | None = None,
        channels: int | None = None,
        base: str | Path | Codec | None = None,
        **settings: Any,
    ) -> AutoencoderRun:
        """A new run in `folder` on `data`; nothing is trained yet.

        Of clips it learns the frames. `net` is a size in nets.autoencoder.SIZES, or kl, diffusers' own AutoencoderKL;
        latents are `factor` times as low and narrow as pictures, of so many `channels` (see plan_autoencoder).
        With a `base`, an autoencoder or a model that has one, its decoder gets layers that look back at the frames
        before, against flicker, and they alone are trained, on clips: its latents stay what they are.
        `settings` are fields of TrainingConfig by name. Raises SfumatoError where `folder` already holds a run, for
        what can't be encoded, and where the minutes are over before the first step.
        """
        processes = join_processes()
        fit_threads()
        given = {full_name(name): value for name, value in settings.items()}
        given["data.source"] = data.name if isinstance(data, Dataset) else named(data)
        if isinstance(data, Dataset) and data.kind in LATENTS_OF:
            given["data.size"] = data.shape[-2:]
        elif isinstance(size := given.get("data.size"), int):
            given["data.size"] = (size, size)
        if not given.keys() & {"images", "minutes"}:
            given["minutes"] = MINUTES
        start = load_codec(base, join_processes().device or pick_device()) if isinstance(base, str | Path) else base
        if start is not None:
            if net != "auto" or factor is not None or channels is not None:
                raise SfumatoError("`net`, `factor` and `channels` are those of `base` already; leave them out.")
            given = {"data.size": start.config.picture[1:], "reconstruction.adversarial": 0.0, **given}
        config, model = configure(given, None)
        if model:
            raise SfumatoError(f"an autoencoder has no settings of a model; leave {', '.join(model)} out.")
        check_free(Path(folder), processes)
        dataset = data
        if not isinstance(dataset, Dataset):
            with processes.first():
                dataset = open_data(config)
        if start is not None:
            check_start(start, dataset)
        dataset = frames_of(dataset) if start is None else dataset
        fixed, tuned = [name.rpartition(".")[2] for name in given], None if start is None else tuned_config(start)
        plan = plan_autoencoder(dataset, config, net, factor, channels, fixed, processes, tuned)
        if config.minutes is not None and plan.seconds >= 30 * config.minutes:  # as much may be kept for its end
            raise SfumatoError(
                f"of the {60 * config.minutes:.2g} s for the autoencoder, measuring how fast this machine trains took "
                f"{plan.seconds:.2g} s, which leaves too little to train it; give more `minutes`."
            )
        trainer = start_autoencoder(
            Path(folder), dataset, plan.config, plan.codec, processes=processes, spent=plan.seconds, start=start
        )
        trainer.notes[:0] = dataset.notes
        return cls(folder, trainer)

    @classmethod
    def open(cls, folder: str | Path) -> AutoencoderRun:
        """The run in `folder`; raises SfumatoError where there is none of an autoencoder."""
        read_config(Path(folder) / "config.json", CodecConfig, "codec")
        return cls(folder)

    @property
    def config(self) -> TrainingConfig:
        """What the run is trained by."""
        return training_config(self.folder)

    def resume(
        self, data: Dataset | None = None, images: int | None = None, minutes: float | None = None
    ) -> AutoencoderRun:
        """The same run at its newest checkpoint, ready for `train`, perhaps with a longer budget."""
        processes = join_processes()
        fit_threads()
        config = self.config
        if images is not None or minutes is not None:
            config = changed(config, images=images, minutes=minutes)
        if data is None:
            with processes.first():
                data = open_data(config)
        codec: CodecConfig = read_config(self.folder / "config.json", CodecConfig, "codec")
        data = data if codec.net.temporal else frames_of(data)
        trainer, damaged = resume_autoencoder(self.folder, data, config, processes=processes)
        check_unspent(self.folder, trainer)
        trainer.notes[:0] = [f"{path} is damaged and was passed over." for path in damaged]
        self.trainer, self._ready = trainer, True
        return self

    def train(self, track: str | Sequence[str] | None = None) -> Iterator[Event]:
        """Train to the end of the budget, from the start or from where it was saved; yields what happens.

        The curves are shown in the trackers `track` too, and a run stays in those that it was shown in.
        """
        names, gone = earlier_trackers(self.folder) if track is None else (check_trackers(track), [])
        if not self._ready:
            self.resume()
        assert self.trainer is not None
        self._ready = False
        self.trainer.notes += gone
        yield from tracked(train(self.folder, self.trainer), names, self.folder, self.trainer)
        self.trainer.processes.same(None)  # what the main one has written is there for all

    def stop(self) -> None:
        """Have the training end after the step that it is at, saved."""
        if self.trainer is not None:
            self.trainer.stop()

    @property
    def finished(self) -> bool:
        """Whether a checkpoint has spent the budget, so that the codec is what it was to be."""
        return share_spent(self.folder, self.trainer) >= 1

    @property
    def minutes(self) -> float:
        """How long it was trained, up to its newest checkpoint."""
        state = newest_state(self.folder)
        return 0.0 if state is None else state["seconds"] / 60

    def codec(self) -> Codec:
        """What was learnt, as of the newest checkpoint, on the fastest device."""
        return load_codec(self.folder, pick_device())

    def psnr(self) -> float | None:
        """The peak signal-to-noise ratio of held-out pictures in dB, as last measured; None where nothing was."""
        found = read_evaluations(self.folder)
        return psnr_of(found[-1]) if found else None


def first_codec(folder: Path) -> CodecConfig | None:
    """That of the autoencoder in `folder`, as it is or is to be; None where there is none of which anything is kept."""
    if not is_autoencoder(folder) or not (saved_in(folder / "checkpoints") or locked(folder)):
        return None
    codec: CodecConfig = read_config(folder / "config.json", CodecConfig, "codec")
    return codec


def first_autoencoder(
    folder: Path,
    data: str | Path | Dataset,
    settings: Mapping[str, Any],
    factor: int | None = None,
    channels: int | None = None,
    net: str = "auto",
) -> AutoencoderRun:
    """The autoencoder in `folder` of a model with `settings`, ready to be trained for a SHARE of their minutes.

    One that is there already is gone on with, for other images or minutes where they are given, unless it is finished;
    one of which nothing was saved begins anew. Raises SfumatoError where that is of other data.
    """
    own, processes = autoencoder_settings(settings), join_processes()
    whole = own.get("minutes", MODEL_MINUTES if "images" not in own else None)
    codec = processes.same(first_codec(folder))
    if codec is None:
        if processes.main:
            for name in ("config.json", METRICS):
                (folder / name).unlink(missing_ok=True)
        if whole is None:
            return AutoencoderRun.start(folder, data, net, factor, channels, **own)
        own["minutes"] = SHARE * whole
        run = AutoencoderRun.start(folder, data, net, factor, channels, **own)
        assert run.trainer is not None
        run.trainer.notes.append(
            f"the autoencoder is trained first, for {own['minutes']:.3g} of the {whole:.3g} minutes: "
            "what it loses no model brings back, but it has learnt most of it sooner than the model in its latents."
        )
        return run
    run, source = AutoencoderRun.open(folder), data.name if isinstance(data, Dataset) else named(data)
    if Path(run.config.data.source) != Path(source):
        raise SfumatoError(
            f"{folder} holds an autoencoder of {run.config.data.source}, and not of {source}; give another `folder`."
        )
    for name, asked, is_ in (("factor", factor, codec.net.factor), ("channels", channels, codec.net.latent)):
        if asked not in (None, is_):
            raise SfumatoError(f"{folder} holds an autoencoder whose `{name}` is {is_}, and not {asked}.")
    if run.finished:
        return run
    minutes = None if own.get("minutes") is None else SHARE * own["minutes"]
    return run.resume(data if isinstance(data, Dataset) else None, own.get("images"), minutes)


def share_spent(folder: Path, trainer: RunLoop | None) -> float:
    """The share of its budget that training in `folder` has taken, by its `trainer`, or without one by its files."""
    if trainer is not None:  # of several processes one writes the files, which may not be there yet
        return trainer.fraction
    state = newest_state(folder)
    return 0.0 if state is None else training_config(folder).budget.spent(state["images"], state["seconds"])


def newest_state(folder: Path, names: tuple[str, ...] = (RAW,)) -> dict[str, Any] | None:
    """The counters of the newest checkpoint in the run `folder` whose files `names` are intact."""
    found, _ = newest_checkpoint(folder / "checkpoints", names)
    return None if found is None else found.state
