"""All that decides a run besides the model: its budget, what it learns from, how, on what, and what it keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sfumato.arguments import whole
from sfumato.data import Dataset, hold_out, open_dataset
from sfumato.data.clips import check_clips
from sfumato.data.columns import NONE, Columns
from sfumato.data.dataset import Progress
from sfumato.data.opening import path_of
from sfumato.diffusion import EDM, WEIGHTS, AnySchedule, NoiseDistribution
from sfumato.diffusion.objective import FrameLevels
from sfumato.diffusion.schedules import as_schedule
from sfumato.errors import SfumatoError, unknown
from sfumato.seeds import check_seed
from sfumato.training.budget import Budget
from sfumato.training.ema import gamma_of
from sfumato.training.finetuning import Origin
from sfumato.training.optimizers import BETAS, OPTIMIZERS, OptimizerName
from sfumato.training.precision import Precision

SCHEDULE, NOISE = EDM(), NoiseDistribution("log-normal", -1.2, 1.2)  # of EDM (Karras et al. 2022, table 1)
FRAME_LEVELS = FrameLevels()
Split = Literal["within classes", "over all"]


def _at_least(config: object, **least: int) -> None:
    for name, low in least.items():
        if getattr(config, name) < low:
            words = "above 0" if low == 1 else f"at least {low}"
            raise SfumatoError(f"`{name}` must be {words}, got {getattr(config, name)}.")


@dataclass(frozen=True)
class DataConfig:
    """What a run learns from, and how it is shown.

    `source` is its name, as `open_dataset` takes it; of files, `place` is where they were when the run began.
    A share `held_out` of the samples is never trained on (see held_out.py), by the rule `split`: of each class as much,
    or of all alike. `flip` shows half of the pictures mirrored: not for what has a left and a right, as letters and
    digits do. With `crop`, pictures are read so many pixels higher and wider than `size`, and another part of them is
    shown each time: not where place matters. With `stream`, they are decoded whenever they are shown, clips too (see
    data/streaming.py). The first share `low_resolution` of the budget is trained at half the pictures' height and
    width, which is four times as fast. `columns` are those of the metadata that the model is conditioned on (see
    data/columns.py). With `frames`, clips of so many are read, taken `fps` times a second (see data/clips.py); a share
    `stills` of the steps trains on single frames of clips. `fingerprint` is that of the data, which a run finds out
    itself; '' stands for one of before. To train adapters of a pipeline, pictures without a caption have the
    `instance_prompt`; half of each batch are `class_images` pictures that the pipeline itself generates of the
    `class_prompt`, where there is one (Ruiz et al. 2022, "DreamBooth", section 3.2).
    """

    source: str
    size: tuple[int, int] | None = None
    held_out: float = 0.0
    split: Split = "within classes"
    flip: bool = False
    crop: int = 0
    stream: bool = False
    columns: Columns = NONE
    low_resolution: float = 0.0
    frames: int | None = None
    fps: float | None = None
    cut_scenes: bool = False
    stills: float = 0.3
    fingerprint: str = ""
    place: str = ""
    instance_prompt: str = ""
    class_prompt: str = ""
    class_images: int = 100

    def __post_init__(self) -> None:
        whole("class_images", self.class_images, 1)
        if self.crop < 0:
            raise SfumatoError(f"crop is a number of pixels, at least 0, got {self.crop}.")
        if not 0 <= self.held_out <= 0.5:
            raise SfumatoError(f"the share that is held out lies between 0 and 0.5, got {self.held_out:g}.")
        check_clips(self.frames, self.fps)
        if not 0 <= self.stills <= 1:
            raise SfumatoError(f"the share of steps on `stills` lies between 0 and 1, got {self.stills:g}.")
        if not 0 <= self.low_resolution < 1:
            raise SfumatoError(
                f"the share that is trained at half size lies between 0 and 1, got {self.low_resolution:g}."
            )


STUDENTS = ("consistency", "drifting", "walked")  # the settings that each train one


@dataclass(frozen=True)
class ObjectiveConfig:
    """Which noise levels are trained, and what errors count there.

    `schedule` and `noise` say which levels (see NoiseDistribution), `weight` what they count (see WEIGHTS), or with
    `uncertainty` what is learnt along. `coupling` hands each sample of a batch, within its class, noise that lies near
    it (see coupling.py). Frames of clips have levels as `frame_levels` say. `condition_dropout` is how often the class
    is dropped, how often the caption, and each other condition, for guidance. With `consistency`, the network learns
    the ends of walks in the place of means, from answers at two levels of such `closeness`, which grows to that from
    `closeness_from`, and those of walks at the weight `guidance` of the model that it starts from (see
    diffusion/consistency.py). Of a range of weights, one is drawn for each sample, and the network is told it. With
    `drifting` it learns to answer noise alone with samples, from the data (see diffusion/drifting.py). With `walked` it
    learns where walks of so many steps end, of the model that it starts from, at the weight `guidance` (see
    diffusion/ends.py). `prior_weight` is what errors of class pictures count beside those of others.
    """

    schedule: AnySchedule = SCHEDULE
    noise: NoiseDistribution = NOISE
    weight: str = "edm"
    uncertainty: bool = False
    coupling: bool = False
    frame_levels: FrameLevels = FRAME_LEVELS
    condition_dropout: float = 0.1
    consistency: bool = False
    closeness: float = 16.0
    closeness_from: float | None = None
    guidance: float | tuple[float, float] = 1.0
    drifting: bool = False
    walked: int = 0
    prior_weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedule", as_schedule(self.schedule))
        if isinstance(self.noise, str):
            object.__setattr__(self, "noise", NoiseDistribution(self.noise))
        whole("walked", self.walked, 0)
        if self.weight not in WEIGHTS:
            raise unknown("loss weight", self.weight, WEIGHTS)
        if not 0 <= self.condition_dropout <= 1:
            raise SfumatoError(
                f"the share of conditions that is dropped lies between 0 and 1, got {self.condition_dropout:g}."
            )
        for closeness in (self.closeness, self.closeness if self.closeness_from is None else self.closeness_from):
            if not 1 < closeness < math.inf:
                raise SfumatoError(f"the closeness of two levels is above 1, got {closeness:g}; 16 is usual.")
        if not 0 <= self.prior_weight < math.inf:
            raise SfumatoError(f"`prior_weight` is a finite number from 0, got {self.prior_weight:g}; 1 is usual.")
        low, high = self.guidance if isinstance(self.guidance, tuple) else (self.guidance, self.guidance)
        for weight in (low, high):
            if not 0 <= weight < math.inf:
                raise SfumatoError(f"guidance is a finite number from 0, got {weight:g}; 1 is plainly conditional.")
        if isinstance(self.guidance, tuple) and not low < high:
            raise SfumatoError(f"a range of guidance is two weights, the smaller first, not {low:g} and {high:g}.")
        if self.student and self.uncertainty:
            name = next(name for name in STUDENTS if getattr(self, name))
            raise SfumatoError(f"`uncertainty` weighs errors of means, and `{name}` has none; leave one of them out.")
        if len(ways := [name for name in STUDENTS if getattr(self, name)]) > 1:
            raise SfumatoError(f"`{ways[0]}` and `{ways[1]}` are two ways to train a student; leave one of them out.")

    @property
    def student(self) -> bool:
        """Whether the network learns to answer with samples, in the place of means."""
        return any(getattr(self, name) for name in STUDENTS)

    @property
    def visited(self) -> bool:
        """Whether the levels that the model's own walk visits are trained, and no others."""
        return self.drifting or self.walked > 0

    @property
    def taught(self) -> bool:
        """Whether the model that training starts from is asked as well, as it was."""
        return self.guidance != 1 or self.walked > 0


