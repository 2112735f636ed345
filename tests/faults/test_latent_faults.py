"""A run in latents that is killed again and again: as its autoencoder trains, as it encodes, as its model trains."""

from __future__ import annotations

import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from forking import FORKS
from sfumato.data.latents import Encoding, open_latents
from sfumato.hub import ModelConfig
from sfumato.hub.checkpoints import newest_checkpoint
from sfumato.hub.config import CodecConfig
from sfumato.hub.loading import load_codec
from sfumato.nets import UNetConfig
from sfumato.nets.autoencoder import autoencoder_config
from sfumato.training import Saved, TrainingConfig, resume_run, start_run, train
from sfumato.training.autoencoder_run import resume_autoencoder, start_autoencoder
from sfumato.training.state import FILES
from tiny import blobs

CPU = torch.device("cpu")
CODEC = CodecConfig((1, 8, 8), autoencoder_config("nano", 1, 2, 2))
CONFIG = TrainingConfig(
    "blobs", images=16 * 12, batch=16, previews=0, save_minutes=1e-9, perceptual=0.0, critic_from=0.5, held_out=0.0
)
NET = UNetConfig(2, classes=3, widths=(16, 16))


def go_on(folder: Path, told: Connection) -> None:
    """Start the run, or go on with it, and tell of each step of either part that was saved."""
    torch.set_num_threads(1)  # as here: sums in another order would differ in the last bit
    eyes = folder / "autoencoder"
    if (eyes / "config.json").exists():
        first, _ = resume_autoencoder(eyes, blobs(), CONFIG, CPU)
    else:
        first = start_autoencoder(eyes, blobs(), CONFIG, CODEC, CPU)
    if first.fraction < 1:
        for event in train(eyes, first):
            if isinstance(event, Saved):
                told.send(event.step)
    codec = load_codec(eyes)
    encoding = Encoding(codec.encode, codec.config.shape, codec.config.weights)
    latents = open_latents(blobs(), encoding, cache=folder / "cache")
    if (folder / "config.json").exists():
        trainer, _ = resume_run(folder, latents, CONFIG, CPU)
    else:
        model = ModelConfig(codec.config.shape, NET, latents.classes, kind="latents", codec=codec.config, data_std=1.0)
        trainer = start_run(folder, latents, CONFIG, model, CPU, codec=codec)
    for event in train(folder, trainer):
        if isinstance(event, Saved):
            told.send(100 + event.step)


def killed(folder: Path, after: int | None) -> None:
    """A process that goes on with the run, and is killed after it has told of a step."""
    ours, theirs = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=go_on, args=(folder, theirs))
    process.start()
    theirs.close()
    with ours, suppress(EOFError):
        while after is None or ours.recv() < after:
            if after is None:
                ours.recv()
        process.kill()
    process.join()
    assert process.exitcode == (0 if after is None else -signal.SIGKILL)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found = {}
    for place in (folder / "autoencoder", folder):
        checkpoint, _ = newest_checkpoint(place / "checkpoints", FILES)
        assert checkpoint is not None
        found |= {f"{place == folder}/{name}/{k}": v for name in FILES for k, v in checkpoint.read(name).items()}
    return found


def test_a_run_in_latents_that_is_killed_ten_times_ends_with_the_same_bits(tmp_path: Path) -> None:
    killed(tmp_path / "whole", None)
    for after in (1, 3, 5, 7, 9, 12, 101, 103, 106, 111, None):
        killed(tmp_path / "halves", after)
    both = [weights(tmp_path / name) for name in ("whole", "halves")]
    assert both[0].keys() == both[1].keys()
    assert all(torch.equal(value, both[1][name]) for name, value in both[0].items())
    codecs = [(tmp_path / name / "codec.safetensors").read_bytes() for name in ("whole", "halves")]
    assert codecs[0] == codecs[1]
