"""The training of a decoder's temporal layers on clips, and of nothing else: latents stay what they were.

The loss is that of the autoencoder, with what is missed of the changes from a frame to the next added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from sfumato.data import KINDS, Dataset, around, order
from sfumato.errors import SfumatoError
from sfumato.hub.codec import FILE, Codec, rounded, save_codec
from sfumato.hub.config import CodecConfig
from sfumato.nets.kl import build_autoencoder
from sfumato.seeds import torch_generator
from sfumato.training.autoencoding import AutoencoderTrainer, Reconstructed, Reconstruction
from sfumato.training.run_loop import Write
from sfumato.training.state import Files


class DecoderTrainer(AutoencoderTrainer):
    """Trains the temporal layers of `codec` on the clips of `dataset`; the other weights stay those of `start`."""

    def _trained(self, net: Reconstruction) -> list[nn.Parameter]:
        net.autoencoder.requires_grad_(False)
        layers = net.autoencoder.decoder.temporal
        assert layers is not None
        return list(layers.requires_grad_(True).parameters())

    def _draw(self, step: int, images: int) -> list[Reconstructed]:
        """As of pictures, whole clips with noise on their latents: each frame has its own, each clip its strength."""
        config, (frames, *_), shape = self.config, self.dataset.shape, self.codec.shape
        indices = around(self.held, order(len(self.dataset) - len(self.held), config.seed, images, config.batch))
        generator = torch_generator("latent noise", config.seed, step)
        strength = config.reconstruction.latent_noise * torch.rand(config.batch, 1, 1, 1, 1, generator=generator)
        noise = strength * torch.randn(config.batch, frames, *shape, generator=generator)
        return [
            Reconstructed(self.dataset.batch(indices[rows])[0], noise[rows], (shape[1], shape[2]))
            for rows in self._shares
        ]

    def _decoded(self, part: Reconstructed) -> tuple[Tensor, Tensor]:
        net, frames = self.reconstruction.autoencoder, part.x.shape[1]
        x = part.x.flatten(0, 1).to(self.device, non_blocking=True).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            z = net.encode(x)
            spread = z.float().var((0, 2, 3), keepdim=True, correction=0).add(1e-12).sqrt()
            z = z + spread * part.noise.flatten(0, 1).to(z.device)
        return x, net.decode(z, x.shape[-2:], frames).float()

    def _compared(self, number: int) -> slice:
        return slice(-number, None)  # the first frames are as of a picture, whatever is learnt

    def _missed(self, x: Tensor, y: Tensor) -> Tensor:
        """Of frames and of their changes."""
        error = (x - y).unflatten(0, (-1, self.dataset.shape[0]))
        missed: Tensor = error.abs().mean() + error.diff(dim=1).abs().mean()
        return missed

    def beside(self, folder: Path, files: Files) -> Iterator[Write]:
        def write() -> CodecConfig:
            net = build_autoencoder(self.codec.net)
            net.load_state_dict(self.average.state_dict())
            return save_codec(folder, rounded(Codec(self.codec, net)))

        yield FILE, write


def trainer_of(codec: CodecConfig) -> type[AutoencoderTrainer]:
    """What trains the autoencoder of `codec`: all of it, or the temporal layers of its decoder."""
    return DecoderTrainer if codec.net.temporal else AutoencoderTrainer


def check_start(start: Codec, dataset: Dataset) -> None:
    """Raises SfumatoError where the decoder of `start` can't be trained on the clips of `dataset`."""
    if dataset.kind != "clips" or dataset.shape[0] < 2:
        raise SfumatoError(
            f"{dataset.name} are {KINDS[dataset.kind].described(dataset.shape)}, and of an autoencoder that there is "
            "only a decoder that looks back at the frames before is trained further: give clips, with `frames` of 2 or "
            "more."
        )
    if not hasattr(start.net, "decoder"):
        raise SfumatoError("an autoencoder of diffusers decodes frames as pictures; train one of ours.")


def tuned_config(start: Codec) -> CodecConfig:
    """The codec of `start` with a decoder that looks back; its latents are the same."""
    return replace(start.config, net=replace(start.config.net, temporal=True), weights="", encodes=start.config.latents)
