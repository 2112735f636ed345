"""What the serving engine gains over drawing one request after another, when clients come at random.

    OMP_NUM_THREADS=1 python benchmarks/serving.py [--quick] [digits emoji ...]

For each of the shipped models named (default: digits and emoji): one-picture requests, mixed of five samplers, 4 to 50
steps and guidance 1 to 4, arrive at random times (Poisson), five times as fast as they can be drawn one after another.
All get the same requests at the same times. The table has pictures a second, from the first arrival to the last end,
and the median, the 95th and the 99th hundredth of the seconds from a request to its picture. "diffusers" is what a
FastAPI route that calls a pipeline behind a lock does: a UNet2DModel of the same widths and blocks and diffusers' own
schedulers of the same names, one request at a time. Its weights are random, as speed alone is looked at, and HTTP and
the encoding of the picture are left out, as they are of the others. Then 10,000 jobs are cancelled, one in ten on its
way, and the resident memory before and after is told. Exits 1 where a picture differs from the one drawn alone by more
than 1e-4.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import diffusers
import psutil
import torch
from torch import Tensor

import sfumato
from sfumato.hub import Model
from sfumato.hub.request import Request
from sfumato.hub.resolving import resolve
from sfumato.serving import Engine, Job, Limits
from together import SETTINGS, conditions

LOAD = 5.0  # times what one after another could draw: more than either can, which shows how much that is
Times = tuple[float, list[float]]  # pictures a second, and the seconds that each waited


def requests(model: Model, count: int) -> list[Request]:
    rng = random.Random(0)
    asked = []
    for number in range(count):
        sampler, grid = SETTINGS[number % len(SETTINGS)]
        how = {"sampler": sampler, "grid": grid, "steps": rng.randint(4, 50)}
        guidance = float(rng.randint(1, 4))
        asked.append(model.request([number], guidance=guidance, **how, **conditions(model, range(number, number + 1))))
    return asked


def one_by_one(model: Model, asked: Sequence[Request], arrivals: Sequence[float]) -> tuple[Times, list[Tensor]]:
    pictures, ends, begun = [], [], time.perf_counter()
    for request, arrival in zip(asked, arrivals, strict=True):
        time.sleep(max(0.0, begun + arrival - time.perf_counter()))
        pictures.append(resolve(request, model).samples()[0])
        ends.append(time.perf_counter() - begun)
    return _times(arrivals, ends), pictures


SCHEDULERS: dict[str, Callable[[], Any]] = {
    "dpm++2m": lambda: diffusers.DPMSolverMultistepScheduler(),
    "ddim": lambda: diffusers.DDIMScheduler(),
    "heun": lambda: diffusers.HeunDiscreteScheduler(),
    "unipc3": lambda: diffusers.UniPCMultistepScheduler(solver_order=3),
    "ddpm": lambda: diffusers.DDPMScheduler(),
}


def behind_a_lock(model: Model, asked: Sequence[Request], arrivals: Sequence[float]) -> tuple[Times, list[Tensor]]:
    net = peer(model)
    shape, ends, begun = model.config.shape, list[float](), time.perf_counter()
    for request, arrival in zip(asked, arrivals, strict=True):
        time.sleep(max(0.0, begun + arrival - time.perf_counter()))
        how = request.sampling
        scheduler = SCHEDULERS[how.sampler]()
        scheduler.set_timesteps(how.steps)
        generator = torch.Generator().manual_seed(request.seeds[0])
        x = torch.randn(1, *shape, generator=generator) * scheduler.init_noise_sigma
        guided = how.guidance != 1
        classes = torch.tensor([0, 1] if guided else [1])
        with torch.no_grad():
            for t in scheduler.timesteps:
                rows = scheduler.scale_model_input(torch.cat([x, x]) if guided else x, t)
                answer = net(rows, t, class_labels=classes).sample
                if guided:
                    plain, conditioned = answer.chunk(2)
                    answer = plain + how.guidance * (conditioned - plain)
                x = scheduler.step(answer, t, x).prev_sample
        ends.append(time.perf_counter() - begun)
    return _times(arrivals, ends), []


def peer(model: Model) -> Any:
    """diffusers' network that is most like the model's."""
    net: Any = model.config.net
    count = len(net.widths)
    return diffusers.UNet2DModel(
        sample_size=model.config.shape[-1],
        in_channels=model.config.shape[0],
        out_channels=model.config.shape[0],
        layers_per_block=net.blocks,
        block_out_channels=tuple(net.widths),
        norm_num_groups=16,
        num_class_embeds=2,
        down_block_types=["DownBlock2D"] * (count - 1) + ["AttnDownBlock2D"],
        up_block_types=["AttnUpBlock2D"] + ["UpBlock2D"] * (count - 1),
    ).eval()


def together(model: Model, asked: Sequence[Request], arrivals: Sequence[float]) -> tuple[Times, list[Tensor]]:
    engine = Engine({"model": lambda: model}, Limits(jobs=len(asked), owner_jobs=len(asked)))
    jobs: list[Job] = []
    ends: dict[Job, float] = {}
    begun = time.perf_counter()
    while len(ends) < len(asked):
        now = time.perf_counter() - begun
        while len(jobs) < len(asked) and arrivals[len(jobs)] <= now:
            jobs.append(engine.submit("model", asked[len(jobs)], owner=str(len(jobs))))
        if not engine.jobs:
            time.sleep(max(0.0, arrivals[len(jobs)] - now))
        for job in engine.step():
            if job.ended:
                ends[job] = time.perf_counter() - begun
    return _times(arrivals, [ends[job] for job in jobs]), [job.pictures[0] for job in jobs]


def _times(arrivals: Sequence[float], ends: Sequence[float]) -> Times:
    return len(ends) / (max(ends) - arrivals[0]), [end - arrival for arrival, end in zip(arrivals, ends, strict=True)]


def row(name: str, how: str, times: Times) -> None:
    cuts = statistics.quantiles(times[1], n=100, method="inclusive")
    waits = " ".join(f"{cuts[place - 1]:>8.2f}" for place in (50, 95, 99))
    print(f"{name:>8} {how:>12} {times[0]:>12.1f} {waits}", flush=True)


def cancelled(model: Model, count: int) -> tuple[int, int]:
    """MiB of resident memory after the first tenth of so many jobs, and after all of them."""
    engine, process = Engine({"model": lambda: model}), psutil.Process()
    request, seen = model.request([0], steps=20), []
    for number in range(count):
        job = engine.submit("model", request)
        if number % 10 == 0:
            engine.step()
        engine.cancel(job)
        if number + 1 in (count // 10, count):
            seen.append(process.memory_info().rss >> 20)
    return seen[0], seen[1]


if __name__ == "__main__":
    quick, worst = "--quick" in sys.argv, 0.0
    drivers: dict[str, Callable[..., tuple[Times, list[Tensor]]]] = {
        "one by one": one_by_one,
        "together": together,
        "diffusers": behind_a_lock,
    }
    print(f"{'model':>8} {'':>12} {'pictures/s':>12} {'p50 s':>8} {'p95 s':>8} {'p99 s':>8}")
    for name in [name for name in sys.argv[1:] if not name.startswith("-")] or ["digits", "emoji"]:
        model = sfumato.load(name)
        asked = requests(model, 40 if quick else 200)
        rate = one_by_one(model, asked[:10], [0.0] * 10)[0][0]
        chance = random.Random(1)
        arrivals = list(accumulate(chance.expovariate(LOAD * rate) for _ in asked))
        drawn = {}
        for how, draw in drivers.items():
            times, drawn[how] = draw(model, asked, arrivals)
            row(name, how, times)
        theirs = sum(one.numel() for one in peer(model).parameters())
        print(f"{'':>8} {model.parameter_count:,} parameters; diffusers' {theirs:,}")
        worst = max(worst, float((torch.stack(drawn["together"]) - torch.stack(drawn["one by one"])).abs().max()))
    before, after = cancelled(sfumato.load("digits"), 10_000)
    print(f"10,000 cancelled jobs: {before} MiB after 1,000, {after} MiB after all; pictures differ by {worst:.1e}")
    sys.exit(0 if worst <= 1e-4 else 1)
