"""The classifier of classifier guidance: it reads the class of a noisy picture, and says how sure it is.

    classifier = train_noisy_classifier(open_dataset("digits"))
    rule = classified(classifier.log_probability, scale=2.0)

Any network of the package will do, its output read by one linear layer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.data import KINDS, Dataset, order
from sfumato.diffusion import EDM, Condition, Level, NoiseDistribution, Parameterization
from sfumato.diffusion.levels import broadcast
from sfumato.diffusion.parameterizations import c_noise
from sfumato.errors import SfumatoError
from sfumato.files import replace_file
from sfumato.hub.config import config_json, read_config
from sfumato.nets import MLPConfig, NetConfig, build, unet_config
from sfumato.nets.renames import renamed
from sfumato.seeds import seeded, torch_generator
from sfumato.training.budget import Budget
from sfumato.training.loop import Loop, Turn
from sfumato.training.networks import model_for

# ln(sigma/alpha) ~ N(0, 1.5²), wider than what a denoiser is trained on: a class shows at much noise.
NOISE = NoiseDistribution("log-normal", 0.0, 1.5)
SCHEDULE = EDM()


@dataclass(frozen=True)
class NoisyClassifierConfig:
    """What is needed to build it again: `shape` of a sample, names of the `classes`, the data's standard deviation."""

    shape: tuple[int, ...]
    classes: tuple[str, ...]
    net: NetConfig
    data_std: float = 0.5


class NoisyClassifier(nn.Module):
    """`classifier(x, level) → logits` `(batch, classes)`, for `x` `(batch, *shape)` at `level`, `()` or `(batch,)`."""

    def __init__(self, config: NoisyClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.scaling = Parameterization("edm", config.data_std)
        self.net = build(config.net)
        self.head = nn.Linear(math.prod(config.shape), len(config.classes))

    def forward(self, x: Tensor, level: Level) -> Tensor:
        scaled = broadcast(self.scaling.c_in(level), x) * x
        out: Tensor = self.head(self.net(scaled, c_noise(level).to(x).expand(len(x))).flatten(1))
        return out

    def log_probability(self, x: Tensor, level: Level, cond: Condition | None) -> Tensor:
        """log p(label | x) `(batch,)` for the labels in `cond`, as `sampling.classified` asks; 0 of the null class."""
        label = None if cond is None else cond.get("label")
        if label is None:
            raise SfumatoError("classifier guidance needs to know the class; pass labels.")
        known = label < len(self.config.classes)
        each: Tensor = self(x, level).log_softmax(1).gather(1, label.where(known, 0)[:, None])[:, 0]
        return each.where(known, 0.0)


def new_noisy_classifier(config: NoisyClassifierConfig, seed: int = 0) -> NoisyClassifier:
    """One with random weights, a function of `config` and `seed`."""
    with seeded("noisy classifier weights", seed):
        return NoisyClassifier(config)


def train_noisy_classifier(
    dataset: Dataset,
    noise: NoiseDistribution = NOISE,
    net: NetConfig | None = None,
    steps: int = 1000,
    batch: int = 128,
    learning_rate: float = 2e-3,
    seed: int = 0,
) -> NoisyClassifier:
    """Train on samples of `dataset` with noise at levels drawn from `noise`; a function of its arguments.

    `net` is one without classes: by default the UNet "nano" for pictures and an MLP for points. Some 20 seconds for
    digits on one core. Raises SfumatoError for data without two classes.
    """
    if dataset.labels is None or len(dataset.classes) < 2:
        raise SfumatoError(f"a classifier needs at least two classes, and {dataset.name} has none.")
    if net is None:
        net = unet_config("nano", dataset.shape, 0) if KINDS[dataset.kind].spatial else MLPConfig(dataset.shape[0])
    config = NoisyClassifierConfig(dataset.shape, dataset.classes, net, model_for(dataset).data_std)
    classifier = new_noisy_classifier(config, seed)
    with seeded("noisy classifier dropout", seed):
        for _ in noisy_classifier_loop(classifier, dataset, noise, steps, batch, learning_rate, seed).steps():
            pass
    return classifier.eval().requires_grad_(False)


def noisy_classifier_loop(
    classifier: NoisyClassifier,
    dataset: Dataset,
    noise: NoiseDistribution,
    steps: int,
    batch: int,
    learning_rate: float,
    seed: int,
) -> Loop:
    """The training of `classifier`, in one turn: cross-entropy of the class of noisy samples."""

    def draw(step: int, images: int) -> list[tuple[Tensor, Tensor, Level]]:
        generator = torch_generator("noisy classifier noise", seed, step - 1)
        x0, labels = dataset.batch(order(len(dataset), seed, images, batch))
        assert labels is not None
        level = noise(SCHEDULE, batch, generator)
        return [(level.add_noise(x0, torch.randn(x0.shape, generator=generator)), labels, level)]

    def loss(part: tuple[Tensor, Tensor, Level], fraction: float) -> Tensor:
        noisy, labels, level = part
        return F.cross_entropy(classifier(noisy, level), labels)

    weights = tuple(classifier.parameters())
    optimizer = torch.optim.AdamW(weights, learning_rate, weight_decay=0.01)
    budget = Budget(steps * batch, None, batch, decay=1.0)
    return Loop(classifier, [Turn(weights, loss, (optimizer,), learning_rate)], draw, budget)


def save_noisy_classifier(folder: Path, classifier: NoisyClassifier) -> None:
    """Write `config.json` and `model.safetensors` into `folder`; raises SfumatoError where that can't be."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in classifier.state_dict().items()}
    replace_file(folder / "config.json", config_json(classifier=classifier.config))
    replace_file(folder / "model.safetensors", safetensors.torch.save(tensors))


def load_noisy_classifier(folder: Path, device: torch.device | str = "cpu") -> NoisyClassifier:
    """What `save_noisy_classifier` wrote; raises SfumatoError where it is missing or damaged."""
    classifier = NoisyClassifier(read_config(folder / "config.json", NoisyClassifierConfig, "classifier"))
    try:
        classifier.load_state_dict(renamed(safetensors.torch.load((folder / "model.safetensors").read_bytes())))
    except (OSError, safetensors.SafetensorError, RuntimeError) as error:
        raise SfumatoError(
            f"{folder / 'model.safetensors'} is missing or damaged, or of another config.json; train it again."
        ) from error
    return classifier.to(device).eval().requires_grad_(False)
