"""What a sampler costs beside the network: time per step with a network that costs nothing, diffusers in the same run.

    python benchmarks/overhead.py [--quick]

A batch of 64×3×32×32 is walked over 20 levels by our sampler and by the scheduler of diffusers of the same name, each
with all that it does between two answers of a noise-predicting network (scaling its input, turning its answer into a
clean picture, the step itself). Walks of the two are interleaved; the table gives the median time per step over the
repeats, and the median ratio with its quartiles. Then 256 requests with different samplers, step counts and seeds are
interleaved in one process and compared, bit for bit, with each run alone.
Exits 1 where our time is more than a quarter above diffusers', or where a request's picture changes. Less is out of
reach of the plainest samplers: a step costs what it reads and writes, and DDIM's is 14 batches in both, Euler's 12 and
17. Four of ours are the copies of the picture and of the answer that a reader of the walk may keep and write into.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator

import diffusers
import torch
from torch import Tensor, nn

from sfumato.diffusion import EDM, Cosine, Level, Linear, NetDenoiser, Parameterization
from sfumato.sampling import SAMPLERS, ImageNoise, Step, grid, last, sample, stepper

SHAPE, STEPS = (64, 3, 32, 32), 20
VP = {"beta_start": 1e-4, "beta_end": 0.02, "beta_schedule": "linear"}
PAIRS: dict[str, tuple[str, dict[str, object]]] = {
    "ddim": ("DDIMScheduler", {**VP, "clip_sample": False}),
    "ddpm": ("DDPMScheduler", {**VP, "clip_sample": False}),
    "euler": ("EulerDiscreteScheduler", VP),
    "euler-ancestral": ("EulerAncestralDiscreteScheduler", VP),
    "heun": ("HeunDiscreteScheduler", VP),
    "lms": ("LMSDiscreteScheduler", VP),
    "dpm++2m": ("DPMSolverMultistepScheduler", VP),
    "dpm++3m": ("DPMSolverMultistepScheduler", {**VP, "solver_order": 3}),
    "dpm++2m-sde": ("DPMSolverMultistepScheduler", {**VP, "algorithm_type": "sde-dpmsolver++"}),
    "dpm++2s": ("DPMSolverSinglestepScheduler", VP),
    "dpm-solver-2": ("KDPM2DiscreteScheduler", VP),
    "deis3": ("DEISMultistepScheduler", {**VP, "solver_order": 3}),
    "unipc2": ("UniPCMultistepScheduler", VP),
    "unipc3": ("UniPCMultistepScheduler", {**VP, "solver_order": 3}),
    "ipndm4": ("IPNDMScheduler", {}),
    "sa-solver": ("SASolverScheduler", {**VP, "tau_func": lambda t: 1.0}),
}


# These schedulers walk at the scale x0 + sigma·eps and the rest at alpha·x0 + sigma·eps with unit variance; so do we.
EXPLODING = ("EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "HeunDiscreteScheduler")
EXPLODING += ("LMSDiscreteScheduler", "KDPM2DiscreteScheduler")


class Free(nn.Module):
    """A network that costs nothing: its answer is already there."""

    def __init__(self, answer: Tensor) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        return self.answer


def ours(name: str, start: Tensor, answer: Tensor, noise: Tensor) -> float:
    """Seconds a step."""
    denoiser = NetDenoiser(Free(answer), Parameterization("eps", data_std=1.0))
    levels = grid("trailing", Linear(), STEPS)
    if PAIRS[name][0] in EXPLODING:
        levels = Level(torch.ones_like(levels.alpha), levels.ratio)
    begun = time.perf_counter()
    steps = last(sample(denoiser, levels, SAMPLERS[name].stepper, lambda: noise, start=start)).calls
    return (time.perf_counter() - begun) / steps


def theirs(name: str, start: Tensor, answer: Tensor, noise: Tensor) -> float:
    kind, options = PAIRS[name]
    scheduler = getattr(diffusers, kind)(**options)
    scheduler.set_timesteps(STEPS)
    home = sys.modules[type(scheduler).__module__]
    drawn = getattr(home, "randn_tensor", None)
    if drawn is not None:  # drawing noise is the same work for both: left out on both sides
        home.randn_tensor = lambda *args, **kwargs: noise  # type: ignore[attr-defined]
    x = start * scheduler.init_noise_sigma
    begun = time.perf_counter()
    for t in scheduler.timesteps:
        scheduler.scale_model_input(x, t)
        x = scheduler.step(answer, t, x).prev_sample
    seconds = (time.perf_counter() - begun) / len(scheduler.timesteps)
    if drawn is not None:
        home.randn_tensor = drawn  # type: ignore[attr-defined]
    return seconds


def interleaved_requests(count: int = 256) -> int:
    """How many of `count` requests end at another picture when all are stepped in turns than when run alone."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(3, 3, 3, 3, generator=generator) / 27**0.5

    def denoiser(x: Tensor, level: Level, cond: object = None) -> Tensor:
        scaled = x / float((level.alpha.mean() ** 2 + level.sigma.mean() ** 2).sqrt())
        return torch.tanh(nn.functional.conv2d(scaled, weight, padding=1))

    names = list(SAMPLERS)

    def request(i: int) -> Iterator[Step]:
        steps, path = 4 + i % 13, (EDM(), Cosine(), Linear())[i % 3]
        levels = grid(("karras", "trailing", "logsnr", "cosine")[i % 4], path, steps)
        return sample(denoiser, levels, stepper(names[i % len(names)], steps=steps), ImageNoise([i], (3, 16, 16)))

    alone = [last(request(i)).x for i in range(count)]
    streams = {i: request(i) for i in range(count)}
    ends: dict[int, Tensor] = {}
    while streams:
        for i in torch.randperm(count, generator=generator).tolist():
            if i in streams:
                step = next(streams[i], None)
                if step is None:
                    del streams[i]
                else:
                    ends[i] = step.x
    return sum(not torch.equal(a, ends[i]) for i, a in enumerate(alone))


if __name__ == "__main__":
    diffusers.utils.logging.set_verbosity_error()
    repeats = 7 if "--quick" in sys.argv else 25
    start, answer, noise = torch.randn(3, *SHAPE, generator=torch.Generator().manual_seed(0))
    print(f"{'sampler':<16} {'ours, µs':>9} {'diffusers, µs':>14} {'ratio':>6}   quartiles")
    ok = True
    for name in PAIRS:
        pairs = [(ours(name, start, answer, noise), theirs(name, start, answer, noise)) for _ in range(repeats + 2)][2:]
        ratios = sorted(a / b for a, b in pairs)
        low, middle, high = statistics.quantiles(ratios, n=4)
        good = middle <= 1.25
        ok = ok and good
        mine, other = (1e6 * statistics.median(column) for column in zip(*pairs, strict=True))
        spread = f"{low:.2f} to {high:.2f}{'' if good else '  MISSED'}"
        print(f"{name:<16} {mine:>9.0f} {other:>14.0f} {middle:>6.2f}   {spread}", flush=True)
    changed = interleaved_requests()
    print(f"256 requests interleaved: {changed} pictures differ from those drawn alone")
    sys.exit(0 if ok and changed == 0 else 1)
