"""What `train --resume` makes of each option of `train`: it goes on as it began, and what else was asked is noted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sfumato.cli.display import note
from sfumato.hub import ModelConfig
from sfumato.hub.config import read_config
from sfumato.nets import name_of
from sfumato.runs import Run
from sfumato.training import TrainingConfig

OBEYED = {
    "accumulate", "compile", "data", "images", "keep", "minutes", "name", "out", "resume", "shard", "stream", "track",
    "weights_only",
}  # fmt: skip

# The others: what the run has of each, as it would be typed; "" for nothing.
OWN: dict[str, Callable[[TrainingConfig, ModelConfig], object]] = {
    "size": lambda config, model: "x".join(map(str, model.seen[1][-2:])),
    "flip": lambda config, model: config.data.flip,
    "crop": lambda config, model: config.data.crop,
    "frames": lambda config, model: config.data.frames or "",
    "fps": lambda config, model: config.data.fps or "",
    "cut_scenes": lambda config, model: config.data.cut_scenes,
    "number": lambda config, model: ",".join(config.data.columns.numbers),
    "vector": lambda config, model: ",".join(config.data.columns.vectors),
    "control": lambda config, model: ",".join(one.name for one in model.conditions if one.kind == "image"),
    "source": lambda config, model: config.origin.path if config.origin else "",
    "lora": lambda config, model: config.lora or "",
    "net": lambda config, model: _size_of(model),
    "text_encoder": lambda config, model: _encoder(model),
    "batch": lambda config, model: config.batch,
    "optimizer": lambda config, model: config.optimizer.name,
    "learning_rate": lambda config, model: config.optimizer.learning_rate,
    "held_out": lambda config, model: config.data.held_out,
    "seed": lambda config, model: config.seed,
    "latent": lambda config, model: model.codec is not None,
    "autoencoder": lambda config, model: "",
    "only": lambda config, model: "",
    "factor": lambda config, model: model.codec.net.factor if model.codec else "",
    "channels": lambda config, model: model.codec.net.latent if model.codec else "",
    "recipe": lambda config, model: "",
    "settings": lambda config, model: "",
    "precision": lambda config, model: config.machine.precision,
    "instance_prompt": lambda config, model: config.data.instance_prompt,
    "class_prompt": lambda config, model: config.data.class_prompt,
    "gradient_checkpointing": lambda config, model: config.machine.gradient_checkpointing,
}

OPTIONS = {"source": "from", "settings": "set"}  # whose parameters are called otherwise


def note_left_out(given: Mapping[str, object], run: Run) -> None:
    """Say which of the options that were `given` the run goes on without, since it began otherwise."""
    config, model = run.config, read_config(run.folder / "config.json")
    for name, value in given.items():
        own = OWN[name](config, model)
        if value is None or value is False or value in ("", []) or _alike(name, value, own):
            continue
        option = f"--{OPTIONS.get(name, name.replace('_', '-'))}"
        if value is True:
            note(f"{option} is left out: the run goes on as it began, without.")
            continue
        less = "; --accumulate 4 takes less memory" if name == "batch" else ""
        words = f"with {own:g}" if isinstance(own, int | float) else f"with {own}" if own else "without"
        typed = f"{value:g}" if isinstance(value, float) else " ".join(value) if isinstance(value, list) else value
        note(f"{option} {typed} is left out: the run goes on as it began, {words}{less}.")


def _alike(name: str, value: object, own: object) -> bool:
    if name in ("number", "vector", "control"):
        return {*_names(str(value))} == {*_names(str(own))}
    if name == "source":  # of a run, the checkpoint that it was
        return str(own) == str(value) or str(own).startswith(f"{str(value).rstrip('/')}/")
    if name == "size":
        height, _, width = str(value).partition("x")
        return f"{height}x{width or height}" == own
    return value == own


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


def _size_of(model: ModelConfig) -> str:
    """What --net is called that builds such a network; where none is, what kind it is of."""
    return name_of(model.net, model.shape) or f"its own {model.net.kind}"


def _encoder(model: ModelConfig) -> str:
    return "" if model.net.text is None else model.net.text.encoder
