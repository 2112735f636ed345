"""What it is worth that a decoder looks back at the frames before: flicker and PSNR of moving avatars.

    python benchmarks/flicker.py                 the decoder of the model of clips that ships, in a minute
    python benchmarks/flicker.py runs/steady     that of another model, or a run of an autoencoder
    python benchmarks/flicker.py --minutes 3     one that is trained first, from the shipped avatars' own, and kept in
                                                 runs/flicker; its clips are drawn once, in some 20 minutes

Decodes clips of drawings that were never trained on one frame after another by itself, and looking back: their own
latents, and these with noise.
"""

from __future__ import annotations

import argparse
import time

import torch
from torch import Tensor

from moving_avatars import STYLE, real_clips
from sfumato import AutoencoderRun
from sfumato.data.avatars import numbered
from sfumato.data.moving_avatars import moving_avatar
from sfumato.evaluation.clips import flicker, per_frame, small_frames
from sfumato.hub.codec import Codec
from sfumato.hub.loading import load_codec
from sfumato.training import Progress

DATA, FRAMES, COUNT = "moving-avatars:sprouts:1000", 16, 16
NOISES = (0.0, 0.1, 0.2)


def trained(minutes: float) -> Codec:
    run = AutoencoderRun.start(
        "runs/flicker", DATA, base="avatars", frames=FRAMES, minutes=minutes, batch=1, perceptual=0.0, held_out=0.0,
        previews=0, compile=False, threads=1,
    )  # fmt: skip
    began, steps = time.process_time(), 0
    for event in run.train():
        steps = event.step if isinstance(event, Progress) else steps
    print(f"{steps:,} steps in {(time.process_time() - began) / 60:.1f} minutes of the processor")
    return run.codec()


def jumps(x: Tensor) -> float:
    """The mean squared second difference of pixels over time."""
    return float(x.double().diff(n=2, dim=1).square().mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="moving-avatars")
    parser.add_argument("--minutes", type=float)
    args = parser.parse_args()
    torch.set_num_threads(1)
    codec = load_codec(args.model) if args.minutes is None else trained(args.minutes)
    if codec.net.decoder.temporal is None:
        parser.error(f"the decoder of {args.model} doesn't look back")
    number = sum(weight.numel() for weight in codec.net.decoder.temporal.parameters())
    x = real_clips([moving_avatar(STYLE, one) for one in numbered(STYLE, COUNT, held=True)], FRAMES)
    z, of = codec.encode(x), per_frame(small_frames)
    print(f"{number:,} weights look back; second differences of {COUNT} real clips: {jumps(x):.4f}")
    print(f"{'noise':>6}{'decoder':>14}{'flicker':>9}{'PSNR':>10}{'2nd differences':>17}{'of the error':>14}")
    for noise in NOISES:
        noisy = z + noise * torch.randn(z.shape, generator=torch.Generator().manual_seed(1))
        alone = codec.decode(noisy.flatten(0, 1)).unflatten(0, noisy.shape[:2])
        for name, decoded in (("one by one", alone), ("looking back", codec.decode(noisy))):
            y = decoded.clamp(-1, 1)
            decibels = 10 * float((4 / (y - x).square().mean()).log10())
            print(
                f"{noise:>6}{name:>14}{flicker(of(y), of(x)).value:>9.3f}{decibels:>7.2f} dB{jumps(y):>17.4f}"
                f"{jumps(y - x):>14.4f}"
            )


if __name__ == "__main__":
    main()
