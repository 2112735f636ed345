"""Files that are made from others name them, and are made anew where those changed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from sfumato.data import open_dataset
from sfumato.errors import SfumatoError
from sfumato.training import TrainingConfig, data_gaussian, model_for, resume_run, start_run, training_config
from tiny import Command

CPU = torch.device("cpu")


def test_the_gaussian_of_the_data_is_of_those_that_the_run_names(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    config, run = TrainingConfig(str(pictures), images=16, batch=16), tmp_path / "run"
    dataset = open_dataset(str(pictures))
    start_run(run, dataset, config, model_for(dataset, "nano"), CPU)
    first = data_gaussian(run)
    pictures.rename(tmp_path / "away")
    torch.testing.assert_close(data_gaussian(run).mean, first.mean, rtol=0, atol=0)  # kept: it needs no data

    (tmp_path / "away").rename(pictures)
    Image.new("RGB", (16, 16), (1, 250, 3)).save(pictures / "red" / "0.png")
    (run / "gaussian.safetensors").unlink()
    with pytest.raises(SfumatoError, match=r"no longer holds what .* was trained on .*restore the data"):
        data_gaussian(run)
    assert not (run / "gaussian.safetensors").exists()

    resume_run(run, open_dataset(str(pictures)), training_config(run), CPU)
    second = data_gaussian(run)
    assert not torch.equal(second.mean, first.mean)
    path, now = run / "config.json", training_config(run).data.fingerprint
    path.write_text(path.read_text().replace(now, "0" * 64))
    with pytest.raises(SfumatoError, match="no longer holds"):  # what is kept is of others than the run names
        data_gaussian(run)


def test_a_folder_of_data_with_a_config_of_something_else_is_no_run(sfumato: Command, pictures: Path) -> None:
    (pictures / "config.json").write_text('{"sampler": "other"}')
    told = sfumato("info", pictures)
    assert told.returncode == 0 and "blue, red" in told.stdout
    refused = sfumato("watch", pictures)
    assert refused.returncode == 2 and "is no run" in refused.stderr


def test_data_that_moved_are_asked_for_by_a_command_that_works(
    sfumato: Command, pictures: Path, tmp_path: Path
) -> None:
    quick = ("--batch", 16, "--net", "nano", "--precision", "fp32", "--compile", "no")
    assert sfumato("train", pictures, "--images", 16, "--name", "my run", *quick).returncode == 0
    pictures.rename(tmp_path / "moved")
    lost = sfumato("train", "--resume", "--name", "my run", "--images", 32)
    assert lost.returncode == 2 and "is no folder or file here any more" in lost.stderr
    assert "train PLACE --resume --name 'my run'" in lost.stderr
    (tmp_path / "moved" / "blue").rename(tmp_path / "moved" / "green")
    other = sfumato("train", tmp_path / "moved", "--resume", "--name", "my run", "--images", 32)
    assert other.returncode == 2 and "classes are others (new are green and gone are blue)" in other.stderr
    (tmp_path / "moved" / "green").rename(tmp_path / "moved" / "blue")
    gone_on = sfumato("train", tmp_path / "moved", "--resume", "--name", "my run", "--images", 32)
    assert gone_on.returncode == 0 and "Going on from step 1" in gone_on.stdout, gone_on.stderr
    assert "sha256" not in gone_on.stdout  # the same pictures