@dataclass(frozen=True)
class ReconstructionConfig:
    """What an autoencoder is trained to, beside pixels whose distance is the loss itself; 0 leaves a part out.

    `perceptual` weighs how different pictures look (see perceptual.py), `adversarial` a critic, whose gradient is
    brought to the length of the others' first, from the share `critic_from` of the budget on. `latent_noise` of up to
    that share of each channel's standard deviation is added to latents. A share `equivariance` of the batches has its
    latents scaled down and turned, and is to be decoded to the pictures scaled and turned; a quarter of the others has
    its pictures scaled alone (Kouzelis et al. 2025, EQ-VAE).
    """

    perceptual: float = 1.0
    adversarial: float = 0.5
    critic_from: float = 0.7
    latent_noise: float = 0.2
    equivariance: float = 0.0  # at 0.5 models in the latents did worse (benchmarks/latent.py --ablate)

    def __post_init__(self) -> None:
        for name, most in (("perceptual", 1e3), ("adversarial", 1e3), ("latent_noise", 10.0), ("equivariance", 1.0)):
            if not 0 <= getattr(self, name) <= most:
                words = name.replace("_", " ")
                raise SfumatoError(f"{words} lies between 0 and {most:g}, got {getattr(self, name):g}.")
        if not 0 <= self.critic_from <= 1:
            raise SfumatoError(f"a critic is trained from a share of the budget on, 0 to 1, got {self.critic_from:g}.")


