"""The trainers that ours is measured against, each as its own library has it.

Needs: pip install diffusers accelerate einops && pip install --no-deps denoising-diffusion-pytorch ema-pytorch
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from peers import module, standing_in


class DenoisingDiffusionPytorch:
    """Its Trainer with its defaults: Adam 1e-4, an average of 0.995 every 10 steps, 1,000 levels, prediction of v."""

    def __init__(self, shape: Sequence[int], multipliers: tuple[int, ...], calls: int = 50) -> None:
        with standing_in(  # it imports torchvision and pytorch-fid for folders and scores, which aren't used here
            torchvision=module("torchvision", transforms=None, utils=None),
            torchvision__transforms=module("torchvision.transforms"),
            pytorch_fid=module("pytorch_fid"),
            pytorch_fid__fid_score=module("pytorch_fid.fid_score", calculate_frechet_distance=None),
            pytorch_fid__inception=module("pytorch_fid.inception", InceptionV3=None),
        ):
            home = importlib.import_module("denoising_diffusion_pytorch.denoising_diffusion_pytorch")
        home.Dataset = lambda *_, **__: torch.utils.data.TensorDataset(torch.zeros(100))  # batches are handed to it
        home.cpu_count = lambda: 0
        channels, side, _ = shape
        torch.manual_seed(0)
        net = home.Unet(dim=32, dim_mults=multipliers, channels=channels)
        diffusion = home.GaussianDiffusion(net, image_size=side, sampling_timesteps=calls)
        self.parameters = sum(p.numel() for p in net.parameters())
        with tempfile.TemporaryDirectory() as place:
            self.trainer = home.Trainer(
                diffusion, place, results_folder=place, calculate_fid=False, save_and_sample_every=10**9
            )

    def step(self, x: Tensor) -> None:
        """What its `train` does with a batch `x` in [−1, 1]."""
        trainer = self.trainer
        trainer.model.train()
        loss = trainer.model(x.add(1).div(2))
        loss.item()
        trainer.accelerator.backward(loss)
        trainer.accelerator.clip_grad_norm_(trainer.model.parameters(), trainer.max_grad_norm)
        trainer.opt.step()
        trainer.opt.zero_grad()
        trainer.step += 1
        trainer.ema.update()

    def sample(self, counts: Sequence[int]) -> Tensor:
        average = self.trainer.ema.ema_model.eval()
        with torch.inference_mode():
            drawn: Tensor = torch.cat([average.sample(batch_size=n) for n in counts])
        return drawn * 2 - 1


class Diffusers:
    """Its recipe for unconditional pictures (examples/unconditional_image_generation), from its own parts."""

    def __init__(self, shape: Sequence[int], widths: tuple[int, ...], calls: int = 50) -> None:
        self.home: Any = importlib.import_module("diffusers")
        training = importlib.import_module("diffusers.training_utils")
        self.shape, self.calls, self.steps = shape, calls, 0
        torch.manual_seed(0)
        self.net = self.network(widths)
        self.parameters = sum(p.numel() for p in self.net.parameters())
        self.average = training.EMAModel(
            self.net.parameters(), decay=0.9999, use_ema_warmup=True, inv_gamma=1.0, power=0.75,
        )  # fmt: skip
        self.scheduler = self.home.DDPMScheduler(num_train_timesteps=1000, beta_schedule="linear")
        self.optimizer = torch.optim.AdamW(self.net.parameters(), 1e-4, betas=(0.95, 0.999), weight_decay=1e-6)

    def network(self, widths: tuple[int, ...]) -> Any:
        channels, side, _ = self.shape
        return self.home.UNet2DModel(
            sample_size=side, in_channels=channels, out_channels=channels, layers_per_block=2,
            block_out_channels=widths, norm_num_groups=16,
            down_block_types=["DownBlock2D"] * (len(widths) - 1) + ["AttnDownBlock2D"],
            up_block_types=["AttnUpBlock2D"] + ["UpBlock2D"] * (len(widths) - 1),
        )  # fmt: skip

    def step(self, x: Tensor, spent: float = 0.0, *given: Tensor) -> None:
        """One step on a batch `x` in [−1, 1], when `spent` of the training is over: 500 warm-up steps, then cosine.

        The network also takes what is `given`.
        """
        for group in self.optimizer.param_groups:
            cosine = 0.5 * (1 + torch.cos(torch.tensor(torch.pi * min(1.0, spent))))
            group["lr"] = 1e-4 * min(1.0, (self.steps + 1) / 500) * float(cosine)
        noise = torch.randn_like(x)
        times = torch.randint(0, 1000, (len(x),))
        guess = self.net(self.scheduler.add_noise(x, noise, times), times, *given).sample
        torch.nn.functional.mse_loss(guess, noise).backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.average.step(self.net.parameters())
        self.steps += 1

    def sample(self, counts: Sequence[int]) -> Tensor:
        self.average.copy_to(self.net.parameters())
        self.net.eval()
        drawing = self.home.DDIMScheduler.from_config(self.scheduler.config)
        drawing.set_timesteps(self.calls)
        generator = torch.Generator().manual_seed(0)
        drawn = []
        with torch.inference_mode():
            for n in counts:
                x = torch.randn((n, *self.shape), generator=generator)
                for t in drawing.timesteps:
                    x = drawing.step(self.net(x, t).sample, t, x).prev_sample
                drawn.append(x)
        return torch.cat(drawn)


class DiffusersOfClips(Diffusers):
    """Its UNet3DConditionModel by the same recipe, on clips `(channels, frames, height, width)` with captions.

    In place of CLIP's, whose weights aren't here, words have vectors of their own, which are trained with the network;
    one caption in ten is left out, as in its scripts for text.
    """

    guidance = 2.0

    def __init__(self, shape: Sequence[int], widths: tuple[int, ...], captions: Sequence[str], calls: int) -> None:
        self.words = {word: number for number, word in enumerate(sorted({w for c in captions for w in c.split()}), 1)}
        self.length = max(len(caption.split()) for caption in captions)
        super().__init__(shape, widths, calls)

    def network(self, widths: tuple[int, ...]) -> Any:
        channels, _, side, _ = self.shape
        net = self.home.UNet3DConditionModel(
            sample_size=side, in_channels=channels, out_channels=channels, layers_per_block=1,
            block_out_channels=widths, norm_num_groups=16, cross_attention_dim=widths[-1], attention_head_dim=16,
            down_block_types=["DownBlock3D"] + ["CrossAttnDownBlock3D"] * (len(widths) - 1),
            up_block_types=["CrossAttnUpBlock3D"] * (len(widths) - 1) + ["UpBlock3D"],
        )  # fmt: skip
        net.add_module("words", torch.nn.Embedding(len(self.words) + 1, widths[-1]))
        return net

    def read(self, captions: Sequence[str]) -> Tensor:
        numbers = torch.zeros(len(captions), self.length, dtype=torch.int64)
        for row, caption in enumerate(captions):
            for place, word in enumerate(caption.split()):
                numbers[row, place] = self.words[word]
        vectors: Tensor = self.net.words(numbers)
        return vectors

    def learn(self, x: Tensor, captions: Sequence[str], spent: float) -> None:
        """One step on a batch of clips and their captions."""
        shown = [caption if keep else "" for caption, keep in zip(captions, torch.rand(len(x)) > 0.1, strict=True)]
        self.step(x, spent, self.read(shown))

    def draw(self, captions: Sequence[str]) -> Tensor:
        """A clip of each caption, in so many calls of DDIM under guidance."""
        self.average.copy_to(self.net.parameters())
        self.net.eval()
        drawing = self.home.DDIMScheduler.from_config(self.scheduler.config)
        drawing.set_timesteps(self.calls)
        x = torch.randn((len(captions), *self.shape), generator=torch.Generator().manual_seed(0))
        with torch.inference_mode():
            given, without = self.read(captions), self.read([""] * len(captions))
            for t in drawing.timesteps:
                told, untold = self.net(x, t, given).sample, self.net(x, t, without).sample
                x = drawing.step(untold + self.guidance * (told - untold), t, x).prev_sample
        return x
