"""Recipes: published ways of training by name, each whole, as a table of settings.

What a paper leaves open (the data, the network's size, the budget, whether pictures are mirrored) stays open, and
settings that are given beside a recipe win.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sfumato.data import KINDS
from sfumato.diffusion.objective import LARGEST_LOG_RATIO
from sfumato.diffusion.schedules import schedule_words
from sfumato.errors import SfumatoError, unknown
from sfumato.hub import ModelConfig, SamplingConfig
from sfumato.hub.config import plain
from sfumato.nets import OwnConfig
from sfumato.nets.conditions import guidance_range
from sfumato.strict import fit
from sfumato.training.config import SCHEDULE, ObjectiveConfig, TrainingConfig, changed, unknown_setting
from sfumato.training.lora import FASTER
from sfumato.training.settings import FIELDS, full_name, grouped, place

WORDS = "`base`", "`recipe`", "`{}`"
MODEL = "model."  # begins the settings of the model, beside those of its training
ADAM = {  # without weight decay AdamW is Adam
    "optimizer.name": "adamw",
    "optimizer.betas": [0.9, 0.999],
    "optimizer.weight_decay": 0.0,
    "optimizer.decay": 0.0,
}
TIMESTEPS = {"name": "timesteps", "mean": 0.0, "std": 1.0, "stratified": False, "tail": 0.0}

# Ho, Jain & Abbeel 2020, section 4 and appendix B, and their code: T = 1000, ‖ε − ε_θ‖² unweighted, on CIFAR-10.
DDPM = ADAM | {
    "batch": 128,
    "objective.schedule": {"kind": "linear", "beta_start": 1e-4, "beta_end": 0.02, "steps": 1000},
    "objective.noise": TIMESTEPS,
    "objective.weight": "eps",
    "optimizer.learning_rate": 2e-4,
    "optimizer.warmup": 0.00625,  # 5,000 of 800,000 steps
    "optimizer.clip": 1.0,
    "optimizer.ema_decay": 0.9999,
    "model.parameterization": "eps",
    "model.data_std": 1.0,  # pictures go in as they are
    "model.net.dropout": 0.1,
    "model.sampling.sampler": "ddpm",
    "model.sampling.steps": 1000,
    "model.sampling.grid": "trailing",
    "model.sampling.threshold": "static",  # clip_denoised
}

RECIPES: dict[str, dict[str, Any]] = {
    "ddpm": DDPM,
    # Nichol & Dhariwal 2021, sections 3.2 and 4, with L_simple and without learnt variances.
    "ddpm-cosine": DDPM
    | {
        "objective.schedule": {"kind": "cosine-betas", "steps": 4000, "max_beta": 0.999, "s": 0.008},
        "optimizer.learning_rate": 1e-4,
        "optimizer.warmup": 0.0,
        "model.net.dropout": 0.3,
    },
    # Karras et al. 2022, table 1 and appendix F.3: CIFAR-10, batches of 512, 200 million images.
    "edm": ADAM
    | {
        "batch": 512,
        "objective.schedule": {"kind": "edm", "sigma_min": 0.002, "sigma_max": 80.0, "rho": 7.0},
        "objective.noise": {"name": "log-normal", "mean": -1.2, "std": 1.2, "stratified": False, "tail": 0.0},
        "objective.weight": "edm",
        "optimizer.learning_rate": 1e-3,
        "optimizer.warmup": 0.05,  # 10 million images
        "optimizer.clip": 1e6,  # none
        "optimizer.ema_half_life": 500_000.0,  # images
        "model.parameterization": "edm",
        "model.data_std": 0.5,
        "model.net.dropout": 0.13,
        "model.sampling.sampler": "heun",
        "model.sampling.steps": 18,
        "model.sampling.grid": "karras",
    },
    # Lipman et al. 2022, section 4, trained as Tong et al. 2023, appendix E.2, do on CIFAR-10.
    "flow": ADAM
    | {
        "batch": 128,
        "objective.schedule": {"kind": "flow"},
        "objective.noise": {"name": "uniform", "mean": 0.0, "std": 1.0, "stratified": False, "tail": 0.0},
        "objective.weight": "flow",
        "optimizer.learning_rate": 2e-4,
        "optimizer.warmup": 0.0125,  # 5,000 of 400,000 steps
        "optimizer.clip": 1.0,
        "optimizer.ema_decay": 0.9999,
        "model.parameterization": "flow",
        "model.data_std": 1.0,
        "model.net.dropout": 0.1,
        "model.sampling.sampler": "euler",
        "model.sampling.steps": 100,
        "model.sampling.grid": "trailing",
    },
    # Lin et al. 2023: the schedule ends in pure noise, where only v says something of the picture; else as DDPM.
    "v-zero-snr": DDPM
    | {
        "objective.schedule": {
            "kind": "zero-snr", "base": {"kind": "linear", "beta_start": 1e-4, "beta_end": 0.02, "steps": 1000}
        },
        "objective.weight": "v",
        "model.parameterization": "v",
        "model.sampling.sampler": "ddim",
        "model.sampling.steps": 50,
        "model.sampling.threshold": "none",
    },
}  # fmt: skip


def configure(
    settings: Mapping[str, Any], recipe: str | None = None, where: str = "the training"
) -> tuple[TrainingConfig, dict[str, Any]]:
    """A training by `settings` ("data.source", "images", "objective.weight", …) over those of a `recipe`.

    Returns those of the model too, by name without "model." (see `with_settings`). Raises SfumatoError for a name or a
    value that doesn't fit; `where` begins the sentence.
    """
    if recipe is not None and recipe not in RECIPES:
        raise unknown("recipe", recipe, RECIPES)
    given = {full_name(name): value for name, value in settings.items()}
    for name in given:
        if name.partition(".")[0] not in FIELDS:
            raise unknown_setting(name)
    base = dict(RECIPES[recipe]) if recipe is not None else {}
    if given.get("optimizer.name", base.get("optimizer.name")) != base.get("optimizer.name"):
        base.pop("optimizer.learning_rate", None)  # it is that of the recipe's own optimiser
    averages = {"optimizer.ema_widths", "optimizer.ema_decay", "optimizer.ema_half_life"}
    if averages & given.keys() and not given.get("optimizer.ema_beside"):
        base = {name: value for name, value in base.items() if name not in averages}
    merged = base | given
    model = {name.removeprefix(MODEL): value for name, value in merged.items() if name.startswith(MODEL)}
    training = grouped({name: value for name, value in merged.items() if not name.startswith(MODEL)})
    config: TrainingConfig = fit(TrainingConfig, training, where)
    if "objective.schedule" in merged or config.objective.schedule != SCHEDULE:  # it samples by what it is trained on
        model.setdefault("sampling.schedule", plain(config.objective.schedule))
    if config.lora is not None and "optimizer.learning_rate" not in merged:
        config = changed(config, learning_rate=config.optimizer.learning_rate * FASTER)
    return config, model


def kept_from(
    base: ModelConfig,
    model: Mapping[str, Any],
    recipe: str | None,
    given: Iterable[str],
    words: tuple[str, str, str] = WORDS,
) -> dict[str, Any]:
    """What of the settings `model` counts for a model that is to start from `base`: how it is sampled.

    Raises SfumatoError for one of those `given` that says what the model is, and for a recipe that trains other
    answers; `words` are what the base, the recipe and a setting are called there.
    """
    for name in map(full_name, given):
        if name.startswith(MODEL) and not name.startswith(f"{MODEL}sampling."):
            raise SfumatoError(f"{words[0]} keeps what the model is; leave {words[2].format(name)} out.")
    asked = RECIPES[recipe].get("model.parameterization") if recipe else None
    if asked not in (None, base.parameterization):
        raise SfumatoError(
            f"the recipe {recipe} trains {asked}, and the model answers {base.parameterization}; leave {words[1]} out."
        )
    return {name: value for name, value in model.items() if name.startswith("sampling.")}


def unseen_levels(objective: ObjectiveConfig, sampling: SamplingConfig) -> list[str]:
    """A sentence where sampling begins at more noise than is trained, by a schedule that decides what is."""
    if objective.noise.name not in ("timesteps", "uniform") or objective.noise.tail:
        return []
    ends = objective.schedule(1.0), sampling.schedule(1.0)
    seen, first = (min(float(end.ratio), math.exp(LARGEST_LOG_RATIO)) for end in ends)
    if first < 1.5 * seen:
        return []
    return [
        f"levels up to sigma/alpha {seen:.3g} are trained, and sampling by the schedule "
        f"{schedule_words(sampling.schedule)} begins at {first:.3g}; sample by another one (model.sampling.schedule)."
    ]


def with_settings(model: ModelConfig, settings: Mapping[str, Any], where: str = "the model") -> ModelConfig:
    """`model` with `settings` by name, such as {"parameterization": "eps", "sampling.steps": 50}.

    A dropout is left out where the network has none, a threshold where samples have no range. Raises
    SfumatoError for a name or a value that doesn't fit.
    """
    if not settings:
        return model
    content = plain(model)
    counts = {"net.dropout": hasattr(model.net, "dropout"), "sampling.threshold": KINDS[model.kind].bin is not None}
    for name, value in settings.items():
        if counts.get(name, True):
            place(content, name, value)
    made: ModelConfig = fit(ModelConfig, content, where, section="model")
    if isinstance(model.net, OwnConfig):  # whose module no JSON holds
        made = replace(made, net=replace(model.net, classes=made.net.classes))
    return made


def check_objective(config: TrainingConfig, model: ModelConfig) -> None:
    """Raises SfumatoError where the noise ends the picture and the network is asked for nothing but the noise."""
    ends = config.objective.schedule(1.0)
    if config.objective.noise.name == "timesteps" and model.parameterization == "eps" and float(ends.alpha) == 0:
        raise SfumatoError(
            "the schedule ends in pure noise, of which eps says nothing; train with the parameterization v or x0, or "
            "another schedule."
        )


def check_consistency(config: TrainingConfig, model: ModelConfig) -> None:
    """Raises SfumatoError where a model that is to answer with the ends of walks couldn't, or isn't trained whole."""
    objective = config.objective
    if not (objective.consistency or objective.walked) and objective.guidance != 1:
        raise SfumatoError(
            "`guidance` is learnt with `consistency` or `walked` alone; elsewhere it is chosen as one samples."
        )
    if isinstance(objective.guidance, tuple) and guidance_range(model.conditions) is None:
        raise SfumatoError(
            "the network takes no number by which it could be told the weight of guidance; give one weight, no range."
        )
    if not objective.student:
        return
    if model.parameterization == "eps" and not (model.pipeline and float(config.objective.schedule(1.0).alpha) > 0):
        raise SfumatoError(
            "the network answers eps, which at pure noise says nothing of the picture, so that no student of it walks "
            "in a few steps; distil a model whose parameterization is edm, v, flow or x0."
        )
    if model.control_branch is not None:
        raise SfumatoError(
            "a control branch leaves the model below it as it is; distil that model, without `consistency`."
        )
    if objective.drifting and (model.net.text is not None or model.conditions or KINDS[model.kind].moving):
        raise SfumatoError(
            "by drifting samples move among those of their class, and of one prompt, condition or clip there are too "
            "few; learn by consistency, or from walks."
        )