@dataclass(frozen=True)
class OptimizerConfig:
    """How the weights move.

    `name` is one in OPTIMIZERS, and a `learning_rate` of 0 stands for the one that suits it. `warmup` and `decay` are
    shares of the budget in which the rate rises and falls. `betas` are AdamW's, `clip` is the largest norm of the
    gradient. `ema_widths` are the relative widths of the averages that are kept (see ema.py), the last the one that
    generates; with `ema_decay`, of a step, or `ema_half_life`, in images, an exponential average generates, and is kept
    instead of them, or with `ema_beside` beside them.
    """

    name: OptimizerName = "muon"
    learning_rate: float = 0.0
    warmup: float = 0.03
    decay: float = 0.35
    weight_decay: float = 0.01
    betas: tuple[float, float] = BETAS
    clip: float = 1.0
    ema_widths: tuple[float, ...] = (0.05, 0.10)
    ema_decay: float | None = None
    ema_half_life: float | None = None
    ema_beside: bool = False

    def __post_init__(self) -> None:
        if self.name not in OPTIMIZERS:
            raise unknown("optimizer", self.name, OPTIMIZERS)
        if self.learning_rate == 0:
            object.__setattr__(self, "learning_rate", OPTIMIZERS[self.name])
        if not self.learning_rate > 0:
            raise SfumatoError(f"learning rate must be above 0, got {self.learning_rate}.")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise SfumatoError(f"betas of AdamW lie from 0 to below 1, got {self.betas}.")
        if self.ema_decay is not None and not 0 <= self.ema_decay < 1:
            raise SfumatoError(f"the decay of an average lies from 0 to below 1, got {self.ema_decay:g}.")
        if self.ema_half_life is not None and not self.ema_half_life > 0:
            raise SfumatoError(f"the half-life of an average is above 0 images, got {self.ema_half_life:g}.")
        if self.ema_decay is not None and self.ema_half_life is not None:
            raise SfumatoError("ema_decay and ema_half_life both say how fast an average forgets; give one of them.")
        if not self.ema_widths:
            raise SfumatoError("a run keeps at least one average of the weights; give a width such as 0.1.")
        for width in self.ema_widths:
            gamma_of(width)

    @property
    def exponential(self) -> bool:
        """Whether an exponential average is kept, which then is the last and generates."""
        return self.ema_decay is not None or self.ema_half_life is not None

    @property
    def widths(self) -> tuple[float, ...]:
        """Of the averages by power functions that are kept."""
        return self.ema_widths if self.ema_beside or not self.exponential else ()

    @property
    def averages(self) -> int:
        """How many are kept."""
        return len(self.widths) + self.exponential


