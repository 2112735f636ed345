"""What it is worth that a decoder looks back at the frames before: flicker and PSNR of moving avatars.

    python benchmarks/flicker.py [MINUTES]     of the processor [default: 3]; the set is drawn once, in some 20 minutes

Trains the temporal layers of the shipped avatars' autoencoder on windows of 8 frames of 64×64 pixels out of clips, and
decodes clips that it was not trained on both ways: their own latents, and these with noise.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from sfumato.data import Dataset, open_dataset
from sfumato.evaluation.clips import per_frame, small_frames
from sfumato.hub.codec import Codec
from sfumato.hub.loading import load_codec
from sfumato.nets.autoencoder import Autoencoder

DATA, SIDE, FRAMES = "moving-avatars:sprouts:1000", 128, 16
LEARNT, SEEN = 880, slice(900, 904)  # clips that are trained on, and those that are decoded
WINDOW, CROP, FACTOR = 8, 64, 8  # frames, pixels
RATE, WARMUP, LEAST = 2e-3, 10, 0.05  # of learning; steps; the share of the rate at the end


def trained(codec: Codec, data: Dataset, minutes: float) -> Codec:
    """A codec of the same latents whose decoder has been trained to look back for so many minutes of the processor."""
    net = Autoencoder(replace(codec.config.net, temporal=True))
    net.load_state_dict(codec.net.state_dict(), strict=False)
    net.requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    assert net.decoder.temporal is not None
    weights = list(net.decoder.temporal.requires_grad_(True).parameters())
    optimizer = torch.optim.AdamW(weights, RATE, betas=(0.9, 0.99), weight_decay=0.0)
    rng, step, began = np.random.default_rng(0), 0, time.process_time()
    while (share := (time.process_time() - began) / (60 * minutes)) < 1:
        whole, _ = data.batch(rng.integers(0, LEARNT, 1))
        first = rng.integers(0, FRAMES - WINDOW + 1)
        top, left = rng.integers(0, SIDE - CROP + 1, 2) // FACTOR * FACTOR
        x = whole[0, first : first + WINDOW, :, top : top + CROP, left : left + CROP]
        with torch.no_grad():
            z = net.encode(x)
            z = z + 0.2 * rng.random() * torch.randn(z.shape)
        error = net.decode(z, frames=WINDOW) - x
        loss = error.abs().mean() + error.diff(dim=0).abs().mean()
        optimizer.param_groups[0]["lr"] = RATE * min(1, step / WARMUP) * max(LEAST, 1 - share)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
    number = sum(weight.numel() for weight in weights)
    print(f"{number:,} weights trained for {step:,} steps in {minutes:g} minutes of the processor")
    return Codec(replace(codec.config, net=net.config), net)


def jumps(x: Tensor) -> float:
    """The mean squared second difference over time, of which flicker is made (evaluation/clips.py)."""
    return float(x.double().diff(n=2, dim=1).square().mean())


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    codec, data = load_codec("avatars"), open_dataset(DATA, (SIDE, SIDE), frames=FRAMES)
    x, _ = data.batch(np.arange(SEEN.start, SEEN.stop))
    z, of = codec.encode(x), per_frame(small_frames)
    looking = trained(codec, data, float(sys.argv[1]) if len(sys.argv) > 1 else 3.0)
    print(f"second differences of real clips: {jumps(x):.4f}")
    print(f"{'noise':>6}{'decoder':>14}{'flicker':>9}{'PSNR':>10}{'2nd differences':>17}{'of the error':>14}")
    for noise in (0.0, 0.1, 0.2):
        noisy = z + noise * torch.randn(z.shape, generator=torch.Generator().manual_seed(1))
        for name, one in (("one by one", codec), ("looking back", looking)):
            y = one.decode(noisy).clamp(-1, 1)
            flicker = abs(math.log(jumps(of(y)) / jumps(of(x))))
            decibels = 10 * math.log10(4 / float((y - x).square().mean()))
            print(f"{noise:>6}{name:>14}{flicker:>9.3f}{decibels:>7.2f} dB{jumps(y):>17.4f}{jumps(y - x):>14.4f}")


if __name__ == "__main__":
    main()
