"""What the serving engine gains over drawing one request after another, when clients come at random.

    OMP_NUM_THREADS=1 python benchmarks/serving.py [--count 200 | --quick] [--workers 2] [digits emoji cancelled ...]

For each of the shipped models named (default: digits and emoji): one-picture requests, mixed of five samplers, 4 to 50
steps and guidance 1 to 4, arrive at random times (Poisson), five times as fast as they can be drawn one after another.
All get the same requests at the same times. The table has pictures a second, from the first arrival to the last end,
the processor seconds that each took, which are the same on a busy machine, and the median, the 95th and the 99th
hundredth of the seconds from a request to its picture. A second table has the processor time of a row of a network call
by how many rows are in it: what batching can gain at most. "diffusers" is what a
FastAPI route that calls a pipeline behind a lock does: a UNet2DModel of the same widths and blocks and diffusers' own
schedulers of the same names, one request at a time. Its weights are random, as speed alone is looked at, and HTTP and
the encoding of the picture are left out, as they are of the others. With `--workers` a further row has several
processes of one thread. "cancelled", which is the default too, cancels 10,000 jobs, one in ten on its way, and tells of
the resident memory before and after. Exits 1 where a picture differs from the one drawn alone by more
than 1e-4.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
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
from sfumato.serving import Engine, Job, Limits, Pool
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


def behind_a_lock(model: Model, asked: Sequence[Request], arrivals: Sequence[float]) -> Times:
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
    return _times(arrivals, ends)


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
    return served(Engine({"model": lambda: model}, _limits(asked)), asked, arrivals)


def in_processes(
    name: str, count: int, asked: Sequence[Request], arrivals: Sequence[float]
) -> tuple[Times, list[Tensor]]:
    with closing(Pool({"model": partial(sfumato.load, name)}, count, _limits(asked))) as pool:
        warm = [pool.submit("model", one) for one in asked[:count]]
        while not all(job.ended for job in warm):
            pool.step()
        return served(pool, asked, arrivals)


def _limits(asked: Sequence[Request]) -> Limits:
    return Limits(jobs=len(asked), owner_jobs=len(asked))


def served(engine: Engine, asked: Sequence[Request], arrivals: Sequence[float]) -> tuple[Times, list[Tensor]]:
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


def row(name: str, how: str, times: Times, processor: float | None) -> None:
    """`processor` is the seconds of one picture, where they are known."""
    cuts = statistics.quantiles(times[1], n=100, method="inclusive")
    waits = " ".join(f"{cuts[place - 1]:>8.2f}" for place in (50, 95, 99))
    took = "" if processor is None else f"{processor:.3f}"
    print(f"{name:>8} {how:>12} {times[0]:>12.1f} {took:>12} {waits}", flush=True)


ROWS, CALLS = (1, 2, 4, 8, 16, 32), 4


def by_rows(name: str, model: Model) -> None:
    """Milliseconds of processor time that a row of a network call takes, with its part of a DDIM step: the least of
    five walks of so many rows; and a row of diffusers' network alone."""
    net, shape = peer(model), model.config.shape

    def ours(count: int) -> None:
        model.sample(range(count), sampler="ddim", steps=CALLS, guidance=1.0, **conditions(model, range(count)))

    @torch.no_grad()
    def theirs(count: int) -> None:
        for _ in range(CALLS):
            net(torch.zeros(count, *shape), 500, class_labels=torch.ones(count, dtype=torch.long))

    def took(call: Callable[[int], None], count: int) -> float:
        begun = time.process_time()
        call(count)
        return 1000 * (time.process_time() - begun) / (CALLS * count)

    for how, call in (("ours", ours), ("diffusers", theirs)):
        call(1)
        each = " ".join(f"{min(took(call, count) for _ in range(5)):>7.2f}" for count in ROWS)
        print(f"{name:>8} {how:>12} {each}", flush=True)


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


def measured(name: str, count: int, workers: int) -> float:
    """The rows of one model; how much pictures differ at most from those drawn alone."""
    model = sfumato.load(name)
    asked = requests(model, count)
    rate = one_by_one(model, asked[:10], [0.0] * 10)[0][0]
    chance = random.Random(1)
    arrivals = list(accumulate(chance.expovariate(LOAD * rate) for _ in asked))
    begun = time.process_time()
    times, alone = one_by_one(model, asked, arrivals)
    row(name, "one by one", times, (time.process_time() - begun) / count)
    several = [(f"{workers} processes", partial(in_processes, name, workers))] if workers else []
    worst = 0.0
    for how, draw in (("together", partial(together, model)), *several):
        begun = time.process_time()
        times, drawn = draw(asked, arrivals)
        row(name, how, times, (time.process_time() - begun) / count if how == "together" else None)
        worst = max(worst, float((torch.stack(drawn) - torch.stack(alone)).abs().max()))
    begun = time.process_time()
    times = behind_a_lock(model, asked, arrivals)
    row(name, "diffusers", times, (time.process_time() - begun) / count)
    theirs = sum(one.numel() for one in peer(model).parameters())
    print(f"{'':>8} {model.parameter_count:,} parameters; diffusers' {theirs:,}; pictures differ by {worst:.1e}")
    return worst


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=["digits", "emoji", "cancelled"])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--quick", action="store_const", dest="count", const=40)
    parser.add_argument("--workers", type=int, default=0)
    given = parser.parse_args()
    names = [name for name in given.names if name != "cancelled"]
    print(f"{'model':>8} {'':>12} {'pictures/s':>12} {'processor s':>12} {'p50 s':>8} {'p95 s':>8} {'p99 s':>8}")
    differences = [measured(name, given.count, given.workers) for name in names]
    print(f"{'model':>8} {'ms a row of':>12} " + " ".join(f"{count:>7}" for count in ROWS))
    for name in names:
        by_rows(name, sfumato.load(name))
    if "cancelled" in given.names:
        before, after = cancelled(sfumato.load("digits"), 10_000)
        print(f"10,000 cancelled jobs: {before} MiB after 1,000, {after} MiB after all")
    sys.exit(0 if max(differences, default=0.0) <= 1e-4 else 1)