@dataclass(frozen=True)
class MachineConfig:
    """What changes how fast a run is, and nothing of what it learns but rounding.

    `compile` has PyTorch compile the network, which takes a minute or two and makes steps faster. Each process takes
    its share of a batch in `accumulate` slices, one after the other, which needs less memory, and so does
    `gradient_checkpointing`: blocks are computed again in the backward pass (Chen et al. 2016). With `shard`, several
    processes share the weights out among them (see sharding.py). PyTorch takes so many `threads`; 0 stands for its own
    choice.
    """

    precision: Precision = "fp32"
    compile: bool = False
    accumulate: int = 1
    shard: bool = False
    threads: int = 0
    gradient_checkpointing: bool = False

    def __post_init__(self) -> None:
        _at_least(self, accumulate=1, threads=0)
        if self.shard and self.compile:
            raise SfumatoError("a network whose weights are shared out isn't compiled; leave out `shard` or `compile`.")


@dataclass(frozen=True)
class KeepingConfig:
    """What a run leaves behind.

    So many `previews` are generated, the last at the end, in at most `preview_calls` calls, and with each of them as
    many samples as `evaluated` are measured of those held out (see looks.py). So many `checkpoints` are kept, one
    saved every `save_minutes`.
    """

    previews: int = 12
    preview_calls: int = 20
    evaluated: int = 64
    save_minutes: float = 2.0
    checkpoints: int = 2

    def __post_init__(self) -> None:
        _at_least(self, previews=0, preview_calls=1, evaluated=0, checkpoints=1)


