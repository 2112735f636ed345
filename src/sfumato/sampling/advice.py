"""From how many steps on a sampler is worth its calls, on each grid: measured, not said (benchmarks/sampler_advice.py).

There it comes at least as near to the exact answer as the plain step does for as many calls, and doesn't widen what it
generates. The plain steps themselves, and rows that equal them, have no such number, nor has `adaptive`.
"""

from __future__ import annotations

from sfumato.sampling.grids import grid_name
from sfumato.sampling.samplers import SAMPLERS, resolve

NEVER = 51  # not at any number of steps that was measured, of at most 50
_GRIDS = ("trailing", "leading", "linspace", "quadratic", "beta", "karras", "logsnr", "cosine")
# measured
_STEPS: dict[str, tuple[int, ...]] = {
    "heun": (4, 51, 6, 8, 4, 15, 15, 51),
    "dpm++2m": (2, 51, 51, 10, 2, 10, 4, 51),
    "dpm++3m": (3, 51, 51, 10, 3, 15, 10, 51),
    "unipc1": (2, 2, 2, 6, 2, 2, 4, 2),
    "unipc2": (2, 51, 51, 8, 2, 10, 4, 51),
    "unipc3": (3, 51, 51, 10, 3, 20, 8, 51),
    "unipc1-bh1": (2, 2, 2, 6, 2, 2, 4, 2),
    "unipc2-bh1": (2, 51, 51, 15, 2, 20, 15, 51),
    "unipc3-bh1": (3, 51, 51, 15, 3, 20, 8, 51),
    "ipndm2": (2, 6, 2, 4, 2, 6, 4, 3),
    "ipndm3": (3, 8, 6, 6, 3, 6, 4, 6),
    "ipndm4": (4, 8, 8, 6, 4, 6, 4, 8),
    "deis2": (2, 6, 8, 6, 2, 3, 4, 8),
    "deis3": (3, 6, 8, 6, 3, 3, 4, 8),
    "lms": (4, 6, 8, 6, 4, 4, 4, 8),
    "pndm": (8, 51, 10, 8, 4, 10, 8, 15),
    "dpm-solver-2": (2, 51, 51, 8, 2, 10, 8, 51),
    "dpm-solver-3": (51, 51, 4, 10, 2, 8, 6, 6),
    "dpm-solver-2m": (2, 51, 10, 6, 2, 6, 4, 51),
    "dpm-solver-3m": (3, 51, 10, 6, 3, 6, 4, 51),
    "dpm++2s": (51, 51, 6, 8, 2, 4, 3, 51),
    "dpm++3s": (51, 51, 4, 10, 2, 4, 2, 4),
    "dpm-solver-2-ancestral": (2, 8, 10, 8, 8, 15, 15, 20),
    "dpm++2s-ancestral": (2, 6, 6, 8, 2, 6, 8, 51),
    "edm-stochastic": (3, 6, 6, 8, 3, 51, 15, 51),
    "dpm++sde": (2, 2, 4, 6, 2, 4, 2, 6),
    "dpm++2m-sde": (2, 51, 51, 8, 2, 15, 2, 51),
    "dpm++3m-sde": (3, 51, 51, 15, 3, 20, 15, 51),
    "sa-solver": (2, 51, 51, 8, 2, 15, 2, 51),
}
# until here
LEAST = {name: dict(zip(_GRIDS, row, strict=True)) for name, row in _STEPS.items()}


def least_steps(sampler: str, grid: str) -> int:
    """From how many steps on the sampler is worth its calls on this grid; NEVER where it isn't."""
    return LEAST.get(sampler, {}).get(grid, 1)


def advice(sampler: str, grid: str, steps: int) -> str | None:
    """A sentence where the plain step does better for as many calls, or what is generated strays; None elsewhere.

    Names as other tools write them are understood, as by `stepper` and `grid`.
    """
    name, named = resolve(sampler)
    rule = grid_name(named or grid)
    least = least_steps(name, rule)
    if steps >= least:
        return None
    plain = "ddim" if SAMPLERS[name].deterministic else "ddpm"
    if least == NEVER:
        return f"on a {rule} grid {plain} does better than {name} for as many calls; take that, or another grid."
    return (
        f"with {steps} steps on a {rule} grid {plain} does better than {name} for as many calls; take that, or {least} "
        "steps or more."
    )
