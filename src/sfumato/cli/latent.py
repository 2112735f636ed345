"""`sfumato train --latent` and `--only autoencoder`: what their options can't be, and the autoencoder's training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sfumato.autoencoder_runs import AutoencoderRun
from sfumato.cli.display import console, next_command
from sfumato.cli.running import show_training
from sfumato.errors import SfumatoError
from sfumato.hub.config import AUTOENCODER
from sfumato.runs import Run
from sfumato.training import training_config
from sfumato.training.autoencoder_plan import autoencoder_settings
from sfumato.training.settings import parse_settings

FOR_MODELS = (
    "lora", "recipe", "text_encoder", "shard", "control", "number", "vector", "crop", "optimizer",
    "learning_rate",
)  # fmt: skip


def check_latent(options: Mapping[str, Any]) -> None:
    """Raises SfumatoError where the options on latents contradict each other."""
    only, latent, reused = options["only"], options["latent"], options["autoencoder"]
    if only not in (None, AUTOENCODER):
        raise SfumatoError(f"--only takes the part that is to be trained alone, {AUTOENCODER}, not '{only}'.")
    if sum(map(bool, (only, latent, reused))) > 1:
        raise SfumatoError(
            "--latent trains an autoencoder and a model, --only autoencoder the first alone, and --autoencoder RUN "
            "uses one that is there; give one of them."
        )
    if not (only or latent) and (options["factor"] or options["channels"]):
        raise SfumatoError("--factor and --channels are those of an autoencoder; give --latent or --only autoencoder.")
    if (only or latent or reused) and str(options["data"] or "").startswith("points:"):
        raise SfumatoError(f"{options['data']} are points, which have no latents; leave the options on those out.")
    if only:
        settings = parse_settings(options["settings"] or ())
        useless = [option.replace("_", "-") for option in FOR_MODELS if options[option]]
        useless += [f"set {name}" for name in settings.keys() - autoencoder_settings(settings).keys()]
        if useless:
            raise SfumatoError(f"--{useless[0]} is for models, and --only autoencoder trains none; leave it out.")
    if latent and options["source"]:
        raise SfumatoError(
            f"a model that starts --from {options['source']} generates what that does, pixels or latents; leave "
            "--latent out, or --from, for a new model in latents."
        )


def train_autoencoder(folder: Path, options: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Train the autoencoder in `folder` to its end, from where it was saved if the options say --resume."""
    if (folder / "config.json").exists():
        if not options["resume"]:
            raise SfumatoError(f"{folder} already holds a run; go on with --resume, or give another --name.")
        run = AutoencoderRun.open(folder).resume(images=settings.get("images"), minutes=settings.get("minutes"))
    else:
        if options["data"] is None:
            raise SfumatoError(f"there is no run in {folder}; say what to train on, too.")
        net, factor, channels = (options[name] for name in ("net", "factor", "channels"))
        with console.status("measuring how fast this machine trains"):
            own = autoencoder_settings(settings)
            base = options["source"]
            run = AutoencoderRun.start(folder, options["data"], net or "auto", factor, channels, base, **own)
    show_autoencoder(run, options["track"])


def train_first(run: Run, options: Mapping[str, Any]) -> None:
    """Train the autoencoder of `run`, which comes before the model, where that isn't done."""
    if run.autoencoder is None or run.autoencoder.finished:
        return
    spelt = {"source": "from", "settings": "set"}
    out = None if run.folder.parent == Path("runs") else run.folder.parent
    given = {**options, "name": run.folder.name, "out": out, "resume": True}
    said = {spelt.get(name, name.replace("_", "-")): value for name, value in given.items() if value != ""}
    again = next_command("train", [said.pop("data")], **said)
    show_autoencoder(run.autoencoder, options["track"], again)


def show_autoencoder(run: AutoencoderRun, track: str, again: str | None = None) -> None:
    """Train it to its end with a live display, and say how good it is; `again` as in `show_training`."""
    show_training(run, run.train(track or None), again)
    quality = run.psnr()
    if quality is not None:
        console.print(f"Pictures that it never saw come back with {quality:.1f} dB (PSNR).")


def finish_autoencoder(folder: Path, data: str | None) -> None:
    """Say what to do next with the autoencoder in `folder`."""
    console.print("Next:")
    kept = training_config(folder).data
    asked = {"frames": kept.frames, "fps": kept.fps, "cut_scenes": kept.cut_scenes or None}
    clips = {name: value for name, value in asked.items() if value is not None}
    again = next_command("train", [data or kept.source], autoencoder=folder, **clips)
    for line in (again, next_command("info", [folder])):
        console.print(f"  {line}", soft_wrap=True)
