"""A scheduler of diffusers as what it says: which path and what prediction a network was trained on, and how to walk.

Nothing of diffusers is needed to read one. A walk here ends at clean data; with `set_alpha_to_one` false, diffusers'
DDIM stops at the first timestep and leaves its noise in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from sfumato.diffusion import AnySchedule, Schedule
from sfumato.diffusion.parameterizations import noise_number
from sfumato.diffusion.schedules import (
    Betas,
    CosineBetas,
    Linear,
    RectifiedFlow,
    ScaledLinear,
    Shift,
    ZeroTerminalSNR,
)
from sfumato.errors import SfumatoError, unknown
from sfumato.hub.config import SamplingConfig
from sfumato.sampling import resolve

PREDICTIONS = {"epsilon": "eps", "v_prediction": "v", "sample": "x0", "flow_prediction": "flow"}
LEADING = ("DDPMScheduler", "DDIMScheduler", "PNDMScheduler", "LCMScheduler")  # which begin at the first timesteps
CLIPPING = ("DDPMScheduler", "DDIMScheduler")  # which clip unless they are told not to
OPEN = (
    "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler",
    "UniPCMultistepScheduler",
    "DEISMultistepScheduler",
)
STEPS = {"DDPMScheduler": 1000, "DPMSolverMultistepScheduler": 20, "UniPCMultistepScheduler": 20, "LCMScheduler": 4}
USUAL_STEPS, FLOW_STEPS = 50, 28
MULTISTEP = {  # by algorithm and order
    ("dpmsolver++", 1): "dpm++1", ("dpmsolver++", 2): "dpm++2m", ("dpmsolver++", 3): "dpm++3m",
    ("dpmsolver", 1): "dpm-solver-1", ("dpmsolver", 2): "dpm-solver-2m", ("dpmsolver", 3): "dpm-solver-3m",
    ("sde-dpmsolver++", 2): "dpm++2m-sde", ("sde-dpmsolver++", 3): "dpm++3m-sde",
}  # fmt: skip


@dataclass(frozen=True)
class Noise:
    """What a scheduler says: the schedule, what its network predicts, and how to sample."""

    schedule: AnySchedule
    parameterization: str
    sampling: SamplingConfig

    @property
    def timesteps(self) -> tuple[float, ...]:
        """`c_noise` at the timesteps 0 to T − 1, as DiffusersConfig has it; none of a flow."""
        return timesteps_of(self.schedule)


def timesteps_of(schedule: Schedule) -> tuple[float, ...]:
    """`c_noise` at the timesteps of a schedule, from 0 to T − 1; none of a flow."""
    if schedule.scale == "flow":
        return ()
    levels = schedule(torch.arange(1, schedule.steps + 1, dtype=torch.float64) / schedule.steps)
    return tuple(noise_number(levels).tolist())


def read_scheduler(config: Mapping[str, Any], pictures: bool, places: int = 0) -> Noise:
    """What the settings of a scheduler say, of a network of `pictures` in [−1, 1] or else of latents.

    `places` is how many tokens its samples are, by which some flows shift their path. Raises SfumatoError for what
    isn't known.
    """
    kind = str(config.get("_class_name", "DDIMScheduler"))
    schedule = _flow(config, places) if kind.startswith("FlowMatch") else _schedule(config)
    flow = schedule.scale == "flow"
    prediction = "flow_prediction" if flow else str(config.get("prediction_type", "epsilon"))
    if prediction not in PREDICTIONS:
        raise unknown("prediction of diffusers", prediction, PREDICTIONS)
    clips = pictures and bool(config.get("clip_sample", kind in CLIPPING))
    sampling = SamplingConfig(
        sampler=_sampler(kind, config),
        steps=FLOW_STEPS if flow else STEPS.get(kind, USUAL_STEPS),
        grid="trailing" if flow else _grid(kind, config),
        schedule=schedule,
        threshold="dynamic" if config.get("thresholding") and pictures else "static" if clips else "none",
    )
    return Noise(schedule, PREDICTIONS[prediction], sampling)


def _sampler(kind: str, config: Mapping[str, Any]) -> str:
    order = config.get("solver_order", 2)
    if kind == "DPMSolverMultistepScheduler":
        return MULTISTEP.get((config.get("algorithm_type", "dpmsolver++"), order), "dpm++2m")
    if kind == "UniPCMultistepScheduler":
        return f"unipc{order}" + ("-bh1" if config.get("solver_type") == "bh1" else "")
    if kind == "DEISMultistepScheduler":
        return f"deis{order}"
    if kind == "DDPMScheduler" and str(config.get("variance_type", "")).startswith("fixed_large"):
        return "ddpm-beta"
    if kind == "PNDMScheduler" and config.get("skip_prk_steps"):
        return "ipndm4"
    try:
        return resolve(kind)[0]
    except SfumatoError as error:
        raise SfumatoError(
            f"the scheduler {kind} isn't known here; name another in its scheduler_config.json, such as DDIMScheduler, "
            "or FlowMatchEulerDiscreteScheduler of a flow."
        ) from error


def _grid(kind: str, config: Mapping[str, Any]) -> str:
    for name, grid in (("karras", "karras"), ("exponential", "logsnr"), ("beta", "beta")):
        if config.get(f"use_{name}_sigmas"):
            return grid
    spacing = str(config.get("timestep_spacing", "leading" if kind in LEADING else "linspace"))
    if spacing == "linspace" and kind in OPEN:
        return "linspace-open"
    return "leading+1" if spacing == "leading" and config.get("steps_offset") else spacing


def _schedule(config: Mapping[str, Any]) -> AnySchedule:
    ends = float(config.get("beta_start", 0.0001)), float(config.get("beta_end", 0.02))
    steps, kind = int(config.get("num_train_timesteps", 1000)), str(config.get("beta_schedule", "linear"))
    base: AnySchedule
    if config.get("use_flow_sigmas"):
        return _shifted(float(config.get("flow_shift", 1.0)))
    if config.get("trained_betas") is not None:
        base = Betas(tuple(map(float, config["trained_betas"])))
    elif kind == "linear":
        base = Linear(*ends, steps)
    elif kind == "scaled_linear":
        base = ScaledLinear(*ends, steps)
    elif kind == "squaredcos_cap_v2":
        base = CosineBetas(steps)
    elif kind == "sigmoid":
        rise = torch.sigmoid(torch.linspace(-6, 6, steps, dtype=torch.float64))
        base = Betas(tuple((rise * (ends[1] - ends[0]) + ends[0]).tolist()))
    else:
        raise unknown("schedule of diffusers", kind, ("linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid"))
    return ZeroTerminalSNR(base) if config.get("rescale_betas_zero_snr") else base


def _flow(config: Mapping[str, Any], places: int) -> AnySchedule:
    if not config.get("use_dynamic_shifting"):
        return _shifted(float(config.get("shift", 1.0)))
    least, most = config.get("base_image_seq_len", 256), config.get("max_image_seq_len", 4096)
    low, high = config.get("base_shift", 0.5), config.get("max_shift", 1.15)
    return _shifted(math.exp(low + (high - low) * (places - least) / (most - least)))


def _shifted(factor: float) -> AnySchedule:
    return RectifiedFlow() if factor == 1 else Shift(RectifiedFlow(), factor)


def written_scheduler(schedule: Schedule, parameterization: str) -> dict[str, Any]:
    """The settings of diffusers' DDIM scheduler of that schedule; raises SfumatoError where it has none like it."""
    base = schedule.base if isinstance(schedule, ZeroTerminalSNR) else schedule
    predictions = {ours: theirs for theirs, ours in PREDICTIONS.items() if ours != "flow"}
    if parameterization not in predictions:
        raise SfumatoError(
            f"diffusers' DDPM and DDIM know no network that predicts {parameterization}, only "
            f"{', '.join(predictions)}; train it with one of these."
        )
    about: dict[str, Any]
    if isinstance(base, Linear | ScaledLinear):
        about = {"beta_start": base.beta_start, "beta_end": base.beta_end}
        about["beta_schedule"] = "linear" if isinstance(base, Linear) else "scaled_linear"
    elif isinstance(base, CosineBetas) and base == CosineBetas(base.steps):
        about = {"beta_schedule": "squaredcos_cap_v2"}
    elif isinstance(base, Betas):
        about = {"trained_betas": list(base.values)}
    else:
        raise SfumatoError(
            f"diffusers' DDPM and DDIM know no schedule {type(base).__name__}; use linear, scaled-linear or "
            "cosine-betas."
        )
    return {
        "num_train_timesteps": schedule.steps,
        **about,
        "prediction_type": predictions[parameterization],
        "rescale_betas_zero_snr": isinstance(schedule, ZeroTerminalSNR),
        "timestep_spacing": "trailing",
        "clip_sample": False,
    }
