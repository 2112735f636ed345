"""What it gains to ask for rows together: guidance in one network call or two, and many requests in flight.

    python benchmarks/together.py [--quick] [digits emoji ...]

For each of the shipped models named (default: digits and emoji): seconds of a guided walk of 16 pictures, of 10 steps,
whose conditional and unconditional rows are one network call of 32 rows, beside two of 16; walks of the two are
interleaved, and the table gives the medians and the median ratio with its quartiles. Then pictures a second with 1, 4,
16 and 64 requests of one picture each in flight, their samplers, step counts, grids, guidance and seeds all different:
drawn one after another, and advanced together. Exits 1 where a picture drawn among others differs from the one drawn
alone by more than 1e-4.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

import sfumato
from sfumato.hub import Model, SamplingConfig
from sfumato.sampling import Step, advance, drive, last
from sfumato.sampling.calls import Guided

BATCH, STEPS, IN_FLIGHT = 16, 10, (1, 4, 16, 64)
SETTINGS = [("dpm++2m", "trailing"), ("ddim", "karras"), ("heun", "logsnr"), ("unipc3", "cosine"), ("ddpm", "trailing")]


def conditions(model: Model, numbers: range) -> dict[str, Any]:
    """What to draw: classes in turn, or prompts."""
    if model.config.classes:
        return {"labels": [number % len(model.config.classes) for number in numbers]}
    words = ["red heart", "purple heart", "cat face", "grinning face", "green apple"]
    return {"prompts": [words[number % len(words)] for number in numbers]}


def guided_walk(model: Model, max_rows: int) -> float:
    """Seconds."""
    settings = SamplingConfig("dpm++2m", STEPS, "trailing", model.config.sampling.schedule, 2.0)
    walk = model.walk(range(BATCH), sampling=settings, **conditions(model, range(BATCH)))
    begun = time.perf_counter()
    last(drive(walk, model.denoiser, model.null(), max_rows))
    return time.perf_counter() - begun


def request(model: Model, number: int) -> Guided:
    sampler, grid = SETTINGS[number % len(SETTINGS)]
    guidance = (1.0, 2.0, 3.0)[number % 3]
    settings = SamplingConfig(sampler, 6 + number % 7, grid, model.config.sampling.schedule, guidance)
    return model.walk([number], sampling=settings, **conditions(model, range(number, number + 1)))


def many(model: Model, in_flight: int, count: int) -> tuple[float, float, float]:
    """Pictures a second one after another and together, and by how much their pictures differ at most."""
    begun = time.perf_counter()
    alone = [last(drive(request(model, number), model.denoiser, model.null())).x for number in range(count)]
    one_by_one = count / (time.perf_counter() - begun)
    waiting = list(range(count))
    walks: dict[int, Guided] = {}
    ends: dict[int, Step] = {}

    def come() -> None:
        number = waiting.pop(0)
        walks[number] = request(model, number)

    begun = time.perf_counter()
    while waiting or walks:
        while waiting and len(walks) < in_flight:
            come()
        for number, step in advance(walks, model.denoiser, model.null(), max_rows=128):
            assert isinstance(step, Step), step
            ends[number] = step
            if waiting and step.index == step.total and len(walks) <= in_flight:
                come()
    together = count / (time.perf_counter() - begun)
    apart = max(float((ends[number].x - x).abs().max()) for number, x in enumerate(alone))
    return one_by_one, together, apart


def guidance_line(name: str, model: Model, repeats: int) -> str:
    pairs = [(guided_walk(model, 2 * BATCH), guided_walk(model, BATCH)) for _ in range(repeats + 1)][1:]
    one, two = (statistics.median(column) for column in zip(*pairs, strict=True))
    low, middle, high = statistics.quantiles([a / b for a, b in pairs], n=4)
    ratio = f"ratio {middle:.2f} ({low:.2f} to {high:.2f})"
    walk = f"{name}: {BATCH} guided pictures of {STEPS} steps"
    return f"{walk}: one call of {2 * BATCH} rows {one:.3f} s, two calls of {BATCH} {two:.3f} s, {ratio}"


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    worst = 0.0
    for name in [name for name in sys.argv[1:] if not name.startswith("-")] or ["digits", "emoji"]:
        model = sfumato.load(name)
        print(guidance_line(name, model, repeats=3 if quick else 15), flush=True)
        print(f"{'in flight':>9} {'one by one, pictures/s':>23} {'together, pictures/s':>21} {'gain':>5}  differ by")
        for in_flight in IN_FLIGHT:
            one_by_one, together, apart = many(model, in_flight, count=max(4 if quick else 16, in_flight))
            worst = max(worst, apart)
            rates = f"{one_by_one:>23.1f} {together:>21.1f} {together / one_by_one:>5.1f}"
            print(f"{in_flight:>9} {rates}  {apart:.1e}", flush=True)
    sys.exit(0 if worst <= 1e-4 else 1)
