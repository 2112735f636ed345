"""`sfumato train --latent` and `--only autoencoder`: the autoencoder's part of a run, and how minutes are divided."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sfumato.autoencoder_runs import AutoencoderRun
from sfumato.cli.display import console, next_command, note
from sfumato.cli.running import show_training
from sfumato.errors import SfumatoError
from sfumato.runs import MINUTES
from sfumato.training import training_config
from sfumato.training.autoencoder_plan import SHARE

PLACE = "autoencoder"  # in the folder of a model that is trained together with it
TAKEN = ("data.", "machine.", "keeping.", "reconstruction.")  # groups of settings that it takes
ALONE = ("images", "minutes", "batch", "seed")
NOT_TAKEN = ("data.columns", "data.crop", "data.low_resolution")


def check_latent(options: Mapping[str, Any]) -> None:
    """Raises SfumatoError where the options on latents contradict each other."""
    only, latent, reused = options["only"], options["latent"], options["autoencoder"]
    if only not in (None, PLACE):
        raise SfumatoError(f"--only takes the part that is to be trained alone, {PLACE}, not '{only}'.")
    if sum(map(bool, (only, latent, reused))) > 1:
        raise SfumatoError(
            "--latent trains an autoencoder and a model, --only autoencoder the first alone, and --autoencoder RUN "
            "uses one that is there; give one of them."
        )
    if not (only or latent) and (options["factor"] or options["channels"]):
        raise SfumatoError("--factor and --channels are those of an autoencoder; give --latent or --only autoencoder.")
    if (only or latent or reused) and str(options["data"] or "").startswith("points:"):
        raise SfumatoError(f"{options['data']} are points, which have no latents; leave the options on those out.")
    for option in ("track", "source", "lora", "recipe", "text_encoder"):
        if only and options[option]:
            name = {"source": "from", "text_encoder": "text-encoder"}.get(option, option)
            raise SfumatoError(f"--{name} is for models, and --only autoencoder trains none; leave it out.")
    if latent or reused:  # before an autoencoder is trained, not after it
        for option in ("crop", "control"):
            if options[option]:
                raise SfumatoError(f"--{option} can't be had in latents yet; leave it out.")
    if latent and options["source"]:
        raise SfumatoError(f"{options['source']} keeps what it generates; leave --latent out.")


def train_autoencoder(folder: Path, options: Mapping[str, Any], settings: Mapping[str, Any]) -> AutoencoderRun:
    """Train the autoencoder in `folder` to its end, from where it was saved if the options say --resume."""
    if (folder / "config.json").exists():
        if not options["resume"]:
            raise SfumatoError(f"{folder} already holds a run; go on with --resume, or give another --name.")
        run = AutoencoderRun.open(folder)
        if run.finished and options["latent"]:
            return run
        longer = {} if options["latent"] else {name: settings.get(name) for name in ("images", "minutes")}
        run.resume(**longer)
    else:
        if options["data"] is None:
            raise SfumatoError(f"there is no run in {folder}; say what to train on, too.")
        with console.status("measuring how fast this machine trains"):
            run = AutoencoderRun.start(
                folder,
                options["data"],
                "auto" if options["latent"] else (options["net"] or "auto"),
                options["factor"],
                options["channels"],
                **own_settings(settings),
            )
    show_training(run, run.train())
    quality = run.psnr()
    if quality is not None:
        console.print(f"Pictures that it never saw come back with {quality:.1f} dB (PSNR).")
    return run


def train_first(folder: Path, options: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Train the autoencoder of the model in `folder`; returns the settings that are left for the model."""
    budget = {name: settings[name] for name in ("images", "minutes") if name in settings} or {"minutes": MINUTES}
    own = dict(budget)
    if "minutes" in budget:
        own["minutes"] = SHARE * budget["minutes"]
        note(
            f"the autoencoder is trained first, for {own['minutes']:.3g} of the {budget['minutes']:.3g} minutes: what "
            "it loses no model brings back, but it has learnt most of it sooner than the model in its latents."
        )
    try:
        run = train_autoencoder(folder / PLACE, options, {**settings, **own})
    except SystemExit:
        note("the model comes after its autoencoder: to go on with both, give the same command with --resume.")
        raise
    left = dict(settings) | budget
    if "minutes" in budget:
        left["minutes"] = budget["minutes"] - run.minutes
        if left["minutes"] <= 0:
            raise SfumatoError(
                f"the autoencoder took {run.minutes:.3g} minutes, which leaves none of {budget['minutes']:.3g} for the "
                "model; the same command goes on with --resume and more --minutes."
            )
    left.pop("data.size", None)
    return {name: value for name, value in left.items() if not name.startswith("reconstruction.")}


def own_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `settings` that are an autoencoder's too."""
    return {
        name: value
        for name, value in settings.items()
        if name in ALONE or (name.startswith(TAKEN) and name not in NOT_TAKEN)
    }


def finish_autoencoder(folder: Path, data: str | None) -> None:
    """Say what to do next with the autoencoder in `folder`."""
    console.print("Next:")
    data = data or training_config(folder).data.source
    for line in (next_command("train", [data], autoencoder=folder), next_command("info", [folder])):
        console.print(f"  {line}", soft_wrap=True)
