"""The samplers that users know by name: one table, and the names that other tools use for its rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from sfumato.arguments import finite, whole
from sfumato.errors import SfumatoError, unknown
from sfumato.sampling.multistep import PNDM, Multistep, PredictorCorrector
from sfumato.sampling.singlestep import Adaptive, Ancestral, Churn, Heun, Renoised, Singlestep
from sfumato.sampling.steppers import Stepper


@dataclass(frozen=True)
class Sampler:
    """A row of the table.

    `order` is that of convergence, 0 where only models of consistency arrive at all; `calls` how often a step asks the
    network (the last asks once; 0: as the tolerance demands), `use` when to take it; advice.py has from how many steps
    on. With fewer than `needs` steps it could never reach its order; `instead` is the row to take then.
    """

    stepper: Stepper
    order: int
    use: str
    calls: int = 1
    deterministic: bool = True
    needs: int = 1
    instead: str = "ddim"


CONSISTENCY = "consistency"
"""The sampler of models whose answers are the ends of walks, and no means: of students."""
CHURN = 40.0  # S_churn of Karras et al. 2022, table 5 (ImageNet)


def _ipndm(order: int) -> Multistep:
    return Multistep(order, "noise", variable="index")


def _deis(order: int) -> Multistep:
    return Multistep(order, "noise", variable="time", slope="exact")


_NOISY: Any = {"deterministic": False}

SAMPLERS: dict[str, Sampler] = {
    "ddim": Sampler(Multistep(), 1, "the plain first-order step; many calls, or a hint of blur that hides flaws"),
    "euler": Sampler(Multistep(), 1, "the same step as ddim, by the name that flow models use"),
    "heun": Sampler(Heun(), 2, "EDM's own; sturdy where calls are plenty", 2),
    "dpm++2m": Sampler(Multistep(2), 2, "the safe choice", needs=2),
    "dpm++3m": Sampler(Multistep(3), 3, "as dpm++2m, of a higher order", needs=3, instead="dpm++2m"),
    "unipc1": Sampler(PredictorCorrector(1, 1), 2, "ddim, corrected at no extra call", needs=2),
    "unipc2": Sampler(PredictorCorrector(2, 2), 3, "as dpm++2m, corrected at no extra call", needs=2),
    "unipc3": Sampler(
        PredictorCorrector(3, 3), 4, "as unipc2, of a higher order", needs=3, instead="unipc2"
    ),
    "unipc1-bh1": Sampler(PredictorCorrector(1, 1, slope="bh1"), 2, "unipc1 with the paper's other B(h)", needs=2),
    "unipc2-bh1": Sampler(PredictorCorrector(2, 2, slope="bh1"), 3, "unipc2 with the paper's other B(h)", needs=2),
    "unipc3-bh1": Sampler(
        PredictorCorrector(3, 3, slope="bh1"), 4, "unipc3 with the paper's other B(h)", needs=3, instead="unipc2-bh1"
    ),
    "ipndm1": Sampler(_ipndm(1), 1, "ddim, the start of the family"),
    "ipndm2": Sampler(_ipndm(2), 2, "few steps", needs=2, instead="ipndm1"),
    "ipndm3": Sampler(_ipndm(3), 3, "few steps", needs=3, instead="ipndm2"),
    "ipndm4": Sampler(_ipndm(4), 4, "few steps", needs=4, instead="ipndm3"),
    "deis1": Sampler(_deis(1), 1, "ddim, the start of the family"),
    "deis2": Sampler(_deis(2), 2, "few steps", needs=2, instead="deis1"),
    "deis3": Sampler(_deis(3), 3, "few steps", needs=3, instead="deis2"),
    "lms": Sampler(
        Multistep(4, "noise", variable="sigma"), 4, "kept for old recipes", needs=4, instead="ipndm3"
    ),
    "pndm": Sampler(PNDM(), 4, "kept for old recipes; 4 calls in the first three steps", needs=4, instead="ipndm3"),
    "dpm-solver-1": Sampler(Singlestep(1, "noise"), 1, "ddim, the start of the family"),
    "dpm-solver-2": Sampler(Singlestep(2, "noise"), 2, "unguided models; the same as k-diffusion's dpm2", 2),
    "dpm-solver-3": Sampler(Singlestep(3, "noise"), 3, "unguided models, precise walks", 3),
    "dpm-solver-2m": Sampler(Multistep(2, "noise"), 2, "as dpm++2m, on the noise", needs=2),
    "dpm-solver-3m": Sampler(Multistep(3, "noise"), 3, "as dpm++3m, on the noise", needs=3, instead="dpm-solver-2m"),
    "dpm++1": Sampler(Multistep(1), 1, "ddim, the start of the family"),
    "dpm++2s": Sampler(Singlestep(2), 2, "no memory of earlier steps: edits and inversion", 2),
    "dpm++3s": Sampler(Singlestep(3), 3, "reference walks and inversion", 3),
    "adaptive": Sampler(
        Adaptive(), 3, "a wanted precision instead of a number of steps; 3 calls a try", 0, needs=2
    ),
    "ddpm": Sampler(Multistep(eta=1.0), 1, "the original; 1000 steps", **_NOISY),
    "ddpm-beta": Sampler(Multistep(eta=1.0, variance="beta"), 1, "DDPM with its larger noise; 1000 steps", **_NOISY),
    "euler-ancestral": Sampler(Multistep(eta=1.0), 1, "the same step as ddpm; varied pictures", **_NOISY),
    "dpm-solver-2-ancestral": Sampler(
        Ancestral(Singlestep(2, "noise")), 1, "k-diffusion's dpm2 a", 2, **_NOISY
    ),
    "dpm++2s-ancestral": Sampler(Ancestral(Singlestep(2)), 1, "k-diffusion's dpm++ 2s a", 2, **_NOISY),
    "edm-stochastic": Sampler(Churn(Heun()), 2, "EDM's own with noise; where calls are plenty", 2, **_NOISY),
    "dpm++sde": Sampler(Singlestep(2, eta=1.0), 1, "rich detail", 2, **_NOISY),
    "dpm++2m-sde": Sampler(Multistep(2, eta=1.0, sde=True), 2, "rich detail at one call a step", needs=2, **_NOISY),
    "dpm++3m-sde": Sampler(
        Multistep(3, eta=1.0, sde=True), 2, "as 2m-sde, of a higher order", needs=3, instead="dpm++2m-sde", **_NOISY
    ),
    "sa-solver": Sampler(
        PredictorCorrector(2, 1, slope="bh2", eta=1.0, low=0.05, high=1.0),  # bh1, the paper's, burns on wide steps
        2, "noise in the middle of the walk, with a corrector", needs=2, **_NOISY,
    ),
    CONSISTENCY: Sampler(Renoised(), 0, "students (sfumato distill), in 1 to 4 steps; nothing else", **_NOISY),
}  # fmt: skip
"""The samplers by name, each a row: its stepper, its order, its calls a step, and when to use it."""

STEPPERS: dict[str, Stepper] = {name: row.stepper for name, row in SAMPLERS.items()}
"""The steppers of the samplers, by the same names."""

# What people type from other tools, without case, spaces and signs → the row
_ALIASES = {
    "unipc": "unipc2", "deis": "deis3", "ipndm": "ipndm4", "plms": "pndm", "eulera": "euler-ancestral",
    "edm": "heun", "edmheun": "heun", "dpm2": "dpm-solver-2", "dpm2a": "dpm-solver-2-ancestral",
    "dpm2ancestral": "dpm-solver-2-ancestral", "dpm++2sa": "dpm++2s-ancestral", "dpm++": "dpm++2m",
    "dpm++2msde": "dpm++2m-sde", "dpm++2msdeheun": "dpm++2m-sde", "dpmadaptive": "adaptive", "dpm++2": "dpm++2m",
    "dpm++3": "dpm++3m", "sasolver": "sa-solver", "dpmsolver": "dpm-solver-2", "dpmsolver++": "dpm++2m",
    # diffusers' classes, at their defaults
    "eulerdiscrete": "euler", "eulerancestraldiscrete": "euler-ancestral", "heundiscrete": "heun",
    "lmsdiscrete": "lms", "deismultistep": "deis2", "dpmsolvermultistep": "dpm++2m",
    "dpmsolversinglestep": "dpm++2s", "dpmsolversde": "dpm++sde", "kdpm2discrete": "dpm-solver-2",
    "kdpm2ancestraldiscrete": "dpm-solver-2-ancestral", "unipcmultistep": "unipc2", "edmeuler": "euler",
    "edmdpmsolvermultistep": "dpm++2m", "flowmatcheulerdiscrete": "euler", "flowmatchheundiscrete": "heun",
    "cosinedpmsolvermultistep": "dpm++2m-sde", "lcm": "consistency", "cmstochasticiterative": "consistency",
}  # fmt: skip
_GRID_WORDS = {
    "karras": "karras", "exponential": "logsnr", "sgmuniform": "trailing", "beta": "beta", "kloptimal": "cosine",
}  # fmt: skip


def _compact(name: str) -> str:
    return re.sub(r"[^a-z0-9+]", "", name.lower()).replace("dpmpp", "dpm++")


_KNOWN = {**{_compact(name): name for name in SAMPLERS}, **_ALIASES}


def resolve(name: str) -> tuple[str, str | None]:
    """The row of SAMPLERS that `name` means, and the grid that it names if any: "DPM++ 2M Karras" → dpm++2m, karras.

    Takes names as other tools write them: "euler a", "k_heun", "sample_dpmpp_2m", "DDIMScheduler". Raises SfumatoError
    with the closest name for one that nobody uses.
    """
    if name in SAMPLERS:
        return name, None
    compact = re.sub(r"^sample|scheduler$", "", _compact(name))
    for word, grid in ("", None), *_GRID_WORDS.items():
        if compact.endswith(word):
            stem = compact.removesuffix(word)
            for form in (stem, stem.removeprefix("k")):
                if form in _KNOWN:
                    return _KNOWN[form], grid
    raise unknown("sampler", name, SAMPLERS)


def stepper(name: str, eta: float | None = None, steps: int | None = None, tolerance: float | None = None) -> Stepper:
    """The stepper called `name`, a row of SAMPLERS or another tool's name for it.

    `eta` in [0, 1] is the strength of ddim's noise, or of a stochastic sampler that takes one; `steps` are those of the
    grid that it will walk; `tolerance` belongs to adaptive. Raises SfumatoError for an unknown name, with the closest
    one, for an option that the sampler does not take, and for fewer steps than its order needs.
    """
    name, _ = resolve(name)
    row = SAMPLERS[name]
    made: Any = row.stepper
    eta = None if eta is None else finite("eta", eta)
    tolerance = None if tolerance is None else finite("a tolerance, above 0,", tolerance)
    if steps is not None and whole("steps", steps, -(2**63)) < 1:
        raise SfumatoError(f"sampling needs at least 1 step, got {steps}; 20 is a good start.")
    if steps is not None and steps < row.needs:
        raise SfumatoError(
            f"the sampler {name} needs at least {row.needs} steps, got {steps}; take {row.needs} or more, "
            f"or the sampler {_fitting(row.instead, steps)}."
        )
    if isinstance(made, Churn) and steps is not None:
        made = replace(made, gamma=min(CHURN / steps, 2**0.5 - 1))
    if eta is not None:
        if name != "ddim" and not getattr(made, "eta", 0) > 0:
            raise SfumatoError(f"eta belongs to ddim and to samplers that add noise, not to {name}; leave it out.")
        made = replace(made, eta=eta)
    if tolerance is not None:
        if name != "adaptive":
            raise SfumatoError(f"a tolerance belongs to the sampler adaptive, not to {name}; leave it out.")
        made = replace(made, tolerance=tolerance, absolute=tolerance / 10)
    stepper: Stepper = made
    return stepper


def _fitting(name: str, steps: int) -> str:
    """The first of `name` and the rows that stand in for it that can do with so few steps."""
    return name if SAMPLERS[name].needs <= steps else _fitting(SAMPLERS[name].instead, steps)