@dataclass(frozen=True, init=False)
class TrainingConfig:
    """All that decides a run besides the model: `TrainingConfig("digits", minutes=1, batch=64, weight="min-snr")`.

    The budget is `images` seen or `minutes` of wall clock, whichever ends first, in steps of `batch` images. With
    `lora`, adapters of that rank are trained and nothing else. `origin` is what a fine-tuned model came from (see
    finetuning.py). The rest is in groups, whose fields may be given by their own names: `weight` is `objective.weight`.
    A word stands for the first field of a group, or for a schedule of SCHEDULES.
    """

    data: DataConfig
    images: int | None = None
    minutes: float | None = None
    batch: int = 128
    seed: int = 0
    lora: int | None = None
    origin: Origin | None = None
    objective: ObjectiveConfig = ObjectiveConfig()
    reconstruction: ReconstructionConfig = ReconstructionConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    machine: MachineConfig = MachineConfig()
    keeping: KeepingConfig = KeepingConfig()

    def __init__(self, data: str | DataConfig, **settings: Any) -> None:
        made: dict[str, Any] = {one.name: one.default for one in fields(self)}
        given: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
        for name, value in {"data": data, **settings}.items():
            whole = name in GROUPS and isinstance(value, GROUPS[name])
            group, _, own = (name if whole else PATHS.get(name, name)).partition(".")
            if group not in made:
                raise unknown_setting(name)
            if own:
                given[group][own] = value
            else:
                made[name] = value
        for group, kind in GROUPS.items():
            whole = isinstance(settings.get(group, data if group == "data" else None), kind)
            made[group] = replace(made[group], **given[group]) if whole else kind(**given[group])
        for name, value in made.items():
            object.__setattr__(self, name, value)
        self.__post_init__()

    def __post_init__(self) -> None:
        if self.images is None and self.minutes is None:
            raise SfumatoError("training needs an end: give a budget in `images` or `minutes`.")
        for name in ("images", "minutes", "batch"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise SfumatoError(f"{name} must be above 0, got {value}.")
        if self.machine.shard and self.lora is not None:
            raise SfumatoError("adapters are trained beside whole weights; leave out either `shard` or `lora`.")
        check_seed(self.seed)

    @property
    def budget(self) -> Budget:
        """How long training goes on, and the course of the learning rate."""
        return Budget(self.images, self.minutes, self.batch, self.optimizer.warmup, self.optimizer.decay)


GROUPS: dict[str, type[Any]] = {
    "data": DataConfig,
    "objective": ObjectiveConfig,
    "reconstruction": ReconstructionConfig,
    "optimizer": OptimizerConfig,
    "machine": MachineConfig,
    "keeping": KeepingConfig,
}
# Where a field is that is given by its own name: {"weight": "objective.weight", …}; a word for a group is its first.
PATHS = {one.name: f"{group}.{one.name}" for group, kind in GROUPS.items() for one in fields(kind)} | {
    "data": "data.source", "optimizer": "optimizer.name"
}  # fmt: skip


def changed(config: TrainingConfig, **settings: Any) -> TrainingConfig:
    """`config` with other `settings`, by the names that TrainingConfig takes; raises SfumatoError for unknown ones."""
    kept = {one.name: getattr(config, one.name) for one in fields(config)}
    inner: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    for name, value in settings.items():
        group, _, own = PATHS.get(name, name).partition(".")
        if own and not isinstance(value, GROUPS[group]):
            inner[group][own] = value
        else:
            kept[name] = value
    return TrainingConfig(**kept | {group: replace(kept[group], **own) for group, own in inner.items() if own})


def value_of(config: TrainingConfig, name: str) -> Any:
    """What `config` has under a name that TrainingConfig takes."""
    value: Any = config
    for part in PATHS.get(name, name).split("."):
        value = getattr(value, part)
    return value


ELSEWHERE = {  # what other programs call a setting
    "lr": "learning_rate", "epochs": "images", "num_train_epochs": "images", "batch_size": "batch",
    "train_batch_size": "batch", "resolution": "size", "image_size": "size", "num_epochs": "images",
}  # fmt: skip


def unknown_setting(name: str) -> SfumatoError:
    """The error for a name that no setting of training has: it suggests the closest one."""
    paths = {one.name: one.name for one in fields(TrainingConfig) if one.name not in GROUPS} | PATHS
    own = name.rpartition(".")[2]
    close = [ELSEWHERE[own]] if own in ELSEWHERE else get_close_matches(own, paths, n=1, cutoff=0.5)
    hint = f"did you mean '{paths[close[0]]}'?" if close else f"they are in {', '.join(GROUPS)}."
    return SfumatoError(f"there is no setting of training called '{name}': {hint}")


def left_out_by(config: TrainingConfig, dataset: Dataset) -> NDArray[np.int64]:
    """The samples of `dataset`, sorted, that a run with this `config` isn't trained on."""
    return hold_out(
        len(dataset), config.data.held_out, dataset.labels if config.data.split == "within classes" else None
    )


def unlearnt(dataset: Dataset, held: NDArray[np.int64]) -> list[str]:
    """The classes of `dataset` of which nothing is trained on where the samples `held` aren't."""
    if dataset.labels is None:
        return []
    count = len(dataset.classes)
    there, out = (np.bincount(some, minlength=count) for some in (dataset.labels, dataset.labels[held]))
    return [name for name, number, held_out in zip(dataset.classes, there, out, strict=True) if number == held_out > 0]


def open_data(config: TrainingConfig, progress: Progress | None = None) -> Dataset:
    """The data that a run with this `config` is trained on; `progress(done, total)` is called as files are read."""
    data = config.data
    place = data.place if data.place and path_of(data.place).exists() else data.source
    found = open_dataset(
        place,
        data.size,
        progress=progress,
        columns=data.columns,
        crop=data.crop,
        stream=data.stream,
        frames=data.frames,
        fps=data.fps,
        cut_scenes=data.cut_scenes,
    )
    own = data.source if data.source.startswith("hf:") else path_of(data.source).as_posix()
    return replace(found, name=own) if data.place else found
