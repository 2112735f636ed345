"""All that decides a run besides the model: its budget, what it learns from, how, and what it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sfumato.data import Dataset, hold_out, open_dataset
from sfumato.data.columns import NONE, Columns
from sfumato.data.dataset import Progress
from sfumato.errors import SfumatoError, unknown
from sfumato.seeds import check_seed
from sfumato.training.budget import Budget
from sfumato.training.ema import gamma_of
from sfumato.training.finetuning import Origin
from sfumato.training.optimizers import OPTIMIZERS, OptimizerName
from sfumato.training.precision import Precision

Split = Literal["within classes", "over all"]


@dataclass(frozen=True)
class TrainingConfig:
    """All that decides a run besides the model.

    The budget is `images` seen or `minutes` of wall clock, whichever ends first. `warmup` and `decay` are shares of
    it. A share `held_out` of the samples is never trained on (see held_out.py), by the rule `split`: of each class
    as much, or of all alike, as runs did that don't say. `flip` shows half of the pictures mirrored: not for what
    has a left and a right, as letters and digits do. With `crop`, pictures are read so many pixels higher and wider
    than `size`, and another part of them is shown each time: not where place matters. With `stream`, they are
    decoded whenever they are shown (see data/streaming.py). `law`, `law_mean`, `law_std`, `law_tail`, `schedule`
    say which noise levels are trained and `weight` what they count (see NoiseDistribution and WEIGHTS). `coupling`
    hands each sample of a batch, within its class, noise that lies near it (see coupling.py). The first share
    `coarse` of the budget is trained at half the pictures' height and width, which is four times as fast. `columns`
    are those of the data's metadata that the model is told (see data/columns.py). `condition_dropout` is how often
    the class is hidden, how often the caption, and each other condition, for guidance; `ema_widths` are the
    relative widths of the averages that are kept (see ema.py), the last the one that draws. `optimizer` is a name
    in OPTIMIZERS, and a `learning_rate` of 0 stands for the one that suits it; `compile` has PyTorch compile the
    network, which takes a minute or two and makes steps faster. So many `previews` are drawn, the last at the end,
    in at most `preview_calls` calls, and with each of them as many samples as `evaluated` are measured of those
    held out (see looks.py). PyTorch takes so many `threads`; 0 stands for its own choice. `keep` checkpoints are
    kept, one saved every `save_minutes`. Each process takes its share of a batch in `accumulate` slices, one after
    the other, which needs less memory and changes nothing but rounding. With `shard`, several processes share the
    weights out among them (see sharding.py). With `lora`, adapters of that rank are trained and nothing else.
    `origin` is what a fine-tuned model came from (see finetuning.py). `fingerprint` is that of the data, which a
    run finds out itself; '' stands for one of before.
    """

    data: str
    size: tuple[int, int] | None = None
    held_out: float = 0.0
    split: Split = "within classes"
    flip: bool = False
    crop: int = 0
    stream: bool = False
    images: int | None = None
    minutes: float | None = None
    batch: int = 128
    accumulate: int = 1
    learning_rate: float = 0.0
    warmup: float = 0.03
    decay: float = 0.35
    weight_decay: float = 0.01
    optimizer: OptimizerName = "muon"
    clip: float = 1.0
    ema_widths: tuple[float, ...] = (0.05, 0.10)
    condition_dropout: float = 0.1
    schedule: str = "edm"
    law: str = "log-normal"
    law_mean: float = -1.2
    law_std: float = 1.2
    law_tail: float = 0.0
    weight: str = "edm"
    columns: Columns = NONE
    coupling: bool = False
    coarse: float = 0.0
    uncertainty: bool = False
    seed: int = 0
    precision: Precision = "fp32"
    compile: bool = False
    previews: int = 12
    preview_calls: int = 20
    evaluated: int = 64
    threads: int = 0
    save_minutes: float = 2.0
    keep: int = 2
    shard: bool = False
    lora: int | None = None
    origin: Origin | None = None
    fingerprint: str = ""

    def __post_init__(self) -> None:
        if self.images is None and self.minutes is None:
            raise SfumatoError("training needs an end: give a budget in --images or --minutes.")
        if self.crop < 0:
            raise SfumatoError(f"--crop is a number of pixels, at least 0, got {self.crop}.")
        if self.optimizer not in OPTIMIZERS:
            raise unknown("optimizer", self.optimizer, OPTIMIZERS)
        if self.learning_rate == 0:
            object.__setattr__(self, "learning_rate", OPTIMIZERS[self.optimizer])
        for name in ("images", "minutes", "batch", "accumulate", "learning_rate", "keep"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise SfumatoError(f"{name.replace('_', ' ')} must be above 0, got {value}.")
        for name, least in (("previews", 0), ("preview_calls", 1), ("evaluated", 0), ("threads", 0)):
            if getattr(self, name) < least:
                raise SfumatoError(f"{name.replace('_', ' ')} must be at least {least}, got {getattr(self, name)}.")
        if not 0 <= self.held_out <= 0.5:
            raise SfumatoError(f"the share that is held out lies between 0 and 0.5, got {self.held_out:g}.")
        if not 0 <= self.coarse < 1:
            raise SfumatoError(f"the share that is trained at half size lies between 0 and 1, got {self.coarse:g}.")
        if not self.ema_widths:
            raise SfumatoError("a run keeps at least one average of the weights; give a width such as 0.1.")
        for width in self.ema_widths:
            gamma_of(width)
        if self.shard and self.lora is not None:
            raise SfumatoError("adapters are trained beside whole weights; leave out either --shard or --lora.")
        if self.shard and self.compile:
            raise SfumatoError("a network whose weights are shared out isn't compiled; leave out --shard or --compile.")
        check_seed(self.seed)

    @property
    def budget(self) -> Budget:
        """How long training goes on, and the course of the learning rate."""
        return Budget(self.images, self.minutes, self.batch, self.warmup, self.decay)


def left_out_by(config: TrainingConfig, dataset: Dataset) -> NDArray[np.int64]:
    """The samples of `dataset`, sorted, that a run with this `config` isn't trained on."""
    return hold_out(len(dataset), config.held_out, dataset.labels if config.split == "within classes" else None)


def unlearnt(dataset: Dataset, held: NDArray[np.int64]) -> list[str]:
    """The classes of `dataset` of which nothing is trained on where the samples `held` aren't."""
    if dataset.labels is None:
        return []
    count = len(dataset.classes)
    rest = np.bincount(dataset.labels, minlength=count) - np.bincount(dataset.labels[held], minlength=count)
    return [name for name, left in zip(dataset.classes, rest, strict=True) if not left]


def open_data(config: TrainingConfig, progress: Progress | None = None) -> Dataset:
    """The data that a run with this `config` is trained on; `progress(done, total)` is called as files are read."""
    return open_dataset(
        config.data, config.size, progress=progress, columns=config.columns, crop=config.crop, stream=config.stream
    )
