"""Snapshots of the averages in a run folder, and the averages of other widths that are made from them.

runs/<name>/averages/step-*.safetensors   both averages in float16, a few times a run
runs/<name>/averages/width-0.08/          one that was reconstructed, in the form of a checkpoint
runs/<name>/averages/width-0.1-start-0.5/ one with the weights that a fine-tuned model started from
"""

from __future__ import annotations

import json
import struct
from contextlib import suppress
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.files import replace_file
from sfumato.hub.checkpoints import NAMES, Checkpoint, newest_checkpoint, write_folder
from sfumato.nets.renames import renamed
from sfumato.strict import parse
from sfumato.training.config import TrainingConfig
from sfumato.training.ema import Profile, gamma_of, pack, reconstruct, unpack, width_of
from sfumato.training.finetuning import read_start
from sfumato.training.lora import plain_weights
from sfumato.training.run_loop import RunLoop
from sfumato.training.sharding import gathered

# Snapshots a run, and of one for so few minutes. A profile of width 0.08 is then met to 1% in the mean square, in 32
# bytes a parameter, and to 3% in 16.
SNAPSHOTS, SNAPSHOTS_OF_SHORT, SHORT = 8, 4, 20.0
Stored = list[tuple[Profile, dict[str, Tensor]]]


def snapshots_of(config: TrainingConfig) -> int:
    """How many snapshots a run writes, at equal shares of its budget."""
    return SNAPSHOTS_OF_SHORT if config.minutes is not None and config.minutes <= SHORT else SNAPSHOTS


def store_averages(folder: Path, trainer: RunLoop) -> Path:
    """Write a snapshot of the averages into the run `folder`, whole or not at all; of several processes, the main one.

    Of a sharded run, all processes call this.
    """
    main = trainer.processes.main
    with trainer.processes.collective():
        averages = [gathered(plain_weights(net), main) for net in trainer.averaged[: len(trainer.profiles)]]
    half = [{k: v.detach().half() if v.is_floating_point() else v for k, v in weights.items()} for weights in averages]
    profiles = [[profile.time, profile.gamma] for profile in trainer.profiles]
    about = json.dumps({"names": NAMES, "profiles": profiles})  # one text: several come in any order, as other bytes
    path = folder / "averages" / f"step-{trainer.step:08d}.safetensors"
    tensors = {name: value.contiguous() for name, value in pack(half).items()}
    if main:
        replace_file(path, safetensors.torch.save(tensors, {"about": about}))
    return path


def cut_averages(folder: Path, step: int) -> None:
    """Drop the snapshots of steps that were not saved, and what a killed process left half written."""
    for path in (folder / "averages").glob(".step-*.part"):
        path.unlink()
    for path in (folder / "averages").glob("step-*.safetensors"):
        if int(path.stem.split("-")[1]) > step:
            path.unlink()


def _read_snapshot(path: Path) -> Stored:
    """The averages in a snapshot, or none where the file is damaged: the others will do."""
    with suppress(OSError, SafetensorError, ValueError, KeyError, struct.error):
        data = path.read_bytes()
        length = struct.unpack("<Q", data[:8])[0]
        found = parse(data[8 : 8 + length])["__metadata__"]
        about = parse(found["about"]) if "about" in found else {"profiles": parse(found["profiles"])}
        profiles = [Profile(*pair) for pair in about["profiles"]]
        tensors = safetensors.torch.load(data)
        current = tensors if about.get("names") == NAMES else renamed(tensors)
        stored = list(zip(profiles, unpack(current), strict=True))
        return [pair for pair in stored if all(bool(torch.isfinite(v).all()) for v in pair[1].values())]
    return []


def write_average(run: Path, config: TrainingConfig, width: float, start: float = 0.0) -> tuple[Path, float]:
    """Reconstruct the average of `width` at the newest checkpoint of `run`; writes RUN/averages/width-WIDTH.

    The weights that a fine-tuned model started from are the share `start` of it, which keeps more of what it could
    before (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"). Returns the folder and the relative error
    of the average's profile, 0 for a width that is stored. The checkpoint's own averages are exact and count beside the
    snapshots. Raises SfumatoError where the run holds no checkpoint.
    """
    gamma_of(width)
    if not 0 <= start < 1:
        raise SfumatoError(f"the share of the weights of before lies from 0 to below 1, got {start:g}; 0.5 is usual.")
    if start and config.origin is None:
        raise SfumatoError(f"{run} began from no other model, whose weights could be a share; leave `start` out.")
    names = ("ema.safetensors", "averages.safetensors")
    if not config.optimizer.widths:
        raise SfumatoError(
            f"{run} keeps an exponential average of its weights alone, of which there are no other widths; with the "
            "setting optimizer.ema_beside a run keeps both kinds."
        )
    checkpoint, _ = newest_checkpoint(run / "checkpoints", names)
    if checkpoint is None:
        raise SfumatoError(f"{run} holds no checkpoint with averages; train it first, or name another run.")
    stored = _checkpoint_averages(checkpoint, config)
    now = stored[0][0].time
    for path in sorted((run / "averages").glob("step-*.safetensors")):
        stored += [pair for pair in _read_snapshot(path) if pair[0].time < now]
    tensors, error = reconstruct(stored, Profile(now, gamma_of(width)))
    target = run / "averages" / (f"width-{width:g}" + (f"-start-{start:g}" if start else ""))
    if start:
        before = read_start(run)
        tensors = {
            name: torch.lerp(value, before[name].float(), start) if value.is_floating_point() else value
            for name, value in tensors.items()
        }
    state = {name: value for name, value in checkpoint.state.items() if name != "files"}
    of = {name: checkpoint.state["files"][name] for name in names}
    write_folder(target, {"ema.safetensors": tensors}, {**state, "width": width, "profile_error": error, "of": of})
    return target, error


def _checkpoint_averages(checkpoint: Checkpoint, config: TrainingConfig) -> Stored:
    tensors = [*unpack(checkpoint.read("averages.safetensors")), checkpoint.read("ema.safetensors")]
    tensors = tensors[: len(config.optimizer.widths)]
    time = checkpoint.state["step"] - checkpoint.state["skipped"]
    return list(zip([Profile(time, gamma_of(width)) for width in config.optimizer.widths], tensors, strict=True))


def stored_widths(config: TrainingConfig) -> str:
    """The widths that a run keeps, in words."""
    return " and ".join(f"{width_of(gamma_of(width)):.2g}" for width in config.optimizer.widths)
